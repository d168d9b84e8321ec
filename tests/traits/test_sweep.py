"""The sweep equals the state, and the definitions, bit for bit, on whatever history."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from guanxi.core import DAY_MS, DataError
from guanxi.traits.family import traits
from guanxi.traits.measure import measures
from guanxi.traits.state import Plan, TraitState, compile_plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself
from guanxi.traits.sweep import sweep


def _definitions() -> ModuleType:
    """The definitions in plain Python that the tests of the state keep."""
    path = Path(__file__).parent / "state" / "conftest.py"
    spec = importlib.util.spec_from_file_location("definitions_of_traits", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


D = _definitions()
PLAN = compile_plan(D.every_trait(("10m", "1h", "1d", "30d"), ("60d", "365d", "life")), D.MEASURES)


def differing(plan: Plan, one: NDArray[np.float64], other: NDArray[np.float64]) -> set[str]:
    """Traits with a cell that is not the same in every bit; unknown is unknown, but a name may look like it."""
    same = one.view(np.int64) == other.view(np.int64)
    same |= np.isnan(one) & np.isnan(other) & np.array([row.aggregate != "top" for row in plan.traits])
    return {plan.traits[place].name for place in np.flatnonzero(~same.all(axis=0))}


@pytest.mark.parametrize(
    ("count", "days", "parties"),
    [
        pytest.param(1, 1, 1, id="one-event"),
        pytest.param(400, 500, 6, id="sparse-over-lives"),
        pytest.param(2_500, 0.5, 1, id="one-busy-party"),
        pytest.param(2_500, 90, 40, id="many-parties"),
        pytest.param(20_000, 30, 3_000, id="many-parts"),
        pytest.param(600, 2_000, 3, id="forgotten"),
        pytest.param(300, 0, 2, id="all-at-once"),
    ],
)
def test_the_sweep_equals_the_state(count: int, days: float, parties: int) -> None:
    events = D.random_events(PLAN, seed=count, count=count, days=days, parties=parties)
    assert differing(PLAN, TraitState(PLAN).feed(events, read=True), sweep(PLAN, events)) == set()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(0, 120), st.floats(0, 900), st.integers(1, 4))
def test_no_history_is_swept_otherwise(seed: int, count: int, days: float, parties: int) -> None:
    events = D.random_events(PLAN, seed=seed, count=count, days=days, parties=parties)
    swept = sweep(PLAN, events)
    assert differing(PLAN, TraitState(PLAN).feed(events, read=True), swept) == set()
    naive = D.Naive(PLAN)
    for place, event in enumerate(events):
        if place % (1 + count // 6) == 0:
            for row, said, found in zip(PLAN.traits, naive.read(event), swept[place], strict=True):
                assert D.same(row, said, found), row.name
        naive.add(event)


def test_only_what_is_wanted_is_made() -> None:
    events = D.random_events(PLAN, seed=1, count=500, days=20, parties=4)
    whole, wanted = sweep(PLAN, events), [70, 3, 41]
    some = np.full((500, 3), -1.0)
    assert sweep(PLAN, events, traits=wanted, out=some) is some
    assert np.array_equal(some, whole[:, wanted], equal_nan=True)
    assert sweep(PLAN, events, traits=[]).shape == (500, 0)


def test_an_event_without_a_party_sees_nothing_of_it() -> None:
    events = D.random_events(PLAN, seed=2, count=50, days=1, parties=2)
    events[:, PLAN.event_words - len(PLAN.parties)] = 0
    people = [row.party == "person" for row in PLAN.traits]
    swept = sweep(PLAN, events)
    assert np.isnan(swept[:, people]).all()
    assert not np.isnan(swept).all()


def test_events_out_of_order_are_refused() -> None:
    events = D.random_events(PLAN, seed=3, count=10, days=1, parties=2)
    with pytest.raises(DataError, match="older than the one before") as error:
        sweep(PLAN, events[::-1].copy())
    assert "Sort the events" in error.value.mend


def test_every_row_of_the_catalogue_is_swept_as_the_state_reads_it() -> None:
    plan = compile_plan(traits().values(), measures())
    events = _catalogue_events(plan, seed=4, count=3_000, days=500)
    assert differing(plan, TraitState(plan).feed(events, read=True), sweep(plan, events)) == set()


def _catalogue_events(plan: Plan, *, seed: int, count: int, days: int) -> NDArray[np.int64]:
    """Events that belong to random measures, with random numbers, names and parties."""
    rng = np.random.default_rng(seed)
    events = np.zeros((count, plan.event_words), np.int64)
    events[:, L.E_CLOCK] = 1_700_000_000_000 + np.sort(rng.integers(0, days * DAY_MS, count) // DAY_MS * DAY_MS
                                                       + rng.integers(0, DAY_MS // 12, count))  # fmt: skip
    events[:, L.E_SEQ] = np.arange(1, count + 1)
    values = L.E_BITS + plan.bit_words
    codes, keys = values + len(plan.values), values + len(plan.values) + len(plan.codes)
    present = rng.random((count, len(plan.values))) < 0.8
    events[:, L.E_PRESENT] = present @ (1 << np.arange(len(plan.values)))
    events[:, values:codes] = np.where(present, rng.integers(-100, 10**6, present.shape), 0)
    kinds = sorted({kind for one in plan.measures for kind in one.kinds})  # what no event can be at once, none is
    kind = rng.integers(0, len(kinds), count)
    for bit, measure in enumerate(plan.measures):
        of = np.array([name in measure.kinds or not measure.kinds for name in kinds])[kind]
        of &= rng.random(count) < 0.7
        events[:, L.E_BITS + bit // 64] |= of.astype(np.int64) << bit % 64
    events[:, codes:keys] = rng.integers(0, 9, (count, keys - codes)) * 0x5DEECE66D
    events[:, keys:] = rng.integers(0, 12, (count, len(plan.parties))) * 0x2545F4914F6CDD1D
    return events
