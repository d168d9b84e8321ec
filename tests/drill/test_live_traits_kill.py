"""The kill drill of a gate with live traits: whenever it dies, the next one's state is that of a fresh replay."""

import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the killed processes import the worker by its name

import drill_worker
import live_worker as worker

from guanxi.app import Workspace, live_traits
from guanxi.app.live_state import Kept
from guanxi.app.live_traits import LiveTraits
from guanxi.app.trait_replay import Replay
from guanxi.core import DataError
from guanxi.engines.log import now_ms
from guanxi.engines.trait_store import TraitStore
from guanxi.traits import shipped_traits
from guanxi.traits.state import TraitState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PAST, USES = 12_000, ("risk",)
ORDERS = "ip.orders.count.1d"


class Drill:
    """One workspace, the gate that is killed, and who sends to it without end."""

    def __init__(self, home: Path) -> None:
        self.folder, self.acks, self.errors = home / "ws", home / "acks", home / "errors"
        made, _ = Workspace.create(self.folder)
        key = made.control.create_key("server").secret
        made.close()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        (self.folder / "guanxi.toml").write_text(
            f"[serve]\ngate_port = {port}\n[limits]\nrequests_per_second = 1e6\nrequest_burst = 1000000\n"
            "[traits]\nlive = true\n", "utf-8",
        )  # fmt: skip
        worker.remember(self.folder, PAST)
        for file in (self.acks, self.errors):
            file.touch()
        self.store = TraitStore(self.folder / live_traits.FOLDER)
        self.store.path.parent.mkdir()
        self.draft = self.store.path.with_suffix(".new")
        self.dice, self.hits, self.files = random.Random(os.environ.get("DRILL_SEED", "7")), Counter[str](), 0
        os.environ["PYTHONPATH"] = str(Path(__file__).parent)
        self._context = multiprocessing.get_context("forkserver")  # a new process in milliseconds
        self._context.set_forkserver_preload(["live_worker"])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(key, ""), timeout=10, trust_env=False)
        self.asker = {"authorization": f"Bearer {key}"}
        self.process: BaseProcess | None = None

    def start(self) -> None:
        self.process = self._context.Process(target=drill_worker.run, args=(worker.gate, self.errors, self.folder))
        self.process.start()

    def kill(self, how: int = signal.SIGKILL) -> None:
        assert self.process is not None
        assert self.process.is_alive(), self.errors.read_text()
        os.kill(self.process.pid or 0, how)
        self.process.join(60)
        assert self.process.exitcode is not None
        self.process = None

    def answers(self, path: str) -> int:
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return 0

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + 240  # a first run compiles
        while not holds():
            assert time.monotonic() < give_up, f"{what}: {self.errors.read_text()}"
            time.sleep(0.002)

    def ready(self) -> None:
        self.wait(lambda: self.answers("/readyz") == 200, "the gate is not ready")

    def acknowledged(self) -> set[str]:
        return set(self.acks.read_text().split("\n")[:-1])  # a last line without its end was not acknowledged

    def send(self, stop: threading.Event) -> None:
        """Post batches until told to stop; what was not answered is sent again, as every SDK does."""
        number = 0
        with self.acks.open("ab", buffering=0) as file:
            while not stop.is_set():
                some = range(number, number + 1 + number % 30)
                batch = [worker.message(f"n{one}", one) for one in some]
                try:
                    answer = self.client.post("/v1/batch", json={"batch": batch})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                assert answer.json() == {"success": True}
                file.write("".join(f"n{one}\n" for one in some).encode())
                number = some.stop

    def bring(self) -> None:
        """Import history while the gate serves: it must read the log anew."""
        self.files += 1
        file = self.folder.parent / f"rows{self.files}.csv"
        file.write_text("\n".join(drill_worker.rows(60, seed=self.files)), "utf-8")
        assert drill_worker.load(self.folder, file, chunk=40).accepted

    def check(self) -> None:
        """Who starts now has the state of a fresh replay, bit for bit, and counts every acknowledged event once."""
        assert self.errors.read_text() == ""
        acknowledged, kept = self.acknowledged(), self.folder.parent / "kept"
        names, orders = worker.stored(self.folder)
        assert acknowledged <= names
        shutil.copytree(self.store.path.parent, kept, dirs_exist_ok=True)
        live = LiveTraits(self.folder, USES)
        live.start()
        self.wait(lambda: live.is_ready and not live.read("ip", f"ip::{worker.IP}").behind, "nothing is read")
        assert live.read("ip", f"ip::{worker.IP}", [ORDERS]).values == {ORDERS: orders}
        assert live._standing is not None
        plan = live._standing.kept.plan
        with Workspace.open(self.folder) as workspace, Replay(
            workspace, plan.traits, until=now_ms() + 60_000, whole=True, plan=plan
        ) as replay:  # fmt: skip
            fresh = replay.run()
        assert live._standing.state.digest() == fresh.digest()
        live.close()
        shutil.rmtree(self.store.path.parent)  # as the killed one left it
        kept.rename(self.store.path.parent)

    def left(self) -> TraitState | None:
        """The snapshot that a killed gate left; it is whole."""
        return self.store.load(Kept(shipped_traits(), USES).plan)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    made = Drill(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.join()
    made.client.close()


def test_a_killed_gate_has_the_traits_of_the_log(drill: Drill) -> None:
    drill.check()  # compiles what no cache holds, before anybody is killed for it
    stop = threading.Event()
    sender = threading.Thread(target=drill.send, args=(stop,))
    sender.start()
    try:
        for word in ("reading", "ingest", "snapshot", "rebuild", "ingest", "torn", "snapshot", "rebuild", "reading"):
            if word == "reading":
                drill.store.remove()
            if word == "torn":
                whole = drill.store.path.read_bytes()
                drill.store.path.write_bytes(whole[: drill.dice.randrange(len(whole))])
                with pytest.raises(DataError):
                    drill.left()
            drill.start()
            if word == "reading":
                drill.wait(lambda: drill.answers("/healthz") == 200, "the gate does not listen")
                drill.hits[word] += drill.answers("/readyz") == 503
            else:
                drill.ready()
            if word in ("ingest", "torn"):
                before = len(drill.acknowledged())
                drill.wait(lambda at=before: len(drill.acknowledged()) > at, "nothing is taken in")
                time.sleep(drill.dice.uniform(0, 0.5))
            if word == "snapshot":
                drill.wait(drill.draft.exists, "no snapshot is stored")
            if word == "rebuild":
                drill.bring()
                time.sleep(drill.dice.uniform(0, 0.3))
            drill.kill()
            drill.hits["torn draft"] += drill.draft.exists()
            assert drill.left() is not None or word == "reading"
            drill.check()
        drill.start()
        drill.ready()
    finally:
        stop.set()
        sender.join()
    drill.kill(signal.SIGTERM)
    assert drill.hits["reading"]
    assert drill.hits["torn draft"]
    assert len(drill.acknowledged()) > 100
    drill.check()
