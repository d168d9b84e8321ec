"""Kinds that a workspace defines: written into kinds.toml through the same checks, taken in without a restart."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from guanxi.app.timeline import FAMILIES
from guanxi.app.workspace import KINDS, Workspace
from guanxi.core import DataError, NotFound, SettingError, mask
from guanxi.engines.lake import time_span
from guanxi.engines.locks import Lock
from guanxi.events import Event, Kind, looks_personal, read_kinds, shipped, table_name

LOOKED: Final = 200  # newest events of a kind that are looked into
SAMPLES: Final = 3
NAME: Final = 100  # characters of a kind's name, as intake allows
_HEAD: Final = "# Kinds of event that this workspace defines; docs/events.md says what each key means.\n"


class PropertySeen(msgspec.Struct, frozen=True, kw_only=True):
    """A property that events of a kind carry.

    declared  the kind declares it; type is then the declared one, else what the values look like
    events    of those looked at, how many carry it
    samples   newest values, masked where they are, or look, personal
    """

    name: str
    zh: str
    declared: bool
    personal: bool
    type: str
    events: int
    samples: tuple[str, ...]


class KindSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A kind and what was seen of it.

    kind    its row; None for one that nobody defined
    custom  the workspace may define or change it
    events  ever stored; looked: of how many the properties and roles speak
    """

    name: str
    kind: Kind | None
    custom: bool
    events: int
    first_ms: int | None
    last_ms: int | None
    platforms: tuple[str, ...]
    looked: int
    roles: dict[str, int]
    refs: dict[str, int]
    properties: tuple[PropertySeen, ...]


def kind_seen(workspace: Workspace, name: str) -> KindSeen:
    """Return a kind, and what its events carry.

    raises  NotFound when it is neither known nor ever occurred
    """
    kind = workspace.catalogue.find(name)
    count = workspace.reader.counts().get(name, 0)
    if kind is None and not count:
        raise NotFound(f"no event is called {name[:NAME]!r}", "See the list of kinds", "name")
    span = time_span(workspace.reader, name)
    events = workspace.reader.newest(LOOKED, kind=name) if count else []
    return KindSeen(
        name=name, kind=kind, custom=kind is None or kind.custom, events=count, first_ms=span.first_ms,
        last_ms=span.last_ms, platforms=span.platforms, looked=len(events),
        roles=_counted(role for event in events for role in event.roles),
        refs=_counted(ref for event in events for ref in event.refs), properties=_properties(kind, events),
    )  # fmt: skip


def define_kind(workspace: Workspace, kind: Kind, *, who: str, ip: str = "") -> Kind:
    """Define a kind, or change one that this workspace defined; gate and desk take it in by themselves.

    raises  DataError when its name cannot be one, or ships with Guanxi; SettingError when a row of it is not usable
    """
    _check(workspace, kind)
    with Lock(workspace.folder, "kinds", doing="define a kind"):
        held = _own(workspace)
        held[kind.name] = kind
        _write(workspace, list(held.values()))
    workspace.control.record(who=who, verb="kind.define", object=f"kind {kind.name}", ip=ip)
    workspace.refresh()
    return workspace.catalogue[kind.name]


def remove_kind(workspace: Workspace, name: str, *, who: str, ip: str = "") -> Kind:
    """Take back a definition; events of the kind stay and are custom ones again.

    raises  NotFound when this workspace does not define it
    """
    with Lock(workspace.folder, "kinds", doing="remove a kind"):
        held = _own(workspace)
        if name not in held:
            raise NotFound(f"this workspace does not define {name[:NAME]!r}", "See the list of kinds", "name")
        gone = held.pop(name)
        _write(workspace, list(held.values()))
    workspace.control.record(who=who, verb="kind.remove", object=f"kind {name}", ip=ip)
    workspace.refresh()
    return gone


def as_toml(kind: Kind) -> str:
    """Return a kind as its table in kinds.toml."""
    lines = [f"[{_text(kind.name)}]"]
    defaults = Kind(name="x", zh="x", purpose="x", family="x")
    for name in ("zh", "en", "purpose", "family", "trust", "privacy", "roles", "refs", "amount"):
        value = getattr(kind, name)
        if value != getattr(defaults, name) or name in ("zh", "purpose", "family"):
            lines.append(f"{name} = {_value(value)}")
    for name, row in kind.properties.items():
        told = msgspec.to_builtins(row)
        inner = ", ".join(
            f"{key} = {_value(value)}" for key, value in told.items() if key == "zh" or value not in ("", False, "text")
        )
        lines.append(f"properties.{name} = {{ {inner} }}")
    return "\n".join(lines) + "\n"


def _check(workspace: Workspace, kind: Kind) -> None:
    table = table_name(kind.name)
    if kind.name in shipped():
        raise DataError(f"{kind.name!r} ships with Guanxi", "Give yours another name", "name")
    sound = (
        kind.name.isprintable() and kind.name == kind.name.strip() and len(kind.name) <= NAME and "/" not in kind.name
    )
    if not sound or "_" not in table or not table[0].isalpha():
        raise DataError(
            f"the name is {kind.name[:NAME]!r}", "Use two English words or more, what and what happened: Tea Tasted",
            "name",
        )  # fmt: skip
    rivals = [one.name for one in workspace.catalogue.values() if one.table == table and one.name != kind.name]
    if rivals:
        raise DataError(f"{kind.name!r} would share a table with {rivals[0]!r}", "Choose another name", "name")
    if kind.family not in FAMILIES:
        raise DataError(f"the family is {kind.family[:40]!r}", f"Use one of {', '.join(FAMILIES)}", "family")
    texts = [kind.zh, kind.en, kind.purpose, kind.amount]
    texts += [text for row in kind.properties.values() for text in (row.zh, row.en, row.unit)]
    if not kind.zh.strip() or not kind.purpose.strip() or not all(text.isprintable() for text in texts):
        raise DataError("a label is empty or holds a control character", "Write zh and purpose as one line", "zh")


def _own(workspace: Workspace) -> dict[str, Kind]:
    path = workspace.folder / KINDS
    rows = read_kinds(path.read_text("utf-8"), KINDS) if path.exists() else []
    return {row.name: row for row in rows}


def _write(workspace: Workspace, kinds: list[Kind]) -> None:
    """Write all kinds, whole or not at all; what the file was before stays beside it."""
    path = workspace.folder / KINDS
    text = "\n".join([_HEAD, *(as_toml(msgspec.structs.replace(one, custom=False)) for one in kinds)])
    if read_kinds(text, KINDS) != [msgspec.structs.replace(one, custom=False) for one in kinds]:
        raise SettingError("the kind cannot be written down", "Use plain text in its labels")
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        path.with_suffix(".toml~").write_bytes(path.read_bytes())  # comments that a person wrote are not lost
    fresh.replace(path)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's escapes are TOML's


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _properties(kind: Kind | None, events: list[Event]) -> tuple[PropertySeen, ...]:
    counts = Counter(name for event in events for name in event.properties)
    declared = kind.properties if kind else {}
    found = []
    for name in [*counts, *(one for one in declared if one not in counts)]:
        row = declared.get(name)
        values = [event.properties[name] for event in events if name in event.properties]
        personal = row.personal if row else looks_personal(name)
        texts = dict.fromkeys(
            value if isinstance(value, str) else msgspec.json.encode(value).decode() for value in values
        )
        shown = tuple(mask(name, text[:80]) if personal else text[:80] for text in list(texts)[:SAMPLES])
        found.append(
            PropertySeen(
                name=name, zh=row.zh if row else "", declared=row is not None, personal=personal,
                type=row.type if row else _type(values), events=counts.get(name, 0), samples=shown,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.events, one.name)))


def _type(values: list[Any]) -> str:
    """Return the type that all values have, as a kind would declare it."""
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "integer"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "number"
    return "json" if all(isinstance(value, (list, dict)) for value in values) else "text"
