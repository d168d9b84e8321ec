"""Events of trade: orders, payments, parcels, returns, reviews. What happens later is kept until it is due."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import EventBatch
from guanxi.world.base.trade import (
    COMPLETED,
    CREATED,
    LINE,
    PAYMENT,
    REDEEMED,
)
from guanxi.world.day import Day
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.emit_browse import session_keys
from guanxi.world.tables import Orders

HOUR: Final = 3_600_000
_METHODS: Final = {"wechat": "wxpay", "channels": "wxpay", "jd": "jdpay", "douyin": "dypay"}  # others: alipay
_CARRIERS: Final = ("顺丰速运", "中通快递", "圆通速递", "韵达快递", "极兔速递")


def trading(day: Day, texts: Texts, orders: Orders, planned: NDArray[np.bool_]) -> list[EventBatch]:
    """Return the orders, their lines and payments, and the coupons used.

    planned   (orders,) whether it came of a plan, not of a slate
    """
    if not len(orders.person):
        return []
    source = pl.Series("", ["推荐", "搜索直达"], pl.String()).gather(planned.astype(np.int64))
    return [
        _created(day, texts, orders, source),
        _completed(day, texts, orders, source),
        _lines(day, texts, orders, source),
        *_payments(day, texts, orders),
        *_redeemed(day, texts, orders),
    ]


def order_roles(day: Day, texts: Texts, orders: Orders, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Return who ordered where, and the order, of some rows."""
    account = orders.account[rows]
    place = day.board["account.platform"][account]
    return {
        "role_actor": texts.account.gather(account),
        "role_shop": texts.shop.gather(place),
        "platform": texts.platform.gather(place),
        "ref_order": digits(orders.key[rows]),
    }


def _created(day: Day, texts: Texts, orders: Orders, source: pl.Series) -> EventBatch:
    person, account = orders.person, orders.account
    ids = day.pair("trade", person, (CREATED << 15) | orders.place << 8)
    return sheet("Order Created", ids, day.start_ms + orders.at, person, {
        **order_roles(day, texts, orders, np.arange(len(person))),
        "role_device": texts.device.gather(day.board["account.device"][account]),
        "role_ip": texts.ip.gather(day.board["people.home_ip"][person]),
        "role_address": texts.address.gather(day.board["people.address"][person]),
        "ref_session": digits(session_keys(day, person, orders.session)), "amount": orders.payable, "currency": "CNY",
        "p_goods_amount": orders.goods, "p_discount": orders.discount, "p_shipping": orders.shipping,
        "p_quantity": _pieces(orders), "p_payable": orders.payable, "p_traffic_source": source,
    })  # fmt: skip


def _completed(day: Day, texts: Texts, orders: Orders, source: pl.Series) -> EventBatch:
    paid = np.flatnonzero(orders.paid)
    person, account = orders.person[paid], orders.account[paid]
    ids = day.pair("trade", person, (COMPLETED << 15) | orders.place[paid] << 8)
    return sheet("Order Completed", ids, day.start_ms + orders.paid_at[paid] + 200, person, {
        **order_roles(day, texts, orders, paid),
        "role_device": texts.device.gather(day.board["account.device"][account]),
        "role_address": texts.address.gather(day.board["people.address"][person]),
        "ref_session": digits(session_keys(day, person, orders.session[paid])), "amount": orders.payable[paid],
        "currency": "CNY", "p_goods_amount": orders.goods[paid], "p_discount_total": orders.discount[paid],
        "p_shipping": orders.shipping[paid], "p_quantity": _pieces(orders)[paid],
        "p_traffic_source": source.gather(paid), "p_created_at": day.start_ms + orders.at[paid],
    })  # fmt: skip


def _lines(day: Day, texts: Texts, orders: Orders, source: pl.Series) -> EventBatch:
    owner, item = orders.line_order, orders.line_item
    person = orders.person[owner]
    whole = orders.unit * orders.quantity
    share = whole * orders.discount[owner] // np.maximum(orders.goods[owner], 1)
    # What rounding leaves goes to the first line, so lines add up to the order.
    share[orders.first[:-1]] += orders.discount - np.add.reduceat(share, orders.first[:-1])
    place = np.arange(len(owner)) - orders.first[owner]
    ids = day.pair("trade", person, (LINE << 15) | orders.place[owner] << 8 | place)
    return sheet("Order Line Recorded", ids, day.start_ms + orders.at[owner], person, {
        **order_roles(day, texts, orders, owner), "role_item": texts.item.gather(item), "ref_line": digits(ids[1]),
        "amount": whole - share, "currency": "CNY", "p_quantity": orders.quantity,
        "p_unit_price": texts.price.gather(item), "p_discount": share, "p_category": texts.category.gather(item),
        "p_title": texts.title.gather(item), "p_traffic_source": source.gather(owner),
    })  # fmt: skip


def _payments(day: Day, texts: Texts, orders: Orders) -> list[EventBatch]:
    batches = []
    methods = pl.Series("", [_METHODS.get(name, "alipay") for name in day.board.texts("platform.ids")], pl.String())
    for kind, code in (("Payment Failed", 1), ("Payment Completed", 2)):
        row, attempt = np.nonzero(orders.tried == code)
        person = orders.person[row]
        ids = day.pair("trade", person, (PAYMENT << 15) | orders.place[row] << 8 | attempt)
        platform = day.board["account.platform"][orders.account[row]]
        batches.append(
            sheet(
                kind,
                ids,
                day.start_ms + orders.tried_at[row, attempt],
                person,
                {
                    **order_roles(day, texts, orders, row),
                    "role_card": texts.card.gather(day.board["people.card"][person]),
                    "role_device": texts.device.gather(day.board["account.device"][orders.account[row]]),
                    "role_ip": texts.ip.gather(day.board["people.home_ip"][person]),
                    "ref_payment": digits(ids[1]),
                    "ref_session": digits(session_keys(day, person, orders.session[row])),
                    "amount": orders.payable[row],
                    "currency": "CNY",
                    "p_method": methods.gather(platform),
                    "p_attempt": attempt + 1,
                    "p_reason": "insufficient_balance" if code == 1 else None,
                },
            )
        )
    return batches


def _redeemed(day: Day, texts: Texts, orders: Orders) -> list[EventBatch]:
    rows = np.flatnonzero((orders.coupon > 0) & orders.paid)
    person = orders.person[rows]
    ids = day.pair("trade", person, (REDEEMED << 15) | orders.place[rows] << 8)
    return [
        sheet(
            "Coupon Redeemed",
            ids,
            day.start_ms + orders.paid_at[rows] + 250,
            person,
            {
                **order_roles(day, texts, orders, rows),
                "ref_coupon": digits(orders.coupon[rows]),
                "amount": orders.discount[rows],
                "currency": "CNY",
                "p_funded_by": "shop",
            },
        )
    ]


def _pieces(orders: Orders) -> NDArray[np.int64]:
    return np.asarray(np.add.reduceat(orders.quantity, orders.first[:-1]))
