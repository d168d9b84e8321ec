"""Short-lived processes that make a town in a workspace; each is started to be killed."""

import importlib
import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import guanxi.app.town as app
from guanxi.app import TownSpec, Workspace, found_town, run_town, town_days

SPEC = TownSpec(seed=7, people=40, start=date(2025, 9, 1), days=4, trade_days=3)

#: name -> (object, function, before or after its call): where a process may die. The world is named, not
#: imported: it runs polars when it is loaded, and a process forked from one that did waits for ever.
#: Each is met anew by a run that goes on where the one before died.
SEAMS: dict[str, tuple[Any, str, str]] = {
    "nothing is made": (Workspace, "create", "before"),
    "a workspace without a town": (app, "_write_spec", "before"),
    "a town that is not in its place": (app, "_write_spec", "after"),
    "days without a snapshot": ("Town", "snapshot", "before"),
    "a snapshot under its draft's name": ("Town", "snapshot", "after"),
    "a snapshot, values in the vault, no segment": (app, "take_batches", "before"),
    "a segment, two snapshots": (app, "take_batches", "after"),
    "all days, nothing sealed": (app, "seal_now", "before"),
}


def make(folder: Path, seam: str = "", processes: int = 1) -> None:
    """Make the town and let all its days pass, a segment a day; die at a seam when one is named."""
    town_days.CHUNK = 1  # type: ignore[misc]  # a segment a day
    if seam:
        _die_at(*SEAMS[seam])
    workspace, _ = found_town(folder, SPEC)
    with workspace:
        run_town(workspace, processes=processes)


def _die_at(owner: Any, name: str, when: str) -> None:
    if owner == "Town":
        owner = importlib.import_module("guanxi.world").Town
    real: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> None:
        if when == "after":
            real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)
