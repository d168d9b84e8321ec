"""Suggest: a draft mapping that can be read back, with the guesses a person would make."""

from pathlib import Path

import pytest

from guanxi.core import DataError
from guanxi.engines.sources import open_source, read_preset, suggest


def test_every_sample_gets_a_draft_that_can_be_read(data: Path) -> None:
    samples = sorted((data / "platform_fields/samples").iterdir())
    drafted = 0
    for path in samples:
        if path.suffix in (".xml", ".bin", ".txt"):
            continue
        drafted += bool(read_preset(suggest(path), path.name).match)
    assert drafted == 39


@pytest.mark.parametrize(
    ("name", "order", "paid"),
    [
        ("taobao_order_list.gbk.csv", "订单编号", "订单付款时间"),
        ("jd_order.gbk.csv", "订单号", "付款确认时间"),
        ("youzan_order.csv", "订单号", "买家付款时间"),
    ],
)
def test_orders_are_seen_as_orders(data: Path, name: str, order: str, paid: str) -> None:
    row = read_preset(suggest(data / "platform_fields/samples" / name), name)
    event = next(one for one in row.events if one.kind != "Order Created")
    assert (event.kind, event.key, row.tables[0].group) == ("Order Completed", (order,), (order,))
    assert event.at[0] == paid
    assert any("手机" in column or "电话" in column for column in row.tables[0].drop)


def test_an_english_draft_imports_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sales 2026.csv"
    header = "Order ID,Customer ID,Order Date,SKU ID,Qty,Unit Price,Total Amount\n"
    path.write_text(header + "1001,c1,2026-01-02,s1,2,1.50,3.00\n1001,c1,2026-01-02,s2,1,2.00,2.00\n")
    (chunk,) = open_source(path, read_preset(suggest(path), "draft"))
    assert not chunk.parked
    amounts = {batch.kind: batch.frame["amount"].to_list() for batch in chunk.batches}
    assert amounts == {"Order Completed": [500], "Order Line Recorded": [300, 200]}


def test_a_file_of_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(DataError):
        suggest(tmp_path / "a.csv")


def test_a_draft_makes_no_paid_order_of_an_unpaid_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        '订单号,下单时间,支付时间,门店,实付金额(元)\n1001,2026-01-02 10:00:00,2026-01-02 10:01:00,一店,"1,234.50"\n'
        "1002,2026-01-03 10:00:00,,二店,99\n1003,2026-01-04 10:00:00,,二店,¥88\n",
        "utf-8",
    )
    (chunk,) = open_source(path, read_preset(suggest(path), "draft"))
    assert not chunk.parked
    amounts = {batch.kind: batch.frame["amount"].to_list() for batch in chunk.batches}
    assert amounts == {"Order Created": [123_450, 9_900, 8_800], "Order Completed": [123_450]}
