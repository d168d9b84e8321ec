"""Groups: the rows that make one order, and one event of them."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import polars as pl

from guanxi.engines.sources.level import Level
from guanxi.engines.sources.plan import EventPlan
from guanxi.engines.sources.preset import Value
from guanxi.events import SEPARATOR

GROUP: Final = "$g"  # the number of the first row of the row's group


def group_text(level: Level, names: Sequence[str]) -> pl.Series:
    """Return what makes rows one group, as text; null when a part is missing."""
    parts = [level.value(Value(column=name), "id").values.alias(str(place)) for place, name in enumerate(names)]
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=SEPARATOR).alias("key")).to_series()


def grouped(
    plan: EventPlan, frame: pl.DataFrame, groups: pl.Series, found: list[pl.DataFrame], origins: Mapping[str, str]
) -> pl.DataFrame:
    """Return one event per group, its values joined over the rows by their `agg`.

    groups   the group of each row
    found    problems found on the way are added to it
    origins  field -> the columns it is read from
    """
    frame = frame.with_columns(groups.alias(GROUP))
    ways = {one.name: one.value.agg for one in plan.fields}
    aggregates: list[pl.Expr] = []
    for name in frame.columns:
        if name in ("row", GROUP):
            continue
        way = ways.get(name, "first")
        aggregates.append(_aggregate(name, way))
        if way == "same":
            differ = frame.group_by(GROUP).agg(pl.col(name).n_unique().alias("n")).filter(pl.col("n") > 1)
            texts = {
                "kind": plan.row.kind, "field": origins.get(name, name), "reason": "group",
                "what": "the rows of one group differ where they must agree", "mend": "Correct the differing rows",
            }  # fmt: skip
            found.append(differ.select(pl.col(GROUP).alias("row"), *(pl.lit(t).alias(n) for n, t in texts.items())))
    joined = frame.group_by(GROUP, maintain_order=True).agg(aggregates).rename({GROUP: "row"})
    lists = [name for name, way in ways.items() if way == "list"]
    return joined.with_columns(_json_lists(joined[name]) for name in lists)


def _aggregate(name: str, way: str) -> pl.Expr:
    cells = pl.col(name)
    if name == "repairs":
        notes = cells.drop_nulls().unique(maintain_order=True).str.join(",")
        return pl.when(notes != "").then(notes).alias(name)
    match way:
        case "last":
            return cells.drop_nulls().last()
        case "sum":
            return pl.when(cells.count() > 0).then(cells.sum()).alias(name)
        case "min":
            return cells.min()
        case "max":
            return cells.max()
        case "mean":
            return cells.mean()
        case "count":
            return cells.count().cast(pl.Int64)
        case "distinct":
            return cells.drop_nulls().n_unique().cast(pl.Int64)
        case "list":
            return cells.drop_nulls().unique(maintain_order=True)
        case "any":
            return cells.any()
        case "all":
            return cells.all()
    return cells.drop_nulls().first()


def _json_lists(lists: pl.Series) -> pl.Series:
    texts = [msgspec.json.encode(cells, enc_hook=str).decode() if cells else None for cells in lists.to_list()]
    return pl.Series(lists.name, texts, pl.String)
