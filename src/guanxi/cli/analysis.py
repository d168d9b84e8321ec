"""Commands about what people do: `guanxi explore …`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from guanxi.app import Workspace, analysis
from guanxi.app import scope as scopes
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    say,
    share_text,
    show_json,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.core import SHANGHAI, from_ms
from guanxi.traits.metrics import Distribution, Intervals

explore = typer.Typer(cls=Commands, no_args_is_help=True, help="Analyses of what people do. 分析")

T = Annotated[str, typer.Option("--t", help="7d, 30d, week, month, custom:YYYY-MM-DD..YYYY-MM-DD. 时间")]
Pf = Annotated[str, typer.Option("--pf", help="Platform ids with commas. 平台")]
AsOf = Annotated[str, typer.Option("--as-of", help="As it was known then. 截至时间")]
By = Annotated[str, typer.Option("--by", help="platform, or a property of the kind. 拆分")]
PeriodOption = Annotated[str, typer.Option("--period", help="day, week or month. 周期")]
KindArgument = Annotated[str, typer.Argument(help="Kind of event: name or Chinese label. 事件")]
_ORDER = "Order Completed"


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
        (part or "all 全部", f"{step.kind} {step.zh}", step.people, share_text(step.of_previous),
         share_text(step.of_first), _long(step.median_ms))
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
    rows.append(("all 全部", sum(row.people for row in found.rows), *map(share_text, found.overall)))
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
    _show_bins(found, "people 人数", as_json=as_json)


@explore.command()
def interval(
    start: KindArgument = _ORDER, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    back: Annotated[str, typer.Option("--back", help="The kind that ends it; the same when left out. 结束")] = "",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how many days lie between two kinds of event. 间隔分析"""
    with Workspace.open(workspace) as opened:
        found = analysis.interval(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), start=start, back=back)
    _show_bins(found, "pairs 次数", as_json=as_json)


def _show_bins(found: Distribution | Intervals, counted: str, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    rows = [(one.low, "and more 以上" if one.high is None else f"{one.high:g}", one.people) for one in found.bins]
    show_table(("from 起", "below 止", counted), rows, empty="Nothing. 没有数据")


def _ages(values: tuple[float | None, ...]) -> list[str]:
    return [f"+{age}" for age in range(len(values))]


def _day(ms: int) -> str:
    return from_ms(ms, zone=SHANGHAI).strftime("%Y-%m-%d")


def _long(ms: float | None) -> str:
    if ms is None:
        return "—"
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if ms >= length:
            return f"{ms / length:.1f} {unit}"
    return f"{ms / 1000:.1f} s"
