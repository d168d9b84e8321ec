"""Hostile and broken files: a clear error or parked rows, never another exception, never a hang."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.engines.sources import Opened, Preset, open_source, read_preset, recognise, suggest

TEXT = """
id = "t"
zh = "t"
[match]
any_headers = [["id", "at"]]
[read]
group = ["id"]
FORMAT
[[event]]
kind = "Thing Seen"
per = "group"
at = "at"
key = ["id"]
amount = { column = "n", as = "money", agg = "sum" }
properties.b = { column = "b", agg = "list" }
"""


def mapping(form: str = "") -> Preset:
    return read_preset(TEXT.replace("FORMAT", f'format = "{form}"' if form else ""), "t")


def csv_text(rows: int) -> bytes:
    return b"id,at,n,b\n" + b"".join(b"%d,2026-01-02 10:00:00,%d.50,x\n" % (n, n * 7919 % 1000) for n in range(rows))


def test_a_truncated_gz_says_how_many_rows_were_read_well(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    packed = gzip.compress(csv_text(400_000))
    path.write_bytes(packed[: len(packed) * 9 // 10])
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged.*rows were read well"):
        list(open_source(path, mapping(), chunk_rows=1000))


def test_a_gz_bomb_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"id,at,n,b\n")
        for _ in range(100):
            file.write(bytes(1 << 20))
    with pytest.raises(DataError, match="unpacks to more than"):
        list(open_source(path, mapping()))


def test_a_zip_bomb_is_stopped_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(100 << 20))
    with pytest.raises(DataError, match="unpacks to more than"):
        list(open_source(path, mapping()))


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("form", ["zip", "parquet", "xlsx"])
def test_a_cut_file_names_itself_and_the_mend(tmp_path: Path, form: str, share: float) -> None:
    path = tmp_path / f"a.{form}"
    buffer = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", csv_text(1000))
    elif form == "parquet":
        pl.read_csv(csv_text(1000)).write_parquet(buffer)
    else:
        book = openpyxl.Workbook()
        book.active.append(["id", "at"])
        book.save(buffer)
    data = buffer.getvalue()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=path.name) as caught:
        list(open_source(path, mapping()))
    assert caught.value.mend


def test_a_zip_member_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", csv_text(10))
    path.write_bytes(path.read_bytes().replace(b"2026-01-02", b"2026-01-03", 1))
    with pytest.raises(DataError, match="damaged"):
        list(open_source(path, mapping()))


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/vbaProject.bin", b"x"),
        ("xl/worksheets/evil.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("xl/worksheets/evil.xml", '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16")),
    ],
    ids=["macro", "entity", "entity-utf16"],
)
def test_a_workbook_with_macros_or_entities_is_refused(tmp_path: Path, part: str, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["id", "at"])
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(part, content)
    with pytest.raises(DataError, match=r"macros|entities"):
        list(open_source(path, mapping()))


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<!DOCTYPE i [<!ENTITY x SYSTEM "file:///etc/passwd">]><i><id>&x;</id></i>')
    with pytest.raises(DataError, match="entities"):
        list(open_source(path, mapping("xml")))


def test_formulas_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,at,n,b\n1,2026-01-02 10:00:00,1,\"=cmd|'/c calc'!A1\"\n")
    (chunk,) = open_source(path, mapping())
    assert json.loads(chunk.batches[0].frame["p_b"][0]) == ["=cmd|'/c calc'!A1"]


def packed(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", data)
    return buffer.getvalue()


MAGIC = [
    b"", b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"[", b"<", b"\n", b"id,at,n,b\n",
    b'[{"id":1,"at":2},', b"<i><id>", b"\xd0\xcf\x11\xe0",
]  # fmt: skip
MARKS = [
    b'"', b",", b"\n", b"\r\n", b"1,2026-01-02,3,x\n", b'"a\nb"',
    b"\x00", b"\xef\xbf\xbd", b"PAR1", b"</i>", b"{}", b"id,at",
]  # fmt: skip
PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(MARKS),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
)
WRAPS = {"": lambda data: data, "gz": gzip.compress, "zip": packed}
FORMS = ["", "csv", "json", "jsonl", "xml", "parquet", "xlsx", "danmaku", "chat"]


def outcome(act: Callable[[], object]) -> str:
    """What came of a call: "done", or the mend of the one kind of error that is allowed."""
    try:
        act()
    except DataError as error:
        return error.mend
    return "done"


@settings(max_examples=150)
@given(st.sampled_from(MAGIC), st.lists(PIECES, max_size=8), st.sampled_from(sorted(WRAPS)), st.sampled_from(FORMS))
def test_any_bytes_give_rows_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, magic: bytes, pieces: list[bytes], wrap: str, form: str
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.csv"
    path.write_bytes(WRAPS[wrap](magic + b"".join(pieces)))
    preset = mapping(form)
    assert outcome(lambda: list(open_source(path, preset, chunk_rows=2)))
    assert outcome(lambda: recognise(path, among={"t": preset}))
    assert outcome(lambda: suggest(path))


CELL = st.text(max_size=12)


@settings(max_examples=60)
@given(st.lists(st.tuples(CELL, CELL, CELL, CELL), max_size=8))
def test_any_cells_are_accepted_parked_or_skipped(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.mktemp("cells") / "a.jsonl"
    rows = [{"id": "seed", "at": "2026-01-02"}, *(dict(zip(("id", "at", "n", "b"), row, strict=True)) for row in table)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    chunks = list(open_source(path, mapping(), chunk_rows=3))
    assert sum(chunk.rows for chunk in chunks) == len(rows)
    for chunk in chunks:
        assert chunk.rows == chunk.accepted + len(chunk.parked) + sum(chunk.skipped.values())


def test_a_damaged_parquet_page_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.read_csv(csv_text(5000)).write_parquet(path)
    data = bytearray(path.read_bytes())
    for place in range(40, 4000, 7):
        data[place] ^= 0x5A
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.parquet"):
        list(open_source(Opened(path), mapping()))
