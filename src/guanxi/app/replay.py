"""Replay: parked rows, mended, are handed in again through the same checks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Final

import msgspec
import polars as pl

from guanxi.app.importing import Taker, take_batches
from guanxi.app.uploads import mapping_path
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound, Refused
from guanxi.engines.log import Index, Seen, connect, now_ms
from guanxi.engines.sources import Preset, is_damaged, map_rows, mended, preset, with_fixes
from guanxi.engines.vault import ParkedRow
from guanxi.events import AHEAD_MS, Event, EventBatch, Parked, RawEvent, seal_columns

PURPOSE = "mend and replay"
PAGE = 10_000

Pair = tuple[ParkedRow, Parked]  # how a parked row is listed, and what it holds
Fixer = Callable[[Parked], Mapping[str, str]]  # a row -> column -> value


class Replayed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a replay: rows that are events now, rows that stay parked, new events.

    why     what still keeps rows parked, with its column and mend -> rows
    dry     nothing was stored: `stored` is how many events the rows would make
    """

    replayed: int
    parked: int
    stored: int
    dry: bool = False
    why: dict[str, int] = {}


def replay(
    workspace: Workspace, *, reason: str | None = None, ids: Sequence[int] | None = None,
    fixes: Mapping[str, str] | None = None, each: Fixer | None = None, settings: Mapping[str, str] | None = None,
    mapping: str = "", who: str = "cli", dry: bool = False,
) -> Replayed:  # fmt: skip
    """Hand parked rows in again; the rows of one order go together.

    reason, ids  which open rows; all when both are None
    fixes        column -> value to put into each chosen row
    each         a row -> what to put into this one, instead of `fixes`
    settings     what the preset asks for, instead of what the import was given
    mapping      a preset or MAPPING.toml to use instead of the one that parked them
    dry          only say what would become of them
    raises       NotFound when no open row is chosen; DataError when a chosen row has no column of a fix
    """
    chosen = _chosen(workspace, reason, ids)
    if not chosen:
        raise NotFound("no open parked row is chosen", "See `guanxi parked list`")
    fixer = each or (lambda _: fixes or {})
    replayed = failed = stored = 0
    why: dict[str, int] = {}
    with ExitStack() as stack:
        taker = None if dry else stack.enter_context(Taker(workspace, doing="guanxi parked replay"))
        for part in _parts(workspace, chosen, fixer, mapping, who):
            source = part[0][0].source
            if source.startswith("import:"):
                bad, new = _map(workspace, taker, part, _preset(workspace, source, mapping), settings or {})
            else:
                bad, new = _check(workspace, taker, part, source)
            done = [row.id for row, _ in part if row.id not in bad]
            replayed += len(done)
            failed += len(bad)
            stored += new
            for text in bad.values():
                why[text] = why.get(text, 0) + 1
            if not dry:
                workspace.vault.parked.mark(done, status="replayed", note=f"by {who}")
    if not dry:
        workspace.control.record(
            who=who, verb="parked.replay", object="parked rows",
            detail={"replayed": replayed, "parked": failed, "stored": stored},
        )  # fmt: skip
    return Replayed(replayed=replayed, parked=failed, stored=stored, why=why, dry=dry)


def _chosen(workspace: Workspace, reason: str | None, ids: Sequence[int] | None) -> list[ParkedRow]:
    found: list[ParkedRow] = []
    after = 0
    while page := workspace.vault.parked.rows(reason=reason, limit=PAGE, after=after):
        found.extend(page)
        after = page[-1].id
    wanted = None if ids is None else set(ids)
    return [row for row in found if wanted is None or row.id in wanted]


def _parts(workspace: Workspace, chosen: list[ParkedRow], fixer: Fixer, mapping: str, who: str) -> Iterator[list[Pair]]:
    """Yield the mended rows, a list for each import that parked them.

    An order that two overlapping exports parked is rebuilt from each export alone: its rows must not add up.
    """
    mine = {row.id for row in chosen}
    fixed: list[list[Pair]] = []
    for source in sorted({row.source for row in chosen}):
        rows = _with_groups(workspace, [row for row in chosen if row.source == source], source)
        whole = workspace.vault.parked.whole([row.id for row in rows], purpose=PURPOSE, who=who)
        jobs: dict[str, list[Pair]] = {}
        for row, raw in zip(rows, whole, strict=True):
            fixes = fixer(raw) if row.id in mine else {}
            jobs.setdefault(row.job, []).append((row, _fixed(workspace, raw, fixes, mapping) if fixes else raw))
        fixed += jobs.values()
    yield from fixed  # only now: a fix that does not fit a later row must not leave half of them replayed


def _with_groups(workspace: Workspace, rows: list[ParkedRow], source: str) -> list[ParkedRow]:
    """Add the parked neighbours of each row: an order is rebuilt from all its rows or not at all."""
    found = {row.id: row for row in rows}
    for group in {row.group for row in rows if row.group}:
        after = 0
        while page := workspace.vault.parked.rows(source=source, group=group, limit=PAGE, after=after):
            found |= {row.id: row for row in page}
            after = page[-1].id
    return [found[number] for number in sorted(found)]


def _preset(workspace: Workspace, source: str, mapping: str) -> Preset:
    name = source.removeprefix("import:")
    own = None if mapping else mapping_path(workspace, name)
    try:
        return preset(mapping or (str(own) if own is not None else name))
    except NotFound as error:
        if mapping:
            raise
        raise NotFound(f"the mapping {name!r} does not ship with Guanxi", "Give its file: --as MAPPING.toml") from error


def _fixed(workspace: Workspace, row: Parked, fixes: Mapping[str, str], mapping: str) -> Parked:
    if row.source.startswith("import:"):
        return msgspec.structs.replace(row, raw=mended(row.raw, fixes, _preset(workspace, row.source, mapping)))
    free = [name for name in fixes if _FREE.match(name)]
    raw = with_fixes(msgspec.json.decode(row.raw), fixes, [*RawEvent.__struct_fields__, *free])
    return msgspec.structs.replace(row, raw=msgspec.json.encode(raw).decode())


_FREE: Final = re.compile(r"(roles|refs|properties)\.[^.]+\Z")  # what a live event may be given


def _map(
    workspace: Workspace, taker: Taker | None, part: list[Pair], chosen: Preset, settings: Mapping[str, str]
) -> tuple[dict[int, str], int]:
    """Map rows of files; return why rows stay parked, by their id, and how many events are new."""
    bad = {row.id: _DAMAGED for row, raw in part if is_damaged(raw)}
    spoilt = {row.group for row, _ in part if row.id in bad and row.group}
    bad |= {row.id: _MATES for row, _ in part if row.group in spoilt and row.id not in bad}
    # Sheets and tables of one file count their rows apart, so rows get numbers of their own while they are mapped.
    rows = {place: (row, raw) for place, (row, raw) in enumerate(part, 1) if row.id not in bad}
    mapped = map_rows(
        [(place, raw.raw) for place, (_, raw) in rows.items()], chosen, settings=settings,
        catalogue=workspace.catalogue, latest_ms=now_ms() + AHEAD_MS,
    )  # fmt: skip
    bad |= {rows[one.row][0].id: _why(one) for one in mapped.parked}
    if taker is None:
        return bad, sum(map(len, mapped.batches))
    numbers = {place: raw.row for place, (_, raw) in rows.items()}
    vault, catalogue = workspace.vault, workspace.catalogue
    batches = []
    for one in mapped.batches:
        frame = one.frame.with_columns(pl.col("row").replace_strict(numbers, return_dtype=pl.Int64))
        batches.append(EventBatch(one.kind, seal_columns(catalogue.find(one.kind), frame, vault)))
    vault.flush()
    return bad, _store(workspace, taker, chosen.id, batches)


_DAMAGED: Final = "the row still holds less than its file did: write the whole cell with --fix COLUMN=VALUE"
_MATES: Final = "another row of the same group stays parked: mend that one too"


def _why(one: Parked) -> str:
    column = f" ({one.field})" if one.field else ""
    return f"{one.what}{column}: {one.mend}"


def _check(workspace: Workspace, taker: Taker | None, part: list[Pair], source: str) -> tuple[dict[int, str], int]:
    """Check live events again; return why rows stay parked, by their id, and how many events are new."""
    intake = workspace.intake()
    good: list[Event] = []
    bad: dict[int, str] = {}
    for row, parked in part:
        try:
            raw = msgspec.json.decode(parked.raw, type=RawEvent)
            result = intake.check(raw, "server", received_ms=now_ms(), source=source)
        except msgspec.DecodeError as error:
            bad[row.id] = f"this is not an event ({error}): let its sender mend it and send it again"
        except Refused as error:
            bad[row.id] = f"{error.what}: {error.mend}"
        else:
            if isinstance(result, Event):
                good.append(result)
            else:
                bad[row.id] = _why(result)
    if taker is None:
        return bad, len(good)
    workspace.vault.flush()
    return bad, taker.append(good)


def _store(workspace: Workspace, taker: Taker, name: str, batches: Sequence[EventBatch]) -> int:
    db = connect(workspace.folder, read_only=True)
    try:
        index = Index(db, workspace.folder)
        staged = take_batches(workspace, taker, batches, preset=name, seen=Seen(), index=index)
        return staged.manifest.rows
    finally:
        db.close()
