"""Commands about sending: one round by hand, and the outbox."""

from typing import Annotated, Final

import typer

from guanxi.actions import Outgoing
from guanxi.app import Workspace, reaching, relaying, sending
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    LARGEST,
    JsonOption,
    WorkspaceOption,
    moment,
    say,
    show_json,
    show_pairs,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.engines.control import ReachFilter
from guanxi.engines.log import now_ms

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="The outbox: what is to be sent, what was, what was given up. 发件箱"
)
WHO: Final = "cli"  # whoever works at the machine itself, as the operation log names it


def send(
    really: Annotated[
        bool, typer.Option("--send/--dry", help="Send; else only write the dry-run file. 真发或试运行")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Send what is due, once; a dry run unless --send. 发送到期的动作；不加 --send 只试运行"""
    with Workspace.open(workspace) as opened:
        if really:
            done = sending.send_once(opened)
            relaying.relay_now(opened, doing="guanxi send")
        else:
            done = sending.send_dry(opened)
    if as_json:
        show_json(done)
        return
    show_pairs([("handled 处理" if really else "would be sent 将发送", done.handled), *_counts(done.states)])
    if not really:
        say(f"A dry run: nothing was sent. It is in {sending.FOLDER}/dry-….jsonl of the workspace; send with --send.")


@commands.command("list")
def list_(
    state: Annotated[str, typer.Option("--state", help="waiting, ready, sending, sent, dead, … 状态")] = "",
    channel: Annotated[str, typer.Option("--channel", help="sms, wechat, app, mail, … 渠道")] = "",
    run: Annotated[str, typer.Option("--run", help="Of one run. 批次")] = "",
    after: Annotated[int, typer.Option("--after", min=0, max=LARGEST, help="Go on after this number. 从此之后")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many. 条数")] = 50,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """List the outbox, the newest first; people are not named. 发件箱清单"""
    with Workspace.open(workspace) as opened:
        rows = opened.control.outbox.page(state=state, channel=channel, run=run, after=after, limit=limit)
    if as_json:
        show_json([{"number": number, **_facts(row)} for number, row in rows])
        return
    show_table(
        ("number", "id", "kind 类型", "channel 渠道", "state 状态", "attempts 次数", "next 下次", "error 原因"),
        [
            (number, row.id, row.kind, row.channel, _state(row), row.attempts, moment(row.next_ms), row.error_text)
            for number, row in rows
        ],
        empty="The outbox is empty. 发件箱为空",
        keep=("id",),
    )


@commands.command("show")
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Id from `outbox list`. 编号")],  # noqa: A002
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Show a row with its attempts. 一条动作与它的每次尝试"""
    with Workspace.open(workspace) as opened:
        row = opened.control.outbox.row(id)
        attempts = opened.control.outbox.attempts(id)
    if as_json:
        show_json({**_facts(row), "attempts": attempts})
        return
    show_pairs([(name, value) for name, value in _facts(row).items() if value not in ("", None)])
    show_table(
        ("attempt 第几次", "begun 开始", "ended 结束", "outcome 结果", "detail 说明"),
        [(one.attempt, moment(one.begun_ms), moment(one.ended_ms), one.outcome, one.detail) for one in attempts],
        empty="No attempt yet. 尚未尝试",
    )


@commands.command("retry")
def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids from `outbox list`. 编号")] = None,
    error: Annotated[str, typer.Option("--error", help="All dead letters of one kind of error. 某类错误的全部")] = "",
    channel: Annotated[str, typer.Option("--channel", help="All dead letters of one channel. 某渠道的全部")] = "",
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Also what may have arrived. 可能已送达的也重试")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Try again what was given up, by ids or all of a kind; exit 1 when nothing is. 重试死信"""
    group = ReachFilter(error=error, channel=channel) if error or channel else None
    with Workspace.open(workspace) as opened:
        done = reaching.try_again(
            opened, ids=ids or (), group=group, uncertain=uncertain, who=WHO, now_ms=now_ms()
        )  # fmt: skip
    if as_json:
        show_json(done)
    else:
        left = [("left, ask again 其余", done.left)] if done.left else []
        show_pairs([("tried again 将重试", done.rows), *((one.why, one.rows) for one in done.refused), *left])
    if not done.rows:
        raise typer.Exit(1)


@commands.command("withdraw")
def withdraw(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids from `outbox list`. 编号")] = None,
    run: Annotated[str, typer.Option("--run", help="All of a run. 整个批次")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Take back what was not sent; what it had reserved is free again. 撤回未发送的动作"""
    with Workspace.open(workspace) as opened:
        done = reaching.withdraw(opened, run=run, ids=ids or (), who=WHO, now_ms=now_ms())
    if as_json:
        show_json(done)
        return
    show_pairs(
        [("withdrawn 已撤回", done.withdrawn), ("too late 已发送", done.sent), ("under way 发送中", done.sending)]
    )


@commands.command("senders")
def list_senders(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List the senders of the settings, and what is wrong with them. 发送通道"""
    with Workspace.open(workspace) as opened:
        rows = sending.sender_facts(opened)
    if as_json:
        show_json(rows)
        return
    show_table(
        ("name", "kind 类型", "channels 渠道", "keys 幂等", "problem 问题"),
        [(one.name, one.kind, " ".join(one.channels), one.keys, one.problem) for one in rows],
        empty="No senders are set; see docs/senders.md. 尚未配置发送通道",
    )


def _facts(row: Outgoing) -> dict[str, object]:
    """What is told of a row: all but the person."""
    return {
        "id": row.id, "decision": row.decision, "run": row.run, "kind": row.kind, "channel": row.channel,
        "sender": row.sender, "state": row.state, "dry": row.dry, "uncertain": row.uncertain, "approval": row.approval,
        "params": dict(row.body), "not_before_ms": row.not_before_ms, "not_after_ms": row.not_after_ms,
        "next_ms": row.next_ms, "ended_ms": row.ended_ms, "error": row.error, "error_text": row.error_text,
        "receipt": row.receipt,
    }  # fmt: skip


def _state(row: Outgoing) -> str:
    return f"{row.state}?" if row.uncertain else row.state


def _counts(states: dict[str, int]) -> list[tuple[str, object]]:
    return [(name, count) for name, count in states.items() if count]
