"""The commands of the ledger: accounts, a balance at a past moment, an export that an outsider checks."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli.commands import cli
from guanxi.core import SettingError
from guanxi.ledger import ISSUER, LARGEST, Account
from guanxi.ledger.contract import NOW, name, pay, reserve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = Workspace.create(tmp_path / "w")
    with made:
        store = made.control.ledger
        store.open(Account(id=name("issuer"), unit="points", kind=ISSUER, floor=-LARGEST))
        store.open_many(Account(id=name(word), unit="points", cap=500) for word in ("ann", "ben"))
        store.post(pay("gift", "issuer", "ann", 100), now_ms=NOW)
        store.post(reserve("h", "ann", "ben", 30), now_ms=NOW + 60_000)
    return tmp_path / "w"


def run(folder: Path, *words: str, fails: int = 0) -> Any:
    done = CliRunner().invoke(cli, ["ledger", *words, "-w", str(folder), "--json"])
    assert done.exit_code == fails, done.output
    return json.loads(done.stdout)


def test_accounts_and_balances(folder: Path) -> None:
    rows = run(folder, "accounts", "--after", "1")
    assert [(row["number"], row["balance"], row["held"], row["coming"], row["room"]) for row in rows] == [
        (2, 100, 30, 0, 400),
        (3, 0, 0, 30, 470),
    ]
    assert run(folder, "balance", name("ann"))["available"] == 70
    assert run(folder, "balance", name("ann"), "--as-of", str(NOW + 60_000))["available"] == 100
    shown = CliRunner().invoke(cli, ["ledger", "accounts", "-w", str(folder)])
    assert name("ann") in shown.stdout


def test_an_outsider_checks_an_export_with_the_public_key(folder: Path, tmp_path: Path) -> None:
    for place in range(2):
        run(folder, "export", str(tmp_path / f"{place}.jsonl"))
    key = str(folder / "ledger-public.pem")
    found = run(folder, "verify", str(tmp_path / "1.jsonl"), "--key", key)
    assert (found["entries"], found["heads"], found["fault"]) == (5, 2, None)
    assert (folder / "ledger.pem").stat().st_mode & 0o077 == 0
    text = (tmp_path / "1.jsonl").read_text().replace('"points",100', '"points",900')
    (tmp_path / "changed.jsonl").write_text(text)
    assert run(folder, "verify", str(tmp_path / "changed.jsonl"), "--key", key, fails=1)["fault"]
    done = CliRunner().invoke(cli, ["ledger", "verify", str(tmp_path / "1.jsonl")])
    assert done.exit_code == 2
    with pytest.raises(SettingError, match="is there already"):
        CliRunner().invoke(cli, ["ledger", "export", key, "-w", str(folder)], catch_exceptions=False)
    with pytest.raises(SettingError, match="cannot be read"):
        CliRunner().invoke(cli, ["ledger", "verify", "none", "--key", key], catch_exceptions=False)


def test_a_workspace_counts_its_own_ledger_again(folder: Path) -> None:
    assert run(folder, "verify")["entries"] == 5
    with Workspace.open(folder) as opened, opened.control._database.write() as connection:
        connection.exec_driver_sql("UPDATE ledger_accounts SET balance = balance + 1")
    assert run(folder, "verify", fails=1)["imbalance"] == 4


def test_no_backup_holds_the_signing_key(folder: Path, tmp_path: Path) -> None:
    run(folder, "export", str(tmp_path / "ledger.jsonl"))
    done = CliRunner().invoke(cli, ["backup", str(tmp_path / "copy"), "-w", str(folder), "--include-key"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "copy" / "ledger-public.pem").exists()
    assert not (tmp_path / "copy" / "ledger.pem").exists()
