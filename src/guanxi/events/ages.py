"""Bands of age: all that the log keeps of a date of birth, which itself is sealed in the vault."""

import re
from bisect import bisect_right
from datetime import date
from typing import Final

from guanxi.core import DataError, local_day

#: Youngest age of each band -> its name; the first is for those whom the law calls minors.
AGE_BANDS: Final[dict[int, str]] = {0: "<18", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-59", 60: "60+"}
OLDEST: Final = 130


def age_band(age: int) -> str:
    """Return the band of an age in whole years.

    raises  DataError for an age below 0

    >>> age_band(17), age_band(18), age_band(44), age_band(60)
    ('<18', '18-24', '35-44', '60+')
    """
    if age < 0:
        raise DataError(f"the age is {age}", "Ages begin at 0")
    return AGE_BANDS[list(AGE_BANDS)[bisect_right(list(AGE_BANDS), age) - 1]]


def band_of_birthday(birthday: str, at_ms: int) -> str:
    """Return the band of age, at an instant, of a date of birth; "" when it is no date, or hides its year.

    birthday  1988-01-02, 1988/1/2, 19880102, 1988年1月2日; of a year alone, or a year and month, the youngest age holds
    at_ms     milliseconds UTC; the day in China counts

    >>> band_of_birthday("1988-01-02", 1_767_225_600_000), band_of_birthday("01-02", 1_767_225_600_000)
    ('35-44', '')
    """
    found = _DATE.match(birthday.strip())
    if found is None:
        return ""
    year, month, day = (int(part) if part else 0 for part in found.groups())
    today = local_day(at_ms)
    if not _is_date(year, month or 12, day or 1) or not 0 <= today.year - year < OLDEST:
        return ""
    age = today.year - year - ((today.month, today.day) < (month or 12, day or 31))
    return age_band(age) if age >= 0 else ""


_DATE: Final = re.compile(r"((?:19|20)\d\d)(?:[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2})日?)?)?月?年?(?:[T\s].*)?\Z")


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
