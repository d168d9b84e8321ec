"""Commands about parties."""

from typing import Annotated

import typer

from guanxi.app import Workspace, queries
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, moment, show_json, show_pairs, show_table

commands = typer.Typer(no_args_is_help=True, help="Parties: who and what takes part. 参与方")


@commands.command()
def show(
    ref: Annotated[str, typer.Argument(help="type:scope:key, e.g. account:store:1. 参与方")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    known: Annotated[int | None, typer.Option("--known", help="As known at this sequence number. 截至序号")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is known of a party: names, days, what it did, its ties. 查看一方"""
    with Workspace.open(workspace) as opened:
        found = queries.party(opened, ref, known=known)
        ties = queries.ties(opened, ref, known=known)
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
    show_table(("kind", "events"), found.counts.items())
    show_table(
        ("tie", "with", "weight", "events", "last"),
        [(tie.kind, tie.other, tie.weight, tie.count, moment(tie.last_ms)) for tie in ties],
    )
