"""The soak's stream comes day by day, and its figures tell a state that stays level from one that does not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from guanxi.bench import traits_soak
from guanxi.bench.report import Figure
from guanxi.bench.trait_stream import POOLS, START_MS
from guanxi.bench.traits import plan_for
from guanxi.bench.traits_soak import Columns, Day, day_by_day, level, taken
from guanxi.core import DAY_MS
from guanxi.traits.state import TraitState

MB = 2**20
ROOM = 1 << 17  # words of a small state


def named(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def never_again(events: int, *, days: int, users: int) -> Iterator[Columns]:
    """A stream in which nobody of one day is met on another."""
    for number, columns in enumerate(day_by_day(events, days=days, users=users)):
        yield columns | {name: columns[name] ^ (number << 20) for name in POOLS}


def test_the_stream_is_the_same_again_and_in_order() -> None:
    once, again = list(day_by_day(1_003, days=10)), list(day_by_day(1_003, days=10))
    for one, other in zip(once, again, strict=True):
        assert one.keys() == other.keys()
        assert all((one[name] == other[name]).all() for name in one)
    assert [len(day["seq"]) for day in once] == [100] * 9 + [103]
    assert (np.concatenate([day["seq"] for day in once]) == np.arange(1, 1_004)).all()
    assert (np.diff(np.concatenate([day["clock_ms"] for day in once])) >= 0).all()
    for number, day in enumerate(once):
        since = day["clock_ms"] - START_MS - number * DAY_MS
        assert (since >= 0).all()
        assert (since <= DAY_MS).all()


def test_days_are_not_alike_and_everybody_returns() -> None:
    days = list(day_by_day(20_000, days=40))
    assert any((days[0][name] != days[1][name]).any() for name in POOLS)
    late = np.concatenate([day["user"] for day in days[20:]])
    assert {*np.concatenate([day["user"] for day in days[:20]]).tolist()} == {*late.tolist()}
    few, many = (len({*np.concatenate([d["user"] for d in day_by_day(5_000, days=5, users=n)])}) for n in (10, 80))
    assert (few, many) == (10, 80)


def test_every_figure_is_there_at_a_small_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traits_soak, "_TRIES", 1)
    found = named([*traits_soak.soak(8_000, days=40), *traits_soak.costs(1_000)])
    assert {name for name, figure in found.items() if figure.bar is not None} == {
        "rss_growth_last_half", "throughput_end_over_start", "growth_events_time", "growth_events_memory",
        "growth_parties_memory", "growth_traits_time", "growth_traits_memory",
    }  # fmt: skip
    assert found["events"].value == 8_000
    assert 5_000 < found["ring_events"].value < 7_000  # thirty of forty days
    assert found["rss_plateau_mb"].value > found["state_mb"].value > 0
    assert all(found[f"event_us_{side}"].value > 0 for side in ("risk", "events_x10", "parties_x10", "half", "whole"))
    assert found["event_bytes_whole"].value > found["event_bytes_half"].value


def test_a_state_whose_parties_return_is_level_and_one_that_forgets_nobody_is_not() -> None:
    same, new = TraitState(plan_for("risk"), ROOM), TraitState(plan_for("risk"), ROOM)
    steady = list(taken(same, day_by_day(16_000, users=32)))
    grown = list(taken(new, never_again(24_000, days=300, users=256)))  # nobody is forgotten before 400 days
    assert named(level(steady))["state_growth_last_half"].value < 0.05
    assert named(level(grown))["state_growth_last_half"].value > 0.5
    assert sum(new.keys.values()) > 100 * sum(same.keys.values())
    assert grown[-1].resident - grown[150].resident > 0.5 * (grown[-1].state - grown[150].state) > MB


@pytest.mark.parametrize(
    ("resident", "state", "cpu", "missed"),
    [
        pytest.param(104, 52, 1.0, set(), id="level"),
        pytest.param(106, 52, 1.0, {"rss_growth_last_half"}, id="resident"),
        pytest.param(104, 75, 1.0, set(), id="state-has-no-bar"),
        pytest.param(104, 52, 1.2, {"throughput_end_over_start"}, id="slow"),
    ],
)
def test_bars_of_level_days(resident: int, state: int, cpu: float, missed: set[str]) -> None:
    usual = Day(events=10, cpu_s=1.0, resident=100 * MB, state=50 * MB)
    last = Day(events=10, cpu_s=cpu, resident=resident * MB, state=state * MB)
    filling = Day(events=10, cpu_s=0.5, resident=60 * MB, state=20 * MB)
    end = Day(events=10, cpu_s=cpu, resident=100 * MB, state=50 * MB)
    found = named(level([*[filling] * 11, *[usual] * 7, *[end] * 5, last]))
    assert {name for name, figure in found.items() if figure.ok is False} == missed
    assert found["rss_plateau_mb"].value == resident
    assert found["state_growth_last_half"].value == pytest.approx(state / 50 - 1)
    assert found["throughput_end_over_filling"].value == pytest.approx(35 / 60 / cpu, abs=1e-3)


def test_resident_memory_follows_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    before = traits_soak.resident()
    held = np.ones(8 * MB)  # 64 MB
    assert 50 * MB < traits_soak.resident() - before < 100 * MB
    monkeypatch.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(FileNotFoundError))
    assert traits_soak.resident() >= held.nbytes
