"""A preset compiled against the catalogue: which columns each level needs, and how each event is filled."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import polars as pl

from guanxi.core import MINOR_DIGITS, SettingError
from guanxi.engines.sources.convert import DTYPES, zone_of
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.level import Rules
from guanxi.engines.sources.origin import sources
from guanxi.engines.sources.preset import As, Condition, Derived, EventRow, Preset, Table, Value
from guanxi.events import DTYPES as DECLARED
from guanxi.events import REFS, ROLES, Catalogue, Kind, shipped
from guanxi.events.repair import NO_VALUE
from guanxi.parties import ROLE_TYPES


@dataclass(frozen=True, slots=True)
class Filled:
    """One column of the events and where it comes from."""

    name: str  # "at_ms", "amount", "role_actor", ...
    value: Value
    as_: As


@dataclass(frozen=True, slots=True)
class EventPlan:
    """How rows become events of one kind."""

    row: EventRow
    kind: Kind | None
    key: tuple[Value, ...]
    fields: tuple[Filled, ...]
    platform: str
    currency: Value


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table of a preset, ready to map.

    needs    nested path -> columns that it reads
    context  names without "$" of what it reads beside the columns: settings, facts, the sheet
    """

    preset: Preset
    table: Table
    rules: Rules
    events: tuple[EventPlan, ...]
    needs: Mapping[str, tuple[str, ...]]
    signatures: tuple[tuple[str, ...], ...]
    context: frozenset[str]


def plan_table(
    preset: Preset, table: Table, *, fixed: Mapping[str, str | None], catalogue: Catalogue | None = None
) -> TablePlan:
    """Compile one table of a preset.

    fixed     settings, facts and `sheet`, by name
    raises    SettingError when a role, reference or type does not fit the kind
    """
    catalogue = catalogue if catalogue is not None else shipped()
    if preset.currency not in MINOR_DIGITS:
        raise SettingError(
            f"{preset.id}: the currency {preset.currency!r} is not known", f"Use one of {', '.join(MINOR_DIGITS)}"
        )
    events = tuple(_event(preset, row, catalogue.find(row.kind)) for row in preset.events if row.table == table.id)
    derived = {clean_header(n): row for n, row in preset.columns.items() if row.table in ("", table.id)}
    states = {name: dict(row) for name, row in preset.states.items()}
    missing = NO_VALUE if table.missing is None else frozenset(table.missing)
    rules = Rules(preset.currency, zone_of(preset.zone), preset.platform, derived, states, fixed, missing)
    signatures = tuple(filter(None, (table.headers or preset.match.headers, *preset.match.any_headers)))
    if table.headers:
        signatures = (table.headers,)
    needs, context = _needs(preset, table, events, derived)
    return TablePlan(preset, table, rules, events, needs, signatures, context & fixed.keys() | preset.settings.keys())


def _event(preset: Preset, row: EventRow, kind: Kind | None) -> EventPlan:
    where = f"{preset.id}: {row.kind}"
    fields = [Filled("at_ms", _as_value(row.at), "time")]
    if row.amount is not None:
        fields.append(Filled("amount", _as_value(row.amount), "money"))
    for name, role in row.roles.items():
        allowed = kind.role_names if kind is not None else tuple(ROLES)
        _check_name(where, "role", name, allowed)
        value = _as_value(role)
        if not value.type:
            value = msgspec.structs.replace(value, type=ROLE_TYPES.get(name, name))
        fields.append(Filled(f"role_{name}", value, "id"))
    for name, ref in row.refs.items():
        _check_name(where, "reference", name, (*kind.ref_names, "supersedes") if kind is not None else REFS)
        fields.append(Filled(f"ref_{name}", _as_value(ref), "id"))
    for name, written in row.properties.items():
        declared = kind.properties.get(name) if kind is not None else None
        value = _as_value(written)
        as_: As = value.as_ or (FORMS[declared.type] if declared is not None else "text")
        if declared is not None and not _fits(value, as_, DECLARED[declared.type]):
            raise SettingError(
                f'{where}: the property {name!r} is {declared.type}, it is read as "{as_}"',
                f"Leave `as` out, or use one that gives {declared.type}",
            )
        fields.append(Filled(f"p_{name}", value, as_))
    if not row.key and row.per == "group":
        table = next(table for table in preset.tables if table.id == row.table)
        keys = table.group
    else:
        keys = row.key
    currency = _as_value(row.currency) if row.currency is not None else Value(const=preset.currency)
    platform = preset.platform if row.platform is None else row.platform
    return EventPlan(row, kind, tuple(Value(column=name) for name in keys), tuple(fields), platform, currency)


#: Declared type of a property -> how its text is read, when a mapping does not say it.
FORMS: Final[dict[str, As]] = {
    "text": "text", "id": "id", "integer": "integer", "decimal": "decimal", "money": "money", "number": "number",
    "rate": "fraction", "boolean": "boolean", "time": "time", "json": "json",
}  # fmt: skip


def _as_value(written: str | tuple[str, ...] | Value) -> Value:
    if isinstance(written, Value):
        return written
    return Value(column=written) if isinstance(written, str) else Value(columns=written)


def _check_name(where: str, what: str, name: str, allowed: tuple[str, ...]) -> None:
    if name not in allowed:
        raise SettingError(f"{where} has no {what} {name!r}", f"It may carry: {', '.join(allowed) or 'none'}")


def _fits(value: Value, as_: As, declared: pl.DataType) -> bool:
    if value.agg in ("count", "distinct"):
        return declared.is_numeric()
    if value.agg == "list":
        return declared == pl.String
    if value.agg in ("any", "all"):
        return declared == pl.Boolean
    given = DTYPES[as_]
    return given == declared or (given.is_numeric() and declared.is_numeric() and as_ not in ("money", "minor"))


def _needs(
    preset: Preset, table: Table, events: tuple[EventPlan, ...], derived: Mapping[str, Derived]
) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the columns that each level reads from the file, and the names that are given beside it."""
    needs: dict[str, dict[str, None]] = {"": {}}
    beside: set[str] = set()

    def want(level: str, names: Iterator[str]) -> None:
        held = needs.setdefault(level, {})
        for name in map(clean_header, names):
            row = derived.get(name)
            if name.startswith("$"):
                beside.add(name[1:])
            if name.startswith(("$", "tie.")) or name in held:
                continue
            if row is not None and row.each == level and name not in seen:
                seen.add(name)
                want(level, _names(row))
                seen.discard(name)
            else:
                held[name] = None

    seen: set[str] = set()
    for event in events:
        level = event.row.each
        want(level, condition_names(event.row.when))
        for value in (*event.key, event.currency, *(one.value for one in event.fields)):
            want(level, _names(value))
            want(level, iter([value.scope] if value.scope and value.scope.startswith("$") else []))
    for guard in preset.guards:
        if guard.table == table.id:
            want("", condition_names(guard.when))
    for skip in table.skip:
        want("", condition_names(skip.when))
    want("", iter(table.group))
    if table.totals is not None:
        want("", iter((table.totals.column, *table.totals.compare)))
    if preset.tie is not None:
        want("", tie_names(preset))
    return {level: tuple(names) for level, names in needs.items()}, frozenset(beside)


def condition_names(conditions: tuple[Condition, ...]) -> Iterator[str]:
    """Yield the columns that conditions look at."""
    for condition in conditions:
        if condition.column:
            yield condition.column
        yield from condition_names(condition.any)


def tie_names(preset: Preset) -> Iterator[str]:
    """Yield the columns that the tie reads."""
    tie = preset.tie
    if tie is not None:
        yield from condition_names(tie.undo)
        yield from condition_names(tie.among)
        yield from (*tie.match, tie.order)
        yield from filter(None, (tie.at_least, tie.time))


def _names(value: Value | Derived) -> Iterator[str]:
    yield from sources(value)
    yield from condition_names(value.when)
