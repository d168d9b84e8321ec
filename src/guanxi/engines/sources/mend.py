"""Mending: parked rows are changed column by column and mapped again."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.mapping import Mapped, Mapper
from guanxi.engines.sources.messages import Messages
from guanxi.engines.sources.named import named
from guanxi.engines.sources.origin import from_row
from guanxi.engines.sources.plan import TablePlan, plan_table
from guanxi.engines.sources.preset import Preset, Table
from guanxi.engines.sources.readers import ROW, RawChunk, with_context, without_context
from guanxi.engines.sources.readers.json import DECODER
from guanxi.engines.sources.readers.objects import cell_text, object_chunk, stack_from, steps
from guanxi.engines.sources.split import split_rows
from guanxi.events import Catalogue, Parked, shipped

Given = tuple[tuple[str, str], ...]


def map_rows(
    raws: Sequence[tuple[int, str]], preset: Preset, *, settings: Mapping[str, str] | None = None,
    latest_ms: int = 4_102_444_800_000, catalogue: Catalogue | None = None,
) -> Mapped:  # fmt: skip
    """Map raw rows again, after they were mended.

    raws      (row number, JSON text as Parked.raw holds it); the numbers are distinct. Each row remembers its table,
              and the settings and facts it was read with
    settings  values of `--set` that go before the remembered ones
    """
    parts: dict[tuple[str, Given], list[tuple[int, Any]]] = {}
    whole = Mapped(0, 0, [], [], {}, {})
    for number, raw in sorted(raws):
        row, context = without_context(msgspec.json.decode(raw) if preset.wire else _decoded(raw))
        if preset.wire or isinstance(row, dict):
            given = tuple(sorted({**context.get("given", {}), **(settings or {})}.items()))
            parts.setdefault((context.get("table", ""), given), []).append((number, row))
        else:
            whole.rows += 1
            whole.parked.append(Parked(
                source=f"import:{preset.id}", row=number, reason="malformed", what="the row has no columns", raw=raw,
                mend="Mend the file and import it again, then drop this row with `guanxi parked drop`",
            ))  # fmt: skip
    for (table, given), rows in parts.items():
        _add(whole, _mapped(rows, preset, table, dict(given), latest_ms, catalogue))
    whole.parked.sort(key=lambda one: one.row)
    return whole


def mended(raw: str, fixes: Mapping[str, str], preset: Preset) -> str:
    """Return a raw row with other values in some of its columns.

    fixes   column -> text; a dotted path goes into JSON (`lines[].price` into every element, `lines.0.price` into
            one), `$name` is a setting or a fact that the row was read with
    raises  DataError when the row has no such column; the message lists those it has
    """
    row, context = without_context(_decoded(raw))
    if not isinstance(row, dict):
        raise _no_columns()
    table = _table(preset, context.get("table", ""))
    names = _columns(preset, table, row)
    cells: dict[str, str] = {}
    for name, value in fixes.items():
        key = name.removeprefix("$")
        if name.startswith("$") and key in (*preset.settings, *preset.facts, "sheet", "sheet1"):
            context = {**context, "given": {**context.get("given", {}), key: value}}
        elif clean_header(name) in row or (not _has_objects(preset, table, row) and clean_header(name) in names):
            cells[clean_header(name)] = value
        else:
            row = with_fixes(row, {name: value}, names)
    return with_context(msgspec.json.encode({**row, **cells}).decode(), context)


def with_fixes(row: Any, fixes: Mapping[str, str], names: Iterable[str] = ()) -> Any:
    """Return a JSON object with other values at some paths; a number stays a number when the text is one.

    names   paths that may be set although the object lacks them
    raises  DataError when a path leads nowhere; the message lists what is there
    """
    if not isinstance(row, dict):
        raise _no_columns()
    known = frozenset(names)
    for name, value in fixes.items():
        path = ("^", "0", *steps(name.removeprefix("^.").removeprefix("^"))) if name.startswith("^") else steps(name)
        if not path or not _set(row, path, value, create=_INDEX.sub("[]", name) in known):
            shown = ", ".join(sorted({*_paths(row), *known})[:40]) or "none"
            raise DataError(f"the row has no column {name!r}", f"Use one of: {shown}", name)
    return row


def is_damaged(row: Parked) -> bool:
    """Tell whether a raw row is still not what its file said: broken bytes, cut cells, cells beyond the header."""
    if row.reason == "malformed":
        cells, _ = without_context(_decoded(row.raw))
        return isinstance(cells, dict) and any(name[:1] == "#" and cell for name, cell in cells.items())
    return (row.reason == "encoding" and "\ufffd" in row.raw) or _CUT.search(row.raw) is not None


_CUT: Final = re.compile(r"… \([\d,]{7,} characters\)\"")  # as readers.base.raw_json writes it
_INDEX: Final = re.compile(r"\.\d+(?=\.|\Z)")


def _mapped(
    rows: Sequence[tuple[int, Any]], preset: Preset, table: str, given: Mapping[str, str], latest_ms: int,
    catalogue: Catalogue | None,
) -> Mapped:  # fmt: skip
    settings = preset.given({name: value for name, value in given.items() if name in preset.settings})
    preset = named(preset, settings)
    if preset.wire:
        return Messages(preset, catalogue or shipped(), latest_ms).map(rows)
    chosen = _table(preset, table)
    fixed = {**settings, **{name: given.get(name) for name in (*preset.facts, "sheet", "sheet1")}}
    plan = plan_table(preset, chosen, fixed=fixed, catalogue=catalogue)
    if (len(plan.needs) > 1 and chosen.split is None) or any(_has_objects(preset, chosen, row) for _, row in rows):
        chunk = object_chunk([(number, stack_from(row)) for number, row in rows], plan.needs, 0)
    else:
        chunk = _flat(rows, plan)
    return Mapper(plan, latest_ms, f"import:{preset.id}").map(chunk)


def _flat(rows: Sequence[tuple[int, Any]], plan: TablePlan) -> RawChunk:
    names = list(dict.fromkeys(name for _, cells in rows for name in cells))
    data: dict[str, list[Any]] = {name: [cell_text(cells.get(name)) for _, cells in rows] for name in names}
    frame = pl.DataFrame(data, schema=dict.fromkeys(names, pl.String))
    numbers = pl.Series(ROW, [number for number, _ in rows], pl.Int64)
    return split_rows(RawChunk({"": frame.with_columns(numbers)}, 0), plan)


def _has_objects(preset: Preset, table: Table, row: Mapping[str, Any]) -> bool:
    """Tell whether a row comes from JSON or XML, whose columns are paths."""
    if table.format in ("csv", "tsv", "xlsx", "parquet"):
        return False
    objects = table.format in ("json", "jsonl", "xml") or preset.match.json or preset.match.xml or table.rows
    return bool(objects) or any(isinstance(cell, dict | list) for cell in row.values())


def _columns(preset: Preset, table: Table, row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that the mapping reads: an empty cell leaves no trace in a raw row."""
    if preset.wire:
        return ()
    fixed: dict[str, str | None] = dict.fromkeys((*preset.settings, *preset.facts, "sheet", "sheet1"))
    plan = plan_table(preset, table, fixed=fixed)
    return tuple(from_row(name, level) for level, names in plan.needs.items() for name in names)


def _table(preset: Preset, name: str) -> Table:
    return next((one for one in preset.tables if one.id == name), preset.tables[0])


def _no_columns() -> DataError:
    return DataError(
        "this row has no columns to fix", "Mend it at its source and send it again, then `guanxi parked drop` this row"
    )


def _decoded(raw: str) -> Any:
    try:
        return DECODER.decode(raw)
    except msgspec.DecodeError as error:
        raise DataError(f"a parked row is not JSON: {error}", "Keep the form of the raw row") from error


def _add(whole: Mapped, part: Mapped) -> None:
    whole.rows += part.rows
    whole.accepted += part.accepted
    whole.batches += part.batches
    whole.parked += part.parked
    for counts, more in ((whole.skipped, part.skipped), (whole.notes, part.notes)):
        for name, count in more.items():
            counts[name] = counts.get(name, 0) + count


def _set(here: Any, path: Sequence[str], value: str, *, create: bool) -> bool:
    """Put a value where a path leads; False when it leads nowhere."""
    step, rest = path[0], path[1:]
    if step == "[]":
        elements = here if isinstance(here, list) else [here] if isinstance(here, dict) else []
        done = [_set(one, rest, value, create=create) for one in elements] if rest else []
        return bool(done) and all(done)
    if isinstance(here, list):
        if not (step.isascii() and step.isdigit() and int(step) < len(here)):
            return False
        key: Any = int(step)
    elif isinstance(here, dict):
        if step not in here:
            if not create:
                return False
            here[step] = {} if rest else None
        key = step
    else:
        return False
    if rest:
        return _set(here[key], rest, value, create=create)
    if isinstance(here[key], dict | list) and not create:
        return False
    here[key] = _typed(here[key], value)
    return True


def _typed(old: Any, value: str) -> Any:
    if isinstance(old, bool) or not isinstance(old, int | float):
        return value
    try:
        number = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
    return number if isinstance(number, int | float) and not isinstance(number, bool) else value


def _paths(value: Any, path: str = "") -> Iterable[str]:
    """Yield the paths of the plain values in an object, lists as `[]`."""
    if isinstance(value, dict):
        for name, cell in value.items():
            yield from _paths(cell, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for cell in value[:100]:
            yield from _paths(cell, f"{path}[]")
    else:
        yield path
