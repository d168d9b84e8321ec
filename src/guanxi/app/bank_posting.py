"""Postings of the relation bank: opaque accounts with their names, grants, what is taken back, news for the log."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import GuanxiError, NotFound
from guanxi.engines.control import AccountRow
from guanxi.events import Event, event_id
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    Account,
    Bank,
    Entry,
    Judged,
    Move,
    Programme,
    Receipt,
    Request,
    Transfer,
    opaque_id,
)

NAME: Final = "bank"  # of the follower, of the source of its events, and what its accounts stand for
MOST_STEPS: Final = 100  # corrections of one event that are followed back


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did.

    seq      the log is read up to here
    posted   postings made; undone: taken back, by corrections and refunds
    refused  guard -> how often it refused
    short    postings that could not be taken back whole, since it was used already
    """

    seq: int = 0
    posted: int = 0
    undone: int = 0
    refused: dict[str, int] = {}
    short: int = 0

    def plus(self, other: "Posted") -> "Posted":
        """This and what a later step did."""
        names = sorted(self.refused | other.refused)
        return Posted(
            seq=other.seq, posted=self.posted + other.posted, undone=self.undone + other.undone,
            refused={name: self.refused.get(name, 0) + other.refused.get(name, 0) for name in names},
            short=self.short + other.short,
        )  # fmt: skip


def post(workspace: Workspace, connection: Connection, bank: Bank, made: Iterable[Judged], *, now_ms: int) -> Posted:
    """Post what was judged, name the accounts and tell the log, inside the caller's transaction.

    A corrected event that is the same person's keeps what was posted; another person's, or one that now brings
    nothing, is taken back as far as it is still there. What would have expired already is not posted.
    """
    refused: dict[str, int] = {}
    grants: list[Judged] = []
    undo: list[tuple[str, str]] = []  # key of what is taken back, why
    for one in made:
        if one.refused:
            refused[one.refused] = refused.get(one.refused, 0) + 1
        if one.kind == "undo":
            undo.append((key_of(workspace, one.event), "undone"))
            continue
        before, owner = _standing(workspace, connection, one)
        if before and owner == one.person and one.amount:
            continue
        if before:
            undo.append((before, "corrected"))
        if one.amount and (one.due_ms is None or one.due_ms > now_ms):
            grants.append(one)
    posted = _grant(workspace, connection, bank, grants, now_ms=now_ms)
    undone, short = _take_back(workspace, connection, bank, undo, now_ms=now_ms)
    return Posted(posted=posted, undone=undone, refused=refused, short=short)


def key_of(workspace: Workspace, event: str) -> str:
    """Return the ledger's key of what an event brought."""
    return opaque_id(workspace.ledger_secret, "\x1f".join((NAME, "grant", event)))


def issuer_of(workspace: Workspace, unit: str) -> Account:
    """Return the account from which a programme gives, and to which goes back what expires."""
    name = "\x1f".join((NAME, unit, "", "issuer"))
    return Account(id=opaque_id(workspace.ledger_secret, name), unit=unit, kind=ISSUER, floor=-LARGEST)


def accounts_of(workspace: Workspace, connection: Connection, person: str) -> list[AccountRow]:
    """Return the bank's accounts of a person, of all references that are one with them, in order of opening."""
    refs = identities(workspace).members(person)
    return workspace.control.accounting.of_people_in(connection, refs, what=NAME)


def points_posted(
    person: str, programme: Programme, *, key: str, amount: int, balance: int, reason: str, cause: str, now_ms: int,
    due_ms: int | None = None,
) -> Event:  # fmt: skip
    """Return the event that tells the log of a posting; its id comes from the posting's key."""
    properties: dict[str, object] = {
        "points": amount, "balance": balance, "currency_name": programme.zh, "reason": reason,
    }  # fmt: skip
    if due_ms is not None:
        properties["expires_at"] = due_ms
    return Event(
        id=event_id(NAME, "points", key), kind="Points Posted", at_ms=now_ms, received_ms=now_ms, live=True,
        roles={"actor": person}, refs={"cause": cause} if cause else {}, properties=properties, source=NAME,
    )  # fmt: skip


def _grant(workspace: Workspace, connection: Connection, bank: Bank, grants: Sequence[Judged], *, now_ms: int) -> int:
    """Post what people earned; returns how many postings were new."""
    control = workspace.control
    keys = {key_of(workspace, one.event): one for one in grants}
    for key in control.accounting.keys_in(connection, list(keys)):
        del keys[key]
    if not keys:
        return 0
    accounts = _open(workspace, connection, {(one.unit, one.person) for one in keys.values()}, now_ms=now_ms)
    requests: list[Request] = [
        Transfer(key, (Move(issuer_of(workspace, one.unit).id, accounts[one.unit, one.person], one.unit, one.amount,
                            one.due_ms),), "earn")
        for key, one in keys.items()
    ]  # fmt: skip
    _all_done(control.ledger.post_in(connection, requests, now_ms=now_ms))
    standings = control.ledger.standings_in(connection, sorted(set(accounts.values())))
    left = {account: one.balance for account, one in standings.items()}
    told = []
    for key, one in reversed(keys.items()):
        account, words = accounts[one.unit, one.person], (bank.earns | bank.invites)[one.rule]
        told.append(
            points_posted(
                one.person, bank.programmes[one.unit], key=key, amount=one.amount, balance=left[account],
                reason=words.zh, cause=one.event, now_ms=now_ms, due_ms=one.due_ms,
            )
        )  # fmt: skip
        left[account] -= one.amount  # what it was before this one
    control.relay.put_in(connection, told[::-1])
    return len(requests)


def _open(
    workspace: Workspace, connection: Connection, wanted: Iterable[tuple[str, str]], *, now_ms: int
) -> dict[tuple[str, str], str]:
    """Open and name the accounts of (unit, person); returns their ids.

    Whoever was erased and comes back gets a new account: the old one stays nobody's.
    """
    control, found = workspace.control, dict[tuple[str, str], str]()
    left, generation = sorted(set(wanted)), 0
    while left:
        generation += 1
        ids = {one: opaque_id(workspace.ledger_secret, "\x1f".join((NAME, *one, str(generation)))) for one in left}
        named = control.accounting.named_in(connection, list(ids.values()))
        left = [one for one in left if named.get(ids[one], one[1]) != one[1]]
        found |= {one: made for one, made in ids.items() if one not in left}
    units = sorted({unit for unit, _ in found})
    accounts = [issuer_of(workspace, unit) for unit in units]
    names = [(account.id, NAME, account.unit, "") for account in accounts]
    accounts += [Account(id=made, unit=unit) for (unit, _), made in found.items()]
    names += [(made, NAME, unit, person) for (unit, person), made in found.items()]
    control.ledger.ensure_in(connection, accounts, now_ms=now_ms)
    control.accounting.name_in(connection, names)
    return found


def _take_back(
    workspace: Workspace, connection: Connection, bank: Bank, wanted: Sequence[tuple[str, str]], *, now_ms: int
) -> tuple[int, int]:
    """Take back postings as far as they are still there; returns how many were, and how many not wholly."""
    control, secret = workspace.control, workspace.ledger_secret
    undo = {key: opaque_id(secret, "\x1f".join((NAME, "undo", key))) for key, _ in wanted}
    first = control.accounting.keys_in(connection, [*undo, *undo.values()])
    entries = control.accounting.entries_at_in(connection, [first[key] for key in undo if key in first])
    undone = short = 0
    for key, why in dict(wanted).items():
        if key not in first or undo[key] in first:
            continue  # nothing was posted, or it was taken back already
        entry: Entry = entries[first[key]]
        standing = control.ledger.standings_in(connection, [entry.taker])[entry.taker]
        amount = min(entry.amount, max(standing.available, 0))
        short += amount < entry.amount
        if not amount:
            continue
        move = Move(entry.taker, entry.giver, entry.unit, amount)
        _all_done(control.ledger.post_in(connection, [Transfer(undo[key], (move,), "reverse")], now_ms=now_ms))
        undone += 1
        person = control.accounting.named_in(connection, [entry.taker]).get(entry.taker, "")
        if person:
            event = points_posted(
                person, bank.programmes[entry.unit], key=undo[key], amount=-amount, balance=standing.balance - amount,
                reason=_REASONS[why], cause="", now_ms=now_ms,
            )  # fmt: skip
            control.relay.put_in(connection, [event])
    return undone, short


def _standing(workspace: Workspace, connection: Connection, one: Judged) -> tuple[str, str]:
    """What was posted for an event that this one replaced: its key and whose it is; "" when nothing was."""
    event, accounting = one.replaces, workspace.control.accounting
    for _ in range(MOST_STEPS):
        if not event:
            break
        key = key_of(workspace, event)
        undo = opaque_id(workspace.ledger_secret, "\x1f".join((NAME, "undo", key)))
        first = accounting.keys_in(connection, [key, undo])
        if key in first:
            if undo in first:
                break
            taker = accounting.entries_at_in(connection, [first[key]])[first[key]].taker
            owner = accounting.named_in(connection, [taker]).get(taker, "")
            return key, identities(workspace).resolve(owner) if owner else ""
        try:
            event = workspace.reader.find(event).refs.get("supersedes", "")
        except NotFound:  # erased
            break
    return "", ""


def _all_done(outcomes: Iterable[Receipt | GuanxiError]) -> None:
    """Raise what refused a posting: people's accounts have no cap, so none is refused but by a fault of ours."""
    for one in outcomes:
        if isinstance(one, GuanxiError):
            raise one


_REASONS: Final = {"undone": "订单退回", "corrected": "记录更正"}
