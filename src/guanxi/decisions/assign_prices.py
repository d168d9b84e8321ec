"""Prices of an assignment: what a fen of budget and a place under a cap are worth, and the bound that they prove.

The dual is a sum of kinks, one for each block. It is bent smooth (a softmax over each block's offers instead of the
best one), minimised by Newton's method in as many unknowns as there are prices, and the heat of the softmax lowered;
first over a part of the blocks, then over all.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.decisions.assign_blocks import Blocks

Floats = NDArray[np.float64]

HEATS: Final = (0.3, 0.1, 0.03, 0.01)  # of the softmax, as parts of what a person's best offer brings
FINE: Final = (3e-3, 1e-3, 3e-4, 1e-4, 1e-5)  # for all blocks, as far as they are few
SAMPLE: Final = 20_000  # blocks that find the prices roughly
CROSSED: Final = 20_000_000  # pairs times pairs of a block that one rough look may take
EFFORT: Final = 120_000_000  # pairs looked at in the fine part
ROUNDS: Final = 40  # steps of Newton at one heat
NEAR: Final = 1e-9  # of the dual: a step that would gain less ends the search
HALVINGS: Final = 12
ROUNDING: Final = 1e-12  # by which a bound is raised: sums of floats


def prices(blocks: Blocks, limits: Floats, shares: Floats) -> tuple[Floats, float, float]:
    """Return the prices that were found, the heat they were found at, and the bound: no assignment brings more.

    limits   (1 + offers + pools,) the budget, the caps and the pools; inf = none
    shares   (1 + offers + pools, 1 + offers) what of each limit a fen and a person at each offer use: `shares_of`
    """
    price, lead = np.zeros(limits.size), np.empty(blocks.size.size)
    best = _bound(blocks, limits, shares, price, lead)
    found, mean = price, best / max(int(blocks.size.sum()), 1)
    if not mean:
        return price, 1.0, 0.0
    highest = _highest(blocks, shares)
    crossed = blocks.offer.size**2 // max(blocks.size.size, 1)
    step = max(1, blocks.size.size // SAMPLE, crossed // CROSSED)
    stages = [(heat, step) for heat in HEATS] + [(heat, 1) for heat in FINE]
    effort, warm = EFFORT, mean
    for heat, every in stages:
        if effort <= 0:
            break
        price, looked = _cooler(blocks, limits, shares, price, highest, heat * mean, every)
        effort -= looked if every == 1 else 0
        if every == step == 1 or every != step:
            bound = _bound(blocks, limits, shares, price, lead)
            if bound < best:
                best, found, warm = bound, price, heat * mean
    return found, warm, best * (1 + ROUNDING)


def shares_of(sets: NDArray[np.bool_]) -> Floats:
    """Return the matrix that takes use of fen and offers to use of the limits, its transpose prices to prices.

    sets   (pools, offers) whose places are shared
    """
    wide = np.hstack([np.zeros((sets.shape[0], 1)), sets.astype(float)])
    return np.vstack([np.eye(sets.shape[1] + 1), wide])


def _bound(blocks: Blocks, limits: Floats, shares: Floats, price: Floats, lead: Floats) -> float:
    from guanxi.decisions.assign_loops import gained

    bounded = np.isfinite(limits)
    total = gained(price @ shares, *blocks.pairs, blocks.shared, blocks.size, lead)
    return total + float(price[bounded] @ limits[bounded])


def _highest(blocks: Blocks, shares: Floats) -> Floats:
    """Return prices above which nobody would want anything."""
    unit = blocks.unit[blocks.offer] if blocks.shared else blocks.unit
    highest = np.zeros(shares.shape[1])
    np.maximum.at(highest, blocks.offer + 1, blocks.value)
    highest[0] = np.divide(blocks.value, unit, out=np.zeros(unit.size), where=unit > 0).max()
    return np.asarray((shares * highest).max(axis=1))


def _cooler(
    blocks: Blocks, limits: Floats, shares: Floats, price: Floats, highest: Floats, heat: float, step: int
) -> tuple[Floats, int]:
    """Return the prices that minimise the dual at one heat, and how many pairs were looked at for them."""
    from guanxi.decisions.assign_loops import smoothed

    sizes, bounded = blocks.size, np.isfinite(limits)
    ask = np.where(bounded, limits, 0.0) * (int(sizes[::step].sum()) / int(sizes.sum()))
    slope, looked = np.empty(shares.shape[1]), 0
    bend, none = np.empty((slope.size, slope.size)), np.empty((0, 0))

    def dual(at: Floats, curve: Floats) -> float:
        nonlocal looked
        looked += blocks.offer.size // step
        total = smoothed(at @ shares, heat, step, *blocks.pairs, blocks.shared, sizes, slope, curve)
        return total + float(at @ ask)

    for _ in range(ROUNDS):
        now = dual(price, bend)
        rise = ask - shares @ slope
        free = bounded & ~((price <= 0) & (rise >= 0))
        move = _newton(shares @ bend @ shares.T, rise, free & (highest > 0), highest)
        gain = -float(rise @ move)
        if gain <= NEAR * abs(now):
            break
        pace = 1.0
        for _ in range(HALVINGS):
            trial = np.clip(price + pace * move, 0.0, highest)
            if dual(trial, none) < now - 1e-4 * float(rise @ (price - trial)):
                break
            pace /= 2
        else:
            break
        price = trial
    return price, looked


def _newton(bend: Floats, rise: Floats, free: NDArray[np.bool_], highest: Floats) -> Floats:
    """Return the step of Newton over the prices that are free to move, none much longer than the way to its end."""
    move = np.zeros(rise.size)
    if free.any():
        part = bend[np.ix_(free, free)] + np.diag(np.abs(rise[free]) / highest[free])
        scale = np.sqrt(np.maximum(np.diag(part), 1e-300))
        part = part / np.outer(scale, scale) + 1e-9 * np.eye(scale.size)
        move[free] = -np.linalg.solve(part, rise[free] / scale) / scale
    return move
