"""Exports: rows as CSV or a workbook that a spreadsheet opens without running anything."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import xlsxwriter

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width too: Excel runs them
BOM: Final = "\ufeff"  # without it Excel reads Chinese text as GBK
CHUNK: Final = 500  # rows
BLOCK: Final = 1 << 16  # bytes of a file that are sent at once

Encoding = Literal["utf-8", "gb18030"]

MAX_CELL: Final = 32_767  # characters: what a cell of a workbook holds
CUT: Final = "…（已截断）"  # ends a cell that held more
EXACT: Final = 10**15  # a workbook keeps numbers as floats: a longer one travels as text
TIMES: Final = (631_152_000_000, 4_102_444_800_000)  # ms UTC, 1990 to 2100: what an instant looks like
CHINA: Final = timedelta(hours=8)  # as everywhere on the page


def to_csv(rows: Iterable[msgspec.Struct], columns: Sequence[str]) -> Iterator[str]:
    """Yield CSV text in pieces, without a byte order mark.

    rows     one struct a line
    columns  names of fields, in order; nested values travel as JSON text
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(getattr(row, name)) for name in columns])
        if number % CHUNK == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def cell(value: Any) -> Any:
    """Return a value as a cell; text that a spreadsheet would take for a formula gets a leading apostrophe.

    source  OWASP, "CSV Injection"
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    text = _text(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_file(rows: Iterable[msgspec.Struct], columns: Sequence[str], *, encoding: Encoding = "utf-8") -> Path:
    """Write a CSV file and return it; whoever gets it removes it, as `sent` does.

    encoding  "utf-8" with a byte order mark, or "gb18030" for spreadsheets and systems that know nothing else
    """
    with _new_file(".csv") as path, path.open("w", encoding=encoding, errors="replace", newline="") as file:
        if encoding == "utf-8":
            file.write(BOM)
        for piece in to_csv(rows, columns):
            file.write(piece)
    return path


def xlsx_file(
    rows: Iterable[msgspec.Struct], columns: Sequence[str], *, sheet: str, labels: Mapping[str, str] | None = None
) -> Path:
    """Write a workbook of one sheet and return it; whoever gets it removes it, as `sent` does.

    Numbers are numbers, instants (columns "…_ms") are dates in China time, and no text is ever a formula or a link.
    labels  field -> heading; the field's own name when it has none
    """
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }  # fmt: skip
    with _new_file(".xlsx") as path, xlsxwriter.Workbook(str(path), options) as book:
        head = book.add_format({"bold": True, "bg_color": "#F1EEE6"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        page = book.add_worksheet("".join("_" if sign in "[]:*?/\\'" else sign for sign in sheet)[:31] or "rows")
        page.freeze_panes(1, 0)
        for place, name in enumerate(columns):
            page.set_column(place, place, 20 if name.endswith("_ms") else 16)
            page.write_string(0, place, _valid((labels or {}).get(name, name)), head)
        for line, row in enumerate(rows, 1):
            for place, name in enumerate(columns):
                _write(page, line, place, getattr(row, name), moment if name.endswith("_ms") else None)
    return path


def sent(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, then remove it, also when the receiver went away."""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    finally:
        path.unlink(missing_ok=True)


def _write(page: Any, line: int, place: int, value: Any, moment: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(line, place, value)
    elif moment is not None and isinstance(value, int) and TIMES[0] <= value < TIMES[1]:
        local = datetime.fromtimestamp(value / 1000, UTC) + CHINA
        page.write_datetime(line, place, local.replace(tzinfo=None), moment)
    elif isinstance(value, (int, float)) and abs(value) < EXACT:
        page.write_number(line, place, value)
    else:
        page.write_string(line, place, _valid(_text(value)))


def _text(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        return str(value)
    return msgspec.json.encode(value, order="sorted").decode()


def _valid(text: str) -> str:
    """Return text that XML holds and a cell takes: no half characters, not too long."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - len(CUT)] + CUT


@contextmanager
def _new_file(suffix: str) -> Iterator[Path]:
    """Yield a new file; it is removed when what is written into it fails."""
    handle, name = tempfile.mkstemp(prefix="guanxi-export-", suffix=suffix)
    os.close(handle)
    try:
        yield Path(name)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
