"""Commands about the ledger."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.app import Workspace
from guanxi.app import ledger as ledgers
from guanxi.app import scope as scopes
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    LARGEST,
    JsonOption,
    WorkspaceOption,
    say,
    show_json,
    show_pairs,
    show_table,
    talk,
)
from guanxi.cli.tree import Commands
from guanxi.engines.log import now_ms
from guanxi.ledger import LARGEST as MOST
from guanxi.ledger import Standing, unit_of

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="The ledger: accounts, balances, limits, proofs. 账本与积分"
)


@commands.command("accounts")
def list_accounts(
    after: Annotated[
        int, typer.Option("--after", min=0, max=LARGEST, help="Go on after this number. 从此编号之后")
    ] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many. 条数")] = 100,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """List accounts with what they hold, in order of opening. 账户清单"""
    with Workspace.open(workspace) as opened:
        rows = opened.control.ledger.standings(after=after, limit=limit)
    if as_json:
        show_json([{"number": number, **_facts(one)} for number, one in rows])
        return
    show_table(
        ("number", "account", "unit", "kind", "balance", "held", "coming", "available", "room"),
        [
            (number, *(value for name, value in _shown(one).items() if name not in ("floor", "cap")))
            for number, one in rows
        ],
        empty="No accounts yet.",
        keep=("account",),
    )


@commands.command("balance")
def show_balance(
    account: Annotated[str, typer.Argument(help="Id from `ledger accounts`. 账户编号")],
    as_of: Annotated[str, typer.Option("--as-of", help="What it held before then. 截至时间")] = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Show what an account holds, now or at a past moment. 账户余额"""
    with Workspace.open(workspace) as opened:
        before_ms = scopes.scope(opened, asof=as_of).now_ms if as_of else None
        standing = opened.control.ledger.standing(account, before_ms=before_ms)
    if as_json:
        show_json(_facts(standing))
    else:
        show_pairs(_shown(standing).items())


@commands.command("export")
def export(
    into: Annotated[Path, typer.Argument(help="File to make. 导出文件")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Sign the ledger and write all of it, for whoever is to check it. 签名并导出账本"""
    with Workspace.open(workspace) as opened:
        made = ledgers.export_ledger(opened, into, now_ms=now_ms())
    if as_json:
        show_json(made)
        return
    say(f"Wrote {made.entries} entries and {made.heads} signed heads to {into}.")
    show_pairs([("public key", ledgers.PUBLIC_KEY), ("fingerprint", made.key)])


@commands.command("verify")
def verify(
    exported: Annotated[Path | None, typer.Argument(help="An export; none checks the workspace. 导出文件")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The ledger's public key, PEM. 公钥")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Check an export with the public key alone, or count a workspace's ledger again; exit 1 on a fault. 校验账本"""
    if exported is None:
        with Workspace.open(workspace) as opened:
            counted = opened.control.ledger.audit()
        if as_json:
            show_json(counted)
        else:
            show_pairs([(name, getattr(counted, name)) for name in counted.__struct_fields__ if name != "broken"])
            if counted.broken is not None:
                talk.print(f"entry {counted.broken.number}: {counted.broken.what}")
        sound = counted.is_sound
    else:
        if key is None:
            raise typer.BadParameter("an export is checked with --key, the ledger's public key", param_hint="--key")
        found = ledgers.check_export(exported, key)
        if as_json:
            show_json(found)
        else:
            show_pairs([("entries", found.entries), ("heads", found.heads), ("proofs", found.proofs)])
            if found.fault is not None:
                talk.print(f"line {found.fault.line}: {found.fault.what}")
        sound = found.is_sound
    say("Sound." if sound else "Not sound.")
    if not sound:
        raise typer.Exit(1)


def _facts(one: Standing) -> dict[str, str | int | None]:
    account = one.account
    return {
        "account": account.id, "unit": account.unit, "kind": account.kind, "floor": account.floor, "cap": account.cap,
        "balance": one.balance, "held": one.held, "coming": one.coming, "available": one.available,
        "room": None if account.cap is None else one.room,
    }  # fmt: skip


def _shown(one: Standing) -> dict[str, str | int | None]:
    """The facts for a reader: amounts in their unit, and nothing where there is no limit."""
    unit, account = unit_of(one.account.unit), one.account
    endless = ("floor", "available") if account.floor == -MOST else ()
    return {
        name: None if name in endless else unit.show(value) if isinstance(value, int) and unit.scale else value
        for name, value in _facts(one).items()
    } | {"unit": f"{unit.zh} {unit.name}" if unit.zh != unit.name else unit.name}
