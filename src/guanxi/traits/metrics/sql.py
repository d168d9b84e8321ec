"""Metric SQL: many metrics, windows and parts as one query over the lake's views, made here and run in the engines."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from guanxi.core import DataError, Window
from guanxi.events import shipped, table_name
from guanxi.traits.metrics.facts import FACTS, Fact
from guanxi.traits.metrics.period import Bucket
from guanxi.traits.metrics.rows import Metric

#: Table of resolved identities beside the views: ref -> person, for references that are not their party's own name.
SAME_PARTY: Final = "same_party"
WHOLE: Final = None  # the part that stands for all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """A query for many metrics.

    sql      its columns: fact, place (of the window), part (null: the whole), bucket (null: the whole window), n, v0…
    kinds    kinds of event that it reads
    columns  (fact, SQL of the value) -> column
    """

    sql: str
    kinds: tuple[str, ...]
    columns: Mapping[tuple[str, str], str]


def metric_query(
    chosen: Sequence[Metric], windows: Sequence[Window], *, by: str = "", bucket: Bucket | None = None,
    platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False, whole: bool = True,
    occurred: Collection[str] | None = None, numbers: bool = False,
) -> MetricQuery:  # fmt: skip
    """Return one query that reads every metric in every window, as a whole and, with `by`, part by part.

    by        a dimension that every metric allows
    bucket    also cut the windows into buckets of local time; the whole windows are then left out
    resolved  the table `same_party` stands beside the views
    whole     also give the whole beside the parts
    occurred  kinds that ever occurred: facts that read no other are left out, as those without rows; None: any may have
    numbers   references of actors are numbers in the views, those of masked ones negative
    raises    DataError when a metric cannot be split so, or the currency is not a code
    """
    if not re.fullmatch("[A-Z]{3}", currency):
        raise DataError(f"the currency is {currency[:20]!r}", "Use a code of three letters, such as CNY", "currency")
    for metric in chosen:
        metric.check_split(by)
    columns: dict[tuple[str, str], str] = {}
    for metric in chosen:
        for key in (*((part.fact, part.value) for part in (*metric.of, *metric.over)), (metric.facts[0], metric.n)):
            columns.setdefault(key, f"v{len(columns)}")
    facts = [FACTS[name] for name in dict.fromkeys(fact for fact, _ in columns)]
    kinds = {kind for fact in facts for kind in fact.kinds}
    kinds |= {kind for metric in chosen for group in metric.kinds for kind in group}
    there = kinds if occurred is None else kinds.intersection(occurred)
    facts = [fact for fact in facts if there.intersection(fact.kinds)]
    made = _Maker(columns, tuple(windows), tuple(platforms), bucket)
    selects = [
        select for fact in facts for places in made.together() for select in made.selects(fact, places, by, whole=whole)
    ]
    selects += [
        f"SELECT 'has:{kind}' AS fact, 0 AS place, EXISTS(SELECT 1 FROM {table_name(kind)})::DOUBLE AS n"
        for kind in sorted(there or kinds)
    ]
    ctes = _ctes(facts, currency, resolved, windows, numbers=numbers) + made.steps(facts)
    text = (f"WITH {ctes}\n" if ctes else "") + "\nUNION ALL BY NAME ".join(selects)
    return MetricQuery(sql=text, kinds=tuple(sorted(kinds)), columns=columns)


def single_query(
    metric: Metric, window: Window, *, platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False
) -> str:
    """Return the query of one metric in one window as a person may run it: one row with `value` and `n`."""
    facts = [FACTS[name] for name in metric.facts]
    made = _Maker({}, (window,), tuple(platforms), None)

    def scalar(fact: str, value: str) -> str:
        return f"(SELECT {made.filled(value, (0,))} FROM {made.single(FACTS[fact])})"

    top = " ".join(
        f"{'-' if part.sign < 0 else '+' if place else ''} coalesce({scalar(part.fact, part.value)}, 0)".strip()
        for place, part in enumerate(metric.of)
    )
    if metric.over:
        bottom = " + ".join(f"coalesce({scalar(part.fact, part.value)}, 0)" for part in metric.over)
        top = f"({top})::DOUBLE / nullif({bottom}, 0)"
    count = scalar(metric.facts[0], metric.n)
    return f"WITH {_ctes(facts, currency, resolved, [window])}\nSELECT {top} AS value,\n{count} AS n"


def sample_query(
    metric: Metric, window: Window, *, platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False,
    limit: int = 20,
) -> str:  # fmt: skip
    """Return the query of the first rows behind a metric, newest first."""
    fact = FACTS[metric.facts[0]]
    made = _Maker({}, (window,), tuple(platforms), None)
    ctes = _ctes([fact], currency, resolved, [window])
    return f"WITH {ctes}\nSELECT * FROM {fact.name} WHERE {made.where((0,))} ORDER BY at_ms DESC LIMIT {limit}"


def people_query(
    metric: Metric, window: Window, *, platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False,
    limit: int = 50,
) -> str:  # fmt: skip
    """Return the query of how many people stand behind a metric, and some of them: columns people, person."""
    fact = FACTS[metric.facts[0]]
    made = _Maker({}, (window,), tuple(platforms), None)
    ctes = _ctes([fact], currency, resolved, [window])
    return (
        f"WITH {ctes}, who AS (SELECT DISTINCT person FROM {fact.name}"
        f" WHERE person IS NOT NULL AND {made.where((0,))})\n"
        f"SELECT (SELECT count(*) FROM who) AS people, person FROM who ORDER BY person LIMIT {limit}"
    )


def bucket_sql(bucket: Bucket) -> tuple[str, str]:
    """Return SQL of the instants at which the bucket of `at_ms` begins and ends, in China time."""
    if bucket == "month":
        month = "date_trunc('month', make_timestamp((at_ms + 28800000) * 1000))"
        return f"epoch_ms({month}) - 28800000", f"epoch_ms({month} + INTERVAL 1 MONTH) - 28800000"
    if bucket == "hour":
        start, length = "at_ms - at_ms % 3600000", 3_600_000
    elif bucket == "day":
        start, length = "(at_ms + 28800000) // 86400000 * 86400000 - 28800000", 86_400_000
    else:  # weeks begin on Monday; the first day of 1970 was a Thursday
        start = "((at_ms + 28800000) // 86400000 + 3) // 7 * 604800000 - 3 * 86400000 - 28800000"
        length = 604_800_000
    return start, f"{start} + {length}"


@dataclass(frozen=True, slots=True)
class _Maker:
    columns: Mapping[tuple[str, str], str]
    windows: tuple[Window, ...]
    platforms: tuple[str, ...]
    bucket: Bucket | None

    def together(self) -> list[tuple[int, ...]]:
        """Places of the windows that one reading of a fact serves: all, unless some row lies in two of them."""
        ordered = sorted(self.windows, key=lambda window: window.start_ms)
        apart = all(one.end_ms <= other.start_ms for one, other in pairwise(ordered))
        return [tuple(range(len(self.windows)))] if apart else [(place,) for place in range(len(self.windows))]

    def selects(self, fact: Fact, places: tuple[int, ...], by: str, *, whole: bool) -> list[str]:
        """One fact in some windows, as a whole and by a dimension."""
        if fact.per_person:
            return [
                self._people(fact, places, part) for part in ([""] if whole or not by else []) + ([by] if by else [])
            ]
        part = f", coalesce({fact.dimensions[by]}::VARCHAR, '') AS part" if by else ""
        rows = (
            f"(SELECT *, {self._place(places)} AS place{part}{self._bucket()} FROM {fact.name}"
            f" WHERE {self.where(places)})"
        )
        base = "place, bucket" if self.bucket else "place"
        sets = [f"({base})"] if whole or not by else []
        sets += [f"({base}, part)"] if by else []
        return [
            self._select(fact, places, "part" if by else "NULL::VARCHAR", rows, f"GROUPING SETS ({', '.join(sets)})")
        ]

    def single(self, fact: Fact) -> str:
        """The rows of a fact in the only window; steps joined to one row a person."""
        if not fact.per_person:
            return f"(SELECT * FROM {fact.name} WHERE {self.where((0,))})"
        flags = ", ".join(f"bool_or({step}) AS {step}" for step in fact.per_person)
        return f"(SELECT person, {flags} FROM ({self._joined(fact, (0,))}) GROUP BY person)"

    def steps(self, facts: Iterable[Fact]) -> str:
        """Tables of the steps of people in the windows, read once for the whole and for its parts."""
        return "".join(
            f",\n{fact.name}_steps AS MATERIALIZED ("
            + " UNION ALL ".join(self._joined(fact, places) for places in self.together()) + ")"
            for fact in facts if fact.per_person
        )  # fmt: skip

    def where(self, places: tuple[int, ...]) -> str:
        """The condition of windows and of the platforms."""
        names = ", ".join(_quoted(name) for name in self.platforms)
        windows = [self.windows[place] for place in places]
        inside = _inside([Window(min(one.start_ms for one in windows), max(one.end_ms for one in windows))])
        if len(windows) > 1:
            inside += f" AND ({_inside(windows)})"
        return inside + (f" AND platform IN ({names})" if names else "")

    def filled(self, value: str, places: tuple[int, ...]) -> str:
        """A value with the instants of its window, or of its bucket, filled in."""
        start, end = (_case({place: bound(self.windows[place]) for place in places}) for bound in (_start, _end))
        if self.bucket:
            first, last = bucket_sql(self.bucket)
            start, end = f"greatest({first}, {start})", f"least({last}, {end})"
        return value.replace("{start}", start).replace("{end}", end)

    def _people(self, fact: Fact, places: tuple[int, ...], by: str) -> str:
        flags = ", ".join(f"bool_or({step}) AS {step}" for step in fact.per_person)
        part = f"coalesce({fact.dimensions[by]}::VARCHAR, '') AS part, " if by else ""
        base = "place, bucket" if self.bucket else "place"
        named = base + (", part" if by else "")
        only = f" WHERE place IN ({', '.join(map(str, places))})"
        rows = f"(SELECT {part}{base}, person, {flags} FROM {fact.name}_steps{only} GROUP BY {named}, person)"
        return self._select(fact, places, "part" if by else "NULL::VARCHAR", rows, named)

    def _select(self, fact: Fact, places: tuple[int, ...], part: str, rows: str, groups: str) -> str:
        values = "".join(
            f", ({self.filled(value, places)})::DOUBLE AS {name}"
            for (of, value), name in self.columns.items() if of == fact.name
        )  # fmt: skip
        bucket = "bucket" if self.bucket else "NULL::BIGINT"
        return (
            f"SELECT '{fact.name}' AS fact, place, {part} AS part, {bucket} AS bucket, count(*)::DOUBLE AS n{values}"
            f" FROM {rows} GROUP BY {groups}"
        )

    def _joined(self, fact: Fact, places: tuple[int, ...]) -> str:
        # By a hash of 64 bits, ten times faster than text; two of a million people meet once in 30 million runs.
        flags = ", ".join(f"bool_or(step = '{step}') AS {step}" for step in fact.per_person)
        return (
            f"SELECT {self._place(places)} AS place, platform, hash(person) AS person{self._bucket()}, {flags}"
            f" FROM {fact.name} WHERE person IS NOT NULL AND {self.where(places)} GROUP BY ALL"
        )

    def _place(self, places: tuple[int, ...]) -> str:
        if len(places) == 1:
            return str(places[0])
        cases = " ".join(f"WHEN {_inside([self.windows[place]])} THEN {place}" for place in places)
        return f"CASE {cases} END"

    def _bucket(self) -> str:
        return f", {bucket_sql(self.bucket)[0]} AS bucket" if self.bucket else ""


def _ctes(
    facts: Iterable[Fact], currency: str, resolved: bool, windows: Sequence[Window], *, numbers: bool = False
) -> str:
    named: dict[str, Fact] = {}
    for fact in facts:
        named |= {name: FACTS[name] for name in fact.after}
        named[fact.name] = fact
    who = "role_actor"
    if resolved:
        who = f"coalesce((SELECT same.person FROM {SAME_PARTY} AS same WHERE same.ref = role_actor), role_actor)"
    # A masked name (张**) never equals another: it counts nobody.
    masked = "contains(role_actor, '~masked:') AND regexp_matches(role_actor, '^[^:]*:[^:]*~masked:')"
    who = f"CASE WHEN NOT ({'role_actor < 0' if numbers else masked}) THEN {who} END"
    money = f"CASE WHEN coalesce(currency, 'CNY') = '{currency}' THEN amount END"
    inside = _inside(windows)

    def filled(text: str) -> str:
        return text.replace("{who}", who).replace("{money}", money).replace("{inside}", inside)

    return ",\n".join(
        f"{fact.name} AS {'' if fact.kept else 'NOT '}MATERIALIZED ({filled(fact.sql)})" for fact in named.values()
    )


def _inside(windows: Iterable[Window]) -> str:
    return " OR ".join(f"at_ms >= {window.start_ms} AND at_ms < {window.end_ms}" for window in windows)


def _case(values: Mapping[int, int]) -> str:
    """SQL of a value for each place."""
    if len(values) == 1:
        return str(next(iter(values.values())))
    return f"CASE place {' '.join(f'WHEN {place} THEN {value}' for place, value in values.items())} END"


def _start(window: Window) -> int:
    return window.start_ms


def _end(window: Window) -> int:
    return window.end_ms


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def missing_kinds(metric: Metric, present: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds of which at least one has to occur before a metric can be said; empty when it can.

    present  kind -> whether it has occurred
    """
    return next((group for group in metric.kinds if not any(present.get(kind) for kind in group)), ())


def words_of(kinds: Sequence[str]) -> str:
    """Return kinds as a sentence names them, Chinese and English."""
    names = [shipped()[kind].zh for kind in kinds]
    return f"还没有{'、'.join(names)} · no {' or '.join(kinds)} yet"
