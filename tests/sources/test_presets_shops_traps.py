"""The traps of shop files, each in a tiny file of its own: states, money, ids, drifting names."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guanxi.engines.sources import expand, map_rows, preset, recognise

Read = Callable[..., Any]
Sheet = Callable[..., bytes]
Rows = list[dict[str, Any]]

TAOBAO = {
    "订单编号": '="9000000000000000001"', "买家应付货款": "120.00", "买家应付邮费": "8.00", "总金额": "128.00",
    "买家会员名": "t**1", "买家实际支付金额": "118.00", "订单状态": "交易成功", "订单创建时间": "2026/1/2 9:05",
    "订单付款时间 ": "2026-01-02 10:00:00", "宝贝标题 ": "膜", "宝贝种类 ": "1", "宝贝总数量": "2", "店铺Id": "0",
    "订单关闭原因": "订单未关闭",
}  # fmt: skip
DETAIL = {
    "订单编号": '="9000000000000000001"',
    "标题": "膜",
    "价格": "64.00",
    "购买数量": "2",
    "外部系统编号": "",
    "商家编码": "",
}
DOUYIN = {
    "主订单编号": "\t690000001", "子订单编号": "\t690000001", "选购商品": "膜", "商品规格": "盒", "商品数量": "1",
    "商品ID": "\t350000001", "商品单价": "69.00", "订单应付金额": "28.90", "收件人手机号": "$$C1$$",
    "订单提交时间": "2026-01-02 20:15:10",
    "支付完成时间": "2026-01-02 20:16:10", "订单状态": "待发货", "售后状态": "-", "序列号": "SN-SECRET",
}  # fmt: skip
FLOW = {
    "动账时间": "2026-01-12 05:59:20", "动账流水号": "F1", "动账方向": "出账", "动账金额": "2.50", "动账场景": "提现",
    "订单号": "",
}  # fmt: skip
JD = {
    "订单号": "300000000001", "商品ID": "1001", "商品名称": "壶", "订购数量": "1", "下单时间": "2026-01-02 10:00:00",
    "京东价": "250.00",
    "订单金额": "500.00", "应付金额": "480.00", "结算金额": "470.00", "订单状态": "完成", "下单帐号": "jd_real",
    "付款确认时间": "2026-01-02 10:01:00",
}  # fmt: skip
JD_BILL = {
    "订单编号": "300000000001", "商品编号": "1001", "费用名称": "货款", "应结金额": "480.00", "币种": "CNY",
    "收支方向": "收入",
    "预计结算时间": "", "账单生成时间": "20260116", "到账时间": "",
}  # fmt: skip
PDD = {
    "商品": "巾", "订单号": "260102-600000000000001\t", "订单状态": "待发货", "邮费(元)": "3",
    "用户实付金额(元)": "14.8",
    "商家实收金额(元)": "15.8", "商品数量(件)": "1", "支付时间": "2026-01-02 12:00:00", "商品id": "754000000001",
    "售后状态": "无售后或售后取消", "订单成交时间": "2026-01-02 11:59:00", "充值号码": "RECHARGE-1",
    "消费者资料": "ID-CARD-1",
}  # fmt: skip
KUAISHOU = {
    "订单号": "\t2600000001", "订单创建时间": "2026/01/02 21:00:00", "订单支付时间": "2026/01/02 21:00:20",
    "订单状态": "已发货",
    "实付款": "￥1,049.90", "快递费": "10.00", "售后状态": "-", "商品名称": "枣", "商品ID": "21000001",
    "渠道": "分销", "CPS达人ID": "0",
    "团长ID": "-", "快赚客ID": "3000003.0", "实名姓名": "REAL-NAME",
}  # fmt: skip
WECHAT = {
    "订单号": "3700000001", "订单下单时间": "2026-01-02 19:00:00", "支付时间": "2026-01-02 19:01:00",
    "订单状态": "已完成",
    "订单实际支付金额": "168.00", "订单实际收款金额": "109.00", "带货方式": "达人带货", "商品编码(平台)": "1001",
    "SKU编码(自定义)": "",
    "商品价格(单件)": "59.00", "商品实际价格(总共)": "59.00", "商品数量": "1", "商品已退款金额": "0.00",
}  # fmt: skip
RED = {
    "订单号": "P900000001", "订单状态": "已完成", "售后状态": "无售后", "规格ID": "s1", "SKU名称": "香薰",
    "SKU件数": "1", "是否为赠品": "否",
    "用户应付金额(元)": "300.00", "商家应收金额(元)": "310.00", "支付时间": "2026-01-02 16:39:54",
    "订单创建时间": "2026-01-02 16:39:40",
    "商品ID": "66a", "订购人身份证号/ID Number": "ID-NUMBER-1",
}  # fmt: skip
YOUZAN = {
    "订单号": "E2026", "订单状态": "交易完成", "订单创建时间": "2026-01-02 10:00:00",
    "买家付款时间": "2026-01-02 10:01:00",
    "收货人/提货人": "Alice", "全部商品名称": "糕", "商品种类数": "1", "运费": "6.00", "应收订单金额": "106.00",
    "订单实付金额": "106.00",
    "订单实收金额": "100.00", "订单已退款金额": "——",
}  # fmt: skip
SHEETS: dict[str, tuple[dict[str, Any], str]] = {
    # preset -> a good row, and the column of its status
    "taobao_order_list": (TAOBAO, "订单状态"),
    "douyin_order": (DOUYIN, "订单状态"),
    "jd_order": (JD, "订单状态"),
    "pdd_order": (PDD, "订单状态"),
    "kuaishou_order": (KUAISHOU, "订单状态"),
    "wechat_shop_order": (WECHAT, "订单状态"),
    "xiaohongshu_order": (RED, "订单状态"),
    "youzan_order": (YOUZAN, "订单状态"),
}


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("change", ["known", "unpaid", "unknown"])
def test_an_unknown_status_parks_its_row(name: str, change: str, read: Read, tmp_path: Path) -> None:
    row, status = SHEETS[name]
    row = dict(row)
    if change != "known":
        row[status] = "外星人处理中"
    if change == "unpaid":
        row |= {column: "" for column in row if re.search(r"支付.*时间|付款.*时间", column)}
    got = read(name, [row])
    assert [one.preset for one in recognise(tmp_path / "file")][:1] == [name]
    assert ([one.reason for one in got.parked], bool(got.events)) == ((["state-unknown"], False), ([], True))[
        change == "known"
    ]


@pytest.mark.parametrize(
    ("name", "row", "heads"),
    [
        pytest.param("taobao_order_list", TAOBAO | {"订单状态": "交易关闭"}, [
            "Order Completed 01-02 10:00 11800", "Order Created 01-02 09:05 12800", "Order Refunded 01-02 10:00 11800",
        ], id="taobao-closed-after-payment-is-refunded"),
        pytest.param("taobao_order_list", TAOBAO | {"订单状态": "交易关闭", "订单付款时间 ": ""}, [
            "Order Cancelled 01-02 09:05 12800", "Order Created 01-02 09:05 12800",
        ], id="taobao-closed-before-payment-is-cancelled"),
        pytest.param("taobao_order_list", TAOBAO | {"买家实际支付金额": ""}, [
            "Order Completed 01-02 10:00 None", "Order Created 01-02 09:05 12800",
        ], id="a-missing-amount-is-not-zero"),
        pytest.param("douyin_order", DOUYIN | {"订单状态": "已关闭", "支付完成时间": ""}, [
            "Order Cancelled 01-02 20:15 2890", "Order Created 01-02 20:15 2890",
        ], id="douyin-closed-before-payment"),
        pytest.param("douyin_order", DOUYIN | {"订单状态": "已关闭"}, [
            "Order Completed 01-02 20:16 2890", "Order Created 01-02 20:15 2890", "Order Refunded 01-02 20:16 2890",
        ], id="douyin-closed-after-payment"),
        pytest.param("jd_order", JD | {"订单状态": "(删除)等待出库"}, [
            "Order Completed 01-02 10:01 48000", "Order Created 01-02 10:00 48000", "Order Refunded 01-02 10:01 48000",
        ], id="jd-deleted-after-payment"),
        pytest.param("pdd_order", PDD | {"订单状态": "已收货", "售后状态": "退款成功"}, [
            "Order Completed 01-02 12:00 1480", "Order Created 01-02 11:59 1480", "Order Refunded 01-02 12:00 None",
        ], id="pdd-refund-after-shipping-is-of-unknown-size"),
        pytest.param("pdd_order", PDD | {"支付时间": "", "订单成交时间": ""}, [
            "Order Completed 01-02 00:00 1480", "Order Created 01-02 00:00 1480",
        ], id="pdd-blank-times-take-the-day-of-the-id"),
        pytest.param("pdd_order", PDD | {"支付时间": "", "订单状态": "待支付"}, [
            "Order Created 01-02 11:59 1480",
        ], id="pdd-unpaid-is-not-completed"),
        pytest.param("kuaishou_order", KUAISHOU | {"订单状态": "交易关闭", "订单支付时间": ""}, [
            "Order Cancelled 01-02 21:00 104990", "Order Created 01-02 21:00 104990",
        ], id="kuaishou-closed-before-payment"),
        pytest.param("wechat_shop_order", WECHAT | {"订单状态": "已取消", "支付时间": ""}, [
            "Order Cancelled 01-02 19:00 16800", "Order Created 01-02 19:00 16800",
        ], id="wechat-cancelled"),
        pytest.param("xiaohongshu_order", RED | {"售后状态": "售后完成"}, [
            "Order Completed 01-02 16:39 30000", "Order Created 01-02 16:39 30000", "Order Refunded 01-02 16:39 None",
        ], id="xiaohongshu-after-sale-of-unknown-size"),
        pytest.param("youzan_order", YOUZAN | {"订单已退款金额": "5.50"}, [
            "Order Completed 01-02 10:01 10600", "Order Created 01-02 10:00 10600", "Order Refunded 01-02 10:01 550",
        ], id="youzan-refund-of-known-size"),
        pytest.param("taobao_order_report", {
            "订单编号": "9001", "买家实付金额": "118.00", "商品标题": "膜", "退款金额": "无退款申请",
            "总金额(旧版)": "128.00",
            "订单创建时间": "2026-01-02 09:05:00", "订单付款时间": "2026-01-02 10:00:00",
        }, ["Order Completed 01-02 10:00 11800", "Order Created 01-02 09:05 12800"], id="no-refund-was-asked-for"),
        pytest.param("douyin_account_flow", FLOW, ["Payout Recorded 01-12 05:59 250"], id="a-withdrawal-is-a-payout"),
        pytest.param("douyin_account_flow", FLOW | {"动账场景": ""}, [
            "Settlement Recorded 01-12 05:59 -250",
        ], id="out-is-negative"),
        pytest.param("jd_settlement", JD_BILL, ["Settlement Recorded 01-16 00:00 48000"], id="jd-date-without-dashes"),
    ],
)  # fmt: skip
def test_a_row_becomes_these_events(name: str, row: dict[str, Any], heads: list[str], read: Read) -> None:
    got = read(name, [row])
    assert (got.heads(), got.parked) == (heads, [])


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        pytest.param("douyin_order", DOUYIN | {"主订单编号": "6.90E+18"}, "id-destroyed", id="id-as-a-float"),
        pytest.param("douyin_account_flow", FLOW | {"动账方向": "转账"}, "state-unknown", id="unknown-direction"),
        pytest.param("douyin_account_flow", FLOW | {"动账方向": ""}, "state-unknown", id="no-direction"),
        pytest.param("jd_settlement", JD_BILL | {"收支方向": "支出"}, "amount", id="expense-with-a-plus"),
        pytest.param("taobao_order_list", TAOBAO | {"总金额": "一百"}, "amount", id="money-in-words"),
        pytest.param("taobao_order_detail", DETAIL, "time", id="a-line-without-its-order-list"),
    ],
)
def test_a_row_is_parked(name: str, row: dict[str, Any], reason: str, read: Read) -> None:
    got = read(name, [row])
    assert ([one.reason for one in got.parked], got.events) == ([reason], [])


def test_taobao_lines_take_time_and_buyer_from_the_list_in_the_same_zip(
    read: Read, sheet: Sheet, tmp_path: Path
) -> None:
    both = tmp_path / "export.zip"
    with zipfile.ZipFile(both, "w") as archive:
        archive.writestr("a.csv", sheet([DETAIL, DETAIL | {"商家编码": "S2"}], "gb18030"))
        archive.writestr("b.csv", sheet([TAOBAO], "gb18030"))
    got = read("taobao_order_detail", sheet([DETAIL, DETAIL | {"商家编码": "S2"}], "gb18030"), beside=expand(both))
    assert [(e["nk"], e["at_ms"], e["role_actor"], e["role_item"]) for e in got.events] == [
        ("9000000000000000001\x1f1", 1767319200000, "account:taobao~masked:t**1", "item:taobao:title:膜"),
        ("9000000000000000001\x1f2", 1767319200000, "account:taobao~masked:t**1", "item:taobao:code:S2"),
    ]


@pytest.mark.parametrize(
    ("ids", "titles", "lines"),
    [
        pytest.param("1;2", "膜;霜", [("1", "膜", None), ("2", "霜", None)], id="counts-agree"),
        pytest.param("1;2", "膜;霜;水", [("1;2", "膜;霜;水", 2890)], id="counts-differ"),
        pytest.param("1", "膜;霜", [("1", "膜;霜", 2890)], id="a-title-with-a-semicolon"),
    ],
)
def test_a_merged_douyin_row_is_split_only_when_the_counts_agree(
    ids: str, titles: str, lines: list[tuple[str, str, int | None]], read: Read
) -> None:
    got = read("douyin_order", [DOUYIN | {"子订单编号": ids, "选购商品": titles, "商品数量": "2"}])
    assert [(e["p_line_id"], e["p_title"], e.get("amount")) for e in got.of("Order Line Recorded")] == lines
    assert [e["amount"] for e in got.of("Order Completed")] == [2890]


def test_douyin_columns_that_were_renamed_and_ciphers_of_a_shop(read: Read) -> None:
    row = {{"选购商品": "商品名称"}.get(name, name): cell for name, cell in DOUYIN.items()}
    got = read(
        "douyin_order",
        [row, row | {"子订单编号": "2", "商品单价": "0.00", "订单应付金额": "0.00"}],
        settings={"shop": "77"},
    )
    assert [(e["p_title"], e["p_is_gift"]) for e in got.of("Order Line Recorded")] == [("膜", False), ("膜", True)]
    (order,) = got.of("Order Completed")
    assert (order["role_recipient"], order["role_shop"], order["p_quantity"]) == (
        "account:77~masked:$$C1$$", "shop:douyin:77", 1,
    )  # fmt: skip


def test_jd_order_money_counts_once_and_must_agree(read: Read) -> None:
    second = JD | {"商品ID": "1002", "京东价": "125.00", "订购数量": "2"}
    (order,) = read("jd_order", [JD, second]).of("Order Completed")
    assert (order["amount"], order["p_total"], order["p_merchant_receivable"], order["p_quantity"]) == (
        48000,
        50000,
        47000,
        3,
    )
    assert order["role_actor"] == "account:jd:jd_real"
    got = read("jd_order", [JD, second | {"订单金额": "501.00"}])
    assert ({one.reason for one in got.parked}, len(got.parked), got.events) == ({"group"}, 2, [])


def test_wechat_order_money_counts_once_and_each_line_has_its_refund(read: Read) -> None:
    second = WECHAT | {
        "商品编码(平台)": "1002",
        "商品实际价格(总共)": "109.00",
        "商品已退款金额": "59.00",
        "订单状态": "售后完成",
    }
    got = read("wechat_shop_order", [WECHAT, second])
    assert [(e["amount"], e["p_merchant_receivable"]) for e in got.of("Order Completed")] == [(16800, 10900)]
    assert [(e["amount"], e["role_item"]) for e in got.of("Order Refunded")] == [(5900, "item:wechat:1002")]
    assert [e["amount"] for e in got.of("Order Line Recorded")] == [5900, 10900]


@pytest.mark.parametrize(
    "name", ["商家应收金额(元)（支付金额）", "商家应收金额(元)(支付金额)", "商家应收金额（元）", "商家应收金额(元)"]
)
def test_xiaohongshu_pay_column_in_all_its_spellings(name: str, read: Read) -> None:
    row = {{"商家应收金额(元)": name}.get(column, column): cell for column, cell in RED.items()}
    (order,) = read("xiaohongshu_order", [row]).of("Order Completed")
    assert (order["amount"], order["p_merchant_receivable"]) == (30000, 31000)


@pytest.mark.parametrize(
    ("change", "creator"),
    [
        pytest.param({}, "creator:kuaishou:3000003", id="the-third-when-the-others-are-0-and-dash"),
        pytest.param({"团长ID": "2000002.0"}, "creator:kuaishou:2000002", id="the-leader-before-the-earner"),
        pytest.param({"CPS达人ID": "1000001.0"}, "creator:kuaishou:1000001", id="the-creator-first"),
        pytest.param({"CPS达人ID": "1000001.0", "渠道": "自卖"}, None, id="nobody-outside-distribution"),
    ],
)
def test_kuaishou_creator(change: dict[str, str], creator: str | None, read: Read) -> None:
    got = read("kuaishou_order", [KUAISHOU | change])
    assert {event.get("role_creator") for event in got.events} == {creator}
    assert got.of("Order Line Recorded")[0]["amount"] == 103990


def test_youzan_header_that_stands_twice_and_lines_of_several_goods(read: Read, sheet: Sheet) -> None:
    text = (
        sheet([YOUZAN | {"分销员": "甲", "分销员手机号": "13800000000"}])
        .decode()
        .replace("分销员手机号", "分销员,分销员手机号")
    )
    text = text.replace("甲,", "甲,乙,")
    (order,) = read("youzan_order", text.encode()).of("Order Completed")
    assert [order[f"p_{name}"] for name in ("distributor", "distributor_2", "distributor_phone")] == [
        "甲",
        "乙",
        "13800000000",
    ]
    got = read("youzan_order", [YOUZAN])
    assert [(e["amount"], e["role_item"]) for e in got.of("Order Line Recorded")] == [(10000, "item:youzan:title:糕")]
    assert read("youzan_order", [YOUZAN | {"商品种类数": "2"}]).of("Order Line Recorded") == []


def test_pdd_statement_keys_on_the_code_and_knows_withdrawals(read: Read) -> None:
    row = {"商户订单号": "260102-1", "发生时间": "2026-01-06 23:54:45", "收入金额（+元）": "0",
        "支出金额（-元）": "-3.36",
           "账务类型": "交易退款", "备注": "", "业务描述": "0020002|订单退款（新文案）"}  # fmt: skip
    out = row | {"商户订单号": "", "账务类型": "提现", "业务描述": "提现", "支出金额（-元）": "-100.00"}
    got = read("pdd_settlement", [row, out, out | {"账务类型": "推广费充值", "业务描述": "0090001|推广"}])
    refund, transfer = got.of("Settlement Recorded")
    assert (refund["amount"], refund["p_refund"], refund["p_code"], "\x1f0020002\x1f" in refund["nk"]) == (
        -336,
        336,
        "0020002",
        True,
    )
    assert (transfer["amount"], transfer["p_transfer"], "p_transfer" in refund) == (-10000, True, False)
    assert [event["amount"] for event in got.of("Payout Recorded")] == [10000]


@pytest.mark.parametrize(
    ("name", "row", "secret"),
    [
        ("douyin_order", DOUYIN, "SN-SECRET"), ("pdd_order", PDD, "RECHARGE-1"), ("pdd_order", PDD, "ID-CARD-1"),
        ("kuaishou_order", KUAISHOU, "REAL-NAME"), ("xiaohongshu_order", RED, "ID-NUMBER-1"),
    ],
)  # fmt: skip
def test_what_must_not_enter_stays_out_even_of_parked_rows(
    name: str, row: dict[str, Any], secret: str, read: Read
) -> None:
    kept, parked = read(name, [row]), read(name, [row | {"订单状态": "外星人处理中"}])
    assert secret not in repr(kept.events)
    assert len(parked.parked) == 1
    assert secret not in parked.parked[0].raw


def test_a_mended_row_of_a_merged_order_is_split_again(read: Read) -> None:
    row = DOUYIN | {"子订单编号": "1;2", "选购商品": "膜;霜", "订单状态": "外星人处理中"}
    (parked,) = read("douyin_order", [row]).parked
    mapped = map_rows([(parked.row, parked.raw.replace("外星人处理中", "已发货"))], preset("douyin_order"))
    assert mapped.parked == []
    assert {batch.kind: len(batch) for batch in mapped.batches} == {
        "Order Created": 1, "Order Completed": 1, "Order Line Recorded": 2,
    }  # fmt: skip
