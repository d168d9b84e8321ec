"""Commands of the town: a planted economy in a workspace of its own, and what is true of it."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress

from guanxi.app import SIZES, TownReport, Workspace, found_town, plan_town, read_spec, run_town, today_there
from guanxi.bench import summary, town_truth
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    at_workspace,
    say,
    show_json,
    show_pairs,
    show_table,
    show_text,
)
from guanxi.cli.progress import progress_bar
from guanxi.cli.tree import Commands
from guanxi.core import SettingError

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="A planted economy whose truth is known. 小镇:真相已知的模拟经济"
)

SizeOption = Annotated[str, typer.Option("--size", help=f"One of {', '.join(SIZES)}. 规模")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of every draw. 随机种子")]
StartOption = Annotated[
    str, typer.Option("--start", help="First day, YYYY-MM-DD; else the last day is yesterday. 首日")
]


@commands.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make. 新工作区目录")],
    size: SizeOption = "small",
    seed: SeedOption = 7,
    people: Annotated[int | None, typer.Option("--people", min=1, help="How many people. 人数")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="How many days. 天数")] = None,
    detail: Annotated[str, typer.Option("--detail", help="full or trade, all days alike. 明细程度")] = "",
    start: StartOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a workspace of a town and let its days pass. 新建小镇"""
    spec = plan_town(
        size, seed=seed, people=people, days=days, detail=_detail(detail), start=read_day(start), today=today_there()
    )
    workspace, password = found_town(folder, spec)
    if password:  # before the days pass: whoever stops them must still be able to sign in
        say("Sign in as admin with this password, shown once 密码只显示一次:")
        show_text(password) if not as_json else say(password)
    with workspace:
        report = _run(workspace, None)
    _show(report, folder, as_json)


@commands.command()
def run(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    until: Annotated[str, typer.Option("--until", help="Last day, YYYY-MM-DD, or how many days in all. 到哪天")] = "",
    as_json: JsonOption = False,
) -> None:
    """Let more days pass, or go on after an interruption. 继续运行"""
    with Workspace.open(workspace) as opened:
        goal = None
        if until.isdigit():
            goal = int(until)
        elif (day := read_day(until)) is not None:
            goal = (day - read_spec(workspace).start).days + 1
            if goal < 1:
                raise SettingError(
                    f"{until} lies before the town's first day", f"It begins on {read_spec(workspace).start}"
                )
        report = _run(opened, goal)
    _show(report, workspace, as_json)


@commands.command()
def truth(
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables, as Parquet. 输出目录")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is true of the town: for scorers, never for decisions. 小镇真相"""
    truths = town_truth(workspace)
    if out is not None:
        truths.write(out)
        say(f"Wrote the tables to {out}")
    rows = summary(truths)
    if as_json:
        show_json(rows)
    else:
        show_table(
            ("kind", "name", "rows", "mean"),
            [(one.kind, one.name, one.rows, None if one.mean is None else f"{one.mean:,.4f}") for one in rows],
        )


def read_day(text: str) -> date | None:
    """Return a day written YYYY-MM-DD, None for "".

    raises   SettingError when it is none
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(f"{text!r:.40} is no day", "Write it as 2026-03-01") from None


def show_days(bar: Progress) -> "Days":
    """Return what moves a bar with the days of a town."""
    return Days(bar)


class Days:
    """One bar for all days of a town."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._task = bar, bar.add_task("town 小镇", total=None, done="")

    def __call__(self, day: int, goal: int, events: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, total=goal, completed=day, done=f"day {day} of {goal}  {events:,} events")


def _detail(text: str) -> Literal["full", "trade", ""]:
    if text not in ("full", "trade", ""):
        raise SettingError(f"no detail is called {text!r:.40}", "Use full or trade", "detail")
    return text  # type: ignore[return-value]  # one of the three


def _goal(until: str, first: date) -> int | None:
    """How many days a town shall have, from a day or their number; None when nothing is said."""
    if until.isdigit():
        return int(until)
    day = read_day(until)
    if day is not None and day < first:
        raise SettingError(f"{until} lies before the town's first day", f"It begins on {first}")
    return None if day is None else (day - first).days + 1


def _run(workspace: Workspace, goal: int | None) -> TownReport:
    with progress_bar() as bar:
        return run_town(workspace, until=goal, progress=show_days(bar))


def _show(report: TownReport, folder: Path, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    went_on = f", of which {report.resumed} before this run 此前已完成" if report.resumed else ""
    show_pairs(
        [
            ("days 天数", f"{report.days}{went_on}"), ("new events 新增事件", report.events),
            ("took 用时", f"{report.seconds:.1f} s"),
        ]
    )  # fmt: skip
    if not report.events:
        say("Nothing was left to do 无需运行: name a later day with --until")
    say(f"Look around 查看: guanxi status{at_workspace(folder)}")
