"""Readers: every format gives the cells that stand in the file, with their row numbers."""

import csv
import gzip
import io
import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.engines.sources import expand, read_preset
from guanxi.engines.sources.plan import plan_table
from guanxi.engines.sources.readers.base import ROW, RawChunk
from guanxi.engines.sources.readers.csv import _Sheet, record_blocks
from guanxi.engines.sources.readers.danmaku import message
from guanxi.engines.sources.recognise import reader_for

HEADERS = ["订单号", "商品", "金额"]


def read(
    path: Path, read_toml: str = "", *, start: int = 1, sheet: str = "", needs: dict | None = None
) -> list[RawChunk]:
    preset = read_preset(f'id = "t"\nzh = "t"\n[match]\nheaders = {json.dumps(HEADERS)}\n[read]\n{read_toml}', "t.toml")
    plan = plan_table(preset, preset.tables[0], fixed={})
    source = expand(path)[0]
    return list(reader_for(source, plan, sheet, needs=needs).chunks(start=start, columns=None))


def rows(chunks: list[RawChunk]) -> list[tuple]:
    return [tuple(row) for chunk in chunks for row in chunk.root.select(ROW, *HEADERS).iter_rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_in_every_encoding(tmp_path: Path, encoding: str, newline: str) -> None:
    text = newline.join(["订单号,商品,金额", "1,联通卡,2.00", '2,"甲,乙\n丙",3', ""])
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    found = rows(read(path))
    assert found == [(2, "1", "联通卡", "2.00"), (3, "2", "甲,乙\n丙", "3")]


def test_the_header_may_stand_below_a_banner_and_above_a_legend(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "名称：对账单,,\n\n订单号,商 品 ,金额\n说明,,元\n1,a,2\n\n2,b,3\n".replace("商 品 ", "商品\t"), "utf-8"
    )
    chunks = read(path, "legend_rows = 1")
    assert rows(chunks) == [(5, "1", "a", "2"), (7, "2", "b", "3")]
    assert chunks[0].skipped == {"legend": 1, "blank": 1}


def test_a_second_column_of_one_name_keeps_its_own_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("订单号,商品,金额（元）,金额(元),商品\n1,a,2,3,z\n".replace("金额（元）", "金额"), "utf-8")
    frame = read(path)[0].root
    assert frame.columns == ["订单号", "商品", "金额", "金额(元)", "商品#2", ROW]
    assert frame.row(0) == ("1", "a", "2", "3", "z", 2)


@pytest.mark.parametrize(
    ("body", "row", "reason"),
    [
        pytest.param(b"1,a,2\n2,b,3,4\n3,c,5\n", 3, "malformed", id="too-many-cells"),
        pytest.param("1,a,2\n2,乙".encode() + b"\xff\xfe,3\n3,c,5\n", 3, "encoding", id="broken-bytes"),
        pytest.param(b'1,a,2\n2,"b,3\n3,c,5\n', 3, "malformed", id="open-quote"),
        pytest.param(b"1,a,2\n2," + b"x" * 2_000_000 + b",3\n3,c,5\n", 3, "text-too-long", id="long-cell"),
    ],
)  # fmt: skip
def test_a_damaged_row_is_parked_and_the_next_is_read(tmp_path: Path, body: bytes, row: int, reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(",".join(HEADERS).encode() + b"\n" + body)
    chunks = read(path)
    assert [(bad.row, bad.reason) for chunk in chunks for bad in chunk.bad] == [(row, reason)]
    assert [found[1] for found in rows(chunks)] == ["1", "3"]
    assert len(chunks[0].bad[0].raw) < 10_000


def test_reading_can_start_anywhere_and_chunks_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("订单号,商品,金额\n" + "".join(f"{n},a,{n}\n" for n in range(1, 26)), "utf-8")
    whole = rows(read(path))
    cut = read(path, "chunk_rows = 10")
    assert [len(chunk.root) for chunk in cut] == [10, 10, 5]
    assert [chunk.next_row for chunk in cut] == [12, 22, 27]
    assert rows(cut) == whole
    assert rows(read(path, "chunk_rows = 10", start=12)) == whole[10:]


@given(
    st.lists(st.lists(st.text(alphabet='ab,"\n\r ;1中', max_size=6), min_size=3, max_size=3), max_size=12),
    st.integers(1, 9),
)
def test_blocks_and_ways_of_reading_agree(table: list[list[str]], size: int) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    text = out.getvalue()
    sheet = _Sheet(["a", "b", "c"], ["a", "b", "c"], ",")
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    found, row = [], 1
    for block in record_blocks(iter(parts)):
        taken = sheet.take(block, row, 1)
        found += taken.frame.select("a", "b", "c").rows() if taken.frame.height else []
        row = taken.next_row
    wanted = [tuple(cells) for cells in table if any(cell.strip() for cell in cells)]
    assert found == wanted
    assert row == len(table) + 1


@given(st.lists(st.lists(st.text(alphabet="ab1中.- ", max_size=5), min_size=3, max_size=3), min_size=1, max_size=12))
def test_the_fast_way_equals_the_careful_way(table: list[list[str]]) -> None:
    text = "".join(",".join(cells) + "\n" for cells in table)
    sheet = _Sheet(["a", "b", "c"], ["a", "c"], ",")
    fast, careful = sheet._fast(text, 5, 6), sheet._careful(text, 5, 6)
    assert fast is not None
    assert fast.next_row == careful.next_row
    assert fast.blank == careful.blank
    if careful.frame.height:
        assert fast.frame.fill_null("").rows() == careful.frame.select(fast.frame.columns).rows()


def test_an_xlsx_sheet_gives_what_a_person_sees(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "订单"
    for row in [
        ["提示"],
        HEADERS,
        ["'1", "=1+1", 2.5],
        [690000000000, "是", 12],
        [6900000000000000001, "x", True],
        [None, None, None],
        ["9", "y", "1"],
    ]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    found = rows(read(tmp_path / "a.xlsx", sheet="订单"))
    assert found[0][:2] == (3, "'1")
    assert found[1] == (4, "690000000000", "是", "12")
    assert "E+" in found[2][1]  # the spreadsheet lost the end of this id: readers must not pretend otherwise
    assert found[2][3] == "true"
    assert found[3] == (7, "9", "y", "1")


def test_json_lines_keep_digits_and_park_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"订单号":6900000000000000001,"商品":"a","金额":17.80}\n{"订单号":\n\n{"订单号":2,"商品":null,"金额":1e2}\n',
        "utf-8",
    )
    chunks = read(path, needs={"": HEADERS})
    assert rows(chunks) == [(1, "6900000000000000001", "a", "17.80"), (3, "2", None, "1e2")]
    assert [(bad.row, bad.reason) for bad in chunks[0].bad] == [(2, "malformed")]


def test_nested_levels_see_what_stands_around_them(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps(
            {
                "shop": "s",
                "list": [
                    {"id": 1, "secret": "x", "in": {"lines": [{"n": 1}, {"n": 2}]}},
                    {"id": 2, "in": {"lines": {"n": 3}}},
                ],
            }
        ),
        "utf-8",
    )
    needs = {"": ["id", "^.shop", "in.lines.1.n", "secret"], "in.lines[]": ["n", "^.id", "^^.shop"]}
    chunk = read(path, 'rows = "list[]"\ndrop = ["secret"]', needs=needs)[0]
    assert chunk.root.select("id", "^.shop", "in.lines.1.n", "secret").rows() == [
        ("1", "s", "2", None),
        ("2", "s", None, None),
    ]
    assert chunk.levels["in.lines[]"].select("n", "^.id", "^^.shop", "$i").rows() == [
        ("1", "1", "s", 1),
        ("2", "1", "s", 2),
        ("3", "2", "s", 1),
    ]
    assert json.loads(chunk.raw_row(2)) == {"^": [{"shop": "s"}], "id": 2, "in": {"lines": {"n": 3}}}


def test_xml_rows_are_elements_with_attributes_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<i k="1"><d p="1,2">哈 &amp; b</d><e/><d p="3"><x>y</x></d></i>', "utf-8")
    chunk = read(path, 'rows = "d[]"', needs={"": ["@p", "#text", "x", "^.@k"]})[0]
    assert chunk.root.select("@p", "#text", "x", "^.@k").rows() == [("1,2", "哈 & b", None, "1"), ("3", None, "y", "1")]


def test_danmaku_xml_and_protobuf_say_the_same(data: Path) -> None:
    samples = data / "platform_fields" / "samples"
    xml = read(samples / "bilibili_danmaku.xml", 'rows = "d[]"', needs={"": ["@p", "#text"]})[0].root.rows()
    seg = read(samples / "bilibili_danmaku_seg.bin", needs={"": ["idStr", "progress", "ctime", "midHash", "content"]})[
        0
    ].root
    for (p, text, *_), one in zip(xml, seg.iter_rows(named=True), strict=False):
        parts = p.split(",")
        assert (one["idStr"], one["midHash"], one["ctime"], one["content"]) == (parts[7], parts[6], parts[4], text)
        assert float(parts[0]) * 1000 == float(one["progress"] or 0)


@given(st.binary(max_size=200))
def test_protobuf_never_fails_but_by_value_error(data: bytes) -> None:
    size = 0
    with suppress(ValueError):
        for _field, value in message(data):
            size += len(value) if isinstance(value, bytes) else 1
    assert size <= len(data)  # what comes out was in the message


def test_chat_text_is_split_at_name_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(
        "客服:小测 2026-01-02 10:00:01\r\n亲 16:00 前付款\r\n[图片]\r\n\r\nt**1 2026/1/2 10:00\r\n好\r\n".encode(
            "gb18030"
        )
    )
    chunk = read(path, 'format = "chat"', needs={"": ["name", "time", "text"]})[0]
    assert chunk.root.select("name", "time", "text").rows() == [
        ("客服:小测", "2026-01-02 10:00:01", "亲 16:00 前付款\n[图片]"), ("t**1", "2026/1/2 10:00", "好"),
    ]  # fmt: skip


def test_parquet_reads_slices_of_the_needed_columns(tmp_path: Path) -> None:
    frame = pl.DataFrame({"订单号": range(1, 26), "商品": ["a"] * 25, "金额": [1.5] * 25})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=7)
    cut = read(tmp_path / "a.parquet", "chunk_rows = 10", start=4)
    assert [(len(chunk.root), chunk.next_row) for chunk in cut] == [(10, 14), (10, 24), (2, 26)]
    assert cut[0].root.schema["订单号"] == pl.Int64
    assert cut[0].root[ROW][0] == 4


def test_gz_and_zip_are_opened_by_themselves(tmp_path: Path) -> None:
    text = "订单号,商品,金额\n1,a,2\n".encode()
    (tmp_path / "a.csv").write_bytes(gzip.compress(text))
    assert rows(read(tmp_path / "a.csv")) == [(2, "1", "a", "2")]
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/一.csv", text)
        archive.writestr("__MACOSX/x", b"")
        archive.writestr("二.csv.gz", gzip.compress(text))
    members = expand(tmp_path / "b.zip")
    assert [member.name for member in members] == ["b.zip!x/一.csv", "b.zip!二.csv.gz"]
    with members[1].stream() as stream:
        assert stream.read() == text


def test_a_file_without_the_header_says_which_columns_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="订单号"):
        read(path)


def test_a_large_file_passes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rng = random.Random(1)
    lines = [
        f'{n},"商品{"，" * rng.randrange(40)}\n第二行",{n}.00\n' if n % 7 == 0 else f"{n},商品,{n}.00\n"
        for n in range(200_000)
    ]
    path.write_text("订单号,商品,金额\n" + "".join(lines), "utf-8")
    chunks = read(path, "chunk_rows = 50000")
    assert [row[1] for row in rows(chunks)] == [str(n) for n in range(200_000)]
