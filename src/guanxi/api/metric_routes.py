"""The desk's routes for metrics: the catalogue, values, series, the cockpit, freshness, evidence, what waits."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request

from guanxi.api.access import Access, Principal
from guanxi.api.errors import Problem
from guanxi.api.readers import Readers
from guanxi.api.routes import Page, Routes
from guanxi.app import Workspace
from guanxi.app import cockpit as cockpits
from guanxi.app import evidence as behind
from guanxi.app import inbox as inboxes
from guanxi.app import metrics as measured
from guanxi.app import scope as scopes
from guanxi.traits.metrics import (
    Cockpit,
    Evidence,
    Freshness,
    MetricAnswer,
    MetricChange,
    MetricRow,
    Series,
    Todo,
    metrics,
)

T = Annotated[str, Query(max_length=40, description="today, yesterday, 7d, 30d, week, last_week, month, custom:… 时间")]
Cmp = Annotated[str, Query(max_length=10, description="prev, week, yoy, none 对比")]
Align = Annotated[str, Query(max_length=10, description="solar, lunar, promotion 同比对齐")]
Pf = Annotated[str, Query(max_length=400, description="comma-joined platform ids 平台")]
AsOf = Annotated[str, Query(max_length=40, description="as known then: ISO time or ms 截至")]
Currency = Annotated[str, Query(max_length=3, description="of money; the most used one 币种")]
By = Annotated[str, Query(max_length=40, description="a dimension of the metric 拆分")]
Name = Annotated[str, Path(max_length=60)]

_READING: Final = {"value": 1_234_500.0, "n": 321, "numerator": None, "denominator": None, "missing": ""}
_ANSWER: Final = {
    "metric": "gmv_paid", "zh": "支付GMV", "en": "Paid GMV", "unit": "money", "better": "higher",
    "current": _READING, "compared": _READING, "change": 0.083, "currency": "CNY",
}  # fmt: skip
_ROW: Final = {
    "id": "gmv_paid", "zh": "支付GMV", "en": "Paid GMV", "unit": "money", "better": "higher", "grain": "order",
    "definition_zh": "窗口内付清的订单实付金额之和。", "definition_en": "What buyers paid for orders fully paid.",
    "dimensions": ["platform"], "needs": ["Order Completed"],
}  # fmt: skip
_SERIES: Final = {
    "key": "",
    "zh": "支付GMV",
    "points": [{"start_ms": 1_767_225_600_000, "value": 9.0, "partial": False}],
}
_CHANGE: Final = {
    "metric": "gmv_paid", "zh": "支付GMV", "en": "Paid GMV", "unit": "money", "better": "higher",
    "dimension": "platform", "part": "jd", "part_zh": "京东", "current": 9.0, "compared": 8.0, "change": 0.125,
    "of_total": 1.0, "stale": False, "effect": 100.0, "unusual": None,
}  # fmt: skip
_FRESH: Final = {
    "platform": "jd", "zh": "京东", "en": "JD", "disc": "东", "state": "fresh", "newest_at_ms": 1_767_225_600_000,
    "learnt_ms": 1_767_225_601_000, "promise_ms": 86_400_000, "events": 42,
}  # fmt: skip
_TODO: Final = {
    "kind": "parked", "count": 240, "path": "/data/parked", "since_ms": None, "zh": "240 行等着修好",
    "en": "240 rows wait to be mended", "cost_zh": "这些行还不在数字里", "cost_en": "They are in no number yet",
    "act_zh": "去修", "act_en": "Mend", "money": None, "people": None, "until_ms": None, "patient": True, "id": "",
}  # fmt: skip
_SPAN: Final = {"start_ms": 1_767_225_600_000, "end_ms": 1_767_830_400_000, "partial": True}
_COCKPIT: Final = {
    "known": 42, "as_of_ms": 1_767_830_400_000, "window": _SPAN, "compared": _SPAN, "cards": [_ANSWER],
    "freshness": [_FRESH], "changes": [_CHANGE], "metric": "gmv_paid", "trend": [_SERIES], "multiples": [_SERIES],
    "notes": [], "todo": [_TODO], "newest_at_ms": 1_767_225_600_000, "rows": 42, "took_ms": 41.5,
}  # fmt: skip
_EVIDENCE: Final = {
    "of": "metric:gmv_paid", "zh": "支付GMV", "en": "Paid GMV", "definition_zh": "…", "definition_en": "…",
    "unit": "CNY", "known": 42, "as_of_ms": 1_767_830_400_000, "window": _SPAN, "current": _READING,
    "compared": _READING, "sql": "SELECT …", "columns": ["at_ms"], "sample": [[1_767_225_600_000]], "rows": 321,
    "people": 200, "person_refs": [], "method_zh": "…", "method_en": "…",
    "lineage": ["import:jd_order → Order Completed → gmv_paid"], "command": "guanxi metrics show gmv_paid --t 7d",
}  # fmt: skip


def metric_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about metrics."""
    routes = Routes(access, workspace.control, tag="metrics")

    @routes.listing("/v1/metrics", zh="指标口径", en="Definitions of metrics", example=_ROW,
                    columns=("id", "zh", "en", "unit", "better", "grain", "definition_zh"))  # fmt: skip
    def catalogue(request: Request) -> Page[MetricRow]:
        return Page(rows=[metric.row for metric in metrics().values()])

    @routes.route("GET", "/v1/metrics/{name}", verb="view", zh="一个指标", en="One metric", example=_ANSWER)
    def metric(
        request: Request, name: Name, t: T = "7d", cmp: Cmp = "prev", align: Align = "solar", pf: Pf = "",
        asof: AsOf = "", currency: Currency = "",
    ) -> MetricAnswer:  # fmt: skip
        """A metric now beside what it is compared with; a running period with the same elapsed part."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, cmp=cmp, align=align, pf=pf, asof=asof, currency=currency)
            return measured.read_metric(ws, asked, name)

    @routes.route("GET", "/v1/metrics/{name}/parts", verb="view", zh="指标拆分", en="A metric part by part",
                  example={"rows": [_CHANGE], "next": None, "known": 42})  # fmt: skip
    def parts(
        request: Request, name: Name, by: By = "platform", t: T = "7d", cmp: Cmp = "prev", align: Align = "solar",
        pf: Pf = "", asof: AsOf = "", currency: Currency = "",
    ) -> Page[MetricChange]:  # fmt: skip
        """The largest parts of a dimension that the metric allows, with what each adds to the change."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, cmp=cmp, align=align, pf=pf, asof=asof, currency=currency)
            return Page(rows=measured.read_parts(ws, asked, name, by), known=asked.known)

    @routes.route("GET", "/v1/metrics/{name}/series", verb="view", zh="指标走势", en="A metric over time",
                  example=[_SERIES])  # fmt: skip
    def series(
        request: Request, name: Name, by: By = "", t: T = "7d", cmp: Cmp = "prev", align: Align = "solar",
        pf: Pf = "", asof: AsOf = "", currency: Currency = "",
        bucket: Annotated[str, Query(max_length=10, description="hour, day, week, month 粒度")] = "",
    ) -> tuple[Series, ...]:  # fmt: skip
        """The whole, what it is compared with (key "compared"), then its parts."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, cmp=cmp, align=align, pf=pf, asof=asof, currency=currency)
            return measured.read_series(ws, asked, name, by=by, bucket=bucket)

    return routes.router


def cockpit_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes of the cockpit and of evidence."""
    routes = Routes(access, workspace.control, tag="metrics")

    @routes.route("GET", "/v1/cockpit", verb="view", zh="多平台驾驶舱", en="The cockpit", example=_COCKPIT)
    def cockpit(
        request: Request, t: T = "7d", cmp: Cmp = "prev", align: Align = "solar", pf: Pf = "", asof: AsOf = "",
        currency: Currency = "", metric: Annotated[str, Query(max_length=60, description="of the trend 指标")] = "",
    ) -> Cockpit:  # fmt: skip
        """Cards, what changed and where, freshness against each platform's promise, trend, notes, what waits."""
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, cmp=cmp, align=align, pf=pf, asof=asof, currency=currency)
            return cockpits.cockpit(ws, asked, metric=metric, viewer=_viewer(request))

    @routes.route("GET", "/v1/freshness", verb="view", zh="数据新鲜度", en="How fresh each platform is",
                  example=[_FRESH])  # fmt: skip
    def fresh(request: Request, pf: Pf = "", asof: AsOf = "") -> tuple[Freshness, ...]:
        with readers.lend() as ws:
            return cockpits.platform_freshness(ws, scopes.scope(ws, pf=pf, asof=asof))

    @routes.route("GET", "/v1/todo", verb="view", zh="待办", en="What waits for a person", example=[_TODO])
    def waiting(request: Request) -> tuple[Todo, ...]:
        """One list of all that waits for whoever asks, what waiting costs first."""
        with readers.lend() as ws:
            asked = scopes.scope(ws)
            fresh = cockpits.platform_freshness(ws, asked)
            return inboxes.inbox(ws, fresh=fresh, now_ms=asked.now_ms, viewer=_viewer(request))

    @routes.route("GET", "/v1/evidence", verb="view", zh="依据", en="What stands behind a number", example=_EVIDENCE)
    def evidence(
        request: Request,
        of: Annotated[str, Query(max_length=700, description="metric:ID, change:ID:PLATFORM, event:ID, party:REF")],
        t: T = "7d", cmp: Cmp = "prev", align: Align = "solar", pf: Pf = "", asof: AsOf = "",
        currency: Currency = "",
    ) -> Evidence:  # fmt: skip
        """Definition, query, rows, people, lineage; single rows and people only for those who may see them."""
        me: Principal = request.state.me
        if not of.startswith(("metric:", "change:")) and not me.sees_people:
            raise Problem(403, "this role sees totals, not people", "Ask an administrator for another role")
        with readers.lend() as ws:
            asked = scopes.scope(ws, t=t, cmp=cmp, align=align, pf=pf, asof=asof, currency=currency)
            return behind.evidence(ws, asked, of, sees_people=me.sees_people)

    return routes.router


def _viewer(request: Request) -> inboxes.Viewer:
    me: Principal = request.state.me
    return inboxes.Viewer(who=me.who, verbs=me.verbs)
