"""What follows from orders: cancelled ones, parcels, receipts, returns, reviews; kept until it is due."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS
from guanxi.events import EventBatch
from guanxi.world.base.trade import CANCELLED, PARCEL, RECEIVED, REFUND, RETURN, REVIEW, SHIPPED, Trade
from guanxi.world.day import Day, Pressure
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.emit_trade import order_roles
from guanxi.world.say import opinions
from guanxi.world.tables import Orders

HOUR: Final = 3_600_000
_CARRIERS: Final = ("顺丰速运", "中通快递", "圆通速递", "韵达快递", "极兔速递")
_REASONS: Final = ("不想要了", "与描述不符", "质量问题")


def following(day: Day, texts: Texts, orders: Orders, trade: Trade, lean: Pressure) -> list[EventBatch]:
    """Return what follows from the orders: cancelled ones, parcels, receipts, returns, reviews."""
    if not len(orders.person):
        return []
    bought = _Bought(day, texts, orders, lean)
    received = _received_at(day, orders, trade)
    return [
        *_cancelled(day, texts, orders),
        *_parcels(day, texts, orders, trade, received),
        *_returns(bought, trade, received[1]),
        _reviews(bought, trade, received[1]),
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
                **order_roles(day, texts, orders, rows),
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
    parcel = {**order_roles(day, texts, orders, rows), "ref_parcel": digits(ids[1])}
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


@dataclass(frozen=True, slots=True)
class _Bought:
    """The lines of a day's orders, and how they are drawn for."""

    day: Day
    texts: Texts
    orders: Orders
    lean: Pressure

    @property
    def person(self) -> NDArray[np.int32]:
        return self.orders.person[self.orders.line_order]

    @property
    def slot(self) -> NDArray[np.int64]:
        owner = self.orders.line_order
        return np.asarray(self.orders.place[owner] * 64 + np.arange(len(owner)) - self.orders.first[owner])

    def happens(self, name: str, share: float, slope: float) -> NDArray[np.int64]:
        """Lines to which it happens, more often or not by the item's quality."""
        board, orders = self.day.board, self.orders
        item, owner = orders.line_item, orders.line_order
        odds = np.log(share / (1 - share)) + slope * board["item.quality"][item].astype(np.float64)
        odds = odds + self.lean.by_item(name, board)[item]
        odds = odds + self.lean.of(name, "person", board.count("people"))[self.person]
        slot = orders.place[owner] * 64 + orders.line_slot
        u = self.day.draws("trade").child(name).uniform(self.person, self.day.index, slot)
        return np.flatnonzero(orders.paid[owner] & (u < 1 / (1 + np.exp(-odds))))

    def delay(self, name: str, rows: NDArray[np.int64], hours: float) -> NDArray[np.int64]:
        """Milliseconds, exponential with a mean of so many hours."""
        wait = self.day.draws("trade").child(name).exponential(self.person[rows], self.day.index, self.slot[rows])
        return np.asarray((np.minimum(wait, 6.0) * hours * HOUR).astype(np.int64))

    def ids(self, code: int, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Ids of one event of each line."""
        slot = self.slot[rows]
        return self.day.pair("trade", self.person[rows], (code << 15) | (slot // 64) << 8 | slot % 64)

    def roles(self, rows: NDArray[np.int64]) -> dict[str, Any]:
        """Who bought what where."""
        shared = order_roles(self.day, self.texts, self.orders, self.orders.line_order[rows])
        return {**shared, "role_item": self.texts.item.gather(self.orders.line_item[rows])}


def _returns(bought: _Bought, trade: Trade, received: NDArray[np.int64]) -> list[EventBatch]:
    orders = bought.orders
    back = bought.happens("return", trade.parameters["return"], -0.35)
    owner, person = orders.line_order[back], bought.person[back]
    asked = received[owner] + HOUR + bought.delay("return_wait", back, 30)
    paid = orders.unit[back] * orders.quantity[back]
    off = paid * orders.discount[owner] // np.maximum(orders.goods[owner], 1)
    bad = bought.day.board["item.quality"][orders.line_item[back]] < -0.8
    mood = bought.day.draws("trade").child("reason").integers(person, bought.day.index, bought.slot[back], high=2)
    ids = bought.ids(RETURN, back)
    refund = {
        **bought.roles(back), "amount": paid - off, "currency": "CNY", "ref_refund": digits(ids[1]),
        "p_reason": pl.Series("", _REASONS, pl.String()).gather(np.where(bad, 2, mood)),
        "p_quantity": orders.quantity[back], "p_refund_type": "return",
    }  # fmt: skip
    given = asked + DAY_MS + bought.delay("refund_wait", back, 24)
    return [
        sheet("Return Requested", ids, asked, person, refund),
        sheet("Order Refunded", bought.ids(REFUND, back), given, person, {**refund, "p_requested_at": asked}),
    ]


def _reviews(bought: _Bought, trade: Trade, received: NDArray[np.int64]) -> EventBatch:
    day, orders = bought.day, bought.orders
    rows = bought.happens("review", trade.parameters["review"], 0.0)
    person, item, slot = bought.person[rows], orders.line_item[rows], bought.slot[rows]
    draws = day.draws("trade")
    liking = 4.3 + 0.5 * day.board["item.quality"][item].astype(np.float64)
    stars = np.clip(np.rint(liking + 0.9 * draws.child("stars").normal(person, day.index, slot)), 1, 5)
    text = opinions(
        day.board["item.category"][item],
        stars.astype(np.int64),
        draws.child("review_text").bits(person, day.index, slot),
    )
    ids = bought.ids(REVIEW, rows)
    at = received[orders.line_order[rows]] + 2 * HOUR + bought.delay("review_wait", rows, 40)
    return sheet("Product Reviewed", ids, at, person, {
        **bought.roles(rows), "p_rating": stars, "p_review_id": digits(ids[1]), "p_review_body": text,
    })  # fmt: skip
