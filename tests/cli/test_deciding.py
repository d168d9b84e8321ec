"""The commands of deciding: policies, runs, one decision, its story, replay."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli.commands import cli
from guanxi.core import GuanxiError

PEOPLE = [f"account:app:u{number}" for number in range(8)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = Workspace.create(tmp_path / "w")
    made.close()
    (tmp_path / "people.txt").write_text("\n".join([*PEOPLE, "", PEOPLE[0]]), "utf-8")
    return tmp_path / "w"


def run(folder: Path, *words: str, fails: int = 0) -> Any:
    done = CliRunner().invoke(cli, [*words, "-w", str(folder), "--json"])
    assert done.exit_code == fails, done.output
    return json.loads(done.stdout)


def said(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(cli, [*words, "-w", str(folder)])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_from_a_template_to_the_story_of_a_decision(folder: Path) -> None:
    assert run(folder, "policies", "new", "back", "--from", "winback")["offers"] == ["greeting", "coupon5", "coupon10"]
    one = run(folder, "decide", "run", "back", "--people", str(folder.parent / "people.txt"))
    assert (one["counts"]["people"], one["send"], one["state"]) == (
        8,
        False,
        "done",
    )  # nobody is known: none is touched
    assert [row["id"] for row in run(folder, "decide", "list")] == [one["id"]]
    assert run(folder, "decide", "show", one["id"])["counts"] == one["counts"]
    assert run(folder, "decide", "replay", one["id"])["same"] == 8
    with Workspace.open(folder) as workspace:
        assert workspace.reader.counts()["Decision Made"] == 8
        [(_, record), *_] = workspace.control.decisions.records(run=one["id"])
    told = said(folder, "explain", record.decision.id)
    assert "为什么" in told
    assert "What the person is told" in told
    assert "逐位一致" in CliRunner().invoke(cli, ["decide", "replay", record.decision.id, "-w", str(folder)]).stderr
    assert run(folder, "decide", "fairness", one["id"])["difference"] is None


def test_one_decision_alone(folder: Path) -> None:
    text = said_template(folder).replace('mode = "propose"', 'mode = "auto"')
    path = folder.parent / "care.toml"
    path.write_text(text, "utf-8")
    run(folder, "policies", "new", "care", "--from", str(path))
    made = run(folder, "decide", "one", "care", PEOPLE[0], "--fact", "hour=20", "--fact", "calm=true", "--fact", "a=x")
    assert made["context"]["facts"] == [["a", "x"], ["calm", True], ["hour", 20]]
    assert "给本人的说明" in said(folder, "decide", "one", "care", PEOPLE[1])


def said_template(folder: Path) -> str:
    run(folder, "policies", "new", "first", "--from", "care")
    return said(folder, "policies", "show", "first")


def test_policies_that_are_wrong_are_named(folder: Path) -> None:
    run(folder, "policies", "new", "good", "--from", "care")
    (folder / "policies" / "bad.toml").write_text('zh = "x"', "utf-8")
    rows = {row["name"]: row["wrong"] for row in run(folder, "policies", "check", fails=1)}
    assert rows["good"] == ""
    assert "bad.toml" in rows["bad"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        pytest.param(["decide", "run", "none"], "no policy", id="no-policy"),
        pytest.param(["decide", "show", "x"], "no run", id="no-run"),
        pytest.param(["decide", "replay", "x"], "no decision", id="no-decision"),
        pytest.param(["policies", "new", "A-b"], "cannot be called", id="name"),
        pytest.param(["policies", "new", "ab", "--from", "nowhere.toml"], "cannot be read", id="no-file"),
        pytest.param(["decide", "one", "none", "x", "--fact", "hour"], "name=value", id="fact"),
    ],
)
def test_what_cannot_be(folder: Path, words: list[str], what: str) -> None:
    done = CliRunner().invoke(cli, [*words, "-w", str(folder)])
    assert isinstance(done.exception, GuanxiError), done.output
    assert what in str(done.exception)
