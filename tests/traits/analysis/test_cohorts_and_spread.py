"""Cohorts, LTV, repeat purchase, distribution and trend: oracles, small cases by hand, golden tables of real orders."""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS, DataError, midnight_ms
from guanxi.traits.metrics import (
    COUNT_EDGES,
    MONEY_EDGES,
    bins_of,
    cohort_query,
    cohort_rows,
    gaps_query,
    ltv_query,
    ltv_rows,
    repeat_curve,
    repeat_query,
    spread_query,
    trend_query,
    trend_series,
    unit_number,
    unit_start,
)

from .conftest import Stream, slice_of

START = midnight_ms(date(2026, 1, 1))
ORDER = "Order Completed"
Log = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 100 * 24), st.integers(0, 900), st.booleans()), max_size=40)


def rows(log: list[tuple[int, int, int, bool]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {ORDER: [], "Product Viewed": [], "Order Refunded": []}
    for seq, (who, hours, amount, is_order) in enumerate(log, 1):
        found[ORDER if is_order else "Product Viewed"].append({
            "who": f"account:app:{who}", "at_ms": START + hours * 3_600_000, "seq": seq, "ref_order": str(seq),
            "amount": amount, "currency": "CNY",
        })  # fmt: skip
    return found


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@given(ms=st.integers(631_152_000_000, 4_102_444_799_999))
def test_numbers_of_days_weeks_and_months(connection, unit, ms) -> None:
    from guanxi.traits.metrics.acts import unit_sql

    number = unit_number(ms, unit)
    assert unit_start(number, unit) <= ms < unit_start(number + 1, unit)
    assert connection.execute(f"SELECT {unit_sql(f'{ms}::BIGINT', unit)}").fetchone() == (number,)


@given(
    Log, st.sampled_from(["day", "week", "month"]), st.integers(0, 60), st.integers(1, 100),
    st.sampled_from([(ORDER, ORDER), (ORDER, "Product Viewed"), ("Product Viewed", ORDER)]),
)  # fmt: skip
def test_cohorts_are_those_of_the_oracle(ask, log, period, begin, length, kinds) -> None:
    of = slice_of(START + begin * DAY_MS, START + (begin + length) * DAY_MS)
    first: dict[int, int] = {}
    backs = defaultdict(list)
    for who, hours, _, is_order in sorted(log, key=lambda one: one[1]):
        at, kind = START + hours * 3_600_000, ORDER if is_order else "Product Viewed"
        if at < of.window.end_ms:
            if kind == kinds[0]:
                first.setdefault(who, at)
            if kind == kinds[1]:
                backs[who].append(at)
    shown, overall = cohort_rows(ask(cohort_query(*kinds, of, period=period), rows(log)), of, period=period)
    assert shown[0].start_ms <= of.window.start_ms < unit_start(unit_number(of.window.start_ms, period) + 1, period)
    for row in shown:
        born = unit_number(row.start_ms, period)
        people = [who for who, at in first.items() if unit_number(at, period) == born]
        assert row.people == len(people)
        for age, kept in enumerate(row.kept):
            if unit_start(born + age + 1, period) > of.window.end_ms:
                assert kept is None
            else:
                assert kept == sum(
                    any(at >= first[who] and unit_number(at, period) == born + age for at in backs[who])
                    for who in people
                )
    for age, share in enumerate(overall):
        told = [row for row in shown if row.kept[age] is not None]
        people = sum(row.people for row in told)
        assert share == (sum(row.kept[age] or 0 for row in told) / people if people else None)


def test_ltv_by_hand(ask) -> None:
    day = [START + number * DAY_MS + 1000 for number in range(10)]
    orders = [("1", day[0], 1000, "A"), ("1", day[2], 500, "B"), ("2", day[0], 300, "C"), ("3", day[1], 70, "D")]
    events = {
        ORDER: [
            {"who": f"account:app:{who}", "at_ms": at, "amount": amount, "currency": "CNY", "ref_order": order}
            for who, at, amount, order in orders
        ] + [{"who": "account:app:3", "at_ms": day[1], "amount": 9, "currency": "USD", "ref_order": "E"}],
        "Order Refunded": [
            {"at_ms": day[1], "amount": 200, "currency": "CNY", "ref_order": "A"},  # names its order alone
            {"who": "account:app:3", "at_ms": day[2], "amount": 70, "currency": "CNY"},  # names its person alone
        ],
    }  # fmt: skip
    of = slice_of(START, START + 3 * DAY_MS)
    shown, overall, currency = ltv_rows(ask(ltv_query(of, period="day"), events), of, period="day")
    assert [(row.people, row.amount) for row in shown] == [
        (2, (650.0, 550.0, 800.0)), (1, (70.0, 0.0, None)), (0, (None, None, None)),
    ]  # fmt: skip
    assert overall == ((1300 + 70) / 3, 1100 / 3, 800.0)
    assert currency == "CNY"


def test_repeat_curve_by_hand() -> None:
    first = np.zeros(4, np.int64)
    end = 10 * DAY_MS
    second = np.array([0.5, 3.2, np.nan, np.nan]) * DAY_MS
    first[3] = 8 * DAY_MS  # watched for two days alone
    points = {one.days: one for one in repeat_curve(first, second, end, days=(1, 2, 4, 10, 11))}
    assert points[1].share == pytest.approx(1 / 4)
    assert (points[2].share, points[2].at_risk) == (pytest.approx(1 / 4), 3)
    assert points[4].share == pytest.approx(1 - 3 / 4 * 1 / 2)  # of the two still watched on the fourth day one bought
    assert points[10].at_risk == 1
    assert points[11].share is None


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 60)), min_size=1, max_size=30))
def test_without_late_comers_the_curve_is_the_plain_share(people) -> None:
    first = np.array([at for at, _ in people], np.int64) * 1000
    second = np.array([np.nan if gap is None else at * 1000 + gap * DAY_MS for at, gap in people])
    for one in repeat_curve(first, second, 400 * DAY_MS, days=(1, 7, 30, 61)):
        assert one.share == pytest.approx(np.mean([gap is not None and gap < one.days for _, gap in people]))


@given(Log, st.integers(0, 50))
def test_who_bought_again(ask, log, begin) -> None:
    of = slice_of(START + begin * DAY_MS, START + 90 * DAY_MS)
    told = ask(repeat_query(of), rows(log)).rows()
    times = defaultdict(list)
    for who, hours, _, is_order in log:
        if is_order and START + hours * 3_600_000 < of.window.end_ms:
            times[f"account:app:{who}"].append(START + hours * 3_600_000)
    found = {who: sorted(at) for who, at in times.items()}
    assert told == sorted(
        (who, at[0], at[1] if len(at) > 1 else None) for who, at in found.items() if at[0] >= of.window.start_ms
    )
    gaps = [b - a for at in found.values() for a, b in pairwise(at)]
    row = ask(gaps_query(of), rows(log)).to_dicts()[0]
    assert row["gaps"] == len(gaps)
    if gaps:
        assert row["median"] == pytest.approx(np.quantile(gaps, 0.5))


@given(Log)
def test_how_a_count_and_an_amount_are_spread(ask, log) -> None:
    of = slice_of(START, START + 90 * DAY_MS)
    counts, sums = defaultdict(int), defaultdict(int)
    for who, hours, amount, is_order in log:
        if is_order and hours < 90 * 24:
            counts[who] += 1
            sums[who] += amount
    assert ask(spread_query(ORDER, of), rows(log))["value"].to_list() == sorted(counts.values())
    assert ask(spread_query(ORDER, of, measure="money"), rows(log))["value"].to_list() == sorted(sums.values())


@given(st.lists(st.integers(-(10**6), 10**9), max_size=40))
def test_bins_hold_everybody_once_and_do_not_move(values) -> None:
    bins = bins_of(np.array(values, np.int64), MONEY_EDGES)
    assert sum(one.people for one in bins) == len(values)
    for one in bins:
        assert one.people == sum(one.low <= value < (one.high if one.high is not None else 1e18) for value in values)
        assert one.low in MONEY_EDGES
    assert all(a.high == b.low for a, b in pairwise(bins))
    assert not bins or (bins[0].people and bins[-1].people)


def test_counts_have_bins_of_their_own_up_to_five() -> None:
    bins = bins_of(np.array([1, 1, 2, 5, 7, 30]), COUNT_EDGES)
    assert [(one.low, one.high, one.people) for one in bins] == [
        (1, 2, 2), (2, 3, 1), (3, 4, 0), (4, 5, 0), (5, 6, 1), (6, 11, 1), (11, 21, 0), (21, 51, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("measure", ["events", "people", "amount"])
@given(log=Log)
def test_a_trend_is_that_of_the_oracle(ask, measure, log) -> None:
    of = slice_of(START, START + 30 * DAY_MS + 3_600_000)
    found = ask(trend_query(ORDER, of, measure=measure, bucket="day"), rows(log))
    ((key, points),) = trend_series(found, of, bucket="day", whole_end_ms=START + 31 * DAY_MS)
    assert (key, len(points)) == ("", 31)
    assert [point.partial for point in points] == [False] * 30 + [True]
    for place, point in enumerate(points):
        mine = [
            (who, amount) for who, hours, amount, is_order in log
            if is_order and hours // 24 == place and START + hours * 3_600_000 < of.window.end_ms
        ]  # fmt: skip
        told = {"events": len(mine), "people": len({who for who, _ in mine}), "amount": sum(one for _, one in mine)}
        assert point.value == told[measure]


def test_a_trend_by_platform_keeps_the_eight_largest(ask) -> None:
    log = [
        {"who": "account:app:1", "at_ms": START, "platform": f"p{place}"}
        for place in range(10)
        for _ in range(20 - place)
    ]
    of = slice_of(START, START + DAY_MS)
    found = ask(trend_query("Product Viewed", of, by="platform"), {"Product Viewed": log})
    series = trend_series(found, of, bucket="day", whole_end_ms=of.window.end_ms, by="platform")
    assert [key for key, _ in series] == [*(f"p{place}" for place in range(8)), "other"]
    assert sum(points[0].value or 0 for _, points in series) == len(log)


def test_what_cannot_be_asked() -> None:
    with pytest.raises(DataError, match="has no amount"):
        spread_query("Product Viewed", slice_of(), measure="money")
    with pytest.raises(DataError, match="Use one of day, week, month"):
        cohort_query(ORDER, ORDER, slice_of(), period="year")
    with pytest.raises(DataError, match="400 are allowed"):
        cohort_query(ORDER, ORDER, slice_of(), period="day")
    with pytest.raises(DataError, match="ascending"):
        repeat_curve(np.zeros(1, np.int64), np.zeros(1), 1, days=(7, 3))


@pytest.fixture(scope="module")
def tables(online_retail: pl.DataFrame) -> duckdb.DuckDBPyConnection:
    """The real orders as the view that queries read."""
    made = duckdb.connect()
    made.register("given", Stream(online_retail))
    made.execute(
        "CREATE TABLE order_completed AS SELECT person AS role_actor, at_ms, row_number() OVER () AS seq,"
        " 'web' AS platform, ref_order, amount, 'GBP' AS currency FROM given"
    )
    return made


def test_golden_cohorts_of_online_retail(tables, golden_file) -> None:
    of = slice_of(midnight_ms(date(2009, 12, 1)), midnight_ms(date(2010, 12, 11)))
    query = cohort_query(ORDER, ORDER, of, period="month")
    found = pl.DataFrame(tables.sql(query.sql, params=dict(query.values)))
    shown, overall = cohort_rows(found, of, period="month")
    assert all(row.kept[0] == row.people for row in shown[:-1])
    by_hand = tables.execute("""
      WITH m AS (SELECT role_actor AS p, date_trunc('month', epoch_ms(at_ms + 28800000)) AS mon FROM order_completed),
      f AS (SELECT p, min(mon) AS f FROM m GROUP BY p)
      SELECT date_diff('month', f, mon), count(DISTINCT p) FROM m JOIN f USING (p)
      WHERE f = '2009-12-01' GROUP BY 1 ORDER BY 1""").fetchall()
    assert list(shown[0].kept[:12]) == [people for _, people in by_hand[:12]]
    golden_file("cohorts_online_retail.json", {
        "people": [row.people for row in shown], "kept": [row.kept for row in shown],
        "overall": [None if one is None else round(one, 6) for one in overall],
    })  # fmt: skip


def test_repeat_purchase_of_online_retail(tables, online_retail, golden_file) -> None:
    end = midnight_ms(date(2010, 12, 11))
    query = repeat_query(slice_of(0, end))
    found = pl.DataFrame(tables.sql(query.sql, params=dict(query.values)))
    second = found["second_ms"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    points = repeat_curve(found["first_ms"].to_numpy(), second, end)
    assert found.height == online_retail["person"].n_unique()
    golden_file("repeat_online_retail.json", {
        "share": [[one.days, None if one.share is None else round(one.share, 6), one.at_risk] for one in points]
    })  # fmt: skip
