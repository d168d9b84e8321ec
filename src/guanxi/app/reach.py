"""Reach (触达): what was sent, what came back, what was given up and why, what waits for what."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from guanxi.actions import Attempt, ErrorKind, Outgoing, OutState, State
from guanxi.app.people import names_of
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.core import Estimate, NotFound, share_of
from guanxi.decisions import Pairs
from guanxi.engines.control import DeadCount, FunnelCount, HoldNote, KeptReceipt, ReachCount, ReachFilter, WaitCount

ReachStepKind = Literal["facts", "decision", "approval", "action", "attempt", "receipt"]

#: kind of error -> what happened, what to do; each in Chinese and in English
ADVICE: Final[dict[str, tuple[str, str, str, str]]] = {
    "refused": (
        "对方明确拒绝", "The receiver said no",
        "原样重发还会被拒。看对方给的原因（签名、模板、额度），改好再重发",
        "The same would be refused again: mend what the receiver names (signature, template, quota), then try again",
    ),
    "invalid": (
        "发不出去：内容或地址不对", "It cannot be sent as it is",
        "补上联系方式或改内容，再由策略重新决策",
        "Complete the contact or change the content, then let the policy decide again",
    ),
    "unreachable": (
        "连不上对方", "No connection to the receiver",
        "什么都没发出。检查地址和网络，好了就重发",
        "Nothing was sent: check the address and the network, then try again",
    ),
    "timeout": (
        "对方没有回音，可能已经送到", "No answer: it may have arrived",
        "先向对方核对是否收到，没收到再重发", "Ask the receiver whether it arrived before you try again",
    ),
    "busy": (
        "对方一直请求稍后再来", "The receiver keeps asking to come later",
        "什么都没发出。等对方空闲或调低速率，再重发", "Nothing was sent: wait or lower the rate, then try again",
    ),
    "server": (
        "对方系统出错", "The receiver failed",
        "等对方恢复后重发", "Try again when the receiver has recovered",
    ),
    "unknown": (
        "发送程序出错，可能已经送到", "The sender itself failed: it may have arrived",
        "先核对是否收到，并看服务日志，再决定重发",
        "Check whether it arrived and read the server's log before you try again",
    ),
}  # fmt: skip


class OutboxLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was to be sent.

    number     place in the order of writing
    content    what it says, by name: a template, an amount
    party      "type:scope:key"; "" = operators, or somebody who was erased; person = masked name, "" = nobody said one
    uncertain  an attempt may have arrived though nobody said so
    receipts   states heard of it, in the order in which they happened
    """

    number: int
    id: str
    made_ms: int
    kind: str
    channel: str
    content: str
    party: str
    person: str = ""
    state: OutState
    dry: bool
    receipts: tuple[State, ...]
    policy: str
    run: str
    decision: str
    approval: str
    attempts: int
    error: ErrorKind
    error_text: str
    uncertain: bool
    not_before_ms: int
    not_after_ms: int
    next_ms: int
    ended_ms: int | None


class ReachFunnelLine(msgspec.Struct, frozen=True, kw_only=True):
    """How far what was sent has come; shares are of what was sent.

    run      "" = sent without a run; of a line of a channel: all runs
    heard    of how many anything came back; when of none, a share is None: nobody knows
    redeemed  None where nothing can be redeemed
    """

    channel: str
    run: str
    policy: str
    kind: str
    sent: int
    heard: int
    delivered: int
    opened: int
    redeemed: int | None
    failed: int
    delivered_share: Estimate | None
    opened_share: Estimate | None
    redeemed_share: Estimate | None
    failed_share: Estimate | None


class ReachFunnel(msgspec.Struct, frozen=True, kw_only=True):
    """The funnel from sent to redeemed, by channel and by run; dry runs and notices are left out."""

    channels: tuple[ReachFunnelLine, ...]
    runs: tuple[ReachFunnelLine, ...]


class DeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    """What was given up for one reason, and what to do about it.

    uncertain  of how many an attempt may have arrived: they are sent again only when that is asked for
    arrived    of how many a receipt came: they are never sent again; late: of how many the time has passed
    again      how many "try again" would take
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
    what_zh: str
    what_en: str
    do_zh: str
    do_en: str


class ReachRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has something to send."""

    id: str
    policy: str
    begun_ms: int


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it at a glance.

    counts    by state and channel, dry runs apart; waits: what is not sent yet, by what it waits for
    dead      how many were given up
    parked    receipts that came for nothing that was sent from here, at most 100 counted
    relay     events that the log has not got yet
    """

    counts: tuple[ReachCount, ...]
    waits: tuple[WaitCount, ...]
    runs: tuple[ReachRun, ...]
    dead: int
    parked: int
    relay: int


class DecisionNote(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that an action carries out; known: up to which event of the log it had read."""

    id: str
    at_ms: int
    policy: str
    mode: str
    arm: str
    chosen: tuple[str, ...]
    propensity: float
    known: int


class ApprovalNote(msgspec.Struct, frozen=True, kw_only=True):
    """The approval that an action waited for."""

    id: str
    title_zh: str
    title_en: str
    state: str
    asked_ms: int
    ended_ms: int | None


class ReachStep(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the way from what was known to what came back; state: done, open (not yet), broken."""

    what: ReachStepKind
    id: str
    at_ms: int | None
    state: Literal["done", "open", "broken"]
    word: str = ""


class ActionStory(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one action.

    body     what was decided, by name
    steps    what was known, decided, approved, done and heard, in this order
    """

    line: OutboxLine
    sender: str
    receipt: str
    body: Pairs
    attempts: tuple[Attempt, ...]
    receipts: tuple[KeptReceipt, ...]
    decision: DecisionNote | None
    approval: ApprovalNote | None
    hold: HoldNote | None
    steps: tuple[ReachStep, ...]


def reach(workspace: Workspace, wanted: ReachFilter, *, now_ms: int) -> Reach:
    """Return the counts of a part of the outbox, and what waits in all of it."""
    control = workspace.control
    counts = control.reach.counts(wanted)
    return Reach(
        counts=tuple(counts), waits=tuple(control.reach.waits(now_ms=now_ms)),
        runs=tuple(ReachRun(id=run, policy=policy, begun_ms=begun) for run, policy, begun in control.reach.runs()),
        dead=sum(one.rows for one in control.reach.dead(now_ms=now_ms)), parked=len(control.receipts.parked(limit=100)),
        relay=control.relay.waiting(),
    )  # fmt: skip


def outbox(workspace: Workspace, wanted: ReachFilter, *, before: int = 0, limit: int = 100) -> tuple[OutboxLine, ...]:
    """Return a page of the outbox, the newest first."""
    return _lines(workspace, workspace.control.reach.page(wanted, before=before, limit=limit))


def funnel(workspace: Workspace, wanted: ReachFilter) -> ReachFunnel:
    """Return how far what was sent has come, by channel and by channel and run."""
    counts = workspace.control.reach.funnel(wanted)
    channels: dict[tuple[str, str], FunnelCount] = {}
    for one in counts:
        key = one.channel, one.kind
        channels[key] = _summed(channels[key], one) if key in channels else _summed(one)
    ordered = sorted(channels.values(), key=lambda one: -one.sent)
    return ReachFunnel(channels=tuple(map(_funnel_line, ordered)), runs=tuple(map(_funnel_line, counts)))


def dead_letters(workspace: Workspace, *, now_ms: int) -> tuple[DeadLetters, ...]:
    """Return what was given up, grouped by reason, channel and sender, the most first."""
    return tuple(_dead(one) for one in workspace.control.reach.dead(now_ms=now_ms))


def story(workspace: Workspace, id: str) -> ActionStory:  # noqa: A002
    """Return all that is known of one action.

    raises  NotFound
    """
    control = workspace.control
    row = control.outbox.row(id)
    line = _lines(workspace, [(0, row)])[0]
    attempts, receipts = tuple(control.outbox.attempts(id)), tuple(control.receipts.of(id))
    decision, approval = _decision(workspace, row), _approval(workspace, row)
    return ActionStory(
        line=line, sender=row.sender, receipt=row.receipt, body=row.body, attempts=attempts, receipts=receipts,
        decision=decision, approval=approval, hold=control.reach.hold(row.hold) if row.hold else None,
        steps=tuple(_steps(row, attempts, receipts, decision, approval)),
    )  # fmt: skip


def _lines(workspace: Workspace, page: Sequence[tuple[int, Outgoing]]) -> tuple[OutboxLine, ...]:
    rows = [row for _, row in page]
    heard = workspace.control.receipts.states([row.id for row in rows])
    policies = workspace.control.reach.policies(rows)
    parties = sorted({row.party for row in rows if row.party})
    names = names_of(workspace, scope(workspace), parties) if parties else {}
    return tuple(
        OutboxLine(
            number=number, id=row.id, made_ms=row.made_ms, kind=row.kind, channel=row.channel, content=_content(row),
            party=row.party, person=names.get(row.party, ""), state=row.state, dry=row.dry,
            receipts=heard.get(row.id, ()), policy=policies.get(row.id, ""), run=row.run, decision=row.decision,
            approval=row.approval,
            attempts=row.attempts, error=row.error, error_text=row.error_text, uncertain=row.uncertain,
            not_before_ms=row.not_before_ms, not_after_ms=row.not_after_ms, next_ms=row.next_ms, ended_ms=row.ended_ms,
        )
        for number, row in page
    )  # fmt: skip


def _content(row: Outgoing) -> str:
    """What an action says, in one word: its template, its amount, its title."""
    body = dict(row.body)
    for name in ("content", "title", "name"):
        if body.get(name):
            return str(body[name])
    return f"{int(body['amount']) / 100:g}" if isinstance(body.get("amount"), int) else ""


def _summed(*parts: FunnelCount) -> FunnelCount:
    """The line of a channel: all its runs together."""
    first = parts[0]
    sums = {
        name: sum(getattr(one, name) for one in parts)
        for name in ("sent", "heard", "delivered", "opened", "redeemed", "failed")
    }
    return FunnelCount(channel=first.channel, run="", policy="", kind=first.kind, **sums)


def _funnel_line(one: FunnelCount) -> ReachFunnelLine:
    def share(hits: int) -> Estimate | None:
        return share_of(hits, one.sent) if one.sent and one.heard else None

    redeems = one.kind == "coupon"
    return ReachFunnelLine(
        channel=one.channel, run=one.run, policy=one.policy, kind=one.kind, sent=one.sent, heard=one.heard,
        delivered=one.delivered, opened=one.opened, redeemed=one.redeemed if redeems else None, failed=one.failed,
        delivered_share=share(one.delivered), opened_share=share(one.opened),
        redeemed_share=share(one.redeemed) if redeems else None, failed_share=share(one.failed),
    )  # fmt: skip


def _dead(one: DeadCount) -> DeadLetters:
    what_zh, what_en, do_zh, do_en = ADVICE.get(one.error, ADVICE["unknown"])
    return DeadLetters(
        error=one.error, channel=one.channel, sender=one.sender, rows=one.rows, again=one.again,
        uncertain=one.uncertain, arrived=one.arrived, late=one.late, text=one.text, first_ms=one.first_ms,
        last_ms=one.last_ms, what_zh=what_zh, what_en=what_en, do_zh=do_zh, do_en=do_en,
    )  # fmt: skip


def _decision(workspace: Workspace, row: Outgoing) -> DecisionNote | None:
    if not row.decision:
        return None
    try:
        kept = workspace.control.decisions.kept(row.decision)
    except NotFound:
        return None
    return DecisionNote(
        id=kept.id, at_ms=kept.at_ms, policy=kept.policy, mode=kept.mode, arm=kept.arm, chosen=kept.chosen,
        propensity=kept.propensity, known=kept.record.context.known if kept.record else 0,
    )  # fmt: skip


def _approval(workspace: Workspace, row: Outgoing) -> ApprovalNote | None:
    if not row.approval:
        return None
    try:
        one = workspace.control.approvals.get(row.approval)
    except NotFound:
        return None
    return ApprovalNote(
        id=one.id, title_zh=one.title_zh, title_en=one.title_en, state=one.state, asked_ms=one.asked_ms,
        ended_ms=one.ended_ms,
    )  # fmt: skip


def _steps(
    row: Outgoing, attempts: Sequence[Attempt], receipts: Sequence[KeptReceipt], decision: DecisionNote | None,
    approval: ApprovalNote | None,
) -> Iterable[ReachStep]:  # fmt: skip
    if row.decision and decision is None:
        yield ReachStep(what="decision", id=row.decision, at_ms=None, state="broken")
    if decision is not None:
        if decision.known:
            yield ReachStep(what="facts", id=str(decision.known), at_ms=decision.at_ms, state="done")
        yield ReachStep(what="decision", id=decision.id, at_ms=decision.at_ms, state="done", word=decision.policy)
    if approval is not None:
        state: Literal["done", "open"] = "open" if approval.state == "open" else "done"
        yield ReachStep(
            what="approval", id=approval.id, at_ms=approval.ended_ms or approval.asked_ms, state=state,
            word=approval.state,
        )  # fmt: skip
    yield ReachStep(what="action", id=row.id, at_ms=row.made_ms, state="done", word=row.state)
    for one in attempts:
        broken = one.outcome not in ("accepted", "put back", "dry", "")
        yield ReachStep(
            what="attempt", id=str(one.attempt), at_ms=one.begun_ms, word=one.outcome,
            state="broken" if broken else "open" if one.ended_ms is None else "done",
        )  # fmt: skip
    heard = [one for one in receipts if not one.problem]
    for receipt in heard:
        failed = receipt.state in ("failed", "refused")
        yield ReachStep(
            what="receipt", id=receipt.event, at_ms=receipt.at_ms, state="broken" if failed else "done",
            word=receipt.state,
        )  # fmt: skip
    if not heard and row.state in ("waiting", "ready", "sending", "sent"):
        yield ReachStep(what="receipt", id="", at_ms=None, state="open")
