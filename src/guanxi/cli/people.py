"""Commands about people: `guanxi people …`."""

from typing import Annotated

import typer

from guanxi.app import Workspace, analysis, identity, labels
from guanxi.app import people as listed
from guanxi.app import scope as scopes
from guanxi.cli.analysis import AsOf, Pf, T
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    say,
    share_text,
    show_json,
    show_pairs,
    show_table,
)
from guanxi.cli.tree import Commands

commands = typer.Typer(cls=Commands, no_args_is_help=True, help="People: who they are, RFM, repeat purchase. 人群")

Why = Annotated[str, typer.Option("--reason", help="Why; kept in the log, so no personal value. 原因")]


@commands.command("list")
def people_list(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    segment: Annotated[str, typer.Option("--segment", help="RFM segment, buyers or no_order. 分群")] = "",
    q: Annotated[str, typer.Option("--q", help="Beginning of an id, or an order number. 编号")] = "",
    sort: Annotated[
        str, typer.Option("--sort", help="[-]amount, orders, recency, first_seen, ref. 排序")
    ] = "-amount",
    page: Annotated[int, typer.Option("--page", min=1, help="Which page. 第几页")] = 1,
    size: Annotated[int, typer.Option("--size", "-n", min=1, max=1_000, help="Rows of a page. 每页")] = 20,
    label: Annotated[str, typer.Option("--label", help="gender:female,age:25-34; all must hold. 标签")] = "",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List people with what they bought; names are masked. 人群列表"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = listed.people(opened, asked, segment=segment, q=q, sort=sort, page=page, size=size, label=label)
    if as_json:
        show_json(found)
        return
    say(f"{found.total:,} people, page {found.page} · 共 {found.total:,} 人，第 {found.page} 页")
    show_table(
        ("person 人", "name 名", "city 城市", "orders 订单", "amount 金额", "last 最近", "RFM", "segment 分群"),
        [
            (row.ref, row.name, row.city, row.orders, amount_text(row.amount, found.currency),
             moment(row.last_order_ms), f"{row.r}{row.f}{row.m}" if row.r else "—", row.segment_zh or "—")
            for row in found.rows
        ],
        empty="Nobody. 没有人",
    )  # fmt: skip


@commands.command()
def rfm(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    variant: Annotated[
        str, typer.Option("--variant", help="quantile or rule; rfm.variant of the settings when left out. 分法")
    ] = "",
    split: Annotated[str, typer.Option("--split", help="mean or median. 均值或中位数")] = "mean",
    naming: Annotated[str, typer.Option("--naming", help="classic or grid. 八类或十类")] = "classic",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Share buyers out into RFM segments. RFM 分群"""
    with Workspace.open(workspace) as opened:
        asked = scopes.scope(opened, t=t, pf=pf, asof=as_of)
        found = analysis.rfm(opened, asked, variant=variant or None, split=split, naming=naming)  # type: ignore[arg-type]  # checked there
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


@commands.command("labels")
def people_labels(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    segment: Annotated[str, typer.Option("--segment", help="RFM segment, buyers or no_order. 分群")] = "",
    t: T = "30d", pf: Pf = "", as_of: AsOf = "", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Count people by age, sex, region and work, as they stated them. 人群标签"""
    with Workspace.open(workspace) as opened:
        found = labels.labels(opened, scopes.scope(opened, t=t, pf=pf, asof=as_of), segment=segment)
    if as_json:
        show_json(found)
        return
    say(f"{found.people:,} people, {found.withheld:,} withheld by consent · 共 {found.people:,} 人")
    for one in found.labels:
        show_table(
            (f"{one.zh} {one.en}", "people 人数", "share 占比", "buyers 买家", "amount 金额"),
            [
                *((f"{row.zh} {row.en}" if row.zh != row.en else row.zh, row.people, share_text(row.share), row.buyers,
                   amount_text(row.amount, found.currency)) for row in one.values),
                ("unknown 未知", one.unknown, "—", "—", "—"),
            ],
            title=f"{one.definition_zh} {one.definition_en}",
        )  # fmt: skip


@commands.command()
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
        f" · 首购 {found.buyers:,} 人，已复购 {found.again:,} 人"
    )
    show_table(
        ("days 天内", "share 复购率", "watched 观察中"),
        [(one.days, share_text(one.share), one.at_risk) for one in found.points],
    )


@commands.command()
def merge(
    keep: Annotated[str, typer.Argument(help="type:scope:key of one account. 一个账号")],
    other: Annotated[str, typer.Argument(help="type:scope:key of the other. 另一个账号")],
    reason: Why, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say that two accounts are one person; `people split` takes it back. 合并为一人"""
    with Workspace.open(workspace) as opened:
        _show_change(identity.merge(opened, keep, other, reason=reason, who="cli"), as_json=as_json)


@commands.command()
def split(
    event: Annotated[str, typer.Argument(help="Id of the event that says they are one. 归并事件编号")],
    reason: Why, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take a merge back. 拆开"""
    with Workspace.open(workspace) as opened:
        _show_change(identity.split(opened, event, reason=reason, who="cli"), as_json=as_json)


def _show_change(change: identity.IdentityChange, *, as_json: bool) -> None:
    if as_json:
        show_json(change)
        return
    show_pairs([("event", change.event), ("person", change.canonical), ("also", ", ".join(change.members[1:]) or "—")])


def _joined(cuts: tuple[float, ...]) -> str:
    return "/".join(f"{cut:g}" for cut in cuts) or "—"
