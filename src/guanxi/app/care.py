"""Care for people's data: erasure, backup and restore."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app import queries
from guanxi.app.importing import Taker
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, NotFound
from guanxi.engines.backup import Manifest, export_erased
from guanxi.engines.backup import backup as copy_workspace
from guanxi.engines.backup import restore as unpack_backup
from guanxi.engines.erasure import Erased, erase_all, kept_until_ms, reapply
from guanxi.engines.locks import SEALER, held
from guanxi.engines.log import now_ms

WAIT: Final = 120.0  # seconds to wait for a keeper that serves


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did, or would do.

    refs        how the person is known; empty once it is done
    done        False for a preview
    deleted     events that go; restricted: events that a law orders kept, without the person
    renamed     events of others that named the person
    values      personal values destroyed; parked: parked rows destroyed
    kinds       preview only: kind -> events that mention the person
    """

    refs: tuple[str, ...]
    done: bool
    deleted: int
    restricted: int
    renamed: int = 0
    values: int = 0
    parked: int = 0
    kinds: dict[str, int] = {}


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: files and bytes copied, events in it, whether the vault's key is in it."""

    files: int
    bytes: int
    events: int
    key: bool


def erase(
    workspace: Workspace, refs: Iterable[str], *, reason: str, send: bool, who: str, texts: Iterable[str] = ()
) -> Erasure:
    """Forget a person by any of their references; everything known to be the same party goes too.

    send    False = only say what would go
    texts   names and phone numbers of the person, to be found in free text of others and in parked rows
    raises  NotFound when no event names the person; Busy when the stores stay in use
    """
    names = queries.resolution(workspace)
    members = tuple(dict.fromkeys(member for ref in refs for member in names.members(ref)))
    found = _preview(workspace, members)
    if not found.kinds:
        raise NotFound("no event names this person", "Write references as type:scope:key; see `guanxi parties show`")
    if not send:
        return found
    workspace.vault.erasures.add(members, reason=reason, texts=texts)
    workspace.control.record(who=who, verb="person.erase", object="one person", detail={"references": len(members)})
    done = carry_out(workspace)
    workspace.reopen()
    return Erasure(
        refs=(), done=True, deleted=sum(one.deleted for one in done), restricted=sum(one.restricted for one in done),
        renamed=sum(one.renamed for one in done), values=sum(one.values for one in done),
        parked=sum(one.parked for one in done),
    )  # fmt: skip


def backup(workspace: Workspace, target: Path, *, include_key: bool = False) -> BackedUp:
    """Copy a workspace as it is at one moment, also while it serves; see `engines.backup`.

    raises  Busy when an erasure or a long sealing does not end in time
    """
    manifest = copy_workspace(workspace.folder, target, include_key=include_key)
    workspace.control.record(
        who="cli", verb="workspace.backup", object=target.name, detail={"files": len(manifest.files)}
    )
    return _backed_up(manifest)


def restore(source: Path, folder: Path, *, key: Path | None = None, erased: Path | None = None) -> BackedUp:
    """Make a workspace from a backup; people who were erased since are erased again.

    key     the vault.key, when the backup has none
    erased  the list that `guanxi backup --erased` wrote of the newest workspace
    """
    manifest = unpack_backup(source, folder, key=key, erased=erased)
    with Workspace.open(folder) as workspace, held(folder, SEALER, doing="guanxi restore") as lock:
        if lock is not None and reapply(folder, workspace.catalogue, workspace.vault):
            erase_open(workspace)
        workspace.control.record(who="cli", verb="workspace.restore", object=source.name)
    return _backed_up(manifest)


def carry_out(workspace: Workspace) -> list[Erased]:
    """Carry out every open erasure, or wait for the keeper that serves to do it.

    raises  Busy when a keeper holds the workspace and does not finish in time: it goes on
    """
    end = time.monotonic() + WAIT
    while workspace.vault.erasures.open_jobs():
        with held(workspace.folder, SEALER, doing="guanxi erase") as lock:
            if lock is not None:
                return erase_open(workspace)
        if time.monotonic() > end:
            raise Busy("the keeper is still erasing", "It goes on by itself; look at `guanxi status` later")
        time.sleep(0.5)
    return []


def erase_open(workspace: Workspace) -> list[Erased]:
    """Carry out every open erasure; the caller holds the sealer's lock."""
    if not workspace.vault.erasures.open_jobs():
        return []
    _forget_decided(workspace)
    with Taker(workspace, doing="guanxi erase") as taker:
        return erase_all(workspace.folder, workspace.catalogue, workspace.vault, append=taker.append)


def _forget_decided(workspace: Workspace) -> None:
    """Take the people of open erasures out of what was decided, what is to be sent, and what the log is to hear.

    Done again after a kill it finds nothing left.
    """
    refs = {ref for job in workspace.vault.erasures.open_jobs() for ref in job.refs}
    control = workspace.control
    with control.transaction() as connection:
        for ref in sorted(refs):
            control.outbox.forget_in(connection, ref, now_ms=now_ms())
        control.relay.forget_in(connection, refs)
        control.decisions.forget_in(connection, refs)
        control.journeys.forget_in(connection, refs)


def erased_list(workspace: Workspace, path: Path) -> int:
    """Write the keyed digests of erased people, for a restore of an older backup; return how many."""
    return export_erased(workspace.vault, path)


def _backed_up(manifest: Manifest) -> BackedUp:
    size = sum(file.bytes for file in manifest.files)
    return BackedUp(files=len(manifest.files), bytes=size, events=manifest.last_seq, key=manifest.key)


def _preview(workspace: Workspace, members: tuple[str, ...]) -> Erasure:
    kinds: dict[str, int] = {}
    deleted = restricted = 0
    seen: set[int] = set()
    now = now_ms()
    for member in members:
        for event in workspace.reader.read(party=member):
            if event.seq in seen:
                continue
            seen.add(event.seq)
            kinds[event.kind] = kinds.get(event.kind, 0) + 1
            row = workspace.catalogue.find(event.kind)
            if kept_until_ms(event.kind, row.family if row else "", event.at_ms) > now:
                restricted += 1
            else:
                deleted += 1
    return Erasure(refs=members, done=False, deleted=deleted, restricted=restricted, kinds=kinds)
