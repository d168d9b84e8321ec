"""The shape of a trait's values: bars of a histogram now and before, and how far a drift goes beyond chance."""

from itertools import pairwise
from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

Drift = Literal["none", "few", "stable", "moved", "far"]

BARS: Final = 20  # of a histogram, about
SINGLE: Final = 12  # values that differ: up to so many have a bar each
NAMED: Final = 24  # names that have a bar of their own: all hours of a day do
TAILS: Final = (0.02, 0.95)  # what lies outside stands in one bar on each side
MOVED: Final = 0.1  # index of stability from which values moved; FAR: moved far
FAR: Final = 0.25
ENOUGH: Final = 30  # parties below which nothing is said of a drift
_STEPS: Final = (1, 2, 5)
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_TIMES: Final = (
    *(n * _SECOND for n in (1, 5, 15, 30)), *(n * _MINUTE for n in (1, 2, 5, 10, 30)),
    *(n * _HOUR for n in (1, 2, 6, 12)), *(n * _DAY for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
)  # fmt: skip


class TraitBar(msgspec.Struct, frozen=True, kw_only=True):
    """Parties with a value in [low, high), with exactly one value (low = high), or with one name.

    low, high      None = no end; both None without a text: all other names. After a bar of zero alone, [0, high) holds
                   what is above zero
    share, before  of the parties whose value is known, now and a month before
    """

    low: float | None
    high: float | None
    text: str
    parties: int
    share: float
    before: float


def bars(now: pl.Series, before: pl.Series, *, unit: str) -> tuple[TraitBar, ...]:
    """Return a histogram of values now, with what stood there before.

    now, before  numbers or names, null = unknown
    unit         of numbers; times are cut at whole seconds, minutes, hours and days
    """
    now, before = now.drop_nulls(), before.drop_nulls()
    if now.dtype == pl.String:
        return _named(now, before)
    values = np.concatenate([now.to_numpy(), before.to_numpy()]).astype(np.float64)
    if not len(values):
        return ()
    single = np.unique(values)
    cuts = [(one, one) for one in single.tolist()] if len(single) <= SINGLE else _cuts(values, unit)
    alone = len(single) > SINGLE and cuts[0] == (0.0, 0.0)  # the bar after it holds what is above zero
    return tuple(
        _bar(low, high, "", [_inside(one.to_numpy(), low, high, zero=not alone) for one in (now, before)], now, before)
        for low, high in cuts
    )


def chance(bins: int, now: int, before: int) -> float:
    """Return the index of stability that chance alone exceeds in one of twenty comparisons of independent samples.

    bins, now, before  how many bins, and parties then
    source  Yurdakul, "Statistical properties of the population stability index", 2018: the index times
            n * m / (n + m) is about chi-squared; its quantile by Wilson and Hilferty, PNAS 17, 1931
    """
    free = max(bins - 1, 1)
    quantile = free * (1 - 2 / (9 * free) + 1.6449 * (2 / (9 * free)) ** 0.5) ** 3
    return float(quantile * (1 / now + 1 / before))


def drift_of(psi: float | None, *, bins: int, now: int, before: int) -> Drift:
    """Return in a word how far values moved: "none" without a month before, "few" when too few stand behind it."""
    if psi is None:
        return "none"
    if min(now, before) < ENOUGH:
        return "few"
    if psi <= max(MOVED, chance(bins, now, before)):
        return "stable"
    return "moved" if psi <= FAR else "far"


def _named(now: pl.Series, before: pl.Series) -> tuple[TraitBar, ...]:
    names = now.value_counts(sort=True, name="n")[:, 0].to_list()[:NAMED]
    found = [_bar(None, None, name, [int((one == name).sum()) for one in (now, before)], now, before) for name in names]
    rest = [len(one) - int(one.is_in(names).sum()) for one in (now, before)]
    return (*found, *([_bar(None, None, "", rest, now, before)] if any(rest) else []))


def _bar(
    low: float | None, high: float | None, text: str, counts: list[int], now: pl.Series, before: pl.Series
) -> TraitBar:
    return TraitBar(low=low, high=high, text=text, parties=counts[0], share=counts[0] / max(len(now), 1),
                    before=counts[1] / max(len(before), 1))  # fmt: skip


def _cuts(values: NDArray[np.float64], unit: str) -> list[tuple[float | None, float | None]]:
    """[low, high) of bars of one width, open ones for the tails, zero by itself where it is among many."""
    low, high = (float(one) for one in np.quantile(values, TAILS, method="lower"))
    least, most = float(values.min()), float(values.max())
    if high <= low:
        low, high = least, most
    part = unit in ("ratio", "share") and least >= 0 and most <= 1
    if part:
        low, high = 0.0, 1.0
    elif least >= 0 and low < high / 3:
        low = 0.0
    whole = bool((values == np.floor(values)).all())
    step = _step((high - low) / BARS, unit, whole=whole)
    first = np.floor(low / step) * step
    edges = [round(float(first + step * n), 12) for n in range(int(np.floor((high - first) / step)) + 2)]
    found: list[tuple[float | None, float | None]] = []
    if least < edges[0]:
        found.append((None, edges[0]))
    single = whole and step == 1
    if least == edges[0] == 0 and not single and unit not in ("ms", "s"):
        found.append((0.0, 0.0))
    found += [(a, a) if single else (a, b) for a, b in pairwise(edges)]
    if part:
        found[-1] = (1.0, 1.0)
    elif most >= edges[-1]:
        found.append((edges[-1], None))
    return found


def _step(least: float, unit: str, *, whole: bool) -> float:
    """The next width that people like, not below `least`."""
    if unit in ("ms", "s"):
        size = 1 if unit == "ms" else _SECOND
        return next((one / size for one in _TIMES if one / size >= least), _TIMES[-1] / size)
    power = 10.0 ** np.floor(np.log10(least))
    step = next(one * power for one in (*_STEPS, 10) if one * power >= least * (1 - 1e-9))
    return float(max(step, 1.0) if whole else step)


def _inside(values: NDArray[np.float64], low: float | None, high: float | None, *, zero: bool) -> int:
    if low is not None and low == high:
        return int((values == low).sum())
    inside = np.ones(len(values), bool) if zero else values != 0
    if low is not None:
        inside &= values >= low
    if high is not None:
        inside &= values < high
    return int(inside.sum())
