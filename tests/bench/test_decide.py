"""The bench of decisions, at its smallest: limits bind, records repeat, and rules say what the peer says."""

from pathlib import Path

from guanxi.bench import BENCHES, decide


def test_the_bench_counts_no_fault() -> None:
    figures = {one.name: one for one in decide.run(Path(), decisions=600, people=100, peer=5)}
    assert {name for name, one in figures.items() if one.ok is False} <= {"decisions_per_s"}
    assert [name for name, one in figures.items() if one.bar == 0] == [
        "over_a_limit", "not_in_the_book", "other_bytes", "outcomes_that_differ"
    ]  # fmt: skip
    assert 0.05 < figures["acted"].value < 0.5
    assert figures["refused_by_a_limit"].value > 0.2
    assert 0 < figures["spent_of_budget"].value <= 1
    assert figures["rules_over_peer"].value > 20
    assert "decide" in BENCHES
