"""Conversion of raw cells: whole columns at once where they are well formed, one by one where they are not.

The scalar readers of `events.repair` are the truth; the fast ways accept only forms on which they agree with them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from guanxi.core import MINOR_DIGITS, DataError, SettingError
from guanxi.engines.sources.preset import As
from guanxi.events import repair
from guanxi.events.repair import NO_VALUE, Repaired, without_personal

MICRO: Final = 1_000_000  # decimals have six places


@dataclass(slots=True)
class Converted:
    """A column that was read.

    values   what the cells mean, null = no value
    notes    what was mended, null = nothing
    bad      columns index, reason, what, mend: cells that could not be read
    """

    values: pl.Series
    notes: pl.Series | None = None
    bad: list[pl.DataFrame] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class How:
    """How cells are read.

    as_        one of the readers that docs/mappings.md lists
    currency   of money
    zone       of times that name none
    states     text -> state, for as_ = "state"
    keep_zero  "0" is an id
    """

    as_: As
    currency: str = "CNY"
    zone: tzinfo = UTC
    states: Mapping[str, str] | None = None
    keep_zero: bool = False


def convert(cells: pl.Series, how: How) -> Converted:
    """Return a column of raw cells as values."""
    if cells.dtype == pl.Null:
        cells = cells.cast(pl.String)
    if cells.dtype == pl.Float32:  # by its shortest decimal text: 0.0322 is not 0.03220000118
        cells = cells.cast(pl.String).cast(pl.Float64)
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)  # in files of columns NaN is how "no value" is written
    if cells.null_count() == len(cells):
        return Converted(pl.Series(cells.name, [None] * len(cells), DTYPES[how.as_]))
    values = _fast(cells, how)
    odd = cells.is_not_null() & values.is_null()
    if not odd.any():
        return Converted(values)
    return _slow(cells, values, odd, how)


def zone_of(name: str) -> tzinfo:
    """Return a time zone by name; raises SettingError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingError(f"{name!r} is not a time zone", 'Use a name such as "Asia/Shanghai"') from error


DTYPES: Final[dict[str, pl.DataType]] = {
    "text": pl.String(), "id": pl.String(), "integer": pl.Int64(), "decimal": pl.Decimal(18, 6), "number": pl.Float64(),
    "money": pl.Int64(), "minor": pl.Int64(), "percent": pl.Float64(), "fraction": pl.Float64(), "time": pl.Int64(),
    "boolean": pl.Boolean(), "duration": pl.Float64(), "minutes": pl.Float64(), "hours": pl.Float64(),
    "milliseconds": pl.Float64(), "state": pl.String(), "json": pl.String(),
}  # fmt: skip
_REASONS: Final = {
    "id": "id-destroyed", "money": "amount", "minor": "amount", "time": "time", "state": "state-unknown",
    "percent": "range", "fraction": "range",
}  # fmt: skip
# Ranges, not classes: \d and \w would let in digits of other scripts.
_WHOLE: Final = r"^-?(?:0|[1-9][0-9]{0,17})$"
_DECIMAL: Final = r"^-?[0-9]{1,11}(?:\.[0-9]{1,6})?$"
_ID: Final = r"^[0-9A-Za-z](?:[0-9A-Za-z_:@-]*[0-9A-Za-z])?$"
_TEXT: Final = (
    r"^[\x21-\x7e\u4e00-\u9fff，。！？：；（）【】、￥](?:[\x20-\x7e\u4e00-\u9fff，。！？：；（）【】、￥]{0,9000}"
    r"[\x21-\x7e\u4e00-\u9fff，。！？：；（）【】、￥])?$"
)
_GUARDS: Final = ((r'^="([^"]*)"$', "$1"), (r"^'", ""))  # how exports keep spreadsheets from reading ids as numbers


def _fast(cells: pl.Series, how: How) -> pl.Series:
    """Return the values of cells in plain forms; null for all others."""
    if cells.dtype == pl.String:
        return _TEXTS.get(how.as_, _no_texts)(cells, how)
    if cells.dtype.is_integer():
        return _integers(cells.cast(pl.Int64, strict=False), how)
    if cells.dtype.is_float():
        return _floats(cells.cast(pl.Float64), how)
    if isinstance(cells.dtype, pl.Datetime) and how.as_ == "time":
        return _instants(cells, how)
    if cells.dtype == pl.Boolean and how.as_ == "boolean":
        return cells
    return pl.Series(cells.name, [None] * len(cells), DTYPES[how.as_])


def _no_texts(cells: pl.Series, how: How) -> pl.Series:
    return pl.Series(cells.name, [None] * len(cells), DTYPES[how.as_])


def _only(cells: pl.Series, pattern: str) -> pl.Series:
    return cells.set(~cells.str.contains(pattern).fill_null(False), None)


def _text_ids(cells: pl.Series, how: How) -> pl.Series:
    for pattern, kept in _GUARDS:
        cells = cells.str.replace(pattern, kept)
    plain = _only(cells, _ID)
    return plain.set(plain.is_in(list(NO_VALUE | {"0"})).fill_null(False), None)


def _text_wholes(cells: pl.Series, how: How) -> pl.Series:
    whole = _only(cells, _WHOLE).cast(pl.Int64)
    limit = 10**15 if how.as_ == "minor" else 10**18
    return whole.set((whole.abs() > limit).fill_null(False), None)


def _text_decimals(cells: pl.Series, how: How) -> pl.Series:
    plain = _only(cells, _DECIMAL)
    if how.as_ == "number":
        return plain.cast(pl.Float64)
    return plain.cast(pl.Decimal(18, 6))


def _text_money(cells: pl.Series, how: How) -> pl.Series:
    digits = MINOR_DIGITS[how.currency]
    pattern = rf"^-?[0-9]{{1,11}}(?:\.[0-9]{{1,{digits}}})?$" if digits else r"^-?[0-9]{1,11}$"
    plain = _only(cells, pattern).cast(pl.Decimal(18, digits))
    return plain.to_physical().cast(pl.Int64)


def _text_times(cells: pl.Series, how: How) -> pl.Series:
    found = pl.Series(cells.name, [None] * len(cells), pl.Int64)
    for pattern, form in _TIMES:
        plain = _only(cells, pattern)
        if plain.null_count() == len(plain):
            continue
        moments = plain.str.to_datetime(form, strict=False, time_unit="ms")
        ms = _instants(moments, how)
        found = ms if found.null_count() == len(found) else found.zip_with(found.is_not_null(), ms)
        if found.null_count() == cells.null_count():
            break
    return found


def _plain_texts(cells: pl.Series, how: How) -> pl.Series:
    return _only(cells, _TEXT)


_TIMES: Final = (
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%d %H:%M:%S"),
    (r"^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", "%Y/%m/%d %H:%M:%S"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%dT%H:%M:%S"),
)
_TEXTS: Final[dict[str, Callable[[pl.Series, How], pl.Series]]] = {
    "id": _text_ids, "integer": _text_wholes, "minor": _text_wholes, "decimal": _text_decimals,
    "number": _text_decimals, "money": _text_money, "time": _text_times, "text": _plain_texts,
}  # fmt: skip


def _instants(moments: pl.Series, how: How) -> pl.Series:
    """Return datetimes as ms UTC, null outside 1990..2099 and where the clock is put back or forward."""
    if getattr(moments.dtype, "time_zone", None) is None:
        name = str(how.zone)
        moments = moments.dt.replace_time_zone(
            name if isinstance(how.zone, ZoneInfo) else "UTC", ambiguous="earliest", non_existent="null"
        )
    ms = moments.dt.timestamp("ms")
    ms = ms.alias(moments.name)
    return ms.set(((ms < 631_152_000_000) | (ms >= 4_102_444_800_000)).fill_null(False), None)


def _integers(cells: pl.Series, how: How) -> pl.Series:
    match how.as_:
        case "id":
            texts = cells.cast(pl.String)
            return texts.set((cells == 0).fill_null(False), None)
        case "integer":
            return cells
        case "minor":
            return cells.set((cells.abs() > 10**15).fill_null(False), None)
        case "money":
            scale = 10 ** MINOR_DIGITS[how.currency]
            major = cells.set((cells.abs() > 10**12).fill_null(False), None)
            return pl.Series(cells.name, major * scale)
        case "number":
            return cells.set((cells.abs() > 2**53).fill_null(False), None).cast(pl.Float64)
        case "decimal":
            return cells.set((cells.abs() >= 10**11).fill_null(False), None).cast(pl.Decimal(18, 6))
    return pl.Series(cells.name, [None] * len(cells), DTYPES[how.as_])


def _floats(cells: pl.Series, how: How) -> pl.Series:
    small = cells.set((~cells.is_finite() | (cells.abs() >= 10**9)).fill_null(False), None)
    match how.as_:
        case "id" | "integer":
            whole = small.set((small != small.round()).fill_null(False), None)
            return _integers(whole.cast(pl.Int64), how)
        case "money":
            scale = 10 ** MINOR_DIGITS[how.currency]
            minor = (small * scale).round()
            # Exact: a float equals the quotient only when that quotient is the decimal it was written as.
            exact = minor.set((minor / scale != small).fill_null(False), None)
            return pl.Series(cells.name, exact.cast(pl.Int64))
        case "decimal":
            micro = (small * MICRO).round()
            return small.set((micro / MICRO != small).fill_null(False), None).cast(pl.Decimal(18, 6))
        case "number":
            return cells.set((~cells.is_finite()).fill_null(False), None)
        case "fraction":
            return cells.set((~cells.is_between(0, 1)).fill_null(False), None)
    return pl.Series(cells.name, [None] * len(cells), DTYPES[how.as_])


def _slow(cells: pl.Series, values: pl.Series, odd: pl.Series, how: How) -> Converted:
    """Read the distinct odd cells one by one."""
    read = _scalar(how)
    distinct = cells.filter(odd).unique(maintain_order=True)
    found: list[tuple[Any, str | None, str | None, str | None]] = []
    for cell in distinct.to_list():
        try:
            one = read(cell)
            found.append((one.value, one.note or None, None, None))
        except DataError as error:
            found.append((None, None, error.what, error.mend))
    dtype = DTYPES[how.as_]
    raw = [row[0] for row in found]
    known = (
        pl.Series([None if v is None else str(v) for v in raw], dtype=pl.String).cast(dtype)
        if how.as_ == "decimal"
        else pl.Series(raw, dtype=dtype)
    )
    table = pl.DataFrame({
        "cell": distinct, "value": known, "note": pl.Series([row[1] for row in found], dtype=pl.String),
        "what": pl.Series([row[2] for row in found], dtype=pl.String),
        "mend": pl.Series([row[3] for row in found], dtype=pl.String),
    })  # fmt: skip
    index = odd.arg_true().alias("index")
    rows = pl.DataFrame({"index": index, "cell": cells.filter(odd)}).join(
        table, on="cell", how="left", maintain_order="left", nulls_equal=True
    )
    result = Converted(values.cast(dtype).scatter(index, rows["value"]))
    if table["note"].null_count() < table.height:
        result.notes = pl.Series("note", [None] * len(cells), pl.String).scatter(index, rows["note"])
    if table["what"].null_count() < table.height:
        bad = rows.filter(pl.col("what").is_not_null())
        reason = pl.lit(_REASONS.get(how.as_, "type")).alias("reason")
        result.bad.append(bad.select(pl.col("index").cast(pl.UInt32), reason, "what", "mend"))
    return result


def _scalar(how: How) -> Callable[[Any], Repaired[Any]]:
    match how.as_:
        case "id":
            return _read_id_keeping_zero if how.keep_zero else repair.read_id
        case "integer":
            return repair.read_integer
        case "decimal":
            return _read_decimal
        case "number":
            return repair.read_number
        case "money":
            return lambda cell: repair.read_money(cell, currency=how.currency)
        case "minor":
            return lambda cell: repair.read_money(cell, currency=how.currency, unit="minor")
        case "percent":
            return lambda cell: repair.read_rate(cell, form="percent")
        case "fraction":
            return lambda cell: repair.read_rate(cell, form="fraction")
        case "time":
            return lambda cell: _quiet(repair.read_time(cell, zone=how.zone))
        case "boolean":
            return repair.read_boolean
        case "duration":
            return repair.read_duration
        case "minutes":
            return lambda cell: repair.read_duration(cell, unit="min")
        case "hours":
            return lambda cell: repair.read_duration(cell, unit="h")
        case "milliseconds":
            return lambda cell: repair.read_duration(cell, unit="ms")
        case "state":
            states = how.states or {}
            return lambda cell: _read_state(cell, states)
        case "json":
            return _read_json
    return lambda cell: Repaired(repair.read_text(cell).value) if not isinstance(cell, str) else repair.read_text(cell)


def _quiet(found: Repaired[int | None]) -> Repaired[int | None]:
    # Epoch numbers are the declared form of an API, not something that was mended.
    return Repaired(found.value) if found.note in ("epoch-s", "epoch-ms") else found


def _read_id_keeping_zero(cell: Any) -> Repaired[str | None]:
    found = repair.read_id(cell)
    return Repaired("0") if found.value is None and str(cell).strip() in ("0", "0.0") else found


def _read_decimal(cell: Any) -> Repaired[Decimal | None]:
    found = repair.read_decimal(cell)
    if (
        found.value is not None and abs(found.value) >= 10**12
    ):  # the columns of events hold 18 digits, 6 of them after the point
        raise DataError("the decimal is 10^12 or more", "Mend the value, or read it as number")
    return found


def _read_state(cell: Any, states: Mapping[str, str]) -> Repaired[str | None]:
    text = repair.read_text(cell).value
    if text is None or (text in NO_VALUE and text not in states):
        return Repaired(None)
    if text not in states:
        # The status text comes from the platform, not from a person: its words may be shown.
        raise DataError(
            f"the status {without_personal(text, 40)!r} is not known; known: {', '.join(map(repr, states))}",
            "Add it to the preset's states with what it means",
        )
    return Repaired(states[text] or None)


def _read_json(cell: Any) -> Repaired[str | None]:
    if not isinstance(cell, str):
        return Repaired(msgspec.json.encode(cell, enc_hook=str).decode())
    try:
        value = msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError("the value is not JSON", "Read it as text, or mend it") from error
    return Repaired(None if value is None else msgspec.json.encode(value).decode())


def half_up(numbers: pl.Series, divisor: int) -> pl.Series:
    """Return whole numbers (Int128) divided and rounded half up, away from zero."""
    size = pl.col("n").abs()
    by = pl.lit(divisor, pl.Int128)
    whole = size // by
    up = ((size - whole * by) * 2 >= by).cast(pl.Int128)
    size = (whole + up).cast(pl.Int64, strict=False)
    signed = pl.when(pl.col("n") < 0).then(-size).otherwise(size)
    return numbers.alias("n").to_frame().select(signed.alias(numbers.name)).to_series()


def micro(cells: pl.Series, how: How) -> Converted:
    """Return cells as exact whole millionths (Int128), the form of exact arithmetic."""
    found = convert(cells, How("decimal", how.currency, how.zone))
    found.values = found.values.to_physical().cast(pl.Int128)
    return found


def decimal_from_micro(value: int) -> Decimal:
    """Return millionths as a decimal."""
    return Decimal(value).scaleb(-6)
