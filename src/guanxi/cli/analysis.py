"""Commands about people and what they do: `guanxi people …` and `guanxi explore …`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from guanxi.app import Workspace, analysis
from guanxi.app import people as listed
from guanxi.app import scope as scopes
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    say,
    show_json,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.core import SHANGHAI, from_ms
from guanxi.traits.metrics import Bin

people = typer.Typer(cls=Commands, no_args_is_help=True, help="People: who they are, RFM, repeat purchase. 人群")
explore = typer.Typer(cls=Commands, no_args_is_help=True, help="Analyses of what people do. 分析")

T = Annotated[str, typer.Option("--t", help="7d, 30d, week, month, custom:YYYY-MM-DD..YYYY-MM-DD. 时间")]
Pf = Annotated[str, typer.Option("--pf", help="Platform ids with commas. 平台")]
AsOf = Annotated[str, typer.Option("--as-of", help="As it was known then. 截至时间")]
By = Annotated[str, typer.Option("--by", help="platform, or a property of the kind. 拆分")]
PeriodOption = Annotated[str, typer.Option("--period", help="day, week or month. 周期")]
KindArgument = Annotated[str, typer.Argument(help="Kind of event: name or Chinese label. 事件")]
_ORDER = "Order Completed"


@people.command("list")
def people_list(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    segment: Annotated[str, typer.Option("--segment", help="RFM segment, buyers or no_order. 分群")] = "",
    q: Annotated[str, typer.Option("--q", help="Beginning of an id, or an order number. 编号")] = "",
    sort: Annotated[
        str, typer.Option("--sort", help="[-]amount, orders, recency, first_seen, ref. 排序")
    ] = "-amount",
    page: Annotated[int, typer.Option("--page", min=1, help="Which page. 第几页")] = 1,
    size: Annotated[int, typer.Option("--size", "-n", min=1, max=1_000, help="Rows of a page. 每页")] = 20,
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List people with what they bought; names are masked. 人群列表"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = listed.people(opened, asked, segment=segment, q=q, sort=sort, page=page, size=size)
    if as_json:
        show_json(found)
        return
    say(f"{found.total:,} people, page {found.page} · 共 {found.total:,} 人,第 {found.page} 页")
    show_table(
        ("person 人", "name 名", "city 城市", "orders 订单", "amount 金额", "last 最近", "RFM", "segment 分群"),
        [
            (row.ref, row.name, row.city, row.orders, amount_text(row.amount, found.currency),
             moment(row.last_order_ms), f"{row.r}{row.f}{row.m}" if row.r else "—", row.segment_zh or "—")
            for row in found.rows
        ],
        empty="Nobody. 没有人",
    )  # fmt: skip


@people.command()
def rfm(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    variant: Annotated[str, typer.Option("--variant", help="quantile or rule. 分位数或业务规则")] = "quantile",
    split: Annotated[str, typer.Option("--split", help="mean or median. 均值或中位数")] = "mean",
    naming: Annotated[str, typer.Option("--naming", help="classic or grid. 八类或十类")] = "classic",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Share buyers out into RFM segments. RFM 分群"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = analysis.rfm(opened, asked, variant=variant, split=split, naming=naming)  # type: ignore[arg-type]  # checked there
    if as_json:
        show_json(found)
        return
    say(
        f"{found.buyers:,} buyers before {moment(found.cut_off_ms)} · R < {_joined(found.cuts_recency)} days,"
        f" F ≥ {_joined(found.cuts_frequency)} orders, M ≥ {_joined(found.cuts_monetary)} minor units"
    )
    show_table(
        ("segment 分群", "people 人数", "share 占比", "amount 金额", "days 天数", "orders 订单", "rule 规则"),
        [
            (f"{row.zh} {row.en}", row.people, f"{row.share:.1%}", amount_text(row.amount, found.currency),
             row.recency_days, row.frequency, row.rule_zh)
            for row in found.segments
        ],
    )  # fmt: skip


@people.command()
def repeat(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, t: T = "30d", pf: Pf = "", as_of: AsOf = "",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say who bought again within how many days. 复购"""
    with Workspace.open(workspace) as opened:
        found = analysis.repeat(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of))
    if as_json:
        show_json(found)
        return
    say(
        f"{found.buyers:,} first buyers, {found.again:,} bought again"
        f" · 首购 {found.buyers:,} 人,已复购 {found.again:,} 人"
    )
    show_table(
        ("days 天内", "share 复购率", "watched 观察中"),
        [(one.days, _share(one.share), one.at_risk) for one in found.points],
    )


@explore.command()
def events(
    kind: KindArgument = _ORDER, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    measure: Annotated[str, typer.Option("--measure", help="events, people or amount. 指标")] = "events",
    by: By = "", bucket: Annotated[str, typer.Option("--bucket", help="hour, day, week, month. 粒度")] = "",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Count a kind of event over time. 事件分析"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = analysis.trend(opened, asked, kind=kind, measure=measure, by=by, bucket=bucket)
    if as_json:
        show_json(found)
        return
    rows = [(part or "all 全部", moment(one.start_ms), one.value) for part, points in found.series for one in points]
    show_table(("part 拆分", "from 起", f"{measure}"), rows, empty="No such events. 没有这类事件")


@explore.command()
def funnel(
    steps: Annotated[list[str], typer.Argument(help="Kinds of event, in order. 步骤")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    within: Annotated[str, typer.Option("--within", help="30m, 12h, 7d from the first step. 时限")] = "7d",
    by: By = "", t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Count who did steps in order within a time limit. 漏斗分析"""
    with Workspace.open(workspace) as opened:
        found = analysis.funnel(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), steps=steps, within=within, by=by)
    if as_json:
        show_json(found)
        return
    rows = [
        (part or "all 全部", f"{step.kind} {step.zh}", step.people, _share(step.of_previous), _share(step.of_first),
         _long(step.median_ms))
        for part, steps_of in found.groups for step in steps_of
    ]  # fmt: skip
    show_table(("part 拆分", "step 步骤", "people 人数", "of previous 占上步", "of first 占首步", "median 用时"), rows)


@explore.command()
def retention(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    start: Annotated[str, typer.Option("--start", help="First kind; the first purchase when left out. 起始")] = "",
    back: Annotated[str, typer.Option("--back", help="Kind of coming back; the same when left out. 回访")] = "",
    period: PeriodOption = "week", t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say who came back in later periods. 留存分析"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = analysis.retention(opened, asked, start=start, back=back, period=period)
    if as_json:
        show_json(found)
        return
    rows = [(_day(row.start_ms), row.people, *row.kept) for row in found.rows]
    rows.append(("all 全部", sum(row.people for row in found.rows), *map(_share, found.overall)))
    show_table(("cohort 批次", "people 人数", *_ages(found.overall)), rows)


@explore.command()
def ltv(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, period: PeriodOption = "month", t: T = "30d", pf: Pf = "",
    as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say what a buyer of each cohort brought by each age, refunds taken off. LTV 分析"""
    with Workspace.open(workspace) as opened:
        found = analysis.ltv(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), period=period)
    if as_json:
        show_json(found)
        return

    def money(values: Iterable[float | None]) -> list[str]:
        return ["—" if one is None else amount_text(round(one), found.currency) for one in values]

    rows = [(_day(row.start_ms), row.people, *money(row.amount)) for row in found.rows]
    rows.append(("all 全部", sum(row.people for row in found.rows), *money(found.overall)))
    show_table(("cohort 批次", "people 人数", *_ages(found.overall)), rows)


@explore.command()
def paths(
    start: KindArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    backwards: Annotated[bool, typer.Option("--backwards", help="What came before. 看之前")] = False,
    depth: Annotated[int, typer.Option("--depth", help="Steps, 1 to 8. 步数")] = 4,
    t: T = "7d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show what people do after (or before) a kind of event. 用户路径"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = analysis.paths(opened, asked, start=start, backwards=backwards, depth=depth)
    if as_json:
        show_json(found)
        return
    say(f"{found.sessions:,} sessions · {found.sessions:,} 次会话")
    rows = [(one.place, found.names[one.source], found.names[one.target], one.sessions) for one in found.links]
    show_table(("place 位置", "from 从", "to 到", "sessions 会话"), rows, empty="No such sessions. 没有这样的会话")


@explore.command()
def distribution(
    of: KindArgument = _ORDER, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    unit: Annotated[str, typer.Option("--unit", help="count or money. 次数或金额")] = "count",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how a count or an amount is spread over people. 分布分析"""
    with Workspace.open(workspace) as opened:
        found = analysis.distribution(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), of=of, unit=unit)
    if as_json:
        show_json(found)
        return
    _show_bins(found.bins, "people 人数")


@explore.command()
def interval(
    start: KindArgument = _ORDER, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    back: Annotated[str, typer.Option("--back", help="The kind that ends it; the same when left out. 结束")] = "",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how many days lie between two kinds of event. 间隔分析"""
    with Workspace.open(workspace) as opened:
        found = analysis.interval(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), start=start, back=back)
    if as_json:
        show_json(found)
        return
    _show_bins(found.bins, "pairs 次数")


def _show_bins(bins: Iterable[Bin], counted: str) -> None:
    rows = [(one.low, "and more 以上" if one.high is None else f"{one.high:g}", one.people) for one in bins]
    show_table(("from 起", "below 止", counted), rows, empty="Nothing. 没有数据")


def _ages(values: tuple[float | None, ...]) -> list[str]:
    return [f"+{age}" for age in range(len(values))]


def _day(ms: int) -> str:
    return from_ms(ms, zone=SHANGHAI).strftime("%Y-%m-%d")


def _joined(cuts: tuple[float, ...]) -> str:
    return "/".join(f"{cut:g}" for cut in cuts) or "—"


def _long(ms: float | None) -> str:
    if ms is None:
        return "—"
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= length:
            return f"{ms / length:.1f} {unit}"
    return f"{ms / 1000:.1f} s"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"
