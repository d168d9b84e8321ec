"""The order APIs of platforms: codes, zeros for "no time", fen and yuan, ids that are numbers on the wire."""

from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[..., Any]


def doudian(**order: Any) -> dict[str, Any]:
    line = {
        "order_id": "2",
        "product_id_str": "35",
        "item_num": 1,
        "pay_amount": 500,
        "room_id_str": "77",
        "author_id": 9,
    }
    line |= order.pop("line", {})
    base = {
        "order_id": "1",
        "order_status": 5,
        "create_time": 1767356160,
        "pay_time": 1767356220,
        "order_amount": 600,
        "pay_amount": 500,
    }
    return {"data": {"shop_order_list": [base | order | {"sku_order_list": [line]}]}}


def taobao(**trade: Any) -> dict[str, Any]:
    line = {"oid": "11", "num_iid": 7, "num": 1, "payment": "5.00", "refund_status": "NO_REFUND"} | trade.pop(
        "line", {}
    )
    base = {
        "tid": "1",
        "status": "TRADE_FINISHED",
        "created": "2026-01-02 20:16:00",
        "pay_time": "2026-01-02 20:17:00",
        "payment": "5.00",
    }
    trades = [base | trade | {"orders": {"order": [line]}}]
    return {"trades_sold_get_response": {"trades": {"trade": trades}}}


def pinduoduo(**order: Any) -> dict[str, Any]:
    base = {"order_sn": "260102-1", "order_status": 1, "refund_status": 1, "created_time": "2026-01-02 20:16:00",
            "pay_time": "2026-01-02 20:17:00", "pay_amount": 1.15, "postage": 0.29,
            "item_list": [{"goods_id": 754000000001}]}  # fmt: skip
    return {"order_info_get_response": {"order_info": base | order}}


def kuaishou(**order: Any) -> dict[str, Any]:
    base = {
        "oid": 2600000000000000001,
        "status": 30,
        "createTime": 1767356160000,
        "payTime": 1767356220000,
        "totalFee": 500,
    }
    goods = [{"itemId": 21, "num": 2, "price": 250}]
    return {"data": {"orderInfoList": [base | order | {"orderProductInfoList": goods}]}}


def wechat(status: int, pay_time: int) -> dict[str, Any]:
    detail = {
        "product_infos": [{"product_id": "1", "real_price": 500}],
        "price_info": {"order_price": 500},
        "pay_info": {"pay_time": pay_time},
    }
    return {
        "order": {
            "order_id": "1",
            "status": status,
            "create_time": 1767356160,
            "update_time": 1767356280,
            "order_detail": detail,
        }
    }


def red(**order: Any) -> dict[str, Any]:
    base = {
        "orderId": "P1",
        "orderStatus": 4,
        "orderAfterSalesStatus": 1,
        "createdTime": 1767356160000,
        "paidTime": 1767356220000,
    }
    return {"data": base | {"totalPayAmount": 500} | order}


PAID = ["Order Completed 01-02 20:17 500", "Order Created 01-02 20:16 500"]


@pytest.mark.parametrize(
    ("name", "value", "heads"),
    [
        pytest.param("doudian_order_api", doudian(order_status=4, pay_time=0, update_time=1767356280), [
            "Order Cancelled 01-02 20:18 600", "Order Created 01-02 20:16 600",
        ], id="doudian-cancelled"),
        pytest.param("doudian_order_api", doudian(order_status=4, update_time=1767356280), [
            "Order Completed 01-02 20:17 500", "Order Created 01-02 20:16 600", "Order Refunded 01-02 20:18 500",
        ], id="doudian-cancelled-after-payment"),
        pytest.param("doudian_order_api", doudian(line={"after_sale_info": {"after_sale_status": 12}}), [
            "Order Completed 01-02 20:17 500", "Order Created 01-02 20:16 600", "Order Refunded 01-02 20:17 None",
        ], id="doudian-refund-of-a-line"),
        pytest.param("doudian_order_api", doudian(logistics_info=[
            {"tracking_no": "A", "ship_time": 1767356280}, {"tracking_no": "B", "ship_time": 1767356340},
        ]), [
            "Order Completed 01-02 20:17 500", "Order Created 01-02 20:16 600",
            "Order Shipped 01-02 20:18 None", "Order Shipped 01-02 20:19 None",
        ], id="doudian-two-parcels"),
        pytest.param("taobao_trades_sold_get", taobao(
            status="TRADE_CLOSED", pay_time="", end_time="2026-01-02 20:18:00",
        ), [
            "Order Cancelled 01-02 20:18 500", "Order Created 01-02 20:16 500",
        ], id="top-closed-without-payment"),
        pytest.param("taobao_trades_sold_get", taobao(status="TRADE_CLOSED", line={"refund_status": "SUCCESS"}), [
            *PAID, "Order Refunded 01-02 20:17 500",
        ], id="top-closed-is-refunded-once"),
        pytest.param("taobao_trades_sold_get", taobao(line={"refund_status": "SUCCESS", "refund_id": 5}), [
            *PAID, "Order Refunded 01-02 20:17 None",
        ], id="top-refund-of-a-line"),
        pytest.param("pdd_order_information_get", pinduoduo(refund_status=4), [
            "Order Completed 01-02 20:17 115", "Order Created 01-02 20:16 115", "Order Refunded 01-02 20:17 115",
        ], id="pdd-floats-are-rounded-not-cut"),
        pytest.param("kuaishou_order_api", kuaishou(refundTime=1767356280000, status=80), [
            *PAID, "Order Refunded 01-02 20:18 500",
        ], id="kuaishou-refund-at-its-time"),
        pytest.param("wechat_shop_order_api", wechat(250, 0), [
            "Order Cancelled 01-02 20:18 500", "Order Created 01-02 20:16 500",
        ], id="wechat-cancelled"),
        pytest.param("wechat_shop_order_api", wechat(200, 1767356220), [
            *PAID, "Order Refunded 01-02 20:18 500",
        ], id="wechat-closed-after-an-after-sale"),
        pytest.param("xiaohongshu_order_api", red(orderStatus=9, paidTime=0, cancelTime=1767356280000), [
            "Order Cancelled 01-02 20:18 500", "Order Created 01-02 20:16 500",
        ], id="xiaohongshu-cancelled"),
        pytest.param("xiaohongshu_order_api", red(deliveryTime=1767356280000), [
            *PAID, "Order Shipped 01-02 20:18 None",
        ], id="xiaohongshu-shipped"),
    ],
)  # fmt: skip
def test_an_answer_of_an_api_becomes_these_events(
    name: str, value: dict[str, Any], heads: list[str], read: Read
) -> None:
    got = read(name, value)
    assert (got.heads(), got.parked) == (heads, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("doudian_order_api", doudian(order_status=99)), ("taobao_trades_sold_get", taobao(status="TRADE_ODD")),
        ("pdd_order_information_get", pinduoduo(order_status=9)), ("kuaishou_order_api", kuaishou(status=31)),
        ("wechat_shop_order_api", wechat(77, 1767356220)), ("xiaohongshu_order_api", red(orderStatus=77)),
    ],
)  # fmt: skip
def test_an_unknown_code_of_an_api_parks_its_order(name: str, value: dict[str, Any], read: Read) -> None:
    got = read(name, value)
    assert ([one.reason for one in got.parked], got.events) == (["state-unknown"], [])


def test_ids_of_an_api_are_texts_and_lines_share_what_was_paid(read: Read) -> None:
    got = read("kuaishou_order_api", kuaishou())
    assert {event["ref_order"] for event in got.events} == {"2600000000000000001"}
    (line,) = read("doudian_order_api", doudian(), settings={"shop": "s9"}).of("Order Line Recorded")
    assert (line["amount"], line["role_room"], line["role_creator"], line["role_shop"]) == (
        500, "room:douyin:77", "creator:douyin:9", "shop:douyin:s9",
    )  # fmt: skip
    (line,) = read("pdd_order_information_get", pinduoduo()).of("Order Line Recorded")
    assert (line["amount"], line["role_item"]) == (86, "item:pinduoduo:754000000001")
