"""Assignment of offers to many people at once, under a budget, caps and equal treatment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.core import DataError
from guanxi.decisions.assign_blocks import Blocks, blocks_of

MOST_OFFERS: Final = 1_000
LARGEST: Final = 2**50  # sums of costs, in fen: exact as floats
FILLS: Final = 4  # rounds in which what is left is given out
WIDE: Final = 1e-3  # a gap above this is tried to be closed by cutting cells

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """Who gets what, what it brings, and how much more anybody could have made of it.

    choice        (people,) number of the offer, -1 = nothing
    chance        (people,) how likely the draw was to give just that: 1.0 where nobody drew
    value         what it brings, by the mean of each cell
    bound         no assignment under the same rules brings more
    gap           (bound - value) / bound
    spent         cost of all that was given, fen
    used          (offers,) people by offer
    cut           cells in which a draw decided
    budget_price  what one more fen of budget would bring, in the unit of the values
    cap_prices    (offers,) what one more place under each cap would bring
    pool_prices   (pools,) what one more place in each pool would bring
    """

    choice: NDArray[np.int32]
    chance: NDArray[np.float64]
    value: float
    bound: float
    gap: float
    spent: int
    used: NDArray[np.int64]
    cut: int
    budget_price: float
    cap_prices: NDArray[np.float64]
    pool_prices: NDArray[np.float64]


def assign(
    values: ArrayLike, costs: ArrayLike, allowed: ArrayLike, *, budget: int | None, caps: ArrayLike | None = None,
    pools: Sequence[tuple[ArrayLike, int]] = (), groups: ArrayLike | None = None, ids: ArrayLike | None = None,
    seed: int = 0,
) -> Assignment:  # fmt: skip
    """Give each person at most one offer so that the values add up to the most.

    values   (people, offers) what an offer to a person is expected to bring; at 0 and below it is never made
    costs    (offers,) or (people, offers) fen, whole, 0 or more
    allowed  (people, offers) whether it may be made at all
    budget   fen that all offers may cost together; None = any
    caps     (offers,) how many people may get each; None = any number
    pools    (offers,) flags of offers that share places, and how many people may get one of them, each
    groups   (people,) behaviour cell; -1 = a person is a cell. People of one cell with the same row of allowed offers
             count with their mean value and get the same offer. Where budget or caps cut through them, the number of
             winners is fixed first, then a draw says who they are; the draw knows an id and the seed, nothing else.
    ids      (people,) whole numbers, one a person: what draws are keyed by; None = the row's number. With ids, the
             order of rows changes nothing: permuted rows give the permuted answer, to the bit.
    returns  an assignment within all limits, with the bound of its Lagrangian dual; the same for the same seed
    raises   DataError, naming the field: shapes, values that are not finite, negative costs, budget or caps
    source   Lagrangian relaxation: Fisher, "The Lagrangian relaxation method for solving integer programming
             problems", Management Science 1981; smoothed by entropy: Nesterov, "Smooth minimization of non-smooth
             functions", 2005
    """
    worth, price, may = _values(values), _costs(costs, np.shape(values)), _allowed(allowed, np.shape(values))
    people, offers = worth.shape
    if not np.isfinite(worth[may]).all():
        raise DataError("a value of an allowed offer is not a number", "Leave out what nobody can estimate", "values")
    places = _whole(caps, "caps", (offers,), people)
    cells = _whole(groups, "groups", (people,), -1, least=-1)
    keys = np.arange(people, dtype=np.uint64) if ids is None else _ids(ids, people)
    if budget is not None and (type(budget) is not int or budget < 0):
        raise DataError(f"the budget is {budget!r:.40}", "Give whole fen, 0 or more; None for no budget", "budget")
    money = LARGEST if budget is None else min(budget, LARGEST)
    sets, wide = _pools(pools, offers)
    blocks = blocks_of(worth, price, may, budget=money, caps=places, groups=cells, ids=keys, seed=seed)
    counts = np.minimum(np.concatenate([places, wide]), people).astype(np.float64)
    limits = np.concatenate([[np.inf if budget is None else float(money)], counts])
    return _assigned(blocks, price, limits, _Places(places, sets, wide), money)


class _Places(NamedTuple):
    """Places left: by offer, and in the pools that some offers share."""

    room: NDArray[np.int64]
    sets: NDArray[np.bool_]
    wide: NDArray[np.int64]

    def fresh(self) -> "_Places":
        return _Places(self.room.copy(), self.sets, self.wide.copy())


def _assigned(
    blocks: Blocks, costs: NDArray[np.int64], limits: NDArray[np.float64], places: _Places, budget: int
) -> Assignment:
    from guanxi.decisions.assign_prices import prices, shares_of

    shares, offers = shares_of(places.sets), places.room.size
    found, heat, bound = prices(blocks, limits, shares)
    price = found @ shares
    made = _handed(blocks, _filled(blocks, price, places.fresh(), budget, heat=0.0))
    if bound - made[0] > WIDE * bound:
        made = max(
            made, _handed(blocks, _filled(blocks, price, places.fresh(), budget, heat=heat)), key=lambda one: one[0]
        )
    value, cut, choice, chance = made
    rows = np.flatnonzero(choice >= 0)
    paid = costs[choice[rows]] if blocks.shared else costs[rows, choice[rows]]
    return Assignment(
        choice=choice, chance=chance, value=value, bound=bound, gap=(bound - value) / bound if bound else 0.0,
        spent=int(paid.sum()), used=np.bincount(choice[rows], minlength=offers).astype(np.int64), cut=cut,
        budget_price=float(found[0]), cap_prices=found[1 : 1 + offers].copy(), pool_prices=found[1 + offers :].copy(),
    )  # fmt: skip


def _handed(blocks: Blocks, given: Counts) -> tuple[float, int, Counts, NDArray[np.float64]]:
    """Return the value, how many cells were cut, and by person the choice and its chance."""
    from guanxi.decisions.assign_loops import hand_out

    choice, chance = np.empty(blocks.order.size, np.int32), np.empty(blocks.order.size)
    value, cut = hand_out(
        blocks.order, blocks.starts, blocks.first, blocks.offer, blocks.value, given, choice, chance
    )  # fmt: skip
    return value, cut, choice, chance


def _filled(blocks: Blocks, price: NDArray[np.float64], places: _Places, left: int, *, heat: float) -> Counts:
    """Return how many people of each pair get it: first those for whom most is at stake, then whoever still fits.

    heat   above 0: blocks get the shares of a softmax first
    """
    from guanxi.decisions.assign_loops import better, gained, serve, share_out, wishes

    lead, rest = np.empty(blocks.size.size), blocks.size.copy()
    given = np.zeros(blocks.offer.size, np.int32)
    kept = (*blocks.pairs, blocks.most, blocks.shared)
    gained(price, *blocks.pairs, blocks.shared, blocks.size, lead)
    turn, least = np.lexsort((blocks.draws, -lead)), 0.0
    if heat:
        left = share_out(turn, price, heat, *kept, blocks.size, *places, left, rest, given)
    for _ in range(FILLS):
        left = serve(turn, least, price, *kept, blocks.size, *places, left, rest, given)
        left = better(turn, *kept, blocks.size, *places, left, given)
        wishes(price, *kept, *places, left, rest, given, lead)
        turn, least = np.lexsort((blocks.draws, -lead)), -np.inf
        if not np.isfinite(lead).any():
            break
    return given


def _values(values: ArrayLike) -> NDArray[np.float64]:
    found = np.ascontiguousarray(values, np.float64)
    if found.ndim != 2 or not 0 < found.shape[1] <= MOST_OFFERS:
        raise DataError(
            f"values has the shape {found.shape}", f"Give (people, offers), with 1 to {MOST_OFFERS} offers", "values"
        )
    return found


def _allowed(allowed: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    found = np.ascontiguousarray(allowed)
    if found.dtype != np.bool_ or found.shape != shape:
        raise DataError(
            f"allowed has the shape {found.shape} of {found.dtype}",
            f"Give truth values of the shape {shape}",
            "allowed",
        )
    return found


def _costs(costs: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    found = np.asarray(costs)
    if found.shape not in (shape, shape[1:]) or not np.issubdtype(found.dtype, np.integer):
        raise DataError(
            f"costs has the shape {found.shape} of {found.dtype}",
            f"Give whole fen of the shape {shape[1:]} or {shape}",
            "costs",
        )
    if found.size and (found.min() < 0 or int(found.max()) * max(shape[0], 1) >= LARGEST):
        raise DataError(
            f"costs lie between {found.min()} and {found.max()} fen",
            f"Give 0 or more, and less than {LARGEST // max(shape[0], 1)}",
            "costs",
        )
    return np.ascontiguousarray(found, np.int64)


def _whole(
    given: ArrayLike | None, field: str, shape: tuple[int, ...], default: int, *, least: int = 0
) -> NDArray[np.int64]:
    found: NDArray[Any] = np.full(shape, default, np.int64) if given is None else np.asarray(given)
    if found.shape != shape or not np.issubdtype(found.dtype, np.integer):
        raise DataError(
            f"{field} has the shape {found.shape} of {found.dtype}", f"Give whole numbers of the shape {shape}", field
        )
    if found.size and found.min() < least:
        raise DataError(f"one of the {field} is {found.min()}", f"Give {least} or more", field)
    return np.ascontiguousarray(found, np.int64)


def _pools(pools: Sequence[tuple[ArrayLike, int]], offers: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    sets, wide = np.zeros((len(pools), offers), np.bool_), np.zeros(len(pools), np.int64)
    for at, (flags, cap) in enumerate(pools):
        given = np.asarray(flags)
        if given.dtype != np.bool_ or given.shape != (offers,) or type(cap) is not int or cap < 0:
            raise DataError(
                f"a pool has flags of the shape {given.shape} of {given.dtype}, and {cap!r:.40} places",
                f"Give truth values of the shape {(offers,)} and whole places, 0 or more", "pools",
            )  # fmt: skip
        sets[at], wide[at] = given, min(cap, 2**62)
    return sets, wide


def _ids(ids: ArrayLike, people: int) -> NDArray[np.uint64]:
    found = np.asarray(ids)
    if found.shape != (people,) or not np.issubdtype(found.dtype, np.integer):
        raise DataError(
            f"ids has the shape {found.shape} of {found.dtype}", f"Give whole numbers of the shape {(people,)}", "ids"
        )
    return found.astype(np.uint64)
