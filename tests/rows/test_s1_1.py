"""S1.1: RFM ranks above a random list and below who knows; its measures by hand."""

import numpy as np
import pytest

from guanxi.bench.rows import ROWS, Size, run_row
from guanxi.bench.rows.s1_1 import auc, head


@pytest.mark.parametrize(
    ("rank", "amount", "share"),
    [
        pytest.param([5, 4, 3, 2, 1], [4, 1, 1, 1, 1], 0.5, id="the-best-first"),
        pytest.param([1, 2, 3, 4, 5], [4, 1, 1, 1, 1], 0.125, id="the-best-last"),
        pytest.param([1, 1, 1, 1, 1], [4, 1, 1, 1, 1], 0.2, id="all-alike"),
        pytest.param([2, 2, 1, 1, 1], [4, 1, 1, 1, 1], 0.3125, id="two-share-one-place"),
    ],
)
def test_head(rank: list[float], amount: list[float], share: float) -> None:
    assert head(np.array(rank, float), np.array(amount, float)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("score", "is_one", "chance"),
    [
        pytest.param([3, 2, 1], [1, 0, 0], 1.0, id="apart"),
        pytest.param([1, 2, 3], [1, 0, 0], 0.0, id="the-wrong-way"),
        pytest.param([1, 1, 1], [1, 0, 0], 0.5, id="ties"),
        pytest.param([2, 2, 1], [1, 0, 0], 0.75, id="half-a-tie"),
    ],
)
def test_auc(score: list[float], is_one: list[float], chance: float) -> None:
    assert auc(np.array(score, float), np.array(is_one, float)) == pytest.approx(chance)


@pytest.mark.parametrize("variant", [pytest.param("a", id="a"), pytest.param("c", id="c", marks=pytest.mark.slow)])
def test_rfm_beats_a_random_list_and_not_the_oracle(variant: str) -> None:
    scores = run_row(ROWS["S1.1"], seeds=range(2), people=600, days=40, variant=variant)
    by_name = {score.name: score for score in scores}
    assert {"orders", "spend"} <= by_name.keys()
    for name in ("orders", "spend"):
        assert 0.5 < by_name[name].score < 1.1, name
        assert not by_name[name].leaks
        assert by_name[name].baseline == 0.2


@pytest.mark.slow
def test_a_shuffled_list_scores_nothing() -> None:
    """The measure has teeth: it gives a list in random order about 0."""
    row = ROWS["S1.1"]
    readings = row.read(5, "a", Size(people=600, days=40))
    rng = np.random.default_rng(5)
    amount = rng.gamma(0.5, size=600)
    chance = [head(rng.permutation(600).astype(float), amount) for _ in range(200)]
    assert np.mean(chance) == pytest.approx(0.2, abs=0.01)
    assert readings[0].method > max(chance)
