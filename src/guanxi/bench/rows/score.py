"""Scores of rows of the capability list: where a method stands between its baseline and an oracle."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import msgspec

from guanxi.core import DataError, SettingError

#: Seeds that work may use; 1000 to 1999 are for the nightly run, from 2000 on for releases.
SEEDS: Final = range(1_000)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a world says of one measure.

    name      the measure
    method, baseline, oracle   the same quantity by each; oracle: who knows the form and not the draws
    rates     absolute rates and base rates behind it
    """

    name: str
    method: float
    baseline: float
    oracle: float
    rates: dict[str, float] = {}


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A measure over several worlds.

    row, name, variant   of the capability list; what is measured; which functional form
    method, baseline, oracle, rates   means over the worlds
    score     (method - baseline) / (oracle - baseline)
    error     standard error of the score over worlds; nan with a single one
    seeds     of the worlds
    """

    row: str
    name: str
    variant: str
    method: float
    baseline: float
    oracle: float
    score: float
    error: float
    rates: dict[str, float]
    seeds: tuple[int, ...]

    @property
    def leaks(self) -> bool:
        """Whether the method beats who knows the truth by more than its error: then it saw what it must not."""
        return self.score > 1 + 3 * (self.error if math.isfinite(self.error) else 0.05)

    @property
    def ok(self) -> bool:
        """Whether the method is above its baseline by two errors, and does not leak."""
        return self.score > 2 * (self.error if math.isfinite(self.error) else 0.0) and not self.leaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large one world of a row is."""

    people: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scorer.

    id, name   of the capability list
    planted    the base part or mechanism that lists the row in `serves`
    variants   functional forms: all are run
    bare       world and number of seeds of a run without options; full: of a run with --full
    read       (seed, variant, size) -> readings
    """

    id: str
    name: str
    planted: str
    variants: tuple[str, ...]
    bare: tuple[Size, int]
    full: tuple[Size, int]
    read: Callable[[int, str, Size], Sequence[Reading]]


def scored(row: str, variant: str, readings: Mapping[int, Sequence[Reading]]) -> tuple[Score, ...]:
    """Return a score for each measure from the readings of several seeds.

    raises   DataError when the oracle is no better than the baseline: then the world holds nothing to find
    """
    found = []
    for place, first in enumerate(next(iter(readings.values()))):
        every = [one[place] for one in readings.values()]
        method, baseline, oracle = (
            _mean([getattr(one, name) for one in every]) for name in ("method", "baseline", "oracle")
        )
        room = oracle - baseline
        if room <= 0:
            raise DataError(
                f"{row} {first.name}: the oracle has {oracle:.4f}, the baseline {baseline:.4f}", "Use a larger world"
            )
        each = [(one.method - baseline) / room for one in every]
        found.append(Score(
            row=row, name=first.name, variant=variant, method=method, baseline=baseline, oracle=oracle,
            score=(method - baseline) / room, error=_error(each),
            rates={name: _mean([one.rates[name] for one in every]) for name in first.rates}, seeds=tuple(readings),
        ))  # fmt: skip
    return tuple(found)


def read_seeds(text: str) -> range:
    """Return the seeds of "A:B": A, A + 1, … B - 1.

    raises   SettingError for other text, or seeds outside SEEDS
    """
    first, _, last = text.partition(":")
    if not (first.isdigit() and last.isdigit() and int(first) < int(last)):
        raise SettingError(f"the seeds are {text!r:.40}", "Write them as 0:40, the last one not included", "seeds")
    if int(last) > SEEDS.stop:
        raise SettingError(f"seeds up to {last} are not for work", f"Stay below {SEEDS.stop}", "seeds")
    return range(int(first), int(last))


def covers(low: float, high: float, truth: float, *, error: float = 0.0) -> bool:
    """Whether an interval holds the truth; a truth that was measured itself widens it by its own error.

    error   standard error of the truth; the half widths add in quadrature, 1.645 of them at 90 %
    """
    middle, half = (low + high) / 2, (high - low) / 2
    return abs(truth - middle) <= math.hypot(half, 1.645 * error)


def wilson(hits: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share.

    source   Wilson, "Probable Inference", JASA 1927
    """
    if not 0 <= hits <= trials or not trials:
        raise DataError(f"{hits} of {trials} is no share", "Count hits among at least one trial")
    z = _normal_quantile((1 + level) / 2)
    rate, width = hits / trials, z * z / trials
    middle = (rate + width / 2) / (1 + width)
    half = z / (1 + width) * math.sqrt(rate * (1 - rate) / trials + width / (4 * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def coverage_holds(hits: int, trials: int, *, nominal: float = 0.90) -> bool:
    """Whether a coverage is fit for release: the 95 % Wilson interval over at least 400 worlds holds the level.

    raises   DataError for fewer worlds: they are a tripwire, see `band`
    """
    if trials < 400:
        raise DataError(f"{trials} worlds are too few to release a coverage", "Run at least 400, or use `band`")
    low, high = wilson(hits, trials)
    return low <= nominal <= high


def band(trials: int, *, nominal: float = 0.90, level: float = 0.99) -> tuple[int, int]:
    """Return the fewest and the most hits that a tripwire lets pass: the exact binomial band."""
    tail, low, high, total = (1 - level) / 2, 0, trials, 0.0
    for hits in range(trials + 1):
        before = total
        total += math.comb(trials, hits) * nominal**hits * (1 - nominal) ** (trials - hits)
        if before <= tail < total:
            low = hits
        if total >= 1 - tail:
            high = hits
            break
    return low, high


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    mean = _mean(values)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (len(values) - 1) / len(values))


def _normal_quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
