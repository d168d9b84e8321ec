"""Sections: what a plan keeps of one party, read back from its words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself

Rows = list[tuple[int, ...]]


class Output(NamedTuple):
    """How one trait is read; the order of the fields keeps together what shares its columns.

    kind    O_CELL .. O_ENTROPY of the layout
    window  place in the section's windows; days for names
    column  of the table that is made
    """

    of_days: bool
    kind: int
    x: int
    y: int
    z: int
    bit: int
    value: int
    window: int
    column: int


class Section:
    """Lists of one party's section, or of its days; words as the state's loops read them."""

    def __init__(self, words: NDArray[np.int64], at: int) -> None:
        self.words, self.at = words, at
        self.bits = [(row[0], row[1]) for row in self._rows(L.BITS, 2)]
        self.flags = int(words[at + L.N_FLAGS])
        self.adds, self.squares = self._rows(L.ADDS, 3), self._rows(L.SQUARES, 3)
        self.mins, self.maxs = self._rows(L.MINS, 2), self._rows(L.MAXS, 2)
        self.windows = [row[0] for row in self._rows(L.WINDOWS, 1)]
        self.afters = {row[0]: row[1:] for row in self._rows(L.AFTERS, 4)}
        self.counters = self._rows(L.COUNTERS, 4)
        self.distincts = {row[0]: row[1:] for row in self._rows(L.DISTINCTS, 3)}
        self.distincts |= {row[2]: row[:2] for row in self.counters if row[2] >= 0}
        self.registers = {row[3]: row for row in self._rows(L.REGISTERS, 5)}

    def outputs(self, columns: dict[int, int]) -> list[Output]:
        """How the traits are read that have a column: place in the plan -> column."""
        found = []
        for kind, trait, window, x, y, z, bit, value in self._rows(L.OUTPUTS, L.OUTPUT_WORDS):
            if trait in columns:
                plain = kind - L.O_DAYS if kind >= L.O_DAYS else kind
                found.append(Output(kind >= L.O_TOP, plain, x, y, z, bit, value, window, columns[trait]))
        return sorted(found)

    def cell(self, number: int) -> tuple[str, tuple[int, ...]]:
        """What a cell holds: bit, distinct, after, add, min, max or square, and the row of its list."""
        if number < len(self.bits):
            return "bit", (number,)
        number -= len(self.bits)
        if number < self.flags:
            kind = "after" if number in self.afters else "distinct"
            return kind, self.afters.get(number) or self.distincts[number]
        number -= self.flags
        for kind, rows in (("add", self.adds), ("min", self.mins), ("max", self.maxs)):
            if number < len(rows):
                return kind, rows[number]
            number -= len(rows)
        return "square", self.squares[number // 2]

    def _rows(self, which: int, width: int) -> Rows:
        at, count = (int(word) for word in self.words[self.at + which : self.at + which + 2])
        flat = self.words[at : at + count * width].reshape(count, width).tolist()
        return [tuple(row) for row in flat]
