"""Fraud scores: a stock booster over seeded stratified folds, judged by AUC and by recall at 1% false alarms."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import MissingEngine

FOLDS: Final = 5
SEEDS: Final = 10
TREES: Final = 100  # LightGBM's default, as all else here but seed, threads and talk
FALSE_ALARMS: Final = 0.01  # share of honest cases that may be called fraud
TRAINED: Final = 0.7  # share of the cases, oldest first, of the split by time


@dataclass(frozen=True, slots=True)
class Judged:
    """How well features tell fraud: means over folds and seeds.

    auc     area under the curve
    recall  share of the frauds found when FALSE_ALARMS of the honest are called frauds
    gain    feature -> share of what all splits gained
    """

    auc: float
    recall: float
    gain: dict[str, float]


def booster() -> Any:
    """Return LightGBM.

    raises  MissingEngine
    """
    if find_spec("lightgbm") is None:
        raise MissingEngine("lightgbm, the peers' booster, is not installed", "Run: python3 scripts/bootstrap.py bench")
    return import_module("lightgbm")


def judge(features: pl.DataFrame, fraud: NDArray[np.bool_], *, seeds: int = SEEDS) -> Judged:
    """Return how well features tell fraud in FOLDS folds, `seeds` times over; each seed deals the folds anew."""
    cells = features.cast(pl.Float64).to_numpy()
    aucs, recalls, gain = [], [], np.zeros(features.width)
    for seed in range(seeds):
        fold = folds(fraud, seed)
        for held in range(FOLDS):
            out = fold == held
            scores, gained = _scored(cells, fraud, ~out, out, seed)
            aucs.append(auc(fraud[out], scores))
            recalls.append(recall(fraud[out], scores))
            gain += gained
    share = gain / max(gain.sum(), 1e-300)
    return Judged(
        float(np.mean(aucs)), float(np.mean(recalls)), dict(zip(features.columns, share.tolist(), strict=True))
    )


def judge_by_time(features: pl.DataFrame, fraud: NDArray[np.bool_], clock_ms: NDArray[np.int64]) -> float:
    """Return the AUC on the latest cases of a model of the oldest ones (TRAINED of all)."""
    order = np.argsort(clock_ms, kind="stable")
    old = np.zeros(len(fraud), bool)
    old[order[: int(len(order) * TRAINED)]] = True
    scores, _ = _scored(features.cast(pl.Float64).to_numpy(), fraud, old, ~old, 0)
    return auc(fraud[~old], scores)


def folds(fraud: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Return the fold of each case, 0 .. FOLDS - 1: the frauds are dealt out evenly, and so are the others."""
    rng, fold = np.random.default_rng(seed), np.empty(len(fraud), np.int64)
    for kind in (fraud, ~fraud):
        fold[rng.permutation(np.flatnonzero(kind))] = np.arange(kind.sum()) % FOLDS
    return fold


def auc(fraud: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Chance that a fraud scores higher than an honest case; ties count half.

    source  Mann & Whitney 1947: the rank sum of the frauds
    """
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2
    some, rest = int(fraud.sum()), int((~fraud).sum())
    return float((rank[place][fraud].sum() - some * (some + 1) / 2) / (some * rest))


def recall(fraud: NDArray[np.bool_], scores: NDArray[np.float64], share: float = FALSE_ALARMS) -> float:
    """Share of the frauds that score higher than all honest cases but the highest `share` of them."""
    honest = np.sort(scores[~fraud])[::-1]
    return float((scores[fraud] > honest[int(share * len(honest))]).mean())


def _scored(
    cells: NDArray[np.float64], fraud: NDArray[np.bool_], train: NDArray[np.bool_], test: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lightgbm = booster()
    settings = {"objective": "binary", "seed": seed, "num_threads": 1, "verbosity": -1, "deterministic": True,
                "force_row_wise": True}  # fmt: skip
    model = lightgbm.train(settings, lightgbm.Dataset(cells[train], fraud[train].astype(np.int8)), TREES)
    return model.predict(cells[test]), model.feature_importance("gain")
