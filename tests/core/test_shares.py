"""Shares: the interval of Wilson, against the numbers of Newcombe's paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError, share_of


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [  # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I
        pytest.param(81, 263, 0.2553, 0.3662, id="many"),
        pytest.param(15, 148, 0.0624, 0.1605, id="some"),
        pytest.param(0, 20, 0.0, 0.1611, id="none"),
        pytest.param(1, 29, 0.0061, 0.1718, id="one"),
    ],
)
def test_the_paper(hits: int, trials: int, low: float, high: float) -> None:
    found = share_of(hits, trials)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert (found.n, found.unit, found.method) == (trials, "share", "wilson")


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_its_share_and_mirrors(case: tuple[int, int]) -> None:
    hits, trials = case
    found, other = share_of(hits, trials), share_of(trials - hits, trials)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high, abs=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (3, 2), (-1, 2)])
def test_no_share(hits: int, trials: int) -> None:
    with pytest.raises(DataError):
        share_of(hits, trials)
