"""Sealing is exactly once, wherever it is interrupted and whoever reads beside."""

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from guanxi.core import Busy, DataError
from guanxi.engines.lake import Lake, Reader, Sealer
from guanxi.events import shipped

A, B = "Product Viewed", "Tea Tasted"
ROWS = [(A, None, "a"), (B, None, "b"), (A, "k", "c"), (A, "k", "d")]


def filled(store) -> list[str]:
    """Hot rows, a segment, hot rows, so that both kinds of segment are made."""
    store.live("u", "v")
    store.load(ROWS)
    store.live("w", kind=B)
    return store.names()


def test_reads_are_the_same_hot_staged_and_sealed(store) -> None:
    before = filled(store)
    assert before == ["u", "v", "a", "b", "d", "w"]
    assert store.seal() == 7
    assert store.names() == before
    store.sealer.tidy()
    assert store.names() == before
    assert store.seal() == 0
    sizes = store.reader.sizes()
    assert (sizes["hot"], sizes["staged"], sizes["sealed"]) == (0, 0, 7)


@pytest.mark.parametrize("stored", [False, True], ids=["before-the-lake", "after-the-lake"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_interrupted_seal_is_finished_by_the_next(store, stored: bool, steps: int) -> None:
    before = filled(store)
    for _ in range(steps - 1):
        store.sealer._seal(store.sealer._next(1))
    segment = store.sealer._next(1)
    if stored:  # the lake has the rows and their marker, the log does not know it yet
        number = int(segment["segment"])
        (store.sealer._store_bulk if segment["origin"] == "bulk" else store.sealer._store_hot)(number, segment)
    assert store.names() == before
    store.reopen()
    assert store.names() == before
    store.seal()
    assert store.names() == before
    assert store.load(ROWS) == 0
    assert store.live("u", "v", "w") == [False, False, False]


def test_a_picture_taken_before_sealing_reads_each_row_once(store) -> None:
    filled(store)
    store.seal()  # the tables are there
    store.live("x", "y")
    store.load([(A, None, "z"), (B, "k", "b")])
    before = store.names()
    reading = store.reader.read()  # its picture says: the last four are hot or staged
    store.seal()
    assert [one.properties["name"] for one in reading] == before


def test_hot_segments_never_span_an_imported_one(store) -> None:
    for number in range(4):
        store.live(f"h{number}")
        store.load([(A, None, f"{number}")])
    store.seal()
    ranges = store.log._db.execute("SELECT first_seq, last_seq FROM segments ORDER BY first_seq").fetchall()
    assert ranges == [(n, n) for n in range(1, 9)]


def test_sealing_waits_for_enough_hot_rows(store) -> None:
    store.live("a", "b")
    assert store.sealer.run(hot_after=3) == 0
    assert store.log._db.execute("SELECT count(*) FROM segments").fetchone() == (0,)
    store.live("c")
    assert store.sealer.run(hot_after=3) == 3


def test_a_segment_whose_rows_are_gone_stops_the_sealer(store) -> None:
    store.live("a", "b")
    store.sealer._next(1)
    store.log._db.execute("DELETE FROM events WHERE seq=1")
    with pytest.raises(DataError, match="holds 1 of 2 events"):
        store.seal()


def test_compaction_beside_readers_changes_nothing(store) -> None:
    for number in range(12):
        store.live(f"n{number}")
        store.seal()
    expected, failed, stop = store.names(), [], threading.Event()

    def read() -> None:
        reader = Reader(store.folder, shipped())
        while not stop.is_set():
            if [one.properties["name"] for one in reader.read()] != expected:
                failed.append("another answer")
        reader.close()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        store.sealer.tidy()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert store.names() == expected


def test_a_long_read_sees_its_own_moment_while_others_seal_and_compact(store) -> None:
    for number in range(30):
        store.live(f"n{number}")
        if number % 5 == 0:
            store.seal()
    expected = store.names()
    reading = store.reader.read()
    first = next(reading)
    for number in range(30, 36):
        store.live(f"n{number}")
        store.seal()
    store.sealer.tidy()
    assert [one.properties["name"] for one in [first, *reading]] == expected


def test_what_a_killed_sealer_wrote_is_removed_later(store) -> None:
    store.live("a")
    store.seal()
    lost = store.folder / "lake" / "main" / "product_viewed" / "ducklake-lost.parquet"
    lost.write_bytes(next(lost.parent.glob("*.parquet")).read_bytes())
    store.sealer.tidy()
    assert lost.exists(), "it may be of a commit that is under way"
    os.utime(lost, (1, 1))
    ten_minutes_pass(store)
    store.sealer.tidy()
    assert not lost.exists()
    assert store.names() == ["a"]


def test_files_that_a_compaction_replaced_stay_for_readers_with_an_older_picture(store) -> None:
    for number in range(4):
        store.live(f"n{number}")
        store.seal()
    before = set(store.folder.rglob("ducklake-*.parquet"))
    store.sealer.tidy()
    store.sealer.tidy()
    assert before < set(store.folder.rglob("ducklake-*.parquet"))
    ten_minutes_pass(store)
    store.sealer.tidy()
    after = set(store.folder.rglob("ducklake-*.parquet"))
    assert len(after) < len(before)
    assert store.names() == [f"n{number}" for number in range(4)]


def ten_minutes_pass(store) -> None:
    with contextlib.closing(sqlite3.connect(store.folder / "log.sqlite")) as log, log:
        log.execute("UPDATE meta SET value = value - 600000 WHERE name = 'compacted_ms'")


@pytest.mark.parametrize(
    ("name", "who", "match"),
    [
        pytest.param("log.sqlite", "reader", "log.sqlite is damaged", id="log"),
        pytest.param("lake.sqlite", "reader", "the lake cannot be read", id="catalog"),
        pytest.param("lake.sqlite", "sealer", "the lake cannot be read", id="catalog-sealer"),
    ],
)
def test_a_damaged_file_is_named(store, name: str, who: str, match: str) -> None:
    filled(store)
    store.seal()
    store.close()
    path = store.folder / name
    content = path.read_bytes()
    path.write_bytes(b"garbage " * 1000)
    for side in ("-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    try:
        with pytest.raises(DataError, match=match):
            (Reader if who == "reader" else Sealer)(store.folder, shipped())
    finally:
        path.write_bytes(content)
        store.open()
    assert store.names()[0] == "u"


def test_a_damaged_staged_file_is_named_and_keeps_the_rest_readable(store) -> None:
    store.load([(A, None, "a")])
    store.live("b", kind=B)
    (file,) = store.folder.glob("staged/*/*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:20])
    for act in (store.seal, store.names):
        with pytest.raises(DataError, match=r"the lake cannot be read: .*parquet"):
            act()
    assert store.names(kind=B) == ["b"]
    file.write_bytes(content)
    assert store.seal() == 2
    assert store.names() == ["a", "b"]


def test_two_sealers_at_once_seal_each_segment_once(store) -> None:
    filled(store)
    other = Sealer(store.folder, shipped())
    try:
        segment = store.sealer._next(1)
        assert other._next(1) == segment
        other._seal(segment)
        assert store.seal() == 3
    except Busy:
        store.seal()
    finally:
        other.close()
    lake = Lake(store.folder, shipped(), read_only=True)
    marks = lake.connection.execute("SELECT segment FROM lake.sealed_segments ORDER BY 1").fetchall()
    lake.close()
    assert marks == [(1,), (2,), (3,)]
    assert store.names() == ["u", "v", "a", "b", "d", "w"]
