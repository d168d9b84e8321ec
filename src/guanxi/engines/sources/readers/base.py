"""What every reader yields: chunks of raw cells with the rows they came from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
import polars as pl

ROW: Final = "$row"  # number of the data row in its table
PLACE: Final = "$i"  # 1-based position of a nested element in its row
MAX_CELL: Final = 1 << 20  # characters of one cell; a longer one parks its row
CONTEXT: Final = "$"  # under it a parked row remembers its table and what was given beside its columns
BROKEN: Final = "\ufdd0"  # stands for bytes that are not text; a noncharacter, so it occurs in no sound file


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that the reader could not take apart.

    row     its number
    reason  a key of events.parked.REASONS
    raw     the row, as JSON text, as far as it could be read
    """

    row: int
    reason: str
    what: str
    mend: str
    raw: str
    field: str = ""


@dataclass(slots=True)
class RawChunk:
    """Some rows of a table as they stand in the file.

    levels    nested path -> frame of raw cells; "" is the row itself. Every frame has `$row`
    bad       rows that are not in the frames
    skipped   reason -> rows that are no data (blank, legend)
    next_row  number of the first row after this chunk
    raw       row number -> the row as JSON text
    """

    levels: dict[str, pl.DataFrame]
    next_row: int
    bad: list[BadRow] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    raw: Callable[[int], str] | None = None

    @property
    def root(self) -> pl.DataFrame:
        """The frame of the rows themselves."""
        return self.levels[""]

    def raw_row(self, number: int) -> str:
        """Return a row as JSON text."""
        if self.raw is not None:
            return self.raw(number)
        return frame_row(self.root, number)


class Reader(Protocol):
    """Reads one table of one file."""

    def chunks(self, *, start: int, columns: Sequence[str] | None) -> Iterator[RawChunk]:
        """Yield the rows from number `start` on; `columns` limits what is read, None = all."""


def frame_row(frame: pl.DataFrame, number: int) -> str:
    """Return the row with a number as JSON text: column -> cell, empty cells left out."""
    place = int(frame[ROW].search_sorted(number))
    cells = frame.row(place, named=True)
    return raw_json({name: cell for name, cell in cells.items() if name != ROW and cell is not None})


def with_context(raw: str, context: Mapping[str, Any]) -> str:
    """Return a row's JSON text that also says, under "$", what it must be mapped with; see `without_context`."""
    if not context:
        return raw
    row = msgspec.json.decode(raw, type=dict[str, msgspec.Raw] | msgspec.Raw)
    return msgspec.json.encode({CONTEXT: context} | (row if isinstance(row, dict) else {"": row})).decode()


def without_context(row: Any) -> tuple[Any, dict[str, Any]]:
    """Return the row that `with_context` was given, and the context."""
    if not isinstance(row, dict) or not isinstance(row.get(CONTEXT), dict):
        return row, {}
    rest = {name: cell for name, cell in row.items() if name != CONTEXT}
    return rest[""] if set(rest) == {""} else rest, row[CONTEXT]


def raw_json(cells: Any) -> str:
    """Return cells as JSON text; very long ones are cut, with their length said."""
    if isinstance(cells, dict):
        cells = {name: _cut(cell) for name, cell in cells.items()}
    elif isinstance(cells, list):
        cells = [_cut(cell) for cell in cells]
    return msgspec.json.encode(cells, enc_hook=str).decode()


def _cut(cell: Any) -> Any:
    if isinstance(cell, str) and len(cell) > MAX_CELL:
        return f"{cell[:1000]}… ({len(cell):,} characters)"
    if isinstance(cell, str) and not cell.isascii():
        return cell.encode("utf-8", "replace").decode()
    return cell
