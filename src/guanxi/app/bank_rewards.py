"""Rewards of the relation bank: reserved, then given or put back; never without cover, never one too many."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from guanxi.app.bank import bank_of
from guanxi.app.bank_posting import NAME, accounts_of, points_posted
from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, GuanxiError, NotFound
from guanxi.engines.control import GIVEN, SPENT, AccountRow, HoldRow
from guanxi.events import Event, event_id
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    Account,
    Bank,
    HoldEnded,
    Move,
    OverLimit,
    Release,
    Request,
    Reserve,
    Reward,
    Settle,
    opaque_id,
)

REWARDS: Final = "rewards"  # the unit of what is in stock
KEEP_MS: Final = 7 * DAY_MS  # how long a reward stays reserved
State = Literal["open", "settled", "released", "lapsed"]


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """A reward that somebody asked for.

    id        of the reservation in the ledger
    person    whose; "" = nobody's any more
    reward    name of the row; zh, en: what it is called; price in the unit
    state     open = reserved, settled = given, released = put back, lapsed = nobody came for it in time
    until_ms  when an open one lapses
    """

    id: str
    person: str
    reward: str
    zh: str
    en: str
    unit: str
    price: int
    state: State
    until_ms: int


class RewardStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A reward with its stock: given and reserved of it; left is None without an end."""

    name: str
    zh: str
    en: str
    kind: str
    unit: str
    price: int
    worth_fen: int
    stock: int | None
    given: int
    reserved: int
    left: int | None
    account: str


def rewards(workspace: Workspace) -> list[RewardStanding]:
    """Return the rewards that people may have, with what is left of them."""
    bank, control = bank_of(workspace), workspace.control
    with control.snapshot() as connection:
        ids = {row.name: _given(workspace, row).id for row in bank.rewards.values()}
        found = control.ledger.standings_in(connection, list(ids.values()))
    rows = []
    for row in bank.rewards.values():
        one = found.get(ids[row.name])
        given, coming = (one.balance, one.coming) if one else (0, 0)
        rows.append(
            RewardStanding(
                name=row.name, zh=row.zh, en=row.en, kind=row.kind, unit=row.unit, price=row.price,
                worth_fen=row.worth_fen, stock=row.stock, given=given, reserved=coming, account=ids[row.name],
                left=None if row.stock is None else row.stock - given - coming,
            )
        )  # fmt: skip
    return rows


def redeem(workspace: Workspace, person: str, reward: str, *, key: str, now_ms: int, hold: bool = False) -> Redemption:
    """Take a reward: its price is reserved, and unless it is only to be held, given at once.

    key     of the caller: the same again is the same redemption, whatever happened between
    hold    True = only reserve it for seven days; `settle` gives it, `undo` puts it back
    raises  NotFound for another reward; OverLimit when the person has too little or none is left
    """
    bank, control, name = bank_of(workspace), workspace.control, identities(workspace).resolve(person)
    row = _reward(bank, reward)
    if not 0 < len(key) <= 128:
        raise DataError(f"the key has {len(key)} characters", "Give 1 to 128, new for each redemption", "key")
    id_ = opaque_id(workspace.ledger_secret, "\x1f".join((NAME, "redeem", key)))
    control.ledger.expire(now_ms=now_ms)  # what is over pays for nothing, and must not stand in the way of what is not
    with control.transaction() as connection:
        if not control.accounting.holds_in(connection, [id_]):
            moves = _moves(workspace, connection, bank, row, name, now_ms=now_ms)
            _do(workspace, connection, Reserve(id_, moves, now_ms + KEEP_MS), now_ms=now_ms)
        found = _one(workspace, connection, bank, id_)
        if found.reward != row.name or found.person != name:
            raise DataError("the key belongs to another redemption", "Make a new key for each redemption", "key")
        if not hold and found.state == "open":
            _settle(workspace, connection, bank, found, now_ms=now_ms)
            found = _one(workspace, connection, bank, id_)
    return found


def settle(workspace: Workspace, id: str, *, now_ms: int) -> Redemption:  # noqa: A002
    """Give a reward that was held; one that was given already stays given.

    raises  NotFound when there is none; HoldEnded when it was put back or has lapsed
    """
    bank = bank_of(workspace)
    with workspace.control.transaction() as connection:
        found = _one(workspace, connection, bank, id)
        if found.state != "settled":
            _settle(workspace, connection, bank, found, now_ms=now_ms)
        return _one(workspace, connection, bank, id)


def undo(workspace: Workspace, id: str, *, now_ms: int) -> Redemption:  # noqa: A002
    """Put a reward back that was held, the price with it; once given it stays given.

    raises  NotFound when there is none; HoldEnded when it was given
    """
    bank = bank_of(workspace)
    with workspace.control.transaction() as connection:
        found = _one(workspace, connection, bank, id)
        if found.state == "settled":
            raise HoldEnded("the reward was given", "Ask for it back by hand: what was given is not taken", "id")
        if found.state == "open":
            _do(workspace, connection, Release(_key(workspace, id, "undo"), id), now_ms=now_ms)
        return _one(workspace, connection, bank, id)


def redemptions(workspace: Workspace, person: str, *, limit: int = 100) -> list[Redemption]:
    """Return the rewards that a person asked for, the latest first."""
    bank, control = bank_of(workspace), workspace.control
    with control.snapshot() as connection:
        accounts = [row.id for row in accounts_of(workspace, connection, person)]
        ids = control.accounting.holds_of_in(connection, accounts, limit=limit)
        return [_one(workspace, connection, bank, one) for one in ids]


def _reward(bank: Bank, name: str) -> Reward:
    if name not in bank.rewards:
        raise NotFound(f"there is no reward {name[:40]!r}", f"Use one of {', '.join(bank.rewards)}")
    return bank.rewards[name]


def _moves(
    workspace: Workspace, connection: Connection, bank: Bank, row: Reward, person: str, *, now_ms: int
) -> tuple[Move, ...]:
    """The price from the person's accounts, what expires soonest first, and one piece of the stock."""
    control = workspace.control
    spent, source, given = _spent(workspace, row), _source(workspace), _given(workspace, row)
    control.ledger.ensure_in(connection, [spent, source, given], now_ms=now_ms)
    names = [(spent.id, NAME, row.unit, ""), (source.id, NAME, REWARDS, ""), (given.id, NAME, f"reward.{row.name}", "")]
    control.accounting.name_in(connection, names)
    accounts = [one for one in accounts_of(workspace, connection, person) if one.unit == row.unit]
    left, moves = row.price, list[Move]()
    for account in sorted(accounts, key=_soonest):
        amount = min(left, account.balance - account.held)
        if amount > 0:
            moves.append(Move(account.id, spent.id, row.unit, amount))
            left -= amount
    if left:
        has, unit = row.price - left, bank.programmes[row.unit]
        raise OverLimit(
            f"the reward {row.name} costs {row.price} {unit.en} and {has} are available", "Earn more first", "reward"
        )
    return (*moves, Move(source.id, given.id, REWARDS, 1))


def _soonest(row: AccountRow) -> tuple[bool, int, int]:
    return row.next_ms is None, row.next_ms or 0, row.number


def _settle(workspace: Workspace, connection: Connection, bank: Bank, found: Redemption, *, now_ms: int) -> None:
    """Move what was held, and tell the log of the points and of the reward."""
    _do(workspace, connection, Settle(_key(workspace, found.id, "settle"), found.id), now_ms=now_ms)
    if not found.person:
        return
    row, accounts = bank.rewards.get(found.reward), accounts_of(workspace, connection, found.person)
    balance = sum(one.balance for one in accounts if one.unit == found.unit)
    points = points_posted(
        found.person, bank.programmes[found.unit], key=found.id, amount=-found.price, balance=balance,
        reason=found.zh, cause="", now_ms=now_ms,
    )  # fmt: skip
    granted = Event(
        id=event_id(NAME, "reward", found.id), kind="Reward Granted", at_ms=now_ms, received_ms=now_ms, live=True,
        roles={"actor": found.person}, refs={"cause": points.id}, amount=row.worth_fen if row else None,
        currency="CNY" if row else "", source=NAME,
        properties={"kind": row.kind if row else "reward", "name": found.zh, "reason": "兑换"},
    )  # fmt: skip
    workspace.control.relay.put_in(connection, [points, granted])


def _one(workspace: Workspace, connection: Connection, bank: Bank, id_: str) -> Redemption:
    """A redemption as the ledger has it.

    raises  NotFound when no reward was reserved under this id
    """
    accounting = workspace.control.accounting
    moves: Sequence[HoldRow] = accounting.holds_in(connection, [id_]).get(id_, [])
    rows = {
        one.id: one for one in accounting.accounts_in(connection, [end for m in moves for end in (m.giver, m.taker)])
    }
    given = next((rows[move.taker] for move in moves if move.unit == REWARDS and rows[move.taker].kind == GIVEN), None)
    paid = [move for move in moves if move.unit != REWARDS]
    if given is None or not paid:
        raise NotFound("no reward was asked for under this id", "See: guanxi bank balance PERSON")
    name, person = given.name.removeprefix("reward."), rows[paid[0].giver].person
    row = bank.rewards.get(name)
    return Redemption(
        id=id_, person=identities(workspace).resolve(person) if person else "", reward=name,
        zh=row.zh if row else name, en=row.en if row else name, unit=paid[0].unit,
        price=sum(move.amount for move in paid), state=moves[0].state, until_ms=moves[0].until_ms,  # type: ignore[arg-type]
    )  # fmt: skip


def _do(workspace: Workspace, connection: Connection, request: Request, *, now_ms: int) -> None:
    for outcome in workspace.control.ledger.post_in(connection, [request], now_ms=now_ms):
        if isinstance(outcome, OverLimit) and isinstance(request, Reserve):
            raise OverLimit("none of this reward is left", "Choose another, or raise its stock", "reward")
        if isinstance(outcome, GuanxiError):
            raise outcome


def _spent(workspace: Workspace, row: Reward) -> Account:
    name = "\x1f".join((NAME, row.unit, "", SPENT))
    return Account(id=opaque_id(workspace.ledger_secret, name), unit=row.unit, kind=SPENT)


def _source(workspace: Workspace) -> Account:
    name = "\x1f".join((NAME, REWARDS, "", "issuer"))
    return Account(id=opaque_id(workspace.ledger_secret, name), unit=REWARDS, kind=ISSUER, floor=-LARGEST)


def _given(workspace: Workspace, row: Reward) -> Account:
    name = "\x1f".join((NAME, REWARDS, row.name, GIVEN))
    return Account(id=opaque_id(workspace.ledger_secret, name), unit=REWARDS, kind=GIVEN, cap=row.stock)


def _key(workspace: Workspace, id_: str, verb: str) -> str:
    return opaque_id(workspace.ledger_secret, "\x1f".join((NAME, verb, id_)))
