"""Commands about events: tail, list of kinds, one event, definition of a custom kind."""

import time
from typing import Annotated

import typer

from guanxi.app import Workspace, queries
from guanxi.cli.facts import show_events
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    say,
    show_json,
    show_table,
    show_text,
)
from guanxi.cli.tree import Commands
from guanxi.events import Catalogue, Event
from guanxi.events.document import document

commands = typer.Typer(cls=Commands, no_args_is_help=True, help="Events: what happened. 事件")


@commands.command()
def tail(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many. 条数")] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind. 只看此类")] = None,
    party: Annotated[str | None, typer.Option("--party", help="Only with this party, type:scope:key. 只看此方")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Only what happened before, e.g. 2026-01-02. 截至时间")
    ] = None,
    known: Annotated[int | None, typer.Option("--known", help="As known at this sequence number. 截至序号")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing new ones. 持续显示")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the newest events. 最近的事件"""
    until_ms = read_instant(as_of)
    with Workspace.open(workspace) as opened:
        found = queries.events(opened, kind=kind, party=party, until_ms=until_ms, known=known, limit=limit)
        _show(found, as_json, opened.catalogue)
        while follow:
            last = max((event.seq for event in found), default=opened.reader.sizes()["last_seq"])
            time.sleep(1)
            found = queries.events(opened, kind=kind, party=party, after_seq=last, limit=10_000, newest=False) or found
            if found and found[-1].seq > last:
                _show(found, as_json, opened.catalogue)


@commands.command()
def show(
    event: Annotated[str, typer.Argument(help="Event id or sequence number. 事件编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Print one event as JSON. 查看一条事件"""
    with Workspace.open(workspace) as opened:
        show_json(queries.explain(opened, event).event)


@commands.command()
def kinds(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    used: Annotated[bool, typer.Option("--used", help="Only kinds that occurred. 只看出现过的")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the whole catalogue as docs/events.md. 输出文档")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the kinds of event. 事件目录"""
    with Workspace.open(workspace) as opened:
        if markdown:
            show_text(document(opened.catalogue))
            return
        rows = [row for row in queries.kinds(opened) if row.events or not used]
    if as_json:
        show_json(rows)
    else:
        show_table(
            ("kind", "中文", "family", "sent by", "events"),
            [(row.name, row.zh, row.family, row.trust, row.events) for row in rows],
            empty="No events. 没有事件",
            keep=("kind", "中文"),
        )


def read_instant(text: str | None) -> int | None:
    """Return an instant given by a person, milliseconds UTC; times without a zone are China time."""
    if text is None:
        return None
    from guanxi.events.repair import read_time

    value: int | None = read_time(text).value
    return value


def _show(found: list[Event], as_json: bool, catalogue: Catalogue) -> None:
    if as_json:
        for event in found:
            show_json(event)
    elif found:
        show_events([(event.seq, event) for event in found], catalogue)
    else:
        say("No events. 没有事件")
