"""Slices of the real data sets through the bench: what SQL says, what a booster learns, and how scores are counted."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from guanxi.bench import fraud_score, traits_real
from guanxi.bench.real_truths import JD, JOURNEY, Real, differing
from guanxi.core import MissingEngine, NotFound


@pytest.mark.parametrize(
    ("scores", "auc", "recall"),
    [
        pytest.param([0.1, 0.2, 0.3, 0.4, 0.8, 0.9], 1.0, 1.0, id="apart"),
        pytest.param([0.8, 0.2, 0.3, 0.4, 0.8, 0.9], 7.5 / 8, 0.5, id="a-tie-counts-half"),
        pytest.param([0.9, 0.8, 0.7, 0.6, 0.1, 0.2], 0.0, 0.0, id="upside-down"),
        pytest.param([0.5] * 6, 0.5, 0.0, id="all-alike"),
    ],
)
def test_scores_by_hand(scores: list[float], auc: float, recall: float) -> None:
    fraud = np.array([False] * 4 + [True] * 2)
    assert fraud_score.auc(fraud, np.array(scores)) == auc
    assert fraud_score.recall(fraud, np.array(scores)) == recall


def test_one_false_alarm_in_four_may_be_allowed() -> None:
    fraud = np.array([False] * 4 + [True] * 2)
    assert fraud_score.recall(fraud, np.array([0.8, 0.2, 0.3, 0.4, 0.7, 0.1]), share=0.25) == 0.5


def test_folds_share_out_the_frauds() -> None:
    fraud = np.arange(103) < 11
    dealt = fraud_score.folds(fraud, 1)
    assert sorted(np.bincount(dealt[fraud]).tolist()) == [2, 2, 2, 2, 3]
    assert sorted(np.bincount(dealt[~fraud]).tolist()) == [18, 18, 18, 19, 19]
    assert (fraud_score.folds(fraud, 1) == dealt).all()
    assert (fraud_score.folds(fraud, 2) != dealt).any()


def test_the_peer_looks_back_only() -> None:
    raw = pl.DataFrame({
        "row": [0, 1, 2], "device_id": ["a", "b", "a"], "ip_address": [1.0, 1.0, 1.0],
        "signup_time": ["1/2/2015 0:10", "1/2/2015 0:05", "1/2/2015 0:00"],
        "purchase_time": ["1/2/2015 0:11", "1/3/2015 0:05", "1/2/2015 0:00"],
    })  # fmt: skip
    assert traits_real.five_features(raw).rows() == [
        (60, 1, 600, 2, 300), (86_400, 0, None, 1, 300), (0, 0, None, 0, None),
    ]  # fmt: skip


def test_a_cell_that_differs_is_seen() -> None:
    name, since = "person.orders.count.30d", "person.orders.since_last.life"
    truth = pl.DataFrame({"party": ["a", "b"], name: [1, 2], since: [0, 5]})
    assert differing(truth, truth) == 0
    more = pl.concat([truth, pl.DataFrame({"party": ["c"], name: [0], since: [None]}, schema=truth.schema)])
    assert differing(more, truth) == 0  # nothing happened to c
    assert differing(truth.with_columns(pl.col(name) + 1), truth) == 2
    assert differing(truth.head(1), truth) == 2  # both cells of b
    assert differing(truth.with_columns(pl.lit(None, pl.Int64).alias(since)), truth) == 2  # unknown is not 0


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(traits_real, "booster", lambda: None)
    with pytest.raises(NotFound, match="complete_journey"):
        traits_real.run(tmp_path)
    monkeypatch.setattr(fraud_score, "find_spec", lambda name: None)
    with pytest.raises(MissingEngine, match=r"bootstrap\.py bench"):
        fraud_score.booster()


def slice_of(data: Path, real: Real, tmp_path: Path, few: pl.Expr) -> Path:
    """Write the rows of a data set that an expression keeps, where their files have its column."""
    (tmp_path / real.folder).mkdir()
    for name in real.files:
        frame = pl.scan_parquet(data / real.folder / f"{name}.parquet")
        if set(few.meta.root_names()) <= set(frame.collect_schema().names()):
            frame = frame.filter(few)
        frame.collect().write_parquet(tmp_path / real.folder / f"{name}.parquet")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("real", "few", "least"),
    [
        pytest.param(replace(JOURNEY, files=("transactions", "coupon_redemptions")),
                     pl.col("household_id") < 60, 500, id="journey"),
        pytest.param(replace(JD, files=("bo_product", "bo_action")), pl.col("pair_id").str.starts_with("20"), 500,
                     id="jd"),
    ],
)  # fmt: skip
def test_traits_of_a_slice_are_what_sql_says(
    real: Real, few: pl.Expr, least: int, data_file: Callable[[str], Path], tmp_path: Path
) -> None:
    data = data_file(real.folder).parent
    figures = {one.name: one for one in traits_real.parties(slice_of(data, real, tmp_path, few), real)}
    assert figures[f"{real.short}_differing"].value == 0
    assert figures[f"{real.short}_compared"].value > least
    assert 0 < figures[f"{real.short}_varied"].value < 1
    assert 0 < figures[f"{real.short}_unknown"].value < 1


@pytest.mark.slow
@pytest.mark.skipif(find_spec("lightgbm") is None, reason="lightgbm is not installed")
def test_traits_tell_fraud_where_raw_columns_do_not(data_file: Callable[[str], Path], tmp_path: Path) -> None:
    raw = pl.read_parquet(data_file(f"ecommerce_fraud/{traits_real.FRAUD}"))
    shared = pl.col("device_id").is_in(raw.filter(pl.col("device_id").is_duplicated())["device_id"].head(600))
    raw.filter(shared | (pl.int_range(pl.len()) < 2_000)).write_parquet(tmp_path / traits_real.FRAUD)
    figures = {one.name: one for one in traits_real.fraud(tmp_path, seeds=1)}
    assert figures["ecommerce_differing"].value == 0
    assert figures["ecommerce_auc"].value > figures["ecommerce_auc_raw"].value + 0.03
    bar = max(figures["ecommerce_auc_five"].value, figures["ecommerce_auc_raw_five"].value) - traits_real.SLACK
    assert figures["ecommerce_auc"].bar == pytest.approx(bar, abs=1e-3)
    gains = [one.value for one in figures.values() if one.name.startswith("gain ")]
    assert len(gains) == traits_real.SHOWN
    assert sum(gains) <= 1.01
