"""Commands about mappings: how files become events."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.app import sources
from guanxi.cli.output import JsonOption, printable, say, show_json, show_table, show_text
from guanxi.cli.tree import Commands
from guanxi.core import GuanxiError

commands = typer.Typer(cls=Commands, no_args_is_help=True, help="Mappings: how files become events. 映射")


@commands.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the presets that ship with Guanxi. 预设清单"""
    rows = list(sources.presets().values())
    if as_json:
        show_json([{"id": row.id, "platform": row.platform, "zh": row.zh, "en": row.en} for row in rows])
    else:
        show_table(("preset", "platform", "中文", "English"), [(row.id, row.platform, row.zh, row.en) for row in rows])


@commands.command()
def suggest(file: Annotated[Path, typer.Argument(help="A file to read. 文件")]) -> None:
    """Draft a mapping from a file's headers and values. 起草映射"""
    show_text(sources.suggest(file))


@commands.command()
def recognise(
    files: Annotated[list[Path], typer.Argument(help="Files to look at. 文件")], as_json: JsonOption = False
) -> None:
    """Say which presets fit files, by their content. 识别文件"""
    found: dict[Path, list[str]] = {}
    failed = False
    for path in sources.expand(files):
        try:
            found[path] = [match.preset for match in sources.recognise(path)]
        except GuanxiError as error:  # one file that cannot be read must not hide what the others are
            say(f"{error.what}\n  mend: {error.mend}")
            found[path], failed = [], True
    if as_json:
        show_json({printable(str(path)): matches for path, matches in found.items()})
    else:
        show_table(("file", "preset"), [(path.name, ", ".join(matches) or "—") for path, matches in found.items()])
    if failed:
        raise typer.Exit(1)
