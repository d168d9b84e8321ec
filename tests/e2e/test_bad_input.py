"""A hostile outsider: broken cells, rows and files; clear errors, nothing lost or doubled."""

import io
import json
from pathlib import Path

import openpyxl
import pytest

from .conftest import AT, HEAD, bring, events, guanxi, parked, replay, table


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
