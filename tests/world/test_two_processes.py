"""A town stepped in a process of its own gives the same bytes; when that process dies it is said."""

import multiprocessing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from guanxi.app.town import TownSpec
from guanxi.app.town_days import days_of, forget_before, snapshot_of
from guanxi.core import DataError

SPEC = TownSpec(seed=7, people=40, start=date(2025, 9, 1), days=3, trade_days=1)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_two_processes_give_the_bytes_of_one(kit: Any, tmp_path: Path) -> None:
    found = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        steps = [
            (step.day, step.events, step.ends, kit.digest(step.batches))
            for step in days_of(folder, SPEC, (0, 0), 3, processes=processes)
        ]
        assert [step[0] for step in steps] == [1, 2, 3]
        found.append((steps, snapshot_of(folder, 3).read_bytes()))
        # And from a snapshot on.
        again = list(days_of(folder, SPEC, (3, steps[-1][1]), 4, processes=processes))
        found[-1] += (kit.digest(again[0].batches), again[0].events)
        forget_before(folder, 4)
        assert [path.name for path in (folder / "town").iterdir()] == ["day-00004.npz"]
    assert found[0] == found[1]


def test_a_process_that_dies_is_named(tmp_path: Path) -> None:
    days = days_of(tmp_path, SPEC, (0, 0), 3_000, processes=2)
    next(days)
    (child,) = multiprocessing.active_children()
    child.kill()
    with pytest.raises(DataError, match="ended with -9"):
        list(days)
    assert not multiprocessing.active_children()
