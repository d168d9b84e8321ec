"""What doors may ask of a workspace: status, events, kinds, parked rows, parties."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from guanxi import __version__
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound
from guanxi.engines.lake import kind_spans
from guanxi.engines.locks import GATE, KEEPER, owner
from guanxi.engines.vault import ParkedGroup, ParkedRow
from guanxi.events import Event, Kind, from_events
from guanxi.parties import RESOLVED, PartyView, Resolution, party_view
from guanxi.relations import derive, resolved, shipped_rules
from guanxi.traits.metrics import SAME


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that works on the workspace now."""

    job: str  # "gate" or "keeper"
    pid: int
    doing: str
    url: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace at a glance.

    events      events ever stored; superseded ones included
    hot, staged, sealed  where they lie
    parked      open parked rows
    kinds       kind -> events
    bytes       size of the folder on the disk
    newest_at_ms, learnt_ms  when the latest event happened, and when the last one was learnt; None without events
    url         where the API answers while it serves, else ""
    processes   who works on it now
    """

    version: str
    workspace: str
    last_seq: int
    events: int
    hot: int
    staged: int
    sealed: int
    parked: int
    kinds: dict[str, int]
    bytes: int
    newest_at_ms: int | None
    learnt_ms: int | None
    url: str
    processes: tuple[Process, ...]


class KindCount(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the event catalogue with how often it occurred, and when first and last; None: never.

    custom   the workspace may define or change it
    defined  False: its events came, and nobody said what it is
    """

    name: str
    zh: str
    en: str
    family: str
    trust: str
    privacy: str
    custom: bool
    defined: bool = True
    events: int
    first_ms: int | None = None
    last_ms: int | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event came from and what became of it.

    event        as it stands in the log
    kind         its row of the catalogue, None for a custom kind
    replaced_by  id of the newer event under the same natural key, "" when this one stands
    replaces     id of the event that this one superseded
    parties      role -> what the party is known as now
    """

    event: Event
    kind: Kind | None
    replaced_by: str
    replaces: str
    parties: dict[str, str]


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """One tie of a party: its kind, the other end, the decayed sum of contacts, how many and when."""

    kind: str
    zh: str
    other: str
    weight: float
    count: int
    first_ms: int
    last_ms: int


def status(workspace: Workspace) -> Status:
    """Return a workspace at a glance."""
    sizes = workspace.reader.sizes()
    kinds = workspace.reader.counts()
    processes = []
    for job in (GATE, KEEPER):
        held = owner(workspace.folder, job)
        if held is not None:
            processes.append(Process(job=job, pid=held.pid, doing=held.doing, url=held.url))
    happened, learnt = workspace.reader.newest_times()
    serve = workspace.settings.serve
    served = any(process.job == GATE and process.url for process in processes)
    return Status(
        version=__version__, workspace=workspace.folder.name, events=sum(kinds.values()), kinds=kinds,
        parked=workspace.vault.parked.counts().get("open", 0), bytes=_size(workspace.folder),
        newest_at_ms=happened, learnt_ms=learnt, url=f"http://{serve.host}:{serve.desk_port}" if served else "",
        processes=tuple(processes), **sizes,
    )  # fmt: skip


def events(
    workspace: Workspace, *, kind: str | None = None, party: str | None = None, until_ms: int | None = None,
    known: int | None = None, after_seq: int = 0, before_seq: int | None = None, limit: int = 50, newest: bool = True,
) -> list[Event]:  # fmt: skip
    """Return at most `limit` events, the newest first unless `newest` is False.

    until_ms   only what happened before this instant, milliseconds UTC
    known      as it was known at this sequence number
    after_seq, before_seq  exclusive bounds, for paging
    """
    return workspace.reader.newest(
        limit, kind=kind, party=party, until_ms=until_ms, known=known, after_seq=after_seq, before_seq=before_seq,
        oldest=not newest,
    )  # fmt: skip


def kinds(workspace: Workspace) -> list[KindCount]:
    """Return the catalogue and the custom kinds that occurred, with their counts."""
    counts, spans = workspace.reader.counts(), kind_spans(workspace.reader)
    never = (None, None)
    rows = [
        KindCount(
            name=kind.name, zh=kind.zh, en=kind.en or kind.name, family=kind.family, trust=kind.trust,
            privacy=kind.privacy, custom=kind.custom, events=counts.pop(kind.name, 0),
            first_ms=spans.get(kind.name, never)[0], last_ms=spans.get(kind.name, never)[1],
        )
        for kind in workspace.catalogue.values()
    ]  # fmt: skip
    rows.extend(
        KindCount(
            name=name,
            zh="自定义事件",
            en=name,
            family="custom",
            trust="client",
            privacy="behaviour",
            custom=True,
            defined=False,
            events=count,
            first_ms=spans.get(name, never)[0],
            last_ms=spans.get(name, never)[1],
        )
        for name, count in counts.items()
    )
    return rows


def parked_groups(workspace: Workspace) -> list[ParkedGroup]:
    """Return open parked rows grouped by what is wrong with them, the largest group first."""
    return sorted(workspace.vault.parked.groups(), key=lambda group: -group.count)


def parked_rows(workspace: Workspace, *, reason: str | None = None, limit: int = 50, after: int = 0) -> list[ParkedRow]:
    """Return open parked rows, oldest first, without their raw form."""
    return list(workspace.vault.parked.rows(reason=reason, limit=limit, after=after))


def party(workspace: Workspace, ref: str, *, known: int | None = None) -> PartyView:
    """Return what is known of a party and of everything that is the same party.

    raises  NotFound when no event names it
    """
    names = resolution(workspace, known=known)
    members = names.members(ref, known)
    found = [event for member in members for event in workspace.reader.read(party=member, known=known)]
    if not found:
        raise NotFound(f"no event names the party {ref!r}", "Write it as type:scope:key, e.g. account:taobao:AAE1x")
    return party_view(ref, found, resolution=names, known=known)


def ties(workspace: Workspace, ref: str, *, known: int | None = None, limit: int = 30) -> list[Tie]:
    """Return the strongest ties of a party, as of the newest event it takes part in."""
    resolution_now = resolution(workspace, known=known)
    found = {
        event.seq: event
        for member in resolution_now.members(ref, known)
        for event in workspace.reader.read(party=member, known=known)
    }
    batches = from_events([found[seq] for seq in sorted(found)], workspace.catalogue, stored=True)
    newest = max((int(str(batch.frame["at_ms"].max())) for batch in batches), default=0)
    view = resolved(derive(batches, until_ms=newest + 1, known=known), resolution_now.mapping(known))
    ref = resolution_now.resolve(ref, known)
    names = {rule.id: rule.zh for rule in shipped_rules()}
    return [
        Tie(
            kind=row["kind"], zh=names.get(row["kind"], ""),
            other=row["to"] if row["from"] == ref else row["from"], weight=float(row["weight"]),
            count=row["count"], first_ms=row["first_ms"], last_ms=row["last_ms"],
        )
        for row in view.neighbours(ref).head(limit).iter_rows(named=True)
    ]  # fmt: skip


def resolution(workspace: Workspace, *, known: int | None = None) -> Resolution:
    """Return who is the same as whom, as known at a sequence number."""
    return Resolution(workspace.reader.read(kind=RESOLVED, known=known))


def explain(workspace: Workspace, reference: str) -> Explanation:
    """Return where an event came from; `reference` is its id (32 hex digits) or its sequence number.

    raises  NotFound when there is none
    """
    event = workspace.reader.find(reference)
    replaced = workspace.reader.replaced_by(event)
    names = resolution(workspace)
    return Explanation(
        event=event, kind=workspace.catalogue.find(event.kind), replaced_by=replaced,
        replaces=event.refs.get("supersedes", ""),
        parties={role: names.resolve(ref) for role, ref in event.roles.items()},
    )  # fmt: skip


def query(
    workspace: Workspace, sql: str, *, known: int | None = None
) -> tuple[list[str], Sequence[tuple[object, ...]]]:
    """Run a read-only SQL query over one view per kind of event.

    The table `same_party` (ref, person) holds the references that are another's, as metrics join them.
    """
    frames = {}
    if SAME in sql:
        names = resolution(workspace, known=known).mapping(known)
        frames[SAME] = pl.DataFrame({"ref": list(names), "person": list(names.values())}, schema=_NAMES)
    return workspace.reader.sql(sql, known=known, frames=frames)


_NAMES: Final = {"ref": pl.String, "person": pl.String}


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:  # the keeper removed it meanwhile
                continue
    return total
