"""Where a value stands among many: the same as counting them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.traits import Standing, ladder_of, ladder_of_names

NUMBERS = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e9, 1e9), st.just(0.0), st.just(-0.0), st.just(np.nan))


def counted(values: list[float], value: float) -> tuple[float, float]:
    """Shares of the known values that are less, and the same, by going through them."""
    known = [one for one in values if one == one]
    return sum(one < value for one in known) / len(known), sum(one == value for one in known) / len(known)


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.one_of(NUMBERS, st.floats(-10, 10)))
def test_every_value_stands_where_counting_puts_it(values: list[float], other: float) -> None:
    steps = ladder_of(np.array(values))
    known = [one for one in values if one == one]
    assert (steps.known, steps.unknown, steps.zeros) == (len(known), len(values) - len(known), known.count(0.0))
    for value in (*values, other):
        found = steps.standing(value)
        assert found == (Standing(*counted(values, value)) if known and value == value else None)


@given(st.lists(st.one_of(st.integers(0, 4).map(float), st.floats(0, 100)), min_size=1, max_size=300),
       st.integers(3, 20), st.floats(-1, 101))  # fmt: skip
def test_a_short_ladder_is_off_by_half_a_step_at_most(values: list[float], rungs: int, other: float) -> None:
    steps = ladder_of(np.array(values), rungs)
    assert len(steps.values) <= rungs
    for value in (*values, other):
        found, (below, equal) = steps.standing(value), counted(values, value)
        assert found is not None
        assert found.middle is not None
        if value in steps.values:
            assert (found.below, found.equal) == (below, equal)
        # Between two rungs lie the values of one step less the rungs themselves; the middle halves that.
        assert abs(found.middle - (below + equal / 2)) <= 1 / (rungs - 1) + 1e-12
        if equal >= 2 / (rungs - 1):
            assert found.equal == equal


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.integers(3, 20))
def test_a_larger_value_never_stands_lower(values: list[float], rungs: int) -> None:
    steps = ladder_of(np.array(values), rungs)
    places = [one.middle for value in sorted(values) if (one := steps.standing(value)) is not None]
    assert places == sorted(places)


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 12))
def test_names_have_shares_but_no_order(codes: list[int], rungs: int) -> None:
    steps = ladder_of_names(np.array(codes, np.uint64), rungs)
    known = [one for one in codes if one]
    kept = sorted(set(known), key=lambda one: (-known.count(one), one))[:rungs]
    assert steps.is_names
    assert (steps.known, steps.unknown) == (len(known), codes.count(0))
    for code in range(11):
        share = known.count(code) / len(known) if code in kept else 0.0
        assert steps.standing(code) == (Standing(None, share) if known and code else None)


@pytest.mark.parametrize(
    ("values", "value", "middle"),
    [
        pytest.param([0, 0, 0, 5], 0, 0.375, id="ties-share-the-middle-of-their-places"),
        pytest.param([0, 0, 0, 5], 5, 0.875, id="the-highest-is-not-above-itself"),
        pytest.param([1, 2, 3], 2, 0.5, id="the-middle-of-three"),
        pytest.param([7, 7, 7], 7, 0.5, id="all-the-same"),
        pytest.param([1, 2], 9, 1.0, id="above-all"),
    ],
)  # fmt: skip
def test_mid_rank_by_hand(values: list[float], value: float, middle: float) -> None:
    found = ladder_of(np.array(values, float)).standing(value)
    assert found is not None
    assert found.middle == middle
