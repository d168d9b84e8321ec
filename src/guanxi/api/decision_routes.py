"""The desk's routes about decisions: the log with its filters, counts, one decision with its proof, deciding again."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from msgspec.structs import replace

from guanxi.api.access import Access, Principal
from guanxi.api.errors import Problem
from guanxi.api.person_routes import instant
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Routes, number_of
from guanxi.app import Workspace, decision_detail, decision_log, decision_replay
from guanxi.app import scope as scopes
from guanxi.engines.control import DecisionFilter

_ROW: Final = {
    "number": 42, "id": "0f" * 16, "run": "1a" * 16, "at_ms": 1_767_225_600_000, "written_ms": 1_767_225_000_000,
    "policy": "winback", "policy_zh": "久未下单唤回", "policy_en": "Win back", "party": "account:app:u-0001",
    "person": "王*芳", "kind": "message", "mode": "propose", "arm": "treated", "chosen": "greeting",
    "chosen_zh": "问候一条", "chosen_en": "A greeting", "propensity": 0.86, "acts": True,
    "refused": [{"by": "limit", "name": "coupons_person", "zh": "每人 30 天优惠券", "en": "Coupons a person"}],
    "refused_zh": "每人 30 天优惠券", "out": "waiting", "dry": False,
}  # fmt: skip
_COUNT: Final = {"by": "limit", "name": "coupons_person", "zh": "每人 30 天优惠券", "en": "Coupons", "decisions": 268}
_SUMMARY: Final = {
    "decisions": 9_310, "is_whole": True, "arms": [_COUNT | {"by": "", "name": "treated", "zh": "treated"}],
    "modes": [], "chosen": [], "refused": [_COUNT], "policies": [{"id": "winback", "zh": "久未下单唤回", "en": "Win"}],
    "runs": ["1a" * 16],
}  # fmt: skip
_BAR: Final = {
    "limit": "contacts_week", "zh": "每人每周营销触达", "en": "Marketing contacts a person a week", "unit": "contacts",
    "cap": 2, "used": 1, "reserved": 0, "free": 1, "subject": {}, "resets_ms": 1_767_225_600_000, "account": "0f" * 16,
}  # fmt: skip
_WEIGHED: Final = {
    "id": "greeting", "kind": "message", "zh": "问候一条", "en": "A greeting", "verdict": "chosen", "channel": "app",
    "purpose": "marketing", "params": {"content": "好久不见"}, "value": 0.8, "low": 0.2, "high": 1.4, "level": 0.9,
    "n": 0, "method": "policy", "cost": 0, "score": 0.8, "propensity": 0.86, "refusals": [],
}  # fmt: skip
_DETAIL: Final = {
    "row": _ROW, "version": 3, "policy_hash": "2b" * 16, "bucket": 0.41, "until_ms": 1_767_225_000_000, "known": 90_412,
    "personalise": True, "consents": {"message": True}, "facts": {}, "traits": [
        {"name": "person.orders.count.90d", "zh": "90 天订单数", "en": "Orders in 90 days", "unit": "", "value": 0,
         "shown_zh": "0", "shown_en": "0", "hidden": False}
    ],
    "why_zh": ["在 3 个可选项里净值最高：0.80 元"], "why_en": ["The best of 3 possible ones: ¥0.80 net"],
    "chance_zh": ["选中它的概率是 86%"], "chance_en": ["It was chosen with a chance of 86%"],
    "person_zh": "我们选择给你发一条消息。", "person_en": "We chose to send you a message.",
    "weighed": [_WEIGHED], "rooms": [_BAR], "out": None, "hold": None, "proof": {
        "leaf": "3c" * 32, "place": 7, "size": 500, "path": ["4d" * 32], "root": "5e" * 32, "key": "5e" * 32,
        "batch": 3, "written_ms": 1_767_225_000_000, "holds": True, "kept": True,
    },
}  # fmt: skip
_COLUMNS: Final = (
    "number", "id", "written_ms", "at_ms", "policy", "policy_zh", "party", "person", "mode", "arm", "chosen",
    "chosen_zh", "propensity", "refused_zh", "out", "run",
)  # fmt: skip

Id = Annotated[str, Path(max_length=64, description="id of the decision 决策")]
Text = Annotated[str, Query(max_length=128)]
Instant = Annotated[str, Query(max_length=40, description="written at: ISO time or ms 决策时间")]
Span = Annotated[str, Query(max_length=40, description="time range as in the page, 7d; empty = all 时间")]
Mode = Literal["", "shadow", "propose", "auto"]
Arm = Literal["", "treated", "explore", "holdout"]


def decision_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about what was decided."""
    routes = Routes(access, workspace.control, tag="decisions")

    @routes.listing("/v1/decisions", zh="决策日志", en="Decision log", example=_ROW, columns=_COLUMNS, people=True)
    def decisions(
        request: Request, policy: Text = "", run: Text = "", mode: Mode = "", arm: Arm = "", chosen: Text = "",
        by: Text = "", name: Text = "", t: Span = "", since: Instant = "", until: Instant = "",
        person: Annotated[str, Query(max_length=700, description="type:scope:key 参与方")] = "",
        limit: Limit = 100, cursor: Annotated[str, Query(max_length=20)] = "",
    ) -> decision_log.DecisionList:  # fmt: skip
        """Decisions, the newest first; `by` and `name` say what refused one of their candidates."""
        wanted = _wanted(policy, run, mode, arm, chosen, by, name, since, until)
        with readers.lend() as ws:
            wanted = _within(ws, wanted, t)
            return decision_log.decision_list(ws, wanted, person=person, before=number_of(cursor), limit=limit)

    @routes.route("GET", "/v1/decisions/counts", verb="view", zh="决策计数", en="Decisions counted", example=_SUMMARY)
    def counts(
        request: Request, policy: Text = "", run: Text = "", mode: Mode = "", arm: Arm = "", chosen: Text = "",
        by: Text = "", name: Text = "", t: Span = "", since: Instant = "", until: Instant = "",
        person: Annotated[str, Query(max_length=700, description="type:scope:key 参与方")] = "",
    ) -> decision_log.DecisionSummary:  # fmt: skip
        """How many decisions there are of each arm and choice, and which limit refused how many."""
        me: Principal = request.state.me
        if person and not me.sees_people:  # totals of one person are that person's
            raise Problem(403, "this role sees totals, not people", "Ask an administrator for another role")
        wanted = _wanted(policy, run, mode, arm, chosen, by, name, since, until)
        with readers.lend() as ws:
            wanted = _within(ws, wanted, t)
            return decision_log.decision_summary(ws, wanted, person=person)

    @routes.route("GET", "/v1/decisions/{decision}", verb="view", zh="一个决策", en="One decision", people=True,
                  example=_DETAIL)  # fmt: skip
    def one(request: Request, decision: Id) -> decision_detail.DecisionDetail:
        """Why this, what else could have been, which limit refused what, what became of it, and its proof."""
        with readers.lend() as ws:
            return decision_detail.decision_detail(ws, decision)

    @routes.route("GET", "/v1/decisions/{decision}/replay", verb="view", zh="重算一个决策", en="Decide again",
                  people=True, example={"decisions": 1, "same": 1, "erased": 0, "differ": {}, "ids": []})  # fmt: skip
    def replay(request: Request, decision: Id) -> decision_replay.Replayed:
        """From the log, the limits and the policy as they were: the same to the byte, or what differs."""
        with readers.lend() as ws:
            return decision_replay.replay_decision(ws, decision)

    return routes.router


def _wanted(
    policy: str, run: str, mode: str, arm: str, chosen: str, by: str, name: str, since: str, until: str
) -> DecisionFilter:
    return DecisionFilter(
        policy=policy, run=run, mode=mode, arm=arm, chosen=chosen, by=by, name=name, since_ms=instant(since) or 0,
        until_ms=instant(until) or 0,
    )  # fmt: skip


def _within(workspace: Workspace, wanted: DecisionFilter, t: str) -> DecisionFilter:
    if not t:
        return wanted
    window = scopes.scope(workspace, t=t, cmp="none").window
    return replace(wanted, since_ms=max(wanted.since_ms, window.start_ms), until_ms=wanted.until_ms or window.end_ms)
