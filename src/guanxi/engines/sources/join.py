"""The join: what a row lacks and another file of the same import says, found by an id that both hold."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.level import Level
from guanxi.engines.sources.plan import TablePlan, plan_table
from guanxi.engines.sources.preset import Join, Preset, Value, preset
from guanxi.engines.sources.readers import Opened, RawChunk, expand
from guanxi.engines.sources.recognise import fit, format_of, look, matching_sheets, reader_for
from guanxi.events import Catalogue

KEY = "join"


def joined_rows(
    join: Join, beside: Iterable[Path | Opened], *, settings: Mapping[str, str], catalogue: Catalogue | None = None
) -> pl.DataFrame:
    """Return what the companion files say: columns `join` (the id) and `join.NAME`; the last word on an id counts.

    beside    the other files of the import; only those that are recognised as `join.preset` are read
    settings  of which the companion takes its own
    """
    other = preset(join.preset)
    own = {name: value for name, value in settings.items() if name in other.settings}
    frames = [pl.DataFrame(schema=dict.fromkeys([KEY, *_names(join)], pl.String))]
    for path in beside:
        for source in [path] if isinstance(path, Opened) else expand(path):
            if _fits(source, other):
                frames += _read(source, other, join, other.given(own), catalogue)
    return pl.concat(frames).filter(pl.col(KEY).is_not_null()).unique(KEY, keep="last", maintain_order=True)


def add_joined(chunk: RawChunk, plan: TablePlan, found: pl.DataFrame) -> RawChunk:
    """Return the chunk with the columns `join.NAME`, empty where no companion file knows the id."""
    assert plan.preset.join is not None  # noqa: S101 - the caller looked
    keys = Level(chunk.root, plan.rules).value(Value(column=plan.preset.join.on), "id").values
    more = keys.alias(KEY).to_frame().join(found, on=KEY, how="left", maintain_order="left").drop(KEY)
    chunk.levels[""] = pl.concat([chunk.root.drop(more.columns, strict=False), more], how="horizontal")
    return chunk


def _fits(source: Opened, other: Preset) -> bool:
    try:
        return fit(look(source), other)[0] > 0
    except DataError:  # its own import says what is wrong with it
        return False


def _names(join: Join) -> list[str]:
    return [f"{KEY}.{name}" for name in join.take]


def _read(
    source: Opened, other: Preset, join: Join, given: Mapping[str, str], catalogue: Catalogue | None
) -> Iterator[pl.DataFrame]:
    table = other.tables[0]
    fixed: dict[str, str | None] = {**given, **dict.fromkeys(other.facts), "sheet": None, "sheet1": None}
    plan = plan_table(other, table, fixed=fixed, catalogue=catalogue)
    workbook = (table.format or format_of(source)) == "xlsx"
    for sheet in [name for name, _ in matching_sheets(source, other, table)] if workbook else [""]:
        for chunk in reader_for(source, plan, sheet).chunks(start=1, columns=None):
            level = Level(chunk.root, plan.rules)
            key = level.value(Value(column=join.to or join.on), "id").values.alias(KEY)
            cells = [level.value(Value(columns=names), "text").values for names in join.take.values()]
            yield pl.DataFrame([key, *(cell.alias(n) for cell, n in zip(cells, _names(join), strict=True))])
