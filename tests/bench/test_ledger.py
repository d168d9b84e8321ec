"""The bench of the ledger, at its smallest: every count of faults is 0, and every figure has its name."""

from pathlib import Path

import pytest

from guanxi.bench import ledger


@pytest.mark.slow
def test_the_bench_counts_no_fault(tmp_path: Path) -> None:
    figures = {one.name: one for one in ledger.run(tmp_path, operations=2_000, kills=2, groups=2)}
    assert {name for name, one in figures.items() if one.ok is False} <= {"transfers_per_s", "verify_entries_per_s"}
    faults = [one for one in figures.values() if one.bar == 0]
    assert len(faults) > 15
    assert figures["random_admitted"].value > 500
    assert figures["kill_kills"].value == 2
