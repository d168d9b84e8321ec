"""Split rows: cells that hold several things of one row become a nested level, when their counts agree."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.origin import SPLIT
from guanxi.engines.sources.plan import TablePlan
from guanxi.engines.sources.preset import Split
from guanxi.engines.sources.readers import PLACE, ROW, RawChunk


def split_rows(chunk: RawChunk, plan: TablePlan) -> RawChunk:
    """Return the chunk with the level `split[]`: one element per part of each row.

    A row whose `columns` do not hold the same number of parts stays one element, with its cells as they are.
    In a row of several parts, a column that is not split belongs to the row: it is read with `^.`, bare it is empty.
    """
    split, needs = plan.table.split, plan.needs.get(SPLIT)
    if split is None or needs is None:
        return chunk
    root = chunk.root
    known = [name for name in needs if name.removeprefix("^.") in root.columns]
    whole = root.select(
        pl.col(ROW), pl.lit(1, pl.Int64).alias(PLACE), *(pl.col(name.removeprefix("^.")).alias(name) for name in known)
    )
    several = _several(root, split)
    if several.any():
        rows = [part for row in root.filter(several).iter_rows(named=True) for part in _parts(row, known, split)]
        whole = pl.concat([whole.filter(~several), pl.DataFrame(rows, schema=whole.schema)]).sort(ROW, PLACE)
    chunk.levels[SPLIT] = whole
    return chunk


def _several(root: pl.DataFrame, split: Split) -> pl.Series:
    """Return the rows that hold the same number of parts, above one, in every column that must agree."""
    names = [clean_header(name) for name in split.columns if clean_header(name) in root.columns]
    if len(names) < len(split.columns):
        return pl.repeat(False, root.height, eager=True)
    counts = [pl.col(name).str.strip_chars().str.count_matches(split.by, literal=True) for name in names]
    agree = pl.all_horizontal(counts[0] > 0, *(count == counts[0] for count in counts[1:]))
    return root.select(agree.fill_null(False).alias("agree")).to_series()


def _parts(row: Mapping[str, Any], known: list[str], split: Split) -> list[dict[str, Any]]:
    cut = {name: row[name].strip().split(split.by) for name in map(clean_header, split.columns)}
    count = len(next(iter(cut.values())))
    for name in map(clean_header, split.also):
        text = row.get(name)
        parts = text.strip().split(split.by) if isinstance(text, str) else []
        if len(parts) == count:
            cut[name] = parts

    def cell(name: str, place: int) -> Any:
        if name.startswith("^."):
            return row[name[2:]]
        return cut[name][place] if name in cut else None

    return [{ROW: row[ROW], PLACE: place + 1, **{name: cell(name, place) for name in known}} for place in range(count)]
