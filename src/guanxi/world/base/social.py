"""Who knows whom: circles of friends, kin, colleagues and far acquaintances.

A circle is a block of people alike in city and age (more so the higher the homophily), tied inside with a
probability that follows how sociable both are: a degree-corrected block model whose small blocks give it closure.

| column | unit | source |
|---|---|---|
| social.start i32[n+1], social.friend i32 | symmetric CSR, sorted, simple; mean degree 15, closure .25 | [G] |
| people.sociable f32 | mean 1, log-normal sd .5 | [G] |
| people.circle i32 | circle of friends, 16 people | [G] |
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.world.board import Board
from guanxi.world.draws import Draws, u01
from guanxi.world.jit import compiled

_CIRCLE: Final = 16
_INSIDE: Final = 0.63  # mean chance of a tie inside a circle
_FAR: Final = 1.5  # far acquaintances that a person names; as many name the person
_COLLEAGUES: Final = 0.9


@dataclass(frozen=True, slots=True)
class Social:
    """Plants friendships; homophily 0 = circles at random, 1 = circles of one city and age."""

    homophily: float = 0.7
    name: str = "social"
    reads: tuple[str, ...] = ("people.city", "people.age", "people.home", "people.office", "home.kin")
    writes: tuple[str, ...] = ("social.start", "social.friend", "people.sociable", "people.circle")

    def __post_init__(self) -> None:
        if not 0 <= self.homophily <= 1:
            raise SettingError(f"homophily is {self.homophily}", "Choose it in 0..1")

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        person = np.arange(board.count("people"))
        sociable = np.exp(0.5 * draw.child("sociable").normal(person) - 0.125)
        order = self._order(board, draw, person)
        circle = np.empty(len(person), np.int32)
        circle[order] = person // _CIRCLE
        board.add(self.name, "people.sociable", sociable.astype(np.float32))
        board.add(self.name, "people.circle", circle)
        inside = _circle_ties(order, sociable, draw.child("circle").key)
        pairs = np.concatenate(
            (inside, _far(draw.child("far"), sociable), _work(board, draw.child("work")), _kin(board))
        )
        start, friend = _csr(pairs[:, 0], pairs[:, 1], len(person))
        board.add(self.name, "social.start", start)
        board.add(self.name, "social.friend", friend)

    def _order(self, board: Board, draw: Draws, person: NDArray[np.int64]) -> NDArray[np.int64]:
        alike = draw.child("alike")
        near = alike.uniform(person) < self.homophily
        group = board["people.city"].astype(np.float64) * 200 + board["people.age"]
        spot = np.where(near, group + 2.0 * alike.normal(person, slot=1), 200.0 * 12 * alike.uniform(person, slot=2))
        return np.argsort(spot, kind="stable").astype(np.int64)


@compiled
def _circle_ties(order: Any, sociable: Any, key: Any) -> Any:
    pairs = np.empty((len(order) * 8, 2), np.int64)
    count = 0
    for low in range(0, len(order), _CIRCLE):
        high = min(low + _CIRCLE, len(order))
        for i in range(low, high):
            for j in range(i + 1, high):
                a, b = order[i], order[j]
                chance = min(0.97, _INSIDE * np.sqrt(sociable[a] * sociable[b]))
                if u01(key, a, 0, b) < chance and count < len(pairs):
                    pairs[count, 0], pairs[count, 1] = a, b
                    count += 1
    return pairs[:count]


def _far(draw: Draws, sociable: NDArray[np.float64]) -> NDArray[np.int64]:
    person = np.arange(len(sociable))
    count = draw.child("count").poisson(person, mean=_FAR * sociable)
    one = np.repeat(person, count)
    slot = np.arange(len(one)) - np.concatenate(([0], count.cumsum()))[one]
    total = sociable.cumsum()
    other = np.searchsorted(total, draw.uniform(one, slot=slot) * total[-1], side="right")
    return np.stack([one, np.minimum(other, len(person) - 1)], axis=1)


def _work(board: Board, draw: Draws) -> NDArray[np.int64]:
    office = board["people.office"]
    staff = np.flatnonzero(office >= 0)
    staff = staff[np.argsort(office[staff], kind="stable")]
    first = np.searchsorted(office[staff], office[staff], side="left")
    last = np.searchsorted(office[staff], office[staff], side="right")
    count = draw.child("count").poisson(staff, mean=_COLLEAGUES)
    one = np.repeat(np.arange(len(staff)), count)
    slot = np.arange(len(one)) - np.concatenate(([0], count.cumsum()))[one]
    other = draw.integers(staff[one], slot=slot, low=first[one], high=last[one])
    return np.stack([staff[one], staff[other]], axis=1)


def _kin(board: Board) -> NDArray[np.int64]:
    home, kin = board["people.home"].astype(np.int64), board["home.kin"].astype(np.int64)
    first = np.searchsorted(home, np.arange(len(kin)))
    person = np.arange(len(home))
    pairs = [np.stack([person[:-k], person[k:]], axis=1)[home[:-k] == home[k:]] for k in range(1, 6)]
    elder = np.flatnonzero(kin[home] >= 0)
    for k in range(2):  # the grown child and the one beside
        other = first[kin[home[elder]]] + k
        same = (other < len(home)) & (home[np.minimum(other, len(home) - 1)] == kin[home[elder]])
        pairs.append(np.stack([elder[same], other[same]], axis=1))
    return np.concatenate(pairs)


@compiled
def _csr(one: Any, other: Any, people: Any) -> Any:
    start = np.zeros(people + 1, np.int64)
    for k in range(len(one)):
        if one[k] != other[k]:
            start[one[k] + 1] += 1
            start[other[k] + 1] += 1
    start = np.cumsum(start)
    place = start[:-1].copy()
    raw = np.empty(start[-1], np.int32)
    for k in range(len(one)):
        a, b = one[k], other[k]
        if a != b:
            raw[place[a]] = b
            raw[place[b]] = a
            place[a] += 1
            place[b] += 1
    final = np.zeros(people + 1, np.int32)
    count = 0
    for a in range(people):
        row = np.sort(raw[start[a] : start[a + 1]])
        for k in range(len(row)):
            if k == 0 or row[k] != row[k - 1]:
                raw[count] = row[k]
                count += 1
        final[a + 1] = count
    return final, raw[:count].copy()
