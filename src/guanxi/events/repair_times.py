"""Repair of times: everything that exports and SDKs write becomes milliseconds UTC."""

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Final, Literal

from guanxi.core import SHANGHAI, DataError
from guanxi.events.repair_text import NO_VALUE, Repaired, half_width, shown

FIRST_MS: Final = 631_152_000_000  # 1990-01-01 UTC
LAST_MS: Final = 4_102_444_800_000  # 2100-01-01 UTC, exclusive


def read_time(
    value: object, *, zone: tzinfo = SHANGHAI, day_end: bool = False, order: Literal["", "dmy", "mdy"] = ""
) -> Repaired[int | None]:
    """Read an instant as milliseconds since 1970-01-01 UTC.

    value    ISO text, `2026/1/4 9:05`, `20260102`, `2026年1月2日20时`, epoch seconds (1e9..1e11) or milliseconds
             (1e11..1e14), an Excel serial number (20000..80000), datetime, date
    zone     of a time that names none; China time by default
    day_end  True: a date without a time of day means the midnight that ends it
    order    how to read `01/02/2026`; without it such a date is refused
    raises   DataError when it is no time, or lies before 1990 or after 2099
    """
    if isinstance(value, str):
        moment, note = _read_text(value, zone, day_end, order)
    elif isinstance(value, datetime):
        moment, note = _to_ms(value, zone), ""
    elif isinstance(value, date):
        moment, note = _day_ms(value, zone, day_end), ""
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        moment, note = _read_number(value, zone, day_end)
    elif value is None:
        return Repaired(None)
    else:
        raise _no_time(value)
    if moment is not None and not FIRST_MS <= moment < LAST_MS:
        raise DataError(
            f"the time {shown(value)} lies before 1990 or after 2099", "Mend the value or map another column"
        )
    return Repaired(moment, note)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000
_EXCEL_ZERO: Final = date(1899, 12, 30)
_CLOCK: Final = (
    r"(?:(?:\s*T\s*|\s+|(?<=日)|(?<=号))(?P<half>上午|下午|AM|PM)?\s*(?P<hour>\d{1,2})\s*(?:[:时点]"
    r"(?:\s*(?P<minute>\d{1,2})\s*(?:[:分]\s*(?:(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?)?)?)?"
    r"\s*(?P<after>AM|PM)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?\Z"
)
_YMD: Final = re.compile(
    r"(?P<year>\d{4})\s*(?P<mark>[-/.年])\s*(?P<month>\d{1,2})\s*(?:(?P=mark)|月)\s*(?P<day>\d{1,2})\s*[日号]?"
    + _CLOCK,
    re.ASCII | re.IGNORECASE,
)
_THREE: Final = re.compile(
    r"(?P<one>\d{1,2})\s*(?P<mark>[-/.])\s*(?P<two>\d{1,2})\s*(?P=mark)\s*(?P<year>\d{4}|\d{2})" + _CLOCK,
    re.ASCII | re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d{4,16}(?:\.\d{1,12})?\Z", re.ASCII)


def _read_text(value: str, zone: tzinfo, day_end: bool, order: str) -> tuple[int | None, str]:
    if 19 <= len(value) <= 35 and value[4] == "-" and value[10] in " T":  # the common case: 2026-01-02 20:15:10
        try:
            return _to_ms(datetime.fromisoformat(value), zone), ""
        except ValueError:  # read again below, by wider rules
            pass
    if len(value) > 100:
        raise _no_time(value)
    text, note = half_width(value.lstrip("'\t "))
    if text in NO_VALUE:
        return None, ""
    if _NUMBER.match(text):
        moment, code = _read_digits(text, zone, day_end)
        return moment, "+".join(filter(None, (note, code)))
    found = _YMD.match(text)
    if found is not None:
        return _clock_ms(
            value, found, (int(found["year"]), int(found["month"]), int(found["day"])), zone, day_end
        ), note
    found = _THREE.match(text)
    if found is None:
        raise _no_time(value)
    one, two, year = int(found["one"]), int(found["two"]), int(found["year"])
    year += 2000 if len(found["year"]) == 2 else 0
    if order not in ("dmy", "mdy"):
        raise DataError(f"{shown(value)} may be day or month first", 'Say which with order = "dmy" or "mdy"')
    month, day = (two, one) if order == "dmy" else (one, two)
    return _clock_ms(value, found, (year, month, day), zone, day_end), note


def _read_digits(text: str, zone: tzinfo, day_end: bool) -> tuple[int, str]:
    """Read digits: 20260102, 202601022015, 20260102201510, else a number."""
    if len(text) in (12, 14) and text.isdigit() and text[:2] in ("19", "20"):
        # As epoch milliseconds these lie before 1990 or after 2099, so there is no doubt.
        year, month, day, hour, minute, second = (
            int(part) for part in [text[:4], *re.findall("..", f"{text[4:]:0<10}")]
        )
        try:
            moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows
        except ValueError:
            raise _no_time(text) from None
        return _to_ms(moment, zone), ""
    return _read_number(Decimal(text), zone, day_end)


def _read_number(value: float | Decimal, zone: tzinfo, day_end: bool) -> tuple[int, str]:
    """Read a number by its size; the ranges do not overlap."""
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise _no_time(value)
    if 1e9 <= value < 1e11:
        return round(Decimal(str(value)) * 1000), "epoch-s"
    if 1e11 <= value < 1e14:
        return round(value), "epoch-ms"
    if 19_900_101 <= value <= 20_991_231 and value == int(value):
        whole = int(value)
        try:
            day = date(whole // 10_000, whole // 100 % 100, whole % 100)
        except ValueError:
            raise _no_time(value) from None
        return _day_ms(day, zone, day_end), ""
    if 20_000 <= value < 80_000:
        days = int(value)
        start = datetime.combine(_EXCEL_ZERO + timedelta(days), datetime.min.time())
        if value == days:
            return _day_ms(start.date(), zone, day_end), "excel-serial"
        part = round(Decimal(str(value)) % 1 * _DAY_MS)
        return _to_ms(start + timedelta(milliseconds=part), zone), "excel-serial"
    raise _no_time(value)


def _clock_ms(value: str, found: re.Match[str], ymd: tuple[int, int, int], zone: tzinfo, day_end: bool) -> int:
    """Return the instant of a matched date and time of day."""
    try:
        day = date(*ymd)
        if found["hour"] is None:
            return _day_ms(day, zone, day_end)
        hour, minute, second = _hour(found), int(found["minute"] or 0), int(found["second"] or 0)
        micro = int((found["fraction"] or "").ljust(6, "0")[:6])
        extra = timedelta(0)
        if hour == 24 and minute == second == micro == 0:  # reports end a day at 24:00
            hour, extra = 0, timedelta(1)
        moment = datetime(*ymd, hour, minute, second, micro) + extra  # noqa: DTZ001 - the zone follows
        return _to_ms(moment, _zone(found["zone"], zone))
    except (ValueError, OverflowError):
        raise _no_time(value) from None


def _hour(found: re.Match[str]) -> int:
    hour, half = int(found["hour"]), (found["half"] or found["after"] or "").upper()
    if not half:
        return hour
    if hour > 12:
        raise ValueError("hour beyond twelve")
    return hour % 12 + (12 if half in ("下午", "PM") else 0)


def _zone(text: str | None, zone: tzinfo) -> tzinfo:
    if not text:
        return zone
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _day_ms(day: date, zone: tzinfo, day_end: bool) -> int:
    try:
        start = day + timedelta(1) if day_end else day
        return _to_ms(datetime(start.year, start.month, start.day), zone)  # noqa: DTZ001 - the zone follows
    except OverflowError:
        raise _no_time(day) from None


def _to_ms(moment: datetime, zone: tzinfo) -> int:
    try:
        aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)
        return (aware - _EPOCH) // _MS
    except OverflowError:
        raise _no_time(moment) from None


def _no_time(value: object) -> DataError:
    return DataError(
        f"{shown(value)} is not a time",
        "Use 2026-01-02 20:15:10, 2026/1/2, 2026年1月2日, epoch seconds or milliseconds",
    )
