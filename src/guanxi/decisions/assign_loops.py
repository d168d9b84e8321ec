"""The loops of an assignment, compiled; all in one file, since the compiler's cache looks at one file's age.

What they share: blocks are people who are treated alike, pairs are a block and an offer that it may get.

first    (blocks + 1,) where the pairs of each block begin
offer    (pairs,) number of the offer
value    (pairs,) what one person of the block brings with it
unit     mean cost of one person; most: highest cost of one person; both by pair, or by offer when `shared`
size     (blocks,) people
price    (1 + offers,) of a fen of budget, then of one place under each cap
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., object])
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Offers = NDArray[np.int16]
Counts = NDArray[np.int32]
Flags = NDArray[np.bool_]

FAR: Final = -30.0  # exponents below weigh less than 1e-13
LIGHT: Final = 1e-7  # shares below do not bend the dual


def compiled(function: F) -> F:
    """Compile a loop; the first call compiles, later processes read the cache. No sum is reordered."""
    njit: Any = numba.njit
    return cast(F, njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))


@compiled
def gather(
    values: Floats, costs: NDArray[np.int64], shared: bool, allowed: NDArray[np.bool_], order: Ints, starts: Ints,
    caps: Ints, budget: int, first: Ints, offer: Offers, value: Floats, unit: Floats, most: Ints,
) -> int:  # fmt: skip
    """Write the pairs of each block that could be worth something; return how many they are.

    order, starts   people by block, and where each block's people begin
    unit, most      written by pair unless `shared`
    """
    offers, made = caps.size, 0
    for block in range(first.size - 1):
        first[block] = made
        begin, end = starts[block], starts[block + 1]
        people = end - begin
        for j in range(offers):
            if not allowed[order[begin], j] or caps[j] < 1:
                continue
            total, spent, highest = 0.0, 0, 0
            for at in range(begin, end):
                total += values[order[at], j]
                cost = costs[0, j] if shared else costs[order[at], j]
                spent += cost
                highest = max(highest, cost)
            if total <= 0.0 or highest > budget:
                continue
            offer[made], value[made] = j, total / people
            if not shared:
                unit[made], most[made] = spent / people, highest
            made += 1
    first[first.size - 1] = made
    return made


@compiled
def smoothed(
    price: Floats, heat: float, step: int, first: Ints, offer: Offers, value: Floats, unit: Floats, shared: bool,
    size: Ints, slope: Floats, bend: Floats,
) -> float:  # fmt: skip
    """Return what all blocks gain at these prices when each chooses by a softmax; every step-th block counts.

    heat     of the softmax, in the unit of values: 0 would be the best choice
    slope    (1 + offers,) gets what they use: cost, then people by offer
    bend     (1 + offers, 1 + offers) gets how fast that falls with the prices; shape (0, 0) = is not wanted
    """
    wanted = bend.shape[0] > 0
    slope[:] = 0.0
    bend[:, :] = 0.0
    share, total = np.zeros(price.size), 0.0
    for block in range(0, size.size, step):
        begin, end = first[block], first[block + 1]
        top = 0.0
        for p in range(begin, end):
            cost = unit[offer[p]] if shared else unit[p]
            top = max(top, (value[p] - price[0] * cost - price[1 + offer[p]]) / heat)
        whole = math.exp(-top)
        for p in range(begin, end):
            cost = unit[offer[p]] if shared else unit[p]
            power = (value[p] - price[0] * cost - price[1 + offer[p]]) / heat - top
            weight = math.exp(power) if power > FAR else 0.0
            share[1 + offer[p]] = weight
            whole += weight
        people = size[block]
        total += people * heat * (top + math.log(whole))
        spent = 0.0
        for p in range(begin, end):
            j = 1 + offer[p]
            share[j] /= whole
            spent += share[j] * (unit[offer[p]] if shared else unit[p])
            slope[j] += people * share[j]
        slope[0] += people * spent
        if wanted:
            bow(people / heat, spent, begin, end, offer, unit, shared, share, bend)
    for j in range(1, bend.shape[0]):
        bend[j, 0] = bend[0, j]
    return total


@compiled
def bow(
    scale: float, spent: float, begin: int, end: int, offer: Offers, unit: Floats, shared: bool, share: Floats,
    bend: Floats,
) -> None:  # fmt: skip
    """Add how one block's use falls with the prices: the covariance of what its softmax uses, times a scale."""
    bend[0, 0] -= scale * spent * spent
    for p in range(begin, end):
        j = 1 + offer[p]
        if share[j] < LIGHT:
            continue
        cost = unit[offer[p]] if shared else unit[p]
        bend[0, 0] += scale * share[j] * cost * cost
        bend[0, j] += scale * share[j] * (cost - spent)
        bend[j, j] += scale * share[j]
        for q in range(begin, end):
            bend[j, 1 + offer[q]] -= scale * share[j] * share[1 + offer[q]]


@compiled
def gained(
    price: Floats, first: Ints, offer: Offers, value: Floats, unit: Floats, shared: bool, size: Ints, lead: Floats
) -> float:
    """Return what all blocks gain at these prices when each takes its best.

    lead     gets how far each block's best is above its second best (nothing counts as 0), by person
    returns  the sum, each block's gain rounded once: compensated, so that its error does not grow with the blocks
    """
    total, lost = 0.0, 0.0
    for block in range(size.size):
        best, second = 0.0, 0.0
        for p in range(first[block], first[block + 1]):
            cost = unit[offer[p]] if shared else unit[p]
            gain = value[p] - price[0] * cost - price[1 + offer[p]]
            if gain > best:
                best, second = gain, best
            elif gain > second:
                second = gain
        lead[block] = best - second
        part = size[block] * best - lost
        after = total + part
        lost = (after - total) - part
        total = after
    return total


@compiled
def places(j: int, room: Ints, sets: Flags, wide: Ints) -> int:
    """Return how many people may still get an offer."""
    free = int(room[j])
    for k in range(wide.size):
        if sets[k, j]:
            free = min(free, int(wide[k]))
    return free


@compiled
def take(j: int, many: int, room: Ints, sets: Flags, wide: Ints) -> None:
    """Take places of an offer, wherever they are counted; below 0 gives them back."""
    room[j] -= many
    for k in range(wide.size):
        if sets[k, j]:
            wide[k] -= many


@compiled
def serve(
    blocks: Ints, least: float, price: Floats, first: Ints, offer: Offers, value: Floats, unit: Floats, most: Ints,
    shared: bool, size: Ints, room: Ints, sets: Flags, wide: Ints, left: int, rest: Ints, given: Counts,
) -> int:  # fmt: skip
    """Let blocks choose one after the other what gains most of what is left; return the budget that is left.

    least    gains at or below it are not wanted
    room     (offers,) places left; sets, wide: (pools, offers) what shares places, and (pools,) how many are left there
    rest     (blocks,) people without an offer; given: (pairs,) people; room, wide, rest and given are changed
    A block that does not fit as a whole gets what fits, at the highest cost among its people, so that whoever is
    drawn can be paid; its other people choose on.
    """
    for block in blocks:
        begin, end = first[block], first[block + 1]
        while rest[block] > 0:
            chosen, best, many, pay = -1, least, 0, 0
            for p in range(begin, end):
                at = offer[p] if shared else p
                gain = value[p] - price[0] * unit[at] - price[1 + offer[p]]
                if gain <= best:
                    continue
                free = places(offer[p], room, sets, wide)
                if free < 1:
                    continue
                whole = round(unit[at] * size[block])
                if rest[block] == size[block] and free >= size[block] and whole <= left:
                    chosen, best, many, pay = p, gain, size[block], whole
                    continue
                fit = min(rest[block], free)
                if most[at] > 0:
                    fit = min(fit, left // most[at])
                if fit > 0:
                    chosen, best, many, pay = p, gain, fit, fit * most[at]
            if chosen < 0:
                break
            given[chosen] += many
            rest[block] -= many
            take(offer[chosen], many, room, sets, wide)
            left -= pay
    return left


@compiled
def share_out(
    blocks: Ints, price: Floats, heat: float, first: Ints, offer: Offers, value: Floats, unit: Floats, most: Ints,
    shared: bool, size: Ints, room: Ints, sets: Flags, wide: Ints, left: int, rest: Ints, given: Counts,
) -> int:  # fmt: skip
    """Give each block what the softmax at these prices gives it, people rounded down; return the budget left.

    Where cells are few and large, a best answer cuts some of them, and the softmax knows at which share.
    """
    for block in blocks:
        begin, end = first[block], first[block + 1]
        top = 0.0
        for p in range(begin, end):
            top = max(top, value[p] - price[0] * unit[offer[p] if shared else p] - price[1 + offer[p]])
        whole = math.exp(-top / heat)
        for p in range(begin, end):
            gain = value[p] - price[0] * unit[offer[p] if shared else p] - price[1 + offer[p]]
            whole += math.exp((gain - top) / heat)
        for p in range(begin, end):
            at = offer[p] if shared else p
            gain = value[p] - price[0] * unit[at] - price[1 + offer[p]]
            many = int(size[block] * math.exp((gain - top) / heat) / whole + 1e-3)
            many = min(many, int(rest[block]), places(offer[p], room, sets, wide))
            if most[at] > 0:
                many = min(many, left // most[at])
            given[p] = many
            rest[block] -= many
            take(offer[p], many, room, sets, wide)
            left -= many * most[at]
    return left


@compiled
def wishes(
    price: Floats, first: Ints, offer: Offers, value: Floats, unit: Floats, most: Ints, shared: bool, room: Ints,
    sets: Flags, wide: Ints, left: int, rest: Ints, given: Counts, wish: Floats,
) -> None:  # fmt: skip
    """Write what each block with people left would still gain by fen of its best wish that fits; -inf = none."""
    for block in range(rest.size):
        wish[block] = -np.inf
        if rest[block] == 0:
            continue
        for p in range(first[block], first[block + 1]):
            at = offer[p] if shared else p
            if most[at] <= left and places(offer[p], room, sets, wide) > 0:
                gain = value[p] - price[0] * unit[at] - price[1 + offer[p]]
                wish[block] = max(wish[block], gain / max(unit[at], 1.0))


@compiled
def paid(pair: int, people: int, block: int, offer: Offers, unit: Floats, most: Ints, shared: bool, size: Ints) -> int:
    """Return the budget that is set aside for some people of a block: what all cost, or the highest cost for each."""
    at = offer[pair] if shared else pair
    return int(round(unit[at] * people) if people == size[block] else people * most[at])


@compiled
def better(
    blocks: Ints, first: Ints, offer: Offers, value: Floats, unit: Floats, most: Ints, shared: bool, size: Ints,
    room: Ints, sets: Flags, wide: Ints, left: int, given: Counts,
) -> int:  # fmt: skip
    """Let people of blocks move on to what brings more, where there is room and money; return the budget left."""
    for block in blocks:
        begin, end = first[block], first[block + 1]
        for p in range(begin, end):
            for q in range(begin, end):
                if given[p] < 1 or value[q] <= value[p]:
                    continue
                take(offer[p], -given[p], room, sets, wide)
                many = min(given[p], places(offer[q], room, sets, wide))
                take(offer[p], given[p], room, sets, wide)
                one, other = offer[p] if shared else p, offer[q] if shared else q
                before = paid(p, given[p], block, offer, unit, most, shared, size)
                before += paid(q, given[q], block, offer, unit, most, shared, size)
                spare = left + before - given[p] * most[one] - given[q] * most[other]
                if most[other] > most[one] and spare < many * (most[other] - most[one]):
                    many = max(spare // (most[other] - most[one]), 0)
                after = paid(p, given[p] - many, block, offer, unit, most, shared, size)
                after += paid(q, given[q] + many, block, offer, unit, most, shared, size)
                if many < 1 or after - before > left:
                    continue
                left -= after - before
                given[p] -= many
                given[q] += many
                take(offer[p], -many, room, sets, wide)
                take(offer[q], many, room, sets, wide)
    return left


@compiled
def hand_out(
    order: Ints, starts: Ints, first: Ints, offer: Offers, value: Floats, given: Counts, choice: Counts, chance: Floats
) -> tuple[float, int]:
    """Give the people of each block, in the order of their draws, what their block got.

    choice, chance   by person: offer or -1, and how likely the draw was to give just that
    returns          the value, by the means of blocks; and how many blocks were cut by a draw
    """
    total, lost, cut = 0.0, 0.0, 0
    for block in range(starts.size - 1):
        at, end = starts[block], starts[block + 1]
        people, outcomes = end - at, 0
        for p in range(first[block], first[block + 1]):
            if given[p] == 0:
                continue
            outcomes += 1
            for _ in range(given[p]):
                choice[order[at]], chance[order[at]] = offer[p], given[p] / people
                at += 1
            part = given[p] * value[p] - lost
            after = total + part
            lost = (after - total) - part
            total = after
        outcomes += at < end
        cut += outcomes > 1
        for k in range(at, end):
            choice[order[k]], chance[order[k]] = -1, (end - at) / people
    return total, cut
