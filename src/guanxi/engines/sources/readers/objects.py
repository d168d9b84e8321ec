"""Rows that are objects: dotted paths into them, nested levels as frames of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
import polars as pl

from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.base import BROKEN, MAX_CELL, PLACE, ROW, BadRow, RawChunk, raw_json

Stack = tuple[Any, ...]  # the document, then every element that a path went into; the row is the last
MAX_ELEMENTS: Final = 1_000_000  # nested elements of one row


class RowSource(Protocol):
    """Gives the rows of a file as stacks, or as rows that could not be read, with their numbers."""

    def stacks(self) -> Iterator[tuple[int, Stack | BadRow]]:
        """Yield (row number, stack or bad row)."""


@dataclass(slots=True)
class ObjectReader:
    """Turns objects into frames.

    rows    where the objects come from
    table   how they are read
    needs   nested path -> the columns that the mapping uses there; "" = the row
    """

    rows: RowSource
    table: Table
    needs: Mapping[str, Sequence[str]]

    def chunks(self, *, start: int = 1, columns: Sequence[str] | None = None) -> Iterator[RawChunk]:
        """Yield the rows from number `start` on."""
        needs = self.needs if columns is None else {"": list(columns)}
        held: list[tuple[int, Stack]] = []
        bad: list[BadRow] = []
        number = 0
        for number, row in self.rows.stacks():
            if number < start:
                continue
            if isinstance(row, BadRow):
                bad.append(row)
                continue
            if len(held) == self.table.chunk_rows:
                yield object_chunk(held, needs, number, [b for b in bad if b.row < number], self.table.drop)
                held, bad = [], [b for b in bad if b.row >= number]
            held.append((number, row))
        if held or bad:
            yield object_chunk(held, needs, number + 1, bad, self.table.drop)


def object_chunk(
    rows: Sequence[tuple[int, Stack]], needs: Mapping[str, Sequence[str]], next_row: int,
    bad: Sequence[BadRow] = (), drop: Sequence[str] = (),
) -> RawChunk:  # fmt: skip
    """Return rows as a chunk: one frame per level, with the cells that the mapping uses as text."""
    bad = list(bad)
    stacks: dict[int, Stack] = {}
    levels = {level: _Level(steps(level), columns) for level, columns in needs.items()}
    for number, stack in rows:
        for path in drop:
            forget(stack[-1], steps(path))
        cells = {level: list(one.cells(stack)) for level, one in levels.items()}
        problem = _problem(number, cells.values(), stack)
        if problem is not None:
            bad.append(problem)
            continue
        stacks[number] = stack
        for level, one in levels.items():
            one.add(number, cells[level])
    frames = {level: one.frame() for level, one in levels.items()}
    if "" not in frames:
        frames[""] = pl.DataFrame({ROW: list(stacks)}, schema={ROW: pl.Int64})
    return RawChunk(frames, next_row, bad, {}, lambda number: stack_json(stacks[number]))


def stack_json(stack: Stack) -> str:
    """Return a row as JSON text; the plain values around it stand under "^", nearest first."""
    around = [_plain(element) for element in reversed(stack[:-1])]
    row = stack[-1]
    if not any(around):
        return raw_json(row)
    return raw_json({"^": around, **row} if isinstance(row, dict) else {"^": around, "": row})


def stack_from(raw: Any) -> Stack:
    """Return the stack that `stack_json` wrote."""
    if isinstance(raw, dict) and "^" in raw:
        around = raw.pop("^")
        row = raw[""] if set(raw) == {""} else raw
        return (*reversed(around), row)
    return (raw,)


def steps(path: str) -> tuple[str, ...]:
    """Split a path: "a.b[].c" -> ("a", "b", "[]", "c")."""
    found: list[str] = []
    for part in filter(None, path.split(".")):
        name = part
        while name.endswith("[]"):
            name = name[:-2]
        found += [name] if name else []
        found += ["[]"] * ((len(part) - len(name)) // 2)
    return tuple(found)


def walk(stack: Stack, path: Sequence[str]) -> Iterator[Stack]:
    """Yield the stack of every element that a path reaches; an object counts as a list of one."""
    if not path:
        yield stack
        return
    here: Any = stack[-1]
    for place, step in enumerate(path):
        if step == "[]":
            for element in here if isinstance(here, list) else [here] if isinstance(here, dict) else []:
                yield from walk((*stack, element), path[place + 1 :])
            return
        here = child(here, step)
        if here is None:
            return
    yield (*stack, here)


def child(value: Any, step: str) -> Any:
    """Return the named field of an object or the indexed element of a list; None when there is none."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isascii() and step.isdigit():
        return value[int(step)] if int(step) < len(value) else None
    return None


def cell_text(value: Any) -> str | None:
    """Return a value as a raw cell."""
    if value is None or isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return msgspec.json.encode(value, enc_hook=str).decode()


def forget(value: Any, path: Sequence[str]) -> None:
    """Remove what a path names from an object."""
    for place, step in enumerate(path):
        if step == "[]":
            for element in value if isinstance(value, list) else [value]:
                forget(element, path[place + 1 :])
            return
        if place == len(path) - 1:
            if isinstance(value, dict):
                value.pop(step, None)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value[int(step)] = None
            return
        value = child(value, step)


class _Level:
    """The cells of one nested level."""

    def __init__(self, path: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.names = path, list(columns)
        self.columns = [_column(name) for name in columns]
        self.numbers: list[int] = []
        self.places: list[int] = []
        self.rows: list[list[str | None]] = []

    def cells(self, stack: Stack) -> Iterator[list[str | None]]:
        for place, one in enumerate(walk(stack, self.path)):
            if place == MAX_ELEMENTS:
                return
            yield [self._cell(one, up, path) for up, path in self.columns]

    def add(self, number: int, rows: list[list[str | None]]) -> None:
        self.rows += rows
        self.numbers += [number] * len(rows)
        self.places += range(1, len(rows) + 1)

    def frame(self) -> pl.DataFrame:
        data = {name: [row[index] for row in self.rows] for index, name in enumerate(self.names)}
        frame = pl.DataFrame(data, schema=dict.fromkeys(self.names, pl.String))
        numbers = [pl.Series(ROW, self.numbers, pl.Int64), pl.Series(PLACE, self.places, pl.Int64)]
        return frame.with_columns(numbers) if self.names else pl.DataFrame(numbers)

    @staticmethod
    def _cell(stack: Stack, up: int, path: tuple[str, ...]) -> str | None:
        if up >= len(stack):
            return None
        value = stack[-1 - up]
        for step in path:
            value = child(value, step)
            if value is None:
                return None
        return cell_text(value)


def _column(name: str) -> tuple[int, tuple[str, ...]]:
    up = len(name) - len(name.lstrip("^"))
    return up, tuple(filter(None, name[up:].split(".")))


def _problem(number: int, levels: Iterable[list[list[str | None]]], stack: Stack) -> BadRow | None:
    for rows in levels:
        for row in rows:
            for cell in row:
                if cell is None or (cell.isascii() and len(cell) <= MAX_CELL):
                    continue
                if len(cell) > MAX_CELL:
                    what = f"a value holds more than {MAX_CELL:,} characters"
                    return BadRow(number, "text-too-long", what, "Shorten it", stack_json(stack))
                if BROKEN in cell or not _sound(cell):
                    what = "a value holds bytes that are not text"
                    return BadRow(number, "encoding", what, "Export the file again as UTF-8", stack_json(stack))
    return None


def _sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: cell for name, cell in value.items() if not isinstance(cell, dict | list)}
    return value if not isinstance(value, list) else None
