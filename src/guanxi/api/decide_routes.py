"""The desk's routes about deciding: one decision now, the policies that decide, the runs that decided."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from guanxi.api.access import Access, Principal
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Page, Routes, encoded
from guanxi.api.schemas import COMPONENTS, answer_schema
from guanxi.app import Workspace, deciding, explaining
from guanxi.app import policies as files
from guanxi.core import DataError
from guanxi.decisions import NOTHING, Mode, Record, Scalar
from guanxi.engines.control import Run
from guanxi.engines.log import now_ms

DECIDE: Final = "/v1/decide"
_ASKED: Final = {
    "policy": "winback", "person": "account:taobao:AAE1x", "ask": "cart-20261115-0001", "facts": {"hour": 20},
    "mode": "auto", "send": False,
}  # fmt: skip


class DecideBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question to a policy.

    ask    the caller's key: asked again under it, the first answer comes again and nothing else happens
    facts  what the caller states of the moment
    mode   shadow or auto; None = as the policy says
    send   False: a dry run, which touches nobody and uses nothing of any limit
    """

    policy: str
    person: str
    ask: str = ""
    facts: dict[str, str | int | float | bool] = {}
    mode: Mode | None = None
    send: bool = False


class RefusedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that could not be chosen, and all that refused it."""

    offer: str
    zh: tuple[str, ...]
    en: tuple[str, ...]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided.

    chosen      id of the offer; "none" = nothing is to be done
    params      what it would do, such as channel and content
    propensity  how likely this choice was
    arm         treated, explore, or holdout: kept out for comparison
    """

    id: str
    at_ms: int
    policy: str
    version: int
    mode: str
    chosen: str
    kind: str
    params: dict[str, str | int | float | bool]
    propensity: float
    arm: str
    possible: tuple[str, ...]
    refused: tuple[RefusedOffer, ...]


class PolicyText(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with its file's text."""

    file: files.PolicyFile
    text: str


def decide_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about deciding."""
    routes = Routes(access, workspace.control, tag="decisions")
    _add_decide(routes.router, access, readers)

    @routes.listing(
        "/v1/policies",
        zh="策略",
        en="Policies",
        example=_FILE,
        columns=("name", "zh", "en", "mode", "version", "wrong"),
    )
    def policies(request: Request) -> Page[files.PolicyFile]:
        """The policies of the workspace, those that cannot be read with what is wrong."""
        with readers.lend() as ws:
            return Page(rows=files.policy_files(ws))

    @routes.route(
        "GET",
        "/v1/policies/{name}",
        verb="view",
        zh="一个策略",
        en="One policy",
        example={"file": _FILE, "text": "zh = …"},
    )
    def policy(name: Annotated[str, Path(max_length=64)]) -> PolicyText:
        """The file of a policy as it stands."""
        with readers.lend() as ws:
            text = files.policy_text(ws, name)
            return PolicyText(file=next(one for one in files.policy_files(ws) if one.name == name), text=text)

    @routes.listing(
        "/v1/runs", zh="决策批次", en="Runs", example=_RUN,
        columns=("id", "policy", "mode", "state", "audience", "who", "begun_ms", "send"),
    )  # fmt: skip
    def runs(
        request: Request, policy: Annotated[str, Query(max_length=64, description="of this policy 策略")] = "",
        limit: Limit = 100,
    ) -> Page[Run]:  # fmt: skip
        """Decidings about many people, the latest first."""
        return Page(rows=workspace.control.runs.runs(policy=policy, limit=limit))

    @routes.route("GET", "/v1/runs/{run}", verb="view", zh="一个批次", en="One run", example=_RUN)
    def run(run: Annotated[str, Path(max_length=64)]) -> Run:
        """One run with its counts."""
        return workspace.control.runs.run(run)

    @routes.route(
        "GET", "/v1/decisions/{decision}/story", verb="view", zh="决策的来龙去脉", en="The story of a decision",
        example=_STORY, people=True,
    )  # fmt: skip
    def story(decision: Annotated[str, Path(max_length=64)]) -> explaining.DecisionStory:
        """Why this, what else, which limit, which chance; and what the person concerned is told."""
        with readers.lend() as ws:
            return explaining.explain_decision(ws, decision)

    return routes.router


def _add_decide(router: APIRouter, access: Access, readers: Readers) -> None:
    schema, components = answer_schema(Decided)
    given = {
        "type": "object",
        "required": ["policy", "person"],
        "properties": {
            "policy": {"type": "string"}, "person": {"type": "string"}, "ask": {"type": "string", "maxLength": 255},
            "facts": {"type": "object"}, "mode": {"enum": ["shadow", "propose", "auto"]}, "send": {"type": "boolean"},
        },
    }  # fmt: skip
    body_doc = {"required": True, "content": {"application/json": {"schema": given, "example": _ASKED}}}
    media = {"example": _DECIDED} | ({"schema": schema} if schema else {})

    async def body(request: Request) -> DecideBody:
        try:
            return _DECODE(await request.body())
        except msgspec.DecodeError as error:
            raise DataError(
                f"the body is not understood: {error}"[:300],
                'Send {"policy", "person", "ask", "facts", "send"}',
                "body",
            ) from None

    def decide(request: Request, asked: DecideBody = Depends(body)) -> Any:  # noqa: B008 - FastAPI's way
        """Decide about one person now and keep it, with what it reserves and what it sends; a dry run unless `send`."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            made = deciding.decide_one(
                ws, asked.policy, asked.person, who=me.who, now_ms=now_ms(), facts=tuple(sorted(asked.facts.items())),
                mode=asked.mode, send=asked.send, ask=asked.ask,
            )  # fmt: skip
        return answer_of(made)

    router.add_api_route(
        DECIDE, encoded(decide, 200), methods=["POST"], summary="做一次决策 · Decide", description=decide.__doc__,
        response_class=Response, dependencies=[Depends(access.needs_proposer)],
        responses={200: {"description": "What was decided", "content": {"application/json": media}}},
        openapi_extra={"x-verb": "propose", "x-people": True, COMPONENTS: components, "requestBody": body_doc},
    )  # fmt: skip


def answer_of(made: Record) -> Decided:
    """Return what a caller is told of a decision."""
    what = made.decision
    return Decided(
        id=what.id, at_ms=what.at_ms, policy=what.policy, version=made.version, mode=what.mode, chosen=what.chosen[0],
        kind=what.kind if what.chosen[0] != NOTHING else NOTHING, params=_plain(what.params),
        propensity=what.propensity, arm=made.arm, possible=what.alternatives,
        refused=tuple(
            RefusedOffer(offer=one.id, zh=tuple(w.zh for w in one.refusals), en=tuple(w.en for w in one.refusals))
            for one in made.weighed if one.refusals
        ),
    )  # fmt: skip


def _plain(pairs: tuple[tuple[str, Scalar], ...]) -> dict[str, str | int | float | bool]:
    return dict(pairs)


_DECODE: Final = msgspec.json.Decoder(DecideBody).decode
_FILE: Final = {
    "name": "winback", "zh": "久未下单唤回", "en": "Win back", "mode": "propose", "hash": "5b0c…", "version": 3,
    "holdout": 0.1, "explore": 0.05, "offers": ["greeting", "coupon5"], "rules": 4,
    "reads": ["person.spend.since_last.life"], "wrong": "",
}  # fmt: skip
_RUN: Final = {
    "id": "5b0c6ab5e1f1b5a0c1f7e8a9d2c3b4a5", "policy": "winback", "hash": "5b0c…", "mode": "propose",
    "state": "waiting", "audience": "买过的人", "who": "zhou.ning", "known": 4512309, "begun_ms": 1763208000000,
    "at_ms": 1763208000000, "ended_ms": None, "send": True, "problem": "",
    "counts": {"people": 12480, "acting": 9310, "holdout": 1248, "cost_fen": 1862000},
}  # fmt: skip
_DECIDED: Final = {
    "id": "5b0c6ab5e1f1b5a0c1f7e8a9d2c3b4a5", "at_ms": 1763208000000, "policy": "winback", "version": 3, "mode": "auto",
    "chosen": "greeting", "kind": "message",
    "params": {"channel": "app", "content": "好久不见，最近上了新。", "purpose": "marketing"}, "propensity": 0.8725,
    "arm": "treated", "possible": ["greeting", "none"],
    "refused": [{"offer": "coupon5", "zh": ["每人每月优惠券：本月最多 3 张，已用 3 张"], "en": ["Coupons: at most 3"]}],
}  # fmt: skip
_STORY: Final[Mapping[str, Any]] = {
    "id": "5b0c6ab5e1f1b5a0c1f7e8a9d2c3b4a5", "story_zh": "……", "story_en": "…", "person_zh": "……", "person_en": "…",
    "text": "……",
}  # fmt: skip
