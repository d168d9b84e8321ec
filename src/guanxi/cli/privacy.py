"""The command that forgets a person."""

from typing import Annotated

import msgspec
import typer

from guanxi.app import Workspace, care
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, show_json, show_map, show_pairs, talk


def erase(
    refs: Annotated[list[str], typer.Argument(help="The person: account or device references. 要忘记的人")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the operation log. 原因")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    send: Annotated[bool, typer.Option("--send", help="Do it; without this, only say what would go. 真正执行")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a person: keys, values, rows; what the law orders kept is restricted. 忘记此人"""
    with Workspace.open(workspace) as opened:
        report = care.erase(opened, refs, reason=reason, send=send, who="cli")
    if as_json:
        show_json(report)
    else:
        fields = msgspec.structs.asdict(report)
        show_pairs([(name, show_map(value) if isinstance(value, dict) else value) for name, value in fields.items()])
        if not send:
            talk.print("Nothing was changed. Add --send to do it; it cannot be undone.")
