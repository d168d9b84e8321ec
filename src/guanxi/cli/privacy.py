"""Commands about erasure and backups."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.app import Workspace, care
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, show_json, show_pairs, talk


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
        show_pairs(report.pairs())
        if not send:
            talk.print("Nothing was changed. Add --send to do it; it cannot be undone.")


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to write to. 备份目录")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    include_key: Annotated[
        bool, typer.Option("--include-key", help="Also the vault's key: keep such a copy locked away. 含密钥")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy a workspace as it is at one moment, also while it serves. 备份"""
    with Workspace.open(workspace) as opened:
        report = care.backup(opened, target, include_key=include_key)
    if as_json:
        show_json(report)
    else:
        show_pairs([("files", report.files), ("bytes", report.bytes), ("events", report.events)])


def restore(
    source: Annotated[Path, typer.Argument(help="Folder of a backup. 备份目录")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    key: Annotated[Path | None, typer.Option("--key", help="The vault.key, when the backup has none. 密钥文件")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace from a backup, after every file was checked. 恢复"""
    report = care.restore(source, workspace, key=key)
    if as_json:
        show_json(report)
    else:
        show_pairs([("files", report.files), ("bytes", report.bytes), ("events", report.events)])
