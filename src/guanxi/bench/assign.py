"""The bench of the assignment: a million people, twenty offers, and how far from the best anybody could do."""

import importlib.util
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.decisions import Assignment, assign

PEOPLE: Final = 1_000_000
OFFERS: Final = 20
PER_CELL: Final = 50  # people
SMALLER: Final = 100  # times, for the solver of linear programmes
CHANNELS: Final = 4
ADDRESSED: Final = 0.8  # of the people, by channel: consent and an address
ELIGIBLE: Final = 0.63  # of the cells, by offer
PAID: Final = 0.3  # of the people, at the mean cost
FIRST, LAST = 200, 3_000  # fen: the smallest and the largest offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is to be assigned."""

    values: NDArray[np.float64]
    costs: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    cells: NDArray[np.int32]
    caps: NDArray[np.int64]
    sms: NDArray[np.bool_]  # offers of one channel, which share its places
    places: int
    budget: int

    def assign(self, *, alone: bool = False) -> Assignment:
        """Assign; alone: everybody is a cell."""
        groups = None if alone else self.cells
        return assign(
            self.values, self.costs, self.allowed, budget=self.budget, caps=self.caps,
            pools=[(self.sms, self.places)], groups=groups, seed=1,
        )  # fmt: skip


def market(people: int, *, seed: int = 7) -> Market:
    """Return a market of lognormal values: cells differ in taste, people in purse, and dear offers are worth more."""
    rng = np.random.default_rng(seed)
    many = max(people // PER_CELL, 1)
    cells = rng.integers(0, many, people).astype(np.int32)
    costs = np.linspace(FIRST, LAST, OFFERS).astype(np.int64)
    taste = np.log(costs / 100) + rng.normal(size=(many, 1)) * 0.8 + rng.normal(size=(many, OFFERS)) * 0.6
    purse = rng.normal(size=(people, 1)) * 0.3
    values = taste[cells]
    values += purse
    for j in range(OFFERS):
        values[:, j] += rng.normal(size=people) * 0.3
    np.exp(values, out=values)
    allowed = (rng.random((many, OFFERS)) < ELIGIBLE)[cells]
    allowed &= (rng.random((people, CHANNELS)) < ADDRESSED)[:, np.arange(OFFERS) % CHANNELS]
    caps = np.full(OFFERS, people, np.int64)
    caps[::3], caps[1::5] = people // 60, people // 100
    return Market(
        values=values, costs=costs, allowed=allowed, cells=cells, caps=caps, sms=np.arange(OFFERS) % CHANNELS == 0,
        places=people // 25, budget=int(PAID * people * costs.mean()),
    )  # fmt: skip


def run(_data: Path, *, people: int = PEOPLE) -> Sequence[Figure]:
    """Measure the assignment, then what a greedy rule and a solver make of the same."""
    begin = time.perf_counter()
    market(1_000).assign()
    compiled = time.perf_counter() - begin
    asked = market(people)
    before = _peak_mb()
    wall, cpu, made = _timed(asked)
    peak = _peak_mb()
    alone_wall, _, alone = _timed(asked, alone=True)
    return [
        at_most("seconds", wall, "s", 15),
        at_most("cpu_seconds", cpu, "s", 15),
        Figure(name="gap_to_bound", value=made.gap, unit="", bar=0.01, ok=0 <= made.gap <= 0.01),
        colour("gap_per_million", made.gap * 1e6, "of the bound"),
        at_most("broken_limits", _broken(asked, made), "", 0),
        at_most("unequal_cells", _unequal(asked, made) - made.cut, "cells", 0),
        colour("cells_cut_by_a_draw", made.cut, "cells"),
        colour("allowed", float(asked.allowed.mean()), "of pairs"),
        colour("given", float((made.choice >= 0).mean()), "of people"),
        colour("spent", made.spent / asked.budget, "of budget"),
        colour("full_caps", float((made.used == asked.caps).sum()), "offers"),
        colour("channel_full", float(made.used[asked.sms].sum()) / asked.places, "of its places"),
        colour("budget_price", made.budget_price, "yuan a fen"),
        colour("peak_mb", peak, "MB"),
        colour("peak_mb_of_the_input", before, "MB"),
        colour("first_call_s", compiled, "s"),
        colour("alone_seconds", alone_wall, "s"),
        Figure(name="alone_gap_to_bound", value=alone.gap, unit="", bar=0.01, ok=0 <= alone.gap <= 0.01),
        at_least("value_to_greedy", made.value / greedy(asked), "", 1),
        *_solved(market(max(people // SMALLER, 2_000))),
    ]


def greedy(asked: Market) -> float:
    """Return what the pairs with the best ratio of value to cost bring, taken one by one under the same limits.

    People of a cell with the same offers are one here too; a limit that cuts them gives to some of them.
    """
    blocks, size, sums = _together(asked)
    of, offer = np.nonzero(sums > 0)
    gain = sums[of, offer] / size[of]
    turn = np.argsort(-gain / asked.costs[offer], kind="stable")
    room, left, total = asked.caps.tolist(), asked.budget, 0.0
    shared, places = asked.sms.tolist(), asked.places
    free = np.ones(blocks, np.bool_)
    for one, j, worth in zip(of[turn].tolist(), offer[turn].tolist(), gain[turn].tolist(), strict=True):
        if not free[one]:
            continue
        people = min(int(size[one]), room[j], left // int(asked.costs[j]), places if shared[j] else room[j])
        if people > 0:
            free[one] = False
            room[j] -= people
            places -= people if shared[j] else 0
            left -= people * int(asked.costs[j])
            total += people * worth
    return total


def _solved(asked: Market) -> list[Figure]:
    """Compare with the optimum of the linear programme, which may cut any cell; nothing where no solver is."""
    if importlib.util.find_spec("scipy") is None:
        return []
    optimize: Any = importlib.import_module("scipy.optimize")
    sparse: Any = importlib.import_module("scipy.sparse")
    wall, _, made = _timed(asked)
    begin = time.perf_counter()
    blocks, size, sums = _together(asked)
    of, offer = np.nonzero(sums > 0)
    limits = np.concatenate([np.ones(blocks), asked.caps, [asked.budget, asked.places]])
    rows = np.concatenate([of, blocks + offer, np.full(of.size, blocks + OFFERS), np.full(of.size, limits.size - 1)])
    entries = np.concatenate([np.ones(of.size), size[of], size[of] * asked.costs[offer], size[of] * asked.sms[offer]])
    columns = np.tile(np.arange(of.size), 4)
    matrix = sparse.csr_matrix((entries, (rows, columns)), shape=(limits.size, of.size))
    best = -optimize.linprog(-sums[of, offer], A_ub=matrix, b_ub=limits, method="highs").fun
    return [
        colour("small_people", asked.cells.size, "people"),
        colour("small_seconds", wall, "s"),
        colour("small_highs_seconds", time.perf_counter() - begin, "s"),
        at_least("small_value_to_highs", made.value / best, "", 0.99),
        at_least("small_bound_to_highs", made.bound / best, "", 1 - 1e-9),
    ]


def _together(asked: Market) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
    """Return how many blocks of one cell and one row of offers there are, their sizes and their sums of values."""
    _, block, size = np.unique(_keys(asked), return_inverse=True, return_counts=True)
    sums = np.zeros((size.size, OFFERS))
    for j in range(OFFERS):
        sums[:, j] = np.bincount(block, np.where(asked.allowed[:, j], asked.values[:, j], 0.0), size.size)
    return size.size, size, sums


def _keys(asked: Market) -> NDArray[np.int64]:
    return asked.cells.astype(np.int64) * (1 << OFFERS) + asked.allowed @ (1 << np.arange(OFFERS))


def _broken(asked: Market, made: Assignment) -> int:
    got = np.flatnonzero(made.choice >= 0)
    spent = int(asked.costs[made.choice[got]].sum())
    used = np.bincount(made.choice[got], minlength=OFFERS)
    forbidden = int((~asked.allowed[got, made.choice[got]]).sum())
    over = int((used > asked.caps).sum()) + (used[asked.sms].sum() > asked.places) + (spent > asked.budget)
    return int(forbidden + over)


def _unequal(asked: Market, made: Assignment) -> int:
    """Blocks whose people did not all get the same."""
    keys, block = np.unique(_keys(asked), return_inverse=True)
    least, most = np.full(keys.size, OFFERS), np.full(keys.size, -1)
    np.minimum.at(least, block, made.choice)
    np.maximum.at(most, block, made.choice)
    return int((least != most).sum())


def _timed(asked: Market, *, alone: bool = False) -> tuple[float, float, Assignment]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = asked.assign(alone=alone)
    return time.perf_counter() - wall, time.process_time() - cpu, made


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
