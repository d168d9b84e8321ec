"""Blocks of an assignment: people whom it must treat alike, in an order that rows do not change."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DataError

_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_GOLDEN: Final = 0x9E3779B97F4A7C15
_WORD: Final = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """People by block, and what each block could get.

    order    (people,) rows, block by block, those of a block by their draws; starts: (blocks + 1,)
    draws    (blocks,) the lowest draw of each: what parts blocks that are equal
    size     (blocks,) people
    first, offer, value, unit, most, shared   the pairs, as `assign_loops` has them
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    draws: NDArray[np.uint64]
    size: NDArray[np.int64]
    first: NDArray[np.int64]
    offer: NDArray[np.int16]
    value: NDArray[np.float64]
    unit: NDArray[np.float64]
    most: NDArray[np.int64]
    shared: bool

    @property
    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
        """What most loops take: first, offer, value, unit."""
        return self.first, self.offer, self.value, self.unit


def draws_of(ids: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return a draw for each id, no two alike: all bits mixed, with the seed's.

    source   Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (splitmix64)
    """
    word = int(seed) & _WORD
    for shift, factor in _MIX:
        word = ((word ^ (word >> shift)) * factor) & _WORD
    drawn = ids + np.uint64((word + _GOLDEN) & _WORD)
    for shift, factor in _MIX:
        drawn ^= drawn >> np.uint64(shift)
        drawn *= np.uint64(factor)
    return drawn ^ (drawn >> np.uint64(31))


def blocks_of(
    values: NDArray[np.float64], costs: NDArray[np.int64], allowed: NDArray[np.bool_], *, budget: int,
    caps: NDArray[np.int64], groups: NDArray[np.int64], ids: NDArray[np.uint64], seed: int,
) -> Blocks:  # fmt: skip
    """Put people of one group with the same row of allowed offers together; who has no group stands alone.

    raises   DataError when two people of a block have the same id
    """
    from guanxi.decisions.assign_loops import gather  # the compiler is loaded by those who assign

    people, offers = values.shape
    drawn = draws_of(ids, seed)
    words = _words(allowed)
    order = np.lexsort((drawn, *words.T[::-1], groups)).astype(np.int64)
    same = groups[order[1:]] == groups[order[:-1]]
    for word in words.T:
        same &= word[order[1:]] == word[order[:-1]]
    same &= groups[order[1:]] >= 0
    if (same & (drawn[order[1:]] == drawn[order[:-1]])).any():
        raise DataError("two people of one cell have the same id", "Give each person an id of their own", "ids")
    begins = np.flatnonzero(np.concatenate([np.ones(min(people, 1), np.bool_), ~same]))
    starts = np.append(begins, people).astype(np.int64)
    shared = costs.ndim == 1
    most = int(allowed[order[begins]].sum()) if people else 0
    first, offer, value = np.zeros(begins.size + 1, np.int64), np.empty(most, np.int16), np.empty(most)
    unit, highest = (costs.astype(np.float64), costs) if shared else (np.empty(most), np.empty(most, np.int64))
    table = costs.reshape(-1, offers)
    made = gather(
        values, table, shared, allowed, order, starts, caps, budget, first, offer, value, unit, highest
    )  # fmt: skip
    if not shared:
        unit, highest = unit[:made], highest[:made]
    return Blocks(
        order=order, starts=starts, draws=drawn[order[begins]], size=np.diff(starts), first=first, offer=offer[:made],
        value=value[:made], unit=unit, most=highest, shared=shared,
    )  # fmt: skip


def _words(allowed: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return each row of flags as words of 64 bits, (people, words)."""
    packed = np.packbits(allowed, axis=1)
    wide = np.zeros((packed.shape[0], -(-packed.shape[1] // 8) * 8), np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view(np.uint64)
