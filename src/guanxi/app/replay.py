"""Replay: parked rows, mended, are handed in again through the same checks."""

from collections.abc import Mapping, Sequence

import msgspec

from guanxi.app.importing import Taker, take_batches
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.engines.log import Index, Seen, connect, now_ms
from guanxi.engines.sources import map_rows, preset
from guanxi.engines.vault import ParkedRow
from guanxi.events import AHEAD_MS, Event, EventBatch, Parked, RawEvent

PURPOSE = "mend and replay"
PAGE = 10_000


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a replay: rows that are events now, rows that stay parked, new events."""

    replayed: int
    parked: int
    stored: int


def replay(
    workspace: Workspace, *, reason: str | None = None, ids: Sequence[int] | None = None,
    fixes: Mapping[str, str] | None = None, mapping: str = "", who: str = "cli",
) -> Replayed:  # fmt: skip
    """Hand parked rows in again; the rows of one order go together.

    reason, ids  which open rows; all when both are None
    fixes        column -> value to put into each chosen row
    mapping      a preset or MAPPING.toml to use instead of the one that parked them
    raises       NotFound when no open row is chosen
    """
    chosen = _chosen(workspace, reason, ids)
    if not chosen:
        raise NotFound("no open parked row is chosen", "See `guanxi parked list`")
    with Taker(workspace, doing="guanxi parked replay") as taker:
        replayed = failed = stored = 0
        for source in sorted({row.source for row in chosen}):
            rows = _with_groups(workspace, [row for row in chosen if row.source == source], source)
            mine = {row.id for row in chosen}
            whole = workspace.vault.parked.whole([row.id for row in rows], purpose=PURPOSE, who=who)
            raws = [_fixed(one, fixes or {}) if row.id in mine else one for row, one in zip(rows, whole, strict=True)]
            done, new = _hand_in(workspace, taker, source, rows, raws, mapping)
            replayed += len(done)
            failed += len(rows) - len(done)
            stored += new
            workspace.vault.parked.mark(done, status="replayed", note=f"by {who}")
    workspace.control.record(
        who=who,
        verb="parked.replay",
        object="parked rows",
        detail={"replayed": replayed, "parked": failed, "stored": stored},
    )
    return Replayed(replayed=replayed, parked=failed, stored=stored)


def _chosen(workspace: Workspace, reason: str | None, ids: Sequence[int] | None) -> list[ParkedRow]:
    found: list[ParkedRow] = []
    after = 0
    while page := workspace.vault.parked.rows(reason=reason, limit=PAGE, after=after):
        found.extend(page)
        after = page[-1].id
    wanted = None if ids is None else set(ids)
    return [row for row in found if wanted is None or row.id in wanted]


def _with_groups(workspace: Workspace, rows: list[ParkedRow], source: str) -> list[ParkedRow]:
    """Add the parked neighbours of each row: an order is rebuilt from all its rows or not at all."""
    found = {row.id: row for row in rows}
    for group in {row.group for row in rows if row.group}:
        for row in workspace.vault.parked.rows(source=source, group=group, limit=PAGE):
            found[row.id] = row
    return [found[number] for number in sorted(found)]


def _fixed(row: Parked, fixes: Mapping[str, str]) -> Parked:
    if not fixes:
        return row
    cells = msgspec.json.decode(row.raw)
    if not isinstance(cells, dict):
        raise DataError("this row has no columns to fix", "Replay it with a corrected mapping")
    strange = [name for name in fixes if name not in cells]
    if strange:
        raise DataError(f"the row has no column {strange[0]!r}", f"Use one of {', '.join(sorted(cells)[:40])}")
    return msgspec.structs.replace(row, raw=msgspec.json.encode(cells | dict(fixes)).decode())


def _hand_in(
    workspace: Workspace, taker: Taker, source: str, rows: list[ParkedRow], raws: list[Parked], mapping: str
) -> tuple[list[int], int]:
    """Return the ids of rows that are events now, and how many events are new."""
    if source.startswith("import:"):
        name = mapping or source.removeprefix("import:")
        chosen = preset(name)
        mapped = map_rows(
            [(row.row, row.raw) for row in raws], chosen, catalogue=workspace.catalogue, latest_ms=now_ms() + AHEAD_MS
        )
        bad = {one.row for one in mapped.parked}
        done = [row.id for row in rows if row.row not in bad]
        return done, _store(workspace, taker, chosen.id, mapped.batches)
    intake = workspace.intake()
    good: list[Event] = []
    done = []
    for row, parked in zip(rows, raws, strict=True):
        raw = msgspec.json.decode(parked.raw, type=RawEvent)
        result = intake.check(raw, "server", received_ms=now_ms(), source=source)
        if isinstance(result, Event):
            good.append(result)
            done.append(row.id)
    workspace.vault.flush()
    return done, taker.append(good)


def _store(workspace: Workspace, taker: Taker, name: str, batches: Sequence[EventBatch]) -> int:
    db = connect(workspace.folder, read_only=True)
    try:
        index = Index(db, workspace.folder)
        staged = take_batches(workspace, taker, batches, preset=name, seen=Seen(), index=index)
        return staged.manifest.rows
    finally:
        db.close()
