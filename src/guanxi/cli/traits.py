"""Commands about traits: `guanxi traits …`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from guanxi.app import Workspace, trait_answers, trait_explain, trait_ranks, trait_table
from guanxi.app import traits as read
from guanxi.cli.events import read_instant
from guanxi.cli.output import (
    DEFAULT_WORKSPACE,
    JsonOption,
    WorkspaceOption,
    amount_text,
    moment,
    say,
    share_text,
    show_json,
    show_pairs,
    show_table,
)
from guanxi.cli.progress import progress_bar
from guanxi.cli.tree import Commands
from guanxi.core import DataError
from guanxi.engines.log import now_ms
from guanxi.traits import PARTIES, TraitCatalogue, shipped_traits

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Traits: one definition each, as of any instant. 标签与特征"
)

PartyOption = Annotated[str, typer.Option("--party", help="Only of this party: person, device, ip … 参与方")]
TopicOption = Annotated[str, typer.Option("--topic", help="Only of this topic: velocity, taste … 主题")]
UseOption = Annotated[str, typer.Option("--use", help="profile or risk. 用途")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Only what happened before; now by default. 截至时间")]
KnownOption = Annotated[int | None, typer.Option("--known", help="As known at this sequence number. 截至序号")]
TraitsOption = Annotated[list[str] | None, typer.Option("--trait", "-t", help="A trait; may be repeated. 特征")]
LangOption = Annotated[str, typer.Option("--lang", help="Language of the sentences: zh or en. 语言")]


@commands.command("list")
def list_traits(
    q: Annotated[str, typer.Argument(help="Words that the name or the sentence holds. 搜索")] = "",
    party: PartyOption = "", topic: TopicOption = "", use: UseOption = "", lang: LangOption = "zh",
    own: Annotated[bool, typer.Option("--own", help="Only those that the workspace defines. 只看自定义")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """List traits with their sentence, unit and window; those of the workspace bear a *. 特征目录"""
    known = _catalogue(workspace)
    rows = trait_answers.catalogue(known, q=q, topic=topic, party=party, use=use)
    rows = [row for row in rows if row.own or not own]
    if as_json:
        show_json(rows)
        return
    say(f"{len(rows):,} of {len(known.rows):,} traits · 共 {len(rows):,} 个")
    english = _english(lang)
    show_table(
        ("trait 特征", "says 含义", "unit 单位", "window 窗口", "topic 主题"),
        [(f"{row.name} *" if row.own else row.name, row.en if english else row.zh, row.unit or "—", row.window,
          row.topic_en if english else row.topic_zh) for row in rows],
        empty="No such trait. 没有这样的特征", keep=("trait 特征",),
    )  # fmt: skip


@commands.command()
def show(
    trait: Annotated[str, typer.Argument(help="Name, e.g. ip.orders.count.10m. 特征")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show one trait: what it says, of what it is made, what it is good for. 查看特征"""
    row = trait_answers.trait_row(_catalogue(workspace), trait)
    if as_json:
        show_json(row)
        return
    show_pairs(
        [
            ("trait", row.name), ("含义", row.zh), ("says", row.en), ("用处", row.why_zh), ("why", row.why_en),
            ("topic 主题", f"{row.topic} {row.topic_zh}"), ("party 参与方", f"{row.party} {PARTIES[row.party].zh}"),
            ("measure 度量", row.of), ("aggregate 汇总", row.aggregate),
            *((name, value) for name, value in (
                ("over 分母", row.over), ("after 之后", row.after), ("within 时限", row.within), ("by 按", row.by),
                ("via 经由", row.via), ("half-life 半衰期", row.half_life),
            ) if value),
            ("window 窗口", row.window), ("unit 单位", row.unit or "—"), ("privacy 隐私", row.privacy),
            ("uses 用途", ", ".join(row.uses)),
        ]
    )  # fmt: skip


@commands.command()
def explain(
    ref: Annotated[str, typer.Argument(help="type:scope:key. 参与方")],
    trait: Annotated[str, typer.Argument(help="Name of the trait. 特征")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_of: AsOfOption = None, known: KnownOption = None,
    use: UseOption = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=1_000, help="Events shown. 条数")] = 20,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say why a trait is what it is: definition, window and the very events. 为什么是这个值"""
    with Workspace.open(workspace) as opened:
        why = trait_explain.explain(opened, ref, trait, until=_until(as_of), known=known, use=use, limit=limit)
    if as_json:
        show_json(why)
        return
    say(f"{why.zh} · {why.en}\n{why.why_zh} {why.why_en}")
    show_pairs(
        [
            ("value 值", value_text(why.value, why.unit)), ("of 参与方", why.ref), ("from 自", moment(why.start_ms)),
            ("until 至", moment(why.until_ms)), ("known 截至序号", why.known),
            *((f"{one.role} {one.name}", _measure(one)) for one in why.measures),
            *([("names 名称数", why.names)] if why.names is not None else []),
            *(("lineage 血缘", line) for line in why.lineage),
        ]
    )  # fmt: skip
    if why.neighbours:
        show_table(
            ("neighbour 邻居", "value 值"), [(one.ref, value_text(one.value, why.unit)) for one in why.neighbours]
        )
        return
    show_table(
        ("when 时间", "kind 事件", "reads 读数", "name 名称", "event 编号"),
        [(moment(one.clock_ms), f"{one.kind} {one.zh}", one.value, one.code or "—", one.id) for one in why.events],
        title=f"{len(why.events):,} of {why.total:,} events · 共 {why.total:,} 条", empty="No events. 没有事件",
        keep=("event 编号",),
    )  # fmt: skip


@commands.command("as-of")
def as_of_(
    refs: Annotated[list[str], typer.Argument(help="type:scope:key of each party. 参与方")],
    trait: TraitsOption = None, topic: TopicOption = "", use: UseOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_of: AsOfOption = None, known: KnownOption = None,
    lang: LangOption = "zh", as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Read traits of parties as of an instant. 某一时刻的特征"""
    names = [*(trait or ()), *([topic] if topic else [])]
    with Workspace.open(workspace) as opened:
        found = trait_answers.trait_table(opened, refs, names, until=_until(as_of), known=known, use=use)
        rows = opened.traits.rows
    if as_json:
        show_json(found)
        return
    if found.withheld:
        say(f"{len(found.withheld):,} do not allow profiles · {len(found.withheld):,} 方不同意画像")
    english = _english(lang)
    for ref, values in zip(found.parties, found.rows, strict=True):
        show_table(
            ("trait 特征", "says 含义", "value 值"),
            [(name, rows[name].en if english else rows[name].zh, value_text(value, unit))
             for name, unit, value in zip(found.names, found.units, values, strict=True)],
            title=ref, keep=("trait 特征", "value 值"),
        )  # fmt: skip


@commands.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write: .parquet or .csv. 输出文件")],
    party: PartyOption = "",
    events: Annotated[str, typer.Option("--events", help="A row for each event of this measure or kind. 事件")] = "",
    trait: TraitsOption = None, topic: TopicOption = "", use: UseOption = "",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_of: AsOfOption = None, known: KnownOption = None,
    since: Annotated[str | None, typer.Option("--since", help="Events from this instant on. 起始时间")] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Write parties by traits, or events by what each saw, for training. 导出特征表"""
    if bool(party) == bool(events):
        raise DataError("the rows of the table are not named", "Give either --party or --events", "party")
    names, until = [*(trait or ()), *([topic] if topic else [])], _until(as_of)
    with Workspace.open(workspace) as opened, progress_bar() as bar:
        frames: Iterator[pl.DataFrame] = (
            trait_table.table(opened, events, names, cut_off=until, known=known, use=use, since=read_instant(since))
            if events else read.everyone(opened, party, names, until=until, known=known, use=use)
        )  # fmt: skip
        task = bar.add_task(file.name, total=None, done="")
        done = trait_table.write(frames, file, progress=lambda rows: bar.update(task, done=f"{rows:,}"))
    if as_json:
        show_json(done)
    else:
        say(f"Wrote {done.rows:,} rows of {done.columns:,} columns · 已写 {done.rows:,} 行")


@commands.command()
def ranks(workspace: WorkspaceOption = DEFAULT_WORKSPACE, as_json: JsonOption = False) -> None:
    """Rank the traits of all people as of the last midnight; a serving workspace does so daily. 算出名次"""
    with Workspace.open(workspace) as opened, progress_bar() as bar:
        task = bar.add_task("people 人", total=None, done="")
        made = trait_ranks.make_ranks(
            opened, progress=lambda done, of: bar.update(task, completed=done, total=of, done=f"{done:,} / {of:,}")
        )
    if as_json:
        show_json(made)
        return
    told = sum(1 for one in made.ladders if one.known >= trait_ranks.LEAST)
    say(f"Ranked {told:,} traits over {made.ranked:,} of {made.people:,} people as of {moment(made.until_ms)}"
        f" · 已在 {made.ranked:,} 人中排出 {told:,} 个特征的名次")  # fmt: skip


def value_text(value: Any, unit: str) -> str:
    """Return a value with its unit, "—" when it is unknown."""
    if value is None or isinstance(value, str):
        return value or "—"
    if unit == "money":
        return amount_text(round(value), "CNY")
    if unit == "share":
        return share_text(value)
    if unit == "ms":
        return _long(value)
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    return text if unit in ("count", "ratio", "") else f"{text} {unit}"


def _measure(one: trait_explain.MeasureBehind) -> str:
    total = "" if one.total is None else f", total 合计 {value_text(one.total, one.unit)}"
    return f"{one.events:,} events 条{total}"


def _long(ms: float) -> str:
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if ms >= 2 * length:
            return f"{ms / length:,.1f} {unit}"
    return f"{ms:,.0f} ms"


def _catalogue(folder: Path) -> TraitCatalogue:
    """The traits of a workspace; where none is named and none is here, those that ship."""
    if folder == DEFAULT_WORKSPACE and not folder.exists():
        return shipped_traits()
    with Workspace.open(folder) as opened:
        return opened.traits


def _until(text: str | None) -> int:
    found = read_instant(text)
    return now_ms() if found is None else found


def _english(lang: str) -> bool:
    if lang not in ("zh", "en"):
        raise DataError(f"the language is {lang[:10]!r}", "Use zh or en", "lang")
    return lang == "en"
