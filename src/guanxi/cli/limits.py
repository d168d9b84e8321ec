"""Commands about limits."""

from typing import Annotated, Any, Final

import typer

from guanxi.app import Workspace, limits
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    moment,
    say,
    show_json,
    show_pairs,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.engines.log import now_ms
from guanxi.ledger import unit_of

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Limits: what may be used of what, and who changed it. 限额"
)
WHO: Final = "cli"

NameArgument = Annotated[str, typer.Argument(help="Name from `limits list`. 限额名称")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; everyone can read it. 原因")]


@commands.command("list")
def list_limits(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List limits with what is used, reserved and left. 限额清单"""
    with Workspace.open(workspace) as opened:
        found = limits.limit_states(opened, now_ms=now_ms())
    if as_json:
        show_json(found)
        return
    show_table(
        ("limit 限额", "name 名称", "counts 计法", "cap 上限", "used 已用", "reserved 预留", "free 余"),
        [_line(one) for one in found],
        keep=("limit 限额",),
    )


@commands.command("show")
def show_limit(
    name: NameArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False
) -> None:  # fmt: skip
    """Show one limit: what it counts, how it stands, who may change it. 查看限额"""
    with Workspace.open(workspace) as opened:
        [found] = limits.limit_states(opened, now_ms=now_ms(), name=name)
    if as_json:
        show_json(found)
        return
    show_pairs(
        [
            ("limit 限额", f"{found.zh} · {found.en}"), ("counts 计法", f"{found.words_zh} · {found.words_en}"),
            ("cap 上限", _amount(found.cap, found.unit) if found.holds else "taken away 已停用"),
            ("shipped 出厂", "own 自定" if found.shipped_cap is None else _amount(found.shipped_cap, found.unit)),
            ("since 起于", moment(found.since_ms) if found.since_ms else "as shipped 出厂"), ("who 谁", found.who),
            ("reason 原因", found.reason_zh), ("may change 可调整", ", ".join(found.raisers_en)),
            ("counted 计数账户", f"{found.subjects:,}: {found.near:,} near, {found.full:,} full, {found.over:,} over"),
        ]
    )  # fmt: skip
    if found.bars:
        columns = ("subject 对象", "used 已用", "reserved 预留", "free 余", "more from 恢复")
        show_table(columns, [_bar(one) for one in found.bars])


@commands.command("set")
def set_limit(
    name: NameArgument,
    cap: Annotated[int | None, typer.Option("--cap", min=0, help="In the unit; money in fen. 上限，金额按分")] = None,
    reason: ReasonOption = "",
    zh: Annotated[str, typer.Option("--zh", help="Chinese name. 中文名")] = "",
    en: Annotated[str, typer.Option("--en", help="English name. 英文名")] = "",
    unit: Annotated[str, typer.Option("--unit", help="contacts, fen, coupons, … of a new limit. 单位")] = "",
    per: Annotated[str, typer.Option("--per", help="person,policy,… of a new limit. 按什么分开计")] = "",
    window: Annotated[str, typer.Option("--window", help="7d, 12h, day, week or month. 窗口")] = "",
    channels: Annotated[str, typer.Option("--channels", help="Comma-joined. 渠道")] = "",
    purposes: Annotated[str, typer.Option("--purposes", help="Comma-joined. 用途")] = "",
    hours: Annotated[str, typer.Option("--hours", help="22:00-08:00. 时段")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do. 只看影响")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Change a limit, or make one; what is not named stays. 改限额"""
    fields: dict[str, Any] = {
        key: value for key, value in (("zh", zh), ("en", en), ("unit", unit), ("window", window)) if value
    }
    fields |= {
        key: value.split(",") for key, value in (("per", per), ("channels", channels), ("purposes", purposes)) if value
    }
    if cap is not None:
        fields["cap"] = cap
    if hours:
        fields["hours"] = hours.split("-")
    with Workspace.open(workspace) as opened:
        limit = limits.amended_limit(opened, name, fields)
        if dry_run:
            done = limits.preview_limit(opened, limit, now_ms=now_ms())
        else:
            done = limits.set_limit(opened, limit, who=WHO, reason=reason, now_ms=now_ms())
            opened.control.record(
                who=WHO, verb="limit.set", object=name,
                detail={"before": done.cap_before, "after": done.cap_after, "reason": reason},
            )  # fmt: skip
    if as_json:
        show_json(done)
        return
    before = "none 无" if done.cap_before is None else _amount(done.cap_before, limit.unit)
    verb = "Would change" if dry_run else "Changed"
    say(f"{verb} {name}: {before} to {_amount(limit.cap, limit.unit)}.")
    if done.over:
        say(
            f"{done.over:,} of {done.subjects:,} stand above it, the first by {_amount(done.over_most, limit.unit)}: "
            "what they used stays, nothing more is admitted for them until it comes free. 超出的不再放行，已用的不追回"
        )
    if done.later:
        say("Accounts of people follow when they are next used. 每人的账户在下次使用时生效")


@commands.command("remove")
def remove_limit(name: NameArgument, reason: ReasonOption = "", workspace: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Take a limit away; its history stays. 停用限额"""
    with Workspace.open(workspace) as opened:
        done = limits.remove_limit(opened, name, who=WHO, reason=reason, now_ms=now_ms())
        detail = {"before": done.cap_before, "reason": reason}
        opened.control.record(who=WHO, verb="limit.remove", object=name, detail=detail)
    say(f"Took {name} away. Bring it back with `guanxi limits set {name} --cap {done.cap_before} --reason …`.")


@commands.command("history")
def show_history(
    name: NameArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False
) -> None:  # fmt: skip
    """Show every version of a limit, the newest first. 限额历史"""
    with Workspace.open(workspace) as opened:
        found = limits.limit_detail(opened, name, now_ms=now_ms())
    if as_json:
        show_json(found.history)
        return
    show_table(
        ("version 版本", "since 起于", "cap 上限", "who 谁", "reason 原因"),
        [
            (
                str(one.number), moment(one.since_ms) if one.since_ms else "as shipped 出厂",
                "taken away 停用" if one.cap is None else _amount(one.cap, found.state.unit), one.who, one.reason_zh,
            )
            for one in found.history
        ],
    )  # fmt: skip


def _line(one: limits.LimitState) -> tuple[object, ...]:
    cap = _amount(one.cap, one.unit) if one.holds else "—"
    if len(one.bars) == 1 and not one.bars[0].subject:
        [bar] = one.bars
        left = tuple(_amount(amount, one.unit) for amount in (bar.used, bar.reserved, bar.free))
    else:
        left = (f"{one.subjects:,} counted", "", f"{one.full + one.over:,} full" if one.subjects else "")
    return (one.name, one.zh, one.words_zh, cap, *left)


def _bar(one: limits.LimitBar) -> tuple[object, ...]:
    subject = ", ".join(one.subject.values()) or "all 全店"
    amounts = (_amount(amount, one.unit) for amount in (one.used, one.reserved, one.free))
    return (subject, *amounts, moment(one.resets_ms))


def _amount(amount: int, unit: str) -> str:
    row = unit_of(unit)
    return row.show(amount) if row.scale else f"{amount:,}"
