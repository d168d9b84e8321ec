"""What commands tell when they are done: an import, a dry run, the state of a workspace."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from guanxi.app import FileReport, ImportReport, Status, sources
from guanxi.cli.facts import label, show_events
from guanxi.cli.output import ago, at_workspace, moment, say, show_pairs, show_table, size_text
from guanxi.events import Catalogue

#: What the counts of a report mean; a name that is not here is shown as it is.
WORDS: Final[dict[str, str]] = {
    "total": "total rows, compared with the sum of the others 合计行，只用于核对",
    "blank": "blank rows 空行",
    "legend": "rows that explain the header 表头说明行",
    "fact": "rows that hold one value for the whole file 全文件共用的一行",
    "sku": "SKU rows that repeat the figures of their product 与商品行重复的 SKU 行",
    "no-event": "messages that say nothing to record 没有可记内容的消息",
    "masked": "values are masked: never used to join people 打码，绝不用于合并身份",
    "tied": "cancellations or refunds tied to their order 取消/退款已对应到原单",
    "several": "not tied: several orders fit 可能的原单不止一笔",
    "no-candidate": "not tied: no order in the files fits 文件里没有对应的原单",
}


def show_report(report: ImportReport, workspace: Path) -> None:
    """Tell what became of an import, file by file, and what a person should look at."""
    show_table(
        ("file", "preset", "rows", "parked", "new events", "known", "s"),
        [(one.file, one.preset, one.rows, one.parked, one.stored, one.duplicates, one.seconds) for one in report.files],
    )
    for one in report.files:
        told = [*_counts(one), *_totals(one)]
        if told:
            say("\n".join([f"{one.file}:", *(f"  {line}" for line in told)]))
    if len(report.files) > 1:
        sums = f"{report.rows:,} rows, {report.stored:,} new events, {report.duplicates:,} known"
        say(f"together 合计: {sums}, {report.seconds:.1f} s")
    if report.parked:
        see = f"guanxi parked list{at_workspace(workspace)}"
        say(f"{report.parked:,} of {report.rows:,} rows are parked (问题行): {see}")
    elif not report.stored and report.duplicates:
        say("Nothing is new: all of it was stored before. 没有新内容，之前都已入库")


def show_preview(
    source: sources.Opened, row: sources.Preset, shown: Sequence[sources.Preview], catalogue: Catalogue
) -> None:
    """Tell what an import would make of the first rows of a file."""
    say(f"{source.name} as {row.id} ({row.zh}), by row of the file; nothing is stored 试运行，不写入:")
    for chunk in shown:
        show_events(((one.row, one.event) for one in chunk.events), catalogue)
        for bad in chunk.parked:
            say(f"row {bad.row} would be parked ({bad.reason}), column {bad.field or '—'}: {bad.what}")
            say(f"  mend: {bad.mend}")
        for name, count in chunk.skipped.items():
            say(f"would skip {count:,} {_word(name)}")


def show_status(now: Status, catalogue: Catalogue, workspace: Path) -> None:
    """Tell what is served, how old the newest event is, and what needs a person."""
    gate = next((process for process in now.processes if process.job == "gate"), None)
    if gate is None:
        serving = f"no 未启动 (start with `guanxi serve{at_workspace(workspace)}`)"
    else:
        serving = f"yes 运行中: {now.url}, events in at {gate.url}" if gate.url else f"no; {gate.doing} is at work"
    waiting = now.hot + now.staged
    where = f"{now.events:,}, {waiting:,} of them not yet in the lake 待归档" if waiting else f"{now.events:,}"
    parked = "nothing 无"
    if now.parked:
        parked = f"{now.parked:,} parked rows 问题行: guanxi parked list{at_workspace(workspace)}"
    show_pairs(
        [
            ("workspace 工作区", f"{now.workspace}, {size_text(now.bytes)}, guanxi {now.version}"),
            ("serving 服务", serving),
            ("events 事件", where),
            ("newest event 最新事件", f"{moment(now.newest_at_ms)} {ago(now.newest_at_ms)}"),
            ("last learnt 最近入库", f"{moment(now.learnt_ms)} {ago(now.learnt_ms)}"),
            ("needs a person 待处理", parked),
        ]
    )
    by_count = sorted(now.kinds.items(), key=lambda row: row[1], reverse=True)
    show_table(
        ("kind 事件", "events 条数"),
        [(label(name, catalogue), count) for name, count in by_count],
        empty="No events yet. 还没有事件",
    )


def _counts(one: FileReport) -> list[str]:
    told = [f"{count:,} skipped: {_word(name)}" for name, count in sorted(one.skipped.items())]
    for name, count in sorted(one.notes.items()):
        what, _, why = name.partition(":")
        told.append(f"{count:,} {what} {_word(why)}" if why and what != "untied" else f"{count:,} {_word(why or what)}")
    if one.tied_share is not None:
        told.append(f"tied share 对应比例 {one.tied_share:.1%}")
    told += [
        f"{count:,} {kind} left out: the person was erased 当事人信息已删除" for kind, count in one.left_out.items()
    ]
    if one.resumed_at:
        told.append(f"went on where an interrupted import stopped 接着上次中断处 ({one.resumed_at})")
    return told


def _totals(one: FileReport) -> list[str]:
    agreed = [gap.column for gap in one.totals if not gap.gap]
    told = [
        f"total row 合计 {gap.column}: it says {gap.stated:,.2f}, its rows sum to {gap.summed:,.2f}; "
        f"{gap.gap:,.2f} is in no row 差额"
        for gap in one.totals
        if gap.gap
    ]
    return [*told, f"total row agrees 合计一致: {', '.join(agreed)}"] if agreed else told


def _word(name: str) -> str:
    lacking = name.removeprefix("no-").replace("-", " ")
    return WORDS.get(name, f"not tied: the row has no {lacking} 该行缺少此项" if name.startswith("no-") else name)
