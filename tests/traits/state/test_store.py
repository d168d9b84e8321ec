"""Snapshots: a state comes back from the disk as it was; one that cannot is refused in clear words."""

from pathlib import Path

import numpy as np
import pytest

from guanxi.core import DataError
from guanxi.engines.trait_store import MAGIC, TraitStore
from guanxi.traits.state import TraitState, compile_plan

from .conftest import MEASURES, every_trait, random_events

PLAN = compile_plan(every_trait(("10m", "1h", "1d", "30d"), ("60d", "365d", "life")), MEASURES)
EVENTS = random_events(PLAN, seed=21, count=900, days=45, parties=5)


@pytest.fixture
def store(tmp_path: Path) -> TraitStore:
    return TraitStore(tmp_path / "traits")


def test_a_snapshot_and_the_tail_make_the_state(store: TraitStore) -> None:
    assert store.load(PLAN) is None
    assert store.head() is None
    state = TraitState(PLAN)
    state.feed(EVENTS[:400])
    store.save(state)
    state.feed(EVENTS[400:600])
    head = store.save(state)
    assert (head.clock_ms, head.seq) == (state.clock_ms, state.last_seq)
    assert store.head() == head
    again = store.load(PLAN)
    assert again is not None
    seen = [each.feed(EVENTS[600:], read=True) for each in (state, again)]
    assert np.array_equal(seen[0].view(np.int64), seen[1].view(np.int64))
    assert again.digest() == state.digest()
    assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]
    store.remove()
    assert store.load(PLAN) is None


def test_a_restored_state_grows(store: TraitStore) -> None:
    state = TraitState(PLAN)
    state.feed(EVENTS[:100])
    store.save(state)
    again = store.load(PLAN)
    assert again is not None
    more = random_events(PLAN, seed=22, count=20_000, days=29, parties=3_000)
    more[:, 0] += int(EVENTS[100, 0]) - int(more[0, 0])
    more[:, 1] += 1_000
    state.feed(more)
    again.feed(more)
    assert again.digest() == state.digest()


def test_a_foreign_plan_is_refused(store: TraitStore) -> None:
    store.save(TraitState(PLAN))
    other = compile_plan(every_trait(("10m", "1h"), ()), MEASURES)
    with pytest.raises(DataError, match=f"of the plan {PLAN.hash[:8]}.*make the plan {other.hash[:8]}") as error:
        store.load(other)
    assert "built anew" in error.value.mend


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda data: data[:-8], "damaged", id="cut-short"),
        pytest.param(lambda data: data[:-9] + b"x" + data[-8:], "damaged", id="a-byte-changed"),
        pytest.param(lambda data: b"PAR1" + data[4:], "no snapshot", id="another-file"),
        pytest.param(lambda data: MAGIC + b"{}" + data, "no snapshot", id="no-head"),
        pytest.param(lambda data: data.replace(b'"layout":', b'"layout":9'), "layout 9", id="another-layout"),
    ],
)
def test_a_damaged_snapshot_is_refused(store: TraitStore, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    state = TraitState(PLAN)
    state.feed(EVENTS[:50])
    store.save(state)
    store.path.write_bytes(spoil(store.path.read_bytes()))
    with pytest.raises(DataError, match=said):
        store.load(PLAN)
