"""How commands speak: data on stdout, talk on stderr, JSON when asked."""

import io
import os
import re
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from guanxi.core import SHANGHAI, DataError, Money, SettingError, from_ms

talk = Console(stderr=True, highlight=False, emoji=False)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="GUANXI_WORKSPACE", help="Folder of the workspace. 工作区目录")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout. 输出 JSON")]
DEFAULT_WORKSPACE = Path(".guanxi")
LARGEST = 2**63 - 1  # of a row number or a sequence number


def show_json(value: Any) -> None:
    """Print a value as one line of JSON, in UTF-8 whatever the terminal uses."""
    _write(msgspec.json.encode(value, enc_hook=str) + b"\n")


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    empty: str = "",
    keep: Collection[str] = (),
) -> None:
    """Print rows; numbers align right with thousands marks. What is too wide for the terminal is printed row by row.

    empty   said on stderr instead of a table without rows
    keep    columns that are never folded
    """
    rows = [list(row) for row in rows]
    listed = [[_cell(value) for value in row] for row in rows]
    if not listed and empty:
        say(empty)
        return
    numeric = [
        bool(rows) and all(isinstance(row[place], (int, float)) for row in rows if row[place] is not None)
        for place in range(len(columns))
    ]
    whole = [number or column in keep for number, column in zip(numeric, columns, strict=True)]
    if listed and _needed(columns, listed, whole) > page_width():
        _show_records(columns, listed)
        return
    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False, header_style="bold")
    for column, number, one in zip(columns, numeric, whole, strict=True):
        table.add_column(column, justify="right" if number else "left", overflow="fold", no_wrap=one)
    for cells in listed:
        table.add_row(*map(escape, cells))
    _print(table)


def show_lines(rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> None:
    """Print a line for each row: its first parts in columns, then the others; too long ones go on indented.

    rows    (parts that stand in columns, parts that follow) of each row
    """
    if not rows:
        return
    rows = [(tuple(map(printable, head)), tuple(map(printable, rest))) for head, rest in rows]
    widths = [max(cell_len(head[place]) for head, _ in rows) for place in range(len(rows[0][0]))]
    indent, width, lines = widths[0] + 2, page_width(), list[str]()
    for head, rest in rows:
        parts = [f"{head[0]:>{widths[0]}}", *map(set_cell_size, head[1:], widths[1:])]
        line = "  ".join(parts)
        for part in filter(None, rest):
            if cell_len(line) + 2 + cell_len(part) > width and line.strip():
                lines.append(line.rstrip())
                line = " " * (indent - 2)
            line += f"  {part}"
        lines.append(line.rstrip())
    show_text("\n".join(lines))


def page_width() -> int:
    """Return how many columns the reader of stdout sees; plenty when that is a file or a program."""
    return Console(file=sys.stdout).width if sys.stdout.isatty() else 240


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line."""
    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        table.add_row(f"[bold]{escape(name)}[/bold]", escape(_cell(value)))
    _print(table)


def show_text(text: str) -> None:
    """Print text as it is."""
    _write(text if text.endswith("\n") else text + "\n")


def say(text: str) -> None:
    """Tell a person something on stderr; what came from outside is shown as it is, not read as markup."""
    talk.print(printable(text), markup=False, soft_wrap=not talk.is_terminal)


def printable(text: str) -> str:
    """Return text without control characters, which could move the cursor or change what stands on the screen."""
    return _CONTROLS.sub("\ufffd", text).encode("utf-8", "replace").decode()


def read_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Return name=value texts as a mapping; raises SettingError for a text that is none."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise SettingError(f"{option} {pair!r} is not name=value", f"Write {option} NAME=VALUE")
        given[name.strip()] = value.strip()
    return given


def amount_text(minor: int | None, currency: str) -> str:
    """Return an amount as ¥1,234.50, "—" when there is none."""
    return "—" if minor is None else str(Money(minor, currency or "CNY"))


def share_text(value: float | None) -> str:
    """Return a share of one as people read it: 12.5%."""
    return "—" if value is None else f"{value:.1%}"


def moment(ms: int | None) -> str:
    """Return an instant as China time to the second, "—" when unknown."""
    if ms is None:
        return "—"
    return from_ms(ms).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def ago(ms: int | None) -> str:
    """Return how long ago an instant was, in the largest unit that says it; "" when unknown."""
    if ms is None:
        return ""
    seconds = time.time() - ms / 1000
    if seconds < 0:
        return "(in the future 未来)"
    for en, zh, length in (("days", "天", 86_400), ("h", "小时", 3600), ("min", "分钟", 60)):
        if seconds >= 2 * length:
            return f"({seconds // length:,.0f} {en} ago, {seconds // length:,.0f} {zh}前)"
    return f"({seconds:.0f} s ago, {seconds:.0f} 秒前)"


def at_workspace(folder: Path) -> str:
    """Return the option that names a workspace in a command that is shown, "" for the default one."""
    return "" if folder == DEFAULT_WORKSPACE else f" -w {folder}"


def size_text(count: int) -> str:
    """Return a number of bytes in MB or GB, powers of ten."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _cell(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return printable(str(value))


def _needed(columns: Sequence[str], rows: Sequence[Sequence[str]], whole: Sequence[bool]) -> int:
    """Return the width below which cells of a table could not be read."""
    widths = [
        max(map(cell_len, (column, *cells))) for column, cells in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    return sum(width if one else min(width, 12) for width, one in zip(widths, whole, strict=True)) + 3 * len(widths) - 3


def _show_records(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, 1):
        show_text(f"-- {number} --")
        show_pairs([(column, cell) for column, cell in zip(columns, row, strict=True) if cell != "—"])


def _print(table: Table) -> None:
    page, terminal = io.StringIO(), sys.stdout.isatty()
    Console(file=page, highlight=False, emoji=False, width=page_width(), force_terminal=terminal).print(table)
    _write("".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines()))


def _write(data: str | bytes) -> None:
    """Write to stdout at once; whoever closed the pipe has read enough.

    raises  DataError when the output cannot be written, for instance to a full disk
    """
    try:
        if isinstance(data, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
        else:
            sys.stdout.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        mute()
        raise SystemExit(0) from None
    except OSError as error:
        mute()
        raise DataError(f"the output cannot be written: {error.strerror}", "Free space, or write elsewhere") from error


def mute() -> None:
    """Send what is still buffered for stdout nowhere, so that the end of the process does not fail on it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
