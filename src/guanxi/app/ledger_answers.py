"""What the desk's routes and the console's pages say of the ledger: accounts, their entries, and flows of a unit."""

from collections.abc import Sequence
from typing import Final

import msgspec

from guanxi.app.ledger_words import Words
from guanxi.app.people import names_of
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, NotFound
from guanxi.engines.control import AccountRow, EntryRow
from guanxi.ledger import ISSUER

MOST_DAYS: Final = 400  # of flows at once


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account as people read it.

    what, name   what it stands for: "bank" and its unit, "limit" and the limit's name, ...; zh, en = in words
    person       reference of whose it is; "" = nobody's, an erased person's, or not for whoever asks
    person_name  masked name, "" = nobody said one
    free         what can still be moved of it, or, of a limit, still be used; None = there is no end
    resets_ms    when the next dated amount leaves; None = nothing is dated
    """

    number: int
    id: str
    unit: str
    unit_zh: str
    unit_en: str
    scale: int
    kind: str
    what: str
    name: str
    zh: str
    en: str
    person: str
    person_name: str = ""
    cap: int | None
    floor: int
    balance: int
    held: int
    coming: int
    free: int | None
    resets_ms: int | None


class AccountsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts in order of opening: `total` of those asked for; as_of_ms None = now."""

    total: int
    rows: tuple[AccountLine, ...]
    next: str | None
    as_of_ms: int | None


class UnitLine(msgspec.Struct, frozen=True, kw_only=True):
    """A unit with how many accounts of each kind it has, and what all but issuers hold."""

    unit: str
    zh: str
    en: str
    scale: int
    transferable: bool
    accounts: int
    balance: int
    held: int
    kinds: dict[str, int]


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of an account: moved is signed, balance is what it had after it.

    other   the account on the other side; zh, en = what that one is
    """

    number: int
    at_ms: int
    kind: str
    moved: int
    held: int
    coming: int
    balance: int
    other: str
    zh: str
    en: str
    transfer: str
    key: str


class LotLine(msgspec.Struct, frozen=True, kw_only=True):
    """A dated amount: it came with entry `number`, what is left of it expires at `expires_ms`."""

    number: int
    at_ms: int
    expires_ms: int
    left: int


class AccountCard(msgspec.Struct, frozen=True, kw_only=True):
    """One account with its dated amounts, the soonest thousand (of now: None at a past moment); undated = the rest."""

    account: AccountLine
    lots: tuple[LotLine, ...] | None
    undated: int
    as_of_ms: int | None


class FlowLine(msgspec.Struct, frozen=True, kw_only=True):
    """What came to holders and left them on a day, by the kind of entry."""

    day_ms: int
    kind: str
    came: int
    left: int
    entries: int


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """What holders of a unit had, got and gave: opening + came - left = closing."""

    unit: str
    zh: str
    en: str
    scale: int
    since_ms: int
    until_ms: int
    opening: int
    came: int
    left: int
    closing: int
    rows: tuple[FlowLine, ...]


def accounts(
    workspace: Workspace, *, unit: str = "", kind: str = "", what: str = "", name: str = "", after: int = 0,
    limit: int = 50, before_ms: int | None = None, people: bool = False,
) -> AccountsPage:  # fmt: skip
    """Return a page of accounts, as they stand or stood before an instant.

    people   whether whoever asks may see whose they are
    """
    total, rows = workspace.control.accounting.page(
        unit=unit, kind=kind, what=what, name=name, after=after, limit=limit + 1
    )
    words = Words(workspace)
    lines = [_line(workspace, words, row, before_ms=before_ms, people=people) for row in rows[:limit]]
    names = _names(workspace, lines)
    shown = tuple(msgspec.structs.replace(one, person_name=names.get(one.person, "")) for one in lines)
    more = str(rows[limit - 1].number) if len(rows) > limit else None
    return AccountsPage(total=total, rows=shown, next=more, as_of_ms=before_ms)


def _names(workspace: Workspace, lines: Sequence[AccountLine]) -> dict[str, str]:
    people = sorted({one.person for one in lines if one.person})
    return names_of(workspace, scope(workspace), people) if people else {}


def tightest(workspace: Workspace) -> tuple[AccountLine, ...]:
    """Return the limits that all share and that are used most, as they stand."""
    words = Words(workspace)
    rows = workspace.control.accounting.tightest()
    return tuple(_line(workspace, words, row, before_ms=None, people=False) for row in rows)


def units(workspace: Workspace) -> tuple[UnitLine, ...]:
    """Return every unit that has accounts."""
    words = Words(workspace)
    return tuple(
        UnitLine(
            unit=row.unit, zh=words.unit(row.unit).zh, en=words.unit(row.unit).en, scale=words.unit(row.unit).scale,
            transferable=words.unit(row.unit).transferable, accounts=row.accounts, balance=row.balance, held=row.held,
            kinds=row.kinds,
        )
        for row in workspace.control.accounting.units()
    )  # fmt: skip


def account(workspace: Workspace, id: str, *, before_ms: int | None = None, people: bool = False) -> AccountCard:  # noqa: A002
    """Return one account as it stands, or stood before an instant.

    raises   NotFound when there is none
    """
    row = _account(workspace, id)
    line = _line(workspace, Words(workspace), row, before_ms=before_ms, people=people)
    line = msgspec.structs.replace(line, person_name=_names(workspace, [line]).get(line.person, ""))
    if before_ms is not None:
        return AccountCard(account=line, lots=None, undated=0, as_of_ms=before_ms)
    lots = tuple(
        LotLine(number=one.number, at_ms=one.at_ms, expires_ms=one.expires_ms, left=one.left)
        for one in workspace.control.accounting.lots(id)
    )
    undated = max(line.balance - workspace.control.accounting.dated(id), 0)
    return AccountCard(account=line, lots=lots, undated=undated, as_of_ms=None)


def entries(
    workspace: Workspace, id: str, *, before: int | None = None, before_ms: int | None = None, limit: int = 50  # noqa: A002
) -> tuple[EntryLine, ...]:  # fmt: skip
    """Return the newest entries of an account, those numbered below `before`.

    raises   NotFound when there is no such account
    """
    words, row = Words(workspace), _account(workspace, id)
    found = workspace.control.accounting.entries(row, before=before, before_ms=before_ms, limit=limit)
    return tuple(_entry(words, one) for one in found)


def flows(workspace: Workspace, unit: str, *, since_ms: int, until_ms: int) -> Flows:
    """Return what came to and left the holders of a unit in a window, by day and kind; issuers hold nothing.

    raises   DataError for a window of more than 400 days, or a unit that is no word
    """
    if not 0 < until_ms - since_ms <= MOST_DAYS * DAY_MS:
        raise DataError("the time is empty or longer than 400 days", "Ask for a shorter one", "t")
    row = Words(workspace).unit(unit)
    opening, found = workspace.control.accounting.flows(unit, since_ms=since_ms, until_ms=until_ms)
    came, left = sum(one.came for one in found), sum(one.left for one in found)
    lines = tuple(
        FlowLine(day_ms=one.day_ms, kind=one.kind, came=one.came, left=one.left, entries=one.entries) for one in found
    )
    return Flows(
        unit=unit, zh=row.zh, en=row.en, scale=row.scale, since_ms=since_ms, until_ms=until_ms, opening=opening,
        came=came, left=left, closing=opening + came - left, rows=lines,
    )  # fmt: skip


def _account(workspace: Workspace, id_: str) -> AccountRow:
    row = workspace.control.accounting.account(id_)
    if row is None:
        raise NotFound("the ledger has no account with that id", "See the list of accounts")
    return row


def _line(
    workspace: Workspace, words: Words, row: AccountRow, *, before_ms: int | None, people: bool
) -> AccountLine:  # fmt: skip
    unit, (zh, en) = words.unit(row.unit), words.of(row)
    balance, held, coming, cap, floor = row.balance, row.held, row.coming, row.cap, row.floor
    if before_ms is not None:
        then = workspace.control.ledger.standing(row.id, before_ms=before_ms)
        balance, held, coming = then.balance, then.held, then.coming
        cap, floor = then.account.cap, then.account.floor
    free = cap - balance - coming if cap is not None else None if row.kind == ISSUER else balance - held - floor
    return AccountLine(
        number=row.number, id=row.id, unit=row.unit, unit_zh=unit.zh, unit_en=unit.en, scale=unit.scale, kind=row.kind,
        what=row.what, name=row.name, zh=zh, en=en, person=row.person if people else "", cap=cap, floor=floor,
        balance=balance, held=held, coming=coming, free=free, resets_ms=row.next_ms if before_ms is None else None,
    )  # fmt: skip


def _entry(words: Words, one: EntryRow) -> EntryLine:
    zh, en = words.called(one.other_what, one.other_name, one.other_kind, one.entry.unit)
    return EntryLine(
        number=one.entry.number, at_ms=one.entry.at_ms, kind=one.entry.kind, moved=one.moved, held=one.held,
        coming=one.coming, balance=one.balance, other=one.other, zh=zh, en=en, transfer=one.entry.transfer,
        key=one.entry.key,
    )  # fmt: skip
