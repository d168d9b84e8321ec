"""Traits by their definition: every event before this one is looked at again, in plain Python."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from guanxi.core import DAY_MS, RowTable
from guanxi.traits.measure import Measure
from guanxi.traits.state import Plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself
from guanxi.traits.trait import MEMORY_MS, Trait, check, length_ms

MEASURES = RowTable(
    [
        Measure(name="orders", kinds=("Order Created",), zh="下单", en="orders placed"),
        Measure(name="spend", kinds=("Order Completed",), value="amount", unit="money", zh="付款", en="orders paid"),
        Measure(name="refunds", kinds=("Order Refunded",), value="amount", unit="money", zh="退款", en="refunds"),
        Measure(name="fails", kinds=("Payment Failed",), zh="付款失败", en="payments failed"),
    ],
    noun="measure",
)
WINDOWED = ("count", "sum", "mean", "min", "max", "std", "distinct", "ratio")
PARTIES = ("person", "device")
CITIES = 5


def trait(party: str, of: str, aggregate: str, window: str, **more: object) -> Trait:
    """A trait of the measures above."""
    row = {"name": "", "party": party, "of": of, "aggregate": aggregate, "window": window, "topic": "t",
           "uses": ("risk",), "zh": "", "en": "", "why_zh": "", "why_en": "", **more}  # fmt: skip
    return check(Trait(**row), MEASURES)  # type: ignore[arg-type]


def every_trait(windows: tuple[str, ...], days: tuple[str, ...]) -> list[Trait]:
    """Every aggregate over every window that takes it."""
    rows = []
    for party in PARTIES:
        for window in (*windows, *days):
            rows += [trait(party, "spend", one, window) for one in ("sum", "mean", "min", "max", "std")]
            rows += [trait(party, "orders", "count", window), trait(party, "orders", "distinct", window, by="p.city"),
                     trait(party, "fails", "ratio", window, over="orders"),
                     trait(party, "refunds", "ratio", window, over="spend")]  # fmt: skip
        for window in windows:
            rows += [trait(party, "orders", one, window) for one in ("gap_mean", "gap_std")]
            rows += [trait(party, "orders", "after", window, after="fails", within="30m"),
                     trait(party, "spend", "versus", window),
                     trait(party, "fails", "distinct", window, by="role.ip")]  # fmt: skip
        for window in days:
            rows += [trait(party, "orders", one, window, by="p.city") for one in ("top", "top_share", "entropy")]
            rows += [trait(party, "orders", "top", window, by="p.city", rank=rank) for rank in (2, 3)]
        rows += [trait(party, "orders", one, "life") for one in ("since_first", "since_last", "streak")]
        rows += [trait(party, "spend", one, "life") for one in ("first", "last", "balance")]
        rows += [trait(party, "orders", "decayed", "life", half_life="7d"),
                 trait(party, "spend", "decayed", "life", half_life="6h")]  # fmt: skip
    return rows


def random_events(plan: Plan, *, seed: int, count: int, days: float, parties: int) -> NDArray[np.int64]:
    """Events in order, with ties in time, bursts, missing values, names and parties."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, max(int(days * DAY_MS), 1), count))
    burst = rng.random(count) < 0.3
    at[1:][burst[1:]] = at[:-1][burst[1:]] + rng.integers(0, 3, burst[1:].sum()) * 60_000
    events = np.zeros((count, plan.event_words), np.int64)
    events[:, L.E_CLOCK] = 1_700_000_000_000 + np.maximum.accumulate(at)
    events[:, L.E_SEQ] = np.arange(1, count + 1)
    kind = rng.integers(0, len(plan.measures), count)
    events[:, L.E_BITS] = 1 << kind
    events[rng.random(count) < 0.1, L.E_BITS] |= 3
    events[:, L.E_PRESENT] = rng.random(count) < 0.9
    values = L.E_BITS + plan.bit_words
    amounts = rng.integers(-1_000, 10**12, count)
    events[:, values] = np.where(events[:, L.E_PRESENT], amounts, 0)
    for place in range(len(plan.codes)):
        code = rng.integers(0, CITIES + 1, count)
        events[:, values + 1 + place] = code * 0x5DEECE66D * (1 if place else -1)
    for place in range(len(plan.parties)):
        key = rng.zipf(1.3, count) % (parties + 1)
        events[:, values + 1 + len(plan.codes) + place] = key * 0x2545F4914F6CDD1D % (1 << 62)
    return events


@dataclass
class _Past:
    clock: int
    seq: int
    bits: int
    value: int | None
    codes: tuple[int, ...]
    gaps: dict[str, int]  # measure -> ms since the one before
    came: dict[str, int]  # measure -> clock of the latest one before


@dataclass
class Naive:
    """What each event sees by the definitions."""

    plan: Plan
    parties: dict[tuple[str, int], list[_Past]] = field(default_factory=dict)

    def read(self, event: NDArray[np.int64]) -> list[float]:
        """The traits of an event, nan where unknown."""
        return [self._trait(row, event) for row in self.plan.traits]

    def add(self, event: NDArray[np.int64]) -> None:
        """Take an event."""
        for name in self.plan.parties:
            key, clock, bits = self._key(name, event), int(event[L.E_CLOCK]), int(event[L.E_BITS])
            if not key or not bits:
                continue
            past = self.parties.setdefault((name, key), [])
            if past and clock - past[-1].clock > MEMORY_MS:
                past.clear()
            came = {one.name: max((e.clock for e in past if e.bits >> place & 1), default=0)
                    for place, one in enumerate(self.plan.measures)}  # fmt: skip
            gaps = {one: clock - at for one, at in came.items() if at}
            values = L.E_BITS + self.plan.bit_words
            value = int(event[values]) if event[L.E_PRESENT] & 1 else None
            codes = tuple(int(one) for one in event[values + 1 : values + 1 + len(self.plan.codes)])
            past.append(_Past(clock, int(event[L.E_SEQ]), bits, value, codes, gaps, came))

    def _key(self, party: str, event: NDArray[np.int64]) -> int:
        return int(event[self.plan.event_words - len(self.plan.parties) + self.plan.parties.index(party)])

    def _trait(self, row: Trait, event: NDArray[np.int64]) -> float:
        key, clock = self._key(row.party, event), int(event[L.E_CLOCK])
        if not key:
            return math.nan
        past = self.parties.get((row.party, key), [])
        if past and clock - past[-1].clock > MEMORY_MS:
            past = []
        bit = next(place for place, one in enumerate(self.plan.measures) if one.name == row.of)
        if row.plan == "window":
            past = [one for one in past if one.clock >= clock - row.window_ms]
        elif row.days:
            past = [one for one in past if local_day(one.clock) > local_day(clock) - row.days]
        mine = [one for one in past if one.bits >> bit & 1]
        values = [one.value for one in mine if one.value is not None]
        own = int(event[L.E_BITS + self.plan.bit_words]) if event[L.E_BITS] >> bit & event[L.E_PRESENT] & 1 else None
        over = [one for one in past if row.over and one.bits >> self._bit(row.over) & 1]
        gaps = [one.gaps[row.of] for one in mine if row.of in one.gaps]
        name = self.plan.codes.index(row.by) if row.by else 0
        codes = [one for one in mine if row.by and one.codes[name]]
        match row.aggregate:
            case "count":
                return len(mine)
            case "sum" | "balance":
                return sum(values)
            case "mean":
                return _over(sum(values), len(values))
            case "min" | "max":
                return (min if row.aggregate == "min" else max)(values, default=math.nan)
            case "std" | "gap_std":
                return _deviation(values if row.aggregate == "std" else gaps)
            case "gap_mean":
                return _over(sum(gaps), len(gaps))
            case "distinct":
                return len({one.codes[name] for one in codes})
            case "ratio" if MEASURES[row.of].value:
                return _over(sum(values), sum(one.value for one in over if one.value is not None))
            case "ratio":
                return _over(len(mine), len(over))
            case "after":
                return sum(1 for one in mine if one.came[row.after] and
                           one.clock - one.came[row.after] <= length_ms(row.within))  # fmt: skip
            case "versus":
                return own / (sum(values) / len(values)) if own is not None and sum(values) else math.nan
            case "first" | "last":
                return values[0 if row.aggregate == "first" else -1] if values else math.nan
            case "since_first" | "since_last":
                return clock - mine[0 if row.aggregate == "since_first" else -1].clock if mine else math.nan
            case "streak":
                return _streak(sorted({local_day(one.clock) for one in mine}), local_day(clock))
            case "decayed":
                half = length_ms(row.half_life)
                return sum((one.value if MEASURES[row.of].value else 1) * 2.0 ** -((clock - one.clock) / half)
                           for one in mine if one.value is not None or not MEASURES[row.of].value)  # fmt: skip
        return self._names(row, [one.codes[name] for one in codes], {one.codes[name]: one.seq for one in codes})

    def _names(self, row: Trait, names: list[int], latest: dict[int, int]) -> float:
        counts = {name: names.count(name) for name in latest}
        ranked = sorted(counts, key=lambda name: (counts[name], latest[name]), reverse=True)
        if row.aggregate == "top":
            return float(np.array([ranked[row.rank - 1]]).view(np.float64)[0]) if len(ranked) >= row.rank else math.nan
        if not names:
            return math.nan
        if row.aggregate == "top_share":
            return counts[ranked[0]] / len(names)
        return -sum(count / len(names) * math.log2(count / len(names)) for count in counts.values())

    def _bit(self, measure: str) -> int:
        return next(place for place, one in enumerate(self.plan.measures) if one.name == measure)


def local_day(clock: int) -> int:
    """The day of an instant in China."""
    return (clock + 8 * 3_600_000) // DAY_MS


def same(row: Trait, one: float, other: float) -> bool:
    """Bit for bit; what is summed as a fraction within the tolerance that is stated."""
    bits = np.array([one, other], np.float64).view(np.int64)
    if bits[0] == bits[1] or (math.isnan(one) and math.isnan(other) and row.aggregate != "top"):
        return True
    return row.aggregate in ("decayed", "entropy") and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


def _deviation(values: list[int]) -> float:
    if not values:
        return math.nan
    high, low = divmod(len(values) * sum(v * v for v in values) - sum(values) ** 2, 2**64)
    return math.sqrt(float(high) * 2.0**64 + float(low)) / len(values)


def _streak(days: list[int], today: int) -> int:
    if not days or days[-1] < today - 1:
        return 0
    return next((n for n in range(1, len(days)) if days[-1 - n] != days[-1] - n), len(days))


@pytest.fixture(scope="session")
def measures() -> RowTable[Measure]:
    return MEASURES
