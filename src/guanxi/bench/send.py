"""The bench of sending: how many actions a second, and how often something happens twice, or never."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from guanxi.bench.report import Figure, at_most, colour
from guanxi.bench.send_drill import clean_run, kill_drill

ACTIONS: Final = 10_000
KILLS: Final = 40


def run(_data: Path, *, actions: int = ACTIONS, kills: int = KILLS) -> Sequence[Figure]:
    """Measure speed, then send while the worker is killed and the network fails, and count effects."""
    with tempfile.TemporaryDirectory(prefix="guanxi-send-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for part in ("speed", "keys", "plain"):
            (folder / part).mkdir()
        return [
            colour("actions_per_s", clean_run(folder / "speed", count=actions), "1/s"),
            *_figures("keys", kill_drill(folder / "keys", count=actions, kills=kills, keys=True)),
            *_figures("plain", kill_drill(folder / "plain", count=actions, kills=kills, keys=False)),
        ]


def _figures(drill: str, counted: dict[str, int]) -> list[Figure]:
    """Duplicates have a bar only where the receiver honours keys; elsewhere those that no row tells of have one."""
    told = ("actions", "kills", "effects", "uncertain", *(("duplicates",) if drill == "plain" else ()))
    return [
        colour(f"{drill}_{name}", value, "") if name in told else at_most(f"{drill}_{name}", value, "", 0)
        for name, value in counted.items()
    ]
