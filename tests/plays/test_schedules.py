"""Schedules: when a rule of cron is due in China, and what a clock that jumps does to it."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import SHANGHAI, SettingError
from guanxi.plays import Plan, is_due, next_ms, planned, ran, read_rule

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def china(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@pytest.mark.parametrize(
    ("rule", "after", "due"),
    [
        pytest.param("* * * * *", "2026-03-01 10:00:00", "2026-03-01 10:01", id="each-minute-after"),
        pytest.param("* * * * *", "2026-03-01 10:00:59", "2026-03-01 10:01", id="each-minute-within"),
        pytest.param("10 3 * * *", "2026-03-01 03:10", "2026-03-02 03:10", id="daily-not-the-same-twice"),
        pytest.param("10 3 * * *", "2026-12-31 23:00", "2027-01-01 03:10", id="over-the-year"),
        pytest.param("*/15 9-17 * * 1-5", "2026-11-20 17:50", "2026-11-23 09:00", id="working-hours"),
        pytest.param("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00", id="leap-day"),
        pytest.param("0 8 13 * 5", "2026-11-23 00:00", "2026-11-27 08:00", id="the-13th-or-a-friday"),
        pytest.param("0 8 * * 7", "2026-11-23 00:00", "2026-11-29 08:00", id="sunday-is-0-or-7"),
        pytest.param("5/20 * * * *", "2026-11-23 00:26", "2026-11-23 00:45", id="from-five-by-twenty"),
    ],
)
def test_when_it_is_due(rule: str, after: str, due: str) -> None:
    assert next_ms(read_rule(rule), china(after)) == china(due)


@settings(max_examples=150, deadline=None)
@given(
    minute=st.sampled_from(["*", "0", "*/7", "3,33", "10-20/3"]), hour=st.sampled_from(["*", "3", "*/5", "8-18"]),
    day=st.sampled_from(["*", "1", "15,31", "*/10"]), month=st.sampled_from(["*", "2", "1-6/2"]),
    weekday=st.sampled_from(["*", "1-5", "0,6"]), after=st.integers(china("2020-01-01"), china("2030-01-01")),
)  # fmt: skip
def test_as_another_reader_of_cron_has_it(minute, hour, day, month, weekday, after) -> None:
    croniter = pytest.importorskip("croniter").croniter
    rule = f"{minute} {hour} {day} {month} {weekday}"
    other = croniter(rule, datetime.fromtimestamp(after / 1000, SHANGHAI)).get_next(datetime)
    assert next_ms(read_rule(rule), after) == int(other.timestamp() * 1000)


@pytest.mark.parametrize(
    "rule",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "x * * * *", "*/0 * * * *", "5-3 * * * *", "1, * * * *",
     "-1 * * * *", "٣ * * * *", "@daily"],
)  # fmt: skip
def test_a_rule_that_is_none(rule: str) -> None:
    with pytest.raises(SettingError, match="rule"):
        read_rule(rule)


def test_a_rule_that_never_comes_due() -> None:
    with pytest.raises(SettingError, match="never"):
        next_ms(read_rule("0 0 30 2 *"), china("2026-01-01"))


def test_a_jump_fires_once_then_from_now() -> None:
    at = china("2026-03-01 10:00")
    plan, fired = planned(Plan(rule="* * * * *"), at), 0
    at += 400 * DAY  # asleep, or the clock was set
    for _ in range(120):  # a look each second for two minutes
        at += 1000
        plan = planned(plan, at)
        if is_due(plan, at):
            plan, fired = ran(plan, at, failed=False), fired + 1
    assert fired == 3


def test_a_step_back_repeats_nothing() -> None:
    at = china("2026-03-01 03:10")
    plan = ran(planned(Plan(rule="10 3 * * *"), at - HOUR), at, failed=False)
    for back in (MINUTE, 2 * HOUR, 23 * HOUR):
        assert planned(plan, at - back) == plan
        assert not is_due(plan, at - back)
    assert plan.next_ms == at + DAY


def test_a_clock_that_was_far_ahead_stops_nothing() -> None:
    at = china("2026-03-01 10:00")
    plan = ran(planned(Plan(rule="* * * * *"), at + 365 * DAY), at + 366 * DAY, failed=False)
    assert planned(plan, at).next_ms == at + MINUTE


@pytest.mark.parametrize("rule", ["10 3 * * *", "0 10 * * 1", "0 0 29 2 *"])
def test_what_ran_once_while_the_clock_was_ahead_begins_anew_from_now(rule: str) -> None:
    at = china("2026-03-01 10:00")
    before = planned(Plan(rule=rule), at)
    plan = ran(before, at + 4000 * DAY, failed=False)  # due long since, by that clock
    assert planned(plan, at + HOUR).next_ms == before.next_ms


def test_what_failed_is_tried_again_later_and_later() -> None:
    at = china("2026-03-01 03:10")
    plan, waits = planned(Plan(rule="10 3 * * *"), at - HOUR), []
    for _ in range(9):
        plan = ran(plan, at, failed=True)
        waits.append((plan.next_ms - at) // MINUTE)
        at = plan.next_ms
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert plan.fails == 9
    assert plan.slot_ms == plan.instant_ms == china("2026-03-01 03:10")  # each try is for the same instant
    plan = ran(plan, at, failed=False)
    assert (plan.fails, plan.next_ms) == (0, china("2026-03-02 03:10"))


def test_a_new_try_never_waits_longer_than_the_rule() -> None:
    at = china("2026-03-01 10:00")
    plan = Plan(rule="* * * * *", next_ms=at, fails=8)
    assert ran(plan, at, failed=True).next_ms == at + MINUTE


def test_what_is_switched_off_is_never_due() -> None:
    assert not is_due(Plan(rule="* * * * *", enabled=False, next_ms=1), china("2026-03-01"))
