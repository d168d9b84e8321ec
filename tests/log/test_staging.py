"""Staged chunks: once per id, newest per natural key, whoever stores the same at the same time."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.engines.log import Seen
from guanxi.events import Event, shipped, to_events

A, B = "Product Viewed", "Tea Tasted"


def test_identical_rows_count_as_often_as_they_occur(store) -> None:
    rows = [(A, None, "a")] * 3 + [(A, None, "b")] + [(A, None, "a")] * 2
    assert store.load(rows, chunk=2) == 6
    assert sorted(store.names()) == list("aaaaab")
    assert len(set(store.ids())) == 6


@settings(max_examples=4)
@given(st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from([None, "k"]), st.sampled_from("abz")), max_size=14))
def test_the_size_of_chunks_makes_no_difference(store_type, tmp_path_factory, rows) -> None:
    found = []
    for chunk in (1, 3, 100):
        store = store_type(tmp_path_factory.mktemp("chunks") / "log")
        try:
            store.load(rows, chunk)
            found.append(sorted(store.ids()))
        finally:
            store.close()
    assert found[0] == found[1] == found[2]


def test_a_longer_export_adds_its_new_rows_only(store) -> None:
    first = [(A, None, name) for name in "abca"]
    assert store.load(first) == 4
    assert store.load([*first, (A, None, "a"), (A, None, "d")], chunk=2) == 2
    assert sorted(store.names()) == list("aaabcd")


@pytest.mark.parametrize("chunk", [1, 2, 10])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_natural_key_keeps_its_newest_content(store, chunk: int, sealed: bool) -> None:
    assert store.load([(A, "k1", "a"), (A, "k2", "x"), (A, "k1", "a"), (A, "k1", "b")], chunk) == 3
    if sealed:
        store.seal()
    before = store.log.last_seq
    assert store.names() == ["x", "b"]
    assert store.load([(A, "k1", "b"), (A, "k1", "c"), (A, "k2", "x")], chunk) == 1
    assert store.names() == ["x", "c"]
    assert store.names(known=before) == ["x", "b"]
    assert store.names(known=1) == ["a"]
    chain = [store.reader.find(str(seq)) for seq in (1, 3, 4)]
    assert [one.refs.get("supersedes") for one in chain] == [None, chain[0].id, chain[1].id]
    assert store.reader.replaced_by(chain[0]) == chain[1].id
    assert store.reader.replaced_by(chain[2]) == ""


def test_keys_of_two_kinds_and_presets_do_not_meet(store) -> None:
    store.load([(A, "k", "a"), (B, "k", "b")])
    store.load([(A, "k", "c")], preset="other")
    assert store.names() == ["a", "b", "c"]


def test_two_batches_of_one_kind_meet(store) -> None:
    seen = Seen()
    staged = store.stage([(A, "k", "a"), (B, None, "t"), (A, "k", "a")], seen)
    doubled = store.stage([(A, "k", "a")], seen, first=9)
    assert (staged.manifest.rows, staged.manifest.duplicates) == (2, 1)
    assert store.commit(staged, seen)
    assert not store.commit(doubled, seen), "it was compared before the other came"
    again = store.stage([(A, "k", "a")], seen, first=9)
    assert (again.manifest.rows, again.manifest.duplicates) == (0, 1)


def test_an_answer_that_got_lost_is_given_again(store) -> None:
    seen = Seen()
    manifest = store.stage([(A, None, "a"), (A, None, "b")], seen, job="j", accepted=2).manifest
    first = store.log.commit(manifest)
    assert store.log.commit(manifest) == first
    store.seal()
    assert store.log.commit(manifest) == first
    store.reopen()
    assert store.log.commit(manifest) == first
    assert store.log.last_seq == 2
    job = store.log.job("j")
    assert (job["chunks"], job["accepted"], job["stored"]) == (1, 2, 2)
    assert store.reader.counts() == {A: 2}


def test_progress_that_is_told_twice_counts_once(store) -> None:
    seen = Seen()
    store.load([(A, None, "a")])
    for chunk in (0, 1):
        manifest = store.stage([(A, None, "a")], seen, job="j", chunk=chunk, accepted=1, parked=2).manifest
        store.log.progress(manifest)
        store.log.progress(manifest)
    assert store.log.job("j") | {"cursor": ""} == {
        "chunks": 2, "accepted": 2, "parked": 4, "duplicates": 2, "stored": 0, "done": 0, "cursor": "",
    }  # fmt: skip


def test_two_importers_of_one_file_store_it_once(store) -> None:
    rows = [(A, None, name) for name in "aab"]
    one, two = Seen(), Seen()
    first, second = store.stage(rows, one), store.stage(rows, two)
    assert store.commit(first, one)
    assert not store.commit(second, two)
    assert not (store.folder / "staged" / second.manifest.folder).exists()
    again = store.stage(rows, two)
    assert (again.manifest.rows, again.manifest.duplicates) == (0, 3)
    assert len(store.ids()) == 3


@pytest.mark.parametrize("merge", [False, True])
def test_two_importers_of_one_natural_key_leave_one_standing(store, merge: bool) -> None:
    one, two = Seen(), Seen()
    first, second = store.stage([(A, "k", "old")], one), store.stage([(A, "k", "new")], two)
    assert store.commit(first, one)
    if merge:  # the run of keys that holds the other's is a new one, with older keys in it
        for number in range(9):
            store.load([(A, f"other{number}", "x")])
        store.seal()
    assert not store.commit(second, two), "compared before the other came: both would stand"
    while not store.commit(store.stage([(A, "k", "new")], two), two):
        pass
    assert store.names(kind=A)[-1] == "new"
    assert "old" not in store.names()


def test_live_events_with_the_ids_of_an_import_are_duplicates(store) -> None:
    seen = Seen()
    staged = store.stage([(A, None, "a"), (A, None, "b")], seen)
    assert store.commit(staged, seen)
    twin = next(store.reader.read())
    assert store.log.append_each([twin])[0] == [False]
    store.seal()
    assert store.log.append_each([twin])[0] == [False]
    assert len(store.ids()) == 2


def test_an_import_compared_before_a_live_twin_came_is_compared_again(store) -> None:
    seen = Seen()
    staged = store.stage([(A, None, "a"), (A, None, "b")], seen)
    frame_ids = _ids_of(store, staged)
    store.log.append([Event(id=frame_ids[1], kind=A, at_ms=1, properties={"name": "b"}, live=True)])
    assert not store.commit(staged, seen)
    again = store.stage([(A, None, "a"), (A, None, "b")], seen)
    assert again.manifest.rows == 1
    assert store.commit(again, seen)
    assert sorted(store.names()) == ["a", "b"]


def test_the_newest_key_stays_newest_through_merges(store) -> None:
    for number in range(24):
        store.load([(A, "k", f"v{number:02}"), (A, f"k{number}", "x")])
        if number % 7 == 0:
            store.live(f"live{number}")
            store.seal()
    assert [name for name in store.names() if name.startswith("v")] == ["v23"]
    assert len(list((store.folder / "runs").iterdir())) > 0


def test_merged_runs_are_removed_later_and_not_sooner(store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        store.load([(A, f"k{number}", "x")])
    store.seal()
    store.sealer.tidy()
    runs = store.folder / "runs"
    named = {path for (path,) in store.log._db.execute("SELECT path FROM runs")}
    assert len(named) == 2
    assert len(list(runs.iterdir())) == 42, "a reader with an older picture may still open them"
    monkeypatch.setattr("guanxi.engines.lake.sealer.KEEP_MS", -1000)
    store.sealer.tidy()
    assert {path.name for path in runs.iterdir()} == named
    assert list((store.folder / "staged").iterdir()) == []
    assert store.load([(A, f"k{number}", "x") for number in range(20)]) == 0
    assert len(store.ids()) == 20


def test_a_segment_without_its_files_is_refused(store) -> None:
    seen = Seen()
    staged = store.stage([(A, None, "a")], seen)
    shutil.rmtree(store.folder / "staged" / staged.manifest.folder)
    with pytest.raises(DataError, match="lacks"):
        store.log.commit(staged.manifest)
    assert store.log.last_seq == 0
    assert store.load([(A, None, "a")]) == 1


def _ids_of(store, staged) -> list[str]:
    import polars as pl

    from guanxi.events import EventBatch

    (file,) = staged.manifest.files
    frame = pl.read_parquet(store.folder / "staged" / staged.manifest.folder / file.name)
    return [one.id for one in to_events(EventBatch(A, frame), catalogue=shipped())]
