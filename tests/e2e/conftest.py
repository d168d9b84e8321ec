"""A shop whose workspace every test may spoil, and the command line as a call and as a process."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli import cli
from guanxi.core import GuanxiError

SHOP = """
id = "odd_shop"
zh = "怪店"
platform = "app"
[match]
sheets = ["订单", "退款"]
[settings.shop]
zh = "店铺编号"
default = ""
[[table]]
id = "orders"
sheet = "订单"
[[table]]
id = "refunds"
sheet = "退款"
[[event]]
table = "orders"
kind = "Order Created"
at = "时间"
key = ["单号"]
amount = { column = "金额", as = "money" }
refs.order = "单号"
roles.actor = { type = "account", column = "买家" }
roles.shop = { type = "shop", column = "$shop" }
[[event]]
table = "refunds"
kind = "Order Refunded"
at = "时间"
key = ["单号"]
amount = { column = "金额", as = "money" }
refs.order = "单号"
refs.refund = "单号"
roles.actor = { type = "account", column = "买家" }
roles.shop = { type = "shop", column = "$shop" }
"""
NESTED = """
id = "odd_api"
zh = "怪接口"
platform = "app"
[match]
json = ["orders[].no", "orders[].lines[]"]
[read]
rows = "orders[]"
[[event]]
kind = "Order Line Recorded"
each = "lines[]"
at = "^.paid_at"
key = ["^.no", "sku"]
amount = { column = "price", as = "money" }
refs.order = "^.no"
refs.line = "sku"
roles.item = { type = "item", column = "sku" }
"""
ORDERS = """
id = "odd_orders"
zh = "怪订单"
platform = "app"
[match]
headers = ["单号", "时间", "金额", "买家", "电话"]
[read]
group = ["单号"]
chunk_rows = 100
[[event]]
kind = "Order Created"
per = "group"
at = "时间"
amount = { column = "金额", as = "money", agg = "sum" }
refs.order = "单号"
roles.actor = { type = "account", column = "买家" }
"""
COUNTED = """
id = "odd_counts"
zh = "计数"
platform = "app"
[match]
headers = ["who", "at", "n"]
[read]
chunk_rows = 200
[[event]]
kind = "Thing Counted"
at = "at"
roles.actor = { type = "account", column = "who" }
properties.n = { column = "n", as = "integer" }
"""
HEAD = ["单号", "时间", "金额", "买家", "电话"]
AT = "2026-01-02 10:00:00"


def guanxi(*arguments: str | Path, code: int = 0) -> str:
    """Run a command in this process; return stdout, or the error's what and mend when it must fail."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    if isinstance(result.exception, GuanxiError):
        assert code == 1, result.exception
        return f"{result.exception.what}\n{result.exception.mend}"
    assert result.exit_code == code, result.output
    return result.stdout


def process(*arguments: str | Path, **options: object) -> "subprocess.CompletedProcess[bytes]":
    """Run a command as a process of its own; no failure may show a trace."""
    command = [sys.executable, "-m", "guanxi.cli", *map(str, arguments)]
    done = subprocess.run(command, **({"capture_output": True, "check": False} | options))  # type: ignore[call-overload]
    assert b"Traceback" not in (done.stderr or b""), done.stderr
    return done


def table(rows: list[list[str]], head: list[str] = HEAD) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workspace and the mappings, to be copied: making one takes a second."""
    folder = tmp_path_factory.mktemp("made")
    workspace, _ = Workspace.create(folder / "ws")
    workspace.close()
    for name, text in (("shop", SHOP), ("api", NESTED), ("orders", ORDERS), ("counted", COUNTED)):
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "ws"


def bring(home: Path, name: str, data: str | bytes, mapping: str, *more: str) -> dict:
    path = home.parent / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    chosen = home.parent / f"{mapping}.toml"
    return json.loads(guanxi("import", path, "--as", chosen, "-w", home, "--json", *more))


def parked(home: Path) -> list[dict]:
    with Workspace.open(home) as workspace:
        rows = workspace.vault.parked.rows()
    return [{name: getattr(row, name) for name in ("id", "field", "reason", "what", "mend", "row")} for row in rows]


def replay(home: Path, mapping: str, *more: str) -> dict:
    return json.loads(guanxi("parked", "replay", "--as", home.parent / f"{mapping}.toml", "-w", home, "--json", *more))


def events(home: Path, kind: str) -> list[tuple]:
    with Workspace.open(home) as workspace:
        found = sorted(workspace.reader.read(kind=kind), key=lambda event: event.seq)
        return [(event.refs.get("order"), event.amount, event.roles.get("shop")) for event in found]
