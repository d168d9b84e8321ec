"""Raw rows: what a file says before any mapping, for people who compare it with what it becomes."""

from collections.abc import Iterator, Mapping
from typing import Any

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.named import named
from guanxi.engines.sources.plan import plan_table
from guanxi.engines.sources.preset import EventRow, Preset, Value
from guanxi.engines.sources.readers import ROW, Opened, without_context
from guanxi.engines.sources.readers.json import DECODER
from guanxi.engines.sources.recognise import reader_for
from guanxi.engines.sources.source import tables_of
from guanxi.events import Catalogue


def raw_rows(
    source: Opened, preset: Preset, *, settings: Mapping[str, str], rows: int, catalogue: Catalogue
) -> dict[int, dict[str, Any]]:
    """Return row number -> column -> cell of the first rows of a file's first table that the preset reads.

    Messages of an SDK, one a line, have no columns: they give nothing.
    """
    given = preset.given(settings)
    preset = named(preset, given)
    if preset.wire:
        return {}
    for table, sheet, more in tables_of(source, preset):
        plan = plan_table(preset, table, fixed={**dict.fromkeys(preset.facts), **given, **more}, catalogue=catalogue)
        found: dict[int, dict[str, Any]] = {}
        for chunk in reader_for(source, plan, sheet).chunks(start=1, columns=None):
            for number in chunk.root[ROW].head(rows - len(found)).to_list():
                found[number] = cells_of(chunk.raw_row(number))
            if len(found) >= rows:
                break
        return found
    return {}


def cells_of(raw: str) -> dict[str, Any]:
    """Return column -> cell of a raw row as `Parked.raw` holds it; one that has no columns gives {"": text}."""
    try:
        row, _ = without_context(DECODER.decode(raw))
    except (DataError, ValueError):
        return {"": raw}
    return row if isinstance(row, dict) else {"": str(row)}


def personal_columns(preset: Preset, catalogue: Catalogue) -> frozenset[str]:
    """Return the columns, as cleaned headers, that a mapping drops or reads into personal values."""
    found = {name for table in preset.tables for name in table.drop}
    for row in preset.events:
        found |= set(_personal(row, catalogue))
    return frozenset(map(clean_header, found))


def _personal(row: EventRow, catalogue: Catalogue) -> Iterator[str]:
    kind = catalogue.find(row.kind)
    for name, value in row.properties.items():
        declared = kind.properties.get(name) if kind else None
        if declared is not None and declared.personal:
            yield from _columns(value)
    for role in ("phone", "address", "card"):
        if role in row.roles:
            yield from _columns(row.roles[role])


def _columns(value: str | Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return (value.column, *value.columns, *value.sum, *value.minus, *value.product)
