"""The lunar table against a library, festivals against known years, promotions by their rules."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lunar_python import LunarYear, Solar

from guanxi.core import (
    FESTIVALS,
    PROMOTIONS,
    DataError,
    DayRule,
    Era,
    Promotion,
    RowTable,
    SettingError,
    aligned_last_year,
    festivals_on,
    from_lunar,
    lunar_date,
    lunar_months,
    promotion_on,
)

DAYS = st.dates(date(1991, 1, 1), date(2050, 12, 31))


def solar_of(library_day: Any) -> date:
    return date(library_day.getYear(), library_day.getMonth(), library_day.getDay())


def test_every_day_from_1990_to_2050_agrees_with_the_library() -> None:
    seen = 0
    for year in range(1989, 2051):
        for month in LunarYear.fromYear(year).getMonthsInYear():
            first = solar_of(Solar.fromJulianDay(month.getFirstJulianDay()))
            number, is_leap = abs(month.getMonth()), month.getMonth() < 0
            for rest in range(month.getDayCount()):
                day = first + timedelta(rest)
                assert from_lunar(year, number, rest + 1, is_leap=is_leap) == day
                if date(1990, 1, 1) <= day <= date(2050, 12, 31):
                    assert lunar_date(day) == (year, number, rest + 1, is_leap)
                    seen += 1
    assert seen == (date(2050, 12, 31) - date(1990, 1, 1)).days + 1


@pytest.mark.parametrize("year", range(1990, 2051, 5))
def test_a_day_a_year_agrees_with_the_library_read_the_other_way(year: int) -> None:
    lunar = Solar.fromYmd(year, 7, year % 28 + 1).getLunar()
    expected = (lunar.getYear(), abs(lunar.getMonth()), lunar.getDay(), lunar.getMonth() < 0)
    assert lunar_date(date(year, 7, year % 28 + 1)) == expected


@pytest.mark.parametrize("year", range(1990, 2051))
def test_solar_terms_agree_with_the_library(year: int) -> None:
    terms = Solar.fromYmd(year, 6, 1).getLunar().getJieQiTable()
    assert DayRule("term", 4).day_in(year) == solar_of(terms["清明"])
    winters = [solar_of(terms[name]) for name in ("冬至", "DONG_ZHI")]
    assert DayRule("term", 12).day_in(year) in winters


@pytest.mark.parametrize(
    ("day", "names"),
    [
        ("2026-02-16", ["除夕"]), ("2026-02-17", ["春节"]), ("2026-03-03", ["元宵"]), ("2026-04-05", ["清明"]),
        ("2026-06-19", ["端午"]), ("2026-08-19", ["七夕"]), ("2026-09-25", ["中秋"]), ("2026-10-18", ["重阳"]),
        ("2025-01-28", ["除夕"]), ("2025-01-29", ["春节"]), ("2020-10-01", ["中秋", "国庆"]), ("2023-01-22", ["春节"]),
        ("2026-05-01", ["五一"]), ("2026-05-10", ["母亲节"]), ("2026-06-21", ["父亲节"]), ("2026-01-26", ["腊八"]),
        ("2025-12-21", ["冬至"]), ("2026-01-01", ["元旦"]), ("1990-01-04", ["腊八"]), ("2026-07-01", []),
    ],
)  # fmt: skip
def test_festivals_of_known_days(day: str, names: list[str]) -> None:
    assert [festival.zh for festival in festivals_on(date.fromisoformat(day))] == names


@pytest.mark.parametrize("year", range(1991, 2050))
def test_each_festival_is_kept_as_often_as_its_rule_says(year: int) -> None:
    first = date(year, 1, 1)
    kept = [row.name for rest in range(366) for row in festivals_on(first + timedelta(rest))]
    for festival in FESTIVALS.values():
        # 腊八 and 小年 wander over the turn of the year, so a solar year may hold none or two.
        assert kept.count(festival.name) in ({0, 1, 2} if festival.rule.month == 12 else {1, 2}), festival.name
    assert kept.count("spring_festival") == 1


def test_the_leap_months_of_known_years() -> None:
    leaps = {year: [m for m, is_leap, _ in lunar_months(year) if is_leap] for year in (2020, 2023, 2025, 2026, 2033)}
    assert leaps == {2020: [4], 2023: [2], 2025: [6], 2026: [], 2033: [11]}


@pytest.mark.parametrize("day", [date(1989, 12, 31), date(2051, 1, 1)])
def test_days_outside_the_table_are_refused(day: date) -> None:
    with pytest.raises(DataError, match="outside the lunar table"):
        lunar_date(day)


@pytest.mark.parametrize(
    ("year", "month", "day", "is_leap"),
    [(2051, 1, 1, False), (1988, 1, 1, False), (2026, 6, 1, True), (2026, 2, 30, False), (2026, 13, 1, False)],
)
def test_lunar_dates_that_do_not_exist_are_refused(year: int, month: int, day: int, is_leap: bool) -> None:
    with pytest.raises(DataError):
        from_lunar(year, month, day, is_leap=is_leap)


@pytest.mark.parametrize(
    ("day", "name", "phase"),
    [
        ("2025-11-11", "double_eleven", "peak"), ("2025-11-10", "double_eleven", "sale"),
        ("2025-10-15", "double_eleven", "presale"), ("2025-11-12", None, ""), ("2012-11-10", None, ""),
        ("2012-11-11", "double_eleven", "peak"), ("2008-11-11", None, ""), ("2022-05-24", "mid_year", "presale"),
        ("2025-06-18", "mid_year", "peak"), ("2025-03-08", "womens_day_sale", "peak"),
        ("2025-09-09", "double_nine", "peak"), ("2025-12-12", "double_twelve", "peak"),
        ("2025-08-29", "qixi_sale", "peak"), ("2025-01-04", "new_year_goods", "peak"),
        ("2022-12-24", "new_year_goods", "sale"), ("2025-07-20", None, ""),
    ],
)  # fmt: skip
def test_promotions_of_known_days(day: str, name: str | None, phase: str) -> None:
    found = promotion_on(date.fromisoformat(day))
    assert (found.promotion.name if found else None) == name
    assert (found.phase(date.fromisoformat(day)) if found else "") == phase


@pytest.mark.parametrize("promotion", PROMOTIONS.values(), ids=lambda promotion: promotion.name)
@pytest.mark.parametrize("year", range(2009, 2051, 3))
def test_the_days_of_a_promotion_are_in_order(promotion: Promotion, year: int) -> None:
    days = promotion.in_year(year)
    if days is None:
        assert year < promotion.eras[0].since
        return
    assert days.start <= days.first <= days.peak <= days.last
    assert days.phase(days.peak) == "peak"
    assert days.phase(days.last + timedelta(1)) == days.phase(days.start - timedelta(1)) == ""


def test_a_workspace_brings_its_own_promotions() -> None:
    rule = DayRule("solar", 7, 20)
    era = Era(since=2020, first=rule, peak=rule, last=rule)
    own = RowTable([Promotion(name="birthday", zh="店庆", en="Birthday", platforms=("store",), eras=(era,))])
    found = promotion_on(date(2025, 7, 20), promotions=own)
    assert found is not None
    assert found.promotion.zh == "店庆"
    assert promotion_on(date(2025, 11, 11), promotions=own) is None


@pytest.mark.parametrize(
    ("day", "by", "expected"),
    [
        pytest.param("2024-02-29", "solar", "2023-02-28", id="leap-day"),
        pytest.param("2026-02-17", "lunar", "2025-01-29", id="spring-festival"),
        pytest.param("2026-02-16", "lunar", "2025-01-28", id="its-eve"),
        pytest.param("2025-07-25", "lunar", "2024-07-06", id="leap-month-with-its-plain-month"),
        pytest.param("2025-11-11", "promotion", "2024-11-11", id="double-eleven"),
        pytest.param("2024-05-20", "promotion", "2023-05-24", id="a-longer-618-is-kept-within-the-shorter"),
        pytest.param("2025-08-29", "promotion", "2024-08-10", id="qixi"),
        pytest.param("2025-07-20", "promotion", "2024-07-20", id="no-promotion"),
        pytest.param("2009-11-11", "promotion", "2008-11-11", id="the-first-of-its-kind"),
    ],
)
def test_last_year(day: str, by: Any, expected: str) -> None:
    assert aligned_last_year(date.fromisoformat(day), by) == date.fromisoformat(expected)


@given(DAYS, st.sampled_from(["solar", "lunar", "promotion"]))
def test_last_year_is_about_a_year_ago(day: date, by: Any) -> None:
    assert 330 <= (day - aligned_last_year(day, by)).days <= 400


@given(DAYS)
def test_the_same_lunar_day_a_year_before(day: date) -> None:
    now, then = lunar_date(day), lunar_date(aligned_last_year(day, "lunar"))
    assert (then.year, then.month, then.is_leap) == (now.year - 1, now.month, False)
    assert then.day in (now.day, now.day - 1)


def test_rules_check_themselves() -> None:
    for wrong in ((13, 1, 0), (1, 32, 0), (1, 1, 7)):
        with pytest.raises(SettingError, match="is no day"):
            DayRule("solar", *wrong)
    with pytest.raises(SettingError, match="no solar term"):
        DayRule("term", 5)
    with pytest.raises(DataError, match="solar terms"):
        DayRule("term", 4).day_in(2051)
    with pytest.raises(DataError, match="align"):
        aligned_last_year(date(2026, 1, 1), "moon")  # type: ignore[arg-type]
    with pytest.raises(DataError):
        aligned_last_year(date(1, 1, 1))
