"""The kill drill: processes are killed at random points, again and again; nothing is lost, nothing doubled."""

import multiprocessing
import os
import random
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the killed processes import the worker by its name

import drill_worker as worker

from guanxi.app import Workspace
from guanxi.app.importing import job_id
from guanxi.engines.lake import Lake, Sealer
from guanxi.engines.locks import GATE, SEALER, Lock, owner
from guanxi.engines.log import SqliteLog
from guanxi.engines.sources import expand, read_preset

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]
ROWS, CHUNK = 500, 25


class Drill:
    """One workspace, its file to import, and the processes that work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.acks, self.errors = folder / "ws", folder / "acks", folder / "errors"
        made, _ = Workspace.create(self.folder)
        made.close()
        self.file = folder / "rows.csv"
        self.file.write_text("\n".join(worker.rows(ROWS)), "utf-8")
        self.acks.touch()
        self.errors.touch()
        self.kills, self.dice = Counter[str](), random.Random(os.environ.get("DRILL_SEED", "7"))
        self.running: dict[str, multiprocessing.process.BaseProcess] = {}
        os.environ["PYTHONPATH"] = str(Path(__file__).parent)
        self._context = multiprocessing.get_context("forkserver")  # a new process in milliseconds
        self._context.set_forkserver_preload(["drill_worker"])

    def start(self, name: str, action: Callable[..., None], *arguments: object) -> None:
        process = self._context.Process(target=worker.run, args=(action, self.errors, *arguments))
        process.start()
        self.running[name] = process

    def pause(self, least: float, most: float) -> None:
        time.sleep(self.dice.uniform(least, most))

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        assert process.is_alive(), f"{name} ended by itself: {self.errors.read_text()}"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        self.kills[name] += 1

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.join()

    def acknowledged(self) -> set[str]:
        return set(self.acks.read_text().split("\n")[:-1])  # a last line without its end was not acknowledged

    def wait_for_more(self) -> None:
        """Wait until the gate acknowledges something new."""
        before, give_up = len(self.acknowledged()), time.monotonic() + 60
        while len(self.acknowledged()) == before:
            assert time.monotonic() < give_up, f"the gate takes nothing in: {self.errors.read_text()}"
            time.sleep(0.02)

    def check(self) -> None:
        """Every acknowledged event is there once, no id and no number is there twice, nothing raised."""
        assert self.errors.read_text() == ""
        acknowledged = self.acknowledged()  # before the read: senders may be at work
        with Workspace.open(self.folder) as workspace:
            found = list(workspace.reader.read())
        names = Counter(event.properties["name"] for event in found if event.source != "import:drill")
        missing = acknowledged - set(names)
        assert not missing, f"{len(missing)} acknowledged events are lost, such as {min(missing)}"
        assert max(names.values(), default=1) == 1
        assert len({event.id for event in found}) == len({event.seq for event in found}) == len(found)

    def free(self, *names: str) -> None:
        """The locks of killed processes can be taken at once."""
        for name in names:
            assert owner(self.folder, name) is None
            Lock(self.folder, name, doing="check").release()

    def settle(self) -> None:
        """Finish the import and seal everything: then the log, the lake and a clean import agree."""
        report = worker.load(self.folder, self.file, chunk=CHUNK)
        assert report.rows == report.accepted + report.parked
        preset = read_preset(worker.MAPPING.format(chunk=CHUNK), "drill")
        log = SqliteLog(self.folder)
        job = log.job(job_id(expand(self.file)[0], preset, {}))
        last = log.last_seq
        log.close()
        assert job["done"] == 1
        assert job["accepted"] + job["parked"] == ROWS
        with Workspace.open(self.folder) as workspace:
            sealer = Sealer(self.folder, workspace.catalogue)
            sealer.run(hot_after=1)
            sealer.close()
            sizes, counts = workspace.reader.sizes(), workspace.reader.counts()
            assert sizes == {"last_seq": last, "hot": 0, "staged": 0, "sealed": last}
            assert sum(counts.values()) == last
            assert workspace.vault.parked.counts()["open"] == job["parked"] > 0
            ours = imported(workspace)
        self.lake_agrees(last)
        clean, _ = Workspace.create(self.folder.parent / "clean")
        clean.close()
        worker.load(clean.folder, self.file, chunk=10_000)
        with Workspace.open(clean.folder) as once:
            assert ours == imported(once)

    def lake_agrees(self, last: int) -> None:
        with Workspace.open(self.folder) as workspace:
            lake = Lake(self.folder, workspace.catalogue, read_only=True)
            seqs = [seq for table in lake.tables() for (seq,) in
                    lake.connection.execute(f"SELECT seq FROM lake.{table}").fetchall()]  # fmt: skip
            marks = [one for (one,) in lake.connection.execute("SELECT segment FROM lake.sealed_segments").fetchall()]
            lake.close()
        assert sorted(seqs) == list(range(1, last + 1))
        assert len(set(marks)) == len(marks)


def imported(workspace: Workspace) -> set[str]:
    return {event.id for event in workspace.reader.read() if event.source == "import:drill"}


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    made = Drill(tmp_path)
    yield made
    made.end()


def test_nothing_is_lost_or_doubled_by_killing(drill: Drill) -> None:
    for number in range(9):  # ingest and seal
        drill.start("append", worker.append, drill.folder, drill.acks, f"a{number}")
        drill.start("seal", worker.seal, drill.folder)
        drill.pause(0.05, 0.5)
        for name in drill.dice.sample(["append", "seal"], 2):
            drill.kill(name)
            drill.pause(0, 0.05)
        drill.free(GATE, SEALER)
        drill.check()
    assert len(drill.acknowledged()) > 100
    for _ in range(8):  # import and seal
        drill.start("import", worker.import_again, drill.folder, drill.file, CHUNK)
        drill.start("seal", worker.seal, drill.folder)
        drill.pause(0.05, 0.6)
        for name in drill.dice.sample(["import", "seal"], 2):
            drill.kill(name)
            drill.pause(0, 0.05)
        drill.free(GATE, SEALER)
        drill.check()
    assert sum(drill.kills.values()) >= 30
    drill.settle()


def test_a_killed_gate_loses_nothing_that_it_acknowledged(drill: Drill) -> None:
    port, key = served(drill)
    stop = threading.Event()
    sender = threading.Thread(target=send, args=(port, key, drill.acks, stop))
    sender.start()
    try:
        drill.start("gate", worker.gate, drill.folder)
        drill.wait_for_more()
        drill.start("import", worker.import_again, drill.folder, drill.file, CHUNK)
        drill.start("seal", worker.seal, drill.folder)
        for _ in range(6):
            drill.wait_for_more()
            drill.pause(0.05, 0.5)
            drill.kill("gate")
            drill.start("gate", worker.gate, drill.folder)
            drill.pause(0, 0.3)
            if drill.dice.random() < 0.5:
                drill.kill("import")
                drill.start("import", worker.import_again, drill.folder, drill.file, CHUNK)
            else:
                drill.kill("seal")
                drill.start("seal", worker.seal, drill.folder)
            drill.check()
    finally:
        stop.set()
        sender.join()
    for name in list(drill.running):
        drill.kill(name)
    drill.free(GATE, SEALER)
    drill.check()
    drill.settle()


def send(port: int, key: str, acks: Path, stop: threading.Event) -> None:
    """Post batches until told to stop; what was not answered is sent again, as every SDK does."""
    number = 0
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=(key, ""), timeout=10, trust_env=False) as client,
        acks.open("ab", buffering=0) as file,
    ):
        while not stop.is_set():
            names = [f"h{number}-{i}" for i in range(1 + number % 40)]
            batch = [
                {"type": "track", "event": "Tea Tasted", "messageId": name, "userId": "u", "properties": {"name": name}}
                for name in names
            ]
            try:
                answer = client.post("/v1/batch", json={"batch": batch})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            assert answer.status_code == 200, answer.text
            file.write("".join(f"{name}\n" for name in names).encode())
            number += 1


def test_import_serve_seal_and_read_at_once(drill: Drill) -> None:
    """For a few seconds: nobody is locked out, nothing is lost or doubled."""
    port, key = served(drill)
    stop = threading.Event()
    sender = threading.Thread(target=send, args=(port, key, drill.acks, stop))
    sender.start()
    try:
        drill.start("gate", worker.gate, drill.folder)
        drill.wait_for_more()
        drill.start("import", worker.import_again, drill.folder, drill.file, CHUNK)
        drill.start("seal", worker.seal, drill.folder)
        for number in range(2):
            drill.start(f"read{number}", worker.read, drill.folder)
        time.sleep(5)
        drill.check()
    finally:
        stop.set()
        sender.join()
    for name in ["import", "seal", "read0", "read1", "gate"]:  # each still lives: none met an error
        drill.kill(name)
    drill.check()
    assert len(drill.acknowledged()) > 200
    drill.settle()


def served(drill: Drill) -> tuple[int, str]:
    """Choose a free port for the gate and make a key; return both."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (drill.folder / "guanxi.toml").write_text(
        f"[serve]\ngate_port = {port}\n[limits]\nrequests_per_second = 1e6\nrequest_burst = 1000000\n", "utf-8"
    )
    with Workspace.open(drill.folder) as workspace:
        return port, workspace.control.create_key("server").secret
