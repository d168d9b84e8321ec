"""Repair of numbers: counts, decimals, money, rates and durations."""

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final, Literal

from guanxi.core import MINOR_DIGITS, DataError
from guanxi.events.repair_text import NO_VALUE, Repaired, half_width, shown

MONEY_LIMIT: Final = 10**15  # minor units; ten trillion yuan
DECIMAL_PLACES: Final = 6


def read_integer(value: object) -> Repaired[int | None]:
    """Read a whole number of 64 bits; `1,204`, `1.2万`, `3件` and `12.0` are mended.

    raises   DataError for fractions, NaN, infinities, other text and other types
    """
    if type(value) is int and -_INT64 <= value < _INT64:  # the common case
        return Repaired(value)
    number, note = _number(value, _COUNT)
    if number is None:
        return Repaired(None)
    whole = int(number)
    if whole != number:
        raise DataError(f"{shown(value)} is not a whole number", "Declare the property as decimal or mend the row")
    if not -_INT64 <= whole < _INT64:
        raise DataError(f"{shown(value)} does not fit 64 bits", "Use the type id for identifiers")
    return Repaired(whole, note)


def read_decimal(value: object) -> Repaired[Decimal | None]:
    """Read an exact decimal with at most 6 places and no trailing zeros; more are rounded half up and noted.

    raises   DataError for NaN, infinities, 10**18 or more, other text and other types
    """
    number, note = _number(value, _COUNT)
    if number is None:
        return Repaired(None)
    if number.adjusted() >= 18 and number:
        raise DataError(f"{shown(value)} is an absurd decimal", "Mend the value; the limit is 10^18")
    exact, rounded = _round(number, DECIMAL_PLACES)
    text = format(exact, "f")
    exact = Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    return Repaired(exact if exact else Decimal(0), _join(note, "rounded" if rounded else ""))


def read_number(value: object) -> Repaired[float | None]:
    """Read a finite floating point number.

    raises   DataError for NaN, infinities, other text and other types
    """
    if type(value) is float and math.isfinite(value):  # the common case
        return Repaired(value)
    number, note = _number(value, _COUNT)
    if number is None:
        return Repaired(None)
    if not math.isfinite(float(number)):
        raise DataError(f"{shown(value)} does not fit 64 bits", "Mend the value; the limit is 1.8e308")
    return Repaired(float(number), note)


def read_money(
    value: object, *, currency: str = "CNY", unit: Literal["major", "minor"] = "major"
) -> Repaired[int | None]:
    """Read an amount into minor units (fen) by decimal arithmetic; rounds half up.

    value    `1,234.50`, `¥236,552`, `0元`, `1.2万元`, `（8.00）` and `−8` for negatives, numbers
    unit     what the number counts: "major" yuan, "minor" fen
    returns  None when the amount is missing: a missing amount is not zero
    raises   DataError when it is no amount, names another currency or is over 10^15 minor units
    """
    if unit == "minor" and type(value) is int and -MONEY_LIMIT <= value <= MONEY_LIMIT:  # the common case
        return Repaired(value)
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise DataError(f"{currency!r} is not a known currency", f"Use one of {', '.join(MINOR_DIGITS)}")
    if unit not in ("major", "minor"):
        raise DataError(f"{unit!r} is not a unit of money", 'Use "major" (yuan) or "minor" (fen)')
    number, note, marks = _amount(value)
    for mark in marks:
        if currency not in _MARKS[mark]:
            raise DataError(f"{shown(value)} is not an amount in {currency}", "Map the column that holds the currency")
        if unit == "minor":
            raise DataError(f"{shown(value)} names a currency, so it is not in minor units", 'Set unit = "major"')
    if number is None:
        return Repaired(None)
    minor, rounded = _round(number.scaleb(digits, _CONTEXT) if unit == "major" else number, 0)
    if abs(minor) > MONEY_LIMIT:
        raise DataError(
            f"{shown(value)} is an absurd amount", f"Mend the value; the limit is {MONEY_LIMIT:,} minor units"
        )
    return Repaired(int(minor), _join(note, "rounded" if rounded else ""))


def read_rate(value: object, *, form: Literal["percent", "fraction"]) -> Repaired[float | None]:
    """Read a share 0..1.

    form     "percent": `5.49%`, 5.49 and "5.49" all mean 0.0549; "fraction": 0.0374, though a trailing % is honoured
    raises   DataError outside 0..1
    """
    if form not in ("percent", "fraction"):
        raise DataError(f"{form!r} is not a form of rate", 'Use "percent" or "fraction"')
    number, note, percent = _percent(value)
    if number is None:
        return Repaired(None)
    share = float(_CONTEXT.divide(number, Decimal(100)) if percent or form == "percent" else number)
    if not 0 <= share <= 1:
        raise DataError(f"the rate {shown(value)} is outside 0..1", "Say whether the column holds percent or fractions")
    return Repaired(share, _join(note, "percent" if percent and form == "fraction" else ""))


def read_duration(value: object, *, unit: Literal["s", "ms", "min", "h"] = "s") -> Repaired[float | None]:
    """Read a duration in seconds: `1分5秒`, `1小时2分3秒`, `14.73秒`, `01:02:03`, `05:10`, or a number of `unit`.

    raises   DataError when negative, over 10^10 seconds or not a duration
    """
    scale = _SECONDS.get(unit)
    if unit not in ("s", "ms", "min", "h") or scale is None:
        raise DataError(f"{unit!r} is not a unit of time", "Use s, ms, min or h")
    if isinstance(value, str) and len(value) <= 64:
        text, note = half_width(value)
        seconds = _spoken_seconds(text.lower())
        if seconds is not None:
            return _checked_duration(seconds, note, value)
    number, note = _number(value, _COUNT)
    return Repaired(None) if number is None else _checked_duration(_CONTEXT.multiply(number, scale), note, value)


_INT64: Final = 2**63
_CONTEXT: Final = Context(prec=120, rounding=ROUND_HALF_UP)
_DIGITS: Final = r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:e[+-]?\d{1,3})?|\.\d+)"
_SCALES: Final = {"万": 4, "w": 4, "亿": 8}
_COUNT: Final = re.compile(
    rf"(?P<sign>[+-])?\s*{_DIGITS}\s*(?P<scale>[万亿w])?\s*(?P<unit>[件个次人单笔条位张份台套])?\Z",
    re.ASCII | re.IGNORECASE,
)
_DOLLARS: Final = frozenset({"USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MOP"})
_MARKS: Final[dict[str, frozenset[str]]] = {
    "¥": frozenset({"CNY", "JPY"}), "$": _DOLLARS, "£": frozenset({"GBP"}), "€": frozenset({"EUR"}),
    "元": frozenset({"CNY", "HKD", "TWD", "MOP"}), "块": frozenset({"CNY"}), "rmb": frozenset({"CNY"}),
    "人民币": frozenset({"CNY"}), "美元": frozenset({"USD"}), "港元": frozenset({"HKD"}), "港币": frozenset({"HKD"}),
    "日元": frozenset({"JPY"}), "欧元": frozenset({"EUR"}), "英镑": frozenset({"GBP"}), "us$": frozenset({"USD"}),
    "hk$": frozenset({"HKD"}), **{code.lower(): frozenset({code}) for code in MINOR_DIGITS},
}  # fmt: skip
_MARK: Final = "|".join(re.escape(mark) for mark in sorted(_MARKS, key=len, reverse=True))
_MONEY: Final = re.compile(
    rf"(?P<sign>[+-])?\s*(?P<before>{_MARK})?\s*(?P<inner>[+-])?\s*{_DIGITS}\s*(?P<scale>[万亿w])?\s*(?P<after>{_MARK})?\Z",
    re.ASCII | re.IGNORECASE,
)
_SECONDS: Final[dict[str, Decimal]] = {
    **dict.fromkeys(["天", "日", "d"], Decimal(86_400)),
    **dict.fromkeys(["小时", "时", "h"], Decimal(3_600)),
    **dict.fromkeys(["分钟", "分", "min", "m"], Decimal(60)),
    **dict.fromkeys(["毫秒", "ms"], Decimal("0.001")),
    **dict.fromkeys(["秒钟", "秒", "s"], Decimal(1)),
}
_PART: Final = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*({'|'.join(sorted(_SECONDS, key=len, reverse=True))})\s*", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)\Z", re.ASCII)


def _number(value: object, pattern: re.Pattern[str]) -> tuple[Decimal | None, str]:
    """Return any object as an exact decimal; None when missing."""
    if not isinstance(value, str):
        return _plain_number(value), ""
    found, note = _match(value, pattern)
    if found is None:
        return None, ""
    number, codes = _found_number(found)
    unit = found["unit"]
    return number, _join(note, codes, "unit-suffix" if unit else "")


def _amount(value: object) -> tuple[Decimal | None, str, list[str]]:
    """Return an amount, its note and the currency marks it carries."""
    if not isinstance(value, str):
        return _plain_number(value), "", []
    text, wide = half_width(value)
    negative = text.startswith("(") and text.endswith(")")
    found, _ = _match(text[1:-1] if negative else value, _MONEY)
    if found is None:
        if negative:
            raise _no_number(value)
        return None, "", []
    number, codes = _found_number(found)
    if (found["sign"] and found["inner"]) or (negative and (found["sign"] or found["inner"])):
        raise _no_number(value)
    if negative or found["inner"] == "-":
        number = number.copy_negate()
    before, after = (found["before"] or "").lower(), (found["after"] or "").lower()
    notes = _join(
        wide, codes, "currency-sign" if before else "", "unit-suffix" if after else "", "negative" if negative else ""
    )
    return number, notes, [mark for mark in (before, after) if mark]


def _percent(value: object) -> tuple[Decimal | None, str, bool]:
    """Return a number, its note and whether a percent sign followed it."""
    if isinstance(value, str) and len(value) <= 64:
        text, wide = half_width(value)
        if text.endswith("%"):
            number, note = _number(text[:-1], _COUNT)
            if number is None:
                raise _no_number(value)
            return number, _join(wide, note), True
    return *_number(value, _COUNT), False


def _match(value: str, pattern: re.Pattern[str]) -> tuple[re.Match[str] | None, str]:
    """Match cleaned text; None when it is a missing mark."""
    if len(value) > 200:
        raise _no_number(value)
    text, note = half_width(value)
    if text in NO_VALUE:
        return None, ""
    found = pattern.match(text)
    if found is None or len(text) > 64:
        raise _no_number(value)
    return found, note


def _found_number(found: re.Match[str]) -> tuple[Decimal, str]:
    """Return the signed number of a match, with 万 and 亿 applied, and its note."""
    digits, scale = found["number"], (found["scale"] or "").lower()
    number = Decimal(digits.replace(",", ""))
    if scale:
        number = number.scaleb(_SCALES[scale], _CONTEXT)
    if found["sign"] == "-":
        number = number.copy_negate()
    return number, _join("thousands" if "," in digits else "", {"": "", "亿": "yi"}.get(scale, "wan"))


def _plain_number(value: Any) -> Decimal | None:
    """Return a number that came as a number."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 256:
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(float(value)))
    if isinstance(value, Decimal) and value.is_finite() and len(value.as_tuple().digits) + abs(value.adjusted()) <= 100:
        return value
    raise _no_number(value)


def _round(number: Decimal, places: int) -> tuple[Decimal, bool]:
    """Round half up to a number of places; True when digits were lost."""
    if number.adjusted() > 60:  # far over every limit: callers refuse it
        return number, False
    rounded = number.quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    return rounded, rounded != number


def _spoken_seconds(text: str) -> Decimal | None:
    """Return the seconds of `1小时2分3秒` or `01:02:03`; None when the text is neither."""
    if clock := _CLOCK.match(text):
        hours, minutes, seconds = Decimal(clock[1] or 0), Decimal(clock[2]), Decimal(clock[3])
        return hours * 3600 + minutes * 60 + seconds if minutes < 60 or not clock[1] else None
    total, at, last = Decimal(0), 0, Decimal(10**9)
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or _SECONDS[part[2]] >= last:
            return None
        last = _SECONDS[part[2]]
        total, at = total + Decimal(part[1]) * last, part.end()
    return total if at else None


def _checked_duration(seconds: Decimal, note: str, value: object) -> Repaired[float | None]:
    if not 0 <= seconds <= 10**10:
        raise DataError(f"the duration {shown(value)} is negative or absurd", "Mend the value or its unit")
    return Repaired(float(seconds), note)


def _join(*codes: str) -> str:
    return "+".join(code for code in codes if code)


def _no_number(value: object) -> DataError:
    return DataError(f"{shown(value)} is not a number", "Mend the value; 1,234.50, 1.2万 and -8 are understood")
