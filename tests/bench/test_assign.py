"""The bench of the assignment, on a small market: its peers obey the same limits."""

from pathlib import Path

from guanxi.bench import assign


def test_every_bar_is_met_on_a_small_market(tmp_path: Path) -> None:
    figures = {one.name: one for one in assign.run(tmp_path, people=20_000)}
    assert [one.name for one in figures.values() if one.ok is False] == []
    assert 0.4 < figures["allowed"].value < 0.6
    assert 0.2 < figures["given"].value < 0.4
    assert figures["full_caps"].value >= 1
    assert 0.5 < figures["channel_full"].value <= 1


def test_a_market_is_the_same_for_a_seed() -> None:
    one, same = assign.market(500), assign.market(500)
    assert (one.values == same.values).all()
    assert assign.greedy(one) == assign.greedy(same) > 0
