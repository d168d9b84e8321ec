"""The command that measures."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.bench import BENCHES, run
from guanxi.cli.output import JsonOption, show_json, show_table, talk


def bench(
    name: Annotated[str, typer.Argument(help="Name of the bench; none lists them. 名称")] = "",
    data: Annotated[Path, typer.Option("--data", help="Folder of the real data sets. 数据目录")] = Path(
        "../shared/data"
    ),
    as_json: JsonOption = False,
) -> None:
    """Measure, and say which bars are met; exit 1 when one is missed. 性能测试"""
    if not name:
        show_table(("bench", "measures"), [(one, what) for one, (what, _) in BENCHES.items()])
        return
    report = run(name, data)
    if as_json:
        show_json(report)
    else:
        talk.print(f"{report.bench} · guanxi {report.version} · {report.machine} · {report.seconds} s")
        show_table(
            ("figure", "value", "unit", "bar", "met"),
            [(f.name, f"{f.value:,.2f}", f.unit, "" if f.bar is None else f"{f.bar:,.0f}",
              {True: "yes", False: "NO", None: ""}[f.ok]) for f in report.figures],
        )  # fmt: skip
    if not report.passed:
        raise typer.Exit(1)
