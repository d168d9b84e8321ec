"""The command line as a person uses it: real processes' code, real files, exit codes, JSON on stdout."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from guanxi.app import Workspace
from guanxi.cli import cli
from guanxi.core import GuanxiError

from .conftest import HEADER, line


def guanxi(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    if isinstance(result.exception, GuanxiError):
        assert code == 1, result.exception
        return f"{result.exception.what}\n{result.exception.mend}"
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    guanxi("init", tmp_path / "ws")
    return tmp_path / "ws"


def test_init_prints_a_password_once_and_refuses_a_full_folder(tmp_path: Path) -> None:
    password = guanxi("init", tmp_path / "a").strip()
    assert len(password) >= 20
    assert guanxi("init", tmp_path / "b").strip() != password
    assert "not empty" in guanxi("init", tmp_path / "a", code=1)


def test_the_password_that_init_prints_signs_in(tmp_path: Path) -> None:
    password = guanxi("init", tmp_path / "ws").strip()
    with Workspace.open(tmp_path / "ws") as workspace:
        assert workspace.control.verify_password("admin", password) is not None
        assert workspace.control.verify_password("admin", password + "x") is None


def test_import_tail_explain_and_parties(home: Path, export: Path) -> None:
    report = json.loads(guanxi("import", export, "-w", home, "--json"))
    assert report["rows"] == report["accepted"] == 3
    events = [json.loads(one) for one in guanxi("events", "tail", "-w", home, "-n", 100, "--json").splitlines()]
    assert len(events) == report["stored"]
    assert [event["seq"] for event in events] == sorted((event["seq"] for event in events), reverse=True)
    paid = next(event for event in events if event["kind"] == "Order Completed")
    told = json.loads(guanxi("explain", paid["id"], "-w", home, "--json"))
    assert told["event"]["source"].startswith("import:")
    assert told["kind"]["zh"]
    assert told["replaced_by"] == ""
    shown = json.loads(guanxi("parties", "show", "item:jd:11", "-w", home, "--json"))
    assert shown["party"]["counts"] == {"Order Line Recorded": 2}
    assert "type:scope:key" in guanxi("parties", "show", "item:jd:77", "-w", home, code=1)


def test_a_dry_run_shows_events_and_stores_nothing(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(
        "\n".join([HEADER, line("300000000001", "11"), line("300000000002", "1", when="never")]).encode("gbk")
    )
    shown = json.loads(guanxi("import", path, "-w", home, "--dry-run", "--json"))
    (chunk,) = shown["chunks"]
    assert "Order Completed" in {one["event"]["kind"] for one in chunk["events"]}
    assert chunk["parked"][0]["reason"] == "time"
    assert json.loads(guanxi("status", "-w", home, "--json"))["events"] == 0
    assert guanxi("parked", "list", "-w", home, "--json").strip() == "[]"


def test_as_of_reads_the_past(home: Path, export: Path) -> None:
    guanxi("import", export, "-w", home)
    early = guanxi("events", "tail", "-w", home, "--as-of", "2026-01-02 10:00:15", "--json").splitlines()
    assert {json.loads(one)["kind"] for one in early} == {"Order Created"}


def test_sql_reads_events_and_refuses_the_rest(home: Path, export: Path) -> None:
    guanxi("import", export, "-w", home)
    (row,) = json.loads(
        guanxi("sql", "SELECT count(*) AS n, sum(amount) AS s FROM order_completed", "-w", home, "--json")
    )
    assert row == {"n": 3, "s": 59_990}
    for query in (
        "DROP TABLE order_completed",
        "SELECT * FROM sqlite_scan('x', 'y')",
        "COPY (SELECT 1) TO 'x'",
        "SELECT 1; SELECT 2",
    ):
        guanxi("sql", query, "-w", home, code=1)
    assert "Tables with events" in guanxi("sql", "SELECT * FROM nothing", "-w", home, code=1)


def test_parked_rows_are_listed_shown_mended_and_dropped(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [HEADER, line("300000000001", "11", when="never"), line("300000000002", "12", price="abc")]
    path.write_bytes("\n".join(rows).encode("gbk"))
    assert json.loads(guanxi("import", path, "-w", home, "--json"))["parked"] == 2
    groups = json.loads(guanxi("parked", "list", "-w", home, "--json"))
    assert {group["reason"] for group in groups} == {"time", "amount"}
    (bad,) = json.loads(guanxi("parked", "list", "--reason", "amount", "-w", home, "--json"))
    assert "abc" in guanxi("parked", "show", bad["id"], "--purpose", "look at the price", "-w", home)
    done = guanxi("parked", "replay", "--reason", "time", "--fix", "下单时间=2026-01-02 10:00:00", "-w", home, "--json")
    assert json.loads(done) == {"replayed": 1, "parked": 0, "stored": 4}
    guanxi("parked", "drop", bad["id"], "--why", "a test row", "-w", home)
    assert guanxi("parked", "list", "-w", home, "--json").strip() == "[]"


def test_keys_are_printed_once_and_revoked(home: Path) -> None:
    secret = guanxi("keys", "create", "server", "--label", "shop", "-w", home).strip()
    (row,) = json.loads(guanxi("keys", "list", "-w", home, "--json"))
    assert row["scope"] == "server"
    assert secret not in json.dumps(row)
    guanxi("keys", "revoke", row["id"], "-w", home)
    with Workspace.open(home) as workspace:
        assert workspace.control.find_key(secret) is None
    guanxi("keys", "create", "everything", "-w", home, code=1)


def test_wrong_usage_is_exit_2_and_a_missing_workspace_says_init(tmp_path: Path) -> None:
    guanxi("nonsense", code=2)
    assert "guanxi init" in guanxi("status", "-w", tmp_path / "none", code=1)
    assert "name=value" in guanxi(
        "import", tmp_path, "--set", "period", "--as", "jd_order", "-w", tmp_path / "none", code=1
    )
    assert "no bench" in guanxi("bench", "nothing", code=1)


def test_kinds_can_be_defined_in_the_workspace_after_they_were_sent(home: Path) -> None:
    (home / "kinds.toml").write_text(
        '["Tea Tasted"]\nzh = "品茶"\npurpose = "A guest tasted a tea."\nfamily = "place"\n'
        'properties.score = {type = "integer", zh = "评分"}\n',
        "utf-8",
    )
    rows = {row["name"]: row for row in json.loads(guanxi("events", "kinds", "-w", home, "--json"))}
    assert rows["Tea Tasted"]["zh"] == "品茶"
    assert rows["Tea Tasted"]["custom"] is True


def test_help_names_every_command_with_its_chinese(home: Path) -> None:
    shown = guanxi("--help")
    places = [shown.index(f"\n  {name} ") for name in ("demo", "import", "serve", "bench")]
    assert places == sorted(places)
    for words in ("导入文件", "删除个人信息", "性能测试"):
        assert words in shown
    assert "\n  keeper " not in shown


def test_status_says_what_is_served_how_old_it_is_and_what_needs_a_person(home: Path, tmp_path: Path) -> None:
    empty = guanxi("status", "-w", home)
    assert "待处理  nothing" in empty
    assert f"guanxi serve -w {home}" in empty
    assert "newest event 最新事件  —" in empty
    path = tmp_path / "orders.csv"
    rows = [HEADER, line("300000000001", "11"), line("300000000002", "12", price="abc")]
    path.write_bytes("\n".join(rows).encode("gbk"))
    guanxi("import", path, "-w", home)
    shown = guanxi("status", "-w", home)
    assert "2026-01-08 10:00:30" in shown
    assert f"1 parked rows 问题行: guanxi parked list -w {home}" in shown
    assert "Order Completed 订单付清" in shown
    now = json.loads(guanxi("status", "-w", home, "--json"))
    assert now["learnt_ms"] > now["newest_at_ms"] == 1_767_837_630_000
    assert now["url"] == ""


def test_events_are_shown_on_lines_with_units_and_labels(home: Path, export: Path) -> None:
    guanxi("import", export, "-w", home)
    lines = guanxi("events", "tail", "--kind", "Order Completed", "-w", home).splitlines()
    assert len(lines) == 3
    assert "Order Completed 订单付清  ¥250.00  actor=account:jd:jd_fake_3" in lines[0]
    seq = lines[0].split()[0]
    told = guanxi("explain", seq, "-w", home)
    assert "role actor" in told
    assert "下单时间" in told
    assert "2026-01-02 10:00:00" in told
    assert "in the vault 在保险库" in told
    assert "13800000001" not in told


def test_parked_rows_are_told_with_their_mend_and_the_next_command(home: Path, tmp_path: Path) -> None:
    assert guanxi("parked", "list", "-w", home) == ""
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join([HEADER, line("300000000001", "11", when="never")]).encode("gbk"))
    guanxi("import", path, "-w", home)
    groups = guanxi("parked", "list", "-w", home)
    assert "1 row: 时间读不出或不合理 (time), column 下单时间, import:jd_order" in groups
    assert "mend 修法" in groups
    assert "id 1: row 2 of import:jd_order" in guanxi("parked", "list", "--reason", "time", "-w", home)


def test_sql_shows_instants_and_ids_as_people_read_them(home: Path, export: Path) -> None:
    guanxi("import", export, "-w", home)
    shown = guanxi("sql", "SELECT seq, at_ms, amount * 100 AS a FROM order_completed ORDER BY seq LIMIT 1", "-w", home)
    assert "2026-01-02 10:00:30" in shown
    assert "2,500,000" in shown
