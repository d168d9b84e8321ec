"""A full disk, damaged files, strange events, a second writer: a clear error, nothing half-written, then on again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from guanxi.core import Busy, DataError, NotFound
from guanxi.engines.locks import GATE, Lock, held, owner
from guanxi.engines.log import SqliteLog, connect
from guanxi.events import Event, event_id

from .conftest import Store, event

# In a process of its own: the limit on the size of files stands for a disk that is full.
FULL = """
import json, resource, sys
from pathlib import Path
from guanxi.core import Busy
from guanxi.engines.log import Seen
sys.path.insert(0, {root!r})
from tests.log.conftest import Store, event

def limited(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

def tried(act, size={limit}):
    limited(size)
    try:
        act()
    except Busy as error:
        return str(error)
    finally:
        limited(resource.RLIM_INFINITY)
    return "no error"

store = Store(Path(sys.argv[1]))
rows = [("Product Viewed", None, "text %d" % n) for n in range(30_000)]
said, stored = [], 0

def append():
    global stored
    for _ in range(1000):
        store.log.append([event("e%d" % (stored + n)) for n in range(50)])
        stored += 50

said.append(tried(append))
before = store.names()
said.append(tried(lambda: store.stage(rows, Seen())))
left = [path.name for path in (store.folder / "staged").iterdir()]
said.append(tried(lambda: store.sealer.run(hot_after=1), 3000))
assert store.names() == before
append_again = store.log.append([event("after")]).stored
sealed = store.seal()
print(json.dumps({{"said": said, "stored": stored, "before": len(before), "left": left, "again": append_again,
                   "sealed": sealed, "whole": store.names() == [*before, "after"], "loaded": store.load(rows, 10_000),
                   "more": store.seal()}}))
store.close()
"""


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    script = FULL.format(root=str(root), limit=150_000)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "log")], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert "log.sqlite cannot be written" in found["said"][0]
    assert "cannot be staged" in found["said"][1]
    assert "cannot be written" in found["said"][2]
    assert found["before"] == found["stored"] > 0
    assert found["left"] == []
    assert (found["again"], found["whole"], found["loaded"], found["more"]) == (1, True, 30_000, 30_000)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param({"id": "short"}, "'short' is not the id", id="short-id"),
        pytest.param({"id": "g" * 32}, "is not the id", id="not-hex"),
        pytest.param({"id": "é" * 32}, "is not the id", id="not-ascii"),
        pytest.param({"properties": {"a": "x\ud800"}}, "cannot be stored", id="lone-surrogate"),
        pytest.param({"properties": {"a": object()}}, "cannot be stored", id="object"),
        pytest.param({"refs": {"supersedes": "nobody"}}, "'nobody' is not the id", id="supersedes"),
    ],
)
def test_events_that_no_file_can_hold_are_refused_whole(store: Store, change: dict, match: str) -> None:
    good = event("good")
    given = {"id": event_id("x"), "kind": "Product Viewed", "at_ms": 1} | change
    with pytest.raises(DataError, match=match):
        store.log.append([good, Event(**given)])
    assert store.log.last_seq == 0
    assert store.log.append([good]).stored == 1
    assert store.names() == ["good"]


def test_thousands_of_events_in_one_call(store: Store) -> None:
    names = [f"n{number}" for number in range(5000)]
    assert sum(store.live(*names, *names)) == 5000
    store.seal()
    assert sum(store.live(*names, "one more")) == 1
    assert len(store.ids()) == 5001


def test_ten_megabytes_pass_through_the_log_whole(store: Store) -> None:
    big = "长" * 3_500_000
    store.log.append([Event(id=event_id("big"), kind="Tea Tasted", at_ms=1, properties={"name": big})])
    assert store.names() == [big]
    store.seal()
    assert store.names() == [big]


def test_there_is_no_log_where_none_was_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="guanxi init"):
        connect(tmp_path, read_only=True)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param(b"", "log.sqlite is damaged", id="empty"),
        pytest.param(b"SQLite format 3\x00" + b"\x00" * 500, "log.sqlite is damaged", id="cut"),
        pytest.param(os.urandom(5000), "log.sqlite is damaged", id="noise"),
    ],
)
def test_a_damaged_log_says_restore(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "log.sqlite").write_bytes(content)
    for read_only in (True, False):
        with pytest.raises(DataError, match=match) as caught:
            connect(tmp_path, read_only=read_only)
        assert "guanxi restore" in caught.value.mend


def test_a_log_of_a_newer_version_says_update(tmp_path: Path) -> None:
    SqliteLog(tmp_path, create=True).close()
    db = connect(tmp_path)
    db.execute("UPDATE meta SET value=99 WHERE name='version'")
    db.close()
    with pytest.raises(DataError, match="version 99"):
        SqliteLog(tmp_path)


def test_pages_that_break_while_it_is_open_are_said(store: Store) -> None:
    store.live(*[f"n{number}" for number in range(2000)])
    store.log._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = store.folder / "log.sqlite"
    store.close()
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(bytes(data))
    try:
        with pytest.raises(DataError, match="guanxi restore"):
            append_to(store.folder)
    finally:
        for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
            (store.folder / name).unlink(missing_ok=True)
        store.open(create=True)


def append_to(folder: Path) -> None:
    with contextlib.closing(SqliteLog(folder)) as broken:
        broken.append([event(f"new{number}") for number in range(50)])


def test_a_second_owner_is_told_who_is_first(tmp_path: Path) -> None:
    with Lock(tmp_path, GATE, doing="guanxi import", url="http://127.0.0.1:1") as lock:
        assert owner(tmp_path, GATE) == lock.owner
        begin = time.monotonic()
        with pytest.raises(Busy, match=rf"process {os.getpid()} \(guanxi import\)"):
            Lock(tmp_path, GATE, doing="guanxi serve")
        assert time.monotonic() - begin < 0.5
        with held(tmp_path, GATE, doing="seal") as second:
            assert second is None
        lock.announce("http://127.0.0.1:2")
        assert owner(tmp_path, GATE).url == "http://127.0.0.1:2"
    assert owner(tmp_path, GATE) is None
    assert (tmp_path / "gate.lock").stat().st_mode & 0o077 == 0


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from guanxi.engines.locks import Lock;"
        "lock = Lock(Path(sys.argv[1]), 'gate', doing='killed'); print(lock.owner.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert owner(tmp_path, GATE).pid == pid == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert owner(tmp_path, GATE) is None, "what it left in the file is ignored"
    Lock(tmp_path, GATE, doing="next").release()


def test_looking_at_a_lock_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            owner(tmp_path, GATE)

    Lock(tmp_path, GATE, doing="first").release()
    lookers = [threading.Thread(target=look) for _ in range(3)]
    for one in lookers:
        one.start()
    try:
        for _ in range(200):
            Lock(tmp_path, GATE, doing="next").release()
    finally:
        stop.set()
        for one in lookers:
            one.join()


def test_a_lock_whose_file_goes_away_is_still_one(tmp_path: Path) -> None:
    taken, errors = [], []

    def take(number: int) -> None:
        for _ in range(100):
            try:
                lock = Lock(tmp_path, "job", doing=str(number))
            except Busy:
                continue
            taken.append(number)
            if taken.count(number) and len(taken) != 1:
                errors.append(list(taken))
            taken.clear()
            lock.release(remove=True)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not errors
