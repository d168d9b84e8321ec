"""The rows of a mapping file: what docs/mappings.md describes, checked when it is read."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from guanxi.core import NotFound, SettingError

As = Literal[
    "text", "id", "integer", "decimal", "number", "money", "minor", "percent", "fraction", "time", "boolean",
    "duration", "minutes", "hours", "milliseconds", "state", "json",
]  # fmt: skip
Aggregate = Literal[
    "first", "last", "sum", "min", "max", "mean", "count", "distinct", "list", "any", "all", "same"
]  # fmt: skip
Format = Literal["", "csv", "tsv", "jsonl", "json", "xlsx", "xml", "danmaku", "chat", "parquet"]


class Condition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"is_": "is", "in_": "in"}
):
    """One test of a row; see "condition" in docs/mappings.md."""

    column: str = ""
    states: str = ""
    is_: Literal["", "filled", "empty", "positive", "negative", "zero", "true", "false", "masked"] = ""
    equals: str | int | bool | None = None
    in_: tuple[str | int, ...] = ()
    not_in: tuple[str | int, ...] = ()
    matches: str = ""
    not_matches: str = ""
    any: tuple["Condition", ...] = ()

    def __post_init__(self) -> None:
        tests = (self.is_, self.in_, self.not_in, self.matches, self.not_matches, self.any)
        given = sum(map(bool, tests)) + (self.equals is not None)
        if given != 1 or bool(self.column) == bool(self.any):
            raise ValueError(
                "a condition needs a column and one of is, equals, in, not_in, matches, not_matches; or any alone"
            )


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"as_": "as"}):
    """Where a value comes from and how it is read; see "value" in docs/mappings.md."""

    column: str = ""
    columns: tuple[str, ...] = ()
    const: str | int | float | bool | None = None
    template: str = ""
    sum: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    as_: As | None = None
    when: tuple[Condition, ...] = ()
    agg: Aggregate = "first"
    states: str = ""
    negate: bool = False
    absolute: bool = False
    divide: int = 1
    plus: str = ""
    keep_zero: bool = False
    type: str = ""
    scope: str | None = None
    masked: Literal["drop", "weak", "keep"] = "drop"

    def __post_init__(self) -> None:
        sources = (self.column, self.columns, self.template, self.sum, self.product)
        if sum(map(bool, sources)) + (self.const is not None) != 1:
            raise ValueError("a value needs exactly one of column, columns, const, template, sum, product")
        if self.product and len(self.product) != 2:
            raise ValueError("product needs exactly two columns")
        if self.divide < 1:
            raise ValueError("divide is a whole number of 1 or more")
        if (self.as_ == "state") != bool(self.states):
            raise ValueError('as = "state" and states = "NAME" go together')


class Derived(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A derived text column; see "columns" in docs/mappings.md."""

    column: str = ""
    columns: tuple[str, ...] = ()
    const: str | None = None
    template: str = ""
    split: str = ""
    part: int = 1
    matches: str = ""
    replace: str = ""
    map: dict[str, str] = {}
    strict: bool = False
    when: tuple[Condition, ...] = ()
    each: str = ""
    table: str = ""

    def __post_init__(self) -> None:
        if sum(map(bool, (self.column, self.columns, self.template))) + (self.const is not None) != 1:
            raise ValueError("a derived column needs exactly one of column, columns, const, template")
        if self.part == 0:
            raise ValueError("part counts from 1, or from -1 at the end")


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the content is recognised."""

    headers: tuple[str, ...] = ()
    any_headers: tuple[tuple[str, ...], ...] = ()
    not_headers: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    json_equals: dict[str, str] = {}
    xml: str = ""
    format: Format = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows are totals, and what to compare."""

    column: str
    values: tuple[str, ...] = ("总计", "合计", "汇总", "全部", "整体")
    compare: tuple[str, ...] = ()


class Skip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that are counted apart."""

    reason: str
    when: tuple[Condition, ...]


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cells hold several things; see "split" in docs/mappings.md."""

    columns: tuple[str, ...]
    also: tuple[str, ...] = ()
    by: str = ";"

    def __post_init__(self) -> None:
        if not self.columns or not self.by:
            raise ValueError("split needs columns, and something to split by")


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the rows of one table are read."""

    id: str = ""
    format: Format = ""
    sheet: str = ""
    sheets_like: str = ""
    layout: Literal["table", "vertical"] = "table"
    header: bool = True
    names: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    separator: str = ","
    legend_rows: int = 0
    rows: str = ""
    group: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    totals: Totals | None = None
    split: Split | None = None
    skip: tuple[Skip, ...] = ()
    chunk_rows: int = 250_000

    def __post_init__(self) -> None:
        if not self.header and not self.names:
            raise ValueError("header = false needs names")
        if self.chunk_rows < 1:
            raise ValueError("chunk_rows is 1 or more")
        if len(self.separator) != 1 and self.separator != "blanks":
            raise ValueError('separator is one character or "blanks"')


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value for the whole file."""

    column: str
    table: str = ""
    sheet: str = ""
    row: int = 1


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value given on the command line."""

    zh: str = ""
    en: str = ""
    default: str | None = None


class Guard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that must be parked."""

    when: tuple[Condition, ...]
    reason: str = "malformed"
    what: str
    mend: str
    table: str = ""


class Tie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the earlier row that a row undoes is found."""

    undo: tuple[Condition, ...]
    among: tuple[Condition, ...] = ()
    match: tuple[str, ...]
    at_least: str = ""
    time: str = ""
    order: str


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another file of the same import says; see "join" in docs/mappings.md."""

    preset: str
    on: str
    to: str = ""
    take: dict[str, tuple[str, ...]]


class EventRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row becomes."""

    kind: str
    table: str = ""
    per: Literal["row", "group"] = "row"
    each: str = ""
    when: tuple[Condition, ...] = ()
    at: str | tuple[str, ...] | Value
    key: tuple[str, ...] = ()
    amount: str | Value | None = None
    currency: str | Value | None = None
    platform: str | None = None
    roles: dict[str, str | Value] = {}
    refs: dict[str, str | Value] = {}
    properties: dict[str, str | Value] = {}


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole mapping file."""

    id: str
    zh: str
    en: str = ""
    platform: str = ""
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    wire: Literal["", "segment", "posthog"] = ""
    evidence: str = ""
    match: Match = Match()
    tables: tuple[Table, ...] = (Table(),)
    facts: dict[str, Fact] = {}
    settings: dict[str, Setting] = {}
    columns: dict[str, Derived] = {}
    states: dict[str, dict[str, str]] = {}
    guards: tuple[Guard, ...] = ()
    tie: Tie | None = None
    join: Join | None = None
    events: tuple[EventRow, ...] = ()

    def given(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the settings with defaults; raises SettingError for a missing or an unknown one."""
        for name in settings:
            if name not in self.settings:
                allowed = ", ".join(self.settings) or "none"
                raise SettingError(f"the mapping {self.id!r} has no setting {name!r}", f"Its settings: {allowed}")
        found = {}
        for name, row in self.settings.items():
            value = settings.get(name, row.default)
            if value is None:
                raise SettingError(
                    f"the mapping {self.id!r} needs the setting {name!r} ({row.zh or row.en or name})",
                    f"Add --set {name}=VALUE",
                )
            found[name] = value
        return found


def preset(name: str) -> Preset:
    """Return the shipped preset with an id, or the mapping in a TOML file.

    name     "douyin_order" (dashes count as underscores) or a path that ends in .toml
    raises   NotFound, or SettingError that names the key and what is allowed
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise NotFound(f"there is no mapping file {name!r}", "Draft one with `guanxi mapping suggest FILE`")
        return read_preset(path.read_bytes(), path.name)
    wanted = name.replace("-", "_")
    known = presets()
    if wanted not in known:
        raise NotFound(f"no preset is called {name!r}", f"Presets: {', '.join(known)}; or give a MAPPING.toml")
    return known[wanted]


@cache
def presets() -> dict[str, Preset]:
    """Return the shipped presets by id: `engines/sources/presets/*.toml`."""
    folder = resources.files("guanxi.engines.sources") / "presets"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    found: dict[str, Preset] = {}
    for entry in files:
        row = read_preset(entry.read_text("utf-8"), entry.name)
        if row.id in found:
            raise SettingError(f"two presets are called {row.id!r}", f"Rename the one in {entry.name}")
        found[row.id] = row
    return found


def read_preset(text: str | bytes, where: str) -> Preset:
    """Return the mapping in a TOML text.

    where    the file's name, for messages
    raises   SettingError when it is not TOML or a key is not usable
    """
    try:
        document = tomllib.loads(text if isinstance(text, str) else text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{where} is not TOML: {error}", "Mend the line it names") from error
    try:
        return _checked(msgspec.convert(_arranged(document), Preset), where)
    except (msgspec.ValidationError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(f"{where}: {error}", _MEND) from error


_MEND: Final = "docs/mappings.md lists the keys and what each may hold"


def _arranged(document: dict[str, Any]) -> dict[str, Any]:
    """Turn the written form (read / table, shared, event, guard) into the fields of Preset."""
    document = dict(document)
    read, tables = document.pop("read", {}), document.pop("table", None)
    document["tables"] = [_merged(read, table) for table in tables] if tables else [read]
    document["guards"] = document.pop("guard", [])
    shared = document.pop("shared", {})
    events = []
    for number, row in enumerate(document.pop("event", []), 1):
        row = dict(row)
        for name in reversed(row.pop("use", [])):
            if name not in shared:
                raise ValueError(f"event {number} uses [shared.{name}]; there are: {', '.join(shared) or 'none'}")
            row = _merged(shared[name], row)
        events.append(row)
    document["events"] = events
    return document


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both; `above` wins, tables of names (roles, refs, properties, aliases) are merged one level deep."""
    merged = dict(below)
    for name, value in above.items():
        held = merged.get(name)
        deep = name in ("roles", "refs", "properties", "aliases") and isinstance(held, dict) and isinstance(value, dict)
        merged[name] = {**held, **value} if deep else value  # type: ignore[dict-item]
    return merged


def _checked(row: Preset, where: str) -> Preset:
    tables = [table.id for table in row.tables]
    if len(set(tables)) != len(tables):
        raise SettingError(f"{where}: two tables have the same id", 'Give each [[table]] its own id = "..."')
    for number, event in enumerate(row.events, 1):
        table = next((table for table in row.tables if table.id == event.table), None)
        if table is None:
            raise SettingError(
                f"{where}: event {number} ({event.kind}) names the table {event.table!r}",
                f"Tables: {', '.join(tables)}",
            )
        if event.per == "group" and not table.group:
            raise SettingError(
                f'{where}: event {number} ({event.kind}) has per = "group"',
                "Say which columns make a group in read.group",
            )
        if event.per == "group" and event.each:
            raise SettingError(f"{where}: event {number} ({event.kind}) has both per and each", "Leave one out")
        for name in _state_tables(event):
            if name not in row.states:
                raise SettingError(
                    f"{where}: event {number} ({event.kind}) names [states.{name}]",
                    f"States: {', '.join(row.states) or 'none'}",
                )
    return row


def _state_tables(event: EventRow) -> list[str]:
    values = [event.at, event.amount, *event.roles.values(), *event.refs.values(), *event.properties.values()]
    tests = [test for value in values if isinstance(value, Value) for test in value.when]
    tests += [inner for test in event.when for inner in (test, *test.any)]
    names = [value.states for value in values if isinstance(value, Value)] + [test.states for test in tests]
    return [name for name in names if name]
