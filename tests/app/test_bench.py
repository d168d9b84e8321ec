"""The house's way to measure: one JSON object, bars, exit codes; and the ingest bench on a small scale."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from guanxi.bench import BENCHES, Figure, ingest, measure
from guanxi.bench.report import at_least, at_most, colour
from guanxi.cli import cli


@pytest.mark.parametrize(
    ("figure", "ok"),
    [
        pytest.param(at_least("a", 2.0, "x", 2.0), True, id="at-the-bar"),
        pytest.param(at_least("a", 1.9, "x", 2.0), False, id="under"),
        pytest.param(at_most("a", 2.0, "x", 2.0), True, id="at-the-limit"),
        pytest.param(at_most("a", 2.1, "x", 2.0), False, id="over"),
        pytest.param(colour("a", 2.1, "x"), None, id="no-bar"),
    ],
)
def test_bars(figure: Figure, ok: bool | None) -> None:
    assert figure.ok is ok
    assert measure("one", lambda: [figure]).passed is (ok is not False)


@pytest.mark.parametrize(("value", "code"), [(3.0, 0), (1.0, 1)])
def test_a_missed_bar_is_exit_1_and_the_json_has_the_stated_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: float, code: int
) -> None:
    monkeypatch.setitem(BENCHES, "tiny", ("nothing", lambda data: [at_least("a", value, "rows/s", 2.0)]))
    done = CliRunner().invoke(cli, ["bench", "tiny", "--json", "--data", str(tmp_path)])
    assert done.exit_code == code
    told = json.loads(done.stdout)
    assert set(told) == {"bench", "version", "machine", "seconds", "figures"}
    assert told["figures"] == [{"name": "a", "value": value, "unit": "rows/s", "bar": 2.0, "ok": code == 0}]


def test_a_bar_below_one_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    figures = [at_least("share", 0.7791, "AUC", 0.7771), at_least("speed", 71_234.567, "rows/s", 60_000)]
    monkeypatch.setitem(BENCHES, "tiny", ("nothing", lambda data: figures))
    told = CliRunner().invoke(cli, ["bench", "tiny", "--data", str(tmp_path)]).stdout
    assert all(text in told for text in ("0.779", "0.777", "71,234.57", "60,000"))


@pytest.mark.slow
def test_the_http_bench_counts_what_is_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ingest, "EVENTS", 4_000)
    figures = {figure.name: figure for figure in ingest.gates(tmp_path)}
    for live in ("", "live_"):
        assert figures[f"{live}http_events_per_s_core"].value > 0
        assert figures[f"{live}http_batch_p50_ms"].value <= figures[f"{live}http_batch_p99_ms"].value
    assert 0 < figures["live_behind_p50_ms"].value <= figures["live_behind_p99_ms"].value
    assert "behind_p50_ms" not in figures
    rates = [figures[name].value for name in ("live_http_events_per_s_core", "http_events_per_s_core")]
    assert figures["live_ratio"].value == pytest.approx(rates[0] / rates[1], abs=0.001)
