"""Approving (审批): what a vote does, in one transaction with the vote, and what can still be taken back."""

from typing import Final

import msgspec
from sqlalchemy import Connection

from guanxi.actions import NOTICE, Outgoing
from guanxi.app.workspace import Workspace
from guanxi.decisions import Approval, ApprovalRules, ApprovalStanding, Ballot, Vote, outcome
from guanxi.engines.control import Control
from guanxi.engines.log import now_ms
from guanxi.events import event_id
from guanxi.settings import Settings

LAPSED_AT_ONCE: Final = 100  # approvals in one transaction
HOUR_MS: Final = 3_600_000
ROBOTS: Final = ("wecom", "dingtalk", "feishu")  # kinds of senders that speak to operators alone


class ApprovalEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What a vote, a withdrawal or an undo has done.

    approval   as it stands now
    missing    how many people must still approve; 0 unless it is open
    freed      actions that may be sent now
    withdrawn  actions that were taken back, their reservations with them
    sent       actions that were sent before, and stay sent
    sending    actions that are under way: sent when the attempt succeeds, taken back when it does not
    """

    approval: Approval
    missing: int = 0
    freed: int = 0
    withdrawn: int = 0
    sent: int = 0
    sending: int = 0


def rules_of(settings: Settings) -> ApprovalRules:
    """Return the rules of the section [approvals]."""
    row = settings.approvals
    return ApprovalRules(
        four_eyes_people=row.four_eyes_people, four_eyes_fen=int(row.four_eyes_yuan * 100),
        lapse_ms=round(row.lapse_hours * HOUR_MS), most_people=row.most_people,
    )  # fmt: skip


def open_in(workspace: Workspace, connection: Connection, approval: Approval, *, now_ms: int) -> None:
    """Open an approval inside the transaction that writes what waits for it, and tell operators.

    connection  of `Control.transaction`
    raises      Refused when one about this object stands already with another content
    """
    workspace.control.approvals.open_in(connection, approval)
    notices = [
        Outgoing(
            id=event_id("notice", approval.id, approval.content, channel), kind=NOTICE, channel=channel, dry=False,
            body=_notice(approval), not_before_ms=now_ms, not_after_ms=max(approval.until_ms, now_ms + 1),
        )
        for channel in _notice_channels(workspace.settings)
    ]  # fmt: skip
    workspace.control.outbox.put_in(connection, notices, now_ms=now_ms)


def vote(
    control: Control, id: str, *, ballot: Ballot, who: str, content: str, reason: str = "", now_ms: int  # noqa: A002
) -> ApprovalEffect:  # fmt: skip
    """Vote, and do what the vote decides: one transaction, so neither is ever there without the other.

    content   of the approval as the voter saw it
    raises    NotFound; Refused when the vote may not be cast; DataError when a refusal gives no reason
    """
    cast = Vote(who=who, ballot=ballot, at_ms=now_ms, content=content, reason=reason.strip())
    with control.transaction() as connection:
        approval, standing = control.approvals.vote_in(connection, id, cast)
        if approval.state == "approved":
            freed = control.outbox.free_in(connection, approval.id, now_ms=now_ms)
            return ApprovalEffect(approval=approval, freed=freed)
        if approval.state == "refused":
            return _taken_back(control, connection, approval, now_ms=now_ms)
        return ApprovalEffect(approval=approval, missing=standing.missing)


def withdraw(control: Control, id: str, *, who: str, reason: str = "", now_ms: int) -> ApprovalEffect:  # noqa: A002
    """Take a proposal back: what it would have sent, and what it had reserved, go with it.

    raises   NotFound; Refused when it is no longer open, or is somebody else's
    """
    with control.transaction() as connection:
        approval = control.approvals.withdraw_in(connection, id, who=who, reason=reason, now_ms=now_ms)
        return _taken_back(control, connection, approval, now_ms=now_ms)


def undo(control: Control, id: str, *, who: str, reason: str = "", now_ms: int) -> ApprovalEffect:  # noqa: A002
    """Take back an approval: what was not sent is withdrawn; the answer says how much was sent already.

    raises   NotFound; Refused when it is not approved
    """
    with control.transaction() as connection:
        approval = control.approvals.undo_in(connection, id, who=who, reason=reason, now_ms=now_ms)
        return _taken_back(control, connection, approval, now_ms=now_ms)


def approval_round(workspace: Workspace) -> int:
    """End what nobody decided in time, for the keeper; returns how much ended."""
    done = lapse(workspace.control, now_ms=now_ms())
    for one in done:
        detail = {"run": one.approval.object, "withdrawn": one.withdrawn}
        workspace.control.record(who="guanxi", verb="approval.lapse", object=one.approval.id, detail=detail)
    return len(done)


def lapse(control: Control, *, now_ms: int) -> list[ApprovalEffect]:
    """End what nobody decided in time, and take back what waited for it; returns what ended."""
    done: list[ApprovalEffect] = []
    while control.approvals.is_late(now_ms=now_ms):
        with control.transaction() as connection:
            late = control.approvals.lapse_in(connection, now_ms=now_ms, limit=LAPSED_AT_ONCE)
            done += [_taken_back(control, connection, one, now_ms=now_ms) for one in late]
    return done


def standing_of(control: Control, approval: Approval, *, now_ms: int) -> ApprovalStanding:
    """Return how far an approval has come."""
    return outcome(approval, control.approvals.votes(approval.id), now_ms=now_ms)


def _notice_channels(settings: Settings) -> tuple[str, ...]:
    robots = [one for row in settings.senders if row.kind in ROBOTS for one in row.channels]
    return settings.approvals.notices or tuple(dict.fromkeys(robots))


def _taken_back(control: Control, connection: Connection, approval: Approval, *, now_ms: int) -> ApprovalEffect:
    gone = control.outbox.withdraw_in(connection, approval=approval.id, now_ms=now_ms)
    return ApprovalEffect(approval=approval, withdrawn=gone.rows, sent=gone.sent, sending=gone.sending)


def _notice(approval: Approval) -> tuple[tuple[str, str | int], ...]:
    """What operators read: what, how many, how much, until when; nobody's name."""
    hours = round((approval.until_ms - approval.asked_ms) / HOUR_MS)
    text = (
        f"{approval.title_zh}：{approval.people:,} 人，{approval.cost / 100:,.2f} 元。"
        f"需 {approval.needs} 人批准，{hours} 小时内有效。"
    )
    return (("approval", approval.id), ("text", text), ("title", "有一项等待审批"))
