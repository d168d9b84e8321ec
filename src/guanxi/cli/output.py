"""How commands speak: data on stdout, talk on stderr, JSON when asked."""

import io
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
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


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """Print rows; numbers align right with thousands marks."""
    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False, header_style="bold")
    listed = [list(row) for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[place], (int, float)) for row in listed if row[place] is not None)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(_cell(value) for value in row))
    _print(table)


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line."""
    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        table.add_row(f"[bold]{escape(name)}[/bold]", _cell(value))
    _print(table)


def show_text(text: str) -> None:
    """Print text as it is."""
    _write(text if text.endswith("\n") else text + "\n")


def say(text: str) -> None:
    """Tell a person something on stderr; what came from outside is shown as it is, not read as markup."""
    talk.print(printable(text), markup=False)


def printable(text: str) -> str:
    """Return text without control characters, which could move the cursor or change what stands on the screen."""
    return _CONTROLS.sub("\ufffd", text).encode("utf-8", "replace").decode()


def show_map(values: Mapping[str, object]) -> str:
    """Return names and values on one line."""
    return " ".join(f"{name}={value}" for name, value in values.items())


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


def moment(ms: int | None) -> str:
    """Return an instant as China time to the second, "—" when unknown."""
    if ms is None:
        return "—"
    return from_ms(ms).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _cell(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return escape(printable(str(value)))


def _print(table: Table) -> None:
    page, terminal = io.StringIO(), sys.stdout.isatty()
    width = None if terminal else 240
    Console(file=page, highlight=False, emoji=False, width=width, force_terminal=terminal).print(table)
    _write(page.getvalue())


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
