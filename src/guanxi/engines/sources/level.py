"""One level of rows while it is mapped: raw cells, derived columns, conditions, values; each read once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any, Final

import msgspec
import polars as pl

from guanxi.core import MINOR_DIGITS, SettingError
from guanxi.engines.sources.convert import DTYPES, Converted, How, convert, half_up, micro
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.origin import origin, sources, template_parts
from guanxi.engines.sources.preset import As, Condition, Derived, Value
from guanxi.engines.sources.readers import PLACE, ROW
from guanxi.events.repair import NO_VALUE, is_masked


@dataclass(frozen=True, slots=True)
class Rules:
    """What all levels of a table share.

    derived   name -> derived column of this table
    states    name -> text -> state
    fixed     name without "$" -> value: settings, facts, the sheet
    missing   texts that mean "no value"
    """

    currency: str
    zone: tzinfo
    platform: str
    derived: Mapping[str, Derived]
    states: Mapping[str, Mapping[str, str]]
    fixed: Mapping[str, str | None]
    missing: frozenset[str] = NO_VALUE


@dataclass(slots=True)
class Level:
    """The rows of one nested level of a chunk.

    frame   raw cells with `$row`
    each    the level's path, "" for the rows themselves
    extra   columns that come from elsewhere: the tie, positions in a group
    """

    frame: pl.DataFrame
    rules: Rules
    each: str = ""
    extra: Mapping[str, pl.Series] = field(default_factory=dict)
    _cells: dict[str, pl.Series] = field(default_factory=dict)
    _read: dict[Any, Converted] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return self.frame.height

    def cells(self, name: str) -> pl.Series:
        """Return a column with blanks taken off and missing marks as null; all null when the file lacks it."""
        name = clean_header(name)
        if name not in self._cells:
            self._cells[name] = self._find(name)
        return self._cells[name]

    def value(self, value: Value, default: As) -> Converted:
        """Return a value for every row, read as it says or else as `default`."""
        key = (msgspec.structs.replace(value, agg="first"), default)
        if key not in self._read:
            self._read[key] = self._value(value, value.as_ or default)
        return self._read[key]

    def holds(self, conditions: Sequence[Condition]) -> tuple[pl.Series | None, list[pl.DataFrame]]:
        """Return where all conditions hold (None = everywhere), and cells that a condition could not read."""
        mask: pl.Series | None = None
        bad: list[pl.DataFrame] = []
        for condition in conditions:
            one = self._any(condition, bad) if condition.any else self._test(condition, bad)
            mask = one if mask is None else mask & one
        return mask, bad

    def origin(self, names: Iterable[str]) -> str:
        """Return the source columns behind names of this level, joined by "|"."""
        return origin(names, self.rules.derived, self.each)

    def _any(self, condition: Condition, bad: list[pl.DataFrame]) -> pl.Series:
        mask = pl.Series([False] * len(self), dtype=pl.Boolean)
        for inner in condition.any:
            mask = mask | (self._any(inner, bad) if inner.any else self._test(inner, bad))
        return mask

    def _test(self, test: Condition, bad: list[pl.DataFrame]) -> pl.Series:
        cells = self.cells(test.column)
        if test.states:
            found = self.value(Value(column=test.column, as_="state", states=test.states), "state")
            bad.extend(found.bad)
            cells = found.values
        if test.is_:
            return self._is(test, cells, bad)
        texts = cells.cast(pl.String)
        if test.equals is not None:
            return (texts == _text(test.equals)).fill_null(False)
        if test.in_:
            return texts.is_in([_text(one) for one in test.in_]).fill_null(False)
        if test.not_in:
            return ~texts.is_in([_text(one) for one in test.not_in]).fill_null(False)
        if test.matches:
            return texts.str.contains(_checked(test.matches)).fill_null(False)
        return ~texts.str.contains(_checked(test.not_matches)).fill_null(False)

    def _is(self, test: Condition, cells: pl.Series, bad: list[pl.DataFrame]) -> pl.Series:
        match test.is_:
            case "filled":
                return cells.is_not_null()
            case "empty":
                return cells.is_null()
            case "masked":
                return masked(cells.cast(pl.String))
            case "true" | "false":
                found = convert(cells, How("boolean"))
                bad.extend(self._blamed(found.bad, [test.column]))
                return (found.values == (test.is_ == "true")).fill_null(False)
        # 0.00 and 12元 are numbers here too. A cell that is none parks its row: nobody knows which way it would go.
        found = convert(cells, How("money", self.rules.currency))
        bad.extend(self._blamed(found.bad, [test.column]))
        number = found.values
        compared = {"positive": number > 0, "negative": number < 0, "zero": number == 0}[test.is_]
        return compared.fill_null(False)

    def _find(self, name: str) -> pl.Series:
        if name.startswith("$"):
            return self._special(name[1:])
        if name in self.extra:
            return self.extra[name]
        derived = self.rules.derived.get(name)
        if derived is not None and derived.each == self.each and name not in self._open:
            self._open.add(name)
            return self._derive(derived).alias(name)
        if name not in self.frame.columns:
            return pl.Series(name, [None] * len(self), pl.String)
        cells = self.frame[name]
        if cells.dtype != pl.String:
            return cells
        cells = cells.str.strip_chars()
        return cells.set(cells.is_in(list(self.rules.missing)).fill_null(False), None)

    def _special(self, name: str) -> pl.Series:
        if name in ("row", "i") and f"${name}" in (ROW, PLACE) and f"${name}" in self.frame.columns:
            return self.frame[f"${name}"]
        if f"${name}" in self.extra:
            return self.extra[f"${name}"]
        if name not in self.rules.fixed:
            allowed = ", ".join(["$row", "$n", "$i", "$sheet", *(f"${one}" for one in self.rules.fixed)])
            raise SettingError(
                f"the mapping names ${name}", f"Use one of {allowed}, or declare it under [settings] or [facts]"
            )
        value = self.rules.fixed[name]
        return pl.repeat(value or None, len(self), dtype=pl.String, eager=True).alias(f"${name}")

    def _source(self, value: Value | Derived) -> pl.Series:
        """Return the raw cells of a value that is read from text."""
        if value.column:
            return self.cells(value.column)
        if value.columns:
            return _first([self.cells(name) for name in value.columns])
        if value.const is not None:
            return pl.repeat(value.const, len(self), eager=True).alias("const")
        parts: list[pl.Expr] = []
        frame: dict[str, pl.Series] = {}
        for literal, name in template_parts(value.template):
            if literal:
                parts.append(pl.lit(literal))
            if name:
                frame[name] = self.cells(name).cast(pl.String).alias(name)
                parts.append(pl.col(name))
        if not frame:
            return pl.repeat(value.template, len(self), eager=True)
        return pl.DataFrame(list(frame.values())).select(pl.concat_str(parts).alias("template")).to_series()

    def _derive(self, row: Derived) -> pl.Series:
        cells = self._source(row).cast(pl.String)
        if row.split:
            parts = cells.str.split(row.split)
            cells = parts.list.get(row.part - 1 if row.part > 0 else row.part, null_on_oob=True).str.strip_chars()
        if row.matches:
            pattern = _checked(row.matches)
            cells = cells.set(~cells.str.contains(pattern).fill_null(False), None)
            groups = re.compile(pattern).groups if _python_reads(pattern) else pattern.count("(")
            if row.replace:
                cells = cells.str.extract(f"({pattern})", 1).str.replace(pattern, row.replace)
            else:
                cells = cells.str.extract(pattern if groups else f"({pattern})", 1)
        if row.map:
            names = list(row.map)
            old, new = pl.Series(names, dtype=pl.String), pl.Series([row.map[n] for n in names], dtype=pl.String)
            cells = cells.replace_strict(old, new, default=None) if row.strict else cells.replace(old, new)
        mask, _ = self.holds(row.when)
        cells = cells if mask is None else cells.set(~mask, None)
        return cells.set((cells == "").fill_null(False), None)

    def _value(self, value: Value, as_: As) -> Converted:
        how = How(as_, self.rules.currency, self.rules.zone, self.rules.states.get(value.states), value.keep_zero)
        if value.product:
            found = self._product(value, how)
        elif value.sum:
            found = self._sum(value, how)
        elif value.divide > 1 and as_ in ("money", "integer"):
            found = micro(self._source(value), how)
            unit = 10 ** MINOR_DIGITS[how.currency] if as_ == "money" else 1
            found.values = half_up(found.values * pl.Series([unit], dtype=pl.Int128), value.divide * 1_000_000)
        else:
            found = convert(self._source(value), how)
            if value.divide > 1:
                found = replace(found, values=found.values / value.divide)
        found.bad = self._blamed(found.bad, sources(value))
        return self._finished(value, found)

    def _blamed(self, bad: list[pl.DataFrame], names: Iterable[str]) -> list[pl.DataFrame]:
        """Say from which columns the unreadable cells come, where it is not said yet."""
        if all("field" in one.columns for one in bad):
            return bad
        field = pl.lit(self.origin(names)).alias("field")
        return [one if "field" in one.columns else one.with_columns(field) for one in bad]

    def _finished(self, value: Value, found: Converted) -> Converted:
        values = found.values
        if value.negate:
            values = -values
        if value.absolute:
            values = values.abs()
        if value.plus:
            values = values + plus_ms(value.plus)
        mask, tests = self.holds(value.when)
        if mask is None:
            return Converted(values, found.notes, found.bad)
        notes = found.notes.set(~mask, None) if found.notes is not None else None
        kept = mask.arg_true().cast(pl.UInt32)
        bad = [one.filter(pl.col("index").is_in(kept.to_list())) for one in found.bad]
        return Converted(values.set(~mask, None), notes, [*bad, *tests])

    def _sum(self, value: Value, how: How) -> Converted:
        parts = [convert(self.cells(name), how) for name in (*value.sum, *value.minus)]
        signs = [1] * len(value.sum) + [-1] * len(value.minus)
        total = parts[0].values.fill_null(0)
        filled = parts[0].values.is_not_null()
        for part, sign in zip(parts[1:], signs[1:], strict=True):
            total = total + part.values.fill_null(0) * sign
            filled = filled | part.values.is_not_null()
        names = (*value.sum, *value.minus)
        bad = [one for name, part in zip(names, parts, strict=True) for one in self._blamed(part.bad, [name])]
        return Converted(total.set(~filled, None), bad=bad)

    def _product(self, value: Value, how: How) -> Converted:
        one, two = (micro(self.cells(name), how) for name in value.product)
        bad = [*self._blamed(one.bad, value.product[:1]), *self._blamed(two.bad, value.product[1:])]
        product = one.values * two.values  # exact: millionths of millionths fit 128 bits
        match how.as_:
            case "money":
                values = half_up(product, 10 ** (12 - MINOR_DIGITS[how.currency]))
            case "minor" | "integer":
                values = half_up(product, 10**12)
            case "decimal":
                values = half_up(product, 10**6).cast(pl.Decimal(18, 0)).cast(pl.Decimal(38, 6)) / 1_000_000
            case _:
                values = product.cast(pl.Float64) / 1e12
        return Converted(values.cast(DTYPES[how.as_]), bad=bad)


def masked(texts: pl.Series) -> pl.Series:
    """Return which texts a platform masked."""
    maybe = texts.str.contains(r"[*#$~]").fill_null(False)
    if not maybe.any():
        return maybe
    distinct = texts.filter(maybe).unique()
    stars = [text for text in distinct.to_list() if is_masked(text) or "*" in text]
    return texts.is_in(stars).fill_null(False)


def plus_ms(text: str) -> int:
    """Return a time shift ("24h", "-30m", "1d") in milliseconds; raises SettingError."""
    found = re.fullmatch(r"(-?\d+)\s*(ms|s|m|h|d)", text)
    if found is None:
        raise SettingError(f"plus is {text!r}", 'Write a number and ms, s, m, h or d, such as "24h"')
    return int(found[1]) * _UNITS[found[2]]


_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def _first(columns: list[pl.Series]) -> pl.Series:
    """Return the first filled cell of several columns."""
    if len({column.dtype for column in columns}) > 1:
        columns = [column.cast(pl.String) for column in columns]
    frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
    return frame.select(pl.coalesce(pl.all())).to_series()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _checked(pattern: str) -> str:
    """Return a regular expression that the engine accepts; raises SettingError."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise SettingError(
            f"{pattern!r} is not a regular expression: {str(error)[:200]}", "See docs.rs/regex for its form"
        ) from error
    return pattern


def _python_reads(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
