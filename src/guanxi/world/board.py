"""The board: the public columns of the town, each with one owner, read by name.

A mechanism sees of another nothing but what stands here. Names are "table.column"; a column is a read-only array, a
note a tuple of texts. Parts declare what they read and write; from that follows the order of planting.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.world.draws import Draws


class Part(Protocol):
    """One file of the base economy: adds the columns that it owns."""

    @property
    def name(self) -> str:
        """Who owns the columns."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns and notes that must stand before it plants."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Columns and notes that it adds, all of them."""

    def plant(self, board: "Board", draw: Draws) -> None:
        """Add the columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A public column: who planted it, and what it holds."""

    owner: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Board:
    """Public columns and notes by name, and how many there are of each noun.

    counts   noun -> number, given: people, days, items, content; parts add the others
    """

    counts: dict[str, int] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, owner: str, name: str, values: NDArray[Any]) -> None:
        """Add a column; from here on the array is read-only.

        raises   SettingError when the name has an owner
        """
        self._claim(owner, name)
        values = np.ascontiguousarray(values)
        values.flags.writeable = False
        self.columns[name] = Column(owner, values)

    def note(self, owner: str, name: str, texts: Iterable[str]) -> None:
        """Add texts that no event changes, such as the ids of platforms."""
        self._claim(owner, name)
        self.notes[name] = tuple(texts)

    def size(self, noun: str, count: int) -> None:
        """Say how many there are of a noun.

        raises   SettingError when another number was said before
        """
        if self.counts.setdefault(noun, count) != count:
            raise SettingError(f"there are {self.counts[noun]} {noun}, not {count}", "Size a noun in one part only")

    def count(self, noun: str) -> int:
        """Return how many there are of a noun.

        raises   SettingError when nobody said it
        """
        if noun not in self.counts:
            raise SettingError(f"nobody counted {noun!r}", f"Ask for one of: {', '.join(sorted(self.counts))}")
        return self.counts[noun]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column.

        raises   SettingError when nobody planted it
        """
        if name not in self.columns:
            raise SettingError(f"no column {name!r} stands on the board", "Name it in `reads` of a part, and plant it")
        return self.columns[name].values

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a note.

        raises   SettingError when nobody wrote it
        """
        if name not in self.notes:
            raise SettingError(f"no note {name!r} stands on the board", "Name it in `reads` of a part, and plant it")
        return self.notes[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns or name in self.notes

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def owner(self, name: str) -> str:
        """Return who planted a column."""
        self[name]
        return self.columns[name].owner

    def bytes(self) -> int:
        """Return how many bytes the columns hold."""
        return sum(column.values.nbytes for column in self.columns.values())

    def digest(self) -> str:
        """Return a hash of all names, shapes and bytes: equal boards, equal text."""
        total = blake2b(digest_size=16)
        for name in sorted(self.columns):
            values = self.columns[name].values
            total.update(f"{name} {values.dtype.str} {values.shape}".encode())
            total.update(values.tobytes())
        for name in sorted(self.notes):
            total.update("\x1f".join((name, *self.notes[name])).encode())
        return total.hexdigest()

    def _claim(self, owner: str, name: str) -> None:
        if name in self:
            first = self.columns[name].owner if name in self.columns else "another part"
            raise SettingError(f"{name!r} is planted by {first} and by {owner}", "Give a column one owner")
        if name.count(".") != 1 or not all(name.split(".")):
            raise SettingError(f"{name!r} is no name of a column", "Write table.column, such as people.age")


def plant(board: Board, parts: Sequence[Part], *, seed: int) -> Board:
    """Plant the parts in the order that their reads ask for; the order of the list is free.

    seed     of the town; a part draws with `Draws(seed, part.name)`
    returns  the same board
    raises   SettingError for two owners, an unknown read, a circle of reads, or a part that does not keep its word
    """
    for part in planting_order(parts, given=(*board.columns, *board.notes)):
        before = {*board.columns, *board.notes}
        part.plant(_Desk(board.counts, board.columns, board.notes, part.name, {*part.reads, *part.writes}),
                   Draws(seed, part.name))  # fmt: skip
        added = {*board.columns, *board.notes} - before
        if added != set(part.writes):
            wrong = ", ".join(sorted(added ^ set(part.writes)))
            raise SettingError(f"{part.name} declares other columns than it plants: {wrong}", "Mend its `writes`")
    return board


def planting_order(parts: Sequence[Part], *, given: Iterable[str] = ()) -> tuple[Part, ...]:
    """Return the parts so that each comes after those it reads from; ties go by name.

    given    names that stand already
    raises   SettingError for two owners, an unknown read, or a circle of reads
    """
    owners: dict[str, str] = dict.fromkeys(given, "")
    for part in parts:
        for name in part.writes:
            if name in owners:
                both = " and by ".join(sorted((owners[name] or "the board", part.name)))
                raise SettingError(f"{name!r} is planted by {both}", "Give a column one owner")
            owners[name] = part.name
    waiting = {part.name: part for part in sorted(parts, key=lambda part: part.name)}
    if len(waiting) < len(parts):
        raise SettingError("two parts have one name", "Give each part its own name")
    needs = {part.name: {_owner_of(name, owners, part) for name in part.reads} for part in parts}
    done: list[Part] = []
    while waiting:
        ready = next((name for name in waiting if not needs[name] & waiting.keys() - {name}), None)
        if ready is None:
            raise SettingError(f"the reads of {', '.join(waiting)} go in a circle", "Take one of them away")
        done.append(waiting.pop(ready))
    return tuple(done)


@dataclass(frozen=True, slots=True)
class _Desk(Board):
    """The board as one part may see it: what it declared."""

    part: str = ""
    allowed: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> NDArray[Any]:
        self._check(name)
        return Board.__getitem__(self, name)

    def texts(self, name: str) -> tuple[str, ...]:
        self._check(name)
        return Board.texts(self, name)

    def _check(self, name: str) -> None:
        if name not in self.allowed:
            raise SettingError(f"{self.part} reads {name!r} and does not say so", "Add it to its `reads`")


def _owner_of(name: str, owners: Mapping[str, str], part: Part) -> str:
    if name not in owners:
        raise SettingError(f"{part.name} reads {name!r}, which nobody writes", "Add the part that plants it")
    return owners[name]
