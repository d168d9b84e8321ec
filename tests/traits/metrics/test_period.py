"""Periods: windows of a URL, what they are compared with, and buckets that cover them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS, SHANGHAI, DataError, Window, local_day, midnight_ms, to_ms
from guanxi.traits.metrics import Bucket, bucket_starts, default_bucket, period

NOW = to_ms(datetime(2026, 11, 15, 14, 20, tzinfo=SHANGHAI))  # a Sunday


def ms(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=SHANGHAI))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("t", "cmp", "window", "compared"),
    [
        pytest.param("today", "prev", (ms(2026, 11, 15), NOW), (ms(2026, 11, 14), ms(2026, 11, 14, 14, 20)),
                     id="today"),
        pytest.param("yesterday", "prev", (ms(2026, 11, 14), ms(2026, 11, 15)), (ms(2026, 11, 13), ms(2026, 11, 14)),
                     id="yesterday"),
        pytest.param("7d", "prev", (ms(2026, 11, 9), NOW), (ms(2026, 11, 2), ms(2026, 11, 8, 14, 20)), id="7d"),
        pytest.param("week", "prev", (ms(2026, 11, 9), NOW), (ms(2026, 11, 2), ms(2026, 11, 8, 14, 20)), id="week"),
        pytest.param("today", "week", (ms(2026, 11, 15), NOW), (ms(2026, 11, 8), ms(2026, 11, 8, 14, 20)),
                     id="today-with-the-same-weekday"),
        pytest.param("month", "week", (ms(2026, 11, 1), NOW), (ms(2026, 9, 27), ms(2026, 10, 11, 14, 20)),
                     id="month-with-the-same-weekdays"),
        pytest.param("last_week", "none", (ms(2026, 11, 2), ms(2026, 11, 9)), None, id="last-week"),
        pytest.param("month", "prev", (ms(2026, 11, 1), NOW), (ms(2026, 10, 1), ms(2026, 10, 15, 14, 20)), id="month"),
        pytest.param("custom:2026-02-01..2026-02-28", "prev", (ms(2026, 2, 1), ms(2026, 3, 1)),
                     (ms(2026, 1, 1), ms(2026, 2, 1)), id="a-whole-month-with-the-month-before"),
        pytest.param("custom:2026-02-01..2026-02-28", "yoy", (ms(2026, 2, 1), ms(2026, 3, 1)),
                     (ms(2025, 2, 1), ms(2025, 3, 1)), id="last-year"),
        pytest.param("custom:2027-01-01..2027-01-02", "none", (ms(2027, 1, 1), ms(2027, 1, 1)), None, id="to-come"),
    ],
)  # fmt: skip
def test_windows(t: str, cmp: str, window: tuple[int, int], compared: tuple[int, int] | None) -> None:
    found = period(t, now_ms=NOW, cmp=cmp)
    assert found.window == Window(*window)
    assert found.compared == (Window(*compared) if compared else None)
    assert found.partial is (found.whole.end_ms > NOW)


def test_last_year_by_the_lunar_calendar_and_by_the_promotion() -> None:
    eve = period("custom:2026-02-16..2026-02-16", now_ms=NOW, cmp="yoy", align="lunar")
    assert eve.compared == Window(ms(2025, 1, 28), ms(2025, 1, 29))  # 除夕 with 除夕
    june = period("custom:2026-06-18..2026-06-18", now_ms=NOW, cmp="yoy", align="promotion")
    assert june.compared == Window(ms(2025, 6, 18), ms(2025, 6, 19))


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"t": "fortnight"}, "t"), ({"t": "custom:2026-02-30..2026-03-01"}, "t"),
        ({"t": "custom:2026-03-02..2026-03-01"}, "t"), ({"t": "custom:2001-01-01..2026-01-01"}, "t"),
        ({"cmp": "fortnight"}, "cmp"), ({"align": "moon", "cmp": "yoy"}, "align"),
    ],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_what_is_allowed(given_: dict[str, str], field: str) -> None:
    with pytest.raises(DataError) as caught:
        period(**({"t": "7d"} | given_), now_ms=NOW)
    assert caught.value.field == field
    assert caught.value.mend


@given(st.dates(date(1995, 1, 1), date(2045, 1, 1)), st.integers(1, 400), st.sampled_from(["prev", "week", "yoy"]),
       st.integers(0, 500 * DAY_MS))  # fmt: skip
def test_what_it_is_compared_with_is_as_long_and_earlier(first: date, days: int, cmp: str, passed: int) -> None:
    last = local_day(midnight_ms(first) + (days - 1) * DAY_MS)
    now = midnight_ms(first) + passed
    found = period(f"custom:{first}..{last}", now_ms=now, cmp=cmp)
    assert found.compared is not None
    assert found.compared.start_ms < found.whole.start_ms
    assert found.window.end_ms <= max(now, found.whole.start_ms)
    if found.whole.length_ms < 28 * DAY_MS:  # months differ in length
        assert found.compared.length_ms == found.window.length_ms


@given(st.integers(ms(2000, 1, 1), ms(2040, 1, 1)), st.integers(0, 90 * DAY_MS),
       st.sampled_from(["hour", "day", "week", "month"]))  # fmt: skip
def test_buckets_cover_a_window_without_gap_or_overlap(start: int, length: int, bucket: Bucket) -> None:
    window = Window(start, start + length)
    starts = bucket_starts(window, bucket)
    assert list(starts) == sorted(set(starts))
    if length:
        assert starts[0] <= start
        assert starts[-1] < window.end_ms
        assert len(bucket_starts(window, default_bucket(window))) <= 100
