"""Readers of times and durations: tables of what exports hold, and laws."""

# ruff: noqa: DTZ001 - naive times are what these readers are for

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import SHANGHAI, DataError
from guanxi.events import repair


def china(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=SHANGHAI).timestamp()) * 1000  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "seconds"),
    [
        ("1分5秒", "s", 65.0), ("1小时2分3秒", "s", 3723.0), ("14.73秒", "s", 14.73), ("01:02:03", "s", 3723.0),
        ("05:10", "s", 310.0), ("90:00", "s", 5400.0), ("0秒", "s", 0.0), ("2小时", "s", 7200.0), ("1500ms", "s", 1.5),
        ("1h2m", "s", 3720.0), ("1天", "s", 86400.0), (1500, "ms", 1.5), ("12.5", "min", 750.0), (2, "h", 7200.0),
        ("１分５秒", "s", 65.0), ("1,500", "s", 1500.0), ("-", "s", None), (None, "s", None),
    ],
)  # fmt: skip
def test_durations(value: object, unit: Any, seconds: float | None) -> None:
    assert repair.read_duration(value, unit=unit).value == seconds


@pytest.mark.parametrize(
    ("value", "instant", "note"),
    [
        pytest.param("2026-01-02 20:15:10", china(2026, 1, 2, 20, 15, 10), "", id="export"),
        pytest.param("2026-01-02 20:15:10.123", china(2026, 1, 2, 20, 15, 10) + 123, "", id="milliseconds"),
        pytest.param("2026/1/4 9:05", china(2026, 1, 4, 9, 5), "", id="slashes"),
        pytest.param("2026.1.4", china(2026, 1, 4), "", id="points"),
        pytest.param("2026-01-02T20:15:10Z", china(2026, 1, 3, 4, 15, 10), "", id="zulu"),
        pytest.param("2026-01-02T20:15:10.5+09:00", china(2026, 1, 2, 19, 15, 10) + 500, "", id="offset"),
        pytest.param("2026-01-02T20:15:10-0330", china(2026, 1, 3, 7, 45, 10), "", id="offset-without-colon"),
        pytest.param("2026/1/2 20:15 +0000", china(2026, 1, 3, 4, 15), "", id="slashes-with-offset"),
        pytest.param("2026-01-02", china(2026, 1, 2), "", id="day"),
        pytest.param("20260102", china(2026, 1, 2), "", id="compact-text"),
        pytest.param(20260102, china(2026, 1, 2), "", id="compact-number"),
        pytest.param(20260102.0, china(2026, 1, 2), "", id="compact-float"),
        pytest.param("20260102201510", china(2026, 1, 2, 20, 15, 10), "", id="compact-seconds"),
        pytest.param("202601022015", china(2026, 1, 2, 20, 15), "", id="compact-minutes"),
        pytest.param("2026年01月02日20时30分00秒", china(2026, 1, 2, 20, 30), "", id="chinese"),
        pytest.param("2026年1月2日", china(2026, 1, 2), "", id="chinese-day"),
        pytest.param("2026年1月2日20时", china(2026, 1, 2, 20), "", id="chinese-hour"),
        pytest.param("2026年1月2日 20:30", china(2026, 1, 2, 20, 30), "", id="chinese-clock"),
        pytest.param("2026/1/4 下午 9:05", china(2026, 1, 4, 21, 5), "", id="afternoon"),
        pytest.param("2026/1/4 12:05 AM", china(2026, 1, 4, 0, 5), "", id="midnight-am"),
        pytest.param("2026-01-02 24:00", china(2026, 1, 3), "", id="twenty-four"),
        pytest.param("２０２６－０１－０２", china(2026, 1, 2), "full-width", id="full-width"),
        pytest.param("\t2026-01-02 ", china(2026, 1, 2), "", id="blanks"),
        pytest.param(1767356110, china(2026, 1, 2, 20, 15, 10), "epoch-s", id="seconds"),
        pytest.param("1767356110", china(2026, 1, 2, 20, 15, 10), "epoch-s", id="seconds-text"),
        pytest.param(1767356110.123, china(2026, 1, 2, 20, 15, 10) + 123, "epoch-s", id="fractional-seconds"),
        pytest.param(1767356110123, china(2026, 1, 2, 20, 15, 10) + 123, "epoch-ms", id="ms"),
        pytest.param("1767356110123", china(2026, 1, 2, 20, 15, 10) + 123, "epoch-ms", id="ms-text"),
        pytest.param(46024, china(2026, 1, 2), "excel-serial", id="excel-day"),
        pytest.param("46024.5", china(2026, 1, 2, 12), "excel-serial", id="excel-noon"),
        pytest.param(date(2026, 1, 2), china(2026, 1, 2), "", id="date"),
        pytest.param(datetime(2026, 1, 2, 20, 15, 10), china(2026, 1, 2, 20, 15, 10), "", id="naive"),
        pytest.param(datetime(2026, 1, 2, 12, 15, 10, tzinfo=UTC), china(2026, 1, 2, 20, 15, 10), "", id="aware"),
        *[pytest.param(mark, None, "", id=f"missing-{mark!r}") for mark in ("", "-", "——", "NULL", None)],
    ],
)
def test_times(value: object, instant: int | None, note: str) -> None:
    assert repair.read_time(value) == (instant, note)


def test_the_order_of_day_and_month_is_never_guessed() -> None:
    with pytest.raises(DataError, match="day or month first"):
        repair.read_time("25/12/2025")
    assert repair.read_time("01/02/2026", order="dmy").value == china(2026, 2, 1)
    assert repair.read_time("01/02/2026 8:26", order="mdy").value == china(2026, 1, 2, 8, 26)
    assert repair.read_time("12/1/10 8:26", order="mdy").value == china(2010, 12, 1, 8, 26)
    with pytest.raises(DataError, match="not a time"):
        repair.read_time("25/12/2025", order="mdy")


def test_the_end_of_a_day_is_the_next_midnight_and_only_of_a_bare_day() -> None:
    for bare in ("2026-01-02", "20260102", 20260102, date(2026, 1, 2), "2026年1月2日", 46024):
        assert repair.read_time(bare, day_end=True).value == china(2026, 1, 3)
    assert repair.read_time("2026-01-02 08:00", day_end=True).value == china(2026, 1, 2, 8)


def test_a_zone_holds_only_for_times_that_name_none() -> None:
    london = ZoneInfo("Europe/London")
    assert repair.read_time("2026-07-01 08:00:00", zone=london).value == china(2026, 7, 1, 15)
    assert repair.read_time("2026-07-01 08:00:00+08:00", zone=london).value == china(2026, 7, 1, 8)


@pytest.mark.parametrize(
    "value",
    [
        "1989-12-31", "2101-01-01", "2026-02-30", "2026-01-02 25:00", "2026-01-02 24:01", "2026-13-01", "tomorrow", 5,
        -1, True, "202601", "2026", 1e15, float("nan"), float("inf"), "99999999", 20261301, "2026/1/4 下午 13:05",
        "20261399000000", datetime(9999, 12, 31), datetime(1, 1, 1), date.max, Decimal("sNaN"), b"2026-01-02",
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(DataError):
        repair.read_time(value, day_end=True)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)))
def test_times_written_by_exports_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    instant = int(moment.replace(tzinfo=SHANGHAI).timestamp()) * 1000
    forms = [
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y%m%d%H%M%S",
        "%Y年%m月%d日%H时%M分%S秒",
        "%Y-%m-%dT%H:%M:%S+08:00",
    ]
    for form in forms:
        assert repair.read_time(f"{moment:{form}}").value == instant, form
    assert repair.read_time(instant).value == instant
    utc = moment.replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert repair.read_time(f"{utc:%Y-%m-%dT%H:%M:%S}Z").value == instant
    serial = (moment - datetime(1899, 12, 30)) / timedelta(1)
    assert repair.read_time(serial).value == instant


@given(st.integers(0, 10**6))
def test_durations_read_back(seconds: int) -> None:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    for text in (f"{hours}小时{minutes}分{rest}秒", f"{hours:02}:{minutes:02}:{rest:02}", f"{seconds}秒", str(seconds)):
        assert repair.read_duration(text).value == seconds
