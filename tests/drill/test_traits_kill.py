"""The kill drill of traits: whenever the process that keeps them dies, the next one has the state of a fresh replay."""

import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the killed processes import the worker by its name

import traits_worker as worker

from guanxi.engines.trait_store import TraitStore
from guanxi.traits.state import TraitState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
KILLS, COUNT = 12, 40_000


def lines(turns: Path) -> list[str]:
    return turns.read_text("utf-8").splitlines() if turns.exists() else []


def test_a_killed_keeper_of_traits_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    context = multiprocessing.get_context("forkserver")  # a new process in milliseconds
    context.set_forkserver_preload(["traits_worker"])
    plan, turns, dice = worker.plan(), tmp_path / "turns", random.Random(os.environ.get("DRILL_SEED", "7"))
    worker.write_log(tmp_path / "log.npy", plan, COUNT)
    events = np.load(tmp_path / "log.npy")
    fresh = TraitState(plan)
    fresh.feed(events)
    starts = during = 0
    for _ in range(KILLS):
        process = context.Process(target=worker.keep, args=(tmp_path, turns))
        process.start()
        starts += 1
        # Half of them are killed when they have just begun, the others while they feed and store.
        seen, word = len(lines(turns)), dice.choice(("start", "saved"))
        give_up = time.monotonic() + 120
        while process.is_alive() and not any(line.startswith(word) for line in lines(turns)[seen:]):
            assert time.monotonic() < give_up
            time.sleep(0.002)
        time.sleep(dice.uniform(0, 0.1))
        if not process.is_alive():  # it had come to the end
            process.join()
            break
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        during += (tmp_path / "hot.new").exists()
        check(tmp_path, events)
    worker.keep(tmp_path, turns)
    assert lines(turns)[-1] == f"end {fresh.digest()}"
    assert starts > 3
    begun = [int(line.split()[1]) for line in lines(turns) if line.startswith("start")]
    assert begun == sorted(begun)
    assert begun[-1] > 0  # snapshots were taken up, not the log alone
    assert during  # some died while they wrote a snapshot


def check(folder: Path, events: np.ndarray) -> None:
    """The snapshot that a killed process left is the state after one of the events."""
    plan = worker.plan()
    left = TraitStore(folder).load(plan) or TraitState(plan)
    fresh = TraitState(plan)
    fresh.feed(events[: left.last_seq])
    assert left.digest() == fresh.digest()
