"""How rows of the outbox end: with them their reservation, and for what was sent the event that the log will hear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from guanxi.actions import SENT, TEXT, Action, ErrorKind, Outgoing, OutState
from guanxi.core import SHANGHAI, GuanxiError, from_ms
from guanxi.decisions import Pairs
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.ledger_rows import among, execute, load_book, query
from guanxi.engines.control.limits import LimitStore
from guanxi.engines.control.relay import Relay
from guanxi.events import Event, event_id
from guanxi.ledger import Move, Release, Request, Reserve, Settle, Transfer

HOUR_MS: Final = 3_600_000  # no window of a limit is shorter, but one may end at midnight


@dataclass(frozen=True, slots=True)
class Found:
    """A row as it stands, with what only the store needs of it."""

    number: int
    row: Outgoing
    earlier: int
    stopped: bool

    def with_doubt(self, uncertain: bool) -> "Found":
        """The same row, which may have been sent when it may have been before or is said to be so now."""
        row = msgspec.structs.replace(self.row, uncertain=self.row.uncertain or uncertain)
        return Found(self.number, row, self.earlier, self.stopped)

    def without_doubt(self) -> "Found":
        """The same row, which was sent once."""
        row = msgspec.structs.replace(self.row, uncertain=False)
        return Found(self.number, row, self.earlier, self.stopped)


@dataclass(frozen=True, slots=True)
class End:
    """How a row ends."""

    found: Found
    state: OutState
    error: ErrorKind = ""
    text: str = ""
    receipt: str = ""


class Ends:
    """Ends rows inside the caller's transaction, which holds the ledger."""

    def __init__(self, ledger: LedgerStore, relay: Relay, limits: LimitStore) -> None:
        self._ledger, self._relay, self._limits = ledger, relay, limits

    def write(self, connection: Connection, ends: Sequence[End], *, now_ms: int) -> tuple[str, ...]:
        """End rows; returns the reservations that were ended.

        A reservation is settled when the row was sent, and also when it may have been: what may have been used counts
        as used. Otherwise it is released.
        """
        if not ends:
            return ()
        holding = [one for one in ends if one.found.row.hold]
        outcomes = self._ledger.post_in(connection, [_finish(one) for one in holding], now_ms=now_ms) if holding else []
        failed = {
            one.found.row.id: f"its reservation was not settled: {outcome.what}"
            for one, outcome in zip(holding, outcomes, strict=True)
            if isinstance(outcome, GuanxiError) and one.state == "sent"
        }
        execute(
            connection,
            "UPDATE outbox SET state = ?, error = ?, error_text = ?, receipt = ?, uncertain = ?, ended_ms = ?, "
            "lease_ms = 0 WHERE id = ?",
            [
                (one.state, one.error, failed.get(one.found.row.id, one.text)[:TEXT], one.receipt,
                 int(one.found.row.uncertain), now_ms, one.found.row.id)
                for one in ends
            ],
        )  # fmt: skip
        used = [
            one for one, outcome in zip(holding, outcomes, strict=True)
            if _is_used(one) and not isinstance(outcome, GuanxiError)
        ]  # fmt: skip
        self._count_late(connection, used, now_ms=now_ms)
        events = [event for one in ends if one.state == "sent" for event in _told(one.found.row, now_ms)]
        self._relay.put_in(connection, events)
        return tuple(
            one.found.row.hold for one, outcome in zip(holding, outcomes, strict=True)
            if not isinstance(outcome, GuanxiError)
        )  # fmt: skip

    def _count_late(self, connection: Connection, ends: Sequence[End], *, now_ms: int) -> None:
        """Count what left after the window was over that it was decided for: in the window in which it left.

        Approved a day later, or delayed over night, it would else count for nothing, and the cap hold twice in a day.
        What the new window has no room for stays uncounted: it was sent.
        """
        late = [one for one in ends if _may_be_late(one.found.row, now_ms)]
        if not late:
            return
        book = load_book(connection, [_finish(one) for one in late], now_ms=now_ms)
        over = [
            (one, place, move)
            for one in late if one.found.row.hold in book.holds
            for place, move in enumerate(book.holds[one.found.row.hold].moves)
            if move.expires_ms is not None and move.expires_ms <= now_ms
        ]  # fmt: skip
        taken = sorted({move.taker for _, _, move in over})
        names = dict(among(connection, "SELECT account, name FROM account_names WHERE account IN", taken))
        limits = self._limits.all_in(connection) if over else {}
        again = [
            Transfer(
                _key(one.found, f"late{place}"), (Move(move.giver, move.taker, move.unit, move.amount, until),), "use"
            )
            for one, place, move in over
            if (limit := limits.get(names.get(move.taker, ""))) is not None
            and (until := limit.over_ms(now_ms)) is not None
        ]  # fmt: skip
        if again:
            self._ledger.post_in(connection, again, now_ms=now_ms)

    def lapsed(self, connection: Connection, found: Sequence[Found], *, now_ms: int) -> set[str]:
        """Ids of rows whose reservation is over though they were not sent: a limit no longer counts them."""
        holding = {one.row.hold: one.row.id for one in found if one.row.hold}
        if not holding:
            return set()
        marks = ",".join("?" * len(holding))
        live = "state = 'settled' OR (state = 'open' AND until_ms > ?)"
        statement = f"SELECT DISTINCT id FROM ledger_holds WHERE ({live}) AND id IN ({marks})"
        alive = {hold for (hold,) in query(connection, statement, now_ms, *holding)}
        return {id_ for hold, id_ in holding.items() if hold not in alive}

    def reserve_again(
        self, connection: Connection, found: Sequence[Found], *, now_ms: int, lapse_ms: int
    ) -> dict[str, str | GuanxiError]:
        """Reserve anew what rows had reserved and lost.

        returns   by row: the reservation that it has now ("" = needs none), or what refused it
        """
        asked = [Release(_key(one, "release"), one.row.hold) for one in found if one.row.hold]
        book = load_book(connection, asked, now_ms=now_ms)
        answer: dict[str, str | GuanxiError] = {}
        wanted: list[tuple[str, Request]] = []
        for one in found:
            hold = book.holds.get(one.row.hold)
            if hold is None or hold.state == "settled" or (hold.state == "open" and hold.until_ms > now_ms):
                answer[one.row.id] = one.row.hold
            else:
                key = _key(one, "again")
                wanted.append((one.row.id, Reserve(key, hold.moves, one.row.not_after_ms + lapse_ms)))
        outcomes = self._ledger.post_in(connection, [request for _, request in wanted], now_ms=now_ms) if wanted else []
        for (id_, request), outcome in zip(wanted, outcomes, strict=True):
            answer[id_] = outcome if isinstance(outcome, GuanxiError) else request.key
        return answer


def select_rows(connection: Connection, where: str, *values: Any, by: str = "") -> Iterator[Found]:
    """Rows of the outbox that fit a condition with ? marks.

    by   index that is used; "" = as the database thinks
    """
    table = "outbox" + (indexed(connection, by) if by else "")
    for fields in query(connection, f"SELECT {_FIELDS} FROM {table} WHERE {where}", *values):
        yield _found(fields)


def indexed(connection: Connection, index: str) -> str:
    """Words that make SQLite use an index: without statistics it takes that of states, and reads a whole backlog."""
    return f" INDEXED BY {index}" if connection.dialect.name == "sqlite" else ""


def select_ids(connection: Connection, ids: Sequence[str]) -> Iterator[Found]:
    """Rows of the outbox by their ids; unknown ones are left out."""
    for at in range(0, len(ids), _AT_ONCE):
        some = ids[at : at + _AT_ONCE]
        yield from select_rows(connection, f"id IN ({','.join('?' * len(some))})", *some)


def _found(fields: tuple[Any, ...]) -> Found:
    number, earlier, stopped, body, dry, uncertain, *rest = fields
    row = Outgoing(
        **dict(zip(_PLAIN, rest, strict=True)), body=_BODY.decode(body), dry=bool(dry), uncertain=bool(uncertain)
    )
    return Found(number, row, earlier, bool(stopped))


def _finish(end: End) -> Request:
    hold = end.found.row.hold
    return Settle(_key(end.found, "settle"), hold) if _is_used(end) else Release(_key(end.found, "release"), hold)


def _is_used(end: End) -> bool:
    return end.state == "sent" or (end.found.row.uncertain and end.state != "dry")


def _may_be_late(row: Outgoing, now_ms: int) -> bool:
    """Whether a window that began when the row was to be sent may be over."""
    days = {from_ms(at).astimezone(SHANGHAI).date() for at in (row.not_before_ms, now_ms)}
    return now_ms - row.not_before_ms >= HOUR_MS or len(days) > 1


def _key(found: Found, what: str) -> str:
    return event_id("outbox", what, found.row.id, found.row.hold, str(found.row.attempts))


def _told(row: Outgoing, now_ms: int) -> Iterator[Event]:
    """What the log keeps of a row that was sent: nothing of notices, and nothing of people who were erased."""
    if row.kind in SENT and row.party and row.decision:
        yield Action(
            id=row.id, decision=row.decision, at_ms=now_ms, kind=row.kind, party=row.party, params=row.body
        ).as_event()


_PLAIN: Final = (
    "id", "decision", "run", "party", "kind", "channel", "sender", "state", "approval", "hold", "not_before_ms",
    "not_after_ms", "next_ms", "attempts", "made_ms", "ended_ms", "error", "error_text", "receipt",
)  # fmt: skip
_FIELDS: Final = f"number, earlier, stopped, body, dry, uncertain, {', '.join(_PLAIN)}"
_BODY: Final = msgspec.json.Decoder(Pairs)
_AT_ONCE: Final = 1_000
