"""A town in a workspace: through the intake, once, whatever is killed; the demo reuses it; truth is for scorers."""

import ast
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import (
    TownSpec,
    Workspace,
    found_town,
    open_town,
    plan_town,
    queries,
    read_spec,
    run_demo,
    run_town,
    today_there,
)
from guanxi.cli import cli
from guanxi.core import NotFound, SettingError

TODAY = date(2026, 3, 1)
SPEC = plan_town("tiny", people=40, days=4, start=date(2025, 9, 1), today=TODAY)
SOURCE = Path(__file__).resolve().parents[2] / "src" / "guanxi"


def rows(workspace: Workspace) -> list[Any]:
    """Everything that the log says of the town's purchases and people, in its order."""
    sql = "SELECT id_hi, id_lo, at_ms, amount, role_actor, role_card FROM payment_completed ORDER BY seq"
    return list(queries.query(workspace, sql)[1])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "whole"
    workspace, password = found_town(folder, SPEC)
    with workspace:
        assert password
        report = run_town(workspace)
        assert report.days == 4
        assert report.events == workspace.reader.sizes()["last_seq"] > 1_000
    return folder


def test_a_run_that_is_killed_goes_on_and_gives_the_same_events(whole: Path, tmp_path: Path) -> None:
    def killed(day: int, goal: int, events: int) -> None:
        if day == 3:
            raise KeyboardInterrupt

    workspace, _ = found_town(tmp_path / "again", SPEC)
    with workspace:
        run_town(workspace, until=2)
        with pytest.raises(KeyboardInterrupt):
            run_town(workspace, progress=killed)
        report = run_town(workspace)
        assert (report.resumed, report.days) == (2, 4)
        for path in (tmp_path / "again" / "town").iterdir():  # without its snapshot the town is stepped again
            path.write_bytes(b"damaged")
        assert open_town(tmp_path / "again").day == 4
        assert run_town(workspace).events == 0
        with Workspace.open(whole) as other:
            one, two = ([row[:5] for row in rows(each)] for each in (workspace, other))
        assert one == two


def test_personal_values_are_sealed(whole: Path) -> None:
    with Workspace.open(whole) as workspace:
        names = list(queries.query(workspace, "SELECT p_name, p_phone FROM profile_updated")[1])
        assert names
        assert all(value is None or value.startswith("vt_") for row in names for value in row)
        assert all(row[5] is None or row[5].startswith("card::h.") for row in rows(workspace))


def test_a_workspace_holds_one_town(whole: Path) -> None:
    with pytest.raises(SettingError, match="another town"):
        found_town(whole, plan_town("tiny", people=41, days=4, start=date(2025, 9, 1), today=TODAY))
    assert read_spec(whole) == SPEC


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"size": "huge"}, "no size", id="unknown-size"),
        pytest.param({"start": TODAY - timedelta(3)}, "not over", id="ends-in-the-future"),
        pytest.param({"people": -1}, "empty", id="nobody"),
    ],
)
def test_a_plan_that_cannot_be(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        plan_town(**{"size": "tiny", "today": TODAY, **fields})


def test_a_plan_ends_yesterday() -> None:
    spec = plan_town("demo", today=TODAY)
    assert spec.start + timedelta(spec.days) == TODAY
    assert (spec.people, spec.days, spec.trade_days, spec.size) == (20_000, 90, 76, "demo")
    assert plan_town("demo", people=9, today=TODAY).size == ""
    assert isinstance(spec, TownSpec)


def test_days_that_are_not_over_are_refused(whole: Path) -> None:
    with Workspace.open(whole) as workspace, pytest.raises(SettingError, match="not over"):
        run_town(workspace, until=(today_there() - SPEC.start).days + 1)


def test_the_commands(whole: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["town", "truth", "-w", str(whole), "--out", str(tmp_path / "t"), "--json"])
    named = {(one["kind"], one["name"]) for one in json.loads(told.stdout)}
    assert {("labels", "alive"), ("edges", "person"), ("effects", "coupon")} <= named
    assert (tmp_path / "t" / "labels.parquet").exists()
    ran = CliRunner().invoke(cli, ["town", "run", "-w", str(whole), "--until", "2025-09-04", "--json"])
    assert json.loads(ran.stdout)["events"] == 0
    with pytest.raises(NotFound, match="no workspace"):
        CliRunner().invoke(cli, ["town", "run", "-w", str(tmp_path / "none")], catch_exceptions=False)


@pytest.mark.slow
def test_the_demo_is_made_once(tmp_path: Path) -> None:
    first, second = (run_demo(tmp_path / "demo", size="tiny") for _ in range(2))
    for workspace, _ in (first, second):
        workspace.close()
    assert (first[1].reused, second[1].reused) == (False, True)
    assert (bool(first[1].password), second[1].password) == (True, "")
    assert first[1].events == second[1].events == first[1].stored
    with pytest.raises(SettingError, match="holds a town"):
        run_demo(tmp_path / "demo", data="complete-journey")
    with pytest.raises(SettingError, match="no data"):
        run_demo(tmp_path / "demo", data="village")


def test_only_world_and_bench_name_the_truth() -> None:
    """The door of `world` passes it on, so the contract on its module is not enough."""
    guilty = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] not in ("world", "bench")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("guanxi.world")
        if {name.name for name in node.names} & {"Truths", "Effect", "KINDS", "twin_effect"}
    ]
    assert guilty == []
