"""The outbox in the control database: what waits to touch the world, taken by one worker at a time.

A row is `sending` from the commit before an attempt to the commit after it. Whoever dies between the two leaves an
attempt without an end: when its lease is over the row is taken again, under the same key, and marked `uncertain`.
What a row has reserved is settled or released in the transaction that ends the row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from guanxi.actions import SENT, TEXT, Action, Attempt, Ended, Outgoing, OutState, Pace, Route, Taken, Withdrawn
from guanxi.core import DataError, NotFound
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.ledger_rows import execute, many, query
from guanxi.engines.control.limits import LimitStore
from guanxi.engines.control.outbox_ends import End, Ends, Found, indexed, select_ids, select_rows
from guanxi.engines.control.relay import Relay

STATES: Final[tuple[OutState, ...]] = (
    "waiting", "ready", "sending", "sent", "dry", "dead", "withdrawn", "expired", "refused",
)  # fmt: skip


class OutboxStore:
    """The part of `Control` that keeps what is to be sent; safe for threads and for several processes."""

    def __init__(self, database: Database, ledger: LedgerStore, relay: Relay) -> None:
        self._database, self._ends = database, Ends(ledger, relay, LimitStore(database))

    def put_in(self, connection: Connection, rows: Sequence[Outgoing], *, now_ms: int) -> None:
        """Add rows; of an id that is there already the first stays as it is.

        raises   DataError when a row is neither waiting nor ready, has no time to be sent in, or has a body that no
                 event could tell of
        """
        values = []
        for row in rows:
            _check(row)
            values.append((
                row.id, row.decision, row.run, row.party, row.kind, row.channel, row.sender,
                msgspec.json.encode(row.body).decode(), row.state, int(row.dry), row.approval, row.hold,
                row.not_before_ms, row.not_after_ms, row.not_before_ms, 0, 0, 0, 0, 0, now_ms, "", "", "",
            ))  # fmt: skip
        many(connection, f"INSERT INTO outbox ({_NEW}) VALUES", values, "ON CONFLICT (id) DO NOTHING")

    def free_in(self, connection: Connection, approval: str, *, now_ms: int) -> int:
        """Let what waited for an approval be sent; returns how many rows did."""
        statement = "UPDATE outbox SET state = 'ready' WHERE approval = ? AND state = 'waiting' AND not_after_ms > ?"
        return _count(connection, statement, approval, now_ms)

    def withdraw_in(
        self, connection: Connection, *, approval: str = "", run: str = "", ids: Collection[str] = (), now_ms: int
    ) -> Withdrawn:
        """Take back what was not sent, all of an approval, of a run, or by ids; their reservations end with it.

        An attempt that is under way cannot be called back: its row is sent when it succeeds, withdrawn when not.

        raises   DataError when nothing is named
        """
        rows = _named(connection, approval, run, ids)
        ends = [
            End(one, "withdrawn", one.row.error, one.row.error_text)
            for one in rows if one.row.state in ("waiting", "ready", "dead")
        ]  # fmt: skip
        holds = self._ends.write(connection, ends, now_ms=now_ms)
        # What is refused or expired stays so, and nobody tries it again behind the back of who took it back.
        stopped = [one for one in rows if one.row.state in ("sending", "refused", "expired")]
        execute(connection, "UPDATE outbox SET stopped = 1 WHERE id = ?", [(one.row.id,) for one in stopped])
        under_way = sum(one.row.state == "sending" for one in stopped)
        sent = sum(one.row.state in ("sent", "dry") for one in rows)
        return Withdrawn(rows=len(ends), sent=sent, sending=under_way, holds=holds)

    def forget_in(self, connection: Connection, party: str, *, now_ms: int) -> int:
        """Erase a person: what is not sent is refused, and no row names them any more; returns how many named them."""
        rows = select_rows(connection, "party = ?", party)
        ends = [End(one, "refused", "refused", "the person was erased") for one in rows if one.row.state in _LEFT]
        self._ends.write(connection, ends, now_ms=now_ms)
        statement = (
            "UPDATE outbox SET party = '', stopped = CASE state WHEN 'sending' THEN 1 ELSE 0 END WHERE party = ?"
        )
        return _count(connection, statement, party)

    def retry_in(self, connection: Connection, ids: Collection[str], *, now_ms: int, pace: Pace) -> dict[str, str]:
        """Try rows again that were given up; what they had reserved is reserved again.

        returns   why not, by id: unknown, not given up, its time has passed, or no room is left in a limit
        """
        refused = dict.fromkeys(ids, "there is no such row")
        again = []
        for one in select_ids(connection, sorted(ids)):
            refused[one.row.id] = why = _no_retry(one.row, now_ms, stopped=one.stopped)
            if not why:
                again.append(one)
        holds = self._ends.reserve_again(connection, again, now_ms=now_ms, lapse_ms=pace.longest_ms)
        values = []
        for one in again:
            found = holds[one.row.id]
            if isinstance(found, str):
                del refused[one.row.id]
                values.append((found, max(now_ms, one.row.not_before_ms), one.row.id))
            else:
                refused[one.row.id] = found.what
        execute(
            connection,
            "UPDATE outbox SET state = 'ready', hold = ?, next_ms = ?, earlier = attempts, stopped = 0, lease_ms = 0, "
            "ended_ms = NULL WHERE id = ?",
            values,
        )
        return refused

    def take(
        self, *, now_ms: int, lease_ms: int, limit: int, dry: bool = False, only: Route | None = None,
        but: Route | None = None,
    ) -> list[Taken]:  # fmt: skip
        """Take rows whose time has come, the oldest first; each is `sending` and nobody else's until its lease is over.

        dry         those that go to the dry-run file; else those that are sent
        only, but   those that leave by these senders, or by none of them
        """
        way, named = _by(only or but or Route())
        way = f" AND {'NOT ' if but else ''}({way})" if only or but else ""
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")  # some may end here, and with them their reservations
            due = f"state IN ('ready', 'sending') AND next_ms <= ? AND not_after_ms > ? AND dry = ?{way}"
            asked = (now_ms, now_ms, int(dry), *named, limit)
            found = list(select_rows(connection, f"{due} ORDER BY next_ms LIMIT ?", *asked, by=_DUE))
            lapsed = self._ends.lapsed(connection, found, now_ms=now_ms)
            ends, taken = [], []
            for here in found:
                one = here.with_doubt(here.row.state == "sending")  # an attempt was cut off
                if one.stopped:
                    ends.append(End(one, "withdrawn", one.row.error, one.row.error_text))
                elif one.row.id in lapsed:
                    ends.append(End(one, "refused", "refused", "what it had reserved has lapsed"))
                else:
                    row = msgspec.structs.replace(one.row, state="sending", attempts=one.row.attempts + 1)
                    taken.append(Taken(row=row, tried=row.attempts - one.earlier))
            self._ends.write(connection, ends, now_ms=now_ms)
            until = now_ms + lease_ms
            execute(
                connection,
                "UPDATE outbox SET state = 'sending', attempts = ?, uncertain = ?, next_ms = ?, lease_ms = ? "
                "WHERE id = ?",
                [(one.row.attempts, int(one.row.uncertain), until, until, one.row.id) for one in taken],
            )
            many(
                connection,
                "INSERT INTO outbox_attempts (action, attempt, begun_ms, outcome, detail) VALUES",
                [(one.row.id, one.row.attempts, now_ms, "", "") for one in taken],
            )
            return taken

    def put_back(self, taken: Iterable[Taken], *, until: Mapping[str, int] | None = None) -> None:
        """Give back rows whose attempt was not begun.

        until   id -> instant before which it is not taken again; those that are not there may be taken at once
        """
        later = until or {}
        rows = [
            (max(later.get(one.row.id, 0), one.row.not_before_ms), one.row.id, one.row.attempts) for one in taken
        ]  # fmt: skip
        with self._database.write() as connection:
            mine = "id = ? AND attempts = ? AND state = 'sending'"
            execute(
                connection,
                f"UPDATE outbox SET state = 'ready', next_ms = ?, lease_ms = 0, earlier = earlier + 1 WHERE {mine}",
                rows,
            )
            statement = (
                "UPDATE outbox_attempts SET ended_ms = begun_ms, outcome = 'put back' WHERE action = ? AND attempt = ?"
            )
            execute(connection, statement, [row[1:] for row in rows])

    def record(self, ended: Sequence[Ended], *, now_ms: int) -> None:
        """Write down what came of attempts, in one transaction with the ledger and with what the log will hear.

        An attempt that ends after another one was begun changes its row only when it was accepted.
        """
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            execute(
                connection,
                "UPDATE outbox_attempts SET ended_ms = ?, outcome = ?, detail = ? WHERE action = ? AND attempt = ?",
                [(now_ms, one.outcome.kind, one.outcome.text, one.id, one.attempt) for one in ended],
            )
            found = {one.row.id: one for one in select_ids(connection, [one.id for one in ended])}
            ends, later = [], []
            for one in ended:
                here = found.get(one.id)
                if here is None or not _counts(here.row, one):
                    continue
                here = here.with_doubt(one.verdict.uncertain)
                text = _told(one)
                if one.verdict.state == "sent":
                    here = here.without_doubt() if one.keys else here
                    ends.append(End(here, "sent", "", "", one.outcome.receipt))
                elif here.stopped:
                    ends.append(End(here, "withdrawn", one.outcome.error, text))
                elif one.verdict.state == "dead":
                    ends.append(End(here, "dead", one.outcome.error, text))
                else:
                    later.append((one.verdict.next_ms, int(here.row.uncertain), one.outcome.error, text, one.id))
            self._ends.write(connection, ends, now_ms=now_ms)
            execute(
                connection,
                "UPDATE outbox SET state = 'ready', lease_ms = 0, next_ms = ?, uncertain = ?, error = ?, "
                "error_text = ? WHERE id = ?",
                later,
            )

    def close_rows(self, rows: Iterable[tuple[str, int, OutState, str]], *, now_ms: int) -> None:
        """End taken rows that are not sent: (id, attempt, dry or refused or dead, why)."""
        wanted = {one[0]: one for one in rows}
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            execute(
                connection,
                "UPDATE outbox_attempts SET ended_ms = ?, outcome = ?, detail = ? WHERE action = ? AND attempt = ?",
                [(now_ms, state, why, id_, attempt) for id_, attempt, state, why in wanted.values()],
            )
            ends = []
            for one in select_ids(connection, list(wanted)):
                _, attempt, state, why = wanted[one.row.id]
                if one.row.state == "sending" and one.row.attempts == attempt:
                    ends.append(End(one, state, _CLOSED[state], why))
            self._ends.write(connection, ends, now_ms=now_ms)

    def expire(self, *, now_ms: int, limit: int = 2_000) -> int:
        """End rows whose time has passed and that nobody is sending; returns how many."""
        with self._database.write() as connection:
            self._database.alone(connection, "ledger")
            late = "state IN ('waiting', 'ready', 'sending') AND not_after_ms <= ? AND lease_ms <= ? LIMIT ?"
            ends = [
                End(one.with_doubt(one.row.state == "sending"), "expired", one.row.error, one.row.error_text)
                for one in select_rows(connection, late, now_ms, now_ms, limit, by=_ENDS)
            ]  # fmt: skip
            self._ends.write(connection, ends, now_ms=now_ms)
        return len(ends)

    def set_back(self, *, now_ms: int, pace: Pace, lease_ms: int) -> int:
        """Bring forward attempts that lie further ahead than any wait: the clock was set back; returns how many."""
        statement = (
            "UPDATE outbox SET next_ms = ?, lease_ms = 0 WHERE state IN ('ready', 'sending') AND next_ms > ? "
            "AND attempts > 0 AND not_before_ms <= ?"
        )
        with self._database.write() as connection:
            return _count(connection, statement, now_ms, now_ms + max(pace.longest_ms, lease_ms), now_ms)

    def left_behind(self, *, now_ms: int) -> int:
        """Let rows be taken at once that are `sending`: for who knows that no other worker lives; returns how many."""
        statement = "UPDATE outbox SET next_ms = ?, lease_ms = 0 WHERE state = 'sending'"
        with self._database.write() as connection:
            return _count(connection, statement, now_ms)

    def next_due(self) -> int | None:
        """When the next attempt is due, ms UTC; None when nothing is left to be sent."""
        with self._database.read() as connection:
            table = "outbox" + indexed(connection, _DUE)
            ((found,),) = query(connection, f"SELECT min(next_ms) FROM {table} WHERE state IN ('ready', 'sending')")
        return None if found is None else int(found)

    def row(self, id: str) -> Outgoing:  # noqa: A002
        """Return one row; raises NotFound."""
        with self._database.read() as connection:
            for one in select_rows(connection, "id = ?", id):
                return one.row
        raise NotFound("the outbox has no such row", "See `guanxi outbox list`")

    def attempts(self, id: str) -> list[Attempt]:  # noqa: A002
        """Return the attempts of a row, oldest first."""
        statement = (
            "SELECT attempt, begun_ms, ended_ms, outcome, detail FROM outbox_attempts WHERE action = ? ORDER BY attempt"
        )
        with self._database.read() as connection:
            return [
                Attempt(attempt=attempt, begun_ms=begun, ended_ms=ended, outcome=outcome, detail=detail)
                for attempt, begun, ended, outcome, detail in query(connection, statement, id)
            ]

    def page(
        self, *, state: str = "", channel: str = "", run: str = "", party: str = "", after: int = 0, limit: int = 100
    ) -> list[tuple[int, Outgoing]]:
        """Return rows with their numbers, the newest first.

        after   the last number of the page before; 0 = the first page
        """
        asked = {"state": state, "channel": channel, "run": run, "party": party}
        tests = [f"{name} = ?" for name, value in asked.items() if value]
        values: list[Any] = [value for value in asked.values() if value]
        if after:
            tests.append("number < ?")
            values.append(after)
        where = f"{' AND '.join(tests) or '1 = 1'} ORDER BY number DESC LIMIT ?"
        with self._database.read() as connection:
            return [(one.number, one.row) for one in select_rows(connection, where, *values, limit)]

    def people(self, state: OutState) -> tuple[int, int | None]:
        """Return how many people the rows of a state are for, and since when the first of them is in it."""
        found = "SELECT count(DISTINCT nullif(party, '')), min(ended_ms) FROM outbox WHERE state = ?"
        with self._database.read() as connection:
            [(people, since_ms)] = query(connection, found, state)
        return people, since_ms

    def counts(self, *, run: str = "", channel: str = "") -> dict[OutState, int]:
        """Return how many rows are in each state."""
        tests = [f"{name} = ?" for name, value in (("run", run), ("channel", channel)) if value]
        where = f"WHERE {' AND '.join(tests)} " if tests else ""
        found = dict.fromkeys(STATES, 0)
        with self._database.read() as connection:
            statement = f"SELECT state, count(*) FROM outbox {where}GROUP BY state"
            found.update(dict(query(connection, statement, *filter(None, (run, channel)))))
        return found


def _check(row: Outgoing) -> None:
    if row.state not in ("waiting", "ready"):
        raise DataError(f"a new row of the outbox is {row.state}", "Put it in as waiting or ready", "state")
    if not row.not_before_ms < row.not_after_ms:
        raise DataError(
            f"a row may be sent from {row.not_before_ms} to before {row.not_after_ms}",
            "Leave it some time",
            "not_after_ms",
        )
    if row.kind in SENT and row.party and row.decision:
        Action(
            id=row.id, decision=row.decision, at_ms=row.not_before_ms, kind=row.kind, party=row.party, params=row.body
        )


def _named(connection: Connection, approval: str, run: str, ids: Collection[str]) -> list[Found]:
    tests = [(f"{name} = ?", value) for name, value in (("approval", approval), ("run", run)) if value]
    if ids:
        rows = list(select_ids(connection, sorted(ids)))
        return [one for one in rows if approval in ("", one.row.approval) and run in ("", one.row.run)]
    if not tests:
        raise DataError("nothing is named that is to be taken back", "Name an approval, a run or ids")
    return list(select_rows(connection, " AND ".join(test for test, _ in tests), *(value for _, value in tests)))


def _by(route: Route) -> tuple[str, list[str]]:
    """A test for rows that leave by a route, and its values."""
    names, channels = (",".join("?" * len(some)) or "'-'" for some in (route.senders, route.channels))
    return f"sender IN ({names}) OR (sender = '' AND channel IN ({channels}))", [*route.senders, *route.channels]


def _counts(row: Outgoing, ended: Ended) -> bool:
    """Whether an attempt that ended says what its row is: it is the last one, or it was accepted, however late."""
    if ended.verdict.state == "sent":
        return row.state not in ("sent", "dry")
    return row.state == "sending" and row.attempts == ended.attempt


def _told(ended: Ended) -> str:
    said, why = ended.outcome.text, ended.verdict.why
    return f"{said}; {why}"[:TEXT] if said and why else said or why


def _no_retry(row: Outgoing, now_ms: int, *, stopped: bool) -> str:
    """Why a person may not ask for another round; "" when they may."""
    if row.state not in ("dead", "expired", "refused"):
        return f"it is {row.state}: only what was given up is tried again"
    if row.not_after_ms <= now_ms:
        return "its time has passed: decide again"
    if stopped:
        return "what it is part of was taken back: decide again"
    return "the person was erased" if not row.party and row.kind in SENT else ""


def _count(connection: Connection, statement: str, *values: Any) -> int:
    marked = statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")
    return connection.exec_driver_sql(marked, values).rowcount


_DUE: Final = "ix_outbox_due"
_ENDS: Final = "ix_outbox_ends"
_LEFT: Final = ("waiting", "ready", "dead")
_CLOSED: Final[dict[str, Any]] = {"dry": "", "refused": "refused", "dead": "invalid"}
_NEW: Final = (
    "id, decision, run, party, kind, channel, sender, body, state, dry, approval, hold, not_before_ms, not_after_ms, "
    "next_ms, lease_ms, attempts, earlier, uncertain, stopped, made_ms, error, error_text, receipt"
)
