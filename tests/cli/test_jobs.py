"""Commands about what goes on by itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli.jobs import commands
from guanxi.core import NotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = Workspace.create(tmp_path / "ws")
    made.close()
    return made.folder


def run(folder: Path, *words: str) -> Any:
    done = CliRunner().invoke(commands, [*words, "-w", str(folder), "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_what_goes_on_is_listed_and_done(folder: Path) -> None:
    found = run(folder, "list")
    assert [row["name"] for row in found["schedules"]] == ["expire", "journeys", "sign"]
    assert (found["journeys"], found["jobs"]) == ([], [])
    assert run(folder, "run", "sign") == {"name": "sign", "outcome": "0 entries"}
    assert run(folder, "run", "journeys") == {"name": "journeys", "outcome": ""}
    signed = run(folder, "list")["schedules"][2]
    assert signed["ended_ms"] >= signed["begun_ms"]
    assert signed["outcome"] == "0 entries"


def test_a_table_for_people(folder: Path) -> None:
    shown = CliRunner().invoke(commands, ["list", "-w", str(folder)], catch_exceptions=False)
    assert "签署账本" in shown.stdout
    assert "10 3 * * *" in shown.stdout


def test_a_name_that_nothing_has(folder: Path) -> None:
    with pytest.raises(NotFound, match="Use one of expire"):
        run(folder, "run", "other")
