"""The tie: which earlier order a row undoes, when the file shows exactly one."""

import re

import polars as pl

from guanxi.engines.sources.convert import How, convert
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.level import Level
from guanxi.engines.sources.plan import TablePlan, tie_names
from guanxi.engines.sources.preset import Value
from guanxi.engines.sources.readers import ROW, Reader


def tied_rows(plan: TablePlan, reader: Reader) -> pl.DataFrame:
    """Read the columns of the tie and return, for every row that undoes another, its order or why there is none.

    returns  columns $row, tie.order, tie.reason (one of the two is null); rows that undo nothing are absent
    """
    tie = plan.preset.tie
    assert tie is not None  # noqa: S101 - the caller looked
    wanted = [clean_header(name) for name in dict.fromkeys(tie_names(plan.preset))]
    undone: list[pl.DataFrame] = []
    candidates: list[pl.DataFrame] = []
    for chunk in reader.chunks(start=1, columns=wanted):
        if not chunk.root.height:
            continue
        level = Level(chunk.root, plan.rules)
        frame = _columns(plan, level)
        undo, _ = level.holds(tie.undo)
        among, _ = level.holds(tie.among)
        if undo is None:
            undo = pl.Series([True] * len(level))
        undone.append(frame.filter(undo))
        candidates.append(frame.filter(~undo if among is None else among & ~undo))
    if not undone:
        return pl.DataFrame(schema={ROW: pl.Int64, "tie.order": pl.String, "tie.reason": pl.String})
    return _matched(plan, pl.concat(undone), pl.concat(candidates))


def _columns(plan: TablePlan, level: Level) -> pl.DataFrame:
    tie = plan.preset.tie
    assert tie is not None  # noqa: S101
    columns = [level.frame[ROW]]
    columns += [_match_text(level, name).alias(f"m{place}") for place, name in enumerate(tie.match)]
    columns.append(level.value(Value(column=tie.order), "id").values.alias("order"))
    if tie.at_least:
        columns.append(convert(level.cells(tie.at_least), How("number")).values.abs().alias("amount"))
    if tie.time:
        columns.append(level.value(Value(column=tie.time), "time").values.alias("time"))
    return pl.DataFrame(columns)


def _match_text(level: Level, name: str) -> pl.Series:
    """Return what is compared, as text: whole floats without their point; 0 is a value here, NaN is none."""
    cells = level.cells(name)
    if not cells.dtype.is_float():
        return level.value(Value(column=name, keep_zero=True), "id").values
    cells = cells.fill_nan(None)
    whole = cells.set((cells != cells.round()).fill_null(False), None).cast(pl.Int64, strict=False).cast(pl.String)
    return whole.zip_with(whole.is_not_null(), cells.cast(pl.String))


def _matched(plan: TablePlan, undone: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    tie = plan.preset.tie
    assert tie is not None  # noqa: S101
    match = [f"m{place}" for place in range(len(tie.match))]
    joined = undone.join(candidates.drop(ROW), on=match, how="inner", suffix=" bought")
    if tie.at_least:
        joined = joined.filter(pl.col("amount bought") >= pl.col("amount"))
    if tie.time:
        joined = joined.filter(pl.col("time bought") <= pl.col("time"))
    counted = joined.group_by(ROW).agg(
        pl.col("order bought").drop_nulls().n_unique().alias("n"),
        pl.col("order bought").drop_nulls().first().alias("one"),
    )
    found = undone.join(counted, on=ROW, how="left", maintain_order="left").with_columns(pl.col("n").fill_null(0))
    reason = pl.when(pl.col("n") == 0).then(pl.lit("no-candidate")).when(pl.col("n") > 1).then(pl.lit("several"))
    missing: pl.Expr = pl.lit(None, pl.String)
    for name, column in reversed(list(zip(tie.match, match, strict=True))):
        missing = pl.when(pl.col(column).is_null()).then(pl.lit(f"no-{_slug(name)}")).otherwise(missing)
    return found.select(
        ROW,
        pl.when(pl.col("n") == 1).then(pl.col("one")).alias("tie.order"),
        pl.coalesce(missing, reason.otherwise(pl.lit(None, pl.String))).alias("tie.reason"),
    )


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.strip().lower()).strip("-")
