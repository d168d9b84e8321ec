"""How commands speak: data on stdout, talk on stderr, JSON when asked."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from guanxi.core import SHANGHAI, Money, SettingError, from_ms

talk = Console(stderr=True, highlight=False, emoji=False)
_out = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 240)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="GUANXI_WORKSPACE", help="Folder of the workspace. 工作区目录")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout. 输出 JSON")]
DEFAULT_WORKSPACE = Path(".guanxi")


def show_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """Print rows; numbers align right with thousands marks."""
    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False, header_style="bold")
    listed = [list(row) for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[place], (int, float)) for row in listed if row[place] is not None)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(_cell(value) for value in row))
    _out.print(table)


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line."""
    table = Table.grid(padding=(0, 2))
    for name, value in pairs:
        table.add_row(f"[bold]{name}[/bold]", _cell(value))
    _out.print(table)


def show_text(text: str) -> None:
    """Print text as it is."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


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
    return str(value).replace("[", "\\[")
