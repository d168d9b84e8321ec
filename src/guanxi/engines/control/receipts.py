"""Receipts of actions: each state of an action is heard of once, and the log hears of it in the same transaction."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, select, text

from guanxi.actions import SENT, Action, Outgoing, Receipt, State
from guanxi.core import DataError
from guanxi.engines.control.action_tables import receipts as table
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_rows import among
from guanxi.engines.control.outbox_ends import select_ids
from guanxi.engines.control.relay import Relay
from guanxi.events import Event, event_id

SKEW_MS: Final = 60_000  # a receipt may be this much older than its action: clocks differ, some tell whole seconds
AHEAD_MS: Final = 5 * 60_000  # and this far ahead of ours

#: unknown: no action has this id; unsent: the action was never tried
Problem = Literal["", "unknown", "unsent"]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a receipt.

    state       new, repeated (the first stays as it is), parked (kept, counts for nothing), refused (not kept)
    what, mend  why it is parked or refused; field: which part of it
    """

    state: Literal["new", "repeated", "parked", "refused"]
    what: str = ""
    mend: str = ""
    field: str = ""


class KeptReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as it was kept; event = id of the log's event that tells of it, "" = none does."""

    action: str
    at_ms: int
    state: State
    detail: str = ""
    heard_ms: int
    event: str = ""
    problem: Problem = ""


class ReceiptStore:
    """The receipts of one workspace; safe for threads and for several processes."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database, self._relay = database, relay

    def put_in(self, connection: Connection, receipts: Sequence[Receipt], *, now_ms: int) -> list[bool]:
        """Keep receipts inside the caller's transaction; return which of them are new and count.

        raises  DataError for one that cannot be of its action
        """
        heard = self.take_in(connection, receipts, now_ms=now_ms)
        for one in heard:
            if one.state == "refused":
                raise DataError(one.what, one.mend, one.field)
        return [one.state == "new" for one in heard]

    def take_in(self, connection: Connection, receipts: Sequence[Receipt], *, now_ms: int) -> list[Heard]:
        """Keep receipts inside the caller's transaction, each judged by itself; return what became of each.

        They may come in any order and any number of times. One whose action is not known, or was never tried, is kept
        aside; when it comes again and the action is there by then, it counts.
        """
        wanted = sorted({one.action for one in receipts})
        actions = {one.row.id: one.row for one in select_ids(connection, wanted)}
        begun = _first_attempts(connection, wanted)
        known = _known(connection, [_id(one) for one in receipts])
        answers: list[Heard] = []
        rows: list[_Row] = []
        events: list[Event] = []
        for one in receipts:
            answer, row, event = _judge(one, actions.get(one.action), begun.get(one.action), known, now_ms)
            answers.append(answer)
            if row is not None:
                rows.append(row)
                known[row["id"]] = row["problem"]
            if event is not None:
                events.append(event)
        if rows:
            connection.execute(_PUT, rows)
        self._relay.put_in(connection, events)
        return answers

    def of(self, action: str) -> list[KeptReceipt]:
        """Return what was heard of an action, in the order in which it happened."""
        wanted = select(table).where(table.c.action == action).order_by(table.c.at_ms, table.c.heard_ms, table.c.id)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted)]

    def states(self, actions: Sequence[str]) -> dict[str, tuple[State, ...]]:
        """Return action -> the states heard of it that count, in the order in which they happened."""
        found: dict[str, tuple[State, ...]] = {}
        with self._database.read() as connection:
            for at in range(0, len(actions), _AT_ONCE):
                some = table.c.action.in_(actions[at : at + _AT_ONCE])
                rows = select(table.c.action, table.c.state).where(some, table.c.problem == "")
                for action, state in connection.execute(rows.order_by(table.c.at_ms, table.c.heard_ms)):
                    found[action] = (*found.get(action, ()), state)
        return found

    def parked(self, *, limit: int = 100) -> list[KeptReceipt]:
        """Return receipts that count for nothing, the one heard of last first."""
        wanted = select(table).where(text("problem <> ''")).order_by(table.c.heard_ms.desc(), table.c.id).limit(limit)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted)]


_Row = dict[str, Any]


def _judge(
    receipt: Receipt, action: Outgoing | None, begun_ms: int | None, known: dict[str, Problem], now_ms: int
) -> tuple[Heard, _Row | None, Event | None]:
    """Return what becomes of a receipt, the row that keeps it and the event that tells of it."""
    if known.get(_id(receipt)) == "":
        return Heard(state="repeated"), None, None
    problem = _problem(action, begun_ms)
    event: Event | None = None
    if not problem and action is not None and begun_ms is not None:
        if receipt.at_ms > now_ms + AHEAD_MS:
            what = (
                f"the receipt lies {(receipt.at_ms - now_ms) // 1000} s ahead, at most {AHEAD_MS // 1000} are allowed"
            )
            return _refused(DataError(what, "Set the clock of whoever sends receipts", "at")), None, None
        try:
            receipt, event = _told(receipt, action, begun_ms)
        except DataError as error:
            return _refused(error), None, None
    row: _Row = {name: getattr(receipt, name) for name in ("action", "at_ms", "state", "detail")}
    row |= {"id": _id(receipt), "heard_ms": now_ms, "problem": problem, "event": event.id if event else ""}
    if problem:
        return Heard(state="parked", what=_WHY[problem][0], mend=_WHY[problem][1], field="action"), row, None
    return Heard(state="new"), row, event


def _told(receipt: Receipt, action: Outgoing, begun_ms: int) -> tuple[Receipt, Event | None]:
    """Return the receipt, not before its action, and what the log hears; nothing of notices and of the erased.

    raises  DataError when it is older than its action, or does not fit its kind
    """
    if receipt.state == "redeemed" and action.kind != "coupon":
        raise DataError(f"a {action.kind} cannot be redeemed", "Use delivered, opened, failed or refused", "state")
    if receipt.at_ms < begun_ms - SKEW_MS:
        what = f"the receipt is {(begun_ms - receipt.at_ms) // 1000} s older than its action"
        raise DataError(what, f"At most {SKEW_MS // 1000} s are allowed: set the clocks, or send its own time", "at")
    receipt = Receipt(
        action=receipt.action, at_ms=max(receipt.at_ms, begun_ms), state=receipt.state, detail=receipt.detail
    )
    if action.kind not in SENT or not action.party or not action.decision:
        return receipt, None
    asked = Action(
        id=action.id, decision=action.decision, at_ms=begun_ms, kind=action.kind, party=action.party, params=action.body
    )
    return receipt, receipt.as_event(asked)


def _problem(action: Outgoing | None, begun_ms: int | None) -> Problem:
    if action is None:
        return "unknown"
    return "unsent" if begun_ms is None or action.state == "dry" else ""


def _refused(error: DataError) -> Heard:
    return Heard(state="refused", what=error.what, mend=error.mend, field=error.field)


def _id(receipt: Receipt) -> str:
    return event_id("receipt", receipt.action, receipt.state)


def _first_attempts(connection: Connection, actions: Sequence[str]) -> dict[str, int]:
    """Return action -> when it was first tried."""
    first = "SELECT action, min(begun_ms) FROM outbox_attempts WHERE outcome <> 'put back' AND action IN"
    return {action: int(begun) for action, begun in among(connection, first, actions, "GROUP BY action")}


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, Problem]:
    """Return id -> problem of the receipts that were kept before."""
    return dict(among(connection, "SELECT id, problem FROM receipts WHERE id IN", ids))


def _kept(row: Any) -> KeptReceipt:
    return KeptReceipt(**{name: getattr(row, name) for name in KeptReceipt.__struct_fields__})


_AT_ONCE: Final = 1_000
_PUT: Final = text(
    "INSERT INTO receipts (id, action, at_ms, state, detail, heard_ms, event, problem) "
    "VALUES (:id, :action, :at_ms, :state, :detail, :heard_ms, :event, :problem) "
    "ON CONFLICT (id) DO UPDATE SET at_ms = :at_ms, detail = :detail, heard_ms = :heard_ms, event = :event, "
    "problem = :problem"  # only one that was kept aside is written again
)
_WHY: Final = {
    "unknown": (
        "no action has this id",
        "Give the id that the message was sent under: the header idempotency-key, the body's action",
    ),
    "unsent": ("this action was never sent", "See it in the outbox: guanxi outbox list"),
}
