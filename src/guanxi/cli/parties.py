"""Commands about parties."""

from typing import Annotated

import typer

from guanxi.app import Workspace, queries
from guanxi.cli.facts import label
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, moment, show_json, show_pairs, show_table
from guanxi.cli.tree import Commands

commands = typer.Typer(cls=Commands, no_args_is_help=True, help="Parties: who and what takes part. 参与方")


@commands.command()
def show(
    ref: Annotated[str, typer.Argument(help="type:scope:key, e.g. account:store:1. 参与方")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    known: Annotated[int | None, typer.Option("--known", help="As known at this sequence number. 截至序号")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is known of a party: names, days, what it did, its ties. 查看参与方"""
    with Workspace.open(workspace) as opened:
        found = queries.party(opened, ref, known=known)
        ties, catalogue = queries.ties(opened, ref, known=known), opened.catalogue
    if as_json:
        show_json({"party": found, "ties": ties})
        return
    show_pairs(
        [
            ("party", found.canonical), ("type", f"{found.zh} · {found.en}"),
            ("also", ", ".join(found.members[1:]) or "—"),
            ("first seen", moment(found.first_ms)), ("last seen", moment(found.last_ms)),
            ("same-as evidence", len(found.evidence)), ("merges and splits", len(found.history)),
        ]
    )  # fmt: skip
    show_table(("kind 事件", "events 条数"), [(label(kind, catalogue), count) for kind, count in found.counts.items()])
    show_table(
        ("tie 关系", "with 对方", "weight", "events", "last 最近"),
        [(f"{tie.kind} {tie.zh}".rstrip(), tie.other, tie.weight, tie.count, moment(tie.last_ms)) for tie in ties],
        empty="No ties. 没有关系", keep=("last 最近",),
    )  # fmt: skip
