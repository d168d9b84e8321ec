"""The commands of the relation bank: opened, followed, balances with reasons, rewards, exposure."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.app.importing import Taker
from guanxi.cli.commands import cli
from guanxi.core import DAY_MS
from guanxi.engines.log import now_ms
from guanxi.events import Event
from guanxi.ledger import HoldEnded, OverLimit

ME = "account:app:me"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "w"
    made, _ = Workspace.create(path)
    first = now_ms() - 120 * DAY_MS
    with made, Taker(made, doing="test") as taker:
        taker.append([
            Event(id=f"{n:032x}", kind="Checked In", at_ms=first + n * DAY_MS // 2, received_ms=first + n * DAY_MS // 2,
                  roles={"actor": ME}, live=True)
            for n in range(200)
        ])  # fmt: skip
    return path


def run(folder: Path, *words: str, plain: bool = False) -> Any:
    done = CliRunner().invoke(cli, ["bank", *words, "-w", str(folder), *([] if plain else ["--json"])])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output if plain else json.loads(done.stdout)


def test_from_opening_to_a_reward(folder: Path) -> None:
    assert "The bank is closed" in run(folder, "follow", plain=True)
    run(folder, "open", "--since", "2020-01-01", plain=True)
    posted = run(folder, "follow")
    assert (posted["seq"], posted["refused"]) == (200, {"once": 200 - posted["posted"]})
    held = run(folder, "balance", ME, "--why")
    assert held["holdings"][0]["balance"] == 10 * posted["posted"]
    assert {one["refused"] for one in held["judged"]} == {"", "once"}
    assert "一天最多签到一次" in run(folder, "balance", ME, "--why", plain=True)

    asked = run(folder, "redeem", ME, "course_discount", "--hold")
    assert asked["state"] == "open"
    assert run(folder, "undo", asked["id"])["state"] == "released"
    with pytest.raises(HoldEnded):
        run(folder, "settle", asked["id"])
    given = run(folder, "redeem", ME, "course_discount", "--key", "k")
    assert run(folder, "redeem", ME, "course_discount", "--key", "k") == given
    with pytest.raises(OverLimit, match="knowledge coins"):
        run(folder, "redeem", ME, "salon_seat")
    assert [(row["name"], row["given"]) for row in run(folder, "rewards")] == [
        ("course_discount", 1),
        ("salon_seat", 0),
    ]
    assert "课程抵用券" in run(folder, "rewards", plain=True)

    (one,) = run(folder, "exposure")
    assert one["outstanding"] == 10 * posted["posted"] - 500
    assert run(folder, "exposure", "--as-of", "2020-01-01") == []
    assert "知识币" in run(folder, "exposure", plain=True)
