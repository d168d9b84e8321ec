"""What became of what was to be sent, counted: by state and channel, along the funnel, what waits, what is given up."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from guanxi.actions import ErrorKind, Outgoing, OutState
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger_rows import among, query
from guanxi.engines.control.outbox_ends import select_rows


class ReachFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of the outbox; a field that is empty asks for nothing.

    dry       True: dry runs alone; False: none of them
    since_ms  made at or after
    """

    state: str = ""
    channel: str = ""
    run: str = ""
    policy: str = ""
    party: str = ""
    approval: str = ""
    sender: str = ""
    error: str = ""
    dry: bool | None = None
    since_ms: int = 0

    def where(self) -> tuple[str, list[Any]]:
        """Return a condition with ? marks, and its values."""
        names = ("state", "channel", "run", "party", "approval", "sender", "error")
        tests = [f"outbox.{name} = ?" for name in names if getattr(self, name)]
        values: list[Any] = [getattr(self, name) for name in names if getattr(self, name)]
        if self.policy:
            tests.append(_POLICY)
            values += [self.policy, self.policy]
        if self.dry is not None:
            tests.append("outbox.dry = ?")
            values.append(int(self.dry))
        if self.since_ms:
            tests.append("outbox.made_ms >= ?")
            values.append(self.since_ms)
        return " AND ".join(tests) or "1 = 1", values


class ReachCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of a channel are in a state; dry = of dry runs."""

    channel: str
    state: OutState
    dry: bool
    rows: int


class FunnelCount(msgspec.Struct, frozen=True, kw_only=True):
    """How far what was sent of a channel and a run has come; who did a later thing did the earlier ones.

    sent       by the sender's word, or by a receipt
    heard      of how many anything came back
    failed     reported as failed, and by no other receipt as arrived
    """

    channel: str
    run: str
    policy: str
    kind: str
    sent: int
    heard: int
    delivered: int
    opened: int
    redeemed: int
    failed: int


class WaitCount(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are not sent yet, by what they wait for.

    why       approval, time (not before), retry (an attempt failed), turn (the next free sender), sending
    approval  id, when they wait for one; title_zh, title_en: of it
    first_ms, last_ms   when the first and the last may go out; when they lapse, for those that wait for an approval
    error     of the last attempt, the commonest
    """

    why: str
    channel: str
    rows: int
    approval: str = ""
    title_zh: str = ""
    title_en: str = ""
    first_ms: int | None = None
    last_ms: int | None = None
    error: ErrorKind = ""


class DeadCount(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were given up for one reason.

    again      how many may be tried again as they are
    uncertain  of how many an attempt may have arrived; arrived: of how many a receipt says so
    late       of how many the time has passed
    text       one of the sender's words
    """

    error: ErrorKind
    channel: str
    sender: str
    rows: int
    again: int
    uncertain: int
    arrived: int
    late: int
    text: str
    first_ms: int
    last_ms: int


class HoldNote(msgspec.Struct, frozen=True, kw_only=True):
    """What an action has reserved in the ledger.

    state    open, settled, released or lapsed
    amounts  unit -> how much of it
    """

    id: str
    state: str
    until_ms: int
    amounts: dict[str, int]


class ReachStore:
    """The part of the control database that counts the outbox and its receipts; it writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: ReachFilter, *, before: int = 0, limit: int = 100) -> list[tuple[int, Outgoing]]:
        """Return rows with their numbers, the newest first.

        before   the last number of the page before; 0 = the first page
        """
        where, values = wanted.where()
        if before:
            where, values = f"{where} AND outbox.number < ?", [*values, before]
        with self._database.read() as connection:
            found = select_rows(connection, f"{where} ORDER BY outbox.number DESC LIMIT ?", *values, limit)
            return [(one.number, one.row) for one in found]

    def counts(self, wanted: ReachFilter) -> list[ReachCount]:
        """Return how many rows are in each state, by channel, dry runs apart."""
        where, values = wanted.where()
        statement = f"SELECT channel, state, dry, count(*) FROM outbox WHERE {where} GROUP BY channel, state, dry"
        with self._database.read() as connection:
            rows = sorted(query(connection, statement, *values))
        return [ReachCount(channel=channel, state=state, dry=bool(dry), rows=n) for channel, state, dry, n in rows]

    def funnel(self, wanted: ReachFilter) -> list[FunnelCount]:
        """Return how far what was sent has come, by channel and run, the newest first; dry runs are left out."""
        where, values = wanted.where()
        with self._database.read() as connection:
            return [FunnelCount(**dict(zip(_FUNNEL, row, strict=True))) for row in
                    query(connection, _FUNNEL_OF.format(where=where), *values)]  # fmt: skip

    def waits(self, *, now_ms: int) -> list[WaitCount]:
        """Return what is not sent yet, by what it waits for: approvals first."""
        with self._database.read() as connection:
            return [*_waiting(connection), *_ready(connection, now_ms)]

    def dead(self, *, now_ms: int) -> list[DeadCount]:
        """Return what was given up, by reason, channel and sender, the most first."""
        with self._database.read() as connection:
            rows = query(connection, _DEAD, now_ms, now_ms)
            return [DeadCount(**dict(zip(DeadCount.__struct_fields__, row, strict=True))) for row in rows]

    def again(self, wanted: ReachFilter, *, uncertain: bool, now_ms: int, limit: int) -> list[str]:
        """Return ids of what was given up and may be tried again, the oldest first.

        uncertain  also those that may have arrived
        """
        where, values = wanted.where()
        sure = "" if uncertain else " AND outbox.uncertain = 0"
        tests = f"outbox.state = 'dead'{sure} AND {_AGAIN} AND {where}"
        statement = f"SELECT outbox.id FROM outbox WHERE {tests} ORDER BY outbox.number LIMIT ?"
        with self._database.read() as connection:
            return [id_ for (id_,) in query(connection, statement, now_ms, *values, limit)]

    def doubtful(self, ids: Sequence[str]) -> set[str]:
        """Return which rows may have arrived though nobody said so."""
        with self._database.read() as connection:
            found = among(connection, "SELECT id FROM outbox WHERE uncertain = 1 AND id IN", ids)
            return {id_ for (id_,) in found}

    def policies(self, rows: Sequence[Outgoing]) -> dict[str, str]:
        """Return id -> policy of rows that a policy decided."""
        with self._database.read() as connection:
            runs = dict(among(connection, "SELECT id, policy FROM runs WHERE id IN", _some(row.run for row in rows)))
            alone = _some(row.decision for row in rows if not row.run)
            made = dict(among(connection, "SELECT id, policy FROM decisions WHERE id IN", alone))
        found = {row.id: runs.get(row.run) if row.run else made.get(row.decision) for row in rows}
        return {id_: policy for id_, policy in found.items() if policy}

    def runs(self, *, limit: int = 100) -> list[tuple[str, str, int]]:
        """Return (run, policy, when it began) of runs that have something to send, the newest first."""
        statement = (
            "SELECT id, policy, begun_ms FROM runs WHERE EXISTS (SELECT 1 FROM outbox WHERE outbox.run = runs.id) "
            "ORDER BY begun_ms DESC, id LIMIT ?"
        )
        with self._database.read() as connection:
            return [(id_, policy, begun) for id_, policy, begun in query(connection, statement, limit)]

    def hold(self, id: str) -> HoldNote | None:  # noqa: A002
        """Return a reservation; None when the ledger knows none of this id."""
        statement = "SELECT unit, sum(amount), max(state), max(until_ms) FROM ledger_holds WHERE id = ? GROUP BY unit"
        with self._database.read() as connection:
            rows = sorted(query(connection, statement, id))
        if not rows:
            return None
        amounts = {unit: int(amount) for unit, amount, _, _ in rows}
        return HoldNote(id=id, state=rows[0][2], until_ms=rows[0][3], amounts=amounts)


def _some(ids: Iterable[str]) -> list[str]:
    return sorted({one for one in ids if one})


def _waiting(connection: Connection) -> list[WaitCount]:
    found = []
    for approval, zh, en, channel, rows, until in query(connection, _WAITING):
        found.append(WaitCount(
            why="approval", channel=channel, rows=rows, approval=approval, title_zh=zh or "", title_en=en or "",
            last_ms=until,
        ))  # fmt: skip
    return found


def _ready(connection: Connection, now_ms: int) -> list[WaitCount]:
    rows = query(connection, _READY, now_ms)
    return [
        WaitCount(why=why, channel=channel, rows=n, first_ms=first, last_ms=last, error=error)
        for why, channel, n, first, last, error in rows
    ]


_POLICY: Final = (
    "(outbox.run IN (SELECT id FROM runs WHERE policy = ?) OR "
    "EXISTS (SELECT 1 FROM decisions WHERE decisions.id = outbox.decision AND decisions.policy = ?))"
)

_FUNNEL: Final = (
    "channel", "run", "policy", "kind", "sent", "heard", "delivered", "opened", "redeemed", "failed",
)  # fmt: skip

_HEARD: Final = (
    "SELECT action, "
    "max(CASE WHEN state IN ('delivered', 'opened', 'redeemed') THEN 1 ELSE 0 END) AS delivered, "
    "max(CASE WHEN state IN ('opened', 'redeemed') THEN 1 ELSE 0 END) AS opened, "
    "max(CASE WHEN state = 'redeemed' THEN 1 ELSE 0 END) AS redeemed, "
    "max(CASE WHEN state IN ('failed', 'refused') THEN 1 ELSE 0 END) AS failed "
    "FROM receipts WHERE problem = '' GROUP BY action"
)

_FUNNEL_OF: Final = (
    "SELECT outbox.channel, outbox.run, coalesce(max(runs.policy), ''), outbox.kind, count(*), "
    "coalesce(sum(CASE WHEN heard.action IS NULL THEN 0 ELSE 1 END), 0), coalesce(sum(heard.delivered), 0), "
    "coalesce(sum(heard.opened), 0), coalesce(sum(heard.redeemed), 0), "
    "coalesce(sum(CASE WHEN heard.failed = 1 AND heard.delivered = 0 THEN 1 ELSE 0 END), 0) "
    f"FROM outbox LEFT JOIN ({_HEARD}) heard ON heard.action = outbox.id LEFT JOIN runs ON runs.id = outbox.run "
    "WHERE outbox.dry = 0 AND outbox.kind <> 'notice' AND (outbox.state = 'sent' OR heard.delivered = 1) AND {where} "
    "GROUP BY outbox.channel, outbox.run, outbox.kind ORDER BY max(outbox.number) DESC"
)

_WAITING: Final = (
    "SELECT outbox.approval, max(approvals.title_zh), max(approvals.title_en), outbox.channel, count(*), "
    "min(approvals.until_ms) FROM outbox LEFT JOIN approvals ON approvals.id = outbox.approval "
    "WHERE outbox.state = 'waiting' GROUP BY outbox.approval, outbox.channel ORDER BY min(outbox.number)"
)

_READY: Final = (
    "SELECT why, channel, count(*), min(due), max(due), max(error) FROM ("
    "SELECT channel, error, CASE WHEN not_before_ms > next_ms THEN not_before_ms ELSE next_ms END AS due, "
    "CASE WHEN state = 'sending' THEN 'sending' WHEN attempts > 0 AND error <> '' THEN 'retry' "
    "WHEN not_before_ms > ? THEN 'time' ELSE 'turn' END AS why "
    "FROM outbox WHERE state IN ('ready', 'sending')) open GROUP BY why, channel ORDER BY why, channel"
)

_ARRIVED: Final = (
    "EXISTS (SELECT 1 FROM receipts WHERE receipts.action = outbox.id AND receipts.problem = '' "
    "AND receipts.state IN ('delivered', 'opened', 'redeemed'))"
)

_AGAIN: Final = f"outbox.not_after_ms > ? AND NOT {_ARRIVED}"

_DEAD: Final = (
    "SELECT outbox.error, outbox.channel, outbox.sender, count(*), "
    f"sum(CASE WHEN outbox.uncertain = 0 AND {_AGAIN} THEN 1 ELSE 0 END), sum(outbox.uncertain), "
    f"sum(CASE WHEN {_ARRIVED} THEN 1 ELSE 0 END), sum(CASE WHEN outbox.not_after_ms <= ? THEN 1 ELSE 0 END), "
    "max(outbox.error_text), min(outbox.ended_ms), max(outbox.ended_ms) "
    "FROM outbox WHERE outbox.state = 'dead' "
    "GROUP BY outbox.error, outbox.channel, outbox.sender ORDER BY count(*) DESC, outbox.error"
)
