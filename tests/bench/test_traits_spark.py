"""Spark in the benches: equal to the replay where it can start, and sums that no wrong cell leaves alone."""

from pathlib import Path

import numpy as np
import pytest

from guanxi.bench import traits_equal, traits_spark
from guanxi.bench.traits import plan_for
from guanxi.core import MissingEngine
from guanxi.engines.spark_traits import lacking
from guanxi.traits import measures, traits
from guanxi.traits.state import compile_plan

MISSING = lacking()
slow = [
    pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of the bridge to Java
]  # fmt: skip


class TestSpark:
    pytestmark = slow

    def test_no_trait_differs_over_the_stream_of_the_bench(self, tmp_path: Path) -> None:
        figures = {one.name: one.value for one in traits_spark.run(tmp_path, events=3_000)}
        assert figures["differing_traits"] == 0
        assert figures["events"] == 3_000
        assert figures["known_cells"] > 1_000_000

    def test_spark_is_one_of_the_executions_that_are_equal(self) -> None:
        plan = compile_plan([row for row in traits().values() if row.party in ("card", "shop")], measures())
        batch = traits_equal.random_batch(plan.intake, 600, seed=11)
        seen = traits_equal.replayed(plan, batch)
        found, _ = traits_equal.compared(plan, batch, seen, executions={"spark": traits_equal.by_spark})["spark"]
        assert found == {}


def test_the_bench_says_why_it_cannot_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(traits_spark, "lacking", lambda: MissingEngine("Spark needs Java", "Install it"))
    with pytest.raises(MissingEngine, match="Spark needs Java"):
        traits_spark.run(tmp_path)


def test_every_cell_counts_in_the_sums() -> None:
    plan, seq = plan_for(""), np.array([4, 9, 11])
    values = np.random.default_rng(1).random((3, len(plan.traits)))
    values[1] = np.nan
    whole = traits_spark.sums(plan, seq, values)
    assert (whole[1] == 2).all()
    halves = traits_spark.sums(plan, seq[:2], values[:2]) + traits_spark.sums(plan, seq[2:], values[2:])
    assert (halves == whole).all()
    swapped = traits_spark.sums(plan, seq, values[[2, 1, 0]])
    assert ((swapped != whole).any(axis=0)).all()
    values[2, 5] = np.nextafter(values[2, 5], 1)
    assert np.flatnonzero((traits_spark.sums(plan, seq, values) != whole).any(axis=0)).tolist() == [5]
