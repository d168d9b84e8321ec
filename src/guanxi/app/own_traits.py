"""Traits that a workspace defines: checked whole, written into traits.toml, taken in by all without a restart."""

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from guanxi.app.trait_answers import TraitRow, trait_row
from guanxi.app.trait_replay import plan_of
from guanxi.app.workspace import TRAITS, Workspace
from guanxi.core import NotFound, Refused, SettingError
from guanxi.engines.locks import Lock
from guanxi.traits import TraitCatalogue, read_own, read_rows, shipped_traits

BEFORE: Final = ".toml~"  # suffix of what the file was before the last change
LOCK: Final = "traits"
_HEAD: Final = "# Traits and measures that this workspace defines; docs/own-traits.md says what each key means.\n"
_DIMENSIONS: Final = ("party", "of", "aggregate", "by", "rank", "window")  # in the order in which a family is expanded


class OwnTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What the workspace's traits.toml holds.

    rows     its traits
    wrong    what is wrong with the file, "" when nothing is: what held before it was changed still does
    undo     whether there is a change to take back
    """

    text: str
    rows: tuple[TraitRow, ...]
    wrong: str
    undo: bool


class TraitsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did, or would do.

    added, removed  traits, by name
    own             how many the workspace defines then
    """

    added: tuple[TraitRow, ...] = ()
    removed: tuple[str, ...] = ()
    own: int


def own_traits(workspace: Workspace) -> OwnTraits:
    """Return the file that defines the workspace's own traits, and what it makes."""
    path, wrong, rows = workspace.folder / TRAITS, "", tuple[TraitRow, ...]()
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    try:
        held = _held(workspace)
        rows = tuple(trait_row(held, name) for name in held.rows if name in held.own)
    except SettingError as error:
        wrong = str(error)
    return OwnTraits(text=text, rows=rows, wrong=wrong, undo=path.with_suffix(BEFORE).exists())


def check_traits(workspace: Workspace, text: str, where: str) -> TraitsChanged:
    """Return what a TOML text would add to the workspace; nothing is written.

    where   the file's name, for messages
    raises  SettingError that names the row, its line, the value and what is allowed
    """
    return _compared(_held(workspace), _joined(workspace, text, where))


def add_traits(workspace: Workspace, text: str, where: str, *, who: str, ip: str = "") -> TraitsChanged:
    """Add the measures and families of a TOML text to the workspace's own, all of them or none.

    raises  as `check_traits`; SettingError when it defines nothing
    """
    with Lock(workspace.folder, LOCK, doing="define traits"):
        before, after = _held(workspace), _joined(workspace, text, where)
        if len(after.measures) == len(before.measures) and after.own == before.own:
            raise SettingError(f"{where} defines nothing", "Write [[measure]] and [[family]]; see docs/own-traits.md")
        _write(workspace.folder, after.text)
    return _told(workspace, before, verb="trait.define", who=who, ip=ip)


def remove_trait(workspace: Workspace, name: str, *, who: str, ip: str = "") -> TraitsChanged:
    """Remove a trait, or a measure that no trait reads, of the workspace's own; what is stored of events stays.

    raises  NotFound when the workspace does not define it; Refused when traits read the measure
    """
    with Lock(workspace.folder, LOCK, doing="remove a trait"):
        before = _held(workspace)
        rows = read_rows(before.text, TRAITS)
        if name in before.own:
            rows["family"] = [one for row in rows["family"] for one in _without(before, row, name)]
        elif name in before.measures and name not in shipped_traits().measures:
            readers = [row.name for row in before.rows.values() if name in (row.of, row.over, row.after)]
            if readers:
                raise Refused(f"{len(readers)} traits read the measure {name!r}, among them {readers[0]}",
                              "Remove them first", "name")  # fmt: skip
            rows["measure"] = [row for row in rows["measure"] if row.get("name") != name]
        else:
            mend = "What ships stays" if name in before.rows else "See `guanxi traits list --own`"
            raise NotFound(f"this workspace does not define {name[:120]!r}", mend, "name")
        text = as_toml(rows)
        read_own(text, TRAITS)
        _write(workspace.folder, text)
    return _told(workspace, before, verb="trait.remove", who=who, ip=ip)


def undo_traits(workspace: Workspace, *, who: str, ip: str = "") -> TraitsChanged:
    """Put back what the file was before the last change; once more, and the change is there again.

    raises  NotFound when nothing was changed; SettingError when what was there cannot be used any more
    """
    path = workspace.folder / TRAITS
    with Lock(workspace.folder, LOCK, doing="undo a change of traits"):
        then = path.with_suffix(BEFORE)
        if not then.exists():
            raise NotFound("the traits of this workspace were never changed", "Add some with `guanxi traits add`")
        before, text = _held(workspace), then.read_text("utf-8")
        read_own(text, then.name)
        _write(workspace.folder, text)
    return _told(workspace, before, verb="trait.undo", who=who, ip=ip)


def as_toml(rows: dict[str, list[dict[str, Any]]]) -> str:
    """Return rows as `read_rows` gives them as a text of TOML."""
    lines = [_HEAD]
    for kind in ("measure", "family"):
        for row in rows[kind]:
            lines += [f"[[{kind}]]", *(f"{name} = {_value(value)}" for name, value in row.items()), ""]
    return "\n".join(lines)


def _held(workspace: Workspace) -> TraitCatalogue:
    """The catalogue as the file says now; a file that is broken is not written over."""
    path = workspace.folder / TRAITS
    if not path.exists():
        return shipped_traits()
    try:
        return read_own(path.read_text("utf-8"), TRAITS)
    except UnicodeDecodeError as error:
        raise SettingError(f"{TRAITS} is not UTF-8 text", "Save it as UTF-8") from error


def _joined(workspace: Workspace, text: str, where: str) -> TraitCatalogue:
    held = _held(workspace)
    read_own(text, where, held)  # its own lines in what it says
    head = held.text or _HEAD
    joined = read_own(f"{head}{'' if head.endswith(chr(10)) else chr(10)}{text}", TRAITS)
    plain = [row for row in joined.rows.values() if not row.via]
    plan_of(joined, plain, lives=True).intake  # noqa: B018 - raises when a plan cannot hold them
    return joined


def _without(before: TraitCatalogue, row: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The families that make all traits of one but a trait; itself when it does not make it."""
    made = read_own(as_toml({"measure": _own_measures(before), "family": [row]}), TRAITS)
    if name not in made.own:
        yield row
        return
    choices = {key: row.get(key, [_DEFAULT[key]] if key in _DEFAULT else []) for key in _DIMENSIONS}
    gone = next(
        parts for parts, trait in zip(
            itertools.product(*choices.values()), (one for one in made.rows if one in made.own), strict=True
        ) if trait == name
    )  # fmt: skip
    for place, key in enumerate(_DIMENSIONS):
        others = [one for one in choices[key] if one != gone[place]]
        if others:
            fixed = {left: [gone[at]] for at, left in enumerate(_DIMENSIONS[:place]) if left in row}
            yield row | fixed | {key: others}


_DEFAULT: Final[dict[str, Any]] = {"by": "", "rank": 1, "window": "life"}


def _own_measures(catalogue: TraitCatalogue) -> list[dict[str, Any]]:
    return read_rows(catalogue.text, TRAITS)["measure"]


def _compared(before: TraitCatalogue, after: TraitCatalogue) -> TraitsChanged:
    return TraitsChanged(
        added=tuple(trait_row(after, name) for name in after.rows if name in after.own - before.own),
        removed=tuple(name for name in before.rows if name in before.own - after.own), own=len(after.own),
    )  # fmt: skip


def _told(workspace: Workspace, before: TraitCatalogue, *, verb: str, who: str, ip: str) -> TraitsChanged:
    workspace.refresh()
    done = _compared(before, workspace.traits)
    names = [*(row.name for row in done.added), *done.removed]
    workspace.control.record(
        who=who, verb=verb, object=names[0] if names else TRAITS, detail={"traits": names[:20], "count": len(names)},
        ip=ip,
    )  # fmt: skip
    return done


def _write(folder: Path, text: str) -> None:
    """Write the file whole or not at all; what it was before stays beside it."""
    path = folder / TRAITS
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(BEFORE).write_bytes(path.read_bytes() if path.exists() else _HEAD.encode())
    fresh.replace(path)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's escapes are TOML's, and so are its numbers.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
