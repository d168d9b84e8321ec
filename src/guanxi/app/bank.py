"""The relation bank (关系银行): follows the log, posts what people earned, and gives rewards for it.

What is posted is decided by `guanxi.ledger.judge_earned` and `judge_invited` from the log alone; keys come from the ids
of events, and postings, names, news for the log and the place in the log are one transaction.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from guanxi.app.bank_facts import earned_facts, invited_facts, last_of, marks_of
from guanxi.app.bank_posting import NAME, Posted, accounts_of, key_of, post
from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, SettingError
from guanxi.engines.control import AccountRow
from guanxi.engines.log import now_ms
from guanxi.ledger import Bank, Earn, Invite, Judged, Programme, judge_earned, judge_invited, read_bank, shipped_bank
from guanxi.parties import Resolution

FILE: Final = "bank.toml"  # of the workspace
PAGE: Final = 10_000  # events of one kind in one transaction


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a person holds of a unit: next_ms and next_amount say what expires first."""

    unit: str
    zh: str
    en: str
    balance: int
    held: int
    available: int
    next_ms: int | None
    next_amount: int
    accounts: tuple[str, ...]


class BankRule(msgspec.Struct, frozen=True, kw_only=True):
    """A row in words: what earns how much of which unit (`of` = earn or invite), or what stops farming (guard)."""

    of: str
    name: str
    zh: str
    en: str
    unit: str = ""
    amount: int = 0


class BankRules(msgspec.Struct, frozen=True, kw_only=True):
    """The bank's rows as people read them; since_ms None = it is closed."""

    since_ms: int | None
    rules: tuple[BankRule, ...]


def rules_of(workspace: Workspace) -> BankRules:
    """Return what earns and what stops farming, in words."""
    bank = bank_of(workspace)
    earning: list[tuple[str, Earn | Invite]] = [("earn", row) for row in bank.earns.values()]
    earning += [("invite", row) for row in bank.invites.values()]
    rows = [
        BankRule(of=of, name=row.name, zh=row.zh, en=row.en, unit=row.unit, amount=row.amount) for of, row in earning
    ]
    rows += [BankRule(of="guard", name=row.name, zh=row.zh, en=row.en) for row in bank.guards.values()]
    return BankRules(since_ms=bank.since_ms, rules=tuple(rows))


def bank_of(workspace: Workspace) -> Bank:
    """Return the rows of the workspace: the shipped ones under its own `bank.toml`.

    raises  SettingError when the file cannot be used
    """
    path = workspace.folder / FILE
    if not path.exists():
        return shipped_bank()
    try:
        return read_bank(path.read_text("utf-8"), FILE, over=shipped_bank())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{FILE} cannot be read: {error}", "Save it as UTF-8 text") from error


def open_bank(workspace: Workspace, *, since: str) -> Path:
    """Open the bank: write a `bank.toml` that says from which day on ("2026-01-01") what people do counts.

    raises  SettingError when the file is there already, or the day is none
    """
    path, text = workspace.folder / FILE, f'# Overlays the shipped rows; docs/bank.md tells them.\nsince = "{since}"\n'
    if not read_bank(text, FILE, over=shipped_bank()).is_open:
        raise SettingError("no day is given", "Write it as 2026-01-01", "since")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SettingError(f"{FILE} is there already", "Change `since` in it", "since") from None
    return path


def follow(workspace: Workspace, *, now_ms: int) -> Posted:
    """Post what the log has brought since the last round; nothing while the bank is closed.

    Reads on in steps of some thousand events, each with a transaction of its own, so it may be cut off anywhere.
    """
    bank, control = bank_of(workspace), workspace.control
    with control.snapshot() as connection:
        seq = control.followers.get_in(connection, NAME)
    done, last = Posted(seq=seq), workspace.reader.last_seq()
    if not bank.is_open or seq >= last:
        return done
    names = identities(workspace)
    while seq < last:
        upto = last_of(workspace.reader, bank, after=seq, last=last, most=PAGE)
        made = list(_judged(workspace, bank, names, after=seq, upto=upto))
        with control.transaction() as connection:
            if control.followers.get_in(connection, NAME) != seq:
                return done  # another process follows too, and was quicker
            step = post(workspace, connection, bank, made, now_ms=now_ms)
            control.followers.set_in(connection, NAME, upto, now_ms)
        seq = upto
        done = done.plus(msgspec.structs.replace(step, seq=upto))
    return done


def bank_round(workspace: Workspace) -> Posted | None:
    """Follow the log once, for who does so again and again; None when it must wait for a lock or for a mended file."""
    try:
        bank = bank_of(workspace)
        asked = {rule.kind for rule in bank.earns.values()}
        asked |= {kind for rule in bank.invites.values() for kind in (rule.kind, *rule.after, *rule.undone_by)}
        state = bank, {kind: count for kind, count in workspace.reader.counts().items() if kind in asked}
        if not bank.is_open or _SEEN.get(workspace) == state:
            return None  # nothing came that the bank reads
        done = follow(workspace, now_ms=now_ms())
    except (Busy, SettingError):  # `guanxi bank rewards` tells what is wrong with the file
        return None
    _SEEN[workspace] = state
    return done


#: The rows and how many events the bank had to read, when it last read them.
_SEEN: WeakKeyDictionary[Workspace, tuple[Bank, dict[str, int]]] = WeakKeyDictionary()


def judged(workspace: Workspace, person: str) -> list[Judged]:
    """Return what everything that a person did brought, or which guard refused it: judged again from the whole log."""
    bank, names, last = bank_of(workspace), identities(workspace), workspace.reader.last_seq()
    found = _judged(workspace, bank, names, after=0, upto=last, only=names.members(person))
    asked = names.resolve(person)
    return [one for one in found if names.resolve(one.person) == asked]


def holdings(workspace: Workspace, person: str) -> list[Holding]:
    """Return what a person holds of each programme, all that is one with them together."""
    bank, control = bank_of(workspace), workspace.control
    with control.snapshot() as connection:
        accounts = accounts_of(workspace, connection, person)
        return [_holding(workspace, row, [one for one in accounts if one.unit == row.name])
                for row in bank.programmes.values()]  # fmt: skip


def _judged(
    workspace: Workspace, bank: Bank, names: Resolution, *, after: int, upto: int, only: Sequence[str] = ()
) -> Iterator[Judged]:
    """What the facts behind `after` brought, as known at `upto`; `only` = facts about these people are enough."""
    reader, who = workspace.reader, names.resolve
    for rule in bank.earns.values():
        facts = earned_facts(reader, bank, rule, after=after, upto=upto, only=only, names=names)
        yield from (one for one in judge_earned(bank, rule, facts, who=who) if one.seq > after)
    for invite in bank.invites.values():
        found = invited_facts(reader, invite, after=after, upto=upto, names=names)
        if found:
            posted = _posted(workspace, [one.id for one in found if one.kind == invite.kind]) if after else ()
            marks = marks_of(reader, bank, invite, found, after=after, upto=upto, names=names)
            made = judge_invited(bank, invite, found, who=who, marks=marks, after=after, posted=posted)
            yield from (one for one in made if one.seq > after)


def _posted(workspace: Workspace, events: Sequence[str]) -> list[str]:
    """Those of the events by which something was posted."""
    keys = {key_of(workspace, event): event for event in events}
    with workspace.control.snapshot() as connection:
        return [keys[key] for key in workspace.control.accounting.keys_in(connection, list(keys))]


def _holding(workspace: Workspace, programme: Programme, accounts: Sequence[AccountRow]) -> Holding:
    """What these accounts of one programme hold together."""
    lots = sorted(
        (lot.expires_ms, lot.left) for row in accounts if row.next_ms is not None
        for lot in workspace.control.accounting.lots(row.id)
    )  # fmt: skip
    soonest = lots[0][0] if lots else None
    balance, held = sum(row.balance for row in accounts), sum(row.held for row in accounts)
    return Holding(
        unit=programme.name, zh=programme.zh, en=programme.en, balance=balance, held=held,
        available=sum(row.balance - row.held - row.floor for row in accounts), next_ms=soonest,
        next_amount=sum(left for due, left in lots if due == soonest), accounts=tuple(row.id for row in accounts),
    )  # fmt: skip
