"""Ladders: how the values of many parties stand, from least to most, and where one value stands among them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

RUNGS: Final = 1_001  # values that a ladder keeps; the places between two of them are at most a thousandth apart


class Standing(NamedTuple):
    """Where a value stands.

    below  share of the known values that are less, 0..1; None for names, which have no order
    equal  share of those that are the same
    """

    below: float | None
    equal: float

    @property
    def middle(self) -> float | None:
        """The mid-rank, 0..1: equal values share the middle of the places that they take; None for names."""
        return None if self.below is None else self.below + self.equal / 2


@dataclass(frozen=True, slots=True)
class Ladder:
    """Values of many parties, counted: every one when they are few, else those at a thousandth's distance.

    values   (n,) rising: numbers, or hashes of names (uint64)
    below    (n,) how many known values are less; 0 for names
    equal    (n,) how many are the same
    known    how many values are known; unknown: how many are not
    zeros    how many are 0
    """

    values: NDArray[np.float64] | NDArray[np.uint64]
    below: NDArray[np.int64]
    equal: NDArray[np.int64]
    known: int
    unknown: int
    zeros: int

    @property
    def is_names(self) -> bool:
        """Whether it holds names."""
        return self.values.dtype == np.uint64

    def standing(self, value: float | int) -> Standing | None:
        """Return where a value stands, that of one of them or any other; None when it or all of them are unknown.

        value   a number, nan = unknown; of names the hash, 0 = unknown
        returns exact for a value that is kept; one between two of them stands in the middle of what lies between,
                with nothing equal; a name that is not kept is equal to nothing
        """
        if not self.known or (value == 0 if self.is_names else np.isnan(value)):
            return None
        place = int(np.searchsorted(self.values, np.array(value, self.values.dtype)))
        kept = place < len(self.values) and self.values[place] == value
        equal = int(self.equal[place]) / self.known if kept else 0.0
        if self.is_names:
            return Standing(None, equal)
        if kept:
            return Standing(int(self.below[place]) / self.known, equal)
        low = int(self.below[place - 1] + self.equal[place - 1]) if place else 0
        high = int(self.below[place]) if place < len(self.values) else self.known
        return Standing((low + high) / 2 / self.known, 0.0)


def ladder_of(values: NDArray[np.float64], rungs: int = RUNGS) -> Ladder:
    """Return the ladder of numbers, nan = unknown."""
    found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    upto = np.cumsum(counts)
    known = int(upto[-1]) if len(upto) else 0
    zeros = int(counts[found == 0].sum())
    kept = slice(None) if len(found) <= rungs else _spaced(upto, rungs)
    return Ladder(found[kept], (upto - counts)[kept], counts[kept], known, len(values) - known, zeros)


def ladder_of_names(hashes: NDArray[np.uint64], rungs: int = RUNGS) -> Ladder:
    """Return the ladder of names by their hashes, 0 = unknown; of many names the most frequent are kept."""
    found, counts = np.unique(hashes[hashes != 0], return_counts=True)
    kept = np.sort(np.lexsort((found, -counts))[:rungs])
    known = int(counts.sum())
    return Ladder(found[kept], np.zeros(len(kept), np.int64), counts[kept], known, len(hashes) - known, 0)


def _spaced(upto: NDArray[np.int64], rungs: int) -> NDArray[np.int64]:
    """Places of the values that stand at equal distances among all, the first and the last included."""
    ranks = np.linspace(0, upto[-1] - 1, rungs).round()
    return np.unique(np.searchsorted(upto, ranks, "right"))
