"""The town's kill drill: whatever is killed when, the next run gives the workspace of a town that was never killed."""

import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the killed processes import the workers by their names

import drill_worker
import town_worker as worker

from guanxi.app import Workspace, read_spec
from guanxi.bench import town_truth
from guanxi.engines.lake import Lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
HIDDEN = ("phone", "address", "card")  # roles that are keyed hashes of the workspace


class Held(NamedTuple):
    """What a workspace holds of its town."""

    events: list[tuple[Any, ...]]
    truth: dict[str, pl.DataFrame]
    sizes: dict[str, int]


class Makers:
    """Processes that make the town."""

    def __init__(self, errors: Path) -> None:
        self.errors = errors
        errors.touch()
        os.environ["PYTHONPATH"] = str(Path(__file__).parent)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["town_worker", "drill_worker"])

    def start(self, folder: Path, seam: str = "", processes: int = 1) -> multiprocessing.process.BaseProcess:
        arguments = (worker.make, self.errors, folder, seam, processes)
        process = self._context.Process(target=drill_worker.run, args=arguments)
        process.start()
        return process

    def finish(self, folder: Path) -> None:
        """Run to the end."""
        process = self.start(folder)
        process.join(240)  # a first run compiles
        assert process.exitcode == 0, self.errors.read_text()


@pytest.fixture(scope="module")
def makers(tmp_path_factory: pytest.TempPathFactory) -> Makers:
    return Makers(tmp_path_factory.mktemp("makers") / "errors")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, makers: Makers) -> tuple[Held, float]:
    """What a town holds that was never killed, and how long its making took."""
    folder = tmp_path_factory.mktemp("whole") / "town"
    begin = time.monotonic()
    makers.finish(folder)
    took = time.monotonic() - begin
    found = held(folder)
    assert len(found.events) > 500
    return found, took


def held(folder: Path) -> Held:
    """Every event in the log's order with its content, personal values in the clear, hidden roles by first use."""
    with Workspace.open(folder) as workspace:
        events = list(workspace.reader.read())
        tokens = {value for one in events for value in one.properties.values() if str(value).startswith("vt_")}
        clear = workspace.vault.reveal_many(tokens, purpose="drill", who="test")
        assert len(clear) == len(tokens)
        sizes = workspace.reader.sizes()
        lake = Lake(folder, workspace.catalogue, read_only=True)
        stored = [
            one for table in lake.tables()
            for (one,) in lake.connection.execute(f"SELECT seq FROM lake.{table}").fetchall()
        ]  # fmt: skip
        lake.close()
    assert sorted(stored) == list(range(1, sizes["sealed"] + 1))
    first: dict[str, str] = {}
    rows = []
    for one in events:
        roles = {
            role: first.setdefault(ref, f"{role} {len(first)}") if role in HIDDEN else ref
            for role, ref in sorted(one.roles.items())
        }
        properties = {name: clear.get(str(value), value) for name, value in sorted(one.properties.items())}
        rows.append((
            one.seq, one.id, one.kind, one.at_ms, roles, sorted(one.refs.items()), one.platform, one.amount,
            one.currency, properties, one.consent, one.source, one.live, one.repairs,
        ))  # fmt: skip
    truths = town_truth(folder)
    return Held(rows, {kind: getattr(truths, kind) for kind in truths.__dataclass_fields__}, sizes)


def same(found: Held, wanted: Held) -> None:
    assert found.sizes == wanted.sizes
    assert len({row[1] for row in found.events}) == len(found.events)
    assert found.events == wanted.events
    assert all(frame.equals(wanted.truth[kind]) for kind, frame in found.truth.items())


def nothing_left(folder: Path) -> None:
    """No half-made folder, no lock of a town, one snapshot."""
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert [path.name for path in (folder / "town").iterdir()] == [f"day-{worker.SPEC.days:05d}.npz"]
    assert not list((folder / "jobs").glob("*.lock"))


def test_killed_at_every_seam(makers: Makers, whole: tuple[Held, float], tmp_path: Path) -> None:
    folder = tmp_path / "town"
    for seam in worker.SEAMS:
        process = makers.start(folder, seam)
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, (seam, makers.errors.read_text())
    makers.finish(folder)
    same(held(folder), whole[0])
    assert read_spec(folder) == worker.SPEC
    nothing_left(folder)


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_at_random_again_and_again(
    makers: Makers, whole: tuple[Held, float], tmp_path: Path, processes: int
) -> None:
    dice, folder, kills = random.Random(os.environ.get("DRILL_SEED", "7")), tmp_path / "town", 0
    while True:
        process = makers.start(folder, processes=processes)
        process.join(dice.uniform(0, whole[1] * (0.3 * processes + 0.2 * kills)))
        if process.exitcode is not None:
            assert process.exitcode == 0, makers.errors.read_text()
            break
        process.kill()
        process.join()
        kills += 1
    assert kills
    same(held(folder), whole[0])
    nothing_left(folder)
