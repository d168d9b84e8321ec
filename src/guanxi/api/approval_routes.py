"""The desk's routes for approvals: what waits, one of them, a vote, taking back."""

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api.access import Access, Principal
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Page, Routes
from guanxi.app import Workspace, approval_view, approving
from guanxi.decisions import Approval, ApprovalDetail, ApprovalLimit, ApprovalOffer
from guanxi.engines.log import now_ms

_ID: Final = "5f3b7b0e6c1d4c7fa2f1d9e3a0b4c5d6"
_OFFER: Final = ApprovalOffer(
    id="c5", zh="满 30 减 5", en="5 off 30", kind="coupon", people=1_204, channel="app", content="补货了",
    cost=602_000,
)  # fmt: skip
_LIMIT: Final = ApprovalLimit(
    name="budget", zh="玩法预算", en="Budget of a play", unit="fen", cap=1_000_000, used=120_000, reserved=602_000,
    asked=602_000, account="b2" * 16,
)  # fmt: skip
_DETAIL: Final = ApprovalDetail(
    offers=(_OFFER,), audience_zh="护肤快用完的人", audience_en="People who run out of cream", asked=1_338,
    from_ms=1_767_225_600_000, to_ms=1_767_312_000_000, arms={"treated": 1_204, "holdout": 134}, limits=(_LIMIT,),
    channels=("app",), policy="refill", version=3, hash="0" * 32,
)  # fmt: skip
_APPROVAL: Final = Approval(
    id=_ID, kind="run", object="9" * 32, title_zh="补货提醒", title_en="Refill reminder", detail=_DETAIL,
    who="zhou.ning", asked_ms=1_767_225_600_000, until_ms=1_767_484_800_000, people=1_204, cost=602_000, needs=2,
)  # fmt: skip
_LINE: Final = approval_view.approval_line(
    _APPROVAL, (), who="lin.yue", verbs=frozenset({"approve"}), now_ms=1_767_225_700_000
)  # fmt: skip
_VIEW: Final = approval_view.ApprovalView(
    line=_LINE, detail=_DETAIL, content=_APPROVAL.content, limits=(_LIMIT,), votes=(), sample=(),
    counts={"waiting": 1_204}, now_ms=1_767_225_700_000, four_eyes_people=1_000, four_eyes_fen=1_000_000,
)  # fmt: skip
_EFFECT: Final = msgspec.to_builtins(approving.ApprovalEffect(approval=_APPROVAL, missing=1))
_COLUMNS: Final = ("id", "title_zh", "state", "who", "asked_ms", "until_ms", "people", "cost", "needs", "missing")

Id = Annotated[str, Path(max_length=64)]
State = Literal["", "open", "approved", "refused", "withdrawn", "lapsed", "undone"]


class VoteBody(BaseModel):
    """A vote on what was seen; a refusal says why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"ballot": "approve", "content": _APPROVAL.content, "reason": ""}}
    )
    ballot: Literal["approve", "refuse"]
    content: str = Field(max_length=64, description="as the approval's answer gave it 看到的内容")
    reason: str = Field("", max_length=240)


class ReasonBody(BaseModel):
    """Why something is taken back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "文案有错"}})
    reason: str = Field("", max_length=240)


def approval_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about approvals."""
    control = workspace.control
    routes = Routes(access, control, tag="approvals")

    @routes.listing("/v1/approvals", zh="审批", en="Approvals", example=msgspec.to_builtins(_LINE), columns=_COLUMNS)
    def page(
        request: Request,
        state: Annotated[State, Query(description='"" = all 状态')] = "",
        cursor: Annotated[str, Query(max_length=64, description="`next` of the page before 翻页")] = "",
        limit: Limit = 100,
    ) -> Page[approval_view.ApprovalLine]:
        """What waits for agreement and what was decided, the latest first; `part` says what the caller may do."""
        me: Principal = request.state.me
        rows = approval_view.approval_lines(
            workspace, state=state, after=cursor, limit=limit, who=me.who, verbs=me.verbs, now_ms=now_ms()
        )  # fmt: skip
        return Page(rows=rows, next=rows[-1].id if len(rows) == limit else None)

    @routes.route("GET", "/v1/approvals/{approval_id}", verb="view", zh="一项审批", en="One approval",
                  example=msgspec.to_builtins(_VIEW))  # fmt: skip
    def one(request: Request, approval_id: Id) -> approval_view.ApprovalView:
        """What it would do, to whom, for how much, within which limits, and what cannot be taken back."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            return approval_view.approval_view(
                ws, approval_id, who=me.who, verbs=me.verbs, sees_people=me.sees_people, now_ms=now_ms()
            )  # fmt: skip

    @routes.route("POST", "/v1/approvals/{approval_id}/vote", verb="approve", zh="批准或驳回", en="Approve or refuse",
                  example=_EFFECT)  # fmt: skip
    def vote(request: Request, approval_id: Id, body: VoteBody) -> approving.ApprovalEffect:
        """Vote; the deciding vote frees what waits, or takes it back, in the same transaction."""
        me: Principal = request.state.me
        done = approving.vote(
            control, approval_id, ballot=body.ballot, who=me.who, content=body.content, reason=body.reason,
            now_ms=now_ms(),
        )  # fmt: skip
        _record(routes, request, f"approval.{body.ballot}", done)
        return done

    @routes.route("POST", "/v1/approvals/{approval_id}/withdraw", verb="propose", zh="撤回提议",
                  en="Withdraw a proposal", example=_EFFECT)  # fmt: skip
    def withdraw(request: Request, approval_id: Id, body: ReasonBody) -> approving.ApprovalEffect:
        """Take back what one proposed oneself, while it is open."""
        me: Principal = request.state.me
        done = approving.withdraw(control, approval_id, who=me.who, reason=body.reason, now_ms=now_ms())
        _record(routes, request, "approval.withdraw", done)
        return done

    @routes.route("POST", "/v1/approvals/{approval_id}/undo", verb="approve", zh="撤销批准", en="Undo an approval",
                  example=_EFFECT)  # fmt: skip
    def undo(request: Request, approval_id: Id, body: ReasonBody) -> approving.ApprovalEffect:
        """Take back what was not sent yet; the answer says how much was sent."""
        me: Principal = request.state.me
        done = approving.undo(control, approval_id, who=me.who, reason=body.reason, now_ms=now_ms())
        _record(routes, request, "approval.undo", done)
        return done

    return routes.router


def _record(routes: Routes, request: Request, verb: str, done: approving.ApprovalEffect) -> None:
    counts = {name: getattr(done, name) for name in ("missing", "freed", "withdrawn", "sent", "sending")}
    routes.record(request, verb, done.approval.id, run=done.approval.object, people=done.approval.people, **counts)
