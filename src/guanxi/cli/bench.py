"""The command that measures."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.bench import BENCHES, ROWS, Score, machine, read_seeds, run, run_row
from guanxi.cli.output import JsonOption, show_json, show_table, talk
from guanxi.cli.progress import progress_bar

KEPT = Path(".guanxi-bench")  # where a full run keeps the worlds that it has finished


def bench(
    name: Annotated[
        str, typer.Argument(help="A bench, or a row of the capability list (S1.1); none lists them. 名称")
    ] = "",
    data: Annotated[Path, typer.Option("--data", help="Folder of the real data sets. 数据目录")] = Path(
        "../shared/data"
    ),
    seeds: Annotated[str, typer.Option("--seeds", help="Rows: worlds A to B - 1, as 0:40. 随机种子")] = "",
    people: Annotated[int | None, typer.Option("--people", min=100, help="Rows: people in each world. 人数")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Rows: days that are watched. 天数")] = None,
    variant: Annotated[str, typer.Option("--variant", help="Rows: one functional form; else all. 变体")] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Rows: the size of released figures; goes on where it was. 完整规模")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure, and say which bars are met; exit 1 when one is missed. 性能测试"""
    if not name:
        listed = [(one, what) for one, (what, _) in BENCHES.items()]
        show_table(("bench", "measures"), [*listed, *((row.id, row.name) for row in ROWS.values())])
        return
    if name.upper() in ROWS:
        passed = _row(name.upper(), seeds, people, days, variant, full, as_json)
    else:
        passed = _bench(name, data, as_json)
    if not passed:
        raise typer.Exit(1)


def _bench(name: str, data: Path, as_json: bool) -> bool:
    report = run(name, data)
    if as_json:
        show_json(report)
    else:
        talk.print(f"{report.bench} · guanxi {report.version} · {report.machine} · {report.seconds} s")
        show_table(
            ("figure", "value", "unit", "bar", "met"),
            [(f.name, _number(f.value), f.unit, "" if f.bar is None else _number(f.bar),
              {True: "yes", False: "NO", None: ""}[f.ok]) for f in report.figures],
        )  # fmt: skip
    return report.passed


def _number(value: float) -> str:
    """Whole numbers as they are; three places of small ones, which are shares, two of others."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.2f}"


def _row(name: str, seeds: str, people: int | None, days: int | None, variant: str, full: bool, as_json: bool) -> bool:
    row = ROWS[name]
    with progress_bar() as bar:
        task = bar.add_task(row.id, total=None, done="")
        scores = run_row(
            row, seeds=read_seeds(seeds) if seeds else None, people=people, days=days, variant=variant, full=full,
            keep=KEPT if full else None,
            told=lambda done, of: bar.update(task, completed=done, total=of, done=f"{done} of {of} worlds"),
        )  # fmt: skip
    if as_json:
        show_json(scores)
    else:
        talk.print(f"{row.id} · {row.name} · {len(scores[0].seeds)} worlds a variant · {machine()}")
        show_table(
            ("measure", "variant", "method", "baseline", "oracle", "score", "±", "base rates", "holds"),
            map(_cells, scores),
        )
    return all(score.ok for score in scores)


def _cells(score: Score) -> tuple[str, ...]:
    rates = "  ".join(f"{name} {value:,.3g}" for name, value in score.rates.items())
    verdict = "LEAKS" if score.leaks else "yes" if score.ok else "NO"
    numbers = (score.method, score.baseline, score.oracle, score.score, score.error)
    return (score.name, score.variant, *(f"{one:.3f}" for one in numbers), rates, verdict)
