"""Commands that forget a person, back up and restore."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.app import Workspace, care
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    say,
    show_json,
    show_pairs,
    show_table,
    size_text,
    talk,
)


def erase(
    refs: Annotated[list[str], typer.Argument(help="The person: account or device references. 要删除其信息的人")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the operation log. 原因")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    texts: Annotated[
        Path | None, typer.Option("--texts", help="File with the names and numbers of the person, one a line. 姓名电话")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Do it; without this, only say what would go. 真正执行")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a person: keys, values, rows; what the law orders kept is restricted. 删除个人信息"""
    words = [] if texts is None else [line.strip() for line in texts.read_text("utf-8").splitlines() if line.strip()]
    with Workspace.open(workspace) as opened:
        report = care.erase(opened, refs, reason=reason, send=send, who="cli", texts=words)
    if as_json:
        show_json(report)
    else:
        _show_erasure(report)


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to write to. 备份目录")] = Path("guanxi-backup"),
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    include_key: Annotated[
        bool, typer.Option("--include-key", help="Also the vault's key: lock such a copy away. 含密钥")
    ] = False,
    erased: Annotated[
        Path | None, typer.Option("--erased", help="Write only the list of erased people, for a restore. 已删除名单")
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
        Path | None, typer.Option("--erased", help="People erased since: list of `backup --erased`. 已删除名单")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace from a backup, after every file was checked. 恢复"""
    _show(care.restore(source, workspace, key=key, erased=erased), as_json)


def _show_erasure(report: care.Erasure) -> None:
    counts: list[tuple[str, object]] = [
        ("events deleted 删除", report.deleted),
        ("kept by law, without the person 依法保留，已去身份", report.restricted),
    ]
    if report.done:
        counts += [
            ("events of others without the name 他人事件中已去名", report.renamed),
            ("personal values destroyed 已销毁的个人信息", report.values),
            ("parked rows destroyed 已销毁的问题行", report.parked),
        ]
        show_pairs(counts)
        return
    show_pairs([("the person 此人", ", ".join(report.refs)), *counts])
    show_table(("kind 事件", "events 条数"), report.kinds.items())
    say("Personal values in the vault and parked rows go as well. Nothing was changed 尚未执行:")
    say("add --send to do it; it cannot be undone. 加 --send 才会执行，执行后不可恢复")


def _show(report: care.BackedUp, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    show_pairs(
        [
            ("events 事件", report.events), ("files 文件", f"{report.files:,}, {size_text(report.bytes)}"),
            ("vault.key in the backup 备份内含密钥", report.key),
        ]
    )  # fmt: skip
