"""The desk's routes about traits: the catalogue, one trait, how it is spread, why a value is what it is, values."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api.access import Access, Principal
from guanxi.api.errors import Problem
from guanxi.api.person_routes import AsOf, Ref, instant, now
from guanxi.api.readers import Readers
from guanxi.api.routes import Page, Routes
from guanxi.app import Workspace, trait_answers, trait_explain, trait_lineage, trait_replay, trait_spread
from guanxi.core import DataError

_COLUMNS: Final = (
    "name", "zh", "en", "unit", "party", "of", "aggregate", "window", "topic", "topic_zh", "privacy", "uses",
)  # fmt: skip
Name = Annotated[str, Path(max_length=120)]
Use = Annotated[Literal["", "profile", "risk"], Query(description="what for 用途")]
Until = Annotated[str, Query(max_length=40, description="only what happened before; empty = now 发生在此之前")]
Purpose = Annotated[str, Query(max_length=200, description="why sensitive values are read 查看用途")]

_ROW: Final = {
    "name": "person.spend.sum.30d", "zh": "此人近30天的付款金额合计",
    "en": "this person: total amount of orders paid, last 30 days",
    "unit": "money", "party": "person", "of": "spend", "aggregate": "sum", "window": "30d", "by": "", "over": "",
    "after": "", "via": "", "within": "", "rank": 1, "half_life": "", "privacy": "behaviour", "topic": "purchase",
    "topic_zh": "购买", "topic_en": "Purchase", "uses": ["profile"], "plan": "window", "why_zh": "…", "why_en": "…",
    "own": False,
}  # fmt: skip
_VALUE: Final = {
    "name": "person.spend.sum.30d", "zh": "此人近30天的付款金额合计",
    "en": "this person: total amount of orders paid, last 30 days",
    "unit": "money", "privacy": "behaviour", "value": 12_900, "state": "known",
    "rank": {"below": 0.87, "equal": 0.01, "n": 2_000, "value": 12_900, "until_ms": 1_767_801_600_000},
}  # fmt: skip
_PARTY: Final = {
    "asked": "account:app:u-1", "ref": "account:app:u-1", "until_ms": 1_767_830_400_000, "known": 42,
    "ranked_ms": 1_767_801_600_000, "people": 2_400, "drawn": 2_400,
    "topics": [{"topic": "purchase", "zh": "购买", "en": "Purchase", "rows": [_VALUE]}], "withheld": 0, "hidden": 0,
    "took_ms": 41.5,
}  # fmt: skip
_TABLE: Final = {
    "until_ms": 1_767_830_400_000, "known": 42, "names": ["person.spend.sum.30d"], "units": ["money"],
    "parties": ["account:app:u-1"], "rows": [[12_900]], "withheld": [], "hidden": [], "took_ms": 41.5,
}  # fmt: skip
_WHY: Final = {
    **{name: _ROW[name] for name in ("name", "zh", "en", "why_zh", "why_en", "party", "unit", "aggregate", "window")},
    "privacy": "behaviour", "asked": "account:app:u-1", "ref": "account:app:u-1", "value": 12_900, "known": 42,
    "until_ms": 1_767_830_400_000, "start_ms": 1_765_238_400_000, "names": None,
    "measures": [{
        "role": "of", "name": "spend", "zh": "付款", "en": "orders paid", "kinds": ["Order Completed"], "where": [],
        "value": "amount", "unit": "money", "events": 1, "valued": 1, "total": 12_900.0,
    }],
    "lineage": ["Order Completed (1) → spend → person.spend.sum.30d"],
    "events": [{
        "id": "5f0c5a5d9c1f4d7e8a2b3c4d5e6f7081", "seq": 41, "kind": "Order Completed", "zh": "订单付清",
        "clock_ms": 1_767_225_600_000, "at_ms": 1_767_225_600_000, "role": "of", "value": 12_900.0, "code": "",
    }],
    "neighbours": [], "total": 1,
}  # fmt: skip
_SPREAD: Final = {
    "name": "person.spend.sum.30d", "unit": "money", "party": "person", "known": 42, "until_ms": 1_767_830_400_000,
    "before_ms": 1_765_238_400_000, "parties": 200, "unknown": 0.0, "parties_before": 180, "unknown_before": 0.0,
    "mean": 12_900.0, "mean_before": 12_400.0, "least": 100.0, "most": 99_900.0,
    "quantiles": [{"share": 0.5, "value": 9_900.0}], "quantiles_before": [{"share": 0.5, "value": 9_700.0}],
    "bars": [{"low": 0.0, "high": 5_000.0, "text": "", "parties": 20, "share": 0.1, "before": 0.11}],
    "bins": [{"low": None, "high": 5_000.0, "text": "", "parties": 20, "share": 0.1, "before": 0.11}], "psi": 0.02,
    "chance": 0.09, "drift": "stable", "took_ms": 812.0,
}  # fmt: skip
_KIN: Final = {name: _ROW[name] for name in ("name", "zh", "en", "window")}
_DETAIL: Final = {
    **_ROW, "base": None, "windows": [_KIN], "readers": [], "by_zh": "", "by_en": "", "spread": "parties",
    "measures": [{
        "role": "of", "name": "spend", "zh": "付款", "en": "orders paid", "value": "amount", "value_zh": "金额",
        "value_en": "amount", "unit": "money",
        "kinds": [{"name": "Order Completed", "zh": "订单付清", "en": "Order Completed", "events": 42}],
        "where": [{"text": "hour < 6", "zh": "发生在 0 至 6 点", "en": "between 0:00 and 6:00"}],
    }],
}  # fmt: skip


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TraitsBody(_Body):
    """Which traits of which parties, as of when; sensitive ones need the right `reveal` and a purpose."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"parties": ["account:app:u-1"], "names": ["person.spend.sum.30d", "velocity"]}}
    )
    parties: list[Annotated[str, Field(max_length=700)]] = Field(min_length=1, max_length=10_000)
    names: list[Annotated[str, Field(max_length=120)]] = Field(min_length=1, max_length=1_000)
    until: int | None = None
    known: int | None = None
    use: Literal["", "profile", "risk"] = ""
    purpose: str = Field("", max_length=200)


def trait_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about traits; include them before those of one person, whose path takes what is left."""
    routes = Routes(access, workspace.control, tag="traits")
    _catalogue_routes(routes, readers)

    @routes.route("GET", "/v1/traits/{name}/explain", verb="view", zh="为什么是这个值", en="Why a trait is what it is",
                  people=True, example=_WHY)  # fmt: skip
    def why(
        request: Request, name: Name, ref: Annotated[str, Query(max_length=700, description="type:scope:key 参与方")],
        asof: AsOf = "", until: Until = "", use: Use = "", purpose: Purpose = "",
        limit: Annotated[int, Query(ge=0, le=1_000)] = trait_explain.SHOWN,
    ) -> trait_explain.TraitExplanation:  # fmt: skip
        """Definition, window and the very events behind a value, the newest first."""
        with readers.lend() as ws:
            _check_sensitive(routes, request, ws, name, purpose, "1 parties")
            at, known = _moment(ws, asof, until)
            return trait_explain.explain(ws, ref, name, until=at, known=known, use=use, limit=limit)

    @routes.route("POST", "/v1/traits", verb="view", zh="取特征值", en="Traits of parties", people=True,
                  example=_TABLE)  # fmt: skip
    def values(request: Request, body: TraitsBody) -> trait_answers.TraitTable:
        """One row a party, one value a trait or each trait of a topic; `known` fixes what had been learnt."""
        seen = _may_see(request, body.purpose)
        with readers.lend() as ws:
            found = trait_answers.trait_table(
                ws, body.parties, body.names, until=now() if body.until is None else body.until, known=body.known,
                use=body.use, sensitive=seen,
            )  # fmt: skip
            told = [one for one in found.names if ws.traits.rows[one].privacy == "sensitive"] if seen else []
        if told:
            _log(routes, request, body.purpose, told, f"{len(body.parties)} parties")
        return found

    @routes.route("GET", "/v1/people/{ref:path}/traits", verb="view", zh="一个人的特征", en="A person's traits",
                  people=True, example=_PARTY)  # fmt: skip
    def of_person(
        request: Request, ref: Ref, asof: AsOf = "", until: Until = "", use: Use = "", purpose: Purpose = "",
        topic: Annotated[str, Query(max_length=40, description="only this topic 主题")] = "",
    ) -> trait_answers.PartyTraits:  # fmt: skip
        """Every value with its sentence and unit; what consent or privacy holds back says so."""
        seen = _may_see(request, purpose)
        with readers.lend() as ws:
            at, known = _moment(ws, asof, until)
            found = trait_answers.party_traits(ws, ref, until=at, known=known, topic=topic, use=use, sensitive=seen)
        told = [one.name for part in found.topics for one in part.rows if one.privacy == "sensitive"] if seen else []
        if told:
            _log(routes, request, purpose, told, "1 parties")
        return found

    return routes.router


def _catalogue_routes(routes: Routes, readers: Readers) -> None:
    @routes.listing("/v1/traits", zh="特征目录", en="Definitions of traits", example=_ROW, columns=_COLUMNS)
    def catalogue(
        request: Request,
        q: Annotated[str, Query(max_length=100, description="words of the name or the sentence 搜索")] = "",
        topic: Annotated[str, Query(max_length=40)] = "", party: Annotated[str, Query(max_length=40)] = "",
        use: Use = "",
    ) -> Page[trait_answers.TraitRow]:  # fmt: skip
        with readers.lend() as ws:
            return Page(rows=trait_answers.catalogue(ws.traits, q=q, topic=topic, party=party, use=use))

    @routes.route("GET", "/v1/traits/{name}", verb="view", zh="一个特征", en="One trait", example=_DETAIL)
    def one(request: Request, name: Name) -> trait_lineage.TraitDetail:
        """Its row, and what it is made of: kinds of event, measures with their conditions in words, its readers."""
        with readers.lend() as ws:
            return trait_lineage.trait_detail(ws, name)

    @routes.route("GET", "/v1/traits/{name}/distribution", verb="view", zh="特征分布与漂移",
                  en="How a trait is spread, and how far it drifted in a month", example=_SPREAD)  # fmt: skip
    def spread(
        request: Request, name: Name, asof: AsOf = "", until: Until = "", purpose: Purpose = ""
    ) -> trait_spread.TraitSpread:
        """Over all parties of its type: bars, quantiles, the share unknown, and the same a month before."""
        with readers.lend() as ws:
            _check_sensitive(routes, request, ws, name, purpose, "all parties")
            if not asof and not until:
                return trait_spread.latest(ws, name, now=now())
            at, known = _moment(ws, asof, until)
            return trait_spread.distribution(ws, name, until=at, known=known)


def _moment(workspace: Workspace, asof: str, until: str) -> tuple[int, int | None]:
    """The instant that is looked at, and the last sequence number that was known then; None = all.

    asof   as it was known then; until: what happened before, as it is known now
    raises DataError when both are given
    """
    if asof and until:
        raise DataError("both asof and until are given", "Give one: as known then, or as known now", "until")
    at = instant(asof or until)
    return (now() if at is None else at), (trait_replay.known_then(workspace, at) if asof and at is not None else None)


def _may_see(request: Request, purpose: str) -> bool:
    me: Principal = request.state.me
    return "reveal" in me.verbs and len(purpose.strip()) >= 2


def _check_sensitive(
    routes: Routes, request: Request, workspace: Workspace, name: str, purpose: str, whom: str
) -> None:  # fmt: skip
    """Let whoever may see a trait pass; of a sensitive one it is logged.

    raises  Problem without the right or a purpose; NotFound for an unknown trait
    """
    if workspace.traits.rows[name].privacy != "sensitive":
        return
    if not _may_see(request, purpose):
        raise Problem(403, "this trait is sensitive: it needs the right 'reveal' and a purpose",
                      "Say the purpose, or ask an administrator for the right", "purpose")  # fmt: skip
    _log(routes, request, purpose, [name], whom)


def _log(routes: Routes, request: Request, purpose: str, names: list[str], whom: str) -> None:
    detail: dict[str, Any] = {"purpose": purpose.strip(), "traits": names[:20], "count": len(names)}
    routes.record(request, "reveal traits", whom, **detail)
