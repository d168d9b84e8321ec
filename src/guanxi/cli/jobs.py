"""Commands about what goes on by itself."""

from typing import Annotated, Final

import typer

from guanxi.app import Workspace
from guanxi.app import jobs as house
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    moment,
    say,
    show_json,
    show_table,
)
from guanxi.cli.tree import Commands
from guanxi.engines.jobs import FILE
from guanxi.plays import JobStatus

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="What goes on by itself: schedules, long jobs, journeys. 定时与后台任务"
)
SHOWN: Final = 20  # jobs


@commands.command("list")
def list_jobs(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List schedules with how their last run went, journeys with how many are where, and the latest jobs. 任务清单"""
    with Workspace.open(workspace) as opened:
        chores, rows = house.chores_of(opened), house.keep_schedules(opened)
        with opened.control.snapshot() as connection:
            counts = opened.control.journeys.counts_in(connection)
        jobs: list[JobStatus] = []
        if (opened.folder / FILE).exists():
            jobs = house.latest_jobs(opened, limit=SHOWN)
    if as_json:
        show_json({"schedules": rows, "journeys": counts, "jobs": jobs})
        return
    show_table(
        ("name 名称", "what 内容", "rule 规则", "next 下次", "last 上次", "fails 失败", "outcome 结果"),
        [
            (
                row.name, f"{chores[row.name].zh} {chores[row.name].en}", row.rule,
                moment(row.next_ms) if row.enabled else "off", moment(row.begun_ms) if row.begun_ms else "-",
                row.fails, row.outcome or "-",
            )
            for row in rows
        ],
        empty="Nothing is scheduled.", keep=("name 名称",),
    )  # fmt: skip
    if counts:
        show_table(
            ("journey 旅程", "step 步骤", "state 状态", "people 人数", "goes on 最早继续"),
            [
                (one.journey, one.step, one.state, one.people, moment(one.soonest_ms) if one.soonest_ms else "-")
                for one in counts
            ],
            empty="",
        )  # fmt: skip
    if jobs:
        show_table(
            ("job 任务", "state 状态", "begun 开始", "ended 结束", "says 说明"),
            [
                (one.id, one.state, moment(one.begun_ms), moment(one.ended_ms) if one.ended_ms else "-",
                 one.error or one.result or one.text or "-")
                for one in jobs
            ],
            empty="", keep=("job 任务",),
        )  # fmt: skip


@commands.command("run")
def run_job(
    name: Annotated[str, typer.Argument(help="Name from `jobs list`. 任务名称")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Do something that is scheduled now; its schedule stays as it is. 立即执行一次"""
    with Workspace.open(workspace) as opened:
        outcome = house.run_chore(opened, name)
    if as_json:
        show_json({"name": name, "outcome": outcome})
        return
    say(outcome or "There was nothing to do.")
