"""The door: a file and a preset become chunks of events, resumable and the same however it is cut."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError, SettingError
from guanxi.engines.sources.grouping import group_text
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.join import add_joined, joined_rows
from guanxi.engines.sources.level import Level
from guanxi.engines.sources.mapping import Mapper, TotalGap
from guanxi.engines.sources.messages import Messages
from guanxi.engines.sources.named import named
from guanxi.engines.sources.plan import TablePlan, plan_table
from guanxi.engines.sources.preset import Preset, Table
from guanxi.engines.sources.readers import ROW, Opened, RawChunk, Reader, expand
from guanxi.engines.sources.recognise import format_of, matching_sheets, reader_for
from guanxi.engines.sources.split import split_rows
from guanxi.engines.sources.tie import tied_rows
from guanxi.events import Catalogue, EventBatch, Parked, shipped

MAX_HELD: Final = 4_000_000  # rows that wait for the rest of their group


@dataclass(slots=True)
class Chunk:
    """A part of a source, mapped.

    number     counts from 1 in this reading
    source     the file, and the member and the sheet when it has several
    cursor     give it to `open_source` to go on after this chunk
    first_row  number of the first row that was read for it
    rows       rows that were settled: accepted + parked + skipped
    accepted   rows that gave at least one event
    batches    events without ids, with `nk` (natural key as text, null = none) and `row`
    totals     stated totals beside the sums, on the last chunk of a table only
    """

    number: int
    source: str
    cursor: str
    first_row: int
    rows: int
    accepted: int
    batches: list[EventBatch]
    parked: list[Parked]
    skipped: dict[str, int]
    notes: dict[str, int]
    totals: list[TotalGap] = field(default_factory=list)


def open_source(
    path: Path | Opened, preset: Preset, *, settings: Mapping[str, str] | None = None, cursor: str = "",
    latest_ms: int = 4_102_444_800_000, catalogue: Catalogue | None = None, chunk_rows: int | None = None,
    beside: Sequence[Path | Opened] = (),
) -> Iterator[Chunk]:  # fmt: skip
    """Yield the chunks of a file (or of one member of a zip) as events.

    settings    values of `--set`
    cursor      where an earlier reading stopped: Chunk.cursor; "" = the beginning
    latest_ms   events after it are parked as lying in the future
    chunk_rows  instead of the preset's
    beside      the other files of the same import, where a preset with a join looks
    raises      SettingError for the preset, DataError when the file is not what the preset reads or is damaged;
                the message then says how many rows were read well
    """
    given = preset.given(settings or {})
    preset = named(preset, given)
    sources = [path] if isinstance(path, Opened) else expand(path)
    at_source, at_table, at_row = _cursor(cursor)
    if preset.wire:
        reading = Messages(preset, catalogue or shipped(), latest_ms)
        yield from _message_chunks(reading, sources[at_source:], at_source, at_row, chunk_rows)
        return
    found = None
    if preset.join is not None:
        found = joined_rows(preset.join, [*beside, *sources], settings=settings or {}, catalogue=catalogue)
    number = 0
    for place, source in enumerate(sources):
        if place < at_source:
            continue
        tables = list(tables_of(source, preset))
        if not tables:
            raise DataError(
                f"{source.name} has none of the sheets that {preset.id} reads",
                "Check the preset, or recognise the file",
            )
        fixed: dict[str, str | None] = {**given, **_facts(source, preset, given, catalogue)}
        for index, (table, sheet, more) in enumerate(tables):
            if place == at_source and index < at_table:
                continue
            start = at_row if (place, index) == (at_source, at_table) else 1
            if chunk_rows is not None:
                table = _resized(table, chunk_rows)
            plan = plan_table(preset, table, fixed={**fixed, **more}, catalogue=catalogue)
            name = f"{source.name}[{sheet}]" if len(tables) > 1 and sheet else source.name
            table_reading = _Reading(plan, source, sheet, name, latest_ms, found)
            for chunk in table_reading.chunks(start, lambda row, p=place, i=index: f"{p}:{i}:{row}"):
                number += 1
                chunk.number = number
                yield chunk


def tables_of(source: Opened, preset: Preset) -> Iterator[tuple[Table, str, dict[str, str | None]]]:
    """Yield (table, sheet, $sheet names) for what the file holds of the preset."""
    form = format_of(source)
    for table in preset.tables:
        wanted = table.format or form
        if wanted != "xlsx":
            yield table, "", {"sheet": None, "sheet1": None}
            continue
        for sheet, caught in matching_sheets(source, preset, table):
            yield table, sheet, {"sheet": sheet, "sheet1": caught}


def _message_chunks(
    reading: Messages, sources: Sequence[Opened], place: int, start: int, size: int | None
) -> Iterator[Chunk]:
    number = 0
    for index, source in enumerate(sources, place):
        rows = size or reading.preset.tables[0].chunk_rows
        for first, following, mapped in reading.chunks(source, start if index == place else 1, rows):
            number += 1
            cursor = f"{index}:0:{following}"
            yield Chunk(number, source.name, cursor, first, mapped.rows, mapped.accepted, mapped.batches, mapped.parked,
                        mapped.skipped, mapped.notes)  # fmt: skip


class _Reading:
    """Reads one table, holding rows back until their group is whole."""

    def __init__(
        self, plan: TablePlan, source: Opened, sheet: str, name: str, latest_ms: int, found: pl.DataFrame | None
    ) -> None:
        self.plan, self.source, self.sheet, self.name, self.found = plan, source, sheet, name, found
        tied = tied_rows(plan, self._reader()) if plan.preset.tie is not None else None
        self.mapper = Mapper(plan, latest_ms, f"import:{plan.preset.id}", tied)

    def chunks(self, start: int, cursor: Any) -> Iterator[Chunk]:
        """Yield mapped chunks from row `start` on."""
        seen = 0
        try:
            for last, chunk in self._whole(start):
                seen = chunk.next_row - 1
                first = int(chunk.root[ROW][0]) if chunk.root.height else chunk.next_row
                if self.found is not None:
                    add_joined(chunk, self.plan, self.found)
                split_rows(chunk, self.plan)
                mapped = self.mapper.map(chunk)
                totals = self.mapper.totals() if last and start == 1 else []
                yield Chunk(0, self.name, cursor(chunk.next_row), first, mapped.rows, mapped.accepted, mapped.batches,
                            mapped.parked, mapped.skipped, mapped.notes, totals)  # fmt: skip
        except DataError as error:
            if "rows were read well" in error.what:
                raise
            what = f"{error.what}; {max(seen, start - 1):,} rows were read well"
            raise DataError(what, error.mend, error.field) from error

    def _whole(self, start: int) -> Iterator[tuple[bool, RawChunk]]:
        """Yield (is last, chunk) with every group in one chunk."""
        columns = self._columns()
        chunks = self._reader().chunks(start=start, columns=columns)
        before = next(chunks, None)
        if before is None:
            return
        after = next(chunks, None)
        if not self.plan.table.group or (after is None and start == 1) or set(before.levels) != {""}:
            while after is not None:
                yield False, before
                before, after = after, next(chunks, None)
            yield True, before
            return
        runs = _Runs(self.plan, self._reader())
        held = self._held_at(start, runs, columns)
        while before is not None:
            frame = pl.concat([held, before.root]) if held is not None and held.height else before.root
            open_rows = runs.open_after(before.next_row - 1, frame[ROW].to_numpy()) if after is not None else None
            if open_rows is not None and open_rows.any():
                mask = pl.Series(open_rows)
                held, frame = frame.filter(mask), frame.filter(~mask)
            else:
                held = None
            if held is not None and held.height > MAX_HELD:
                raise DataError(
                    f"{self.name} scatters the rows of its groups too widely",
                    f"Sort it by {', '.join(self.plan.table.group)}",
                )
            yield after is None, RawChunk({"": frame}, before.next_row, before.bad, before.skipped)
            before, after = after, next(chunks, None) if after is not None else None

    def _held_at(self, start: int, runs: "_Runs", columns: Sequence[str] | None) -> pl.DataFrame | None:
        """Return the rows before `start` whose group was not whole there."""
        first = runs.first_open(start - 1) if start > 1 else None
        if first is None:
            return None
        parts = []
        for chunk in self._reader().chunks(start=first, columns=columns):
            frame = chunk.root.filter(pl.col(ROW) < start)
            if frame.height:
                parts.append(frame.filter(pl.Series(runs.open_after(start - 1, frame[ROW].to_numpy()))))
            if chunk.next_row >= start:
                break
        return pl.concat(parts) if parts else None

    def _columns(self) -> Sequence[str] | None:
        """Parquet reads only what the mapping uses; other formats keep the whole row for the parked ones."""
        return self.plan.needs[""] if self._format() == "parquet" else None

    def _format(self) -> str:
        return self.plan.table.format or format_of(self.source)

    def _reader(self) -> Reader:
        return reader_for(self.source, self.plan, self.sheet)


class _Runs:
    """Where each group of a file begins and ends: runs of neighbouring rows with the same key."""

    def __init__(self, plan: TablePlan, reader: Reader) -> None:
        starts: list[NDArray[np.int64]] = []
        ends: list[NDArray[np.int64]] = []
        keys: list[NDArray[np.uint64]] = []
        columns = plan.table.group if not plan.rules.derived else plan.needs[""]
        for chunk in reader.chunks(start=1, columns=[clean_header(name) for name in columns]):
            if not chunk.root.height:
                continue
            text = group_text(Level(chunk.root, plan.rules), plan.table.group)
            rows = chunk.root[ROW].to_numpy().astype(np.int64)
            lone = text.is_null().to_numpy()
            hashes = text.hash(seed=7).to_numpy()
            hashes = np.where(lone, rows.astype(np.uint64), hashes)
            cut = np.flatnonzero(np.diff(hashes)) + 1
            starts.append(rows[np.r_[0, cut]])
            ends.append(rows[np.r_[cut - 1, len(rows) - 1]])
            keys.append(hashes[np.r_[0, cut]])
        self.starts = np.concatenate(starts) if starts else np.empty(0, np.int64)
        ends_all = np.concatenate(ends) if ends else np.empty(0, np.int64)
        key = np.concatenate(keys) if keys else np.empty(0, np.uint64)
        order = np.lexsort((ends_all, key))
        sorted_keys = key[order]
        final = np.empty(len(key), np.int64)
        if len(key):
            bounds = np.flatnonzero(np.r_[sorted_keys[1:] != sorted_keys[:-1], True])
            last = ends_all[order][bounds]
            final[order] = np.repeat(last, np.diff(np.r_[-1, bounds]))
        self.last = final  # per run: the last row of its group in the whole file

    def open_after(self, row: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows belong to a group that goes on after `row`."""
        run = np.searchsorted(self.starts, rows, side="right") - 1
        result: NDArray[np.bool_] = self.last[run] > row
        return result

    def first_open(self, row: int) -> int | None:
        """Return the first row of any group that is open after `row`; None when all are whole."""
        waiting = (self.starts <= row) & (self.last > row)
        return int(self.starts[waiting].min()) if waiting.any() else None


def _facts(
    source: Opened, preset: Preset, given: Mapping[str, str], catalogue: Catalogue | None
) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(preset.facts)
    for name, fact in preset.facts.items():
        for table, sheet, more in tables_of(source, preset):
            if (fact.table and table.id != fact.table) or (fact.sheet and sheet != fact.sheet):
                continue
            plan = plan_table(
                preset, table, fixed={**given, **dict.fromkeys(preset.facts), **more}, catalogue=catalogue
            )
            needs = {"": tuple(dict.fromkeys((*plan.needs[""], fact.column)))}
            chunk = next(iter(reader_for(source, plan, sheet, needs=needs).chunks(start=1, columns=None)), None)
            if chunk is not None and chunk.root.height >= fact.row:
                cell = Level(chunk.root, plan.rules).cells(fact.column)[fact.row - 1]
                found[name] = None if cell is None else str(cell)
            break
    return found


def _cursor(text: str) -> tuple[int, int, int]:
    if not text:
        return 0, 0, 1
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise SettingError(f"{text!r} is not a place to resume at", "Give the cursor of an earlier chunk")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _resized(table: Table, rows: int) -> Table:
    return msgspec.structs.replace(table, chunk_rows=rows)
