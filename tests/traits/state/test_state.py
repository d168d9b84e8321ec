"""The state: what every event sees equals the definitions, whatever the stream; nothing reads the future."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.traits.state import TraitState, compile_plan

from .conftest import MEASURES, Naive, every_trait, random_events, same, trait

PLAN = compile_plan(every_trait(("10m", "1h", "1d", "30d"), ("60d", "365d", "life")), MEASURES)


def differences(events: np.ndarray, seen: np.ndarray, sample: set[int]) -> list[tuple[int, str, float, float]]:
    """Cells that differ from the definitions, at some of the events."""
    naive, found = Naive(PLAN), []
    for place, event in enumerate(events):
        if place in sample:
            for row, one, other in zip(PLAN.traits, naive.read(event), seen[place], strict=True):
                if not same(row, one, other):
                    found.append((place, row.name, one, float(other)))
        naive.add(event)
    return found


@pytest.mark.parametrize(
    ("count", "days", "parties"),
    [
        pytest.param(400, 500, 6, id="sparse-over-lives"),
        pytest.param(1_500, 40, 2, id="many-blocks"),
        pytest.param(2_500, 0.5, 1, id="groups-of-blocks"),
        pytest.param(2_500, 90, 1, id="groups-expire"),
        pytest.param(600, 2_000, 3, id="forgotten"),
    ],
)
def test_every_event_sees_what_the_definitions_say(count: int, days: float, parties: int) -> None:
    events = random_events(PLAN, seed=count, count=count, days=days, parties=parties)
    seen = TraitState(PLAN).feed(events, read=True)
    sample = set(np.linspace(0, count - 1, 60).astype(int).tolist())
    assert differences(events, seen, sample) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 120), st.floats(0, 900), st.integers(1, 4))
def test_no_stream_is_read_otherwise(seed: int, count: int, days: float, parties: int) -> None:
    events = random_events(PLAN, seed=seed, count=count, days=days, parties=parties)
    seen = TraitState(PLAN).feed(events, read=True)
    assert differences(events, seen, set(range(0, count, 1 + count // 8))) == []


def test_one_at_a_time_is_the_same_as_many() -> None:
    events = random_events(PLAN, seed=3, count=1_500, days=45, parties=5)
    many = TraitState(PLAN).feed(events, read=True)
    state = TraitState(PLAN)
    single = np.array([state.step(event).copy() for event in events])
    assert np.array_equal(single.view(np.int64), many.view(np.int64))


def test_a_party_is_read_at_any_later_instant() -> None:
    events = random_events(PLAN, seed=4, count=600, days=30, parties=3)
    state = TraitState(PLAN)
    state.feed(events[:-1])
    last = events[-1]
    seen = state.step(last).copy()
    again = TraitState(PLAN)
    again.feed(events[:-1])
    for party in PLAN.parties:
        key = int(last[PLAN.event_words - len(PLAN.parties) + PLAN.parties.index(party)])
        read = again.read(party, key, int(last[0]))
        rows = [place for place, row in enumerate(PLAN.traits) if row.party == party and row.aggregate != "versus"]
        assert key == 0 or np.array_equal(read[rows].view(np.int64), seen[rows].view(np.int64))
    with pytest.raises(DataError, match="before the newest event"):
        again.read("person", 1, int(last[0]) - 10**9)


def test_nothing_reads_the_future() -> None:
    events = random_events(PLAN, seed=5, count=500, days=20, parties=3)
    whole = TraitState(PLAN).feed(events, read=True)
    part = TraitState(PLAN).feed(events[:300], read=True)
    assert np.array_equal(part.view(np.int64), whole[:300].view(np.int64))


def test_memory_follows_the_live_window() -> None:
    state, sizes = TraitState(PLAN), []
    for month in range(40):
        events = random_events(PLAN, seed=month, count=3_000, days=30, parties=400)
        events[:, 0] += month * 30 * 86_400_000
        events = events[events[:, 0] >= state.clock_ms]
        state.feed(events)
        sizes.append(state.bytes)
    assert sizes[-1] < 1.2 * sizes[20]  # without retirement it would have doubled; small blocks are cut from slabs
    assert state.events < 7_000


def test_parties_that_never_return_are_forgotten_in_time() -> None:
    plan = compile_plan([trait("device", "orders", "count", "30d"), trait("device", "spend", "sum", "60d")], MEASURES)
    count, a_day = 60_000, 40
    events = random_events(plan, seed=3, count=count, days=1, parties=1)
    events[:, 0] = 1_700_000_000_000 + np.arange(count) * (86_400_000 // a_day)
    events[:, 3] = 1
    events[:, plan.event_words - 1] = np.arange(1, count + 1) * 0x2545F4914F6CDD1D
    state, sizes = TraitState(plan), []
    for part in np.split(events, 6):
        state.feed(part)
        sizes.append((state.keys["device"], state.bytes))
    assert max(keys for keys, _ in sizes) < 1.05 * 400 * a_day  # nobody is remembered for much more than 400 days
    assert sizes[-1][1] < 1.05 * sizes[2][1]


def test_what_days_alone_measure_is_kept_too() -> None:
    rows = [trait("person", "spend", "sum", "60d"), trait("person", "orders", "top", "60d", by="p.city"),
            trait("person", "fails", "count", "7d"), trait("device", "fails", "count", "365d")]  # fmt: skip
    plan = compile_plan(rows, MEASURES)
    events = random_events(plan, seed=7, count=400, days=200, parties=3)
    events[:, 3] = 1 << np.arange(len(events)) % len(plan.measures)  # one measure each
    seen, naive = TraitState(plan).feed(events, read=True), Naive(plan)
    assert (seen[:, 0] > 0).any()
    for place, event in enumerate(events):
        for row, one, other in zip(plan.traits, naive.read(event), seen[place], strict=True):
            assert same(row, one, other), (place, row.name)
        naive.add(event)


def test_many_parties_are_read_in_one_call() -> None:
    events = random_events(PLAN, seed=8, count=600, days=30, parties=5)
    state = TraitState(PLAN)
    state.feed(events)
    keys, later = np.unique(events[:, PLAN.event_words - 1]), state.clock_ms + 5_000
    many = state.read_many("device", np.append(keys, 12345), later)
    single = np.array([state.read("device", int(key), later) for key in [*keys, 12345]])
    assert np.array_equal(many.view(np.int64), single.view(np.int64))
    assert keys[0] == 0
    assert np.isnan(many[0]).all()
    with pytest.raises(DataError, match="before the newest event"):
        state.read_many("device", keys, state.clock_ms - 1)


def test_an_older_event_is_refused() -> None:
    events = random_events(PLAN, seed=6, count=10, days=1, parties=2)
    state = TraitState(PLAN)
    state.feed(events)
    with pytest.raises(DataError, match="before the newest event") as error:
        state.step(events[0])
    assert "Build the state anew" in error.value.mend
    with pytest.raises(DataError):
        state.feed(events[::-1].copy())


def test_every_plan_has_its_own_hash() -> None:
    rows = every_trait(("1h",), ())
    assert compile_plan(rows, MEASURES).hash == compile_plan(rows, MEASURES).hash
    assert compile_plan(rows[1:], MEASURES).hash != compile_plan(rows, MEASURES).hash
