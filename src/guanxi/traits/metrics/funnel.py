"""Funnel (漏斗): how many people did steps in order within a time limit."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from guanxi.core import DataError
from guanxi.traits.metrics.acts import OTHER, PARTS, Query, Slice, acts, label, split_column
from guanxi.traits.metrics.shapes import FunnelStep

MAX_STEPS: Final = 10
MAX_WITHIN_MS: Final = 366 * 86_400_000
_BITS: Final = 2**40


def funnel_query(steps: Sequence[str], of: Slice, *, within_ms: int, by: str = "") -> Query:
    """Return the query of a funnel: a row for the whole ("" in `part`) and one for each part of a split.

    steps      kinds, in order; a kind may occur twice
    within_ms  from the first step to the last, both ends included
    by         "" or what `split_column` allows, read from the first step; parts beyond the first eight are "other"
    returns    part, n0 … (people who reached each step), t1 … (median milliseconds from the step before)
    raises     DataError for too few or too many steps, and for a limit out of range
    A person counts from the first time in the window that they did the first step (first touch, also when a later
    start would have led further); each later step is the first after the one before by (at, seq).
    """
    check_funnel(steps, within_ms)
    column = split_column(steps[0], by, of.catalogue) if by else ""
    extra = [column] if column not in ("", "platform") else []
    part = f"arg_min(coalesce({column}::VARCHAR, ''), ord)" if column else "''"
    parts = [
        f"s0 AS (SELECT person, min(ord) AS t0, {part} AS part FROM ({acts(steps[0], of, *extra)}) GROUP BY person)"
    ]
    for place, kind in enumerate(steps[1:], 1):
        before = "s0.t0" if place == 1 else f"p.t{place - 1}"
        join = "" if place == 1 else f" JOIN s{place - 1} AS p USING (person)"
        rows = acts(kind, of, until=False)
        parts.append(
            f"s{place} AS (SELECT a.person, min(a.ord) AS t{place} FROM ({rows}) AS a JOIN s0 USING (person){join}"
            f" WHERE a.ord > {before} AND a.at_ms - (s0.t0 // {_BITS})::BIGINT <= $within_ms GROUP BY a.person)"
        )
    parts.append(f"top AS (SELECT part FROM s0 GROUP BY part ORDER BY count(*) DESC, part LIMIT {PARTS})")
    later = range(1, len(steps))
    joined = "".join(f" LEFT JOIN s{place} USING (person)" for place in later)
    times = "".join(f", t{place}" for place in later)
    shown = f"CASE WHEN part IN (SELECT part FROM top) THEN part ELSE '{OTHER}' END AS part" if by else "'' AS part"
    parts.append(f"every AS (SELECT {shown}, t0{times} FROM s0{joined})")
    counts = "".join(
        f", count(t{place}) AS n{place},"
        f" median((t{place} // {_BITS})::BIGINT - (t{place - 1} // {_BITS})::BIGINT) AS t{place}"
        for place in later
    )
    sets = "GROUP BY GROUPING SETS ((), (part))" if by else ""
    whole, order = ("grouping(part) = 1", "whole DESC, n0 DESC, part") if by else ("true", "part")
    shown = "CASE WHEN grouping(part) = 1 THEN '' ELSE part END" if by else "''"
    sql = (
        f"WITH {', '.join(parts)} SELECT {shown} AS part, {whole} AS whole, count(t0) AS n0{counts}"
        f" FROM every {sets} ORDER BY {order}"
    )
    return of.query(sql, steps, within_ms=within_ms)


def funnel_groups(
    found: pl.DataFrame, steps: Sequence[str], of: Slice
) -> tuple[tuple[str, tuple[FunnelStep, ...]], ...]:  # fmt: skip
    """Return the steps of the whole (key "") and of each part; a part without a name has the key "—"."""
    groups = []
    for row in found.to_dicts():
        key = "" if row["whole"] else row["part"] or "—"
        groups.append((key, tuple(_step(row, place, kind, of) for place, kind in enumerate(steps))))
    return tuple(groups)


def check_funnel(steps: Sequence[str], within_ms: int) -> None:
    """Let 2..10 steps and a limit of one second to a year pass; raises DataError."""
    if not 2 <= len(steps) <= MAX_STEPS:
        raise DataError(f"the funnel has {len(steps)} steps", f"Name 2 to {MAX_STEPS} kinds, in order", "steps")
    if not 1_000 <= within_ms <= MAX_WITHIN_MS:
        raise DataError(f"the limit is {within_ms} ms", "Use one second to 366 days, such as 30m, 1d or 7d", "within")


def _step(row: dict[str, Any], place: int, kind: str, of: Slice) -> FunnelStep:
    people, first = row[f"n{place}"], row["n0"]
    before = row[f"n{place - 1}"] if place else 0
    return FunnelStep(
        kind=kind, zh=label(kind, of.catalogue), people=people,
        of_previous=people / before if place and before else None, of_first=people / first if first else None,
        median_ms=row[f"t{place}"] if place else None,
    )  # fmt: skip
