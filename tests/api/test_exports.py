"""Exports: what comes back when a workbook or a CSV file is read again, by others' readers."""

import csv
import io
from datetime import datetime
from pathlib import Path

import httpx
import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from guanxi.api.exports import CUT, MAX_CELL, csv_file, sent, xlsx_file
from guanxi.api.labels import LABELS
from guanxi.api.routes import Counted
from guanxi.core import DataError


class Row(msgspec.Struct):
    name: object
    amount: object = None
    at_ms: object = None


COLUMNS = ("name", "amount", "at_ms")
NOON = 1_767_326_400_000  # 2026-01-02 12:00 in China


def workbook(rows: list[Row]) -> bytes:
    return b"".join(sent(xlsx_file(rows, COLUMNS, sheet="订单", labels=LABELS)))


def test_a_workbook_has_typed_cells_and_chinese_headings() -> None:
    page = openpyxl.load_workbook(
        io.BytesIO(workbook([Row("王小芳", 1990, NOON), Row(None, 0.5), Row(True, False)]))
    ).active
    assert page.title == "订单"
    assert page.freeze_panes == "A2"
    assert [cell.value for cell in page[1]] == [LABELS[name] for name in COLUMNS]
    assert [cell.value for cell in page[2]] == ["王小芳", 1990, datetime(2026, 1, 2, 12)]  # noqa: DTZ001 - as Excel shows it
    assert [cell.value for cell in page[3]] == [None, 0.5, None]
    assert [cell.value for cell in page[4]] == [True, False, None]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "{=1}", "http://a.example", "\t=1", "00123"])
def test_no_text_is_a_formula_a_link_or_a_number(text: str) -> None:
    cell = openpyxl.load_workbook(io.BytesIO(workbook([Row(text)]))).active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(10**18 + 1, "1000000000000000001", id="long-number"),
        pytest.param({"b": 1, "a": "杭州"}, '{"a":"杭州","b":1}', id="object"),
        pytest.param("长" * 40_000, "长" * (MAX_CELL - len(CUT)) + CUT, id="too-long"),
        pytest.param("\ud800", "?", id="half-a-character"),
    ],
)
def test_what_a_cell_cannot_hold(value: object, shown: str) -> None:
    assert openpyxl.load_workbook(io.BytesIO(workbook([Row(value)]))).active["A2"].value == shown


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8), min_size=1))
def test_two_readers_see_every_text(texts: list[str]) -> None:
    body = workbook([Row(text, 7) for text in texts])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == texts


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b"\xef\xbb\xbf"), ("gb18030", b"")])
def test_csv_in_both_encodings(encoding: str, mark: bytes) -> None:
    body = b"".join(sent(csv_file([Row("王小芳🙂", 1), Row("=1")], COLUMNS, encoding=encoding)))
    assert body.startswith(mark)
    rows = list(csv.reader(io.StringIO(body.removeprefix(mark).decode(encoding), newline="")))
    assert rows == [list(COLUMNS), ["王小芳🙂", "1", ""], ["'=1", "", ""]]


def test_a_file_is_gone_once_it_is_sent_and_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stream = sent(csv_file([Row("a")], COLUMNS))
    assert len(list(tmp_path.iterdir())) == 1
    b"".join(stream)
    with pytest.raises(AttributeError):
        xlsx_file([Row("a")], ("nothing",), sheet="x")
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_say_how_to_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guanxi.api.routes.EXPORT_ROWS", 3)
    assert len(list(Counted([Row(n) for n in range(3)]))) == 3
    with pytest.raises(DataError, match="more than 3 rows") as error:
        list(Counted([Row(n) for n in range(4)]))
    assert "platform" in error.value.mend


def test_the_desk_exports_and_logs(served) -> None:
    with served.browser("analyst") as browser:
        answer: httpx.Response = browser.get("/v1/kinds.xlsx")
        text = browser.get("/v1/kinds.csv", params={"encoding": "gb18030"})
        bad = browser.get("/v1/kinds.csv", params={"encoding": "latin-1"})
    page = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    found = {row[0].value: row[1].value for row in page.iter_rows(min_row=2)}
    assert found["Order Completed"] == "订单付清"
    assert "Order Completed,订单付清" in text.content.decode("gb18030")
    assert text.headers["content-type"] == "text/csv; charset=gb18030"
    assert 'filename="kinds.xlsx"' in answer.headers["content-disposition"]
    assert bad.status_code == 400
    logged = served.workspace.control.operations(limit=2, verb="export")
    assert [(row.object, row.detail["form"], row.detail["rows"]) for row in logged] == [
        ("kinds", "csv", len(found)), ("kinds", "xlsx", len(found)),
    ]  # fmt: skip


def test_every_column_of_every_list_has_a_heading(served) -> None:
    with served.client(served.desk) as client:
        paths = client.get("/openapi.json").json()["paths"]
    named = {
        name
        for path, item in paths.items()
        if path.endswith(".csv")
        for name in item["get"]["responses"]["200"]["content"]["text/csv"]["example"].split(",")
    }
    assert len(named) > 30
    assert named <= LABELS.keys()
