"""Approvals as people read them: the list, and one with what it would do, to whom, within which limits."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from guanxi.actions import OPEN_STATES
from guanxi.app.approving import rules_of
from guanxi.app.identity import identities
from guanxi.app.people import names_of
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.decisions import Approval, ApprovalDetail, ApprovalLimit, ApprovalState, Ballot, Vote, outcome
from guanxi.engines.control import Verb

SAMPLE: Final = 6  # people shown

#: decide: vote. own: proposed it, may withdraw. voted: the other vote must come from somebody else.
#: right: lacks the right to approve. undo: approved, and not all is sent. ended: nothing is left to do.
Part = Literal["decide", "own", "voted", "right", "undo", "ended"]


class ApprovalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One approval in a list.

    people, cost  whom it touches, and for how many fen
    needs, missing   people who must approve; how many are still missing
    worth         fen that it is expected to bring; None when nobody has estimated it
    part          what whoever asks may do
    """

    id: str
    kind: str
    object: str
    title_zh: str
    title_en: str
    who: str
    asked_ms: int
    until_ms: int
    people: int
    cost: int
    needs: int
    missing: int
    state: ApprovalState
    ended_ms: int | None
    ended_by: str
    reason: str
    worth: int | None
    dry: bool
    part: Part


class ApprovalVoice(msgspec.Struct, frozen=True, kw_only=True):
    """One vote; void: what they saw was changed since, so it counts no more."""

    who: str
    ballot: Ballot
    at_ms: int
    reason: str
    void: bool


class SampledPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One of the people it touches, the name masked; "" = never gave one."""

    ref: str
    name: str


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True):
    """One approval with all that a voter has to see.

    content   to be sent with the vote: it says what was seen
    limits    as their accounts stand now; what this asks is in `reserved` while it is open
    sample    some of the people, for those who may see people
    counts    state -> actions of it in the outbox
    now_ms    when all this was read
    four_eyes_people, four_eyes_fen   above either, two people must approve
    """

    line: ApprovalLine
    detail: ApprovalDetail
    content: str
    limits: tuple[ApprovalLimit, ...]
    votes: tuple[ApprovalVoice, ...]
    sample: tuple[SampledPerson, ...]
    counts: dict[str, int]
    now_ms: int
    four_eyes_people: int
    four_eyes_fen: int


def approval_line(
    approval: Approval, votes: Sequence[Vote], *, who: str, verbs: frozenset[Verb], now_ms: int
) -> ApprovalLine:  # fmt: skip
    """Return an approval as a list shows it to whoever asks."""
    stands = outcome(approval, votes, now_ms=now_ms)
    forecast = approval.detail.forecast
    return ApprovalLine(
        **{name: getattr(approval, name) for name in _PLAIN}, state=stands.state, missing=stands.missing,
        worth=None if forecast is None else round(forecast.value * 100), dry=approval.detail.dry,
        part=_part(approval, stands.state, who in stands.yes, who=who, verbs=verbs),
    )  # fmt: skip


def approval_lines(
    workspace: Workspace, *, state: str, after: str, limit: int, who: str, verbs: frozenset[Verb], now_ms: int
) -> list[ApprovalLine]:  # fmt: skip
    """Return a page of approvals, the latest asked first."""
    store = workspace.control.approvals
    found = store.page(state=state, after=after, limit=limit)
    return [approval_line(one, store.votes(one.id), who=who, verbs=verbs, now_ms=now_ms) for one in found]


def approval_view(
    workspace: Workspace, id: str, *, who: str, verbs: frozenset[Verb], sees_people: bool, now_ms: int  # noqa: A002
) -> ApprovalView:  # fmt: skip
    """Return one approval; raises NotFound."""
    control = workspace.control
    with control.snapshot() as connection:
        approval = control.approvals.get_in(connection, id)
        votes = control.approvals.votes_in(connection, id)
        accounts = [one.account for one in approval.detail.limits if one.account]
        standings = control.ledger.standings_in(connection, accounts)
    rules = rules_of(workspace.settings)
    limits = []
    for one in approval.detail.limits:
        if (found := standings.get(one.account)) is not None:
            cap = one.cap if found.account.cap is None else found.account.cap
            one = msgspec.structs.replace(one, cap=cap, used=found.balance, reserved=found.coming)
        else:
            one = msgspec.structs.replace(one, reserved=one.reserved + one.asked)
        limits.append(one)
    counts: dict[str, int] = {
        state: count for state, count in control.outbox.counts(run=approval.object).items() if count
    }
    line = approval_line(approval, votes, who=who, verbs=verbs, now_ms=now_ms)
    if line.part == "undo" and not any(counts.get(state) for state in OPEN_STATES):
        line = msgspec.structs.replace(line, part="ended")  # all is sent
    return ApprovalView(
        line=line, detail=approval.detail,
        content=approval.content, limits=tuple(limits), now_ms=now_ms,
        four_eyes_people=rules.four_eyes_people, four_eyes_fen=rules.four_eyes_fen,
        votes=tuple(
            ApprovalVoice(who=one.who, ballot=one.ballot, at_ms=one.at_ms, reason=one.reason,
                          void=one.content != approval.content)
            for one in votes
        ),
        sample=_sample(workspace, approval) if sees_people else (),
        counts=counts,
    )  # fmt: skip


def _part(approval: Approval, state: ApprovalState, voted: bool, *, who: str, verbs: frozenset[Verb]) -> Part:
    if state == "approved":
        return "undo" if "approve" in verbs else "ended"
    if state != "open":
        return "ended"
    if who == approval.who:
        return "own"
    if "approve" not in verbs:
        return "right"
    return "voted" if voted else "decide"


def _sample(workspace: Workspace, approval: Approval) -> tuple[SampledPerson, ...]:
    rows = workspace.control.outbox.page(run=approval.object, limit=4 * SAMPLE)
    asked = scope(workspace)
    known = identities(workspace)
    refs = list(dict.fromkeys(known.resolve(row.party, asked.known) for _, row in rows if row.party))[:SAMPLE]
    names = names_of(workspace, asked, refs)
    return tuple(SampledPerson(ref=ref, name=names.get(ref, "")) for ref in refs)


_PLAIN: Final = (
    "id", "kind", "object", "title_zh", "title_en", "who", "asked_ms", "until_ms", "people", "cost", "needs",
    "ended_ms", "ended_by", "reason",
)  # fmt: skip
