"""Runs find, merge and count as sets, dicts and Counters do."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.engines.log import Run, Runs, Seen
from guanxi.engines.log.runs import merge

HIGH = st.sampled_from([0, 1, 2, 2**63, 2**64 - 1])  # few high words, so that neighbours share them
KEY = st.tuples(HIGH, st.one_of(st.integers(0, 5), st.sampled_from([2**64 - 1])))
KEYS = st.lists(KEY, max_size=40)


def words(keys: list[tuple[int, int]]) -> np.ndarray:
    return np.array(keys, np.uint64).reshape(-1, 2)


@given(st.lists(KEY, max_size=40, unique=True), KEYS)
def test_a_run_finds_what_is_in_it(keys: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    run = Run.of(words(keys))
    place = run.find(words(asked))
    assert [spot >= 0 for spot in place] == [key in set(keys) for key in asked]
    assert [tuple(run.words[:2, spot]) for spot in place if spot >= 0] == [key for key in asked if key in set(keys)]
    assert run.shares(Run.of(words(asked))) is bool(set(keys) & set(asked))


@given(st.lists(st.dictionaries(KEY, st.integers(0, 99), max_size=15), max_size=6), KEYS)
def test_several_runs_are_one_dict(layers: list[dict[tuple[int, int], int]], asked: list[tuple[int, int]]) -> None:
    runs = [Run.of(words(list(one)), np.array(list(one.values()), np.uint64).reshape(-1, 1)) for one in layers]
    whole: dict[tuple[int, int], int] = {}
    for one in layers:
        whole |= one
    for some in (Runs(runs), Runs([merge(runs)] if runs else [])):
        known, payload = some.latest(words(asked), 1)
        assert known.tolist() == some.contains(words(asked)).tolist() == [key in whole for key in asked]
        assert payload[known, 0].tolist() == [whole[key] for key in asked if key in whole]
    if runs:
        assert len(merge(runs)) == len(whole)


@given(KEYS, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_occurrences_are_counted_as_a_counter_does(keys: list[tuple[int, int]], sizes: list[int]) -> None:
    seen, counter, start = Seen(), Counter[tuple[int, int]](), 0
    for size in sizes * len(keys):
        part = keys[start : start + size]
        found, run = seen.count(words(part))
        again, _ = seen.count(words(part))
        assert found.tolist() == again.tolist(), "counting alone remembers nothing"
        expected = []
        for key in part:
            expected.append(counter[key])
            counter[key] += 1
        assert found.tolist() == expected
        seen.add_run(run)
        start += size
        if start >= len(keys):
            break


@given(KEYS)
def test_a_run_survives_its_file(tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[int, int]]) -> None:
    path = tmp_path_factory.mktemp("runs") / "run.npy"
    run = Run.of(words(keys), words(keys))
    run.save(path)
    assert Run.open(path).words.tolist() == run.words.tolist()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-9], id="cut"),
        pytest.param(lambda data: b"\x00" * len(data), id="zeros"),
        pytest.param(lambda data: data.replace(b"<u8", b"<f8"), id="another-type"),
        pytest.param(lambda data: None, id="missing"),
    ],
)
def test_a_damaged_run_says_so(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "ids-1.npy"
    Run.of(words([(1, 2), (3, 4)])).save(path)
    data = damage(path.read_bytes())
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=r"ids-1\.npy is not readable"):
        Run.open(path)
