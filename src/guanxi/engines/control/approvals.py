"""Approvals in the control database: what waits for a person, who voted, how it ended.

A vote and what follows from it are one transaction, and only one transaction at a time votes: of two people who
decide at once the second sees what the first did. Votes are only added to. The run that an approval is about moves
with it.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from guanxi.core import NotFound, Refused
from guanxi.decisions import (
    OF_RUN,
    Approval,
    ApprovalDetail,
    ApprovalStanding,
    ApprovalState,
    Vote,
    check_vote,
    outcome,
)
from guanxi.engines.control.action_tables import approval_votes, approvals
from guanxi.engines.control.database import Database
from guanxi.engines.control.decision_tables import runs
from guanxi.engines.control.runs import RunState


class ApprovalStore:
    """The part of `Control` that keeps approvals; safe for threads and for several processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_in(self, connection: Connection, approval: Approval) -> None:
        """Keep a new approval; the same again changes nothing.

        raises   Refused when one about this object stands already with another content
        """
        self._database.alone(connection, "approvals")
        found = self._find(connection, approval.id)
        if found is None:
            connection.execute(insert(approvals).values(_columns(approval)))
        elif _read(found).content != approval.content:
            raise Refused("this was proposed before, in other words", "Amend that approval, or propose a new run")

    def amend_in(self, connection: Connection, approval: Approval, *, now_ms: int) -> None:
        """Put an open approval in the place of what it was; votes on what it was count no more.

        raises   NotFound; Refused when it is no longer open
        """
        self._database.alone(connection, "approvals")
        _still_open(self.get_in(connection, approval.id), now_ms)
        row = _columns(approval)
        connection.execute(update(approvals).where(approvals.c.id == approval.id).values(row))

    def vote_in(self, connection: Connection, id: str, vote: Vote) -> tuple[Approval, ApprovalStanding]:  # noqa: A002
        """Write a vote down, and how the approval stands with it; what follows belongs into the same transaction.

        raises   NotFound; Refused as in `decisions.check_vote`
        """
        self._database.alone(connection, "approvals")
        approval = self.get_in(connection, id)
        before = self.votes_in(connection, id)
        check_vote(approval, before, vote)
        connection.execute(insert(approval_votes).values(approval=id, **msgspec.structs.asdict(vote)))
        standing = outcome(approval, [*before, vote], now_ms=vote.at_ms)
        if standing.state != "open":
            approval = self._end(
                connection, approval, standing.state, vote.at_ms, by=vote.who, reason=vote.reason
            )  # fmt: skip
        return approval, standing

    def withdraw_in(self, connection: Connection, id: str, *, who: str, reason: str = "", now_ms: int) -> Approval:  # noqa: A002
        """Take a proposal back.

        raises   NotFound; Refused when it is no longer open, or is not this person's own
        """
        self._database.alone(connection, "approvals")
        approval = self.get_in(connection, id)
        _still_open(approval, now_ms)
        if who != approval.who:
            raise Refused("only who proposed it takes it back", "Refuse it instead, with a reason", "who")
        return self._end(connection, approval, "withdrawn", now_ms, by=who, reason=reason)

    def undo_in(self, connection: Connection, id: str, *, who: str, reason: str = "", now_ms: int) -> Approval:  # noqa: A002
        """Take an approval back after it was given; what was sent by then stays sent.

        raises   NotFound; Refused when it is not approved
        """
        self._database.alone(connection, "approvals")
        approval = self.get_in(connection, id)
        if approval.state != "approved":
            raise Refused(
                f"this approval is {approval.state}; only what was approved can be undone",
                "See how it stands: guanxi approvals show ID", "state",
            )  # fmt: skip
        return self._end(connection, approval, "undone", now_ms, by=who, reason=reason)

    def lapse_in(self, connection: Connection, *, now_ms: int, limit: int = 100) -> list[Approval]:
        """End what nobody decided in time, the oldest first; returns what ended."""
        self._database.alone(connection, "approvals")
        late = (approvals.c.state == "open", approvals.c.until_ms <= now_ms)
        wanted = select(approvals).where(*late).order_by(approvals.c.until_ms, approvals.c.id).limit(limit)
        found = [_read(row) for row in connection.execute(wanted).all()]
        return [self._end(connection, one, "lapsed", now_ms) for one in found]

    def is_late(self, *, now_ms: int) -> bool:
        """Whether something open should have lapsed; reads alone, so it may be asked each second."""
        late = (approvals.c.state == "open", approvals.c.until_ms <= now_ms)
        with self._database.read() as connection:
            return connection.execute(select(approvals.c.id).where(*late).limit(1)).first() is not None

    def get(self, id: str) -> Approval:  # noqa: A002 - the field's word
        """Return one approval; raises NotFound."""
        with self._database.read() as connection:
            return self.get_in(connection, id)

    def get_in(self, connection: Connection, id: str) -> Approval:  # noqa: A002
        """Return one approval as this transaction sees it; raises NotFound."""
        found = self._find(connection, id)
        if found is None:
            raise NotFound(f"there is no approval {id[:40]!r}", "See `guanxi approvals list`")
        return _read(found)

    def of(self, object: str) -> Approval | None:  # noqa: A002
        """Return the approval about an object, such as a run; None when it never needed one."""
        with self._database.read() as connection:
            wanted = select(approvals).where(approvals.c.object == object).order_by(approvals.c.asked_ms.desc())
            found = connection.execute(wanted.limit(1)).one_or_none()
        return None if found is None else _read(found)

    def votes(self, id: str) -> list[Vote]:  # noqa: A002
        """Return every vote on an approval, oldest first, those on what it was before included."""
        with self._database.read() as connection:
            return self.votes_in(connection, id)

    def votes_in(self, connection: Connection, id: str) -> list[Vote]:  # noqa: A002
        """Return the same as this transaction sees it."""
        wanted = select(approval_votes).where(approval_votes.c.approval == id)
        rows = connection.execute(wanted.order_by(approval_votes.c.at_ms, approval_votes.c.who))
        return [Vote(**{name: getattr(row, name) for name in Vote.__struct_fields__}) for row in rows]

    def page(self, *, state: ApprovalState | str = "", after: str = "", limit: int = 100) -> list[Approval]:
        """Return approvals, the latest asked first.

        after    id of the last one of the page before; "" = the first page
        raises   NotFound when there is no such approval
        """
        order = (approvals.c.asked_ms.desc(), approvals.c.id)
        wanted = select(approvals).order_by(*order).limit(limit)
        if state:
            wanted = wanted.where(approvals.c.state == state)
        with self._database.read() as connection:
            if after:
                last = self.get_in(connection, after)
                same = and_(approvals.c.asked_ms == last.asked_ms, approvals.c.id > last.id)
                wanted = wanted.where(or_(approvals.c.asked_ms < last.asked_ms, same))
            return [_read(row) for row in connection.execute(wanted)]

    def counts(self) -> dict[str, int]:
        """Return how many approvals are in each state that occurs."""
        with self._database.read() as connection:
            wanted = select(approvals.c.state, func.count().label("size")).group_by(approvals.c.state)
            return {row.state: row.size for row in connection.execute(wanted)}

    def _find(self, connection: Connection, id: str) -> Row[Any] | None:  # noqa: A002
        return connection.execute(select(approvals).where(approvals.c.id == id)).one_or_none()

    def _end(
        self, connection: Connection, approval: Approval, state: ApprovalState, now_ms: int, *, by: str = "",
        reason: str = "",
    ) -> Approval:  # fmt: skip
        row = {"state": state, "ended_ms": now_ms, "ended_by": by, "reason": reason}
        connection.execute(update(approvals).where(approvals.c.id == approval.id).values(row))
        if approval.kind == OF_RUN:
            ended = None if state == "approved" else now_ms
            mine = (runs.c.id == approval.object, runs.c.state.in_(_OPEN_RUNS))
            connection.execute(update(runs).where(*mine).values(state=_RUN_STATE[state], ended_ms=ended))
        return msgspec.structs.replace(approval, **row)


def _still_open(approval: Approval, now_ms: int) -> None:
    if approval.state != "open" or now_ms >= approval.until_ms:
        state = "lapsed" if approval.state == "open" else approval.state
        raise Refused(f"this approval is {state}", "Propose it again when it is still wanted", "state")


def _columns(approval: Approval) -> dict[str, Any]:
    return msgspec.structs.asdict(approval) | {"detail": _JSON.encode(approval.detail).decode()}


def _read(row: Row[Any]) -> Approval:
    values = {name: getattr(row, name) for name in Approval.__struct_fields__}
    return Approval(**values | {"detail": _DETAIL.decode(row.detail)})


#: what becomes of the run that an approval is about
_RUN_STATE: Final[dict[ApprovalState, RunState]] = {
    "approved": "sending", "refused": "refused", "withdrawn": "withdrawn", "lapsed": "withdrawn", "undone": "withdrawn",
}  # fmt: skip
_OPEN_RUNS: Final = ("deciding", "waiting", "sending")
_JSON: Final = msgspec.json.Encoder()
_DETAIL: Final = msgspec.json.Decoder(ApprovalDetail)
