"""Care for people's data: erasure now, and the erasures that still wait."""

import time
from collections.abc import Iterable
from typing import Final

import msgspec

from guanxi.app import queries
from guanxi.app.importing import Taker
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, NotFound
from guanxi.engines.erasure import Erased, erase_all, kept_until_ms
from guanxi.engines.locks import KEEPER, held
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


def erase(workspace: Workspace, refs: Iterable[str], *, reason: str, send: bool, who: str) -> Erasure:
    """Forget a person by any of their references; everything known to be the same party goes too.

    send    False = only say what would go
    raises  NotFound when no event names the person; Busy when the stores stay in use
    """
    names = queries.resolution(workspace)
    members = tuple(dict.fromkeys(member for ref in refs for member in names.members(ref)))
    found = _preview(workspace, members)
    if not found.kinds:
        raise NotFound("no event names this person", "Write references as type:scope:key; see `guanxi parties show`")
    if not send:
        return found
    workspace.vault.erasures.add(members, reason=reason)
    workspace.control.record(who=who, verb="person.erase", object="one person", detail={"references": len(members)})
    done = carry_out(workspace)
    workspace.reopen()
    return Erasure(
        refs=(), done=True, deleted=sum(one.deleted for one in done), restricted=sum(one.restricted for one in done),
        renamed=sum(one.renamed for one in done), values=sum(one.values for one in done),
        parked=sum(one.parked for one in done),
    )  # fmt: skip


def carry_out(workspace: Workspace) -> list[Erased]:
    """Carry out every open erasure, or wait for the keeper that serves to do it.

    raises  Busy when a keeper holds the workspace and does not finish in time: it goes on
    """
    end = time.monotonic() + WAIT
    while workspace.vault.erasures.open_jobs():
        with held(workspace.folder, KEEPER, doing="guanxi erase") as lock:
            if lock is not None:
                return erase_open(workspace)
        if time.monotonic() > end:
            raise Busy("the keeper is still erasing", "It goes on by itself; look at `guanxi status` later")
        time.sleep(0.5)
    return []


def erase_open(workspace: Workspace) -> list[Erased]:
    """Carry out every open erasure; the caller holds the keeper's lock."""
    if not workspace.vault.erasures.open_jobs():
        return []
    with Taker(workspace, doing="guanxi erase") as taker:
        return erase_all(workspace.folder, workspace.catalogue, workspace.vault, append=taker.append)


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
