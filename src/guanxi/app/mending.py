"""Mending parked rows from the page: one mend for a whole group, tried dry first."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import msgspec

from guanxi.app.dry_run import hidden_cells
from guanxi.app.replay import Replayed, replay
from guanxi.app.uploads import mapping_of
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound, mask
from guanxi.engines.sources import cells_of, personal_columns
from guanxi.engines.vault import ParkedRow
from guanxi.events import REASONS, Parked, looks_personal

LOOKED: Final = 100  # rows of a group that are looked into, for a person to see
SHOWN: Final = 10
PAGE: Final = 10_000
PURPOSE: Final = "masked sample of a group of parked rows"

How = Literal["set", "replace", "scale", "ignore", "retry"]

#: unit in which a column was written -> (Chinese, English, what to multiply by)
UNITS: Final[dict[str, tuple[str, str, Decimal]]] = {
    "fen": ("分，换成元", "fen, to yuan", Decimal("0.01")), "jiao": ("角，换成元", "jiao, to yuan", Decimal("0.1")),
    "qian": ("千，换成个", "thousands", Decimal(1000)), "wan": ("万，换成个", "ten thousands", Decimal(10_000)),
    "yi": ("亿，换成个", "hundred millions", Decimal(10**8)),
    "percent": ("百分数，换成比率", "percent, to a share", Decimal("0.01")),
    "second": ("秒，换成毫秒", "seconds, to milliseconds", Decimal(1000)),
}  # fmt: skip


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Which parked rows: those of one reason, column, source and kind."""

    reason: str
    field: str
    source: str
    kind: str


class ValueCount(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the column at fault and how many of the rows looked at hold it; personal ones are masked."""

    value: str
    rows: int


class ParkedSample(msgspec.Struct, frozen=True, kw_only=True):
    """One parked row, its personal cells masked."""

    id: int
    row: int
    what: str
    mend: str
    cells: dict[str, str]


class ParkedDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A group of parked rows as somebody who mends it needs it.

    count    open rows
    looked   of how many `values` speak, at most LOOKED
    columns  that the rows have
    units    (id, Chinese, English): what "scale" takes
    """

    group: Group
    zh: str
    en: str
    count: int
    looked: int
    columns: tuple[str, ...]
    values: tuple[ValueCount, ...]
    samples: tuple[ParkedSample, ...]
    units: tuple[tuple[str, str, str], ...]


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """What to do to every row of a group.

    how      "set" the column to `value` · "replace" `find` in it by `value` · "scale" it from `unit` · "ignore" the
             rows, with `note` · "retry" them as they are, after a mapping or a setting was mended
    column   a column of the row, or "$name": a setting that it was read with
    settings  what the mapping asks for, instead of what the import was given
    """

    how: How
    column: str = ""
    value: str = ""
    find: str = ""
    unit: str = ""
    note: str = ""
    settings: dict[str, str] = {}


class MendSample(msgspec.Struct, frozen=True, kw_only=True):
    """A cell before and after, masked when personal."""

    row: int
    before: str
    after: str


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """What a mend did, or would do.

    rows      of the group
    changed   rows whose cell it changes
    replayed  rows that are events now; parked: rows that stay; ignored: rows that are set aside for good
    events    new events; of a dry run, events that the rows would make
    why       what still keeps rows parked -> rows
    """

    dry: bool
    rows: int
    changed: int
    replayed: int
    parked: int
    ignored: int
    events: int
    why: dict[str, int]
    samples: tuple[MendSample, ...]


def parked_detail(workspace: Workspace, group: Group, *, who: str) -> ParkedDetail:
    """Return a group of parked rows with a masked sample; the look is logged in the vault.

    raises  NotFound when no open row is in it
    """
    rows = _rows(workspace, group)
    whole = workspace.vault.parked.whole([row.id for row in rows[:LOOKED]], purpose=PURPOSE, who=who)
    personal = _personal(workspace, group)
    column = column_of(group)
    values = Counter(_shown(column, cell, personal) for one in whole if (cell := cell_in(one, column)) is not None)
    columns = dict.fromkeys(name for one in whole for name in _cells(one) if name)
    first = zip(rows[:SHOWN], whole[:SHOWN], strict=True)
    return ParkedDetail(
        group=group, zh=REASONS[group.reason][0], en=REASONS[group.reason][1], count=len(rows), looked=len(whole),
        columns=tuple(columns), values=tuple(ValueCount(value=text, rows=n) for text, n in values.most_common(20)),
        samples=tuple(
            ParkedSample(
                id=row.id, row=row.row, what=row.what, mend=row.mend, cells=hidden_cells(_cells(one), personal)
            )
            for row, one in first
        ),
        units=tuple((name, zh, en) for name, (zh, en, _) in UNITS.items()),
    )  # fmt: skip


def mend(workspace: Workspace, group: Group, how: Mend, *, who: str, ip: str = "", dry: bool = True) -> Mended:
    """Do one thing to every row of a group and hand the rows in again; or only say what would become of them.

    raises  NotFound when no open row is in it; DataError naming what is missing
    """
    rows = _rows(workspace, group)
    if how.how == "ignore":
        return _ignored(workspace, rows, how.note, who=who, ip=ip, dry=dry)
    change = _change(how, how.column or column_of(group))
    column = how.column or column_of(group)
    personal = _personal(workspace, group)
    samples: list[MendSample] = []
    changed = 0

    def fix(row: Parked) -> Mapping[str, str]:
        nonlocal changed
        before = cell_in(row, column)
        after = change(before)
        if after is None or after == before:
            return {}
        changed += 1
        if len(samples) < SHOWN:
            shown = [_shown(column, text or "", personal) for text in (before, after)]
            samples.append(MendSample(row=row.row, before=shown[0], after=shown[1]))
        return {place_of(row, column): after}

    done: Replayed = replay(
        workspace, reason=group.reason, ids=[row.id for row in rows], each=fix, settings=how.settings, who=who, dry=dry
    )
    if not dry:
        detail = {"how": how.how, "column": column, "reason": group.reason, "rows": len(rows), "events": done.stored}
        workspace.control.record(who=who, verb="parked.mend", object="parked rows", detail=detail, ip=ip)
    return Mended(
        dry=dry, rows=len(rows), changed=changed, replayed=done.replayed, parked=done.parked, ignored=0,
        events=done.stored, why=done.why, samples=tuple(samples),
    )  # fmt: skip


def column_of(group: Group) -> str:
    """Return the column that a group is about: the first of those at fault."""
    return group.field.partition("|")[0]


def place_of(row: Parked, column: str) -> str:
    """Return where a column lies in a row: of a live event, "revenue" may be "properties.revenue"."""
    if row.source.startswith("import:"):
        return column
    cells = _cells(row)
    places = (column, *(f"{part}.{column}" for part in ("properties", "roles", "refs")))
    return next((place for place in places if place in cells), column)


def cell_in(row: Parked, column: str) -> str | None:
    """Return a cell of a parked row as text, None when it has none there; a dotted path goes into JSON."""
    here: Any = _cells(row)
    column = place_of(row, column)
    if column in here:
        here = here[column]
    else:
        for step in column.split("."):
            if not isinstance(here, dict) or step not in here:
                return None
            here = here[step]
    if here is None or isinstance(here, dict | list):
        return None
    return here if isinstance(here, str) else msgspec.json.encode(here).decode()


def _change(how: Mend, column: str) -> Callable[[str | None], str | None]:
    """Return what turns the cell before into the cell after; None leaves it."""
    if how.how == "retry":
        return lambda _: None
    if not column:
        raise DataError("the group names no column", "Say which column shall change", "column")
    if how.how == "set":
        return lambda _: how.value
    if how.how == "replace":
        if not how.find:
            raise DataError("nothing is to be found", "Say what shall be replaced", "find")
        return lambda before: None if before is None else before.replace(how.find, how.value)
    if how.unit not in UNITS:
        raise DataError(f"the unit is {how.unit[:20]!r}", f"Use one of {', '.join(UNITS)}", "unit")
    factor = UNITS[how.unit][2]
    return lambda before: None if before is None else _scaled(before, factor)


def _scaled(text: str, factor: Decimal) -> str | None:
    found = re.fullmatch(r"\s*[¥￥$]?\s*(-?[\d,]+(?:\.\d+)?)\s*[元%％分角千万亿秒]?\s*", text)
    if found is None:
        return None
    try:
        return f"{(Decimal(found[1].replace(',', '')) * factor).normalize():f}"
    except InvalidOperation:
        return None


def _ignored(workspace: Workspace, rows: list[ParkedRow], note: str, *, who: str, ip: str, dry: bool) -> Mended:
    if len(note.strip()) < 2:
        raise DataError("the reason is missing", "Say why these rows are no data", "note")
    if not dry:
        workspace.vault.parked.mark([row.id for row in rows], status="dropped", note=note.strip()[:200])
        workspace.control.record(
            who=who, verb="parked.drop", object="parked rows", detail={"rows": len(rows), "why": note.strip()[:200]},
            ip=ip,
        )  # fmt: skip
    return Mended(
        dry=dry, rows=len(rows), changed=0, replayed=0, parked=0, ignored=len(rows), events=0, why={}, samples=()
    )


def _rows(workspace: Workspace, group: Group) -> list[ParkedRow]:
    found: list[ParkedRow] = []
    after = 0
    while page := workspace.vault.parked.rows(reason=group.reason, source=group.source, limit=PAGE, after=after):
        found += [row for row in page if (row.field, row.kind) == (group.field, group.kind)]
        after = page[-1].id
    if not found:
        raise NotFound("no open parked row is in this group", "Look at the list of groups again", "reason")
    return found


def _personal(workspace: Workspace, group: Group) -> frozenset[str]:
    """Return the columns of a group's source that are personal whatever they are called."""
    if not group.source.startswith("import:"):
        return frozenset()
    try:
        return personal_columns(mapping_of(workspace, group.source.removeprefix("import:")), workspace.catalogue)
    except NotFound:
        return frozenset()


def _cells(row: Parked) -> dict[str, Any]:
    cells = cells_of(row.raw)
    if row.source.startswith("import:"):
        return cells
    # A live event: its properties are what people know it by.
    flat = {name: value for name, value in cells.items() if not isinstance(value, dict)}
    for part in ("roles", "refs", "properties"):
        inner = cells.get(part)
        flat |= {f"{part}.{name}": value for name, value in inner.items()} if isinstance(inner, dict) else {}
    return flat


def _shown(column: str, text: str, personal: frozenset[str]) -> str:
    if column in personal or looks_personal(column):
        return mask(column, text)
    return hidden_cells({column: text})[column]
