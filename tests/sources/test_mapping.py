"""Mapping: rows become the events that the preset says, every row is accounted for, however the file is cut."""

import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from guanxi.core import SettingError
from guanxi.engines.sources import Chunk, Preset, map_rows, open_source, preset, presets, read_preset, recognise

ORDERS = """
id = "orders"
zh = "订单"
platform = "taobao"
[match]
headers = ["order", "sku", "paid"]
[read]
group = ["order"]
drop = ["phone"]
totals = { column = "order", values = ["总计"], compare = ["paid"] }
skip = [{ reason = "gift", when = [{ column = "sku", matches = "^gift" }] }]
[states.order]
"成交" = "finished"
"关闭" = "closed"
[settings.shop]
default = "s1"
[shared.order]
per = "group"
key = ["order"]
at = "time"
refs.order = "order"
[[event]]
kind = "Order Created"
use = ["order"]
properties.quantity = { column = "qty", as = "integer", agg = "sum" }
[[event]]
kind = "Order Completed"
use = ["order"]
when = [{ column = "paid", is = "positive" }]
amount = { column = "paid", as = "money", agg = "sum" }
roles.actor = { column = "buyer", masked = "weak" }
roles.shop = "$shop"
properties.status = { column = "state", as = "state", states = "order" }
properties.products = { column = "sku", as = "text", agg = "list" }
[[event]]
kind = "Order Line Recorded"
key = ["order", "sku", "$n"]
at = "time"
amount = { product = ["qty", "price"], as = "money" }
refs.order = "order"
roles.item = "sku"
roles.actor = "buyer"
properties.title = { template = "{sku}/{qty}" }
""".replace('properties.quantity = { column = "qty", as = "integer", agg = "sum" }\n', "")
HEADER = "order,sku,time,qty,price,paid,buyer,state,phone\n"
ROWS = [
    "A1,k1,2026-01-02 10:00:00,2,1.005,2.01,t**1,成交,138",
    'A1,k2,2026-01-02 10:00:00,1,3,"1,003.00",t**1,成交,138',
    "A2,k1,2026-01-03 10:00:00,1,9.99,9.99,bob,关闭,138",
    "A3,gift,2026-01-03 10:00:00,1,0,0,bob,关闭,138",
    "A3,k3,2026-01-03 10:00:00,1,5,0,bob,关闭,138",
    "总计,-,-,-,-,1500.00,-,-,-",
]


def orders(tmp_path: Path, rows: list[str], **changes: str) -> Path:
    path = tmp_path / "o.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    return path


def mapping(text: str = ORDERS) -> Preset:
    return read_preset(text, "orders.toml")


def facts(chunks: list[Chunk]) -> list[str]:
    """Every event as text, sorted: two readings are equal when these are."""
    found = []
    for chunk in chunks:
        for batch in chunk.batches:
            for row in batch.frame.iter_rows(named=True):
                cells = {name: str(cell) for name, cell in sorted(row.items()) if cell is not None}
                found.append(json.dumps([batch.kind, cells], ensure_ascii=False))
    return sorted(found)


def frame(chunks: list[Chunk], kind: str) -> pl.DataFrame:
    return pl.concat([b.frame for c in chunks for b in c.batches if b.kind == kind], how="diagonal")


def test_rows_become_orders_and_lines(tmp_path: Path) -> None:
    chunks = list(open_source(orders(tmp_path, ROWS), mapping()))
    paid = frame(chunks, "Order Completed")
    assert paid.select("row", "nk", "amount", "role_actor", "role_shop", "p_status", "currency").rows() == [
        (2, "A1", 100501, "account:taobao~masked:t**1", "shop:taobao:s1", "finished", "CNY"),
        (4, "A2", 999, "account:taobao:bob", "shop:taobao:s1", "closed", "CNY"),
    ]
    assert paid["p_products"].to_list() == ['["k1","k2"]', '["k1"]']
    assert paid["repairs"].to_list() == ["amount:thousands", None]
    assert paid["at_ms"][0] == 1767319200000  # 10:00 in Shanghai is 02:00 UTC
    lines = frame(chunks, "Order Line Recorded")
    assert lines.select("nk", "amount", "role_item", "role_actor", "p_title").rows() == [
        ("A1\x1fk1\x1f1", 201, "item:taobao:k1", None, "k1/2"),
        ("A1\x1fk2\x1f2", 300, "item:taobao:k2", None, "k2/1"),
        ("A2\x1fk1\x1f1", 999, "item:taobao:k1", "account:taobao:bob", "k1/1"),
        ("A3\x1fk3\x1f1", 500, "item:taobao:k3", "account:taobao:bob", "k3/1"),
    ]
    (chunk,) = chunks
    assert (chunk.rows, chunk.accepted, chunk.skipped, chunk.parked) == (6, 4, {"total": 1, "gift": 1}, [])
    assert chunk.notes == {"actor:masked": 2}
    (gap,) = chunk.totals
    assert (gap.column, gap.stated, gap.summed, gap.gap) == ("paid", Decimal("1500"), Decimal("1015"), Decimal("485"))


@pytest.mark.parametrize(
    ("bad", "field", "reason"),
    [
        pytest.param("A1,k2,2026-01-02 10:00:00,1,3,viel,t**1,成交,138", "paid", "amount", id="money"),
        pytest.param("A1,k2,gestern,1,3,3,t**1,成交,138", "time", "time", id="time"),
        pytest.param("A1,k2,2026-01-02 10:00:00,1,3,3,t**1,改签,138", "state", "state-unknown", id="status"),
        pytest.param("A1,6.90E+18,2026-01-02 10:00:00,1,3,3,t**1,成交,138", "sku", "id-destroyed", id="id"),
        pytest.param("A1,,2026-01-02 10:00:00,1,3,3,t**1,成交,138", "sku", "id-missing", id="key"),
        pytest.param("A1,k2,2099-01-02 10:00:00,1,3,3,t**1,成交,138", "time", "time", id="future"),
        pytest.param("A1,k2,2026-01-02 10:00:00,1,3,3,t**1,成交,138,more", "", "malformed", id="cells"),
    ],
)  # fmt: skip
def test_a_bad_row_parks_its_whole_order_and_is_replayed_with_it(
    tmp_path: Path, bad: str, field: str, reason: str
) -> None:
    path = orders(tmp_path, [ROWS[0], bad, *ROWS[2:]])
    (chunk,) = open_source(path, mapping(), latest_ms=1_800_000_000_000)
    assert [(p.row, p.reason) for p in chunk.parked] == [(2, "group"), (3, reason)]
    own = next(p for p in chunk.parked if p.row == 3)
    assert own.field == field
    assert chunk.rows == 6 == chunk.accepted + len(chunk.parked) + sum(chunk.skipped.values())
    assert not [one for one in facts([chunk]) if "A1" in one]
    assert "138" not in "".join(p.raw for p in chunk.parked)  # a dropped column does not even reach the parked row
    raws = [(p.row, p.raw) for p in chunk.parked]
    good = json.dumps(
        dict(
            zip(
                HEADER.strip().split(",")[:-1],
                ["A1", "k2", "2026-01-02 10:00:00", "1", "3", "1,003.00", "t**1", "成交"],
                strict=True,
            )
        )
    )
    again = map_rows([raws[0], (raws[1][0], good)], mapping())
    (whole,) = open_source(orders(tmp_path, ROWS), mapping())
    replayed = Chunk(1, "", "", 1, again.rows, again.accepted, again.batches, again.parked, {}, {})
    assert not again.parked
    assert facts([replayed]) == [one for one in facts([whole]) if "A1" in one]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
@pytest.mark.parametrize(
    "order", [(0, 1, 2, 3, 4, 5), (0, 2, 1, 4, 3, 5), (2, 0, 4, 3, 5, 1)], ids=["sorted", "split", "scattered"]
)
def test_the_events_do_not_depend_on_how_the_file_is_cut(tmp_path: Path, size: int, order: tuple[int, ...]) -> None:
    path = orders(tmp_path, [ROWS[place] for place in order])
    whole = list(open_source(path, mapping()))
    cut = list(open_source(path, mapping(), chunk_rows=size))
    assert facts(cut) == facts(whole)
    assert sum(chunk.rows for chunk in cut) == 6
    assert [gap.gap for chunk in cut for gap in chunk.totals] == [Decimal("485")]


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_reading_can_be_resumed_after_any_chunk(tmp_path: Path, stop: int) -> None:
    path = orders(tmp_path, [ROWS[place] for place in (0, 2, 1, 4, 3, 5)])
    whole = list(open_source(path, mapping(), chunk_rows=2))
    again = list(open_source(path, mapping(), chunk_rows=2, cursor=whole[stop - 1].cursor))
    assert facts(whole[:stop] + again) == facts(whole)
    assert sum(chunk.rows for chunk in whole[:stop] + again) == 6


def test_a_setting_must_be_known_and_given(tmp_path: Path) -> None:
    path = orders(tmp_path, ROWS)
    with pytest.raises(SettingError, match="shop"):
        list(open_source(path, mapping(), settings={"store": "x"}))
    with pytest.raises(SettingError, match="--set shop"):
        list(open_source(path, mapping(ORDERS.replace('default = "s1"', 'zh = "店"'))))
    (chunk,) = open_source(path, mapping(), settings={"shop": "9"})
    assert frame([chunk], "Order Completed")["role_shop"][0] == "shop:taobao:9"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "Order Created"', 'kind = "Order Created"\ncolour = "red"', "colour"),
        ("properties.status =", "properties.quantity =", "quantity"),
        ("roles.shop", "roles.rival", "rival"),
        ('states = "order" }', 'states = "none" }', "none"),
        ('use = ["order"]', 'use = ["ordre"]', "ordre"),
        ('is = "positive"', 'is = "big"', "big"),
        ('platform = "taobao"', 'currency = "XYZ"', "XYZ"),
        ('platform = "taobao"', 'zone = "Mars/North"', "Mars"),
        ('matches = "^gift"', 'matches = "(gift"', "regular expression"),
        ("[match]", "[match", "TOML"),
    ],
)
def test_a_mapping_error_names_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        list(open_source(orders(tmp_path, ROWS), mapping(ORDERS.replace(old, new, 1))))


def test_derived_columns_split_match_and_map(tmp_path: Path) -> None:
    text = """
id = "d"
zh = "d"
[match]
headers = ["id", "p"]
[columns.day]
column = "id"
matches = '^(\\d{2})(\\d{2})(\\d{2})-'
replace = "20${1}-${2}-${3}"
[columns.third]
column = "p"
split = ","
part = -1
[columns.word]
column = "third"
map = { "7" = "seven" }
strict = true
[columns.both]
columns = ["word", "third"]
when = [{ any = [{ column = "third", equals = 7 }, { column = "third", in = ["8"] }] }]
[[event]]
kind = "My Kind"
key = ["id"]
at = { column = "day", plus = "1d" }
amount = { sum = ["a"], minus = ["b"], as = "money", negate = true }
properties.word = "both"
properties.coins = { column = "a", as = "money", divide = 1000 }
"""
    path = tmp_path / "d.csv"
    path.write_text('id,p,a,b\n260102-1,"5,7",10,0.5\n260103-2,"5,8",2000,\n260104-3,9,,\n', "utf-8")
    (chunk,) = open_source(path, read_preset(text, "d"))
    assert not chunk.parked
    found = chunk.batches[0].frame
    assert found["at_ms"].to_list() == [1767369600000, 1767456000000, 1767542400000]
    assert found["p_word"].to_list() == ["seven", "8", None]
    assert found["amount"].to_list() == [-950, -200000, None]
    assert found["p_coins"].to_list() == [1, 200, None]


def test_a_workbook_with_several_tables_shares_its_facts(data: Path) -> None:
    text = """
id = "room"
zh = "整场"
platform = "douyin"
[match]
sheets = ["基本信息", "整体看板"]
[[table]]
id = "board"
sheet = "整体看板"
headers = ["直播间观看人数"]
[[table]]
id = "channel"
sheet = "流量分析-渠道分析"
headers = ["渠道名称"]
totals = { column = "渠道名称", values = ["整体"], compare = ["观看人数"] }
[[table]]
id = "flow"
sheet = "流量分析-流量转化"
layout = "vertical"
[facts.span]
sheet = "基本信息"
column = "直播时间"
table = "basic"
[[table]]
id = "basic"
sheet = "基本信息"
headers = ["直播时间"]
[columns.started]
column = "$span"
split = "-"
part = 1
[[event]]
kind = "Board Seen"
table = "board"
at = "started"
properties.stay = { column = "人均观看时长", as = "duration" }
[[event]]
kind = "Channel Seen"
table = "channel"
at = "started"
key = ["渠道名称"]
properties.viewers = { column = "观看人数", as = "integer" }
[[event]]
kind = "Flow Seen"
table = "flow"
at = "started"
properties.buyers = { column = "成交人数", as = "integer" }
"""
    chunks = list(open_source(data / "platform_fields/samples/douyin_live_room.xlsx", read_preset(text, "room")))
    assert not [p for chunk in chunks for p in chunk.parked]
    assert frame(chunks, "Board Seen").select("at_ms", "p_stay").rows() == [(1767312949000, 65.0)]
    assert frame(chunks, "Channel Seen").select("nk", "p_viewers").rows() == [("推荐feed", 4000), ("千川竞价", 2782)]
    assert frame(chunks, "Flow Seen")["p_buyers"].to_list() == [46]
    assert [gap.gap for chunk in chunks for gap in chunk.totals] == [0]


def test_a_return_is_tied_to_the_only_order_that_fits(tmp_path: Path) -> None:
    text = """
id = "retail"
zh = "零售"
[match]
headers = ["Invoice", "Code"]
[tie]
undo = [{ column = "Invoice", matches = "^C" }]
among = [{ column = "Invoice", matches = "^[0-9]" }]
match = ["Customer ID", "Code", "Price"]
at_least = "Quantity"
time = "Date"
order = "Invoice"
[[event]]
kind = "Order Refunded"
when = [{ column = "Invoice", matches = "^C" }]
at = "Date"
refs.order = "tie.order"
properties.untied_reason = "tie.reason"
"""
    day = "2026-01-0{} 10:00:00"
    sold = [
        ("1", "a", 5, 2.5, 7.0, 1),
        ("2", "a", 2, 2.5, 7.0, 2),
        ("3", "b", 1, 1.0, 7.0, 2),
        ("4", "a", 9, 2.5, 8.0, 3),
    ]
    back = [
        ("C1", "a", -4, 2.5, 7.0, 4),
        ("C2", "a", -1, 2.5, 7.0, 4),
        ("C3", "b", -2, 1.0, 7.0, 4),
        ("C4", "b", -1, 1.0, None, 4),
        ("C5", "b", -1, 1.0, 7.0, 1),
    ]
    names = ["Invoice", "Code", "Quantity", "Price", "Customer ID", "Date"]
    table = pl.DataFrame([(*row[:5], day.format(row[5])) for row in back[:1] + sold + back[1:]], names, orient="row")
    table.write_parquet(tmp_path / "r.parquet")
    chunks = list(open_source(tmp_path / "r.parquet", read_preset(text, "r"), chunk_rows=2))
    found = frame(chunks, "Order Refunded").sort("row")
    assert found["ref_order"].to_list() == ["1", None, None, None, None]
    assert found["p_untied_reason"].to_list() == [None, "several", "no-candidate", "no-customer-id", "no-candidate"]
    assert sum(chunk.skipped.get("no-event", 0) for chunk in chunks) == 4


@pytest.mark.parametrize(
    ("name", "orders", "paid"),
    [("douyin_order.csv", 2, 122790), ("jd_order.gbk.csv", 2, 48000), ("doudian_order_searchList.json", 1, 119900)],
)
def test_order_money_is_counted_once(data: Path, name: str, orders: int, paid: int) -> None:
    path = data / "platform_fields/samples" / name
    chunks = list(open_source(path, preset(recognise(path)[0].preset)))
    assert not [p for chunk in chunks for p in chunk.parked]
    assert frame(chunks, "Order Created").height == orders
    assert frame(chunks, "Order Completed")["amount"].sum() == paid


def test_the_complete_journey_is_whole_however_it_is_cut(data: Path) -> None:
    path = data / "complete_journey/transactions.parquet"
    lines = orders = rows = 0
    for chunk in open_source(path, presets()["complete_journey_transactions"], chunk_rows=600_000):
        rows += chunk.rows
        assert not chunk.parked
        for batch in chunk.batches:
            total = batch.frame["amount"].sum()
            lines += total if batch.kind == "Order Line Recorded" else 0
            orders += total if batch.kind == "Order Completed" else 0
    raw = pl.scan_parquet(path).select((pl.col("sales_value") * 100).round().cast(pl.Int64).sum()).collect().item()
    assert (rows, lines, orders) == (1_469_307, raw, raw)
