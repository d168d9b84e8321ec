"""Exports: rows as CSV that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width too: Excel runs them
BOM: Final = "\ufeff"  # without it Excel reads Chinese text as GBK
CHUNK: Final = 500  # rows


def to_csv(rows: Iterable[msgspec.Struct], columns: Sequence[str]) -> Iterator[str]:
    """Yield CSV text in pieces.

    rows     one struct a line
    columns  names of fields, in order; nested values travel as JSON text
    """
    text = io.StringIO()
    text.write(BOM)
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
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
    return f"'{text}" if text.startswith(FORMULA) else text
