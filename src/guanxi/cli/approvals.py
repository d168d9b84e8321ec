"""Commands about approvals: list, show, approve, refuse, withdraw, undo."""

from pathlib import Path
from typing import Annotated, Final

import typer

from guanxi.app import VERBS, Workspace, approval_view, approving
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
    talk,
)
from guanxi.cli.tree import Commands
from guanxi.core import Refused
from guanxi.decisions import APPROVAL_STATES, ApprovalLimit, Ballot
from guanxi.engines.log import now_ms
from guanxi.ledger import unit_of

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Approvals: what waits for a person before anybody is touched. 审批"
)
MACHINE: Final = "cli"  # whoever works at the machine itself, as the operation log names it

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id from `approvals list`. 编号")]
AsOption = Annotated[str, typer.Option("--as", help="Who votes; asks for the password. 以谁的身份")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why. 原因")]


@commands.command("list")
def list_(
    state: Annotated[
        str, typer.Option("--state", help=f"{', '.join(APPROVAL_STATES)}; all when left out. 状态")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many. 条数")] = 50,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List approvals, the latest asked first. 审批清单"""
    with Workspace.open(workspace) as opened:
        rows = approval_view.approval_lines(
            opened, state=state, after="", limit=limit, who=MACHINE, verbs=frozenset(VERBS), now_ms=now_ms()
        )  # fmt: skip
    if as_json:
        show_json(rows)
        return
    if not rows:
        say("Nothing waits, and nothing was decided. 没有审批")
        return
    show_table(
        ("id", "what 事项", "state 状态", "people 人数", "cost 花费", "missing 还差", "by 提议人", "until 截止"),
        [
            (one.id, one.title_zh, one.state, f"{one.people:,}", amount_text(one.cost, "CNY"), str(one.missing),
             one.who, moment(one.until_ms))
            for one in rows
        ],
    )  # fmt: skip


@commands.command()
def show(approval: IdArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Show what one would do, to whom, for how much, within which limits. 看一项审批"""
    with Workspace.open(workspace) as opened:
        found = _view(opened, approval)
    if as_json:
        show_json(found)
    else:
        _show(found)


@commands.command()
def approve(
    approval: IdArgument, who: AsOption, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False
) -> None:
    """Agree to it as it stands now; above a threshold a second person must too. 批准"""
    _vote(approval, "approve", who=who, reason="", workspace=workspace, as_json=as_json)


@commands.command()
def refuse(
    approval: IdArgument, who: AsOption, reason: ReasonOption, workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say no and why; nothing of it is sent. 驳回"""
    _vote(approval, "refuse", who=who, reason=reason, workspace=workspace, as_json=as_json)


@commands.command()
def withdraw(
    approval: IdArgument, who: AsOption = "", reason: ReasonOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take back what you proposed, or what was proposed at this machine. 撤回提议"""
    with Workspace.open(workspace) as opened:
        name = _signed_in(opened, who, "propose") if who else MACHINE
        done = approving.withdraw(opened.control, approval, who=name, reason=reason, now_ms=now_ms())
        _told(opened, "approval.withdraw", name, done, as_json=as_json)


@commands.command()
def undo(
    approval: IdArgument, who: AsOption = "", reason: ReasonOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take back what was approved and not sent yet; says how much was sent. 撤销批准"""
    with Workspace.open(workspace) as opened:
        name = _signed_in(opened, who, "approve") if who else MACHINE
        done = approving.undo(opened.control, approval, who=name, reason=reason, now_ms=now_ms())
        _told(opened, "approval.undo", name, done, as_json=as_json)


def _vote(
    approval: str, ballot: Ballot, *, who: str, reason: str, workspace: Path,
    as_json: bool,
) -> None:  # fmt: skip
    with Workspace.open(workspace) as opened:
        found = _view(opened, approval)
        if not as_json:
            _show(found)
        name = _signed_in(opened, who, "approve")
        done = approving.vote(
            opened.control, approval, ballot=ballot, who=name, content=found.content, reason=reason, now_ms=now_ms()
        )  # fmt: skip
        _told(opened, f"approval.{ballot}", name, done, as_json=as_json)


def _view(opened: Workspace, approval: str) -> approval_view.ApprovalView:
    return approval_view.approval_view(
        opened, approval, who=MACHINE, verbs=frozenset(VERBS), sees_people=True, now_ms=now_ms()
    )  # fmt: skip


def _signed_in(opened: Workspace, name: str, verb: str) -> str:
    """The name of who gave the right password and has the right; a vote belongs to one person."""
    password = typer.prompt(f"Password of {name}", hide_input=True, err=True)
    user = opened.control.verify_password(name, password)
    if user is None:
        raise Refused("the name or the password is wrong", "Try again, or ask an administrator for a new password")
    if verb not in user.verbs:
        raise Refused(f"{user.name} lacks the right {verb!r}", "Ask somebody whose role has it")
    return user.name


def _show(found: approval_view.ApprovalView) -> None:
    line, detail = found.line, found.detail
    missing = f", {line.missing} of {line.needs} people missing 还差 {line.missing} 人" if line.state == "open" else ""
    pairs: list[tuple[str, object]] = [
        ("what 事项", f"{line.title_zh} · {line.title_en}"), ("state 状态", f"{line.state}{missing}"),
        ("by 提议人", f"{line.who}, {moment(line.asked_ms)}"), ("until 截止", moment(line.until_ms)),
        ("who 对谁", f"{detail.audience_zh} · {line.people:,} of {detail.asked:,}"),
        ("cost 花费", amount_text(line.cost, "CNY")),
    ]  # fmt: skip
    pairs += [
        ("do 做什么", f"{one.zh} · {one.people:,} people, {amount_text(one.cost, 'CNY')}") for one in detail.offers
    ]
    pairs += [("limit 限额", _limit(one)) for one in found.limits]
    if detail.forecast is not None:
        pairs.append(("forecast 预计", f"{detail.forecast} {detail.forecast.unit}"))
    pairs += [("final 不可撤回", one.zh) for one in detail.final]
    pairs += [("vote 投票", f"{one.who}: {one.ballot} {one.reason}".strip()) for one in found.votes]
    pairs += [("actions 动作", f"{count:,} {state}") for state, count in found.counts.items()]
    if detail.dry:
        pairs.append(("dry run 试运行", "nothing leaves the house 不会真的发出"))
    show_pairs(pairs)


def _limit(one: ApprovalLimit) -> str:
    show = unit_of(one.unit).show
    if one.accounts > 1:
        return f"{one.zh}: {show(one.cap)} each of {one.accounts:,}, of which {one.full:,} have nothing left then"
    left = one.cap - one.used - one.reserved
    return f"{one.zh}: {show(one.asked)} of {show(one.cap)}; used {show(one.used)}, left {show(left)}"


def _told(opened: Workspace, verb: str, who: str, done: approving.ApprovalEffect, *, as_json: bool) -> None:
    counts = {name: getattr(done, name) for name in ("missing", "freed", "withdrawn", "sent", "sending")}
    opened.control.record(who=who, verb=verb, object=done.approval.id, detail={"run": done.approval.object, **counts})
    if as_json:
        show_json(done)
    elif done.approval.state == "open":
        talk.print(f"Noted; {done.missing} more must approve. 已记下，还差 {done.missing} 人")
    elif done.approval.state == "approved":
        talk.print(f"Approved: {done.freed:,} may be sent. 已批准，{done.freed:,} 条可以发出")
    else:
        talk.print(
            f"{done.approval.state}: {done.withdrawn:,} taken back, {done.sent:,} sent, {done.sending:,} under way. "
            f"已发 {done.sent:,}，撤回 {done.withdrawn:,}"
        )
