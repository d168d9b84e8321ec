"""What happens on a day, as columns, before it is written: sessions, slates, views, searches, baskets, orders, told."""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of a day by person; `at` in ms of the day."""

    person: NDArray[np.int32]
    account: NDArray[np.int32]
    at: NDArray[np.int64]
    slot: NDArray[np.int64]
    flag: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Slates:
    """Slates asked for, by session; `key` names them, `items` as the house ranks them."""

    session: NDArray[np.int32]
    at: NDArray[np.int64]
    slot: NDArray[np.int64]
    items: NDArray[np.int32]
    key: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Views:
    """Views of slates; `ask` is the place in Slates."""

    ask: NDArray[np.int32]
    place: NDArray[np.int64]
    item: NDArray[np.int32]
    at: NDArray[np.int64]
    dwell: NDArray[np.float32]
    flag: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Searches:
    """Searches; `item` and `dwell` have one column for each item viewed, -1: none."""

    session: NDArray[np.int32]
    category: NDArray[np.int32]
    at: NDArray[np.int64]
    item: NDArray[np.int32]
    dwell: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Basket:
    """What is about to be ordered today, one line a row, by (person, place).

    place    0 the planned basket; 1 + slate x SLATE + place for what is ordered off a slate
    session  slot of the session it belongs to
    at       ms of the day
    """

    person: NDArray[np.int32]
    account: NDArray[np.int32]
    place: NDArray[np.int64]
    session: NDArray[np.int64]
    at: NDArray[np.int64]
    item: NDArray[np.int32]
    slot: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of a day, by (person, place); money in fen, times in ms of the day.

    first      (orders + 1,) where the lines of each begin
    tried      (orders, ATTEMPTS) 0 not tried, 1 failed, 2 paid; tried_at alike
    coupon     key of the coupon used, 0: none
    """

    person: NDArray[np.int32]
    account: NDArray[np.int32]
    place: NDArray[np.int64]
    session: NDArray[np.int64]
    at: NDArray[np.int64]
    first: NDArray[np.int64]
    goods: NDArray[np.int64]
    discount: NDArray[np.int64]
    shipping: NDArray[np.int64]
    coupon: NDArray[np.uint64]
    tried: NDArray[np.uint8]
    tried_at: NDArray[np.int64]
    key: NDArray[np.uint64]
    line_item: NDArray[np.int32]
    line_slot: NDArray[np.int64]
    quantity: NDArray[np.int64]
    unit: NDArray[np.int64]

    @property
    def payable(self) -> NDArray[np.int64]:
        """What has to be paid."""
        return self.goods - self.discount + self.shipping

    @property
    def paid(self) -> NDArray[np.bool_]:
        """Whether an attempt went through."""
        return np.asarray((self.tried == 2).any(axis=1))

    @property
    def paid_at(self) -> NDArray[np.int64]:
        """When it was paid; of unpaid ones the last attempt."""
        return np.asarray(self.tried_at.max(axis=1))

    @property
    def line_order(self) -> NDArray[np.int64]:
        """(lines,) the order of each line."""
        return np.repeat(np.arange(len(self.person)), np.diff(self.first))


@dataclass(frozen=True, slots=True)
class Told:
    """Messages and coupons, one a row, by (at, person); all arrays equally long.

    decision   id of the decision, null for the house's own campaigns
    slot       makes the event unique among the person's of the day
    """

    person: NDArray[np.int32]
    account: NDArray[np.int32]
    at: NDArray[np.int64]
    coupon: NDArray[np.bool_]
    channel: NDArray[np.uint8]
    amount: NDArray[np.int32]
    threshold: NDArray[np.int32]
    days: NDArray[np.int16]
    key: NDArray[np.uint64]
    slot: NDArray[np.int64]
    decision: pl.Series

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Told":
        """Return some of the rows."""
        kept = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "decision"}
        series = self.decision.filter(pl.Series(rows)) if rows.dtype == bool else self.decision.gather(rows)
        return Told(**kept, decision=series)

    def __len__(self) -> int:
        return len(self.person)
