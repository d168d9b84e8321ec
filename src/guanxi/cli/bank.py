"""Commands about the relation bank."""

import secrets
from typing import Annotated

import typer

from guanxi.app import Workspace, bank_rewards
from guanxi.app import bank as banks
from guanxi.app import exposure as exposed
from guanxi.app import scope as scopes
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
from guanxi.ledger import Exposure

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="The relation bank: what people earn, and rewards for it. 关系银行"
)

PersonArgument = Annotated[str, typer.Argument(help="Reference, type:scope:key. 参与方")]


@commands.command("open")
def open_bank(
    since: Annotated[str, typer.Option("--since", help="Day from which on things count. 起始日")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Open the bank: write bank.toml, whose rows overlay the shipped ones. 开通关系银行"""
    with Workspace.open(workspace) as opened:
        path = banks.open_bank(opened, since=since)
        opened.control.record(who="cli", verb="bank.open", object=path.name, detail={"since": since})
    say(f"Wrote {path.name}; what people do from {since} on counts.")


@commands.command("follow")
def follow(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Post what the log has brought since the last time; `guanxi serve` does so by itself. 入账"""
    with Workspace.open(workspace) as opened:
        done = banks.follow(opened, now_ms=now_ms())
        rows = banks.bank_of(opened)
    if as_json:
        show_json(done)
        return
    if not rows.is_open:
        say("The bank is closed. Open it with: guanxi bank open --since 2026-01-01")
    show_pairs([("seq", done.seq), ("posted", done.posted), ("taken back", done.undone), ("not wholly", done.short)])
    for name, count in done.refused.items():
        say(f"{count} refused: {rows.guards[name].en} ({rows.guards[name].zh})")


@commands.command("rewards")
def list_rewards(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List rewards with their price and what is left. 奖励清单"""
    with Workspace.open(workspace) as opened:
        rows = bank_rewards.rewards(opened)
    if as_json:
        show_json(rows)
        return
    show_table(
        ("reward", "zh", "price", "unit", "stock", "given", "reserved", "left"),
        [(row.name, row.zh, row.price, row.unit, row.stock, row.given, row.reserved, row.left) for row in rows],
        empty="No rewards.",
    )


@commands.command("balance")
def show_balance(
    person: PersonArgument,
    why: Annotated[bool, typer.Option("--why", help="What each event brought, or what refused it. 明细")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Show what a person holds, what expires first, and the rewards they asked for. 个人余额"""
    with Workspace.open(workspace) as opened:
        held, asked = banks.holdings(opened, person), bank_rewards.redemptions(opened, person)
        judged = banks.judged(opened, person) if why else []
        rows = banks.bank_of(opened)
    if as_json:
        show_json({"holdings": held, "redemptions": asked, "judged": judged})
        return
    show_table(
        ("unit", "balance", "held", "available", "expires first", "of it"),
        [(one.zh, one.balance, one.held, one.available, moment(one.next_ms), one.next_amount) for one in held],
        empty="No programmes.",
    )
    if asked:
        lines = [(one.id, one.zh, one.price, one.state) for one in asked]
        show_table(("redemption", "reward", "price", "state"), lines, empty="", keep=("redemption",))
    if judged:
        show_table(
            ("when", "rule", "amount", "refused by", "event"),
            [
                (moment(one.at_ms), one.rule, one.amount, rows.guards[one.refused].zh if one.refused else "", one.event)
                for one in judged
            ],
            empty="", keep=("event",),
        )  # fmt: skip


@commands.command("redeem")
def redeem(
    person: PersonArgument,
    reward: Annotated[str, typer.Argument(help="Name from `bank rewards`. 奖励名称")],
    key: Annotated[str, typer.Option("--key", help="Same key, same redemption. 幂等键")] = "",
    hold: Annotated[bool, typer.Option("--hold", help="Only reserve it, for seven days. 只预留")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Give a person a reward for what they earned; refused when it does not reach. 兑换奖励"""
    with Workspace.open(workspace) as opened:
        key = key or secrets.token_hex(16)
        done = bank_rewards.redeem(opened, person, reward, key=key, now_ms=now_ms(), hold=hold)
        opened.control.record(who="cli", verb="bank.redeem", object=done.id, detail={"reward": reward})
    _show(done, as_json=as_json)


@commands.command("settle")
def settle(
    redemption: Annotated[str, typer.Argument(help="Id of what was reserved. 兑换编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Give a reward that was reserved. 确认兑换"""
    with Workspace.open(workspace) as opened:
        done = bank_rewards.settle(opened, redemption, now_ms=now_ms())
        opened.control.record(who="cli", verb="bank.settle", object=done.id)
    _show(done, as_json=as_json)


@commands.command("undo")
def undo(
    redemption: Annotated[str, typer.Argument(help="Id of what was reserved. 兑换编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Put back a reward that was reserved, its price with it. 撤销预留"""
    with Workspace.open(workspace) as opened:
        done = bank_rewards.undo(opened, redemption, now_ms=now_ms())
        opened.control.record(who="cli", verb="bank.undo", object=done.id)
    _show(done, as_json=as_json)


@commands.command("exposure")
def show_exposure(
    as_of: Annotated[str, typer.Option("--as-of", help="What people held before then. 截至时间")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Show what people hold of points, coins and coupons, and what it may cost. 未兑付敞口"""
    with Workspace.open(workspace) as opened:
        at_ms = scopes.scope(opened, asof=as_of).now_ms if as_of else now_ms()
        rows = exposed.exposures(opened, at_ms=at_ms)
    if as_json:
        show_json(rows)
        return
    show_table(
        ("unit", "people", "issued", "redeemed", "expired", "taken back", "outstanding", "held", "share used", "yuan"),
        [
            (one.zh, one.people, one.issued + one.received, one.redeemed, one.expired, one.taken_back, one.outstanding,
             one.held, _share(one), _yuan(one))
            for one in rows
        ],
        empty="Nobody holds anything.",
    )  # fmt: skip


def _show(done: bank_rewards.Redemption, *, as_json: bool) -> None:
    if as_json:
        show_json(done)
        return
    show_pairs([("redemption", done.id), ("reward", done.zh), ("price", f"{done.price} {done.unit}"),
                ("state", done.state), ("until", moment(done.until_ms))])  # fmt: skip


def _share(one: Exposure) -> str:
    if one.share is None:
        return "not enough to say"
    return f"{one.share:.0%} ({one.share_low:.0%} to {one.share_high:.0%})"


def _yuan(one: Exposure) -> str:
    if one.low_fen is None or one.high_fen is None:
        return ""
    return f"{one.low_fen / 100:,.2f} to {one.high_fen / 100:,.2f}"
