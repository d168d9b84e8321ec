"""Jobs on DBOS: the contract, kills, and silence."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from guanxi.core import Busy
from guanxi.engines.jobs import DbosJobs
from guanxi.plays import Flow
from guanxi.plays.contract import JobsContract


@pytest.mark.slow
class TestDbos(JobsContract):
    @pytest.fixture(autouse=True)
    def engines(self, tmp_path: Path) -> Iterator[None]:
        self.file, self.made = tmp_path / "jobs.sqlite", []
        yield
        for one in self.made:
            one.close()

    def make_jobs(self, flows: Mapping[str, Flow]) -> DbosJobs:
        self.made.append(DbosJobs(self.file, flows))
        return self.made[-1]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Postgres of these tests, where the package that brings one is installed."""
    pgserver = pytest.importorskip("pgserver", reason="no Postgres here: pgserver is not installed")
    pytest.importorskip("psycopg", reason="no Postgres here: psycopg is not installed")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.mark.slow
class TestPostgres(JobsContract):
    @pytest.fixture(autouse=True)
    def engines(self, postgres: str) -> Iterator[None]:
        name, url = f"jobs{secrets.token_hex(6)}", make_url(postgres)
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        self.url, self.made = url.set(database=name).render_as_string(hide_password=False), []
        yield
        for one in self.made:
            one.close()

    def make_jobs(self, flows: Mapping[str, Flow]) -> DbosJobs:
        self.made.append(DbosJobs(self.url, flows))
        return self.made[-1]


#: A process with a flow of three steps, whose second takes long when it is told so.
WORKER = """
import socket, sys, time
from pathlib import Path
from guanxi.engines.jobs import DbosJobs

folder, slow = Path(sys.argv[1]), sys.argv[2] == "slow"

def connect(*_):
    raise SystemExit("it spoke to the network")

socket.socket.connect = connect

def note(word):
    with (folder / "notes").open("a") as file:
        file.write(word + "\\n")

def three(steps, args):
    steps.do("one", lambda: note("one"))
    steps.do("two", lambda: (note("two"), time.sleep(60 if slow else 0))[0])
    steps.tell(2, 3, "nearly")
    steps.do("three", lambda: note("three"))
    return args["n"]

jobs = DbosJobs(folder / "jobs.sqlite", {"three": three})
job = jobs.start("three", "k", {"n": 1 if slow else 2})
print(jobs.wait(job, seconds=30).result)
jobs.close()
"""


def worker(folder: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_killed_flow_goes_on_and_repeats_no_finished_step(tmp_path: Path) -> None:
    first, notes = worker(tmp_path, "slow"), tmp_path / "notes"
    until = time.monotonic() + 30
    while "two" not in (notes.read_text() if notes.exists() else ""):
        assert time.monotonic() < until
        assert first.poll() is None
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=30)
    again = worker(tmp_path, "quick")
    out, err = again.communicate(timeout=60)
    assert (out, err, again.returncode) == ("1\n", "", 0)  # as first asked for; and DBOS says nothing, to nobody
    assert notes.read_text().split() == ["one", "two", "two", "three"]  # the step that was cut off ran again


@pytest.mark.slow
def test_another_process_asks_and_looks(tmp_path: Path) -> None:
    """The desk asks, the keeper works."""
    flows: dict[str, Flow] = {"double": lambda steps, args: steps.do("double", lambda: [args["n"], args["n"]])}
    desk = DbosJobs(tmp_path / "jobs.sqlite", flows, works=False)
    job = desk.start("double", "k", {"n": 4})
    assert desk.status(job).state == "waiting"
    keeper = DbosJobs(tmp_path / "jobs.sqlite", flows)
    assert desk.wait(job, seconds=30).result == [4, 4]
    with pytest.raises(Busy, match="works on jobs already"):
        DbosJobs(tmp_path / "other.sqlite", flows)
    keeper.close()
    desk.close()


def test_nobody_waits_for_dbos_who_does_not_use_it() -> None:
    loaded = "import sys, guanxi.engines.jobs, guanxi.plays, guanxi.cli; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], timeout=60).returncode == 0
