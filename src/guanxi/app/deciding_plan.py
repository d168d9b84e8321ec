"""The plan of a run: who would best be given what, under the limits that people share."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from guanxi.decisions import NOTHING, Assignment, Compiled, Context, Limit, Room, Weighed, assign

STEPS: Final = 12  # halvings of the price of a limit that several offers share


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
        self._held = np.zeros(people, np.bool_)
        self._cells = np.full(people, -1, np.int64)
        self._keys = np.zeros(people, np.uint64)
        self._choice = np.full(people, -1, np.int64)
        self._chance = np.ones(people)
        self.value = self.bound = 0.0

    def add(self, place: int, context: Context, weighed: Sequence[Weighed], *, held: bool) -> None:
        """Put in how the offers weigh for one person; held: in the hold-out, who uses nothing."""
        by_id = {one.id: one for one in weighed}
        for at, name in enumerate(self._ids):
            one = by_id[name]
            if one.verdict != "refused":
                self._may[place, at], self._costs[place, at] = True, one.cost
                self._scores[place, at] = one.score or 0.0
        self._held[place] = held
        self._cells[place] = self._compiled.cell(context) & (2**62 - 1)
        self._keys[place] = xxhash.xxh3_64_intdigest(f"assign\x1f{context.party}".encode())

    def make(self) -> None:
        """Assign offers to those outside the hold-out; those in it get what they would have got at these prices."""
        rows = np.flatnonzero(~self._held & self._may.any(axis=1))
        prices = np.zeros(len(self._ids))
        if rows.size:
            prices = self._assigned(rows)
        held = np.flatnonzero(self._held & self._may.any(axis=1))
        worth = np.where(
            self._may[held], self._scores[held] - self._budget_price * self._counted(held) - prices, -np.inf
        )
        best = worth.argmax(axis=1) if held.size else np.empty(0, np.int64)
        self._choice[held] = np.where(worth.max(axis=1, initial=-np.inf) > 0, best, -1) if held.size else best

    def best(self, place: int) -> tuple[str, float]:
        """Return what a person would best be given, and how likely the draw of their cell was to give just that."""
        choice = int(self._choice[place])
        return (NOTHING if choice < 0 else self._ids[choice]), float(self._chance[place])

    @property
    def acting(self) -> int:
        """How many people outside the hold-out are given something."""
        return int((self._choice[~self._held] >= 0).sum())

    def _assigned(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        _, cells = np.unique(self._cells[rows], return_inverse=True)
        counts = [one for one in self._shared if one.limit.uses == "one" and one.offers.any()]
        caps = np.full(len(self._ids), rows.size, np.int64)
        for one in counts:
            caps[one.offers] = np.minimum(caps[one.offers], max(one.room.free, 0))
        money = self._tightest()
        self._budget = None if money is None else money.offers
        budget = None if money is None else max(money.room.free, 0)
        seed = int(self._compiled.policy.hash[:12], 16)

        def run(price: NDArray[np.float64]) -> NDArray[np.int32]:
            made = self._made = assign(
                self._scores[rows] - price, self._counted(rows), self._may[rows], budget=budget, caps=caps,
                groups=cells.astype(np.int64), ids=self._keys[rows], seed=seed,
            )  # fmt: skip
            return made.choice

        price = np.zeros(len(self._ids))
        choice = run(price)
        for one in counts:
            choice = _priced(one, price, choice, run, top=float(self._scores[rows].max(initial=0.0)))
        made = self._made
        self._choice[rows], self._chance[rows] = made.choice, made.chance
        given = made.choice >= 0
        self.value = float(self._scores[rows[given], made.choice[given]].sum())
        spare = sum(float(price[one.offers].max(initial=0.0)) * max(one.room.free, 0) for one in counts)
        self.bound = max(made.bound + spare, self.value)
        self._budget_price = made.budget_price
        return made.cap_prices + price

    def _tightest(self) -> Shared | None:
        """The limit of money that leaves least."""
        money = [one for one in self._shared if one.limit.uses == "cost" and one.offers.any()]
        return min(money, key=lambda one: one.room.free, default=None)

    def _counted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the offers cost of the budget."""
        costs = self._costs[rows]
        return costs if self._budget is None else np.where(self._budget, costs, 0)

    _budget: NDArray[np.bool_] | None = None
    _budget_price: float = 0.0
    _made: Assignment


def _priced(
    one: Shared, price: NDArray[np.float64], choice: NDArray[np.int32],
    run: Callable[[NDArray[np.float64]], NDArray[np.int32]], *, top: float,
) -> NDArray[np.int32]:  # fmt: skip
    """Raise the price of a limit that several offers share until it holds; the price is left in `price`."""
    free = max(one.room.free, 0)

    def used(made: NDArray[np.int32]) -> int:
        return int(one.offers[made[made >= 0]].sum())

    if used(choice) <= free:
        return choice
    low, high = 0.0, top
    kept = price.copy()
    for _ in range(STEPS):
        middle = (low + high) / 2
        price[:] = kept + np.where(one.offers, middle, 0.0)
        if used(run(price)) > free:
            low = middle
        else:
            high = middle
    price[:] = kept + np.where(one.offers, high, 0.0)
    return run(price)
