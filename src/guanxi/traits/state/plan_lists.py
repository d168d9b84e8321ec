"""Lists of a plan that grow as its rows are laid out: registers of a life, and what is worked out of each event."""

from collections.abc import Sequence

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line

_EVERY = "every kind"


class Life:
    """Registers of one party."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.words = 0

    def word(self, kind: int, bit: int, value: int, parameter: int = 0) -> int:
        """Where a header holds a register, made when it is new."""
        for row in self.rows:
            if (*row[:3], row[4]) == (kind, bit, value, parameter):
                return row[3]
        self.rows.append((kind, bit, value, L.H_REGISTERS + self.words, parameter))
        self.words += L.REGISTER_WORDS[kind]
        return self.rows[-1][3]


class Extra:
    """What is worked out of an event and those before it."""

    def __init__(self) -> None:
        self.afters: list[tuple[int, int, int, int]] = []
        self.gaps: list[tuple[int, int, int]] = []
        self.shared: list[set[str]] = []  # kinds of the events whose gap stands in each place
        self.distincts: list[tuple[int, int, int]] = []

    def gap(self, bit: int, came: int, kinds: Sequence[str]) -> int:
        """Where an entry holds the gap of a measure: one place for all that no event can have at once."""
        for row in self.gaps:
            if row[:2] == (bit, came):
                return row[2]
        mine = set(kinds) or {_EVERY}
        apart = (n for n, held in enumerate(self.shared) if not (held & mine or _EVERY in held | mine))
        place = next(apart, len(self.shared))
        if place == len(self.shared):
            self.shared.append(set())
        self.shared[place] |= mine
        self.gaps.append((bit, came, place))
        return place
