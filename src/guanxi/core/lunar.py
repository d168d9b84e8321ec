"""The lunar calendar (农历), 1990-2050, as a table."""

from bisect import bisect_right
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple

from guanxi.core.errors import DataError

FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2050, 12, 31)


class LunarDate(NamedTuple):
    """A day of the lunar calendar: year, month 1..12, day 1..30, and whether the month is a leap month (闰月)."""

    year: int
    month: int
    day: int
    is_leap: bool = False


def lunar_date(day: date) -> LunarDate:
    """Return the lunar date of a day.

    raises   DataError outside 1990-01-01..2050-12-31
    source   the table is generated with lunar-python 1.4.8 (MIT) and compared with it day by day in the tests
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _outside(day.isoformat())
    at = bisect_right(_NEW_YEARS, day.toordinal()) - 1
    rest = day.toordinal() - _NEW_YEARS[at]
    for month, is_leap, length in _months(_YEARS[at]):
        if rest < length:
            return LunarDate(FIRST_YEAR + at, month, rest + 1, is_leap)
        rest -= length
    raise AssertionError("the years of the table follow each other without a gap")


def from_lunar(year: int, month: int, day: int, *, is_leap: bool = False) -> date:
    """Return the day on which a lunar date falls; lunar years 1989..2050.

    raises   DataError when the year is outside the table or has no such month or day
    """
    if not FIRST_YEAR <= year < FIRST_YEAR + len(_YEARS):
        raise _outside(f"lunar year {year}")
    ordinal = _NEW_YEARS[year - FIRST_YEAR]
    for number, leap, length in _months(_YEARS[year - FIRST_YEAR]):
        if (number, leap) == (month, is_leap):
            if not 1 <= day <= length:
                break
            return date.fromordinal(ordinal + day - 1)
        ordinal += length
    raise DataError(
        f"lunar year {year} has no {'leap ' if is_leap else ''}month {month} day {day}", "See `lunar_months`"
    )


def lunar_months(year: int) -> list[tuple[int, bool, int]]:
    """Return the months of a lunar year in order: number, whether it is the leap month, days in it."""
    if not FIRST_YEAR <= year < FIRST_YEAR + len(_YEARS):
        raise _outside(f"lunar year {year}")
    return _months(_YEARS[year - FIRST_YEAR])


FIRST_YEAR: Final = 1989

# One number a lunar year: bits 0..11 = months 1..12 have 30 days, not 29; bits 12..15 = the month that has a leap
# month after it, 0 for none; bit 16 = that leap month has 30 days.
# fmt: off
_YEARS: Final = (
    0x00EA9, 0x05F52, 0x00E92, 0x00D26, 0x0352E, 0x00A57, 0x08AD6, 0x0035A, 0x006D5, 0x05B69,  # 1989
    0x00749, 0x00693, 0x04A9B, 0x0052B, 0x00A5B, 0x02AAE, 0x0056A, 0x07DD5, 0x00BA4, 0x00B49,  # 1999
    0x05D53, 0x00A95, 0x0052D, 0x0455D, 0x00AB5, 0x09BAA, 0x005D2, 0x00DA5, 0x16E8A, 0x00D4A,  # 2009
    0x00C95, 0x04A9E, 0x00556, 0x00AB5, 0x02ADA, 0x006D2, 0x06765, 0x00725, 0x0064B, 0x05657,  # 2019
    0x00CAB, 0x0055A, 0x0356E, 0x00B69, 0x0BF52, 0x00B52, 0x00B25, 0x16D0B, 0x00A4B, 0x004AB,  # 2029
    0x052BB, 0x005AD, 0x00B6A, 0x02DAA, 0x00D92, 0x07EA5, 0x00D25, 0x00A55, 0x15A4D, 0x004B6,  # 2039
    0x005B5, 0x136D2,  # 2049
)
# fmt: on


def _months(code: int) -> list[tuple[int, bool, int]]:
    leap = code >> 12 & 15
    months = []
    for month in range(1, 13):
        months.append((month, False, 29 + (code >> month - 1 & 1)))
        if month == leap:
            months.append((month, True, 29 + (code >> 16 & 1)))
    return months


#: Ordinals of the lunar new year's days.
_NEW_YEARS: Final = list(
    accumulate(
        (sum(length for _, _, length in _months(code)) for code in _YEARS[:-1]),
        initial=date(1989, 2, 6).toordinal(),
    )
)


def _outside(what: str) -> DataError:
    return DataError(f"{what} is outside the lunar table", "Use days from 1990-01-01 to 2050-12-31")
