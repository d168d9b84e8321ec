"""Commands about traits that a workspace defines: `guanxi traits check|add|remove|undo`."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.app import Workspace, own_traits
from guanxi.cli.output import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, say, show_json, show_table
from guanxi.cli.tree import Commands
from guanxi.core import DataError

commands = typer.Typer(cls=Commands)

FileArgument = Annotated[Path, typer.Argument(help="TOML file of measures and families. 度量与特征的 TOML 文件")]


@commands.command()
def check(file: FileArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Say what a file would add to the workspace's own traits, or what is wrong with it. 检查自定义特征"""
    with Workspace.open(workspace) as opened:
        _show(own_traits.check_traits(opened, _text(file), file.name), "would be added 将增加", as_json=as_json)


@commands.command()
def add(file: FileArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Add traits of the workspace's own; a running gate fills them in by itself. 增加自定义特征"""
    with Workspace.open(workspace) as opened:
        _show(own_traits.add_traits(opened, _text(file), file.name, who="cli"), "added 已增加", as_json=as_json)


@commands.command()
def remove(
    name: Annotated[str, typer.Argument(help="Trait or measure of the workspace's own. 自定义的特征或度量")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Remove a trait or a measure of the workspace's own. 删除自定义特征"""
    with Workspace.open(workspace) as opened:
        _show(own_traits.remove_trait(opened, name, who="cli"), "", as_json=as_json)


@commands.command()
def undo(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Take the last change of the workspace's own traits back; once more brings it again. 撤回上一次改动"""
    with Workspace.open(workspace) as opened:
        _show(own_traits.undo_traits(opened, who="cli"), "added 已增加", as_json=as_json)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path.name!r}", "Name a TOML file", "file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 text", "Save it as UTF-8", "file") from error


def _show(done: own_traits.TraitsChanged, title: str, *, as_json: bool) -> None:
    if as_json:
        show_json(done)
        return
    if done.added:
        show_table(
            ("trait 特征", "says 含义", "unit 单位"), [(row.name, row.zh, row.unit or "—") for row in done.added],
            title=f"{len(done.added):,} {title}", keep=("trait 特征",),
        )  # fmt: skip
    for name in done.removed:
        say(f"Removed {name} · 已删除")
    say(f"{done.own:,} traits of this workspace's own · 本工作区自定义特征 {done.own:,} 个")
