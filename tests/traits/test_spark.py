"""Traits by Spark: what the state gives, however parties and events are shared out; and what it says when it cannot."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from guanxi.bench.traits_equal import random_batch
from guanxi.core import DataError, MissingEngine
from guanxi.engines import spark_traits as spark
from guanxi.traits import measures, traits
from guanxi.traits.state import Plan, TraitState, compile_plan

MISSING = spark.lacking()
slow = [
    pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of the bridge to Java
]  # fmt: skip
needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = spark.spark_session(tmp_path_factory.mktemp("spark"))
    yield made
    made.stop()


def plan_of(*parties: str) -> Plan:
    """Every tenth row of the catalogue of some parties, and all that count names."""
    rows = [row for row in traits().values() if row.party in parties and row.plan != "ties"]
    return compile_plan([row for n, row in enumerate(rows) if n % 10 == 0 or row.aggregate == "top"], measures())


FEW = plan_of("person", "account", "device", "ip")


def words_of(plan: Plan, count: int, seed: int = 3, days: float = 900.0) -> NDArray[np.int64]:
    return plan.events(random_batch(plan.intake, count, seed=seed, days=days))


def replayed(plan: Plan, events: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bits of what each event sees."""
    seen = TraitState(plan).feed(events, read=True)
    assert seen is not None
    return seen.view(np.int64)


def bits(plan: Plan, table: Any) -> NDArray[np.int64]:
    """The same from a table of rows, in order of seq."""
    table = table.sort_by("seq")
    assert table.column_names == ["clock_ms", "seq", *(row.name for row in plan.traits)]
    columns = []
    for row in plan.traits:
        column = table.column(row.name)
        values = column.fill_null(0).to_numpy()
        assert values.dtype == (np.int64 if row.aggregate == "top" else np.float64)
        columns.append(np.where(column.is_null().to_numpy(), np.array([np.nan]).view(np.int64), values.view(np.int64)))
    return np.stack(columns, axis=1)


def through(session: Any, plan: Plan, events: NDArray[np.int64], path: Path, *, buckets: int = 0) -> Any:
    """The table that Spark makes of events which lie shuffled in two files."""
    rng = np.random.default_rng(5)
    for number, some in enumerate(np.array_split(rng.permutation(len(events)), 2)):
        spark.store_events(plan, events[some], path / f"{number}.parquet")
    return spark.spark_traits(plan, session.read.parquet(str(path)), buckets=buckets).toArrow()


class TestSpark:
    pytestmark = slow

    def test_every_row_of_the_catalogue_is_equal(self, session: Any, tmp_path: Path) -> None:
        plan = compile_plan(traits().values(), measures())
        events = words_of(plan, 3_000)
        table = through(session, plan, events, tmp_path)
        assert table.num_rows == len(events)
        assert (bits(plan, table) == replayed(plan, events)).all()
        assert (table.sort_by("seq").column("clock_ms").to_numpy() == events[:, 0]).all()

    @pytest.mark.parametrize("buckets", [1, 3])
    def test_parties_that_share_a_bucket_or_do_not(self, session: Any, tmp_path: Path, buckets: int) -> None:
        events = words_of(FEW, 1_500, days=0.05)
        events[::50, -len(FEW.parties) :] = 0
        named = (events[:, -len(FEW.parties) :] != 0).sum(axis=1)
        assert {0, 1, len(FEW.parties)} <= {*named.tolist()}  # nobody, one, all
        assert (np.diff(events[:, 0]) == 0).sum() > 100  # ties
        assert (bits(FEW, through(session, FEW, events, tmp_path, buckets=buckets)) == replayed(FEW, events)).all()

    def test_no_events_give_no_rows(self, session: Any, tmp_path: Path) -> None:
        assert through(session, FEW, words_of(FEW, 10)[:0], tmp_path).num_rows == 0

    def test_a_worker_says_what_is_wrong(self, session: Any, tmp_path: Path) -> None:
        events = words_of(FEW, 50)
        spark.store_events(FEW, events[[0, 1, 2, 1]], tmp_path / "twice.parquet")
        other = plan_of("ip", "card")
        spark.store_events(other, words_of(other, 10), tmp_path / "other.parquet")
        said = {
            "twice": "the event with the sequence number 2 stands twice. Give Spark each event once",
            "other": f"an event has {other.event_words} words, and the plan reads {FEW.event_words}",
        }
        for name, told in said.items():
            table = spark.spark_traits(FEW, session.read.parquet(str(tmp_path / f"{name}.parquet")))
            with pytest.raises(Exception, match=told) as failed:  # Spark's own, which tells all
                table.count()
            assert "DataError" in str(failed.value)


def shared_out(plan: Plan, events: NDArray[np.int64], *, buckets: int, rows: int) -> Any:
    """What the tasks make of events that come some rows at a time, sorted as Spark sorts them."""
    import pyarrow as pa

    declared = spark._Declared.of(plan)
    lists = pa.array(events.tolist(), pa.list_(pa.int64()))
    given_ = pa.table({"words": lists}).to_batches(max_chunksize=rows)
    parts = _sorted(spark._spread(declared, np.arange(buckets), given_), "bucket", rows)
    whole = _sorted(spark._fed(declared, parts), "", rows)
    return pa.Table.from_batches(spark._joined(declared, whole))


def _sorted(batches: Any, first: str, rows: int) -> Any:
    import pyarrow as pa

    keys = [(name, "ascending") for name in (first, "clock_ms", "seq") if name]
    return pa.Table.from_batches(batches).sort_by(keys).combine_chunks().to_batches(max_chunksize=rows)


@needs_arrow
@given(
    seed=st.integers(0, 1 << 30), count=st.integers(1, 60), buckets=st.integers(1, 6), rows=st.integers(1, 9),
    days=st.sampled_from([0.001, 1.0, 900.0]),
)  # fmt: skip
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_however_events_are_shared_out(seed: int, count: int, buckets: int, rows: int, days: float) -> None:
    events = words_of(FEW, count, seed, days)
    events[:: 1 + seed % 5, -len(FEW.parties) :] = 0  # whole batches may name nobody
    table = shared_out(FEW, events[np.random.default_rng(seed).permutation(count)], buckets=buckets, rows=rows)
    assert (bits(FEW, table) == replayed(FEW, events)).all()


def test_what_is_lacking_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name == "pyarrow" else object())
    with pytest.raises(MissingEngine, match=r"Spark needs pyarrow, .*pip install 'guanxi\[spark\]'\. It needs Java 17"):
        spark.spark_session(tmp_path)
    with pytest.raises(MissingEngine, match="pyarrow"):
        spark.spark_traits(FEW, object())  # type: ignore[arg-type]
    monkeypatch.setattr(spark, "find_spec", lambda name: object())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(MissingEngine, match=r"no java on PATH\. Install Java 17 or newer .* default-jre-headless"):
        spark.spark_session(tmp_path)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        pytest.param('openjdk version "11.0.2" 2019-01-15', "here is 11", id="old"),
        pytest.param('java version "1.8.0_292"', "here is 8", id="older"),
        pytest.param("no such thing", "here it does not run", id="broken"),
        pytest.param('openjdk version "21" 2023-09-19', "", id="newer"),
    ],
)
def test_the_java_that_is_there_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, told: str
) -> None:  # fmt: skip
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n", "utf-8")
    java.chmod(0o755)
    monkeypatch.setattr(spark, "find_spec", lambda name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = spark.lacking()
    assert (found is None) if not told else (found is not None and told in str(found))


def test_a_worker_of_another_release_is_refused() -> None:
    declared = spark._Declared.of(FEW)
    assert spark._plan_of(declared).hash == FEW.hash
    with pytest.raises(DataError, match="Install one release of guanxi everywhere"):
        spark._plan_of(replace(declared, hash="0" * 32))
