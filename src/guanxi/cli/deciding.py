"""Commands about deciding: `guanxi decide …`, `guanxi policies …`, and the story of a decision."""

from pathlib import Path
from typing import Annotated, Final, cast

import msgspec
import typer
from rich.progress import Progress

from guanxi.app import Workspace, audience, decision_replay, explaining, fairness_audit, relaying
from guanxi.app import deciding as decided
from guanxi.app import policies as files
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    moment,
    read_pairs,
    say,
    show_json,
    show_pairs,
    show_table,
    show_text,
)
from guanxi.cli.progress import progress_bar
from guanxi.cli.tree import Commands
from guanxi.core import NotFound, SettingError
from guanxi.decisions import Mode
from guanxi.engines.control import Run
from guanxi.engines.log import now_ms
from guanxi.events import repair

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Decide by a policy, about one person or many; look, replay. 决策"
)
policies = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Policies: what may be offered to whom, by which rules. 策略"
)
WHO: Final = "cli"

PolicyArgument = Annotated[str, typer.Argument(help="Name of the policy. 策略名称")]
ModeOption = Annotated[
    str, typer.Option("--mode", help="shadow, propose or auto; not more than the policy says. 影子、提议或自动")
]
SendOption = Annotated[bool, typer.Option("--send", help="For real; without it a dry run. 真的发送，否则只演练")]
AtOption = Annotated[str, typer.Option("--at", help="When it is to happen; else now, or after quiet hours. 何时发送")]


@commands.command("run")
def run(
    policy: PolicyArgument,
    segment: Annotated[str, typer.Option("--segment", help="RFM segment, buyers or no_order; else all. 分群")] = "",
    label: Annotated[str, typer.Option("--label", help="gender:female,age:25-34; all must hold. 标签")] = "",
    people: Annotated[Path | None, typer.Option("--people", help="File of references, one a line. 名单文件")] = None,
    mode: ModeOption = "", send: SendOption = False, at: AtOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Decide about many people; a dry run unless --send. 对一群人决策"""
    with Workspace.open(workspace) as opened, progress_bar() as bar:
        if people is not None and (segment or label):
            raise SettingError("--people stands beside --segment or --label", "Use one of the two")
        if people is None:
            asked = audience.find_audience(opened, segment=segment, label=label)
        else:
            asked = audience.named_audience(_lines(people))
        found = decided.run_policy(
            opened, policy, asked.people, audience=asked.zh, audience_en=asked.en, who=WHO, now_ms=now_ms(),
            mode=cast("Mode | None", mode or None), send=send, at_ms=_instant(at), progress=_Steps(bar),
        )  # fmt: skip
        relaying.relay_now(opened, doing="guanxi decide")
    if as_json:
        show_json(found)
        return
    _show_run(found)


@commands.command("one")
def one(
    policy: PolicyArgument,
    person: Annotated[str, typer.Argument(help="Reference, type:scope:key. 此人编号")],
    fact: Annotated[list[str] | None, typer.Option("--fact", help="name=value of the moment. 现场情况")] = None,
    mode: ModeOption = "", send: SendOption = False, at: AtOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Decide about one person and keep it; a dry run unless --send. 对一个人决策"""
    facts = tuple(sorted((name, _scalar(value)) for name, value in read_pairs(fact or [], "--fact").items()))
    with Workspace.open(workspace) as opened:
        made = decided.decide_one(
            opened, policy, person, who=WHO, now_ms=now_ms(), facts=facts, mode=cast("Mode | None", mode or None),
            send=send, at_ms=_instant(at),
        )  # fmt: skip
        relaying.relay_now(opened, doing="guanxi decide")
        told = explaining.explain_decision(opened, made.decision.id)
    if as_json:
        show_json(made)
        return
    show_text(told.text)


@commands.command("list")
def list_runs(
    policy: Annotated[str, typer.Option("--policy", help="Of this policy alone. 策略")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many. 条数")] = 50,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List runs, the latest first. 决策批次"""
    with Workspace.open(workspace) as opened:
        rows = opened.control.runs.runs(policy=policy, limit=limit)
    if as_json:
        show_json(rows)
        return
    show_table(
        ("run 批次", "policy 策略", "mode 模式", "state 状态", "people 人数", "acting 触达", "¥ 成本", "begun 开始"),
        [
            (row.id, row.policy, f"{row.mode}{'' if row.send else ' (dry)'}", row.state,
             int(row.counts.get("people", 0)), int(row.counts.get("acting", 0)),
             f"{row.counts.get('cost_fen', 0) / 100:,.2f}", moment(row.begun_ms))
            for row in rows
        ],
        empty="No runs yet. 还没有", keep=("run 批次",),
    )  # fmt: skip


@commands.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="Id from `decide list`. 批次编号")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show one run with its counts. 查看批次"""
    with Workspace.open(workspace) as opened:
        found = opened.control.runs.run(run)
    if as_json:
        show_json(found)
        return
    _show_run(found)


@commands.command("replay")
def replay(
    id: Annotated[str, typer.Argument(help="Of a run or of a decision. 批次或决策编号")],  # noqa: A002
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make decisions again from the log; exit 1 unless all come out bit for bit. 重放校验"""
    with Workspace.open(workspace) as opened:
        try:
            found = decision_replay.replay_run(opened, id)
        except NotFound:
            found = decision_replay.replay_decision(opened, id)
    if as_json:
        show_json(found)
    else:
        show_pairs([
            ("decisions 决策", found.decisions), ("the same 一致", found.same), ("erased 已删除", found.erased),
            *((f"differ by {cause} 不一致", count) for cause, count in found.differ.items()),
        ])  # fmt: skip
        for one_id in found.ids:
            say(one_id)
        say("All came out bit for bit. 逐位一致" if found.is_same else "Some came out otherwise. 有不一致")
    if not found.is_same:
        raise typer.Exit(1)


@commands.command("fairness")
def fairness(
    run: Annotated[str, typer.Argument(help="Id from `decide list`. 批次编号")],
    days: Annotated[
        int, typer.Option("--days", min=1, help="Loyal: first paid so long ago. 老客的天数")
    ] = fairness_audit.LOYAL_DAYS,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Compare how often loyal and other people were given a price, at the same behaviour. 新老客是否同等"""
    with Workspace.open(workspace) as opened:
        found = fairness_audit.run_parity(opened, run, days=days)
    if as_json:
        show_json(found)
        return
    gap = "no cell holds both 没有可比的" if found.difference is None else str(found.difference)
    show_pairs([
        ("loyal 老客", f"{found.loyal_with:,} of {found.loyal:,}"),
        ("others 其他", f"{found.others_with:,} of {found.others:,}"),
        ("difference 同行为下之差", gap), ("cells compared 可比的行为组", f"{found.compared:,} of {found.cells:,}"),
    ])  # fmt: skip


@policies.command("list")
def list_policies(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """List the policies of the workspace. 策略清单"""
    with Workspace.open(workspace) as opened:
        rows = files.policy_files(opened)
    if as_json:
        show_json(rows)
        return
    show_table(
        ("policy 策略", "name 名称", "mode 模式", "version 版本", "held 对照", "chance 探索", "offers 选项", "wrong"),
        [
            (row.name, row.zh, row.mode, row.version, f"{row.holdout:.0%}", f"{row.explore:.0%}",
             ", ".join(row.offers), row.wrong)
            for row in rows
        ],
        empty="No policies yet: make one with `guanxi policies new`. 还没有", keep=("policy 策略",),
    )  # fmt: skip


@policies.command("new")
def new_policy(
    name: PolicyArgument,
    source: Annotated[str, typer.Option("--from", help="A template, or a TOML file. 模板或文件")] = "winback",
    replace: Annotated[bool, typer.Option("--replace", help="Over the file that is there. 覆盖")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write a policy from a template or a file, after checking it. 新建策略"""
    text = files.template(source) if source in files.template_names() else _read(Path(source))
    with Workspace.open(workspace) as opened:
        made = files.save_policy(opened, name, text, who=WHO, replace=replace)
    if as_json:
        show_json(made)
        return
    say(f"Wrote policies/{name}.toml; edit it, then `guanxi decide run {name}`. 已写入")
    _show_policy(made)


@policies.command("show")
def show_policy(
    name: PolicyArgument, workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False
) -> None:  # fmt: skip
    """Print a policy's file, or say what is wrong with it. 查看策略"""
    with Workspace.open(workspace) as opened:
        text = files.policy_text(opened, name)
        [row] = [one for one in files.policy_files(opened) if one.name == name]
    if as_json:
        show_json(row)
        return
    if row.wrong:
        raise SettingError(row.wrong, f"Mend policies/{name}.toml")
    show_text(text.rstrip())


@policies.command("check")
def check_policies(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Read every policy; exit 1 when one is wrong. 检查策略"""
    with Workspace.open(workspace) as opened:
        rows = files.policy_files(opened)
    wrong = [row for row in rows if row.wrong]
    if as_json:
        show_json(rows)
    else:
        for row in wrong:
            say(f"{row.name}: {row.wrong}")
        say(f"{len(rows) - len(wrong)} of {len(rows)} policies can be used. 可用")
    if wrong:
        raise typer.Exit(1)


class _Steps:
    """Progress of a run: one bar a step."""

    WORDS: Final = {"weigh": "weighing 估算", "decide": "deciding 决策"}

    def __init__(self, bar: Progress) -> None:
        self._bar, self._tasks = bar, {}  # type: ignore[var-annotated]

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(self.WORDS[step], total=total, done="")
        self._bar.update(self._tasks[step], completed=done, done=f"{done:,} of {total:,}")


def _show_run(run: Run) -> None:
    counts = dict(run.counts)
    yuan = {"cost_fen": counts.pop("cost_fen", 0) / 100}
    show_pairs([
        ("run 批次", run.id), ("policy 策略", f"{run.policy} · {run.mode}{'' if run.send else ' · dry run 演练'}"),
        ("state 状态", run.state), ("audience 对象", run.audience), ("when 时间", moment(run.at_ms)),
        ("cost 成本", f"¥{yuan['cost_fen']:,.2f}"),
        *((name, f"{value:,.2f}" if name.endswith("_yuan") else int(value)) for name, value in counts.items()),
        *([("problem 问题", run.problem)] if run.problem else []),
    ])  # fmt: skip


def _show_policy(row: files.PolicyFile) -> None:
    show_pairs([
        ("policy 策略", f"{row.name} · {row.zh} · {row.en}"), ("mode 模式", row.mode),
        ("offers 选项", ", ".join(row.offers)),
        ("rules 规则", row.rules), ("reads 读取", ", ".join(row.reads) or "nothing"),
    ])  # fmt: skip


def _lines(path: Path) -> list[str]:
    return _read(path).splitlines()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} cannot be read: {error}", "Name a template or a UTF-8 file") from None


def _scalar(text: str) -> str | int | float | bool:
    """A value as it looks: true, 3, 2.5, or text."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return found if isinstance(found, (bool, int, float)) else text


def _instant(text: str) -> int | None:
    return int(repair.read_time(text).value or 0) if text else None
