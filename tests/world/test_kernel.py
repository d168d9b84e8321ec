"""The kernel's small parts, against plain arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.world.base.browse import sums_within
from guanxi.world.day import pressure
from guanxi.world.kernel import CANDIDATES, SLATE, house_slates, lean_on, logistic, pick
from guanxi.world.spec import Term


@given(p=st.floats(0.001, 0.999), one=st.floats(-4, 4), two=st.floats(-4, 4))
def test_log_odds_add_and_are_monotone(p: float, one: float, two: float) -> None:
    assert lean_on(lean_on(p, one), two) == pytest.approx(lean_on(p, one + two), abs=1e-9)
    assert lean_on(p, 0.0) == p
    # Within rounding: a pressure of 1e-200 is lost in p's own last bit, which the logarithm and back may move.
    assert lean_on(p, max(one, two)) >= lean_on(p, min(one, two)) - 1e-12
    assert lean_on(0.5, one) == pytest.approx(logistic(one))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_what_is_certain_stays_certain(p: float) -> None:
    assert lean_on(p, 3.0) == p


@given(weights=st.lists(st.floats(0.01, 10), min_size=1, max_size=12), u=st.floats(0, 0.999999), cut=st.integers(0, 11))
def test_pick_is_a_search_in_the_running_sum(weights: list[float], u: float, cut: int) -> None:
    first = min(cut, len(weights) - 1)
    cdf = np.cumsum(weights)
    low = cdf[first - 1] if first else 0.0
    wanted = first + int(np.searchsorted(cdf[first:], low + u * (cdf[-1] - low), side="right"))
    assert abs(pick(cdf, first, len(weights), u) - min(wanted, len(weights) - 1)) <= (1 if math.isclose(u, 0) else 0)


def test_the_house_explores_as_often_as_it_says() -> None:
    asks, epsilon = 40_000, 0.2
    key = np.arange(asks, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    places, likely = np.empty((asks, SLATE), np.int64), np.empty((asks, SLATE), np.float32)
    house_slates(np.uint64(9), key, asks, SLATE, epsilon, places, likely)
    assert (np.sort(places, axis=1)[:, 1:] > np.sort(places, axis=1)[:, :-1]).all()
    best = places[:, 0] == 0
    assert best.mean() == pytest.approx(1 - epsilon + epsilon / CANDIDATES, abs=0.01)
    assert np.allclose(likely[best, 0], 1 - epsilon + epsilon / CANDIDATES)
    assert np.allclose(likely[~best, 0], epsilon / CANDIDATES)
    # Weighted by what was logged, any rank's share of the first place comes out as if shown to all.
    for rank in range(CANDIDATES):
        assert ((places[:, 0] == rank) / likely[:, 0]).mean() == pytest.approx(1.0, abs=0.15)


def test_running_sums_begin_anew() -> None:
    sums = sums_within(np.array([1.0, 2, 3, 4, 5]), np.array([0, 2, 2, 5], np.int32))
    assert sums.tolist() == [1, 3, 3, 7, 12]


def test_terms_on_one_axis_add_up_and_cells_are_sorted_by_person(kit: type) -> None:
    board = kit.town(people=5).board  # type: ignore[attr-defined]
    ones = np.ones(5, np.float32)
    cells = np.array([[3, 1], [0, 2], [0.5, -0.5]])
    found = pressure(
        [Term(choice="order", axes=("person",), value=ones), Term(choice="order", axes=("person",), value=2 * ones),
         Term(choice="order", axes=("cell",), value=cells)],
        board,
    )  # fmt: skip
    assert found.of("order", "person", 5).tolist() == [3] * 5
    assert found.of("view", "person", 5).tolist() == [0] * 5
    start, category, value = found.cell_rows(5)
    assert start.tolist() == [0, 0, 1, 1, 2, 2]
    assert (category.tolist(), value.tolist()) == ([2, 0], [-0.5, 0.5])
