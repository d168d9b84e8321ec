"""The presets of shops against the tables of fields and states: nothing that matters is left out, people stay apart."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guanxi.engines.sources import Preset, preset
from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.preset import Derived, EventRow, Value
from guanxi.events import shipped

SHOPS = [
    "taobao_order_list", "taobao_order_detail", "taobao_order_report", "taobao_trades_sold_get", "douyin_order",
    "doudian_order_api",
    "douyin_settlement_by_order", "douyin_account_flow", "jd_order", "jd_settlement", "pdd_order",
    "pdd_order_information_get",
    "pdd_settlement", "kuaishou_order", "kuaishou_order_api", "wechat_shop_order", "wechat_shop_order_api",
    "xiaohongshu_order",
    "xiaohongshu_order_api", "youzan_order",
]  # fmt: skip
PERSON = re.compile(
    r"姓名|^收[件货]人($|/)|手机|电话|地址$|街道|昵称|会员名|支付宝账号|下单帐号|留言|备注(?!标记)|分销员"
    r"|receiver_(name|phone|address)|post_(receiver|tel)|user_name|tel_number|buyerNick|buyer_nick|remark$|memo|_words|buyer_message|author_name|customerRemark"
)


def columns_of(value: Any, row: Preset) -> Iterator[str]:
    """Yield the columns of the file that a value reads, through derived columns."""
    names = (
        [value]
        if isinstance(value, str)
        else [value.column, *value.columns]
        if isinstance(value, Value | Derived)
        else list(value or ())
    )
    if isinstance(value, Value):
        names += [*value.sum, *value.minus, *value.product]
    if isinstance(value, Value | Derived):
        names += re.findall(r"\{([^{}]+)\}", value.template)
    for name in filter(None, names):
        inner = row.columns.get(name.removeprefix("^."))
        yield from columns_of(inner, row) if inner is not None else [name.removeprefix("^.")]


@pytest.mark.parametrize("name", SHOPS)
def test_personal_columns_go_into_personal_properties(name: str) -> None:
    row = preset(name)
    for event in row.events:
        declared = shipped()[event.kind].properties
        for prop, value in event.properties.items():
            if any(PERSON.search(column) for column in columns_of(value, row)):
                assert prop in declared, f"{event.kind}.{prop} is not declared"
                assert declared[prop].personal, f"{event.kind}.{prop} is not personal"


def read_columns(row: Preset) -> set[str]:
    def of(event: EventRow) -> Iterator[str]:
        for value in (event.at, event.amount, *event.roles.values(), *event.refs.values(), *event.properties.values()):
            if value is not None:
                yield from columns_of(value, row)

    drop = {name for table in row.tables for name in table.drop}
    return {name.split("[].")[-1] for event in row.events for name in of(event)} | drop


REPORTS = {
    # preset -> (table of fields, start of report_or_api, fields that are read under another name or not at all)
    "taobao_order_list": ("taobao", "ExportOrderList", {"返点积分", "买家支付积分"}),
    "taobao_order_detail": ("taobao", "ExportOrderDetailList", {"备注"}),
    "douyin_order": ("douyin", "order export CSV", set()),
    "douyin_account_flow": ("douyin", "settlement (动账)", set()),
    "jd_order": ("jd", "order export CSV", set()),
    "jd_settlement": ("jd", "settlement (对账)", set()),
    "pdd_order": ("pinduoduo", "order export CSV", set()),
    "pdd_order_information_get": ("pinduoduo", "pdd.order.information.get: order_info", set()),
    "pdd_settlement": ("pinduoduo", "settlement (对账)", set()),
    "kuaishou_order": ("kuaishou", "order export", set()),
    "wechat_shop_order": ("wechat", "order export", set()),
    "xiaohongshu_order": ("xiaohongshu", "order export XLSX", {"商品名称"}),
    "xiaohongshu_order_api": ("xiaohongshu", "order.get", set()),
    "youzan_order": ("generic", "order export CSV (order rows)", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_every_field_that_maps_to_an_event_is_read(name: str, data_file: Callable[[str], Path]) -> None:
    table, report, other = REPORTS[name]
    read = set(map(clean_header, read_columns(preset(name))))
    rows = fields(data_file(f"platform_fields/{table}.csv"), report)
    wanted = {label for label, target in rows.items() if not target.startswith("keep")}
    assert wanted
    assert wanted - read - other == set()
    drop = {clean_header(column) for column in preset(name).tables[0].drop}
    assert {label for label, target in rows.items() if target.startswith("DROP")} <= drop


def fields(path: Path, report: str) -> dict[str, str]:
    """Return the cleaned header, or the field of an API, -> what it maps to."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["report_or_api"].startswith(report)]
    chinese = re.compile("[\u4e00-\u9fff]")
    return {
        clean_header(row["field"]): row["maps_to"]
        for row in rows
        if row["field"].isascii() or chinese.search(row["field"])
    }


STATES = {
    # platform and place in states.csv -> preset and its tables of states
    ("taobao", "order export 订单状态"): ("taobao_order_list", ("order",)),
    ("taobao", "TOP trade.status"): ("taobao_trades_sold_get", ("order",)),
    ("douyin", "order_status"): ("doudian_order_api", ("order",)),
    ("douyin", "after_sale_status"): ("doudian_order_api", ("aftersale",)),
    ("douyin", "order export 订单状态 / 售后状态"): ("douyin_order", ("order", "aftersale")),
    ("xiaohongshu", "orderStatus"): ("xiaohongshu_order_api", ("order",)),
    ("pinduoduo", "order export"): ("pdd_order", ("order", "aftersale")),
    ("pinduoduo", "order_status / refund_status"): ("pdd_order_information_get", ("order", "refund")),
    ("kuaishou", "order export 订单状态"): ("kuaishou_order", ("order",)),
    ("wechat", "微信小店 status"): ("wechat_shop_order_api", ("order",)),
    ("jd", "order export 订单状态"): ("jd_order", ("order",)),
    ("youzan", "order export 订单状态"): ("youzan_order", ("order",)),
}


@pytest.mark.parametrize(("platform", "where"), STATES)
def test_every_known_state_means_what_the_table_says(
    platform: str, where: str, data_file: Callable[[str], Path]
) -> None:
    name, tables = STATES[platform, where]
    known = {text: state for table in tables for text, state in preset(name).states[table].items()}
    if "refund" in tables:  # its codes are numbers as well
        known = preset(name).states["order"] | {
            f"refund {code}": state for code, state in preset(name).states["refund"].items()
        }
    with data_file("platform_fields/states.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["platform"], row["where"]) == (platform, where)]
    stated = {row["value"]: row["our_status"] for row in rows if row["value"] != "-"}
    assert stated
    assert {text: known.get(text) for text in stated} == stated


@pytest.mark.parametrize("name", SHOPS)
def test_a_preset_says_where_it_was_seen_and_marks_what_it_guesses(name: str) -> None:
    row = preset(name)
    assert len(row.evidence) > 20
    assert row.platform
    assert row.zone == "Asia/Shanghai"
    assert all(event.key for event in row.events)
