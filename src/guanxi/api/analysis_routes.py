"""The desk's routes about people and what they do: the list, RFM, repeat purchase, and the analyses (分析)."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from guanxi.api import analysis_examples as examples
from guanxi.api.access import Access
from guanxi.api.readers import Readers
from guanxi.api.routes import Routes
from guanxi.app import Workspace, analysis, labels
from guanxi.app import people as listed
from guanxi.app import scope as scopes
from guanxi.core import DataError
from guanxi.traits.labels import UNKNOWN
from guanxi.traits.metrics import (
    Cohorts,
    Distribution,
    EventTrend,
    Funnel,
    Intervals,
    Ltv,
    Paths,
    People,
    Repeat,
    Rfm,
)

T = Annotated[str, Query(max_length=40, description="7d, 30d, week, month, custom:YYYY-MM-DD..YYYY-MM-DD 时间")]
Pf = Annotated[str, Query(max_length=200, description="comma-joined platform ids; empty = all 平台")]
AsOf = Annotated[str, Query(max_length=40, description="as it was known then: ISO time or ms; empty = now 截至")]
KindName = Annotated[str, Query(max_length=100, description="kind of event: name or Chinese label 事件")]
Split = Annotated[str, Query(max_length=60, description="platform, or a property of the kind 拆分")]
RfmVariant = Annotated[
    Literal["quantile", "rule"] | None,
    Query(description="how scores are cut; empty = rfm.variant of the settings 分法"),
]
PeriodName = Literal["day", "week", "month"]

_LINE: Final = (
    "ref", "name", "platforms", "city", "orders", "amount", "last_order_ms", "recency_days", "r", "f", "m", "segment",
    "segment_zh", "segment_en", "first_seen_ms",
)  # fmt: skip
_SEGMENT: Final = (
    "id", "zh", "en", "people", "share", "amount", "recency_days", "frequency", "monetary", "rule_zh", "rule_en",
)  # fmt: skip
_LABEL: Final = ("id", "label_zh", "value", "zh", "en", "people", "share", "buyers", "amount")
_STEP: Final = ("part", "step", "kind", "zh", "people", "of_previous", "of_first", "median_ms")


class TrendRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of one part of a trend."""

    part: str
    start_ms: int
    value: float | None
    partial: bool


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One value of one label; those of whom it is unknown have no share."""

    id: str
    label_zh: str
    value: str
    zh: str
    en: str
    people: int
    share: float | None = None
    buyers: int | None = None
    amount: int | None = None


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one part of a funnel."""

    part: str
    step: int
    kind: str
    zh: str
    people: int
    of_previous: float | None
    of_first: float | None
    median_ms: float | None


class AgeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cohort at one age: people kept and their share, or money per buyer."""

    start_ms: int
    people: int
    age: int
    kept: int | None = None
    share: float | None = None
    amount: float | None = None


class SearchBody(BaseModel):
    """A personal value in full; it travels in the body, never in a URL."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"example": {"field": "phone", "value": "13800000000"}}
    )
    field: str = Field(max_length=40)
    value: str = Field(min_length=1, max_length=200)


def analysis_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about people and what they do; include them before those about one person."""
    routes = Routes(access, workspace.control, tag="people")
    _people_routes(routes, readers)
    _share_routes(routes, readers)
    explore = Routes(access, workspace.control, tag="explore")
    _step_routes(explore, readers)
    _cohort_routes(explore, readers)
    _spread_routes(explore, readers)
    routes.router.include_router(explore.router)
    return routes.router


def _people_routes(routes: Routes, readers: Readers) -> None:
    @routes.answer("/v1/people", zh="人群", en="People", example=examples.PEOPLE, columns=_LINE, people=True,
                   rows=lambda found: found.rows)  # fmt: skip
    def people(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "",
        segment: Annotated[str, Query(max_length=40, description="RFM segment, buyers or no_order 分群")] = "",
        q: Annotated[str, Query(max_length=200, description="beginning of an id, or an order number 编号")] = "",
        sort: Annotated[str, Query(max_length=40)] = "-amount", page: Annotated[int, Query(ge=1)] = 1,
        size: Annotated[int, Query(ge=1, le=1_000)] = 50, variant: RfmVariant = None,
        r: Annotated[int, Query(ge=0, le=5, description="score of recency; 0 = any")] = 0,
        f: Annotated[int, Query(ge=0, le=5, description="score of frequency; 0 = any")] = 0,
        label: Annotated[str, Query(max_length=400, description="gender:female,age:25-34; all must hold 标签")] = "",
    ) -> People:  # fmt: skip
        """Everybody who acted before the end of the asked time; names are masked."""
        if re.fullmatch(r"\s*(\+?86)?[-\s]?1[3-9](\d[-\s]?){9}\s*", q):
            raise DataError("this looks like a phone number", "Send it in the body of POST /v1/people/search", "q")
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, pf=pf, asof=asof)
            return listed.people(ws, asked, segment=segment, q=q, sort=sort, page=page, size=size, variant=variant,
                                 r=r, f=f, label=label)  # fmt: skip

    @routes.route("POST", "/v1/people/search", verb="view", zh="按个人信息查找", en="People by a personal value",
                  example=examples.PEOPLE, people=True)  # fmt: skip
    def search(request: Request, body: SearchBody) -> People:
        """The people who gave exactly this phone, address or card; found by a keyed hash, and logged without it."""
        routes.record(request, "search", "people", field=body.field)
        with readers.lend() as ws:
            asked = scopes.scope(ws, t="30d")
            return listed.people(ws, asked, found=listed.holders(ws, asked, body.field, body.value))


def _share_routes(routes: Routes, readers: Readers) -> None:
    @routes.answer("/v1/people/rfm", zh="RFM 分群", en="RFM segments", example=examples.RFM, columns=_SEGMENT,
                   rows=lambda found: found.segments)  # fmt: skip
    def rfm(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", variant: RfmVariant = None,
        split: Literal["mean", "median"] = "mean", naming: Literal["classic", "grid"] = "classic",
    ) -> Rfm:  # fmt: skip
        """Buyers before the end of the asked time by recency, frequency and money."""
        with readers.lend() as ws:
            return analysis.rfm(
                ws, scopes.scope(ws, t=t, pf=pf, asof=asof), variant=variant, split=split, naming=naming
            )

    @routes.answer("/v1/people/labels", zh="人群标签", en="Labels of people", example=examples.LABELS,
                   columns=_LABEL, rows=_label_rows)  # fmt: skip
    def people_labels(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "",
        segment: Annotated[str, Query(max_length=40, description="RFM segment, buyers or no_order 分群")] = "",
        variant: RfmVariant = None,
    ) -> labels.PeopleLabels:  # fmt: skip
        """Age, sex, region and work as people stated them, with shares; who does not consent bears none."""
        with readers.lend() as ws:
            return labels.labels(ws, scopes.scope(ws, t=t, pf=pf, asof=asof), segment=segment, variant=variant)

    @routes.answer("/v1/people/repeat", zh="复购", en="Repeat purchase", example=examples.REPEAT,
                   columns=("days", "share", "at_risk"), rows=lambda found: found.points)  # fmt: skip
    def repeat(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "",
        days: Annotated[str, Query(max_length=100, description="comma-joined 天数")] = "7,14,30,60,90,180,365",
    ) -> Repeat:  # fmt: skip
        """Share of first buyers with a second order within so many days, honest about those watched too shortly."""
        with readers.lend() as ws:
            return analysis.repeat(ws, scopes.scope(ws, t=t, pf=pf, asof=asof), days=_numbers(days))


def _step_routes(routes: Routes, readers: Readers) -> None:
    @routes.answer("/v1/explore/events", zh="事件分析", en="Events over time", example=examples.TREND,
                   columns=("part", "start_ms", "value", "partial"), rows=_trend_rows)  # fmt: skip
    def events(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", kind: KindName = "Order Completed",
        measure: Literal["events", "people", "amount"] = "events", by: Split = "",
        bucket: Literal["", "hour", "day", "week", "month"] = "",
    ) -> EventTrend:  # fmt: skip
        """Events that people did, how many people, or the amount, over time."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, pf=pf, asof=asof)
            return analysis.trend(ws, asked, kind=kind, measure=measure, by=by, bucket=bucket)

    @routes.answer("/v1/explore/funnel", zh="漏斗分析", en="Funnel", example=examples.FUNNEL, columns=_STEP,
                   rows=_funnel_rows)  # fmt: skip
    def funnel(
        request: Request, steps: Annotated[str, Query(max_length=1_100, description="comma-joined kinds 步骤")],
        t: T = "30d", pf: Pf = "", asof: AsOf = "",
        within: Annotated[str, Query(max_length=20, description="30m, 12h, 7d 时限")] = "7d", by: Split = "",
    ) -> Funnel:  # fmt: skip
        """People who did the steps in order, from their first time in the window."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, pf=pf, asof=asof)
            return analysis.funnel(ws, asked, steps=_names(steps), within=within, by=by)

    @routes.answer("/v1/explore/paths", zh="用户路径", en="Paths", example=examples.PATHS,
                   columns=("place", "source", "target", "sessions"), rows=lambda found: found.links)  # fmt: skip
    def paths(
        request: Request, start: KindName, t: T = "7d", pf: Pf = "", asof: AsOf = "", backwards: bool = False,
        depth: Annotated[int, Query(description="steps, 1..8 步数")] = 4,
        top: Annotated[int, Query(ge=1, le=20, description="kinds named at each step 每步列出")] = 6,
        kinds: Annotated[str, Query(max_length=4_000, description="kinds that count as steps 计入的事件")] = "",
    ) -> Paths:  # fmt: skip
        """What people do after or before a kind, within sessions."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, pf=pf, asof=asof)
            return analysis.paths(
                ws, asked, start=start, backwards=backwards, depth=depth, top=top, kinds=_names(kinds)
            )


def _cohort_routes(routes: Routes, readers: Readers) -> None:
    @routes.answer("/v1/explore/retention", zh="留存分析", en="Retention", example=examples.COHORTS,
                   columns=("start_ms", "people", "age", "kept", "share"), rows=_kept_rows)  # fmt: skip
    def retention(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", start: KindName = "", back: KindName = "",
        period: PeriodName = "week", ages: Annotated[int, Query(ge=0, le=400)] = 0,
    ) -> Cohorts:  # fmt: skip
        """Who came back in later periods; without `start` those who first bought."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, pf=pf, asof=asof)
            return analysis.retention(ws, asked, start=start, back=back, period=period, ages=ages)

    @routes.answer("/v1/explore/ltv", zh="LTV 分析", en="Lifetime value", example=examples.LTV,
                   columns=("start_ms", "people", "age", "amount"), rows=_ltv_rows)  # fmt: skip
    def ltv(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", period: PeriodName = "month",
        ages: Annotated[int, Query(ge=0, le=400)] = 0,
    ) -> Ltv:  # fmt: skip
        """What buyers brought by the age of their cohort: paid less refunded, per buyer."""
        with readers.lend() as ws:
            return analysis.ltv(ws, scopes.scope(ws, t=t, pf=pf, asof=asof), period=period, ages=ages)


def _spread_routes(routes: Routes, readers: Readers) -> None:
    @routes.answer("/v1/explore/distribution", zh="分布分析", en="Distribution", example=examples.DISTRIBUTION,
                   columns=("low", "high", "people"), rows=lambda found: found.bins)  # fmt: skip
    def distribution(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", of: KindName = "Order Completed",
        unit: Literal["count", "money"] = "count",
    ) -> Distribution:  # fmt: skip
        """How events, or their amounts, are spread over people."""
        with readers.lend() as ws:
            return analysis.distribution(ws, scopes.scope(ws, t=t, pf=pf, asof=asof), of=of, unit=unit)

    @routes.answer("/v1/explore/interval", zh="间隔分析", en="Interval", example=examples.INTERVALS,
                   columns=("low", "high", "people"), rows=lambda found: found.bins)  # fmt: skip
    def interval(
        request: Request, t: T = "30d", pf: Pf = "", asof: AsOf = "", start: KindName = "Order Completed",
        back: KindName = "",
    ) -> Intervals:  # fmt: skip
        """How long it takes from one kind of event to the next of another, or of the same."""
        with readers.lend() as ws:
            return analysis.interval(ws, scopes.scope(ws, t=t, pf=pf, asof=asof), start=start, back=back)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _numbers(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,5}(,\d{1,5})*", text):
        raise DataError(f"the days are {text[:40]!r}", "Write numbers with commas, such as 7,30,90", "days")
    return tuple(map(int, text.split(",")))


def _label_rows(found: labels.PeopleLabels) -> Iterator[LabelRow]:
    for label in found.labels:
        for row in label.values:
            yield LabelRow(id=label.id, label_zh=label.zh, **msgspec.structs.asdict(row))
        yield LabelRow(id=label.id, label_zh=label.zh, value=UNKNOWN, zh="未知", en="Unknown", people=label.unknown)


def _trend_rows(found: EventTrend) -> Iterator[TrendRow]:
    for part, points in found.series:
        for point in points:
            yield TrendRow(part=part, start_ms=point.start_ms, value=point.value, partial=point.partial)


def _funnel_rows(found: Funnel) -> Iterator[StepRow]:
    for part, steps in found.groups:
        for number, step in enumerate(steps, 1):
            yield StepRow(part=part, step=number, **msgspec.structs.asdict(step))


def _kept_rows(found: Cohorts) -> Iterator[AgeRow]:
    for row in found.rows:
        for age, kept in enumerate(row.kept):
            share = kept / row.people if kept is not None and row.people else None
            yield AgeRow(start_ms=row.start_ms, people=row.people, age=age, kept=kept, share=share)


def _ltv_rows(found: Ltv) -> Iterator[AgeRow]:
    for row in found.rows:
        for age, amount in enumerate(row.amount):
            yield AgeRow(start_ms=row.start_ms, people=row.people, age=age, amount=amount)
