"""The scorer protocol: scores, coverage, tripwires, resuming, the command; and that every row is planted and listed."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from typer.testing import CliRunner

from guanxi.bench import ROWS, run_row
from guanxi.bench.rows import Reading, Row, Size, band, coverage_holds, covers, read_seeds, scored, wilson
from guanxi.cli import cli
from guanxi.core import DataError, SettingError
from guanxi.world import Town

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "capabilities.md").read_text("utf-8")


def reading(method: float, oracle: float = 0.8) -> Reading:
    return Reading(name="m", method=method, baseline=0.2, oracle=oracle, rates={"base": 0.5})


def test_a_score_is_the_way_from_baseline_to_oracle() -> None:
    (score,) = scored("S0", "a", {0: [reading(0.5)], 1: [reading(0.7)]})
    assert (score.score, score.error) == (pytest.approx(2 / 3), pytest.approx(1 / 6))
    assert (score.method, score.rates, score.seeds) == (pytest.approx(0.6), {"base": 0.5}, (0, 1))
    assert score.ok


@pytest.mark.parametrize(
    ("methods", "ok", "leaks"),
    [
        pytest.param([0.8, 0.8], True, False, id="as-good-as-the-oracle"),
        pytest.param([0.9, 0.9], False, True, id="better-than-possible"),
        pytest.param([0.2, 0.2], False, False, id="no-better-than-the-baseline"),
        pytest.param([0.1, 0.4], False, False, id="above-it-by-luck"),
        pytest.param([0.79, 0.83], True, False, id="above-the-oracle-within-error"),
    ],
)
def test_when_a_score_holds(methods: list[float], ok: bool, leaks: bool) -> None:
    (score,) = scored("S0", "a", {place: [reading(method)] for place, method in enumerate(methods)})
    assert (score.ok, score.leaks) == (ok, leaks)


def test_one_world_has_no_error_and_a_blind_oracle_is_refused() -> None:
    (score,) = scored("S0", "a", {3: [reading(0.5)]})
    assert isnan(score.error)
    with pytest.raises(DataError, match="oracle"):
        scored("S0", "a", {0: [reading(0.5, oracle=0.2)]})


@pytest.mark.parametrize(("trials", "low", "high"), [(40, 30, 40), (100, 82, 97), (200, 168, 190)])
def test_tripwire_bands_are_those_of_the_design(trials: int, low: int, high: int) -> None:
    assert band(trials) == (low, high)


def test_wilson_by_the_paper_and_by_hand() -> None:
    assert wilson(8, 10) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson(0, 10)[0] == pytest.approx(0, abs=1e-12)
    assert coverage_holds(360, 400)
    assert not coverage_holds(340, 400)
    assert not coverage_holds(385, 400)
    with pytest.raises(DataError, match="too few"):
        coverage_holds(36, 40)
    with pytest.raises(DataError, match="no share"):
        wilson(3, 2)


def test_an_interval_covers_also_a_truth_with_an_error() -> None:
    assert covers(0.1, 0.3, 0.3)
    assert not covers(0.1, 0.3, 0.31)
    assert covers(0.1, 0.3, 0.31, error=0.1)


@pytest.mark.parametrize("text", ["", "3", "4:4", "5:2", "a:b", "-1:3", "0:1001"])
def test_seeds_that_are_none(text: str) -> None:
    with pytest.raises(SettingError):
        read_seeds(text)
    assert read_seeds("2:5") == range(2, 5)


def counted(calls: list[int], stop: int) -> Row:
    def read(seed: int, variant: str, size: Size) -> Sequence[Reading]:
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(seed)
        return [reading(0.4 + seed / 100)]

    size = Size(people=1, days=1)
    return Row(id="S0", name="", planted="repeat", variants=("a", "b"), bare=(size, 2), full=(size, 3), read=read)


def test_a_full_run_goes_on_where_it_was(tmp_path: Path) -> None:
    calls: list[int] = []
    row = counted(calls, 4)
    with pytest.raises(KeyboardInterrupt):
        run_row(row, full=True, keep=tmp_path)
    assert calls == [0, 1, 2, 0]
    rest: list[int] = []
    scores = run_row(replace(counted(rest, 9)), full=True, keep=tmp_path)
    assert rest == [1, 2]
    assert [score.variant for score in scores] == ["a", "b"]
    assert run_row(counted([], 9), full=True) == scores
    with pytest.raises(SettingError, match="no variant"):
        run_row(row, variant="z")


def test_the_command_takes_a_row_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "S0", counted([], 99))
    done = CliRunner().invoke(cli, ["bench", "s0", "--json", "--seeds", "3:6", "--variant", "b"])
    (score,) = json.loads(done.stdout)
    assert (done.exit_code, score["row"], score["variant"], score["seeds"]) == (0, "S0", "b", [3, 4, 5])
    shown = CliRunner().invoke(cli, ["bench", "S0"])
    assert shown.exit_code == 0
    assert shown.stdout.count("│ yes") == 2
    assert "S1.1" in CliRunner().invoke(cli, ["bench"]).stdout


def test_every_scorer_is_planted_and_every_row_is_listed() -> None:
    town = Town(seed=1, people=50, horizon=10)
    listed = set(re.findall(r"^\| ([A-Z]\d+(?:\.\d+)?) \|", PAGE, re.M))
    names = town.bytes_per_person().keys() - {"public", "core"}
    specs = {name: town.part(name).spec for name in names}
    for row in ROWS.values():
        assert row.id in specs[row.planted].serves, row.id
        assert row.id in listed
        assert set(row.variants) <= set(specs[row.planted].variants)
    for spec in specs.values():
        assert set(spec.serves) <= listed, spec.name
