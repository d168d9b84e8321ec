"""XLSX workbooks, read as text cells; macros, entities and bombs are refused."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import IO, Any, Final

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from guanxi.core import DataError
from guanxi.engines.sources.headers import HEADER_ROWS, clean_header, clean_headers, find_header
from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import MAX_CELL, ROW, BadRow, RawChunk, raw_json

MAX_UNPACKED: Final = 2 << 30


@dataclass(slots=True)
class XlsxReader:
    """Reads one sheet.

    source      the opened workbook
    table       how to read it
    signatures  lists of column names, one of which the header row must hold
    sheet       the sheet's name
    """

    source: Opened
    table: Table
    signatures: Sequence[Sequence[str]]
    sheet: str

    def chunks(self, *, start: int = 1, columns: Sequence[str] | None = None) -> Iterator[RawChunk]:
        """Yield the rows from sheet row `start` on."""
        with workbook(self.source) as book:
            rows = ([_text(cell) for cell in row] for row in _rows(book, self.sheet, self.source.name))
            if self.table.layout == "vertical":
                yield from self._vertical(rows, columns)
            else:
                yield from self._table(rows, start, columns)

    def _vertical(self, rows: Iterator[list[str]], columns: Sequence[str] | None) -> Iterator[RawChunk]:
        filled = [row for row in rows if len(row) > 1 and row[0].strip()]
        names = clean_headers([row[0] for row in filled])
        keep = {n: row[1] for n, row in zip(names, filled, strict=True) if n not in self.table.drop}
        keep = {n: cell for n, cell in keep.items() if columns is None or n in columns}
        frame = pl.DataFrame({ROW: [1], **{n: [cell] for n, cell in keep.items()}})
        yield RawChunk({"": frame}, 2)

    def _table(self, rows: Iterator[list[str]], start: int, columns: Sequence[str] | None) -> Iterator[RawChunk]:
        lead = [row for row, _ in zip(rows, range(HEADER_ROWS + self.table.legend_rows), strict=False)]
        names, place = self._names(lead)
        keep = [
            (index, n)
            for index, n in enumerate(names)
            if n not in self.table.drop and (columns is None or n in columns)
        ]
        builder = _Rows(names, keep, {"legend": self.table.legend_rows} if self.table.legend_rows else {})
        first = place + 1 + self.table.legend_rows
        number = first
        for row in [*lead[first:], None]:
            if row is not None:
                number += 1
                if number >= start:
                    builder.add(number, row)
        for row in rows:
            number += 1
            if number >= start:
                builder.add(number, row)
            if len(builder.numbers) > self.table.chunk_rows:
                yield builder.take(self.table.chunk_rows)
        if builder.numbers or builder.bad or builder.skipped:
            yield builder.take(len(builder.numbers), number + 1)

    def _names(self, lead: list[list[str]]) -> tuple[list[str], int]:
        if not self.table.header:
            return clean_headers(self.table.names), -1
        place = find_header(lead, self.signatures) if self.signatures else 0
        if place is None or not lead:
            raise DataError(
                f"the sheet {self.sheet!r} of {self.source.name} has no known header in its first ten rows",
                "Check the preset, or name the columns in [match] headers as the file writes them",
            )
        names = clean_headers(self.table.names or lead[place])
        aliases = {clean_header(old): clean_header(new) for old, new in self.table.aliases.items()}
        return [aliases.get(n, n) if aliases.get(n, n) not in names else n for n in names], place


class _Rows:
    """Collects rows of a sheet into chunks."""

    def __init__(self, names: list[str], keep: list[tuple[int, str]], skipped: dict[str, int]) -> None:
        self.names, self.keep, self.skipped = names, keep, skipped
        self.numbers: list[int] = []
        self.rows: list[list[str]] = []
        self.bad: list[BadRow] = []

    def add(self, number: int, row: list[str]) -> None:
        if not any(cell.strip() for cell in row):
            self.skipped["blank"] = self.skipped.get("blank", 0) + 1
        elif max(map(len, row)) > MAX_CELL:
            what = f"a cell holds more than {MAX_CELL:,} characters"
            cells = {n: row[index] for index, n in self.keep if index < len(row)}
            self.bad.append(BadRow(number, "text-too-long", what, "Shorten it", raw_json(cells)))
        else:
            self.numbers.append(number)
            self.rows.append(row)

    def take(self, count: int, next_row: int = 0) -> RawChunk:
        rows, self.rows = self.rows[:count], self.rows[count:]
        numbers, self.numbers = self.numbers[:count], self.numbers[count:]
        next_row = next_row or self.numbers[0]
        cells = {n: [row[index] if index < len(row) else None for row in rows] for index, n in self.keep}
        frame = pl.DataFrame(
            {ROW: numbers, **cells}, schema={ROW: pl.Int64, **dict.fromkeys((n for _, n in self.keep), pl.String)}
        )
        bad, self.bad = [b for b in self.bad if b.row < next_row], [b for b in self.bad if b.row >= next_row]
        skipped, self.skipped = self.skipped, {}
        return RawChunk({"": frame}, next_row, bad, skipped)


def sheet_names(source: Opened) -> list[str]:
    """Return the names of a workbook's sheets."""
    with workbook(source) as book:
        return list(book.sheet_names)


def first_rows(source: Opened, sheet: str) -> list[list[str]]:
    """Return the first rows of a sheet as text."""
    with workbook(source) as book:
        rows = _rows(book, sheet, source.name)
        return [[_text(cell) for cell in row] for row, _ in zip(rows, range(HEADER_ROWS), strict=False)]


class workbook:  # noqa: N801 - used as a function
    """Open a workbook after checking that it is safe: `with workbook(source) as book`."""

    def __init__(self, source: Opened) -> None:
        self.source = source

    def __enter__(self) -> CalamineWorkbook:
        self._context = self.source.seekable()
        file = self._context.__enter__()
        try:
            check_safe(file, self.source.name)
            file.seek(0)
            self._book = CalamineWorkbook.from_filelike(file)
        except BaseException as error:
            self._context.__exit__(None, None, None)
            if isinstance(error, CalamineError | OSError | ValueError) and not isinstance(error, DataError):
                raise _unreadable(self.source.name, error) from error
            raise
        return self._book

    def __exit__(self, *error: object) -> None:
        self._book.close()
        self._context.__exit__(None, None, None)


def check_safe(file: IO[bytes], name: str) -> None:
    """Refuse a workbook with macros, XML entities, or more unpacked bytes than any export has.

    raises  DataError
    """
    try:
        with zipfile.ZipFile(file) as archive:
            total = 0
            for info in archive.infolist():
                if (
                    info.filename.lower().endswith(("vbaproject.bin", ".vbs"))
                    or "macrosheets/" in info.filename.lower()
                ):
                    raise DataError(f"{name} holds macros", "Save it as .xlsx without macros, or as CSV")
                with archive.open(info) as member:
                    total += _scan(member, info.filename, name, total)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        zlib.error,
    ) as error:
        if isinstance(error, DataError):
            raise
        raise _unreadable(name, error) from error


def _scan(member: Any, part: str, name: str, before: int) -> int:
    """Return the unpacked size of a part; refuse a document type in it."""
    count, tail = 0, b""
    xml = part.lower().endswith((".xml", ".rels", ".vml"))
    while block := member.read(1 << 20):
        count += len(block)
        if before + count > MAX_UNPACKED:
            raise DataError(f"{name} unpacks to more than {MAX_UNPACKED >> 20:,} MB", "Export it as CSV")
        if xml:
            seen = (tail + block).replace(b"\x00", b"").upper()
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise DataError(
                    f"{name} declares XML entities in {part}", "Export it again; no spreadsheet program writes them"
                )
            tail = block[-32:]
    return count


def _rows(book: CalamineWorkbook, sheet: str, name: str) -> Iterator[list[Any]]:
    try:
        opened = book.get_sheet_by_name(sheet)
        start = opened.start[0] if opened.start is not None else 0
        yield from ([] for _ in range(start))
        yield from opened.iter_rows()
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable(name, error) from error


def _text(cell: Any) -> str:
    """Return a cell as a person would have typed it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else _number(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():g}秒"
    if isinstance(cell, time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _number(cell: float) -> str:
    # Beyond 15 digits a spreadsheet has already lost the end of an id: say so in the form that readers park.
    return f"{cell:E}".replace("E+0", "E+") if abs(cell) >= 1e15 else repr(cell)


def _unreadable(name: str, error: BaseException) -> DataError:
    return DataError(
        f"{name} is not a readable workbook: {error}", "Open it in a spreadsheet program and save it again"
    )
