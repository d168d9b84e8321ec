"""What a movement must meet before it is admitted: limits, dates, units; and how a refusal is told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from guanxi.core import DataError, Refused
from guanxi.ledger.accounts import ISSUER, Account, Move, OverLimit
from guanxi.ledger.purses import Purse
from guanxi.ledger.units import UNITS

BOUND: Final = frozenset(unit.name for unit in UNITS.values() if not unit.transferable)


def check_same(standing: Account, asked: Account) -> None:
    """Raise Refused when an account that is open is asked for with another content."""
    if standing != asked:
        raise Refused(
            f"the account {asked.id} is a {standing.kind} of {standing.unit} with floor {standing.floor} "
            f"and cap {standing.cap}",
            "Take another id, or change its limits",
            asked.id,
        )


def admit(moves: Sequence[Move], pairs: Sequence[tuple[Purse, Purse]], *, reserve: bool) -> None:
    """Raise OverLimit when a limit does not admit one of the movements after those before it."""
    if len(moves) == 1:
        _check_limits(moves[0], *pairs[0], pairs[0][0].available, pairs[0][1].room)
        return
    available: defaultdict[int, int] = defaultdict(int)  # change of it so far, by account
    room: defaultdict[int, int] = defaultdict(int)
    for move, (giver, taker) in zip(moves, pairs, strict=True):
        left, free = giver.available + available[giver.number], taker.room + room[taker.number]
        _check_limits(move, giver, taker, left, free)
        available[giver.number] -= move.amount
        room[taker.number] -= move.amount
        if not reserve:
            available[taker.number] += move.amount
            room[giver.number] += move.amount


def check_bound(giver: Purse, taker: Purse) -> None:
    """Raise Refused when neither is an issuer, for a unit that is not transferable."""
    kinds = giver.account.kind, taker.account.kind
    if ISSUER not in kinds:
        raise Refused(
            f"{giver.account.unit} cannot pass from an account of kind {kinds[0]} to one of kind {kinds[1]}",
            f"Give it from an account of kind {ISSUER}, or back to one",
            "unit",
        )


def check_dated(move: Move, giver: Purse, now_ms: int) -> None:
    """Raise what is wrong with the date of a movement that has one: only an issuer gives it, and it is to come."""
    if giver.account.kind != ISSUER:
        raise Refused(
            f"an account of kind {giver.account.kind} gives an amount that expires",
            f"Give it from an account of kind {ISSUER}: it goes back there",
            "expires_ms",
        )
    if (move.expires_ms or 0) <= now_ms:
        raise DataError(
            f"the amount would expire at {move.expires_ms}, and it is {now_ms}", "Give a later instant", "expires_ms"
        )


def told(account: str) -> str:
    """An account as a message may name it: what has not the form of an id may be a name."""
    return account if len(account) in (32, 64) and set(account) <= set("0123456789abcdef") else "with that id"


def _check_limits(move: Move, giver: Purse, taker: Purse, left: int, free: int) -> None:
    if move.amount > left:
        raise OverLimit(
            _short(giver, move.amount, left), "Ask for less, add to it, or lower its floor", giver.account.id
        )
    if move.amount > free:
        raise OverLimit(_full(taker, move.amount, free), "Ask for less, or raise its cap", taker.account.id)


def _short(purse: Purse, amount: int, left: int) -> str:
    account = purse.account
    return (
        f"the account {account.id} has {max(left, 0)} {account.unit} available and {amount} are asked for "
        f"(balance {purse.balance}, held {purse.held}, floor {account.floor})"
    )


def _full(purse: Purse, amount: int, free: int) -> str:
    account = purse.account
    return (
        f"the account {account.id} has room for {max(free, 0)} {account.unit} and {amount} would enter "
        f"(balance {purse.balance}, expected {purse.coming}, cap {account.cap})"
    )
