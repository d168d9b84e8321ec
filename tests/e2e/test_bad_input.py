"""A hostile outsider: broken files, names, folders, settings, processes; clear errors, nothing lost or doubled."""

import csv
import io
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli import INTERRUPTED, cli
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


@pytest.mark.parametrize(
    ("row", "field", "fix"),
    [
        pytest.param(["1", "soon", "5", "u", ""], "时间", f"时间={AT}", id="time"),
        pytest.param(["1", "", "5", "u", ""], "时间", f"时间={AT}", id="an-empty-cell"),
        pytest.param(["1", AT, "-Infinity", "u", ""], "金额", "金额=5", id="infinity"),
        pytest.param(["1", AT, "9" * 30, "u", ""], "金额", "金额=5", id="absurd"),
        pytest.param(["1", "9999-12-31", "5", "u", ""], "时间", f"时间={AT}", id="far-future"),
        pytest.param(["", AT, "5", "u", ""], "单号", "单号=1", id="no-id"),
        pytest.param(["6.90E+18", AT, "5", "u", ""], "单号", "单号=1", id="destroyed-id"),
        pytest.param(["1", AT, "5", "u" * 600, ""], "买家", "买家=u", id="long-id"),
    ],
)
def test_a_bad_cell_names_its_column_and_is_mended_there(home: Path, row: list[str], field: str, fix: str) -> None:
    report = bring(home, "a.csv", table([row, ["2", AT, "7", "u", ""]]), "orders")
    assert (report["rows"], report["accepted"], report["parked"]) == (2, 1, 1)
    (bad,) = parked(home)
    assert bad["field"] == field
    assert bad["what"]
    assert bad["mend"]
    assert replay(home, "orders", "--fix", fix)["replayed"] == 1
    assert sorted(events(home, "Order Created")) == [("1", 500, None), ("2", 700, None)]
    assert parked(home) == []


def test_a_row_of_a_sheet_is_replayed_by_its_own_table_and_settings(home: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet()):
        sheet.append(HEAD)
        sheet.append(["1", "soon", "5", "u", ""])  # the same row number in both sheets
    book.worksheets[0].title, book.worksheets[1].title = "订单", "退款"
    data = io.BytesIO()
    book.save(data)
    assert bring(home, "a.xlsx", data.getvalue(), "shop", "--set", "shop=s9")["parked"] == 2
    assert [(row["row"], row["field"]) for row in parked(home)] == [(2, "时间")] * 2
    assert replay(home, "shop", "--fix", f"时间={AT}") == {"replayed": 2, "parked": 0, "stored": 2}
    assert events(home, "Order Created") == [("1", 500, "shop:app:s9")]
    assert events(home, "Order Refunded") == [("1", 500, "shop:app:s9")]


def test_a_nested_row_is_mended_by_its_path(home: Path) -> None:
    document = {"orders": [{"no": "1", "paid_at": AT, "lines": [{"sku": "a", "price": "x"}, {"sku": "b", "price": 3}]}]}
    assert bring(home, "a.json", json.dumps(document), "api")["parked"] == 1
    assert [row["field"] for row in parked(home)] == ["lines[].price"]
    told = guanxi("parked", "replay", "--as", home.parent / "api.toml", "--fix", "prise=1", "-w", home, code=1)
    assert "no column 'prise'" in told
    assert "lines[].price" in told
    assert replay(home, "api", "--fix", "lines.0.price=2.50")["stored"] == 2
    assert sorted(event[1] for event in events(home, "Order Line Recorded")) == [250, 300]


def test_an_order_that_two_exports_parked_counts_once(home: Path) -> None:
    rows = [["1", AT, "5", "u", ""], ["1", "soon", "7", "u", ""]]
    bring(home, "a.csv", table(rows), "orders")
    bring(home, "b.csv", table([["9", AT, "1", "u", ""], *rows]), "orders")
    assert len(parked(home)) == 4
    done = replay(home, "orders", "--fix", f"时间={AT}")
    assert (done["replayed"], done["stored"]) == (4, 1)
    assert events(home, "Order Created")[1:] == [("1", 1200, None)]


def test_an_order_that_two_exports_parked_differently_is_rebuilt_whole(home: Path) -> None:
    same = ["1", AT, "5", "u", ""]
    bring(home, "a.csv", table([same, ["1", "soon", "7", "u", ""]]), "orders")
    bring(home, "b.csv", table([same, ["1", "later", "9", "u", ""]]), "orders")
    replay(home, "orders", "--fix", f"时间={AT}")
    assert events(home, "Order Created") == [("1", 1400, None)]


def test_a_replay_seals_personal_values(home: Path) -> None:
    mapping = (home.parent / "orders.toml").read_text("utf-8") + 'properties.receiver_phone = { column = "电话" }\n'
    (home.parent / "orders.toml").write_text(mapping.replace('"Order Created"', '"Order Completed"'), "utf-8")
    bring(home, "a.csv", table([["1", "soon", "5", "u", "13800000001"]]), "orders")
    assert replay(home, "orders", "--fix", f"时间={AT}")["stored"] == 1
    for file in home.rglob("*"):
        assert not file.is_file() or b"13800000001" not in file.read_bytes(), file.name


def test_messages_show_no_phone_name_or_address_of_cells_in_the_wrong_column(home: Path) -> None:
    for place, cell in enumerate(["13800000001", "王小芳", "138 0000 0001", "u@example.com", "6222020200112233445"]):
        rows = [["1", cell, "5", "u", ""], ["2", AT, f"x{cell}", "u", ""]]
        bring(home, f"{place}.csv", table(rows), "orders")
    told = guanxi("parked", "list", "-w", home, "--json") + json.dumps(parked(home), ensure_ascii=False)
    for secret in ("13800000001", "小芳", "0000 0001", "example.com", "112233445"):
        assert secret not in told


def test_a_row_that_is_not_what_its_file_said_stays_parked(home: Path) -> None:
    sound = table([["1", AT, "5", "u", ""]])
    bring(home, "cut.csv", sound + f"2,{AT},12", "orders")  # the file ends in the amount: 12 or 1200?
    bring(home, "more.csv", sound + f"3,{AT},5,甲,乙,丙\n", "orders")
    bring(home, "bytes.csv", sound.encode() + f"4,{AT},5,u".encode() + b"\xff\xfe,\n", "orders")
    assert sorted(row["reason"] for row in parked(home)) == ["encoding", "malformed", "malformed"]
    done = replay(home, "orders")
    assert (done["replayed"], done["parked"], done["stored"]) == (0, 3, 0)
    assert "--fix" in str(done["why"])
    assert [event[0] for event in events(home, "Order Created")] == ["1"]


def test_a_cell_of_ten_million_characters_is_parked_and_listed(home: Path) -> None:
    bring(home, "big.csv", table([["1", AT, "5", "茶" * 10_000_000, ""], ["2", AT, "5", "u", ""]]), "orders")
    assert [(row["reason"], row["field"]) for row in parked(home)] == [("text-too-long", "买家")]
    assert replay(home, "orders")["parked"] == 1
    assert len(guanxi("parked", "list", "-w", home)) < 5_000


def test_formulas_stay_text(home: Path) -> None:
    bring(home, "a.csv", table([["=1+1", AT, "5", "@SUM(A1)", ""]]), "orders")
    assert events(home, "Order Created") == [("=1+1", 500, None)]


NAMES = ["a b.csv", 'it\'s "q".csv', "两 份.csv", "new\nline.csv", "[bold]x[red].csv", "\x1b[31m.csv", "bad\udcff.csv"]


def test_any_file_name_works(home: Path) -> None:
    for order, name in enumerate(NAMES, 1):
        report = bring(home, name, table([[str(order), AT, "5", "u", ""]]), "orders")
        assert report["stored"] == 1
        assert report["files"][0]["file"].isprintable()


@pytest.mark.parametrize("name", ["两 份 [bold]", "x?y#z%20"])
def test_any_folder_name_works_and_nothing_lies_outside(tmp_path: Path, name: str) -> None:
    guanxi("init", tmp_path / name)
    guanxi("keys", "create", "server", "-w", tmp_path / name)
    assert json.loads(guanxi("sql", "SELECT 1 AS one", "-w", tmp_path / name, "--json")) == [{"one": 1}]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_workspace_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    assert "quotation mark" in guanxi("init", tmp_path / "it's", code=1)
    assert list((tmp_path / "it's").iterdir()) == []
    (tmp_path / "file").write_text("x")
    assert "is a file" in guanxi("init", tmp_path / "file", code=1)


def test_what_is_no_file_is_refused_with_a_reason(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    monkeypatch.chdir(odd)  # a socket's path is short
    os.mkfifo("fifo.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.csv")
    for name, target in (("dangling.csv", "nowhere"), ("loop.csv", "loop.csv")):
        Path(name).symlink_to(target)
    Path("folder").mkdir()
    Path("empty.csv").write_bytes(b"\n \n")
    for name, said in (("fifo.csv", "neither a file"), ("socket.csv", "neither a file"), ("dangling.csv", "no file"),
                       ("loop.csv", "no file"), ("folder", "holds no files"), ("empty.csv", "is empty")):  # fmt: skip
        told = guanxi("import", name, "-w", home, code=1)
        assert said in told
        assert str(tmp_path) not in told


@pytest.mark.parametrize(
    ("file", "data", "said"),
    [
        ("guanxi.toml", b"[serve", "not TOML"),
        ("guanxi.toml", b"\xff", "not TOML"),
        ("guanxi.toml", b"[serve]\ngate_port = 99999", "serve.gate_port is 99999"),
        ("guanxi.toml", b"[limits]\nrequests_per_second = inf", "finite"),
        ("guanxi.toml", b'[[keys]]\nkey = "hunter2"\nscope = "root"', "keys.0.scope"),
        ("guanxi.toml", b'[[keys]]\nkey = "hunter2"\n[[keys]]\nkey = "hunter2"', "same key"),
        ("kinds.toml", b"\xff", "kinds.toml"),
        ("kinds.toml", b'["Tea"]', "zh"),
    ],
)
def test_a_broken_settings_file_says_what_to_mend(home: Path, file: str, data: bytes, said: str) -> None:
    (home / file).write_bytes(data)
    told = guanxi("events", "kinds", "-w", home, code=1)
    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GUANXI_SERVE__GATE_PORT", "abc", "variable GUANXI_SERVE__GATE_PORT"),
        ("GUANXI_SERVE", "notjson", "not JSON"),
        ("GUANXI_NONSENSE", "1", "GUANXI_NONSENSE"),
    ],
)
def test_a_wrong_variable_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in guanxi("status", "-w", home, code=1)


def test_a_broken_mapping_and_a_broken_file_among_good_ones(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a.zip").write_bytes(b"PK\x03\x04 cut")
    (mixed / "b.csv").write_text("x,y\n1,2\n")
    assert "not TOML" in guanxi("import", mixed / "b.csv", "--as", tmp_path / "bad.toml", "-w", home, code=1)
    assert "b.csv" in guanxi("mapping", "recognise", mixed, code=1)


def test_odd_numbers_of_rows_are_wrong_usage_or_not_found(home: Path) -> None:
    guanxi("parked", "show", "9" * 30, "--purpose", "x", "-w", home, code=2)
    assert "none of these rows" in guanxi("parked", "drop", "9", "--why", "x", "-w", home, code=1)
    assert "name=value" in guanxi("parked", "replay", "--fix", "x", "-w", home, code=1)


def test_output_to_nowhere_ends_quietly_or_says_why(home: Path) -> None:
    tail = f"{sys.executable} -m guanxi.cli mapping list --json"
    for command, code in ((f"{tail} | head -c 1", 0), (f"{tail} >&- 2>&-", 0), (f"{tail} > /dev/full", 1)):
        if "/dev/full" in command and not Path("/dev/full").exists():
            continue
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        assert code == 0 or b"mend:" in done.stderr


def test_a_terminal_that_knows_no_chinese_still_gets_its_table() -> None:
    poor = os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"}
    assert "中文" in process("mapping", "list", env=poor).stdout.decode()


def counted(path: Path, rows: int) -> None:
    lines = (f"u{n % 50},{AT},{'bad' if n % 500 == 7 else n // 2}\n" for n in range(rows))
    path.write_text("who,at,n\n" + "".join(lines), "utf-8")


def settled(home: Path, rows: int) -> None:
    """Every row is there once: accepted or parked."""
    with Workspace.open(home) as workspace:
        assert len(list(workspace.reader.read(kind="Thing Counted"))) == rows - rows // 500
        assert workspace.vault.parked.counts()["open"] == rows // 500


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_is_ended_again_and_again_stores_every_row_once(home: Path, number: int) -> None:
    path, rng = home.parent / "counted.csv", random.Random(number)
    counted(path, 12_000)
    command = [sys.executable, "-m", "guanxi.cli", "import", str(path), "--as", str(home.parent / "counted.toml"),
               "-w", str(home), "--json"]  # fmt: skip
    for _ in range(6):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            running.communicate(timeout=rng.uniform(1.2, 2.2))
        except subprocess.TimeoutExpired:
            running.send_signal(number)
            said = running.communicate()[1]
            # Before `main` runs, Python itself answers a signal.
            assert running.returncode in (-number, INTERRUPTED, 0), said
            assert running.returncode != INTERRUPTED or b"mend:" in said
    process("import", path, "--as", home.parent / "counted.toml", "-w", home, check=True)
    settled(home, 12_000)


@pytest.mark.slow
def test_imports_at_once_store_every_row_once(home: Path) -> None:
    path = home.parent / "counted.csv"
    counted(path, 6_000)
    command = [sys.executable, "-m", "guanxi.cli", "import", str(path), "--as", str(home.parent / "counted.toml"),
               "-w", str(home), "--json"]  # fmt: skip
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(one.communicate()[1], one.returncode) for one in running]
    assert 0 in [code for _, code in ended]
    assert all(code == 0 or b"in use" in said or b"using the workspace" in said for said, code in ended)
    settled(home, 6_000)


@pytest.mark.slow
def test_a_disk_that_fills_is_named_and_the_import_goes_on_later(home: Path) -> None:
    path = home.parent / "counted.csv"
    counted(path, 20_000)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    full = process("import", path, "--as", home.parent / "counted.toml", "-w", home, preexec_fn=small)
    assert full.returncode == 1
    assert b"mend:" in full.stderr
    process("import", path, "--as", home.parent / "counted.toml", "-w", home, check=True)
    settled(home, 20_000)
