"""Trade: baskets become orders, orders are paid or not, sent, received, returned, reviewed.

The purchases that a person plans for a day are one order; what is ordered off a slate is one each. Every chance is
keyed by the order's place (the basket, or slate and place), so other orders of the day change nothing.
"""

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.day import Day, Pressure
from guanxi.world.draws import Draws
from guanxi.world.kernel import HOUR_MS, SLATE
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Range, Spec
from guanxi.world.tables import Basket, Orders

CREATED, LINE, PAYMENT, COMPLETED, CANCELLED, SHIPPED, PARCEL, RECEIVED, RETURN, REFUND, REVIEW, CONTACT, REDEEMED = (
    range(13)
)
ATTEMPTS: Final = 3
FREE_SHIPPING: Final = 3_900  # fen
SHIPPING: Final = 600  # fen


class Trade(Planted):
    """The core's orders; what is on its way lies with the events that are due."""

    spec: ClassVar[Spec] = Spec(
        name="trade",
        reads=(
            "item.price",
            "item.category",
            "item.weight",
            "category.item_start",
            "account.platform",
            "people.account_start",
            "platform.sells",
            "platform.ids",
            "people.rhythm",
            "rhythm.hours",
            "people.card",
            "people.address",
            "people.home_ip",
            "people.mobile_ip",
        ),
        emits=(
            "Order Created",
            "Order Line Recorded",
            "Payment Completed",
            "Payment Failed",
            "Order Completed",
            "Order Cancelled",
            "Order Shipped",
            "Parcel Updated",
            "Order Received",
            "Return Requested",
            "Order Refunded",
            "Product Reviewed",
            "Coupon Redeemed",
        ),
        ranges=(
            Range(name="pay_fails", low=0.06, high=0.10, unit="share", meaning="payment attempts that fail"),
            Range(name="gives_up", low=0.25, high=0.40, unit="share", meaning="leave after a failed attempt"),
            Range(name="return", low=0.06, high=0.08, unit="share", meaning="lines returned"),
            Range(name="review", low=0.24, high=0.32, unit="share", meaning="lines reviewed"),
            Range(name="ship_hours", low=10, high=18, unit="h", meaning="mean time to hand a parcel over"),
            Range(name="road_hours", low=30, high=50, unit="h", meaning="mean time on the road"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Make the tables that orders need."""
        super().plant(board, draw)
        self.item_cdf = np.cumsum(board["item.weight"].astype(np.float64))
        self.sells = board["platform.sells"].astype(bool)
        self.store = list(board.texts("platform.ids")).index("store")

    def buying(self, board: Board, attention: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (accounts,) running sums of all: where planned purchases are made, places that sell first."""
        sells = np.where(self.sells[board["account.platform"]], 1.0, 1e-6)
        return np.cumsum(attention * sells + 1e-12)

    def planned(
        self,
        day: Day,
        person: NDArray[np.int32],
        slot: NDArray[np.int64],
        category: NDArray[np.int64],
        held: NDArray[np.int32],
        loyal: float,
        sums: NDArray[np.float64],
    ) -> Basket:
        """Return the planned lines of today; `held` is the item bought last in the slot, -1: none."""
        board, draws = day.board, day.draws("trade")
        start = board["people.account_start"]
        low = np.where(start[person] > 0, sums[np.maximum(start[person] - 1, 0)], 0.0)
        high = sums[start[person + 1] - 1]
        u = draws.child("account").uniform(person, day.index)
        account = np.searchsorted(sums, low + u * (high - low), side="right")
        account = np.clip(account, start[person], start[person + 1] - 1).astype(np.int32)
        hours = np.cumsum(board["rhythm.hours"].astype(np.float64), axis=1)
        u = draws.child("hour").uniform(person, day.index)
        hour = np.minimum((hours[board["people.rhythm"][person]] <= u[:, None]).sum(axis=1), 23)
        at = ((hour + 0.5 * draws.child("moment").uniform(person, day.index)) * HOUR_MS).astype(np.int64)
        bounds = board["category.item_start"]
        before = np.where(bounds[category] > 0, self.item_cdf[np.maximum(bounds[category] - 1, 0)], 0.0)
        after = self.item_cdf[np.maximum(bounds[category + 1] - 1, 0)]
        u = draws.child("item").uniform(person, day.index, slot)
        fresh = np.searchsorted(self.item_cdf, before + u * (after - before), side="right")
        fresh = np.clip(fresh, bounds[category], np.maximum(bounds[category + 1] - 1, bounds[category]))
        again = (held >= 0) & (draws.child("loyal").uniform(person, day.index, slot) < loyal)
        item = np.where(again, held, np.minimum(fresh, board.count("items") - 1)).astype(np.int32)
        none = np.zeros(len(person), np.int64)
        return Basket(person, account, none, none + 6, at, item, slot)

    def orders(
        self,
        day: Day,
        basket: Basket,
        pay: Pressure,
        coupon: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64], NDArray[np.float64]],
    ) -> Orders:
        """Return the orders that lines become.

        basket   by (person, place); lines of one order side by side
        coupon   (lines,) amount off (0: none held), threshold, key, log-odds of using it
        """
        board, draws = day.board, day.draws("trade")
        change = np.ones(len(basket.person), bool)
        change[1:] = (np.diff(basket.person) != 0) | (np.diff(basket.place) != 0)
        head = np.flatnonzero(change)
        first = np.append(head, len(basket.person))
        person, place = basket.person[head], basket.place[head]
        u = draws.child("quantity").uniform(basket.person, day.index, basket.place * 64 + basket.slot)
        quantity = 1 + (u < 0.15).astype(np.int64) + (u < 0.04)
        unit = board["item.price"][basket.item].astype(np.int64)
        sums = np.concatenate(([0], np.cumsum(quantity * unit)))
        goods = sums[first[1:]] - sums[first[:-1]]
        platform = board["account.platform"][basket.account[head]]
        shipping = np.where((goods >= FREE_SHIPPING) | (platform == self.store), 0, SHIPPING)
        amount, threshold, keys, willing = (part[head] for part in coupon)
        uses = (amount > 0) & (goods >= threshold)
        uses &= draws.child("redeem").uniform(person, day.index, place) < 1 / (1 + np.exp(-willing))
        uses &= np.append(True, np.diff(person) != 0) | ~_used_before(person, uses)
        tried, tried_at = self._pay(day, person, place, platform, basket.at[head], pay)
        key = day.ids.low("trade", day.index, person, (CREATED << 15) | place << 8)
        return Orders(
            person,
            basket.account[head],
            place,
            basket.session[head],
            basket.at[head],
            first,
            goods,
            np.where(uses, np.minimum(amount, goods - 1), 0),
            shipping.astype(np.int64),
            np.where(uses, keys, 0).astype(np.uint64),
            tried,
            tried_at,
            key,
            basket.item,
            basket.slot,
            quantity,
            unit,
        )

    def _pay(
        self,
        day: Day,
        person: NDArray[np.int32],
        place: NDArray[np.int64],
        platform: NDArray[np.uint8],
        at: NDArray[np.int64],
        lean: Pressure,
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        board, draws = day.board, day.draws("trade")
        hour = np.minimum(at // HOUR_MS, 23)
        odds = np.log(1.0 / self.parameters["pay_fails"] - 1.0) + lean.of("pay", "hour", 24)[hour]
        odds = odds + lean.of("pay", "person", board.count("people"))[person]
        odds = odds + lean.of("pay", "platform", board.count("platforms"))[platform]
        works = 1.0 / (1.0 + np.exp(-odds))
        tried = np.zeros((len(person), ATTEMPTS), np.uint8)
        tried_at = np.zeros((len(person), ATTEMPTS), np.int64)
        trying, now = np.ones(len(person), bool), at.copy()
        for attempt in range(ATTEMPTS):
            slot = place * ATTEMPTS + attempt
            now = now + 8_000 + (draws.child("pay_time").exponential(person, day.index, slot) * 25_000).astype(np.int64)
            done = draws.child("pay").uniform(person, day.index, slot) < works
            tried[:, attempt] = np.where(trying, 1 + done, 0)
            tried_at[:, attempt] = np.where(trying, now, 0)
            stays = draws.child("gives_up").uniform(person, day.index, slot) >= self.parameters["gives_up"]
            trying = trying & ~done & stays
        return tried, tried_at


def joined(parts: list[Basket]) -> Basket:
    """Return the lines of all parts by (person, place, slot), each item of a person once."""
    rows: list[NDArray[Any]] = [
        np.concatenate([getattr(part, name) for part in parts]) for name in Basket.__dataclass_fields__
    ]
    person, _, place, _, _, item, slot = rows
    order = np.lexsort((slot, place, item, person))
    same = np.zeros(len(order), bool)
    same[1:] = (np.diff(person[order]) == 0) & (np.diff(item[order]) == 0)
    kept = order[~same]
    kept = kept[np.lexsort((slot[kept], place[kept], person[kept]))]
    return Basket(*(row[kept] for row in rows))


def place_of(slate_slot: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order's place of what is ordered off a slate."""
    return 1 + slate_slot * SLATE + place


def _used_before(person: NDArray[np.int32], uses: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether an earlier order of the same person on this day used the coupon already."""
    count: NDArray[np.int64] = np.cumsum(uses) - uses
    first = np.maximum.accumulate(np.where(np.append(True, np.diff(person) != 0), np.arange(len(person)), 0))
    return count > count[first] if len(person) else np.zeros(0, bool)
