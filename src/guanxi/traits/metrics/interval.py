"""Interval (间隔分析): how long it takes from one kind of event to another."""

from typing import Final

import polars as pl

from guanxi.core import DAY_MS
from guanxi.traits.metrics.acts import Query, Slice, acts, case_sql
from guanxi.traits.metrics.distribution import bins_between
from guanxi.traits.metrics.shapes import Bin

EDGES_MS: Final = tuple(
    round(days * DAY_MS)
    for days in (0, 1 / 1440, 10 / 1440, 1 / 24, 6 / 24, 1, 2, 3, 7, 14, 30, 60, 90, 180, 365)
)  # fmt: skip


def interval_query(start: str, back: str, of: Slice) -> Query:
    """Return the query of intervals inside the window: place (in EDGES_MS), pairs, and in every row p10, median, p90.

    An event of `back` ends an interval when the person's latest event of either kind before it, by (at, seq), is a
    `start`: of several starts the last counts, and each start and each back is in at most one pair of each sort.
    """
    same = start == back
    rows = acts(start, of) if same else ""
    both = (
        f"SELECT person, ord, at_ms, true AS is_start, true AS is_back FROM ({rows})" if same else
        f"SELECT person, ord, at_ms, true AS is_start, false AS is_back FROM ({acts(start, of)})"
        f" UNION ALL SELECT person, ord, at_ms, false, true FROM ({acts(back, of)})"
    )  # fmt: skip
    sql = f"""
WITH mixed AS ({both}),
told AS (
  SELECT is_back, at_ms, lag(is_start) OVER mine AS after_start, lag(at_ms) OVER mine AS since
  FROM mixed WINDOW mine AS (PARTITION BY person ORDER BY ord)),
gaps AS MATERIALIZED (SELECT at_ms - since AS gap FROM told WHERE is_back AND after_start),
spread AS (SELECT quantile_cont(gap, 0.1) AS p10, quantile_cont(gap, 0.5) AS median, quantile_cont(gap, 0.9) AS p90
  FROM gaps)
SELECT {case_sql("gap", EDGES_MS)} AS place, count(*) AS pairs, any_value(p10) AS p10, any_value(median) AS median,
  any_value(p90) AS p90
FROM gaps, spread GROUP BY place ORDER BY place"""
    return of.query(sql, [start, back])


def interval_bins(found: pl.DataFrame) -> tuple[Bin, ...]:
    """Return the bins in days; `people` of a bin are pairs."""
    counts = [0] * (len(EDGES_MS) + 1)
    for place, pairs in found.select("place", "pairs").iter_rows():
        counts[place] = pairs
    return bins_between(counts, [edge / DAY_MS for edge in EDGES_MS])
