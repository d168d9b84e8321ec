"""Commands about parked rows: list, show, mend, replay, drop."""

from collections.abc import Sequence
from typing import Annotated

import typer

from guanxi.app import Workspace, queries, replay
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    LARGEST,
    JsonOption,
    WorkspaceOption,
    read_pairs,
    say,
    show_json,
    show_pairs,
    show_table,
    show_text,
    talk,
)
from guanxi.cli.tree import Commands
from guanxi.core import NotFound
from guanxi.engines.vault import ParkedGroup, ParkedRow
from guanxi.events import REASONS

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Parked rows: what could not be accepted, and why. 问题行"
)


@commands.command("list")
def list_(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    reason: Annotated[str | None, typer.Option("--reason", help="Show the rows of one reason. 按原因")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many rows. 条数")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List parked rows by reason, or the rows of one reason. 问题行清单"""
    with Workspace.open(workspace) as opened:
        if reason is None:
            groups = queries.parked_groups(opened)
            if as_json:
                show_json(groups)
                return
            _show_groups(groups)
            return
        rows = queries.parked_rows(opened, reason=reason, limit=limit)
    if as_json:
        show_json(rows)
    else:
        _show_rows(rows, reason)


@commands.command()
def show(
    row: Annotated[int, typer.Argument(min=1, max=LARGEST, help="Id from `parked list`. 编号")],
    purpose: Annotated[
        str, typer.Option("--purpose", help="Why you look: it holds personal data, the look is logged. 查看目的")
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Print the raw form of one row. 查看原始行"""
    with Workspace.open(workspace) as opened:
        show_text(opened.vault.parked.raw(row, purpose=purpose, who="cli"))


@commands.command("replay")
def replay_(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    reason: Annotated[str | None, typer.Option("--reason", help="Only rows of this reason. 按原因")] = None,
    ids: Annotated[list[int] | None, typer.Option("--id", min=1, max=LARGEST, help="Only these rows. 按编号")] = None,
    fix: Annotated[list[str] | None, typer.Option("--fix", help="column=value to put into every row. 统一改值")] = None,
    preset: Annotated[str, typer.Option("--as", help="A corrected MAPPING.toml to use instead. 改用映射")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="name=value that the preset asks for. 补充设置")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Mend rows and hand them in again; rows that fail again stay parked. 修好后重新导入"""
    fixes, given = read_pairs(fix or [], "--fix"), read_pairs(settings or [], "--set")
    with Workspace.open(workspace) as opened:
        report = replay.replay(opened, reason=reason, ids=ids, fixes=fixes, settings=given, mapping=preset)
    if as_json:
        show_json(report)
    else:
        show_pairs([("replayed", report.replayed), ("still parked", report.parked), ("new events", report.stored)])
        if report.why:
            show_table(("rows", "why they stay parked"), [(count, text) for text, count in report.why.items()])


@commands.command()
def drop(
    ids: Annotated[list[int], typer.Argument(min=1, max=LARGEST, help="Ids from `parked list`. 编号")],
    why: Annotated[str, typer.Option("--why", help="Why they are not data. 原因")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Set rows aside for good; they are kept, marked dropped. 不再处理"""
    with Workspace.open(workspace) as opened:
        count = opened.vault.parked.mark(ids, status="dropped", note=why)
        if not count:
            raise NotFound("none of these rows is parked", "See `guanxi parked list`")
        opened.control.record(who="cli", verb="parked.drop", object="parked rows", detail={"rows": count, "why": why})
    talk.print(f"{count} rows dropped")


def _show_groups(groups: Sequence[ParkedGroup]) -> None:
    """Print what is wrong, how often, and the mend; the largest group first."""
    for one in groups:
        column = f", column {one.field}" if one.field else ""
        rows = "1 row" if one.count == 1 else f"{one.count:,} rows"
        show_text(f"{rows}: {REASONS[one.reason][0]} ({one.reason}){column}, {one.source}")
        show_pairs([("  what 问题", one.what), ("  mend 修法", one.mend)])
    if not groups:
        say("Nothing is parked. 没有问题行")
        return
    say(
        "The rows of a reason: guanxi parked list --reason REASON. Mended: guanxi parked replay --reason REASON, "
        "with --fix COLUMN=VALUE to put a value into them first. 修好后用 parked replay 重新导入"
    )


def _show_rows(rows: Sequence[ParkedRow], reason: str) -> None:
    for one in rows:
        place = f"row {one.row} of {one.source}" if one.row else one.source
        show_text(f"id {one.id}: {place}" + (f", column {one.field}" if one.field else ""))
        show_pairs([("  what 问题", one.what), ("  mend 修法", one.mend)])
    if not rows:
        say(f"No row is parked for {reason!r}; the reasons that occur: guanxi parked list")
