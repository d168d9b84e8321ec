"""Commands that forget a person, back up and restore."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from guanxi.app import Workspace, care
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, show_json, show_map, show_pairs, talk


def erase(
    refs: Annotated[list[str], typer.Argument(help="The person: account or device references. 要忘记的人")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the operation log. 原因")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    texts: Annotated[
        Path | None, typer.Option("--texts", help="File with the names and numbers of the person, one a line. 姓名电话")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Do it; without this, only say what would go. 真正执行")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a person: keys, values, rows; what the law orders kept is restricted. 忘记此人"""
    words = [] if texts is None else [line.strip() for line in texts.read_text("utf-8").splitlines() if line.strip()]
    with Workspace.open(workspace) as opened:
        report = care.erase(opened, refs, reason=reason, send=send, who="cli", texts=words)
    if as_json:
        show_json(report)
    else:
        fields = msgspec.structs.asdict(report)
        show_pairs([(name, show_map(value) if isinstance(value, dict) else value) for name, value in fields.items()])
        if not send:
            talk.print("Nothing was changed. Add --send to do it; it cannot be undone.")


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to write to. 备份目录")] = Path("guanxi-backup"),
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    include_key: Annotated[
        bool, typer.Option("--include-key", help="Also the vault's key: lock such a copy away. 含密钥")
    ] = False,
    erased: Annotated[
        Path | None, typer.Option("--erased", help="Write only the list of erased people, for a restore. 已忘记名单")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a workspace as it is at one moment, also while it serves. 备份"""
    with Workspace.open(workspace) as opened:
        if erased is not None:
            talk.print(f"{care.erased_list(opened, erased)} erased people listed in {erased}")
            return
        report = care.backup(opened, target, include_key=include_key)
    if not include_key:
        talk.print(
            "The vault's key is not in the backup. Keep a copy of vault.key elsewhere: without it names are lost."
        )
    _show(report, as_json)


def restore(
    source: Annotated[Path, typer.Argument(help="Folder of a backup. 备份目录")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    key: Annotated[Path | None, typer.Option("--key", help="The vault.key, when the backup has none. 密钥文件")] = None,
    erased: Annotated[
        Path | None, typer.Option("--erased", help="People erased since: list of `backup --erased`. 已忘记名单")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace from a backup, after every file was checked. 恢复"""
    _show(care.restore(source, workspace, key=key, erased=erased), as_json)


def _show(report: care.BackedUp, as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        show_pairs(list(msgspec.structs.asdict(report).items()))
