"""The plan of a run: who would best be given what, under the limits that people share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from guanxi.decisions import NOTHING, Compiled, Context, Limit, Room, Weighed, assign


class Shared(NamedTuple):
    """A limit that counts people all together: which offers it counts, and what it leaves."""

    limit: Limit
    room: Room
    offers: NDArray[np.bool_]


class Plan:
    """What each person would best be given; filled by `add`, made by `make`.

    value, bound  yuan that the plan is expected to bring, and the most that any could
    """

    def __init__(self, compiled: Compiled, people: int, shared: Sequence[Shared]) -> None:
        self._compiled, self._shared = compiled, list(shared)
        self._ids = [one.id for one in compiled.policy.offers]
        size = (people, len(self._ids))
        self._scores, self._costs = np.zeros(size), np.zeros(size, np.int64)
        self._may = np.zeros(size, np.bool_)
        self._aside = np.zeros(people, np.bool_)
        self._drawn = np.full(people, -1, np.int64)
        self._cells = np.full(people, -1, np.int64)
        self._keys = np.zeros(people, np.uint64)
        self._choice = np.full(people, -1, np.int64)
        self._case = np.full(people, -1, np.int64)  # people of one cell who may be given the same
        self._odds: list[dict[str, float]] = []
        self.value = self.bound = 0.0

    def add(self, place: int, context: Context, weighed: Sequence[Weighed]) -> None:
        """Put in how the offers weigh for one person.

        Who is in the hold-out uses nothing; for whom chance chooses, what it takes is taken first.
        """
        by_id = {one.id: one for one in weighed}
        for at, name in enumerate(self._ids):
            one = by_id[name]
            if one.verdict != "refused":
                self._may[place, at], self._costs[place, at] = True, one.cost
                self._scores[place, at] = one.score or 0.0
        drawn = self._compiled.draw(context, weighed, NOTHING)
        self._aside[place] = drawn.arm != "treated"
        if drawn.arm == "explore" and drawn.chosen != NOTHING:
            self._drawn[place] = self._ids.index(drawn.chosen)
        self._cells[place] = self._compiled.cell(context) & (2**62 - 1)
        self._keys[place] = xxhash.xxh3_64_intdigest(f"assign\x1f{context.party}".encode())

    def make(self) -> None:
        """Assign offers; whom a draw put aside gets what they would have got at these prices."""
        rows = np.flatnonzero(~self._aside & self._may.any(axis=1))
        prices = np.zeros(len(self._ids))
        if rows.size:
            prices = self._assigned(rows)
        held = np.flatnonzero(self._aside & self._may.any(axis=1))
        worth = np.where(
            self._may[held], self._scores[held] - self._budget_price * self._counted(held) - prices, -np.inf
        )
        best = worth.argmax(axis=1) if held.size else np.empty(0, np.int64)
        self._choice[held] = np.where(worth.max(axis=1, initial=-np.inf) > 0, best, -1) if held.size else best
        self._count_odds(rows, held)

    def best(self, place: int) -> tuple[str, dict[str, float]]:
        """Return what a person is given, and where a draw decided among people in the same case, its odds."""
        choice, case = int(self._choice[place]), int(self._case[place])
        odds = self._odds[case] if case >= 0 else {}
        return (NOTHING if choice < 0 else self._ids[choice]), odds if len(odds) > 1 else {}

    @property
    def acting(self) -> int:
        """How many people are given something."""
        return int((self._choice[~self._aside] >= 0).sum() + (self._drawn >= 0).sum())

    def _assigned(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Assign; returns what a place costs at each offer, over its price in money."""
        _, cells = np.unique(self._cells[rows], return_inverse=True)
        places = [(one.offers, self._free(one)) for one in self._shared if one.limit.uses == "one"]
        money = [(self._free(one), one.offers) for one in self._shared if one.limit.uses == "cost"]
        budget, self._budget = min(money, key=lambda one: one[0], default=(None, None))
        made = assign(
            self._scores[rows], self._counted(rows), self._may[rows], budget=budget, pools=places,
            groups=cells.astype(np.int64), ids=self._keys[rows], seed=int(self._compiled.policy.hash[:12], 16),
        )  # fmt: skip
        self._choice[rows] = made.choice
        self.value, self.bound, self._budget_price = made.value, made.bound, made.budget_price
        prices = made.cap_prices.copy()
        for (offers, _), price in zip(places, made.pool_prices, strict=True):
            prices[offers] += price
        return prices

    def _count_odds(self, rows: NDArray[np.int64], held: NDArray[np.int64]) -> None:
        """Of people in the same case, only a draw tells who gets what: the shares are the chances of each.

        Whom a draw put aside, being in that case, would have stood before the same draw: their odds are the same, and
        they are planned what most of the others got. A case of which nobody was assigned has the best alone.
        """
        both = np.concatenate((rows, held))
        if not both.size:
            return
        allowed = np.packbits(self._may[both], axis=1).astype(np.uint64)
        cells = np.column_stack((self._cells[both].view(np.uint64), allowed))
        case = np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)
        width, size = len(self._ids) + 1, int(case.max()) + 1
        places = case[: rows.size] * width + self._choice[rows] + 1
        counts = np.bincount(places, minlength=size * width).reshape(-1, width)
        names = (NOTHING, *self._ids)
        for row in counts:
            total = int(row.sum())
            self._odds.append({names[at]: float(row[at]) / total for at in np.flatnonzero(row)})
        self._case[both] = case
        drawn = (counts > 0).sum(axis=1)[case[rows.size :]] > 0
        self._choice[held[drawn]] = counts.argmax(axis=1)[case[rows.size :]][drawn] - 1

    def _free(self, one: Shared) -> int:
        """What a limit leaves beside those for whom chance chooses."""
        rows = np.flatnonzero(self._drawn >= 0)
        rows = rows[one.offers[self._drawn[rows]]]
        taken = rows.size if one.limit.uses == "one" else int(self._costs[rows, self._drawn[rows]].sum())
        return max(one.room.free - taken, 0)

    def _counted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the offers cost of the budget."""
        costs = self._costs[rows]
        return costs if self._budget is None else np.where(self._budget, costs, 0)

    _budget: NDArray[np.bool_] | None = None
    _budget_price: float = 0.0
