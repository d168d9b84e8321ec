"""CSV and its kin: streamed, quoted newlines kept, damaged rows parked."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

import numpy as np
import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_header, clean_headers, find_header
from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import BROKEN, MAX_CELL, ROW, BadRow, RawChunk, raw_json
from guanxi.engines.sources.readers.text import decoded, encoding_of, leading_rows

MAX_RECORD: Final = 24 << 20  # characters; a longer record is an unclosed quote
END: Final = "#end"  # a cell that marks a parked row of which the end is missing
_BLANK: Final = "$blank"
_UNCLOSED: Final = "\ufdd1"  # stands for a record that could not be taken apart
_NONE: Final[frozenset[str]] = frozenset()
csv.field_size_limit(MAX_RECORD * 2)


@dataclass(slots=True)
class CsvReader:
    """Reads one CSV, TSV or blank-separated text.

    source      the opened file
    table       how to read it
    signatures  lists of column names, one of which the header row must hold
    """

    source: Opened
    table: Table
    signatures: Sequence[Sequence[str]]

    def chunks(self, *, start: int = 1, columns: Sequence[str] | None = None) -> Iterator[RawChunk]:
        """Yield the rows from record number `start` on."""
        with self.source.stream() as stream:
            yield from self._chunks(stream, start, columns)

    def _chunks(self, stream: IO[bytes], start: int, columns: Sequence[str] | None) -> Iterator[RawChunk]:
        head = self.source.head()
        separator = separator_of(head, self.table.separator, self.signatures)
        encoding = encoding_of(head, self.signatures, separator=separator)
        blocks = record_blocks(decoded(stream, encoding))
        names, first_row, rest, legend = self._header(blocks, separator)
        keep = [n for n in names if n not in self.table.drop and (columns is None or n in columns)]
        totals = self.table.totals.values if self.table.totals is not None else ()
        sheet = _Sheet(names, keep, separator, frozenset(totals))
        row = first_row
        builder = _Builder(keep, self.table.chunk_rows, max(start, first_row))
        if legend and start <= first_row:
            builder.skipped["legend"] = legend
        for block in _chain(rest, blocks):
            taken = sheet.take(block, row, builder.start)
            row = taken.next_row
            yield from builder.add(taken)
        yield from builder.finish(row)

    def _header(self, blocks: Iterator[str], separator: str) -> tuple[list[str], int, str, int]:
        """Return the column names, the number of the first data row, the text after it and the legend rows."""
        text = next(blocks, "")
        table = self.table
        if not table.header:
            return clean_headers(table.names), 1 + table.legend_rows, _after(text, table.legend_rows), table.legend_rows
        lead, ends = _leading(text, separator, 12 + table.legend_rows)
        place = find_header(lead, self.signatures) if self.signatures else _first_filled(lead)
        if place is None:
            wanted = " / ".join(", ".join(signature) for signature in self.signatures) or "any column"
            raise DataError(
                f"{self.source.name} has no header row with {wanted} in its first ten rows",
                "Check the preset, or name the columns in [match] headers as the file writes them",
            )
        names = clean_headers(table.names or lead[place])
        aliases = {clean_header(old): clean_header(new) for old, new in table.aliases.items()}
        names = [aliases.get(n, n) if aliases.get(n, n) not in names else n for n in names]
        last = min(place + table.legend_rows, len(ends) - 1)
        return names, place + 2 + table.legend_rows, text[ends[last] :], table.legend_rows


@dataclass(slots=True)
class _Taken:
    frame: pl.DataFrame
    bad: list[BadRow]
    blank: int
    next_row: int


class _Sheet:
    """Takes blocks of whole records apart."""

    def __init__(self, names: list[str], keep: list[str], separator: str, totals: frozenset[str] = _NONE) -> None:
        self.names, self.keep, self.separator, self.totals = names, keep, separator, totals

    def take(self, text: str, row: int, start: int) -> _Taken:
        """Return the cells of a block whose first record has the number `row`; rows before `start` are left out."""
        fast = self._fast(text, row, start)
        return fast if fast is not None else self._careful(text, row, start)

    def _fast(self, text: str, row: int, start: int) -> _Taken | None:
        """Read a block without quotes in which every line has the same number of cells; None when it is not one."""
        if (
            self.separator == "blanks"
            or '"' in text
            or BROKEN in text
            or "\x00" in text
            or not self.separator.isascii()
        ):
            return None
        text = text.replace("\r\n", "\n")
        if "\r" in text or not text.endswith("\n"):
            if "\r" in text:
                return None
            text += "\n"
        data = text.encode("utf-8", "surrogatepass")
        array = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(array == 10)
        marks = np.flatnonzero(array == ord(self.separator))
        per_line = np.diff(np.searchsorted(marks, ends), prepend=0)
        if (per_line != len(self.names) - 1).any() or np.diff(ends, prepend=-1).max() > MAX_CELL:
            return None
        lines = len(ends)
        skip = min(max(start - row, 0), lines)
        if skip:
            data = data[int(ends[skip - 1]) + 1 :]
        if skip == lines:
            return _Taken(pl.DataFrame(), [], 0, row + lines)
        if len(self.names) == 1 and b"\n\n" in b"\n" + data:
            return None  # blank lines of a single column are for the careful way
        frame = pl.read_csv(
            data, has_header=False, separator=self.separator, quote_char=None, infer_schema=False,
            new_columns=self.names, raise_if_empty=False,
        )  # fmt: skip
        if frame.height != lines - skip or frame.width != len(self.names):
            return None
        blank = pl.all_horizontal((pl.all().str.strip_chars() == "").fill_null(True))
        numbers = pl.int_range(row + skip, row + lines, dtype=pl.Int64).alias(ROW)
        filled = frame.select(*self.keep, numbers, blank.alias(_BLANK)).filter(~pl.col(_BLANK)).drop(_BLANK)
        return _Taken(filled, [], frame.height - filled.height, row + lines)

    def _careful(self, text: str, row: int, start: int) -> _Taken:
        """Read any block by Python's csv; a row with a wrong number of cells is parked."""
        places = [(self.names.index(name), name) for name in self.keep]
        cells: dict[str, list[str | None]] = {name: [] for name in self.keep}
        numbers: list[int] = []
        bad: list[BadRow] = []
        blank = 0
        whole = text.endswith(("\n", "\r")) or self.separator == "blanks"
        for record, more in _with_more(self._records(text)):
            number, row = row, row + 1
            if number < start:
                continue
            if not any(cell.strip() for cell in record):
                blank += 1
                continue
            problem = self._problem(record, number, cut=not (more or whole))
            if problem is not None:
                bad.append(problem)
                continue
            numbers.append(number)
            for place, name in places:
                cells[name].append(record[place] if place < len(record) else None)
        frame = pl.DataFrame(cells, schema=dict.fromkeys(self.keep, pl.String), strict=False)
        frame = frame.with_columns(pl.Series(ROW, numbers, pl.Int64)) if self.keep else pl.DataFrame({ROW: numbers})
        return _Taken(frame, bad, blank, row)

    def _records(self, text: str) -> Iterator[list[str]]:
        if self.separator == "blanks":
            yield from (line.split() for line in text.splitlines())
            return
        # Blocks end at an even number of quotes; an odd one is a line that record_blocks gave up on.
        strict = text.count('"') % 2 == 1
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator, strict=strict)
        while True:
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield [_UNCLOSED]

    def _problem(self, record: list[str], number: int, *, cut: bool) -> BadRow | None:
        extra = record[len(self.names) :]
        if record == [_UNCLOSED]:
            return self._bad(
                [], number, "malformed", "", "a quote is opened and never closed", "Close the quote in this row"
            )
        if any(BROKEN in cell for cell in record):
            field = next((n for n, cell in zip(self.names, record, strict=False) if BROKEN in cell), "")
            return self._bad(record, number, "encoding", field, f"the column {field!r} holds bytes that are not text",
                             "Export the file again as UTF-8, or mend the row")  # fmt: skip
        long = next((n for n, cell in zip(self.names, record, strict=False) if len(cell) > MAX_CELL), None)
        if long is not None:
            what = f"the column {long!r} holds more than {MAX_CELL:,} characters"
            mend = "Shorten it, or look for a quote that is not closed"
            return self._bad(record, number, "text-too-long", long, what, mend)
        if any(cell.strip() for cell in extra):
            what = f"the row has {len(record)} cells, the header {len(self.names)}"
            return self._bad(record, number, "malformed", "", what, "Put quotes around cells that hold the separator")
        if cut and len(record) < len(self.names) and self.totals.isdisjoint(cell.strip() for cell in record):
            what = f"the file ends in this row, after {len(record)} of {len(self.names)} cells"
            return self._bad(record, number, "malformed", "", what, "It was cut off: download or export it again", END)
        return None

    def _bad(
        self, record: list[str], number: int, reason: str, field: str, what: str, mend: str, mark: str = ""
    ) -> BadRow:
        names = [*self.names, *(f"#{place}" for place in range(len(self.names) + 1, len(record) + 1))]
        keep = set(self.keep)
        cells = {
            n: cell.replace(BROKEN, "\ufffd")
            for n, cell in zip(names, record, strict=False)
            if n in keep or n[0] == "#"
        }
        if mark:
            cells[mark] = "cut off"
        return BadRow(number, reason, what, mend, raw_json(cells), field)


class _Builder:
    """Joins blocks into chunks of a fixed number of rows, so that block sizes do not show."""

    def __init__(self, keep: list[str], size: int, start: int) -> None:
        self.keep, self.size, self.start = keep, size, start
        self.frames: list[pl.DataFrame] = []
        self.bad: list[BadRow] = []
        self.skipped: dict[str, int] = {}
        self.held = 0

    def add(self, taken: _Taken) -> Iterator[RawChunk]:
        if taken.frame.height:
            self.frames.append(taken.frame)
        self.bad += taken.bad
        self.held += taken.frame.height
        if taken.blank:
            self.skipped["blank"] = self.skipped.get("blank", 0) + taken.blank
        while self.held > self.size:
            joined = pl.concat(self.frames, rechunk=True)
            part, rest = joined[: self.size], joined[self.size :]
            self.frames, self.held = [rest], rest.height
            yield self._chunk(part, int(rest[ROW][0]))

    def finish(self, next_row: int) -> Iterator[RawChunk]:
        schema: dict[str, Any] = {**dict.fromkeys(self.keep, pl.String), ROW: pl.Int64}
        frame = pl.concat(self.frames, rechunk=True) if self.frames else pl.DataFrame(schema=schema)
        if frame.height or self.bad or self.skipped:
            yield self._chunk(frame, next_row)

    def _chunk(self, frame: pl.DataFrame, next_row: int) -> RawChunk:
        bad = [row for row in self.bad if row.row < next_row]
        self.bad = [row for row in self.bad if row.row >= next_row]
        skipped, self.skipped = self.skipped, {}
        return RawChunk({"": frame}, next_row, bad, skipped)


def leading_records(text: str, separator: str) -> list[list[str]]:
    """Return the first ten records of a text."""
    return _leading(text, separator, 10)[0]


def separator_of(head: bytes, separator: str, signatures: Sequence[Sequence[str]]) -> str:
    """Return the separator: the declared one, or TAB when the header only makes sense with it."""
    if separator != ",":
        return separator
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be") if signatures else ():
        text = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").decode(encoding, "ignore")
        for mark in (",", "\t", ";"):
            if find_header(leading_rows(text, mark), signatures) is not None:
                return mark
    return "\t" if b"\t" in head.split(b"\n", 1)[0] and b"," not in head.split(b"\n", 1)[0] else ","


def record_blocks(texts: Iterator[str]) -> Iterator[str]:
    """Yield text in blocks that end where a record ends, so that each can be taken apart alone.

    A record ends at a newline with an even number of quotes before it. When a quote is never closed the text up to
    the next newline is given as it is, and the following lines are read as usual.
    """
    held = ""
    for text in texts:
        held += text
        while True:
            cut = _cut(held)
            if cut == 0 and len(held) > MAX_RECORD:
                cut = held.find("\n") + 1
            if cut == 0:
                break
            yield held[:cut]
            held = held[cut:]
            if len(held) <= MAX_RECORD:
                break
    while held:
        if held.count('"') % 2 == 0:
            yield held
            return
        cut = _cut(held) or held.find("\n") + 1 or len(held)
        yield held[:cut]
        held = held[cut:]


def _cut(text: str) -> int:
    """Return the end of the last whole record, 0 when there is none."""
    end = text.rfind("\n") + 1
    if '"' not in text:
        return end
    quotes = text.count('"', 0, end)
    tries = 0
    while end and quotes % 2:
        before = text.rfind("\n", 0, end - 1) + 1
        quotes -= text.count('"', before, end)
        end = before
        tries += 1
    return end


def _with_more(records: Iterator[list[str]]) -> Iterator[tuple[list[str], bool]]:
    """Yield every record and whether another follows."""
    held = next(records, None)
    while held is not None:
        following = next(records, None)
        yield held, following is not None
        held = following


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _leading(text: str, separator: str, count: int) -> tuple[list[list[str]], list[int]]:
    """Return the first records of a text and where each ends."""
    rows: list[list[str]] = []
    ends: list[int] = []
    start = 0
    while len(rows) < count and start < len(text):
        end = start
        while True:
            found = text.find("\n", end)
            if found < 0:
                found = text.find("\r", end)
            end = found + 1 if found >= 0 else len(text)
            if text.count('"', start, end) % 2 == 0 or end == len(text):
                break
        line = text[start:end]
        if separator == "blanks":
            rows.append(line.split())
        else:
            try:
                rows.append(next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), []))
            except csv.Error:
                rows.append([])
        ends.append(end)
        start = end
    return rows, ends


def _after(text: str, lines: int) -> str:
    for _ in range(lines):
        text = text[text.find("\n") + 1 :]
    return text


def _first_filled(rows: list[list[str]]) -> int | None:
    return next((place for place, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
