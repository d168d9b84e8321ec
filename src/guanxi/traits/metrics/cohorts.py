"""Cohorts: who comes back in later days, weeks or months (留存), and what they bring by then (LTV)."""

from typing import Final

import polars as pl

from guanxi.core import DataError
from guanxi.traits.metrics.acts import (
    ORDER,
    REFUND,
    Query,
    Slice,
    acts,
    check_unit,
    main_currency,
    order_rows,
    unit_number,
    unit_sql,
    unit_start,
)
from guanxi.traits.metrics.shapes import Cohort, LtvRow

MAX_COHORTS: Final = 400
AGES: Final = {"day": 30, "week": 13, "month": 24}  # how many later periods are shown


def cohort_query(start: str, back: str, of: Slice, *, period: str) -> Query:
    """Return the query of who came back: cohort, age, people; age -1: how many the cohort has.

    A cohort holds those whose first `start` ever fell into one period of the window, the first period taken whole.
    Somebody came back at an age when a `back`, at or after that first `start`, falls that many periods later.
    """
    born = unit_number(of.window.start_ms, period)
    check_cohorts(of, period)
    sql = f"""
WITH entry AS (SELECT person, min(at_ms) AS first_ms FROM ({acts(start, of, since=False)}) GROUP BY person),
born AS (SELECT person, first_ms, {unit_sql("first_ms", period)} AS cohort FROM entry WHERE first_ms >= $from_ms),
kept AS (
  SELECT DISTINCT born.cohort, {unit_sql("b.at_ms", period)} - born.cohort AS age, born.person
  FROM ({acts(back, of, since=False)}) AS b JOIN born USING (person)
  WHERE b.at_ms >= born.first_ms AND b.at_ms >= $from_ms)
SELECT cohort, -1 AS age, count(*) AS people FROM born GROUP BY cohort
UNION ALL SELECT cohort, age, count(*) FROM kept GROUP BY cohort, age ORDER BY cohort, age"""
    return of.query(sql, [start, back], from_ms=unit_start(born, period))


def ltv_query(of: Slice, *, period: str) -> Query:
    """Return the query of what buyers brought: cohort, age, people (of age -1), amount, currency.

    amount  paid less refunded in one period of age, minor units; a refund is its order's buyer's, or else its actor's
    """
    check_cohorts(of, period)
    born = unit_number(of.window.start_ms, period)
    refunds = acts(REFUND, of, "ref_order", "amount", "currency", since=False)
    unnamed = _unnamed_refunds(of)
    sql = f"""
WITH paid AS MATERIALIZED ({order_rows(of)}),
main AS (SELECT {main_currency("paid", of)} AS currency),
born AS (SELECT person, min(at_ms) AS first_ms, {unit_sql("min(at_ms)", period)} AS cohort FROM paid
  GROUP BY person HAVING min(at_ms) >= $from_ms),
back AS (
  SELECT coalesce(paid.person, r.person) AS person, r.at_ms, -r.amount AS amount, r.currency FROM (
    SELECT person, platform, ref_order, at_ms, amount, currency FROM ({refunds})
    UNION ALL {unnamed}) AS r LEFT JOIN paid ON paid.platform IS NOT DISTINCT FROM r.platform
      AND paid.ref_order = r.ref_order),
flows AS (SELECT person, at_ms, amount, currency FROM paid
  UNION ALL SELECT person, at_ms, amount, currency FROM back WHERE person IS NOT NULL)
SELECT cohort, -1 AS age, count(*) AS people, 0::BIGINT AS amount, (SELECT currency FROM main) AS currency
FROM born GROUP BY cohort
UNION ALL SELECT cohort, {unit_sql("f.at_ms", period)} - cohort AS age, 0, sum(f.amount)::BIGINT, any_value(f.currency)
FROM flows AS f JOIN born USING (person), main
WHERE f.at_ms >= first_ms AND f.currency = main.currency AND f.amount IS NOT NULL GROUP BY cohort, 2
ORDER BY 1, 2"""
    return of.query(sql, [ORDER, REFUND], from_ms=unit_start(born, period))


def cohort_rows(
    found: pl.DataFrame, of: Slice, *, period: str, ages: int = 0
) -> tuple[tuple[Cohort, ...], tuple[float | None, ...]]:
    """Return a row for every period of the window, and the overall share kept.

    found  what `cohort_query` gives
    ages   how many periods, the first included; 0 = by the period
    A period that is not over at the window's end is None, and is left out of the overall share with its cohort.
    """
    sizes = {row["cohort"]: row["people"] for row in found.filter(pl.col("age") == -1).to_dicts()}
    kept = {(row["cohort"], row["age"]): row["people"] for row in found.filter(pl.col("age") >= 0).to_dicts()}
    numbers, over, width = _frame(of, period, ages)
    rows = [
        Cohort(
            start_ms=unit_start(number, period), people=sizes.get(number, 0),
            kept=tuple(kept.get((number, age), 0) if number + age < over else None for age in range(width)),
        )
        for number in numbers
    ]  # fmt: skip
    return tuple(rows), tuple(_overall([(row.people, row.kept[age]) for row in rows]) for age in range(width))


def ltv_rows(
    found: pl.DataFrame, of: Slice, *, period: str, ages: int = 0
) -> tuple[tuple[LtvRow, ...], tuple[float | None, ...], str]:
    """Return a row for every period of the window, the overall value per buyer by age, and the currency."""
    sizes = {row["cohort"]: row["people"] for row in found.filter(pl.col("age") == -1).to_dicts()}
    paid = {(row["cohort"], row["age"]): row["amount"] for row in found.filter(pl.col("age") >= 0).to_dicts()}
    used = [one for one in found["currency"] if one is not None]
    numbers, over, width = _frame(of, period, ages)
    rows, totals = [], []
    for number in numbers:
        people, total, sums = sizes.get(number, 0), 0, list[int | None]()
        for age in range(width):
            total += paid.get((number, age), 0)
            sums.append(total if number + age < over else None)
        totals.append((people, sums))
        shown = tuple(one / people if one is not None and people else None for one in sums)
        rows.append(LtvRow(start_ms=unit_start(number, period), people=people, amount=shown))
    overall = tuple(_overall([(people, sums[age]) for people, sums in totals]) for age in range(width))
    return tuple(rows), overall, used[0] if used else "CNY"


def check_cohorts(of: Slice, period: str) -> None:
    """Let a window of few enough periods pass; raises DataError."""
    check_unit(period)
    count = unit_number(of.window.end_ms - 1, period) - unit_number(of.window.start_ms, period) + 1
    if count > MAX_COHORTS:
        raise DataError(
            f"the range holds {count} cohorts of one {period}; {MAX_COHORTS} are allowed",
            "Use a longer period",
            "period",
        )


def _frame(of: Slice, period: str, ages: int) -> tuple[range, int, int]:
    """Return the cohorts, the first period that is not over, and how many ages are shown."""
    first, last = unit_number(of.window.start_ms, period), unit_number(max(of.window.end_ms - 1, 0), period)
    over = unit_number(of.window.end_ms, period)
    return range(first, last + 1), over, min(last - first + 1, ages or AGES[period] + 1)


def _overall(parts: list[tuple[int, int | None]]) -> float | None:
    told = [(people, value) for people, value in parts if value is not None]
    people = sum(one for one, _ in told)
    return sum(value for _, value in told) / people if people else None


def _unnamed_refunds(of: Slice) -> str:
    """Refunds whose event names nobody; their order may tell whose they are."""
    where = ["role_actor IS NULL", "at_ms < $end_ms"]
    if of.platforms:
        where.append("platform IN (SELECT unnest($platforms))")
    table = of.catalogue[REFUND].table
    return (
        f"SELECT NULL AS person, platform, ref_order, at_ms, amount, currency FROM {table} WHERE {' AND '.join(where)}"
    )
