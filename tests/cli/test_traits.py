"""The commands about traits, by their own words: text for people, JSON for programs, files for training."""

import json
import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli import cli
from guanxi.core import DAY_MS, GuanxiError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent
from guanxi.traits import traits

JAN = midnight_ms(date(2026, 1, 1))
ANN, BEN = "account:app:ann", "account:app:ben"
SPEND, AFTER = "person.spend.sum.30d", "2026-01-11"


def guanxi(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    if isinstance(result.exception, GuanxiError):
        assert code == 1, result.exception
        return f"{result.exception.what}\n{result.exception.mend}"
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cli") / "ws"
    made, _ = Workspace.create(folder)
    with made:
        intake, events = made.intake(), []
        for day, who, amount in ((1, ANN, "10.00"), (8, ANN, "30.00"), (9, BEN, "7.50")):
            raw = RawEvent(
                kind="Order Completed", at=JAN + day * DAY_MS, message_id=f"{day}", historical=True, amount=amount,
                platform="app", roles={"actor": who}, refs={"order": f"{day}"},
            )  # fmt: skip
            event = intake.check(raw, "server", received_ms=JAN + 20 * DAY_MS, source="test")
            assert isinstance(event, Event)
            events.append(event)
        log = SqliteLog(folder)
        log.append(events)
        log.close()
    return folder


def test_the_catalogue_in_both_languages() -> None:
    rows = json.loads(guanxi("traits", "list", "近30天 付款", "--party", "person", "--use", "profile", "--json"))
    assert SPEND in [row["name"] for row in rows]
    assert all(row["party"] == "person" and "profile" in row["uses"] for row in rows)
    assert "此人近30天的付款" in guanxi("traits", "list", SPEND)
    assert "this person: total amount" in guanxi("traits", "list", SPEND, "--lang", "en")
    assert len(json.loads(guanxi("traits", "list", "--json"))) > 700
    assert "zh or en" in guanxi("traits", "list", "--lang", "fr", code=1)
    assert "velocity" in guanxi("traits", "list", "--topic", "speed", code=1)


def test_one_trait() -> None:
    told = guanxi("traits", "show", SPEND)
    assert "此人近30天的付款" in told
    assert "person.spend.sum.30d" in told
    assert "Did you mean" in guanxi("traits", "show", "person.spend.sum.31d", code=1)


def test_why_a_value_is_what_it_is(home: Path) -> None:
    told = guanxi("traits", "explain", ANN, SPEND, "-w", home, "--as-of", AFTER)
    assert "¥40.00" in told
    assert "Order Completed (2) → spend → person.spend.sum.30d" in told
    why = json.loads(guanxi("traits", "explain", ANN, SPEND, "-w", home, "--as-of", AFTER, "-n", "1", "--json"))
    assert (why["value"], why["total"], [one["value"] for one in why["events"]]) == (4_000, 2, [3_000.0])


def test_values_as_of_an_instant(home: Path) -> None:
    asked = ("traits", "as-of", ANN, BEN, "-t", SPEND, "-w", home)
    assert json.loads(guanxi(*asked, "--as-of", AFTER, "--json"))["rows"] == [[4_000], [750]]
    assert json.loads(guanxi(*asked, "--as-of", "2026-01-05", "--json"))["rows"] == [[1_000], [0]]
    assert json.loads(guanxi(*asked, "--as-of", AFTER, "--known", "2", "--json"))["rows"] == [[4_000], [0]]
    assert "¥7.50" in guanxi(*asked, "--as-of", AFTER, "--use", "profile")
    assert "not meant for risk" in guanxi(*asked, "--use", "risk", code=1)
    assert "no trait is chosen" in guanxi("traits", "as-of", ANN, "-w", home, code=1)


def test_tables_in_files(home: Path, tmp_path: Path) -> None:
    told = json.loads(guanxi("traits", "export", tmp_path / "p.parquet", "--party", "person", "-t", SPEND, "-w", home,
                             "--as-of", AFTER, "--json"))  # fmt: skip
    assert told == {"file": "p.parquet", "rows": 2, "columns": 2}
    assert dict(pl.read_parquet(tmp_path / "p.parquet").iter_rows()) == {ANN: 4_000, BEN: 750}
    guanxi("traits", "export", tmp_path / "e.csv", "--events", "spend", "-t", SPEND, "-w", home, "--as-of", AFTER)
    assert pl.read_csv(tmp_path / "e.csv")[SPEND].to_list() == [0, 1_000, 0]
    for wrong in (("--party", "person", "--events", "spend"), ()):
        assert "--party or --events" in guanxi("traits", "export", tmp_path / "x.csv", *wrong, "-t", SPEND, code=1)
    assert ".parquet or .csv" in guanxi("traits", "export", tmp_path / "x.txt", "--party", "person", "-t", SPEND,
                                        "-w", home, code=1)  # fmt: skip
    assert not (tmp_path / "x.csv").exists()


def test_traits_of_the_workspaces_own(home: Path, tmp_path: Path) -> None:
    file, name = tmp_path / "own.toml", "person.large.sum.3h"
    file.write_text(
        '[[measure]]\nname = "large"\nkinds = ["Order Completed"]\nwhere = ["amount >= 2000"]\nvalue = "amount"\n'
        'unit = "money"\nzh = "大单"\nen = "large orders"\nvalue_zh = "金额"\nvalue_en = "amount"\n'
        '[[family]]\nparty = ["person"]\nof = ["large"]\naggregate = ["sum", "count"]\nwindow = ["3h", "30d"]\n'
        'topic = "purchase"\nuses = ["profile"]\nwhy_zh = "大。"\nwhy_en = "Large."\n', "utf-8",
    )  # fmt: skip
    there = ("-w", home)
    assert "4 would be added" in guanxi("traits", "check", file, *there)
    assert json.loads(guanxi("traits", "list", "--own", "--json", *there)) == []
    assert json.loads(guanxi("traits", "add", file, *there, "--json"))["own"] == 4
    assert f"{name} *" in guanxi("traits", "list", "--own", *there)
    assert "此人近3小时的大单金额合计" in guanxi("traits", "show", name, *there)
    asked = ("traits", "as-of", ANN, BEN, "-t", "person.large.sum.30d", *there, "--as-of", AFTER, "--json")
    assert json.loads(guanxi(*asked))["rows"] == [[3_000], [0]]
    assert "is defined already" in guanxi("traits", "add", file, *there, code=1)
    assert json.loads(guanxi("traits", "remove", name, *there, "--json"))["removed"] == [name]
    assert "Did you mean" in guanxi("traits", "show", name, *there, code=1)
    assert "3 traits read the measure" in guanxi("traits", "remove", "large", *there, code=1)
    assert name in guanxi("traits", "undo", *there)
    for one in json.loads(guanxi("traits", "list", "--own", "--json", *there)):
        guanxi("traits", "remove", one["name"], *there)
    guanxi("traits", "remove", "large", *there)
    assert "See `guanxi traits list --own`" in guanxi("traits", "remove", "large", *there, code=1)
    assert "no file 'none.toml'" in guanxi("traits", "add", tmp_path / "none.toml", *there, code=1)
    (tmp_path / "bad.toml").write_bytes(b"zh = '\xb2\xe2'")
    assert "not UTF-8" in guanxi("traits", "check", tmp_path / "bad.toml", *there, code=1)


def test_the_commands_of_the_page_about_own_traits(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "own-traits.md").read_text("utf-8")
    (tmp_path / "gifts.toml").write_text(re.findall(r"```toml\n(.*?)```", page, re.S)[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUANXI_WORKSPACE", str(home))
    lines = re.findall(r"```bash\n(.*?)```", page, re.S)[0].splitlines()
    told = [guanxi(*shlex.split(line, comments=True)[1:]) for line in lines]
    assert len(told) == 6
    assert "9 would be added" in told[0]
    assert "此设备近30天的大额购卡金额合计" in told[3]
    assert "account.card_buys.count.1h" in told[5]
    (home / "traits.toml").unlink()
    assert f"beside the {len(traits())} that ship" in page
    measures = {party: {name for row in traits().values() if row.party == party and not row.via
                        for name in (row.of, row.over, row.after) if name} for party in ("person", "ip")}  # fmt: skip
    assert f"a person has {len(measures['person'])}, an IP address {len(measures['ip'])}" in page
