"""The desk's routes about what was sent: the outbox, its receipts, dead letters, taking back, trying again."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.actions import Attempt
from guanxi.api.access import Access, Principal, address_of
from guanxi.api.errors import Problem
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Page, Routes, number_of
from guanxi.app import Workspace, reach, reaching
from guanxi.core import DataError, share_of
from guanxi.engines.control import HoldNote, KeptReceipt, ReachCount, ReachFilter, WaitCount
from guanxi.engines.log import now_ms

_LATEST_MS: Final = 4_102_444_800_000  # the year 2100
_NOON: Final = 1_767_326_400_000
_ID: Final = "5b0c6ab5e1f1b5a0c1f7e8a9d2c3b4a5"
_LINE: Final = reach.OutboxLine(
    number=12_480, id=_ID, made_ms=_NOON, kind="message", channel="app", content="refill", party="account:app:u-0001",
    state="sent", dry=False, receipts=("delivered", "opened"), policy="refill", run="9f1c", decision="7c21",
    approval="", attempts=1, error="", error_text="", uncertain=False, not_before_ms=_NOON,
    not_after_ms=_NOON + 14_400_000, next_ms=_NOON, ended_ms=_NOON + 900,
)  # fmt: skip
_FUNNEL_LINE: Final = reach.ReachFunnelLine(
    channel="app", run="", policy="", kind="message", sent=1_204, heard=1_180, delivered=1_160, opened=310,
    redeemed=None, failed=20, delivered_share=share_of(1_160, 1_204), opened_share=share_of(310, 1_204),
    redeemed_share=None, failed_share=share_of(20, 1_204),
)  # fmt: skip
_DEAD: Final = reach.DeadLetters(
    error="timeout", channel="sms", sender="sms_house", rows=14, again=0, uncertain=14, arrived=0, late=2,
    text="no answer within 10 s", first_ms=_NOON, last_ms=_NOON + 60_000, what_zh="对方没有回音，可能已经送到",
    what_en="no answer: it may have arrived", do_zh="先向对方核对是否收到，没收到再重发",
    do_en="Ask the receiver whether it arrived before you try again",
)  # fmt: skip
_REACH: Final = reach.Reach(
    counts=(ReachCount(channel="app", state="sent", dry=False, rows=1_204),),
    waits=(
        WaitCount(
            why="approval", channel="app", rows=9_310, approval="a1", title_zh="补货提醒", title_en="Refill",
            last_ms=_NOON,
        ),
    ),
    runs=(reach.ReachRun(id="9f1c", policy="refill", begun_ms=_NOON),), dead=14, parked=0, relay=0,
)  # fmt: skip
_STORY: Final = reach.ActionStory(
    line=_LINE, sender="", receipt="m-77", body=(("channel", "app"), ("content", "refill"), ("purpose", "care")),
    attempts=(Attempt(attempt=1, begun_ms=_NOON, ended_ms=_NOON + 900, outcome="accepted"),),
    receipts=(KeptReceipt(action=_ID, at_ms=_NOON + 2_000, state="delivered", heard_ms=_NOON + 2_500, event="e1"),),
    decision=reach.DecisionNote(
        id="7c21", at_ms=_NOON, policy="refill", mode="propose", arm="treated", chosen=("refill",), propensity=0.9,
        known=1_024,
    ),
    approval=reach.ApprovalNote(
        id="a1", title_zh="补货提醒", title_en="Refill", state="approved", asked_ms=_NOON, ended_ms=_NOON + 60_000
    ),
    hold=HoldNote(id="h1", state="settled", until_ms=_NOON + 86_400_000, amounts={"contacts": 1}),
    steps=(
        reach.ReachStep(what="decision", id="7c21", at_ms=_NOON, state="done", word="refill"),
        reach.ReachStep(what="action", id=_ID, at_ms=_NOON, state="done", word="sent"),
        reach.ReachStep(what="receipt", id="e1", at_ms=_NOON + 2_000, state="done", word="delivered"),
    ),
)  # fmt: skip

_COLUMNS: Final = (
    "number", "id", "made_ms", "kind", "channel", "content", "party", "state", "dry", "receipts", "policy", "run",
    "decision", "attempts", "error", "error_text", "uncertain", "not_before_ms", "not_after_ms", "ended_ms",
)  # fmt: skip
_FUNNEL: Final = (
    "channel", "run", "policy", "kind", "sent", "heard", "delivered", "opened", "redeemed", "failed",
    "delivered_share", "opened_share", "redeemed_share", "failed_share",
)  # fmt: skip
_DEADS: Final = (
    "error", "channel", "sender", "rows", "again", "uncertain", "arrived", "late", "text", "first_ms", "last_ms",
    "what_zh", "do_zh",
)  # fmt: skip
_STATES: Final = ("", "waiting", "ready", "sending", "sent", "dry", "dead", "withdrawn", "expired", "refused")

Word = Annotated[str, Query(max_length=64)]
Since = Annotated[int, Query(ge=0, le=_LATEST_MS, description="made at or after, ms UTC; 0 = ever 起始时间")]
Dry = Annotated[bool | None, Query(description="true: dry runs alone, false: none of them 是否演练")]
Ids = Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=reaching.MOST)]


class WithdrawBody(BaseModel):
    """What to take back: a run, or actions by their ids."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": {"ids": [_ID]}})
    run: str = Field("", max_length=32)
    ids: Ids = []


class RetryBody(BaseModel):
    """What to try again: actions by their ids, or a group of dead letters by error, channel and sender."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"example": {"error": "busy", "channel": "sms"}}
    )
    ids: Ids = []
    error: str = Field("", max_length=32)
    channel: str = Field("", max_length=32)
    sender: str = Field("", max_length=64)
    uncertain: bool = Field(False, description="also what may have arrived")


def reach_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about what was sent."""
    routes = Routes(access, workspace.control, tag="reach")

    @routes.answer("/v1/reach", zh="触达概况", en="What was sent, at a glance", example=msgspec.to_builtins(_REACH),
                   columns=("channel", "state", "dry", "rows"), rows=lambda given: given.counts)  # fmt: skip
    def glance(
        request: Request, channel: Word = "", run: Word = "", policy: Word = "", dry: Dry = None, since: Since = 0
    ) -> reach.Reach:
        """Count by state and channel; what waits, is told of all of it, whatever is filtered."""
        wanted = ReachFilter(channel=channel, run=run, policy=policy, dry=dry, since_ms=since)
        with readers.lend() as ws:
            return reach.reach(ws, wanted, now_ms=now_ms())

    @routes.listing("/v1/reach/outbox", zh="触达明细", en="The outbox", example=msgspec.to_builtins(_LINE),
                    columns=_COLUMNS, people=True)  # fmt: skip
    def outbox(
        request: Request, state: Word = "", channel: Word = "", run: Word = "", policy: Word = "",
        party: Annotated[str, Query(max_length=512)] = "", approval: Word = "", sender: Word = "", error: Word = "",
        dry: Dry = None, since: Since = 0, limit: Limit = 100, cursor: Annotated[str, Query(max_length=20)] = "",
    ) -> Page[reach.OutboxLine]:  # fmt: skip
        """What was, is or was not to be sent, the newest first."""
        if state not in _STATES:
            raise DataError(f"no state is called {state!r:.40}", f"Use one of {', '.join(_STATES[1:])}", "state")
        before = number_of(cursor)
        wanted = ReachFilter(
            state=state, channel=channel, run=run, policy=policy, party=party, approval=approval, sender=sender,
            error=error, dry=dry, since_ms=since,
        )  # fmt: skip
        with readers.lend() as ws:
            rows = reach.outbox(ws, wanted, before=before, limit=limit)
        return Page(rows=rows, next=str(rows[-1].number) if len(rows) == limit else None)

    @routes.answer("/v1/reach/funnel", zh="触达漏斗", en="From sent to redeemed", columns=_FUNNEL,
                   example={"channels": [msgspec.to_builtins(_FUNNEL_LINE)], "runs": []},
                   rows=lambda given: given.runs)  # fmt: skip
    def funnel(
        request: Request, channel: Word = "", run: Word = "", policy: Word = "", since: Since = 0
    ) -> reach.ReachFunnel:
        """How many were sent, delivered, opened, redeemed, by channel and by run, with intervals."""
        with readers.lend() as ws:
            return reach.funnel(ws, ReachFilter(channel=channel, run=run, policy=policy, since_ms=since))

    @routes.listing("/v1/reach/dead", zh="没发出去的", en="Dead letters", example=msgspec.to_builtins(_DEAD),
                    columns=_DEADS)  # fmt: skip
    def dead(request: Request) -> Page[reach.DeadLetters]:
        """What was given up, by reason, channel and sender, with what to do about it."""
        with readers.lend() as ws:
            return Page(rows=reach.dead_letters(ws, now_ms=now_ms()))

    @routes.route("GET", "/v1/reach/actions/{action_id}", verb="view", zh="一次触达的全程", people=True,
                  en="The story of one action", example=msgspec.to_builtins(_STORY))  # fmt: skip
    def story(request: Request, action_id: Annotated[str, Path(max_length=32)]) -> reach.ActionStory:
        """What was known and decided, each attempt, what came back, what it used."""
        with readers.lend() as ws:
            return reach.story(ws, action_id)

    _add_verbs(routes, readers)
    return routes.router


def _add_verbs(routes: Routes, readers: Readers) -> None:
    @routes.route("POST", "/v1/reach/withdraw", verb="view", zh="撤回未发的", en="Take back what was not sent",
                  people=True, example={"withdrawn": 994, "sent": 210, "sending": 0})  # fmt: skip
    def withdraw(request: Request, body: WithdrawBody) -> reaching.TakenBack:
        """Take back a run or single actions; says what was too late. Needs the right to propose or to approve."""
        me = _may(request)
        with readers.lend() as ws:
            return reaching.withdraw(
                ws, run=body.run, ids=body.ids, who=me.who, ip=address_of(request), now_ms=now_ms()
            )  # fmt: skip

    @routes.route("POST", "/v1/reach/retry", verb="view", zh="重发", en="Try again", people=True,
                  example={"rows": 12, "refused": [{"why": "its time has passed: decide again", "rows": 2}],
                           "left": 0})  # fmt: skip
    def retry(request: Request, body: RetryBody) -> reaching.TriedAgain:
        """Try again what was given up: by ids, or a group. Needs the right to propose or to approve."""
        me = _may(request)
        group: ReachFilter | None = None
        if body.error:
            group = ReachFilter(error=body.error, channel=body.channel, sender=body.sender)
        with readers.lend() as ws:
            return reaching.try_again(
                ws, ids=body.ids, group=group, uncertain=body.uncertain, who=me.who, ip=address_of(request),
                now_ms=now_ms(),
            )  # fmt: skip


def _may(request: Request) -> Principal:
    """Return who asks, when they may propose or approve: both may end what they began."""
    me: Any = request.state.me
    if me.verbs.isdisjoint(("propose", "approve")):
        raise Problem(
            403, "this needs the right 'propose' or 'approve' (提 or 批)", "Ask an administrator for a role with it"
        )
    return me  # type: ignore[no-any-return]
