"""Readers of values: strict where the catalogue knows a property, bounded where it does not."""

import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any, Final

import msgspec

from guanxi.core import MINOR_DIGITS, DataError
from guanxi.events import repair
from guanxi.events.columns import MAX_ID, MAX_JSON, MAX_TEXT, decimal_text
from guanxi.events.kinds import PropertyType

MAX_WHAT: Final = 300  # characters of what was received that a message shows
MAX_DEPTH: Final = 8  # lists and objects within each other
INT64: Final = 2**63

Reader = Callable[[str, Any, str, list[str]], Any]  # name, value, currency, repairs -> value; None when there is none


def read_free(name: str, value: Any, repairs: list[str]) -> Any:
    """Check a property that no kind declares: whole Unicode, finite numbers of 64 bits, bounded text and depth.

    repairs  gets a code when text was mended
    raises   DataError, naming the property
    """
    kind = type(value)
    if kind is str:
        return _free_text(name, value, repairs)
    if kind is int or kind is bool or kind is float:
        return _free_number(name, value)
    if kind in (list, tuple, dict):
        mended = _nested(name, value, repairs, 1)
        if len(msgspec.json.encode(mended)) > MAX_JSON:
            raise DataError(f"{name!r} is longer than {MAX_JSON} characters as JSON", "Send less, or a reference", name)
        return mended
    if kind is Decimal:
        return str(_decimal(name, value, "", repairs))
    raise _strange(name, value)


def read_name(name: str) -> str:
    """Return the name of a property that no kind declares, cleaned.

    raises  DataError when it is empty, longer than 512 characters or not text
    """
    if type(name) is not str or len(name) > MAX_ID:
        raise DataError(f"the name of a property is longer than {MAX_ID} characters", "Shorten it", "properties")
    if not name.isprintable():
        name = repair.read_text(name).value or ""
    if not name:
        raise DataError("a property has no name", "Name it", "properties")
    return name


def read_role(role: str, value: Any) -> str | None:
    """Return a party reference "type:scope:key", cleaned; None when there is none.

    raises  DataError when it has another form, or more than 512 characters
    """
    text: str | None = value
    if type(value) is not str or not value.isprintable():
        text = _named(role, lambda: repair.read_id(value)).value
    if not text:
        return None
    if len(text) > MAX_ID:
        raise DataError(f"the role {role!r} is longer than {MAX_ID} characters", "Send the reference alone", role)
    first = text.find(":")
    second = text.find(":", first + 1)
    if first < 1 or second < 0 or second == len(text) - 1:
        what = f"the role {role!r} holds no party reference"
        raise DataError(what, "Write it as type:scope:key, e.g. account:taobao:AAE1x", role)
    return text


def read_ref(ref: str, value: Any) -> str | None:
    """Return an id, cleaned as every id is; None for the marks that say "no id".

    raises  DataError when a spreadsheet destroyed it, or over 512 characters
    """
    if type(value) is str and _PLAIN_ID.match(value):  # the common case
        return value
    result: str | None = _named(ref, lambda: repair.read_id(value)).value
    return result


def read_amount(name: str, value: Any, currency: str, repairs: list[str]) -> int | None:
    """Return an amount of major units (yuan) in minor units (fen); see `repair.read_money`.

    raises  DataError, naming the property
    """
    if MINOR_DIGITS.get(currency) == 2:  # the common cases, by whole numbers
        if type(value) is int and -(10**12) < value < 10**12:
            return value * 100
        plain = _CENTS.match(repr(value) if type(value) is float else value) if type(value) in (str, float) else None
        if plain is not None:
            return int(plain[1]) * 100 + int((plain[2] or "").ljust(2, "0"))
    result, note = _named(name, lambda: repair.read_money(value, currency=currency))
    if note:
        repairs.append(f"{name}:{note}")
    amount: int | None = result
    return amount


def keepable(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it, for a row that is kept although nobody may ever read it again."""
    kind = type(value)
    if kind is str:
        return value.encode("utf-8", "replace").decode() if not value.isprintable() else value
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -INT64 <= value < INT64 else _digits(value)
    if kind is float:
        return value if isfinite(value) else repr(value)
    if kind in (list, tuple, dict):
        if depth > 4 * MAX_DEPTH:
            return "nested too deeply"
        if kind is dict:
            return {keepable(str(name)): keepable(one, depth + 1) for name, one in value.items()}
        return [keepable(one, depth + 1) for one in value]
    return keepable(str(value))


def _free_text(name: str, value: str, repairs: list[str]) -> str:
    if len(value) > MAX_TEXT:
        raise DataError(f"the property {name[:40]!r} is longer than {MAX_TEXT} characters", "Shorten it", name)
    if value.isprintable():
        return value
    mended, note = repair.read_text(value, limit=MAX_TEXT)
    if note:
        repairs.append(f"properties:{note}")  # the name may hold anything
    return mended or ""


def _free_number(name: str, value: float) -> float:
    if type(value) is float:
        if not isfinite(value):
            raise DataError(f"the property {name[:40]!r} is not finite", "Leave it out when unknown", name)
    elif not -INT64 <= value < INT64:
        raise DataError(f"the property {name[:40]!r} does not fit 64 bits", "Send ids as text", name)
    return value


def _nested(name: str, value: Any, repairs: list[str], depth: int) -> Any:
    kind = type(value)
    if kind is str:
        return _free_text(name, value, repairs)
    if value is None:
        return None
    if kind is int or kind is bool or kind is float:
        return _free_number(name, value)
    if kind not in (list, tuple, dict):
        return read_free(name, value, repairs)
    if depth > MAX_DEPTH:
        raise DataError(f"the property {name[:40]!r} is nested too deeply", f"At most {MAX_DEPTH} levels", name)
    if kind is not dict:
        return [_nested(name, one, repairs, depth + 1) for one in value]
    return {read_name(key): _nested(name, one, repairs, depth + 1) for key, one in value.items()}


def _reader(read: Callable[..., repair.Repaired[Any]], kinds: tuple[type, ...], **options: Any) -> Reader:
    def run(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
        if type(value) in kinds:
            return value
        try:
            result, note = read(value, **options)
        except DataError as error:
            raise DataError(error.what, error.mend, name) from None
        if note:
            repairs.append(f"{name}:{note}")
        return result

    return run


def _text(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    if type(value) is str and value.isascii() and value.isprintable() and len(value) <= MAX_TEXT:  # the common case
        return value.strip() or None
    result, note = _named(name, lambda: repair.read_text(value, limit=MAX_TEXT))
    if note:
        repairs.append(f"{name}:{note}")
    return result


def _decimal(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    kind = type(value)
    text = value if kind is str else repr(value) if kind is int or kind is float else ""
    if _PLAIN_DECIMAL.match(text):  # the common case
        return text.rstrip("0").rstrip(".") if "." in text else text
    result, note = _named(name, lambda: repair.read_decimal(value))
    if note:
        repairs.append(f"{name}:{note}")
    if result is None:
        return None
    if abs(result) >= 10**12:
        raise DataError(f"{name!r} is absurd", "At most 12 digits before the point", name)
    return decimal_text(result)


def _json(name: str, value: Any, currency: str, repairs: list[str]) -> Any:
    return read_free(name, value, repairs)


def _named(name: str, call: Callable[[], repair.Repaired[Any]]) -> repair.Repaired[Any]:
    try:
        return call()
    except DataError as error:
        raise DataError(error.what[:MAX_WHAT], error.mend, name) from None


def _strange(name: str, value: Any) -> DataError:
    return DataError(f"the property {name[:40]!r} is a value of type {type(value).__name__}", "Send JSON values", name)


def _digits(value: int) -> str:
    return str(value) if value.bit_length() <= 4096 else f"a whole number of {value.bit_length()} bits"


#: Forms that need no repair; `repair` reads them the same, more slowly.
_PLAIN_ID: Final = re.compile(r"[A-Za-z_]+[-_][0-9A-Za-z_-]{0,400}\Z", re.ASCII)
_PLAIN_DECIMAL: Final = re.compile(r"(?:-?[1-9][0-9]{0,11}|0)(?:\.[0-9]{1,6})?\Z")
_CENTS: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?\Z")

READERS: Final[dict[PropertyType, Reader]] = {
    "text": _text,
    "id": _reader(repair.read_id, ()),
    "integer": _reader(repair.read_integer, ()),
    "decimal": _decimal,
    "money": read_amount,
    "number": _reader(repair.read_number, ()),
    "rate": _reader(repair.read_rate, (), form="fraction"),
    "boolean": _reader(repair.read_boolean, (bool,)),
    "time": _reader(repair.read_time, ()),
    "json": _json,
}
