"""The commands of sending: a dry run by default, the outbox, dead letters, taking back."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.actions import Outgoing
from guanxi.app import Workspace
from guanxi.cli.commands import cli
from guanxi.events import event_id


def row(name: str, channel: str = "coupon", **fields: Any) -> Outgoing:
    now_ms = time.time_ns() // 1_000_000
    given: dict[str, Any] = {
        "id": event_id("row", name), "run": "r1", "kind": "notice", "channel": channel, "body": (("text", "hello"),),
        "dry": False, "not_before_ms": now_ms - 1_000, "not_after_ms": now_ms + 3_600_000, **fields,
    }  # fmt: skip
    return Outgoing(**given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = Workspace.create(tmp_path / "w")
    (made.folder / "guanxi.toml").write_text(
        '[[senders]]\nname = "coupons"\nkind = "file"\nchannels = ["coupon"]\n'
        '[[senders]]\nname = "robot"\nkind = "wecom"\nchannels = ["wecom"]\ntoken_env = "NOT_SET_ANYWHERE"\n',
        "utf-8",
    )
    with made, made.control.transaction() as connection:
        rows = [row("a"), row("b"), row("lost", channel="nowhere")]
        made.control.outbox.put_in(connection, rows, now_ms=rows[0].not_before_ms)
    return tmp_path / "w"


def run(folder: Path, *words: str, fails: int = 0) -> Any:
    done = CliRunner().invoke(cli, [*words, "-w", str(folder), "--json"])
    assert done.exit_code == fails, done.output
    return json.loads(done.stdout)


def test_nothing_is_sent_unless_it_is_said(folder: Path) -> None:
    assert run(folder, "send")["handled"] == 3
    assert [one["state"] for one in run(folder, "outbox", "list")] == ["ready"] * 3
    assert not (folder / "outbox" / "coupons.jsonl").exists()
    done = run(folder, "send", "--send")
    assert (done["states"]["sent"], done["states"]["dead"], done["left"]) == (2, 1, 0)
    lines = (folder / "outbox" / "coupons.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [event_id("row", name) for name in "ab"]
    assert run(folder, "send", "--send")["handled"] == 0


def test_a_dead_letter_is_shown_and_tried_again(folder: Path) -> None:
    run(folder, "send", "--send")
    (dead,) = run(folder, "outbox", "list", "--state", "dead")
    shown = run(folder, "outbox", "show", dead["id"])
    assert "no sender for the channel nowhere" in shown["error_text"]
    assert [one["outcome"] for one in shown["attempts"]] == ["dead"]
    assert run(folder, "outbox", "retry", dead["id"])["rows"] == 1
    assert run(folder, "outbox", "retry", event_id("row", "a"), fails=1)["rows"] == 0
    run(folder, "send", "--send")
    assert run(folder, "outbox", "retry", "--error", "invalid", "--channel", "nowhere")["rows"] == 1
    text = CliRunner().invoke(cli, ["outbox", "show", dead["id"], "-w", str(folder)])
    assert "nowhere" in text.stdout


def test_what_was_not_sent_is_taken_back(folder: Path) -> None:
    assert run(folder, "outbox", "withdraw", event_id("row", "a"))["withdrawn"] == 1
    run(folder, "send", "--send")
    done = run(folder, "outbox", "withdraw", "--run", "r1")
    assert (done["withdrawn"], done["sent"]) == (1, 1)
    states = {one["state"] for one in run(folder, "outbox", "list")}
    assert states == {"withdrawn", "sent"}


def test_senders_and_what_is_wrong_with_them(folder: Path) -> None:
    good, bad = run(folder, "outbox", "senders")
    assert (good["name"], good["asks"], good["problem"]) == ("coupons", True, "")
    assert bad["problem"] == "the environment variable NOT_SET_ANYWHERE is not set"
    shown = CliRunner().invoke(cli, ["outbox", "senders", "-w", str(folder)])
    assert "coupons" in shown.stdout
