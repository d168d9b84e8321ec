"""Commands about metrics: the same numbers as the console's and the API's."""

from typing import Annotated

import typer

from guanxi.app import Workspace
from guanxi.app import cockpit as cockpits
from guanxi.app import evidence as behind
from guanxi.app import metrics as measured
from guanxi.app import scope as scopes
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    say,
    show_json,
    show_pairs,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.traits.metrics import MetricAnswer, MetricChange, Reading, metrics

commands = typer.Typer(cls=Commands, no_args_is_help=True, help="Metrics: one definition each, with evidence. 指标")

TimeOption = Annotated[
    str, typer.Option("--t", help="today, yesterday, 7d, 30d, week, last_week, month, custom:DAY..DAY. 时间")
]
CompareOption = Annotated[str, typer.Option("--cmp", help="prev, week, yoy or none. 对比")]
AlignOption = Annotated[str, typer.Option("--align", help="For yoy: solar, lunar or promotion. 同比对齐")]
PlatformsOption = Annotated[str, typer.Option("--pf", help="Comma-joined platform ids. 平台")]
AsOfOption = Annotated[str, typer.Option("--as-of", help="As known then: ISO time or milliseconds. 截至")]
CurrencyOption = Annotated[str, typer.Option("--currency", help="Of money; the most used one by default. 币种")]


@commands.command("list")
def list_metrics(as_json: JsonOption = False) -> None:
    """List every metric with its definition. 指标口径"""
    rows = [metric.row for metric in metrics().values()]
    if as_json:
        show_json(rows)
        return
    show_table(
        ("metric", "name 名称", "unit", "split by 拆分"),
        [(row.id, f"{row.zh} · {row.en}", row.unit, ", ".join(row.dimensions)) for row in rows],
    )


@commands.command()
def show(
    metric: Annotated[str, typer.Argument(help="Name of the metric, e.g. gmv_paid. 指标")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    t: TimeOption = "7d",
    cmp: CompareOption = "prev",
    align: AlignOption = "solar",
    pf: PlatformsOption = "",
    as_of: AsOfOption = "",
    currency: CurrencyOption = "",
    by: Annotated[str, typer.Option("--by", help="Split by a dimension that the metric allows. 拆分")] = "",
    sql: Annotated[bool, typer.Option("--sql", help="Print the query that gives the value. 查询语句")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one metric beside what it is compared with, and its parts. 查看一个指标"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, cmp=cmp, align=align, pf=pf, asof=as_of, currency=currency)
        if sql:
            typer.echo(behind.evidence(opened, asked, f"metric:{metric}", sees_people=False).sql)
            return
        found = measured.read_metric(opened, asked, metric)
        parts = measured.read_parts(opened, asked, metric, by) if by else []
    if as_json:
        show_json({"answer": found, "parts": parts, "known": asked.known, "window": asked.span,
                   "compared": asked.compared_span})  # fmt: skip
        return
    row = metrics()[metric]
    say(f"{row.definition_zh} {row.definition_en}")
    show_pairs([("metric", f"{found.metric} {found.zh}"), ("from 自", moment(asked.window.start_ms)),
                ("until 至", moment(asked.window.end_ms)), *_pairs(found)])  # fmt: skip
    show_table((by, "now", "before", "change", "of the change"), [_part(one, found) for one in parts])


@commands.command()
def cockpit(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    t: TimeOption = "7d",
    cmp: CompareOption = "prev",
    align: AlignOption = "solar",
    pf: PlatformsOption = "",
    as_of: AsOfOption = "",
    currency: CurrencyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show all platforms at a glance: is it well, where did it change, how fresh is it. 多平台驾驶舱"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, cmp=cmp, align=align, pf=pf, asof=as_of, currency=currency)
        found = cockpits.cockpit(opened, asked)
    if as_json:
        show_json(found)
        return
    show_table(
        ("metric", "now", "before", "change", "missing"),
        [(f"{one.metric} {one.zh}", value_text(one.current, one), value_text(one.compared, one), change_text(one),
          one.current.missing) for one in found.cards],
    )  # fmt: skip
    show_table(
        ("changed", "in", "now", "before", "of the change"),
        [(f"{one.metric} {one.zh}", one.part_zh, *_part(one, found.cards[0])[1:3], *_part(one, found.cards[0])[4:])
         for one in found.changes],
    )  # fmt: skip
    show_table(
        ("platform", "state", "newest event", "events"),
        [(f"{one.platform} {one.zh}", one.state, moment(one.newest_at_ms), one.events) for one in found.freshness],
    )
    show_table(("waits 待办", "count"), [(one.kind, one.count) for one in found.todo])


def value_text(reading: Reading | None, of: MetricAnswer | MetricChange, currency: str = "") -> str:
    """Return a value with its unit, "—" when it cannot be said."""
    return _text(None if reading is None else reading.value, of.unit, currency or getattr(of, "currency", "CNY"))


def change_text(one: MetricAnswer | MetricChange) -> str:
    """Return a change: per cent, or percentage points of a share."""
    if one.change is None:
        return "—"
    return f"{one.change * 100:+.1f}{' pt' if one.unit == 'share' else '%'}"


def _text(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return "—"
    if unit == "money":
        return amount_text(round(value), currency)
    return f"{value * 100:.2f}%" if unit == "share" else f"{value:,.2f}" if unit == "ratio" else f"{value:,.0f}"


def _pairs(found: MetricAnswer) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = [("now 当前", value_text(found.current, found)), ("n", found.current.n)]
    if found.current.missing:
        pairs.append(("missing 缺", found.current.missing))
    if found.compared is not None:
        pairs += [("before 对比", value_text(found.compared, found)), ("change 变化", change_text(found))]
    return pairs


def _part(one: MetricChange, of: MetricAnswer) -> tuple[str, str, str, str, str]:
    share = "—" if one.of_total is None else f"{one.of_total * 100:.0f}%"
    texts = (_text(value, one.unit, of.currency) for value in (one.current, one.compared))
    return (one.part_zh, *texts, change_text(one), share)  # type: ignore[return-value]  # two texts
