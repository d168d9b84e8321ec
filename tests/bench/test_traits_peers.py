"""The fifty sliding aggregates mean the same to every engine."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from guanxi.bench import traits_peers


def test_every_engine_sees_the_same(tmp_path: Path) -> None:
    path = tmp_path / "stream.parquet"
    traits_peers.write_stream(path, 4_000)
    sums = traits_peers.ours(path)
    assert len(sums) == 50
    assert sum(one > 0 for one in sums) > 40
    assert traits_peers.by_polars(path) == sums
    assert traits_peers.by_duckdb(path) == sums
    assert traits_peers.ours(path, 1_000) != sums


@pytest.mark.skipif(find_spec("chdb") is None, reason="chdb is not installed")
def test_clickhouse_sees_the_same(tmp_path: Path) -> None:
    path = tmp_path / "stream.parquet"
    traits_peers.write_stream(path, 4_000)
    assert traits_peers.by_chdb(path) == traits_peers.ours(path)
