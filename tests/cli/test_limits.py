"""The commands of limits."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli.commands import cli
from guanxi.core import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = Workspace.create(tmp_path / "w")
    made.close()
    return tmp_path / "w"


def run(folder: Path, *words: str) -> Any:
    done = CliRunner().invoke(cli, ["limits", *words, "-w", str(folder), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_limit_is_changed_with_a_reason(folder: Path) -> None:
    assert run(folder, "set", "contacts_week", "--cap", "3", "--dry-run")["number"] == 0
    done = run(folder, "set", "contacts_week", "--cap", "3", "--reason", "双11 加码")
    assert (done["cap_before"], done["cap_after"], done["later"]) == (2, 3, True)
    assert [one["cap"] for one in run(folder, "history", "contacts_week")] == [3, 2]
    [shown] = [one for one in run(folder, "list") if one["name"] == "contacts_week"]
    assert (shown["cap"], shown["reason_zh"], shown["who"]) == (3, "双11 加码", "cli")
    with Workspace.open(folder) as opened:
        [line] = opened.control.operations(verb="limit.set")
    assert (line.object, line.detail["after"]) == ("contacts_week", 3)
    with pytest.raises(DataError, match="Say why"):
        CliRunner().invoke(cli, ["limits", "set", "contacts_week", "--cap", "4", "-w", str(folder)],
                           catch_exceptions=False)  # fmt: skip


def test_a_limit_of_ones_own(folder: Path) -> None:
    own = ("--zh", "每渠道每天", "--en", "A channel a day", "--unit", "contacts", "--per", "channel", "--window", "day")
    done = run(folder, "set", "channel_day", "--cap", "900", *own, "--reason", "通道容量", "--hours", "09:00-21:00")
    assert (done["cap_before"], done["cap_after"], done["later"]) == (None, 900, False)
    assert run(folder, "show", "channel_day")["hours"] == ["09:00", "21:00"]
    for words in (("list",), ("show", "channel_day"), ("show", "coupon_budget"), ("history", "channel_day")):
        shown = CliRunner().invoke(cli, ["limits", *words, "-w", str(folder)], catch_exceptions=False)
        assert "900" in shown.stdout or "coupon_budget" in words
        assert shown.exit_code == 0
    gone = CliRunner().invoke(cli, ["limits", "remove", "channel_day", "--reason", "通道换了", "-w", str(folder)])
    assert gone.exit_code == 0
    assert run(folder, "show", "channel_day")["holds"] is False
