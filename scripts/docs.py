"""Write the pages that are made from rows: `docs/{commands,events,metrics,settings,traits}.md`.

`python scripts/docs.py` rewrites what is stale; `--check` only names it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from guanxi import settings
from guanxi.cli import cli
from guanxi.events import shipped
from guanxi.events.document import document
from guanxi.traits.document import document as trait_rows
from guanxi.traits.metrics import document as metric_rows

REPO = Path(__file__).resolve().parents[1]

COMMANDS = """\
# Commands

This page is made from the commands themselves by `python scripts/docs.py`; change those, not this text.
Data goes to stdout, talk to stderr. The exit code is 0 when done, 1 when refused or failed, 2 when the usage is wrong.
Tables show times in China time (Asia/Shanghai); JSON holds milliseconds UTC.
The workspace is `--workspace DIR` or `-w DIR`, else the variable `GUANXI_WORKSPACE`, else `.guanxi`.
"""


def pages() -> dict[str, str]:
    """Text of every page that is made, by its path below the repository."""
    return {
        "docs/commands.md": "\n".join([COMMANDS, *_overview(), *_details()]),
        "docs/events.md": document(shipped()),
        "docs/metrics.md": metric_rows(),
        "docs/settings.md": settings.document(),
        "docs/traits.md": trait_rows(),
    }


def tree() -> dict[str, Any]:
    """Every command that is not hidden, by its words: `guanxi events tail`."""
    return dict(_walk("guanxi", typer.main.get_command(cli)))


def main(arguments: list[str]) -> int:
    """Write or check the pages; return the exit code."""
    stale = [
        name
        for name, text in pages().items()
        if not (REPO / name).is_file() or (REPO / name).read_text("utf-8") != text
    ]
    if "--check" in arguments:
        if stale:
            sys.stderr.write(f"{' and '.join(stale)} is stale. Run: python scripts/docs.py\n")
        return int(bool(stale))
    for name in stale:
        (REPO / name).write_text(pages()[name], "utf-8")
        sys.stderr.write(f"wrote {name}\n")
    return 0


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    if command.hidden:
        return
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, inner in command.commands.items():
        yield from _walk(f"{words} {name}", inner)


def _overview() -> Iterator[str]:
    yield "| command | does |"
    yield "|---|---|"
    for words, command in sorted(tree().items()):
        yield f"| [`{words}`](#{words.replace(' ', '-')}) | {_line(command.help)} |"
    yield ""


def _details() -> Iterator[str]:
    for words, command in sorted(tree().items()):
        yield f"## {words}\n"
        yield f"{_line(command.help)}\n"
        rows = [_parameter(row) for row in command.params if not getattr(row, "hidden", False) and row.name != "help"]
        if rows:
            yield "| argument or option | default | meaning |"
            yield "|---|---|---|"
            yield from rows
            yield ""


def _parameter(row: Any) -> str:
    if row.param_type_name == "argument":
        shown = f"`{(row.metavar or row.name).upper()}`" + (" …" if row.nargs == -1 else "")
    else:
        shown = ", ".join(f"`{name}`" for name in [*row.opts, *row.secondary_opts])
    plain = (
        row.default is None
        or row.default in ("", False, (), [])
        or not isinstance(row.default, str | int | float | Path)
    )
    default = "required" if row.required else ("" if plain else f"`{row.default}`")
    return f"| {shown} | {default} | {_line(row.help)} |"


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
