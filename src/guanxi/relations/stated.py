"""Stated ties: what Relation Stated events say, and which of it is in force at a moment."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from guanxi.events import PROPERTY, ROLE
from guanxi.parties import MASKED

RELATION_STATED: Final = "Relation Stated"
STATED_COLUMNS: Final[dict[str, pl.DataType]] = {
    "source": pl.String(),
    "target": pl.String(),
    "kind": pl.String(),  # as stated; "relation" when not
    "weight": pl.Float64(),  # signed
    "confidence": pl.Float64(),
    "valid_from": pl.Int64(),  # ms; the event's time when not stated
    "valid_until": pl.Int64(),  # ms, the first moment out of force; null = no end
    "at": pl.Int64(),
    "seq": pl.Int64(),
    "high": pl.UInt64(),
    "low": pl.UInt64(),
}


def read_stated(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return what frames of Relation Stated events say: STATED_COLUMNS, oldest first.

    A statement by or about a masked value is left out: it may speak of several parties.
    """
    parts = [_read(frame) for frame in frames]
    return pl.concat(parts).sort("at", "seq") if parts else pl.DataFrame(schema=STATED_COLUMNS)


def in_force(stated: pl.DataFrame, at_ms: int) -> pl.DataFrame:
    """Return the statement that holds at a moment for each pair and kind: the newest that has begun, unless it ended.

    So a later statement replaces an earlier one; weight 0, or an end that has come, takes the tie away.
    """
    begun = stated.filter(pl.col("valid_from") <= at_ms, pl.col("at") < at_ms).sort("at", "seq")
    newest = begun.unique(["source", "target", "kind"], keep="last", maintain_order=True)
    return newest.filter(pl.col("valid_until").is_null() | (pl.col("valid_until") > at_ms), pl.col("weight") != 0)


def _read(frame: pl.DataFrame) -> pl.DataFrame:
    def read(name: str, dtype: type[pl.DataType], default: pl.Expr) -> pl.Expr:
        column = PROPERTY + name
        return pl.col(column).cast(dtype).fill_null(default) if column in frame.columns else default

    sign = pl.when(read("sign", pl.Int64, pl.lit(1)) < 0).then(-1.0).otherwise(1.0)
    found = frame.select(
        pl.col(ROLE + "actor").alias("source"),
        pl.col(ROLE + "object").alias("target"),
        read("kind", pl.String, pl.lit("relation")).alias("kind"),
        (read("weight", pl.Float64, pl.lit(1.0)) * sign).alias("weight"),
        read("confidence", pl.Float64, pl.lit(1.0)).alias("confidence"),
        read("valid_from", pl.Int64, pl.col("at_ms")).alias("valid_from"),
        read("valid_until", pl.Int64, pl.lit(None, pl.Int64)).alias("valid_until"),
        pl.col("at_ms").alias("at"),
        "seq",
        pl.col("id_hi").alias("high"),
        pl.col("id_lo").alias("low"),
    )
    masked = pl.col("source", "target").str.contains(f"^[^:]*:[^:]*{MASKED}:")
    return (
        found.drop_nulls(["source", "target"])
        .filter(pl.col("source") != pl.col("target"), ~pl.any_horizontal(masked))
        .select(pl.col(name).cast(dtype) for name, dtype in STATED_COLUMNS.items())
    )
