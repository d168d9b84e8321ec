"""Events of trade: orders, payments, parcels, returns, reviews. What happens later is kept until it is due."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS
from guanxi.events import EventBatch
from guanxi.world.base.trade import (
    CANCELLED,
    COMPLETED,
    CREATED,
    LINE,
    PARCEL,
    PAYMENT,
    RECEIVED,
    REDEEMED,
    REFUND,
    RETURN,
    REVIEW,
    SHIPPED,
    Trade,
)
from guanxi.world.day import Day, Pressure
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.emit_browse import session_keys
from guanxi.world.say import opinions
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
    return [*_created(day, texts, orders, planned), *_payments(day, texts, orders), *_redeemed(day, texts, orders)]


def following(day: Day, texts: Texts, orders: Orders, trade: Trade, lean: Pressure) -> list[EventBatch]:
    """Return what follows from the orders: cancelled ones, parcels, receipts, returns, reviews."""
    if not len(orders.person):
        return []
    received = _received_at(day, orders, trade)
    return [
        *_cancelled(day, texts, orders),
        *_parcels(day, texts, orders, trade, received),
        *_after(day, texts, orders, trade, lean, received),
    ]


def _roles(day: Day, texts: Texts, orders: Orders, rows: NDArray[np.int64]) -> dict[str, Any]:
    account = orders.account[rows]
    place = day.board["account.platform"][account]
    return {
        "role_actor": texts.account.gather(account),
        "role_shop": texts.shop.gather(place),
        "platform": texts.platform.gather(place),
        "ref_order": digits(orders.key[rows]),
    }


def _created(day: Day, texts: Texts, orders: Orders, planned: NDArray[np.bool_]) -> list[EventBatch]:
    board = day.board
    every = np.arange(len(orders.person))
    roles = _roles(day, texts, orders, every)
    at, person = day.start_ms + orders.at, orders.person
    device = {
        "role_device": texts.device.gather(board["account.device"][orders.account]),
        "role_ip": texts.ip.gather(board["people.home_ip"][person]),
    }
    session = {"ref_session": digits(session_keys(day, person, orders.session))}
    paid = np.flatnonzero(orders.paid)
    money = {"amount": orders.payable, "currency": "CNY"}
    count = np.diff(orders.first)
    source = pl.Series("", ["推荐", "搜索直达"], pl.String()).gather(planned.astype(np.int64))
    address = texts.address.gather(board["people.address"][person])
    created = sheet(
        "Order Created",
        day.pair("trade", person, (CREATED << 15) | orders.place << 8),
        at,
        person,
        {
            **roles,
            **device,
            **session,
            **money,
            "role_address": address,
            "p_goods_amount": orders.goods,
            "p_discount": orders.discount,
            "p_shipping": orders.shipping,
            "p_quantity": _per_order(orders, orders.quantity),
            "p_payable": orders.payable,
            "p_traffic_source": source,
        },
    )
    completed = sheet(
        "Order Completed",
        day.pair("trade", person[paid], (COMPLETED << 15) | orders.place[paid] << 8),
        day.start_ms + orders.paid_at[paid] + 200,
        person[paid],
        {
            **_roles(day, texts, orders, paid),
            "role_device": device["role_device"].gather(paid),
            "role_address": address.gather(paid),
            "ref_session": session["ref_session"].gather(paid),
            "amount": orders.payable[paid],
            "currency": "CNY",
            "p_goods_amount": orders.goods[paid],
            "p_discount_total": orders.discount[paid],
            "p_shipping": orders.shipping[paid],
            "p_quantity": _per_order(orders, orders.quantity)[paid],
            "p_traffic_source": source.gather(paid),
            "p_created_at": at[paid],
        },
    )
    owner = orders.line_order
    whole = orders.unit * orders.quantity
    share = whole * orders.discount[owner] // np.maximum(orders.goods[owner], 1)
    # What rounding leaves goes to the first line, so lines add up to the order.
    rest = orders.discount - np.add.reduceat(share, orders.first[:-1])
    share[orders.first[:-1]] += rest
    place = np.arange(len(owner)) - orders.first[owner]
    line_id = digits(day.ids.low("trade", day.index, person[owner], (LINE << 15) | orders.place[owner] << 8 | place))
    lines = sheet(
        "Order Line Recorded",
        day.pair("trade", person[owner], (LINE << 15) | orders.place[owner] << 8 | place),
        at[owner],
        person[owner],
        {
            **_roles(day, texts, orders, owner),
            "role_item": texts.item.gather(orders.line_item),
            "ref_line": line_id,
            "amount": whole - share,
            "currency": "CNY",
            "p_quantity": orders.quantity,
            "p_unit_price": texts.price.gather(orders.line_item),
            "p_discount": share,
            "p_category": texts.category.gather(orders.line_item),
            "p_title": texts.title.gather(orders.line_item),
            "p_traffic_source": source.gather(owner),
        },
    )
    return [created, completed, lines] if count.size else []


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
                    **_roles(day, texts, orders, row),
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
                **_roles(day, texts, orders, rows),
                "ref_coupon": digits(orders.coupon[rows]),
                "amount": orders.discount[rows],
                "currency": "CNY",
                "p_funded_by": "shop",
            },
        )
    ]


def _cancelled(day: Day, texts: Texts, orders: Orders) -> list[EventBatch]:
    rows = np.flatnonzero(~orders.paid)
    person = orders.person[rows]
    ids = day.pair("trade", person, (CANCELLED << 15) | orders.place[rows] << 8)
    return [
        sheet(
            "Order Cancelled",
            ids,
            day.start_ms + orders.at[rows] + 1_800_000,
            person,
            {
                **_roles(day, texts, orders, rows),
                "amount": orders.payable[rows],
                "currency": "CNY",
                "p_cancelled_by": "system",
                "p_reason": "超时未支付",
            },
        )
    ]


def _received_at(day: Day, orders: Orders, trade: Trade) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    draws = day.draws("trade")
    hours = draws.child("ship").exponential(orders.person, day.index, orders.place) * trade.parameters["ship_hours"]
    shipped = day.start_ms + orders.paid_at + HOUR + (np.minimum(hours, 120) * HOUR).astype(np.int64)
    road = draws.child("road").gamma(orders.person, day.index, orders.place, shape=4.0) / 4.0
    received = shipped + 6 * HOUR + (np.minimum(road * trade.parameters["road_hours"], 300) * HOUR).astype(np.int64)
    store = day.board["account.platform"][orders.account] == trade.store
    now = day.start_ms + orders.paid_at + 60_000
    return np.where(store, now, shipped), np.where(store, now, received)


def _parcels(
    day: Day, texts: Texts, orders: Orders, trade: Trade, times: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> list[EventBatch]:
    store = day.board["account.platform"][orders.account] == trade.store
    rows = np.flatnonzero(orders.paid & ~store)
    person, (shipped, received) = orders.person[rows], (times[0][rows], times[1][rows])
    where = orders.place[rows] << 8
    carrier = day.draws("trade").child("carrier").integers(person, day.index, orders.place[rows], high=len(_CARRIERS))
    ids = day.pair("trade", person, (SHIPPED << 15) | where)
    parcel = {**_roles(day, texts, orders, rows), "ref_parcel": digits(ids[1])}
    parcel["p_carrier"] = pl.Series("", _CARRIERS, pl.String()).gather(carrier)
    address = {"role_address": texts.address.gather(day.board["people.address"][person])}
    batches = [sheet("Order Shipped", ids, shipped, person, {**parcel, **address})]
    for step, (share, state) in enumerate(((0.15, "collected"), (0.6, "transit"), (0.92, "delivering"))):
        at = shipped + ((received - shipped) * share).astype(np.int64)
        batches.append(
            sheet(
                "Parcel Updated",
                day.pair("trade", person, (PARCEL << 15) | where | step),
                at,
                person,
                {**parcel, "p_state": state},
            )
        )
    parcel.pop("p_carrier")
    batches.append(
        sheet(
            "Order Received",
            day.pair("trade", person, (RECEIVED << 15) | where),
            received,
            person,
            {**parcel, **address},
        )
    )
    return batches


def _after(
    day: Day,
    texts: Texts,
    orders: Orders,
    trade: Trade,
    lean: Pressure,
    times: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> list[EventBatch]:
    draws, owner = day.draws("trade"), orders.line_order
    place = np.arange(len(owner)) - orders.first[owner]
    person, item = orders.person[owner], orders.line_item
    quality = day.board["item.quality"][item].astype(np.float64)

    def happens(name: str, share: float, slope: float) -> NDArray[np.int64]:
        odds = np.log(share / (1 - share)) + slope * quality + lean.by_item(name, day.board)[item]
        odds = odds + lean.of(name, "person", day.board.count("people"))[person]
        u = draws.child(name).uniform(person, day.index, orders.place[owner] * 64 + orders.line_slot)
        return np.flatnonzero(orders.paid[owner] & (u < 1 / (1 + np.exp(-odds))))

    def delay(name: str, rows: NDArray[np.int64], hours: float) -> NDArray[np.int64]:
        wait = draws.child(name).exponential(person[rows], day.index, orders.place[owner[rows]] * 64 + place[rows])
        return np.asarray((np.minimum(wait, 6.0) * hours * HOUR).astype(np.int64))

    def where(code: int, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        return day.pair("trade", person[rows], (code << 15) | orders.place[owner[rows]] << 8 | place[rows])

    def shared(rows: NDArray[np.int64]) -> dict[str, Any]:
        return {**_roles(day, texts, orders, owner[rows]), "role_item": texts.item.gather(item[rows])}

    back = happens("return", trade.parameters["return"], -0.35)
    asked = times[1][owner[back]] + HOUR + delay("return_wait", back, 30)
    paid = orders.unit[back] * orders.quantity[back]
    off = paid * orders.discount[owner[back]] // np.maximum(orders.goods[owner[back]], 1)
    reason = pl.Series("", ["不想要了", "与描述不符", "质量问题"], pl.String()).gather(
        np.where(quality[back] < -0.8, 2, back % 2)
    )
    refund = {
        "amount": paid - off,
        "currency": "CNY",
        "ref_refund": digits(where(RETURN, back)[1]),
        "p_reason": reason,
        "p_quantity": orders.quantity[back],
    }
    written = happens("review", trade.parameters["review"], 0.0)
    stars = np.clip(
        np.rint(
            4.3
            + 0.5 * quality[written]
            + 0.9
            * draws.child("stars").normal(
                person[written], day.index, orders.place[owner[written]] * 64 + place[written]
            )
        ),
        1,
        5,
    )
    keys = draws.child("review_text").bits(
        person[written], day.index, orders.place[owner[written]] * 64 + place[written]
    )
    return [
        sheet(
            "Return Requested",
            where(RETURN, back),
            asked,
            person[back],
            {**shared(back), **refund, "p_refund_type": "return"},
        ),
        sheet(
            "Order Refunded",
            where(REFUND, back),
            asked + DAY_MS + delay("refund_wait", back, 24),
            person[back],
            {**shared(back), **refund, "p_requested_at": asked, "p_refund_type": "return"},
        ),
        sheet(
            "Product Reviewed",
            where(REVIEW, written),
            times[1][owner[written]] + 2 * HOUR + delay("review_wait", written, 40),
            person[written],
            {
                **shared(written),
                "p_rating": stars,
                "p_review_id": digits(where(REVIEW, written)[1]),
                "p_review_body": opinions(day.board["item.category"][item[written]], stars.astype(np.int64), keys),
            },
        ),
    ]


def _per_order(orders: Orders, values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.add.reduceat(values, orders.first[:-1]) if len(values) else values
