"""Windows are half-open, days are local, and comparisons use the same part of the past."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import (
    DAY_MS,
    SHANGHAI,
    DataError,
    Window,
    day_window,
    days_window,
    from_ms,
    local_day,
    midnight_ms,
    month_window,
    previous_window,
    to_ms,
    week_window,
)

LONDON = ZoneInfo("Europe/London")
INSTANTS = st.integers(0, 4_000_000_000_000)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
WINDOWS = st.tuples(INSTANTS, INSTANTS).map(lambda pair: Window(min(pair), max(pair)))


def at(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=SHANGHAI))  # type: ignore[misc, arg-type]


@given(INSTANTS)
def test_instants_read_back(ms: int) -> None:
    assert to_ms(from_ms(ms)) == to_ms(from_ms(ms, zone=SHANGHAI)) == to_ms(from_ms(ms, zone=LONDON)) == ms
    assert from_ms(ms).tzinfo is UTC


def test_only_aware_instants_count() -> None:
    with pytest.raises(DataError, match="no zone"):
        to_ms(datetime(2026, 1, 2))  # noqa: DTZ001 - the point of the test
    with pytest.raises(DataError, match="outside the years"):
        from_ms(10**18)
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@given(INSTANTS)
def test_the_business_day_is_that_of_the_wall_clock(ms: int) -> None:
    assert local_day(ms) == from_ms(ms, zone=SHANGHAI).date() == local_day(ms, zone=ZoneInfo("Etc/GMT-8"))
    assert day_window(local_day(ms)).contains(ms)
    assert day_window(local_day(ms, zone=LONDON), zone=LONDON).contains(ms)


def test_a_live_evening_stays_on_its_day() -> None:
    assert local_day(at(2026, 1, 2, 23, 59, 59)) == date(2026, 1, 2)
    assert local_day(at(2026, 1, 2, 7, 0)) == date(2026, 1, 2)
    assert local_day(at(2026, 1, 2, 7, 0), zone=UTC) == date(2026, 1, 1)


@given(DAYS)
def test_days_weeks_and_months_join_without_gap(day: date) -> None:
    for zone in (SHANGHAI, LONDON):
        today, week, month = day_window(day, zone=zone), week_window(day, zone=zone), month_window(day, zone=zone)
        assert today.end_ms == day_window(day + timedelta(1), zone=zone).start_ms
        assert week.intersect(today) == month.intersect(today) == today
        assert [found.weekday() for found in week.days(zone=zone)] == list(range(7))
        assert {(found.year, found.month) for found in month.days(zone=zone)} == {(day.year, day.month)}
        assert previous_window(month, zone=zone).end_ms == month.start_ms
        assert local_day(previous_window(month, zone=zone).start_ms, zone=zone).day == 1
    assert day_window(day).length_ms == DAY_MS


def test_summer_time_makes_long_and_short_days() -> None:
    assert day_window(date(2026, 3, 29), zone=LONDON).length_ms == 23 * 3_600_000
    assert day_window(date(2026, 10, 25), zone=LONDON).length_ms == 25 * 3_600_000
    noon = Window(to_ms(datetime(2026, 3, 28, 12, tzinfo=LONDON)), to_ms(datetime(2026, 3, 28, 13, tzinfo=LONDON)))
    assert from_ms(noon.shifted(1, zone=LONDON).start_ms, zone=LONDON).hour == 12


def test_a_window_is_half_open() -> None:
    window = Window(10, 20)
    assert [window.contains(ms) for ms in (9, 10, 19, 20)] == [False, True, True, False]
    assert not window.overlaps(Window(20, 30))
    assert window.intersect(Window(19, 30)) == Window(19, 20)
    assert window.intersect(Window(15, 15)) is None
    assert list(Window(5, 5).days()) == []
    with pytest.raises(DataError, match="ends before"):
        Window(2, 1)


@given(WINDOWS, WINDOWS, INSTANTS)
def test_an_instant_is_shared_when_both_hold_it(one: Window, two: Window, ms: int) -> None:
    both = one.intersect(two)
    assert both == two.intersect(one)
    assert (both is not None) is one.overlaps(two)
    assert (both is not None and both.contains(ms)) is (one.contains(ms) and two.contains(ms))


@given(WINDOWS, st.integers(-400, 400))
def test_shifting_there_and_back_changes_nothing(window: Window, days: int) -> None:
    assert window.shifted(days).shifted(-days) == window
    assert window.shifted(days).start_ms == window.start_ms + days * DAY_MS


def test_today_is_compared_with_the_same_part_of_last_week() -> None:
    today, last = day_window(date(2026, 1, 11)), day_window(date(2026, 1, 4))
    now = at(2026, 1, 11, 14, 20)
    assert today.elapsed(now) == Window(at(2026, 1, 11), now)
    assert last.elapsed_like(today, now) == Window(at(2026, 1, 4), at(2026, 1, 4, 14, 20))
    assert today.elapsed(0).length_ms == 0
    assert today.elapsed(at(2026, 2, 1)) == today


def test_a_part_is_never_longer_than_the_whole_and_follows_the_wall_clock() -> None:
    march, february = month_window(date(2026, 3, 1)), month_window(date(2026, 2, 1))
    assert february.elapsed_like(march, at(2026, 3, 31, 12)) == february
    sunday, before = day_window(date(2026, 3, 29), zone=LONDON), day_window(date(2026, 3, 22), zone=LONDON)
    now = to_ms(datetime(2026, 3, 29, 14, 20, tzinfo=LONDON))
    part = before.elapsed_like(sunday, now, zone=LONDON)
    assert from_ms(part.end_ms, zone=LONDON) == datetime(2026, 3, 22, 14, 20, tzinfo=LONDON)


def test_the_window_before() -> None:
    assert previous_window(month_window(date(2026, 3, 9))) == month_window(date(2026, 2, 1))
    assert previous_window(week_window(date(2026, 3, 9))) == week_window(date(2026, 3, 2))
    seven = days_window(date(2026, 3, 3), date(2026, 3, 9))
    assert previous_window(seven) == days_window(date(2026, 2, 24), date(2026, 3, 2))
    with pytest.raises(DataError, match="whole local days"):
        previous_window(Window(midnight_ms(date(2026, 3, 3)), midnight_ms(date(2026, 3, 3)) + 5))
