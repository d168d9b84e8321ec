"""The tree of commands, and the bare verbs: init, demo, import, serve, status, explain, sql."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.progress import Progress

from guanxi import __version__
from guanxi.app import DATA, Workspace, explaining, import_files, preview, queries, run_demo, sources
from guanxi.cli import (
    analysis,
    approvals,
    bank,
    bench,
    control,
    deciding,
    events,
    jobs,
    ledger,
    limits,
    mapping,
    metrics,
    own_traits,
    parked,
    parties,
    people,
    privacy,
    sending,
    serve,
    town,
    traits,
)
from guanxi.cli.facts import property_rows
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    read_pairs,
    say,
    show_json,
    show_pairs,
    show_table,
    show_text,
)
from guanxi.cli.progress import progress_bar
from guanxi.cli.reports import show_preview, show_report, show_status
from guanxi.cli.tree import Commands

cli = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Guanxi (关系): events in, history kept, every number explained. 事件进得来，历史留得住，数字说得清",
)  # fmt: skip
cli.add_typer(events.commands, name="events")
cli.add_typer(parties.commands, name="parties")
cli.add_typer(metrics.commands, name="metrics")
cli.add_typer(people.commands, name="people")
traits.commands.add_typer(own_traits.commands)
cli.add_typer(traits.commands, name="traits")
cli.add_typer(analysis.explore, name="explore")
cli.add_typer(parked.commands, name="parked")
cli.add_typer(mapping.commands, name="mapping")
cli.add_typer(bank.commands, name="bank")
cli.add_typer(ledger.commands, name="ledger")
cli.add_typer(jobs.commands, name="jobs")
cli.add_typer(deciding.commands, name="decide")
cli.add_typer(deciding.policies, name="policies")
cli.add_typer(approvals.commands, name="approvals")
cli.add_typer(limits.commands, name="limits")
cli.add_typer(town.commands, name="town")
cli.add_typer(control.keys, name="keys")
cli.add_typer(control.users, name="users")
cli.command("bench")(bench.bench)
cli.add_typer(sending.commands, name="outbox")
cli.command("send")(sending.send)
cli.command("serve")(serve.serve)
cli.command("keeper", hidden=True)(serve.keeper)
cli.command("erase")(privacy.erase)
cli.command("backup")(privacy.backup)
cli.command("restore")(privacy.restore)

DEMO_WORKSPACE = Path(".guanxi-demo")


@cli.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version. 版本")] = False) -> None:
    """Answer --version."""
    if version:
        typer.echo(f"guanxi {__version__}")
        raise typer.Exit


@cli.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make. 新工作区目录")] = DEFAULT_WORKSPACE) -> None:
    """Make a workspace and its first user. 新建工作区"""
    workspace, password = Workspace.create(folder)
    workspace.close()
    say(f"Made the workspace {folder}. Sign in as admin with this password, shown once:")
    show_text(password)


@cli.command()
def demo(
    workspace: Annotated[Path | None, typer.Option("--workspace", "-w", help="Folder of the demo. 演示目录")] = None,
    data: Annotated[str, typer.Option("--data", help=f"{' or '.join(DATA)}. 数据:小镇或真实订单")] = DATA[0],
    size: town.SizeOption = "demo",
    seed: town.SeedOption = 7,
    start: town.StartOption = "",
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Fill it and stop. 只准备数据，不启动服务")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a town of 20,000 people and serve it, or a year of real orders. 演示：两万人的小镇，或一年真实订单"""
    folder = workspace or (DEMO_WORKSPACE if data == DATA[0] else DEMO_WORKSPACE.with_name(f".guanxi-demo-{data}"))
    with progress_bar() as bar:
        days = town.show_days(bar) if data == DATA[0] else None
        opened, report = run_demo(
            folder, data=data, size=size, seed=seed, start=town.read_day(start), progress=_progress(bar), days=days
        )
    opened.close()
    if as_json:
        show_json(msgspec.structs.replace(report, password=""))
    else:
        if report.reused:
            say(f"The workspace {folder} holds this already: it is used as it is. 数据已存在，直接使用")
        show_pairs(
            [
                ("data 数据", "a planted town 模拟小镇" if data == DATA[0] else "The Complete Journey 真实订单"),
                ("events 事件", f"{report.events:,}, of which new {report.stored:,} 本次新增"),
                ("parties 参与方", report.parties), ("parked rows 问题行", report.parked),
                *([("waiting for approval 待审批", f"{report.proposed:,} people 人")] if report.proposed else []),
                ("took 用时", f"{report.seconds:.1f} s"),
            ]
        )  # fmt: skip
    if report.password:
        say(f"\nFirst run. Sign in as admin with this password, shown once 首次运行，密码只显示一次: {report.password}")
    if not no_serve:
        program = _program()
        say(
            f"\nLook around in another terminal 在另一个终端查看:\n  {program} status -w {folder}\n"
            f"  {program} events tail -w {folder}\n"
        )
        serve.serve(folder)


@cli.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files or folders. 文件或目录")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    preset: Annotated[
        str, typer.Option("--as", help="Preset or MAPPING.toml; found by content when left out. 预设")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; store nothing. 试运行")] = False,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows that a dry run reads. 试运行行数")] = 1000,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="name=value that the preset asks for. 补充设置")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import files of any platform. 导入文件"""
    given = read_pairs(settings or [], "--set")
    chosen = [pair for path in sources.expand(files) for pair in sources.choose(path, preset)]
    with Workspace.open(workspace) as opened:
        if dry_run:
            for source, row in chosen:
                shown = [
                    sources.as_preview(opened.catalogue, chunk)
                    for chunk in preview(opened, source, row, settings=given, rows=rows)
                ]
                if as_json:
                    show_json({"file": source.name, "preset": row.id, "chunks": shown})
                else:
                    show_preview(source, row, shown, opened.catalogue)
            return
        with progress_bar() as bar:
            report = import_files(opened, chosen, settings=given, progress=_progress(bar))
    if as_json:
        show_json(report)
    else:
        show_report(report, workspace)


@cli.command()
def status(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Show a workspace at a glance. 概况"""
    with Workspace.open(workspace) as opened:
        now, catalogue = queries.status(opened), opened.catalogue
    if as_json:
        show_json(now)
        return
    show_status(now, catalogue, workspace)


@cli.command()
def explain(
    event: Annotated[str, typer.Argument(help="Id of a decision or an event, or a sequence number. 编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say why it was decided so, or where an event came from and what became of it. 为什么这样决定、从哪来"""
    with Workspace.open(workspace) as opened:
        if explaining.is_decision(opened, event):
            told = explaining.explain_decision(opened, event)
            show_json(told) if as_json else show_text(told.text)
            return
        found = queries.explain(opened, event)
    if as_json:
        show_json(found)
        return
    fact = found.event
    label = f"{fact.kind} · {found.kind.zh}" if found.kind else f"{fact.kind} · 自定义事件"
    show_pairs(
        [
            ("event", fact.id), ("kind", label), ("means", found.kind.purpose if found.kind else "a custom event"),
            ("happened", f"{moment(fact.at_ms)} China time 北京时间"), ("learnt", moment(fact.received_ms)),
            ("sequence", str(fact.seq)),
            ("source", fact.source), ("amount", amount_text(fact.amount, fact.currency)),
            ("mended", ", ".join(fact.repairs) or "nothing"), ("replaces", found.replaces or "nothing"),
            ("replaced by", found.replaced_by or "nothing: it stands"),
            *((f"role {role}", fact.roles[role] + ("" if fact.roles[role] == ref else f", known as {ref}"))
              for role, ref in found.parties.items()),
            *((f"reference {name}", ref) for name, ref in fact.refs.items()),
        ]
    )  # fmt: skip
    declared = found.kind.properties if found.kind else {}
    if fact.properties:
        show_table(("property", "属性", "value 值"), property_rows(fact, declared), keep=("property",))


@cli.command()
def sql(
    query: Annotated[str, typer.Argument(help="SELECT over tables named as kinds: order_completed. 只读查询")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    known: Annotated[int | None, typer.Option("--known", help="As known at this sequence number. 截至序号")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the log in SQL; amounts are in minor units (分, cents). 自定义查询"""
    with Workspace.open(workspace) as opened:
        columns, found = queries.query(opened, query, known=known)
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in found])
    else:
        rows = [[_readable(column, value) for column, value in zip(columns, row, strict=True)] for row in found]
        show_table(columns, rows, empty="No rows. 没有结果")


def _readable(column: str, value: object) -> object:
    """Return a value of a query as a person reads it: instants as times, ids without thousands marks."""
    if not isinstance(value, int):
        return value
    if column.endswith("_ms"):
        return moment(value)
    return str(value) if column in ("seq", "row", "id_hi", "id_lo") else value


def _program() -> str:
    """Return how this command was called, so that what is shown can be pasted."""
    called = Path(sys.argv[0])
    if shutil.which(called.name) is not None or called.name != "guanxi":
        return "guanxi"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _progress(bar: Progress) -> "_Show":
    return _Show(bar)


class _Show:
    """One bar a file: rows read and events made so far."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._tasks = bar, dict[str, int]()

    def __call__(self, name: str, rows: int, events: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(escape(name), total=None, done="")
        self._bar.update(self._tasks[name], done=f"{rows:,} rows  {events:,} events", completed=rows)  # type: ignore[arg-type]  # rich's TaskID is an int
