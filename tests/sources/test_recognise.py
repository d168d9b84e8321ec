"""Recognition: what a file is, by its content; file names lie."""

import gzip
import shutil
from pathlib import Path

import pytest

from guanxi.core import DataError, NotFound, SettingError
from guanxi.engines.sources import preset, presets, read_preset, recognise

OWN = {
    "douyin_order.csv": "douyin_order",
    "jd_order.gbk.csv": "jd_order",
    "doudian_order_searchList.json": "doudian_order_api",
}


@pytest.mark.parametrize("name", OWN)
def test_the_content_decides_whatever_the_name_says(data: Path, tmp_path: Path, name: str) -> None:
    lying = tmp_path / "photo.jpeg"
    shutil.copyfile(data / "platform_fields/samples" / name, lying)
    assert recognise(lying)[0].preset == OWN[name]
    packed = tmp_path / "data.bin"
    packed.write_bytes(gzip.compress(lying.read_bytes()))
    assert recognise(packed)[0].preset == OWN[name]


def test_short_gbk_text_that_is_valid_utf8_is_still_known_by_its_header(tmp_path: Path) -> None:
    row = read_preset('id = "u"\nzh = "u"\n[match]\nheaders = ["联通", "联"]', "u")
    path = tmp_path / "a.csv"
    path.write_bytes("联通,联\n".encode("gbk"))
    assert [found.preset for found in recognise(path, among={"u": row})] == ["u"]


@pytest.mark.parametrize(
    ("match", "content", "fits"),
    [
        ('headers = ["a", "b"]', "banner\nb;a;c\n", True),
        ('headers = ["a", "b"]\nnot_headers = ["c"]', "a,b,c\n", False),
        ('any_headers = [["x"], ["b"]]', "a,b\n", True),
        ('any_headers = [["x"], ["y"]]', "a,b\n", False),
        ('json = ["list[].id"]', '{"list": [{"no": 1}, {"id": 2}]}', True),
        ('json = ["list[].id"]', '{"list": []}', False),
        ('json = ["id"]\njson_equals = { "type" = "push" }', '{"id": 1, "type": "push"}\n{"id": 2}', True),
        ('json = ["id"]\njson_equals = { "type" = "push" }', '{"id": 1, "type": "pull"}', False),
        ('xml = "i/d"', "<i><d/></i>", True),
        ('xml = "x"', "<i><d/></i>", False),
        ('format = "chat"', "甲 2026-01-02 10:00:00\n好\n", True),
    ],
)
def test_signs(tmp_path: Path, match: str, content: str, fits: bool) -> None:
    path = tmp_path / "f"
    path.write_text(content, "utf-8")
    row = read_preset(f'id = "p"\nzh = "p"\n[match]\n{match}', "p")
    assert bool(recognise(path, among={"p": row})) is fits


def test_more_signs_are_surer(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a,b,c\n")
    heads = {"two": '["a","b"]', "three": '["a","b","c"]'}
    rows = {
        name: read_preset(f'id = "{name}"\nzh = "x"\n[match]\nheaders = {head}', name) for name, head in heads.items()
    }
    assert [found.preset for found in recognise(path, among=rows)] == ["three", "two"]


def test_the_door_to_presets(tmp_path: Path) -> None:
    assert preset("douyin-order") is presets()["douyin_order"]
    with pytest.raises(NotFound, match="douyin_order"):
        preset("nothing")
    with pytest.raises(NotFound, match="mapping suggest"):
        preset(str(tmp_path / "no.toml"))
    (tmp_path / "m.toml").write_text('id = "m"')
    with pytest.raises(SettingError, match="zh"):
        preset(str(tmp_path / "m.toml"))
    with pytest.raises(NotFound):
        recognise(tmp_path / "no.csv")
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))
    with pytest.raises(DataError, match="xlsx"):
        recognise(tmp_path / "a.xls")
