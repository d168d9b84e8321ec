"""Readings: what a metric query gives, as values with their reasons, and how two of them compare."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from guanxi.core import DAY_MS, Window
from guanxi.traits.metrics.answers import MetricAnswer, MetricChange, Point, Reading
from guanxi.traits.metrics.rows import Metric
from guanxi.traits.metrics.sql import MetricQuery, missing_kinds, words_of

NOTHING: Final = "没有可除的 · nothing to divide by"
NO_PERSON: Final = "来源没有写明是谁 · the rows name nobody"


class Table:
    """The answer of a metric query, looked up by window, part and bucket.

    rows    of the query, as mappings
    now_ms  the instant that "now" stands for
    """

    def __init__(self, query: MetricQuery, rows: Iterable[Mapping[str, Any]], *, now_ms: int, currency: str) -> None:
        self._query, self._now_ms, self._currency = query, now_ms, currency
        self._cells: dict[tuple[str, int, str | None, int | None], Mapping[str, Any]] = {}
        self.present: dict[str, bool] = {}
        for row in rows:
            if row["fact"].startswith("has:"):
                self.present[row["fact"].removeprefix("has:")] = bool(row["n"])
            else:
                self._cells[row["fact"], row["place"], row["part"], row["bucket"]] = row

    def rows(self, place: int) -> int:
        """Return how many rows of all facts lie in a window."""
        return int(sum(row["n"] for (_, one, part, _), row in self._cells.items() if one == place and part is None))

    def newest(self, place: int) -> int:
        """Return the last bucket of a window that holds a row of whatever part; -1 when none does."""
        held = [bucket for (_, one, _, bucket), row in self._cells.items() if one == place and row["n"]]
        return max((bucket for bucket in held if bucket is not None), default=-1)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of event that the query read."""
        return self._query.kinds

    def known(self, metric: Metric) -> bool:
        """Return whether the kinds that a metric needs have occurred."""
        return not missing_kinds(metric, self.present)

    def parts(self, metric: Metric) -> list[str]:
        """Return the parts of a dimension that hold rows of a metric, in order."""
        found = {part for fact, _, part, _ in self._cells if fact in metric.facts and part is not None}
        return sorted(found)

    def reading(
        self, metric: Metric, place: int, window: Window, *, part: str | None = None, bucket: int | None = None
    ) -> Reading:
        """Return the value of a metric in a window, or why it cannot be said."""
        lacking = missing_kinds(metric, self.present)
        if lacking:
            return Reading(value=None, n=0, missing=words_of(lacking))

        def value(fact: str, text: str) -> float | None:
            row = self._cells.get((fact, place, part, bucket))
            return None if row is None else row[self._query.columns[fact, text]]

        first = metric.facts[0]
        rows = int((self._cells.get((first, place, part, bucket)) or {"n": 0})["n"])
        n = int(value(first, metric.n) or 0)
        tops = [(part_of.sign, value(part_of.fact, part_of.value)) for part_of in metric.of]
        top = sum(sign * (one or 0.0) for sign, one in tops)
        if metric.ripens_days and window.end_ms + metric.ripens_days * DAY_MS > self._now_ms:
            return Reading(value=None, n=n, missing=f"还要等满 {metric.ripens_days} 天 · {metric.ripens_days} days have"
                           " not passed yet")  # fmt: skip
        if rows and metric.unit == "money" and tops[0][1] is None and not metric.over:
            said = f"来源没有写明{self._currency}金额 · the rows state no amount in {self._currency}"
            return Reading(value=None, n=n, missing=said)
        if metric.people and rows and not n:
            return Reading(value=None, n=0, missing=NO_PERSON)
        if not metric.over:
            return Reading(value=top, n=n)
        bottom = sum(value(part_of.fact, part_of.value) or 0.0 for part_of in metric.over)
        if not bottom:
            return Reading(value=None, n=n, numerator=top, denominator=bottom, missing=NOTHING)
        return Reading(value=top / bottom, n=n, numerator=top, denominator=bottom)


def answer(metric: Metric, current: Reading, compared: Reading | None, currency: str) -> MetricAnswer:
    """Return a metric now beside what it is compared with."""
    return MetricAnswer(
        metric=metric.name, zh=metric.zh, en=metric.en, unit=metric.unit, better=metric.better, current=current,
        compared=compared, change=change(metric, current.value, compared.value if compared else None),
        currency=currency,
    )  # fmt: skip


def change(metric: Metric, current: float | None, compared: float | None) -> float | None:
    """Return by how much a value changed: relative, for a share the plain difference; None when it cannot be said."""
    if current is None or compared is None:
        return None
    if metric.unit == "share":
        return current - compared
    return (current - compared) / abs(compared) if compared else None


def contributions(
    metric: Metric, dimension: str, parts: Mapping[str, tuple[Reading, Reading]], whole: tuple[Reading, Reading],
    *, labels: Mapping[str, str], stale: frozenset[str] = frozenset(),
) -> list[MetricChange]:  # fmt: skip
    """Return what each part adds to the change of the whole, the largest first.

    parts    part -> (current, compared)
    whole    (current, compared)
    labels   part -> Chinese name
    stale    parts whose data is late
    source   of a quotient: w1 (r1 - R0) - w0 (r0 - R0), w the part's share of the denominator, r its rate, R0 the
             whole's earlier rate; rate and mix together, and the parts add up to the change exactly
    """
    total = _difference(*(reading.value for reading in whole))
    found = []
    for part, (now, then) in parts.items():
        effect = _effect(metric, now, then, whole)
        found.append(
            (abs(effect or 0.0), MetricChange(
                metric=metric.name, zh=metric.zh, en=metric.en, unit=metric.unit, better=metric.better,
                dimension=dimension, part=part, part_zh=labels.get(part, part or "未写明"), current=now.value,
                compared=then.value, change=change(metric, now.value, then.value),
                of_total=effect / total if effect is not None and total else None, stale=part in stale,
            ))
        )  # fmt: skip
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].part))]


def points(
    table: Table, metric: Metric, place: int, window: Window, starts: Iterable[int], *, part: str | None = None,
    partial: bool = False,
) -> tuple[Point, ...]:  # fmt: skip
    """Return a series: a value for every bucket, 0 where nothing happened, None where it cannot be said.

    partial  the last bucket still runs: without any row yet it is not known, nor are the hours after the newest row
    """
    begins = list(starts)
    newest = table.newest(place)
    hours = len(begins) > 1 and begins[1] - begins[0] < DAY_MS
    made = []
    for number, begin in enumerate(begins):
        end = begins[number + 1] if number + 1 < len(begins) else window.end_ms
        reading = table.reading(metric, place, Window(max(begin, window.start_ms), end), part=part, bucket=begin)
        running = partial and number + 1 == len(begins)
        unknown = partial and not place and begin > newest and (running or hours)
        made.append(Point(start_ms=begin, value=None if unknown else reading.value, partial=running))
    return tuple(made)


def _difference(current: float | None, compared: float | None) -> float | None:
    return None if current is None or compared is None else current - compared


def _effect(metric: Metric, now: Reading, then: Reading, whole: tuple[Reading, Reading]) -> float | None:
    if metric.additive:
        return (now.value or 0.0) - (then.value or 0.0)
    earlier = whole[1].value
    # People who are in two parts count in both, so that parts of a quotient of people do not add up.
    if not metric.over or metric.people or earlier is None or not whole[0].denominator or not whole[1].denominator:
        return None
    gained = ((now.numerator or 0.0) - earlier * (now.denominator or 0.0)) / whole[0].denominator
    lost = ((then.numerator or 0.0) - earlier * (then.denominator or 0.0)) / whole[1].denominator
    return gained - lost
