"""Metric SQL: many metrics, windows and parts as one query over the lake's views, made here and run in the engines."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
) -> MetricQuery:  # fmt: skip
    """Return one query that reads every metric in every window, as a whole and, with `by`, part by part.

    by        a dimension that every metric allows
    bucket    also cut the windows into buckets of local time; the whole windows are then left out
    resolved  the table `same_party` stands beside the views
    whole     also give the whole beside the parts
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
    made = _Maker(columns, tuple(platforms), bucket)
    selects = [
        made.select(fact, place, window, part)
        for fact in facts
        for place, window in enumerate(windows)
        for part in ([""] if whole else []) + ([by] if by else [])
    ]
    selects += [
        f"SELECT 'has:{kind}' AS fact, 0 AS place, EXISTS(SELECT 1 FROM {table_name(kind)})::DOUBLE AS n"
        for kind in sorted(kinds)
    ]
    text = (
        f"WITH {_ctes(facts, currency, resolved, windows)}{made.steps(facts, windows)}\n"
        + "\nUNION ALL BY NAME ".join(selects)
    )
    return MetricQuery(sql=text, kinds=tuple(sorted(kinds)), columns=columns)


def single_query(
    metric: Metric, window: Window, *, platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False
) -> str:
    """Return the query of one metric in one window as a person may run it: one row with `value` and `n`."""
    facts = [FACTS[name] for name in metric.facts]
    made = _Maker({}, tuple(platforms), None)

    def scalar(fact: str, value: str) -> str:
        return f"(SELECT {made.filled(value, window)} FROM {made.source(FACTS[fact], window, '')})"

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
    made = _Maker({}, tuple(platforms), None)
    ctes = _ctes([fact], currency, resolved, [window])
    return f"WITH {ctes}\nSELECT * FROM {fact.name} WHERE {made.where(window)} ORDER BY at_ms DESC LIMIT {limit}"


def people_query(
    metric: Metric, window: Window, *, platforms: Sequence[str] = (), currency: str = "CNY", resolved: bool = False,
    limit: int = 50,
) -> str:  # fmt: skip
    """Return the query of how many people stand behind a metric, and some of them: columns people, person."""
    fact = FACTS[metric.facts[0]]
    made = _Maker({}, tuple(platforms), None)
    ctes = _ctes([fact], currency, resolved, [window])
    return (
        f"WITH {ctes}, who AS (SELECT DISTINCT person FROM {fact.name}"
        f" WHERE person IS NOT NULL AND {made.where(window)})\n"
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
    platforms: tuple[str, ...]
    bucket: Bucket | None

    def select(self, fact: Fact, place: int, window: Window, by: str) -> str:
        """One fact in one window, as a whole or by a dimension."""
        part = f"coalesce({fact.dimensions[by]}::VARCHAR, '')" if by else "NULL::VARCHAR"
        values = "".join(
            f", ({self.filled(value, window)})::DOUBLE AS {name}"
            for (of, value), name in self.columns.items()
            if of == fact.name
        )
        bucket = "bucket" if self.bucket else "NULL::BIGINT"
        if fact.per_person:
            part = "part" if by else part
        groups = [name for name, used in (("part", by), ("bucket", self.bucket)) if used]
        return (
            f"SELECT '{fact.name}' AS fact, {place} AS place, {part} AS part, {bucket} AS bucket, count(*)::DOUBLE AS n"
            f"{values} FROM {self.source(fact, window, by, place)}"
            + (f" GROUP BY {', '.join(groups)}" if groups else "")
        )

    def source(self, fact: Fact, window: Window, by: str, place: int | None = None) -> str:
        """The rows of a fact in a window; steps joined to one row a person.

        place  of the window among those of `steps`; None: the query has no such table
        """
        bucket = f", {bucket_sql(self.bucket)[0]} AS bucket" if self.bucket else ""
        if not fact.per_person:
            return f"(SELECT *{bucket} FROM {fact.name} WHERE {self.where(window)})"
        flags = ", ".join(f"bool_or({step}) AS {step}" for step in fact.per_person)
        groups = ["person", *(["part"] if by else []), *(["bucket"] if self.bucket else [])]
        part = f"coalesce({fact.dimensions[by]}::VARCHAR, '') AS part, " if by else ""
        named = ", ".join(name for name in groups if name != "part")
        rows = f"({self._joined(fact, window, 0)})" if place is None else f"{fact.name}_steps WHERE place = {place}"
        return f"(SELECT {part}{named}, {flags} FROM {rows} GROUP BY {', '.join(groups)})"

    def steps(self, facts: Iterable[Fact], windows: Sequence[Window]) -> str:
        """Tables of the steps of people in the windows, read once for the whole and for its parts."""
        return "".join(
            f",\n{fact.name}_steps AS MATERIALIZED ("
            + " UNION ALL ".join(self._joined(fact, window, place) for place, window in enumerate(windows)) + ")"
            for fact in facts if fact.per_person
        )  # fmt: skip

    def _joined(self, fact: Fact, window: Window, place: int) -> str:
        # By a hash of 64 bits, ten times faster than text; two of a million people meet once in 30 million runs.
        bucket = f", {bucket_sql(self.bucket)[0]} AS bucket" if self.bucket else ""
        flags = ", ".join(f"bool_or(step = '{step}') AS {step}" for step in fact.per_person)
        return (
            f"SELECT {place} AS place, platform, hash(person) AS person{bucket}, {flags} FROM {fact.name}"
            f" WHERE person IS NOT NULL AND {self.where(window)} GROUP BY ALL"
        )

    def where(self, window: Window) -> str:
        """The condition of a window and of the platforms."""
        names = ", ".join(_quoted(name) for name in self.platforms)
        inside = f"at_ms >= {window.start_ms} AND at_ms < {window.end_ms}"
        return inside + (f" AND platform IN ({names})" if names else "")

    def filled(self, value: str, window: Window) -> str:
        """A value with the instants of its window, or of its bucket, filled in."""
        start, end = str(window.start_ms), str(window.end_ms)
        if self.bucket:
            first, last = bucket_sql(self.bucket)
            start, end = f"greatest({first}, {start})", f"least({last}, {end})"
        return value.replace("{start}", start).replace("{end}", end)


def _ctes(facts: Iterable[Fact], currency: str, resolved: bool, windows: Sequence[Window]) -> str:
    named: dict[str, Fact] = {}
    for fact in facts:
        named |= {name: FACTS[name] for name in fact.after}
        named[fact.name] = fact
    who = "role_actor"
    if resolved:
        who = f"coalesce((SELECT same.person FROM {SAME_PARTY} AS same WHERE same.ref = role_actor), role_actor)"
    # A masked name (张**) never equals another: it counts nobody.
    masked = "contains(role_actor, '~masked:') AND regexp_matches(role_actor, '^[^:]*:[^:]*~masked:')"
    who = f"CASE WHEN NOT ({masked}) THEN {who} END"
    money = f"CASE WHEN coalesce(currency, 'CNY') = '{currency}' THEN amount END"
    inside = " OR ".join(f"at_ms >= {window.start_ms} AND at_ms < {window.end_ms}" for window in windows)

    def filled(text: str) -> str:
        return text.replace("{who}", who).replace("{money}", money).replace("{inside}", inside)

    return ",\n".join(
        f"{fact.name} AS {'' if fact.kept else 'NOT '}MATERIALIZED ({filled(fact.sql)})" for fact in named.values()
    )


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
