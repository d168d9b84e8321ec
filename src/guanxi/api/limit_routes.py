"""The desk's routes about limits: how they stand, their history, changes with a reason, and one person's."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from guanxi.api.access import Access, Principal
from guanxi.api.person_routes import Ref, now
from guanxi.api.readers import Readers
from guanxi.api.routes import Page, Routes
from guanxi.app import Workspace, limits

_BAR: Final = {
    "limit": "coupon_budget", "zh": "全店每月优惠预算", "en": "Coupon budget of the month", "unit": "fen",
    "cap": 5_000_000, "used": 2_512_000, "reserved": 120_000, "free": 2_368_000, "subject": {},
    "resets_ms": 1_767_225_600_000, "account": "0f" * 16,
}  # fmt: skip
_STATE: Final = {
    "name": "coupon_budget", "zh": "全店每月优惠预算", "en": "Coupon budget of the month",
    "words_zh": "全店合计 · 每月 · 种类：优惠券 · 按花费计",
    "words_en": "all together · each month · kinds: coupon · by cost",
    "guards": "money", "unit": "fen", "cap": 5_000_000, "per": [], "window": "month", "kinds": ["coupon"],
    "channels": [], "purposes": [], "hours": [], "uses": "cost", "holds": True, "shipped_cap": 5_000_000,
    "since_ms": 0, "who": "guanxi", "reason_zh": "先与财务说定。", "reason_en": "As agreed with finance.",
    "raisers_zh": ["管理者"], "raisers_en": ["Manager"], "bars": [_BAR], "subjects": 1, "near": 0, "full": 0, "over": 0,
}  # fmt: skip
_STEP: Final = {
    "number": 3, "since_ms": 1_767_225_600_000, "who": "zhou.ning", "reason_zh": "双11 加码", "reason_en": "双11 加码",
    "cap": 8_000_000, "words_zh": "全店合计 · 每月", "words_en": "all together · each month",
}  # fmt: skip
_CHANGE: Final = {
    "name": "coupon_budget", "number": 3, "cap_before": 5_000_000, "cap_after": 2_000_000, "subjects": 1, "over": 1,
    "over_most": 632_000, "bars": [_BAR | {"cap": 2_000_000, "free": -632_000}], "aligned": 1, "later": False,
}  # fmt: skip
_COLUMNS: Final = (
    "name", "zh", "en", "words_zh", "unit", "cap", "shipped_cap", "holds", "subjects", "near", "full", "over",
    "since_ms", "who", "reason_zh",
)  # fmt: skip
_STEPS: Final = ("number", "since_ms", "who", "cap", "reason_zh", "words_zh")

Name = Annotated[str, Path(max_length=64, description="name of the limit 限额")]


class LimitBody(BaseModel):
    """What shall be different; what is left out stays. A new limit needs zh, en, unit and cap."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"cap": 3}})
    cap: StrictInt | None = Field(None, description="in the unit; money in fen")
    zh: str | None = Field(None, max_length=60)
    en: str | None = Field(None, max_length=90)
    unit: str | None = Field(None, max_length=32)
    per: list[str] | None = Field(None, max_length=5)
    window: str | None = Field(None, max_length=8)
    kinds: list[str] | None = Field(None, max_length=20)
    channels: list[str] | None = Field(None, max_length=20)
    purposes: list[str] | None = Field(None, max_length=20)
    hours: list[str] | None = Field(None, max_length=2, description='two local times, ["22:00", "08:00"]; [] = any')
    uses: str | None = Field(None, max_length=8)

    @property
    def fields(self) -> dict[str, Any]:
        """What was given, as `amended_limit` takes it."""
        return self.model_dump(exclude_none=True, exclude={"reason"})


class LimitChangeBody(LimitBody):
    """The same with the reason, which everyone can read in the history."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"cap": 3, "reason": "双11 加码一周"}})
    reason: str = Field(max_length=1_000)


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "改由渠道限额管"}})
    reason: str = Field(max_length=1_000)


class RestoreBody(ReasonBody):
    """Which version shall hold again; 0 = as shipped."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"number": 0, "reason": "旺季过了"}})
    number: StrictInt = Field(ge=0)


def limit_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about limits; include them before those under /v1/people."""
    routes = Routes(access, workspace.control, tag="limits")

    @routes.listing("/v1/limits", zh="限额", en="Limits", example=_STATE, columns=_COLUMNS)
    def every(request: Request) -> Page[limits.LimitState]:
        """What may be used of what, how much is used, reserved and left; limits that were taken away too."""
        return Page(rows=limits.limit_states(workspace, now_ms=now()))

    @routes.answer("/v1/limits/{name}/history", zh="限额历史", en="History of a limit", columns=_STEPS,
                   example={"state": _STATE, "history": [_STEP]}, rows=lambda given: given.history)  # fmt: skip
    def one(request: Request, name: Name) -> limits.LimitDetail:
        """One limit, and every version of it with who, when and why."""
        return limits.limit_detail(workspace, name, now_ms=now())

    @routes.route("POST", "/v1/limits/{name}/preview", verb="configure", zh="预览改限额", en="What a change would do",
                  example=_CHANGE | {"number": 0, "aligned": 0})  # fmt: skip
    def preview(request: Request, name: Name, body: LimitBody) -> limits.LimitChange:
        """How many would stand above the new cap; nothing is changed."""
        return limits.preview_limit(workspace, limits.amended_limit(workspace, name, body.fields), now_ms=now())

    _changes(workspace, routes)
    _of_person(routes, readers)
    return routes.router


def _changes(workspace: Workspace, routes: Routes) -> None:
    @routes.route("PUT", "/v1/limits/{name}", verb="configure", zh="改限额", en="Change a limit", example=_CHANGE)
    def change(request: Request, name: Name, body: LimitChangeBody) -> limits.LimitChange:
        """From now on; what is used or reserved above a lowered cap stays, and nothing more is admitted."""
        limit = limits.amended_limit(workspace, name, body.fields)
        done = limits.set_limit(workspace, limit, reason=body.reason, **_by(request))
        routes.record(request, "limit.set", name, before=done.cap_before, after=done.cap_after, reason=body.reason)
        return done

    @routes.route("POST", "/v1/limits/{name}/remove", verb="configure", zh="停用限额", en="Take a limit away",
                  example=_CHANGE | {"cap_after": None, "over": 0, "over_most": 0, "bars": []})  # fmt: skip
    def remove(request: Request, name: Name, body: ReasonBody) -> limits.LimitChange:
        """Nothing uses it any more; its history stays, and it can be restored."""
        done = limits.remove_limit(workspace, name, reason=body.reason, **_by(request))
        routes.record(request, "limit.remove", name, before=done.cap_before, reason=body.reason)
        return done

    @routes.route("POST", "/v1/limits/{name}/restore", verb="configure", zh="恢复限额", en="Restore a limit",
                  example=_CHANGE)  # fmt: skip
    def restore(request: Request, name: Name, body: RestoreBody) -> limits.LimitChange:
        """Let a version of the history hold again, as a new version."""
        limit = limits.version_of(workspace, name, body.number)
        done = limits.set_limit(workspace, limit, reason=body.reason, **_by(request))
        routes.record(
            request, "limit.set", name, before=done.cap_before, after=done.cap_after, restored=body.number,
            reason=body.reason,
        )  # fmt: skip
        return done


def _of_person(routes: Routes, readers: Readers) -> None:
    @routes.route("GET", "/v1/people/{ref:path}/limits", verb="view", zh="一个人的限额", en="Limits of one person",
                  people=True, example={"ref": "account:taobao:AAE1x", "rows": [_BAR], "erased": False})  # fmt: skip
    def of_person(request: Request, ref: Ref) -> limits.PersonLimits:
        """What is left for one person: 触达 本周 1/2."""
        with readers.lend() as ws:
            return limits.person_limits(ws, ref, now_ms=now())


def _by(request: Request) -> dict[str, Any]:
    me: Principal = request.state.me
    return {"who": me.who, "now_ms": now()}
