"""Dry run: what an upload would become, rows beside events, nothing stored, nothing personal shown."""

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from guanxi.app.importing import preview
from guanxi.app.sources import Preview, as_preview
from guanxi.app.suggesting import pairs
from guanxi.app.workspace import Workspace
from guanxi.core import mask, mask_text
from guanxi.engines.sources import Opened, Preset, cells_of, format_of, personal_columns, raw_rows
from guanxi.events import REASONS, Event, Parked, looks_personal, split_ref

SHOWN: Final = 50  # rows that are shown beside their events
PROBLEMS: Final = 30  # groups of rows that would be parked
CELL: Final = 120  # characters of a cell that are shown
HIDDEN_ROLES: Final = frozenset({"phone", "address", "card"})
LONG: Final = 8_000_000  # bytes of a file of which only the beginning is read
HEAD: Final = 4_000_000  # bytes of that beginning
_UNCUT: Final = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")  # gzip, and UTF-16, whose lines do not end in one byte
_PRIVATE: Final = re.compile(r"1[3-9]\d{9}|\d{17}[\dXx]|[\w.+-]+@[\w-]+\.\w+")  # phones, id cards, mail, anywhere


class SampleEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as an import would make it, personal values masked; amount in minor units."""

    kind: str
    zh: str
    at_ms: int
    platform: str
    amount: int | None
    currency: str
    roles: dict[str, str]
    refs: dict[str, str]
    properties: dict[str, str | int | float | bool]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the file, and the events that it becomes; of an order, those that begin at this row."""

    row: int
    cells: dict[str, str]
    events: tuple[SampleEvent, ...]


class WouldPark(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that would be parked for one reason."""

    reason: str
    zh: str
    en: str
    kind: str
    field: str
    what: str
    mend: str
    count: int
    rows: tuple[int, ...]
    cells: dict[str, str]


class MadeKind(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of a kind came of the rows looked at."""

    kind: str
    zh: str
    events: int


class SourceRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the first rows of one source would become.

    rows       looked at: accepted + parked + skipped
    whole      the source has no more rows
    skipped    reason -> rows that are no data
    first_ms, last_ms  when the first and the last of the events happened
    platforms  ids that the events carry
    """

    source: str
    mapping: str
    mapping_zh: str
    rows: int
    accepted: int
    parked: int
    whole: bool
    skipped: dict[str, int]
    notes: dict[str, int]
    kinds: tuple[MadeKind, ...]
    first_ms: int | None
    last_ms: int | None
    platforms: tuple[str, ...]
    samples: tuple[Beside, ...]
    problems: tuple[WouldPark, ...]


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload would become; nothing was stored."""

    upload: str
    sources: tuple[SourceRun, ...]
    took_ms: float


def dry_run(
    workspace: Workspace, number: str, *, mapping: str = "", settings: Mapping[str, str] | None = None,
    rows: int = 2_000,
) -> DryRun:  # fmt: skip
    """Return what the first rows of an upload would become.

    mapping   an id for all its sources; "" = the one that each fits best
    settings  what the mappings ask for
    raises    NotFound, DataError, SettingError: what is missing to read it at all
    """
    begin = time.perf_counter()
    with ExitStack() as stack:
        runs = tuple(
            _run(workspace, *stack.enter_context(_beginning(source)), preset, settings or {}, rows)
            for source, preset in pairs(workspace, number, mapping)
        )
    return DryRun(upload=number, sources=runs, took_ms=round((time.perf_counter() - begin) * 1000, 1))


def hidden_cells(cells: Mapping[str, Any], personal: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return a row's cells as text, personal ones masked.

    personal  columns that are, whatever they are called
    """
    return {name: _hidden(name, cell, always=name in personal) for name, cell in cells.items()}


@contextmanager
def _beginning(source: Opened) -> Iterator[tuple[Opened, bool]]:
    """Give a long text by its beginning alone, and whether it was cut.

    To find whole orders a reader goes through all of a file; who waits for a dry run need not.
    """
    with source.path.open("rb") as file:
        head = file.read(HEAD) if not source.member and source.path.stat().st_size > LONG else b""
    if not head or head.startswith(_UNCUT) or format_of(source) not in ("csv", "jsonl"):
        yield source, False
        return
    with tempfile.TemporaryDirectory(dir=source.path.parent.parent, prefix="head-") as folder:
        path = Path(folder) / source.path.name
        path.write_bytes(head[: head.rfind(b"\n") + 1])
        yield Opened(path), True


def _run(
    workspace: Workspace, source: Opened, cut: bool, preset: Preset, settings: Mapping[str, str], rows: int
) -> SourceRun:
    chunks = list(preview(workspace, source, preset, settings=settings, rows=rows + 1))
    whole = not cut and sum(chunk.rows for chunk in chunks) <= rows
    looks = [as_preview(workspace.catalogue, chunk) for chunk in chunks]
    personal = personal_columns(preset, workspace.catalogue)
    raw = raw_rows(source, preset, settings=settings, rows=rows, catalogue=workspace.catalogue)
    events = [one for look in looks for one in look.events]
    kinds = Counter(one.event.kind for one in events)
    times = [one.event.at_ms for one in events]
    parked = [one for look in looks for one in look.parked]
    skipped: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for look in looks:
        skipped.update(look.skipped)
        notes.update(look.notes)
    return SourceRun(
        source=source.name, mapping=preset.id, mapping_zh=preset.zh, rows=sum(look.rows for look in looks),
        accepted=sum(chunk.accepted for chunk in chunks), parked=len(parked), whole=whole, skipped=dict(skipped),
        notes=dict(notes), first_ms=min(times, default=None), last_ms=max(times, default=None),
        kinds=tuple(
            MadeKind(kind=kind, zh=_zh(workspace, kind), events=count) for kind, count in kinds.most_common()
        ),
        platforms=tuple(sorted({one.event.platform for one in events if one.event.platform})),
        samples=_samples(workspace, looks, raw, personal), problems=_problems(parked, personal),
    )  # fmt: skip


def _samples(
    workspace: Workspace, looks: list[Preview], raw: dict[int, dict[str, Any]], personal: frozenset[str]
) -> tuple[Beside, ...]:
    made: dict[int, list[SampleEvent]] = {}
    for look in looks:
        for one in look.events:
            made.setdefault(one.row, []).append(_event(workspace, one.event))
    numbers = sorted({*raw, *made})[:SHOWN]
    return tuple(
        Beside(row=row, cells=hidden_cells(raw.get(row, {}), personal), events=tuple(made.get(row, ())))
        for row in numbers
    )


def _problems(parked: list[Parked], personal: frozenset[str]) -> tuple[WouldPark, ...]:
    groups: dict[tuple[str, str, str], list[Parked]] = {}
    for one in parked:
        groups.setdefault((one.reason, one.kind, one.field), []).append(one)
    largest = sorted(groups.items(), key=lambda pair: -len(pair[1]))[:PROBLEMS]
    return tuple(
        WouldPark(
            reason=reason, zh=REASONS[reason][0], en=REASONS[reason][1], kind=kind, field=field, what=rows[0].what,
            mend=rows[0].mend, count=len(rows), rows=tuple(one.row for one in rows[:10]),
            cells=hidden_cells(cells_of(rows[0].raw), personal),
        )
        for (reason, kind, field), rows in largest
    )  # fmt: skip


def _event(workspace: Workspace, event: Event) -> SampleEvent:
    kind = workspace.catalogue.find(event.kind)
    shown: dict[str, str | int | float | bool] = {}
    for name, value in event.properties.items():
        row = kind.properties.get(name) if kind else None
        if row.personal if row else looks_personal(name):
            shown[name] = mask(name, str(value)) if row is None or row.type != "json" else mask_text(str(value))
        elif isinstance(value, bool | int | float):
            shown[name] = value
        else:
            shown[name] = _hidden(name, value, always=False)
    return SampleEvent(
        kind=event.kind, zh=_zh(workspace, event.kind), at_ms=event.at_ms, platform=event.platform,
        amount=event.amount, currency=event.currency, refs=event.refs, properties=shown,
        roles={role: _role(role, ref) for role, ref in event.roles.items()},
    )  # fmt: skip


def _role(role: str, ref: str) -> str:
    kind, scope, key = split_ref(ref)
    return f"{kind}:{scope}:{mask(kind, key)}" if role in HIDDEN_ROLES or kind in HIDDEN_ROLES else ref


def _hidden(name: str, cell: Any, *, always: bool) -> str:
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else msgspec.json.encode(cell, enc_hook=str).decode()
    if always or looks_personal(name):
        return mask(name, text[:CELL]) if isinstance(cell, str | int) else mask_text(text)
    return _PRIVATE.sub(
        lambda found: mask("phone", found[0]) if "@" not in found[0] else mask("email", found[0]), text
    )[:CELL]


def _zh(workspace: Workspace, kind: str) -> str:
    row = workspace.catalogue.find(kind)
    return row.zh if row else kind
