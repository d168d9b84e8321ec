"""Approvals (审批): what waits for a person before it may touch anybody, and when it has been agreed to."""

from collections.abc import Sequence
from typing import Final, Literal, get_args

import msgspec
from msgspec.structs import replace

from guanxi.core import DAY_MS, DataError, Estimate, Refused
from guanxi.decisions.laws import require_id, require_kind, require_time
from guanxi.events import event_id

#: open: waits. approved, refused: by a person. withdrawn: by whoever proposed it. lapsed: nobody decided in time.
#: undone: approved, then what was not yet sent was taken back.
ApprovalState = Literal["open", "approved", "refused", "withdrawn", "lapsed", "undone"]
Ballot = Literal["approve", "refuse"]

APPROVAL_STATES: Final[tuple[ApprovalState, ...]] = get_args(ApprovalState)
BALLOTS: Final[tuple[Ballot, ...]] = get_args(Ballot)
OF_RUN: Final = "run"  # the kind of an approval whose object is a run of a policy
REASON: Final = 240  # characters


class ApprovalRules(msgspec.Struct, frozen=True, kw_only=True):
    """When one person is not enough, how long an approval waits, and what nobody can propose.

    four_eyes_people, four_eyes_fen   above either, two people must approve
    lapse_ms      after which nobody can approve it any more
    most_people   a run that touches more cannot be proposed
    """

    four_eyes_people: int = 1_000
    four_eyes_fen: int = 1_000_000
    lapse_ms: int = 3 * DAY_MS
    most_people: int = 200_000


class ApprovalOffer(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would be done: to how many people, and for how many fen altogether.

    channel  by which it reaches them, "" = none; content: of the message, as the policy names it
    """

    id: str
    zh: str
    en: str
    kind: str
    people: int
    channel: str = ""
    content: str = ""
    cost: int = 0


class ApprovalLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that it would use.

    account   in the ledger; "" = it uses many accounts, one for each person
    accounts  how many it uses; of many, the other numbers are of the one with least room
    cap, used, reserved   as the account stood before, without what this reserves
    asked     what this uses of it
    full      how many of the accounts have nothing left afterwards
    resets_ms when the next part comes free; None = never
    """

    name: str
    zh: str
    en: str
    unit: str
    cap: int
    used: int
    reserved: int
    asked: int
    account: str = ""
    accounts: int = 1
    full: int = 0
    resets_ms: int | None = None

    @property
    def after(self) -> int:
        """What is left when all of this is done; below 0: it does not fit."""
        return self.cap - self.used - self.reserved - self.asked


class ApprovalFinal(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that cannot be taken back, in both languages."""

    zh: str
    en: str


class ApprovalDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be agreed to. It names nobody: people are looked up when it is read.

    offers     what would be done
    audience_zh, audience_en   who, in words
    asked      people who were decided about
    arms       arm -> people: treated, explore, holdout
    refused    why nothing was chosen -> people
    limits     what it uses
    channels   by which people are reached
    from_ms, to_ms   when it would happen: from, to before
    forecast   what it is expected to bring, in yuan; None when nobody has estimated it
    final      what cannot be taken back
    policy, version, hash   the policy that decided
    dry        True: a dry run; nothing leaves the house
    """

    offers: tuple[ApprovalOffer, ...]
    audience_zh: str
    audience_en: str
    asked: int
    from_ms: int
    to_ms: int
    arms: dict[str, int] = {}
    refused: dict[str, int] = {}
    limits: tuple[ApprovalLimit, ...] = ()
    channels: tuple[str, ...] = ()
    forecast: Estimate | None = None
    final: tuple[ApprovalFinal, ...] = ()
    policy: str = ""
    version: int = 0
    hash: str = ""
    dry: bool = False


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for agreement, or waited; `proposed` makes one.

    kind, object   what it is about: OF_RUN and the run's id
    who            who proposed it, and may not vote
    until_ms       then it lapses
    people, cost   whom it touches, and for how many fen
    needs          how many people must approve
    ended_by, reason   who ended it and why; "" = nobody, such as when it lapses
    """

    id: str
    kind: str
    object: str
    title_zh: str
    title_en: str
    detail: ApprovalDetail
    who: str
    asked_ms: int
    until_ms: int
    people: int
    cost: int
    needs: int
    state: ApprovalState = "open"
    ended_ms: int | None = None
    ended_by: str = ""
    reason: str = ""

    @property
    def content(self) -> str:
        """32 hex digits that stand for all a voter has seen; a vote on another content counts for nothing."""
        seen = (self.id, self.object, self.title_zh, self.title_en, self.detail, self.people, self.cost)
        return event_id("approval", _ENCODER.encode(seen).decode())


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """What one person said; `content` is that of the approval as they saw it. A refusal gives its reason."""

    who: str
    ballot: Ballot
    at_ms: int
    content: str
    reason: str = ""

    def __post_init__(self) -> None:
        require_id("who", self.who)
        require_kind("ballot", self.ballot, BALLOTS)
        require_time("at_ms", self.at_ms)
        if len(self.reason) > REASON or not self.reason.isprintable():
            raise DataError(
                f"the reason has {len(self.reason)} characters", f"Use 1 line of at most {REASON}", "reason"
            )
        if self.ballot == "refuse" and not self.reason.strip():
            raise DataError("a refusal has no reason", "Say what should be different", "reason")


class ApprovalStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far an approval has come.

    state    open, approved, refused or lapsed
    yes      people whose approval counts
    missing  how many more must approve; 0 unless open
    void     people whose vote counts no more, because what they saw was changed
    """

    state: ApprovalState
    yes: tuple[str, ...] = ()
    missing: int = 0
    void: tuple[str, ...] = ()


def proposed(
    *, kind: str, object: str, title_zh: str, title_en: str, detail: ApprovalDetail, who: str, people: int,  # noqa: A002
    cost: int, rules: ApprovalRules, now_ms: int,
) -> Approval:  # fmt: skip
    """Return a new approval; the same object has the same id.

    people, cost  whom it touches, and for how many fen
    raises        Refused when it touches more people than anything may, or more than a limit of people has room for;
                  DataError when a value is unfit
    """
    check_blast(people, detail.limits, rules=rules)
    require_id("who", who)
    require_id("object", object)
    require_time("now_ms", now_ms)
    if people < 0 or cost < 0:
        raise DataError(f"it touches {people} people for {cost} fen", "Count them from 0")
    for title in (title_zh, title_en):
        if not 0 < len(title) <= REASON:
            raise DataError(f"a title has {len(title)} characters", f"Use 1 to {REASON}", "title")
    return Approval(
        id=event_id("approval", kind, object), kind=kind, object=object, title_zh=title_zh, title_en=title_en,
        detail=detail, who=who, asked_ms=now_ms, until_ms=now_ms + rules.lapse_ms, people=people, cost=cost,
        needs=needs_of(people, cost, rules=rules),
    )  # fmt: skip


def amended(
    approval: Approval, *, detail: ApprovalDetail, people: int, cost: int, rules: ApprovalRules
) -> Approval:  # fmt: skip
    """Return an open approval about what it has become; votes on what it was count no more.

    raises   Refused as in `proposed`
    """
    check_blast(people, detail.limits, rules=rules)
    needs = needs_of(people, cost, rules=rules)
    return replace(approval, detail=detail, people=people, cost=cost, needs=needs)


def check_blast(people: int, limits: Sequence[ApprovalLimit], *, rules: ApprovalRules) -> None:
    """Refuse what touches more people than anything may: the setting, and every limit that counts people."""
    if people > rules.most_people:
        raise Refused(
            f"it touches {people:,} people; {rules.most_people:,} is the most that one proposal may",
            "Narrow the audience, or raise approvals.most_people in the settings", "people",
        )  # fmt: skip
    for one in limits:
        if one.unit == "people" and one.after < 0:
            free = max(one.asked + one.after, 0)
            raise Refused(
                f"it uses {one.asked:,} of the limit {one.name}, which has {free:,} of {one.cap:,} people left",
                "Narrow the audience, wait until the limit resets, or raise it with a reason", one.name,
            )  # fmt: skip


def needs_of(people: int, cost: int, *, rules: ApprovalRules) -> int:
    """Return how many people must approve: two above the line of people or of money, else one."""
    return 2 if people > rules.four_eyes_people or cost > rules.four_eyes_fen else 1


def outcome(approval: Approval, votes: Sequence[Vote], *, now_ms: int) -> ApprovalStanding:
    """Return what the votes on an open approval amount to; their order does not matter.

    One person counts once, the proposer never, and only votes on this content, cast before it lapses. One refusal
    ends it. An approval that has ended stands as it ended.
    """
    if approval.state != "open":
        return ApprovalStanding(state=approval.state)
    content = approval.content
    in_time = [one for one in votes if one.who != approval.who and one.at_ms < approval.until_ms]
    valid = [one for one in in_time if one.content == content]
    no = {one.who for one in valid if one.ballot == "refuse"}
    yes = tuple(sorted({one.who for one in valid} - no))
    void = tuple(sorted({one.who for one in in_time} - {one.who for one in valid}))
    if no:
        return ApprovalStanding(state="refused", yes=yes, void=void)
    if len(yes) >= approval.needs:
        return ApprovalStanding(state="approved", yes=yes, void=void)
    if now_ms >= approval.until_ms:
        return ApprovalStanding(state="lapsed", yes=yes, void=void)
    return ApprovalStanding(state="open", yes=yes, missing=approval.needs - len(yes), void=void)


def check_vote(approval: Approval, votes: Sequence[Vote], vote: Vote) -> None:
    """Refuse a vote that may not be cast.

    raises   Refused: it has ended or lapsed, it is the voter's own, they voted already, or they saw something else
    """
    if approval.state != "open" or vote.at_ms >= approval.until_ms:
        state = "lapsed" if approval.state == "open" else approval.state
        raise Refused(f"this approval is {state}", "Propose it again when it is still wanted", "state")
    if vote.who == approval.who:
        raise Refused("who proposes something does not decide about it", "Ask somebody else to look at it", "who")
    if vote.content != approval.content:
        raise Refused("it was changed after you opened it", "Look at it again, then decide", "content")
    if any(one.who == vote.who and one.content == vote.content for one in votes):
        raise Refused("you have decided about this already", "The other vote has to come from somebody else", "who")


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
