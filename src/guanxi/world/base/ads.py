"""Ads: what is shown in sessions, clicked, what it costs, and what each platform says came of it.

Ads of the base move nobody: who responds how belongs to `market` and `spend`. A platform still credits an order to the
last click on its own ads within its own window, as platforms do, so a reported ROI is not what the ads brought.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, SHANGHAI, from_ms
from guanxi.events import EventBatch
from guanxi.world.base.browse import PLANNED
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.emit_browse import session_keys, whereabouts
from guanxi.world.kernel import LOGGED_IN
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Range, Spec
from guanxi.world.tables import Orders, Sessions

SHOWN, CLICKED, SPEND = range(3)  # codes of the ids
CAMPAIGNS: Final = 4  # of the house on each platform
CLICK_MS: Final = 5_000  # from what is shown to the click
#: Days within which a platform credits an order to a click on its ads [G]; others: WINDOW.
WINDOWS: Final = {"taobao": 3, "jd": 3, "xiaohongshu": 3}
WINDOW: Final = 1
_NEVER: Final = -(1 << 30)


@dataclass(frozen=True, slots=True)
class Served:
    """Ads of a day by session; `rows` are those sessions, `at` ms of the day."""

    rows: NDArray[np.int64]
    campaign: NDArray[np.int64]
    at: NDArray[np.int64]
    clicked: NDArray[np.bool_]


class Ads(Planted):
    """The house's ads; what it remembers is each account's last click."""

    spec: ClassVar[Spec] = Spec(
        name="ads",
        reads=("platform.ad_price", "platform.sells", "account.platform", "platform.ids", "item.weight"),
        emits=("Ad Shown", "Ad Clicked", "Ad Spend Recorded"),
        ranges=(
            Range(name="shown", low=0.60, high=0.70, unit="share", meaning="sessions with an ad"),
            Range(name="clicked", low=0.015, high=0.03, unit="share", meaning="ads clicked"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Make the table of what is advertised; nobody has clicked yet."""
        super().plant(board, draw)
        self.item_cdf = np.cumsum(board["item.weight"].astype(np.float64))
        ids = board.texts("platform.ids")
        self.names = pl.Series("", [f"{name}-{n + 1}" for name in ids for n in range(CAMPAIGNS)], pl.String())
        self.window = np.array([WINDOWS.get(name, WINDOW) for name in ids], np.int64)
        self.state["click_s"] = np.full(board.count("accounts"), _NEVER, np.int32)  # since the town's first midnight
        self.state["click_campaign"] = np.zeros(board.count("accounts"), np.uint8)
        self.state["late"] = np.zeros((2, len(self.names)), np.int64)  # orders and fen paid after midnight

    def served(self, day: Day, sessions: Sessions) -> Served:
        """Return which sessions are shown which campaign, and who clicks."""
        draws = day.draws("ads")
        some = draws.child("shown").uniform(sessions.person, day.index, sessions.slot) < self.parameters["shown"]
        rows = np.flatnonzero(some & (sessions.slot != PLANNED))
        person, slot = sessions.person[rows], sessions.slot[rows]
        platform = day.board["account.platform"][sessions.account[rows]].astype(np.int64)
        which = draws.child("campaign").integers(person, day.index, slot, high=CAMPAIGNS)
        clicked = draws.child("clicked").uniform(person, day.index, slot) < self.parameters["clicked"]
        return Served(rows, platform * CAMPAIGNS + which, sessions.at[rows] + 30_000, clicked)

    def credited(self, day: Day, sessions: Sessions, served: Served, orders: Orders) -> NDArray[np.int64]:
        """Return (2, campaigns): orders paid today and their fen, each under its account's last click in the window.

        An order counts on the day it is paid, the click must come before the order. Clicks are remembered.
        """
        rows = served.rows[served.clicked]
        account, campaign = sessions.account[rows].astype(np.int64), served.campaign[served.clicked]
        at = served.at[served.clicked] + CLICK_MS
        line = np.lexsort((at, account))
        account, campaign, at = account[line], campaign[line], at[line]
        paid = np.flatnonzero(orders.paid)
        who, when = orders.account[paid].astype(np.int64), orders.at[paid]
        last, last_campaign = self.state["click_s"], self.state["click_campaign"]
        begin = day.index * DAY_MS
        click = last[who].astype(np.int64) * 1_000 - begin
        by = last_campaign[who].astype(np.int64)
        place = np.searchsorted(account * (2 * DAY_MS) + at, who * (2 * DAY_MS) + when, side="right") - 1
        today = (place >= 0) & (account[place] == who) if len(account) else np.zeros(len(paid), bool)
        click[today], by[today] = at[place[today]], campaign[place[today]]
        window = self.window[day.board["account.platform"][who]] * DAY_MS
        counts = (when >= click) & (when - click < window)
        found, late = np.zeros((2, len(self.names)), np.int64), np.zeros((2, len(self.names)), np.int64)
        for sums, some in (
            (found, counts & (orders.paid_at[paid] < DAY_MS)),
            (late, counts & (orders.paid_at[paid] >= DAY_MS)),
        ):
            np.add.at(sums[0], by[some], 1)
            np.add.at(sums[1], by[some], orders.payable[paid[some]])
        found += self.state["late"]
        self.state["late"] = late
        if len(account):
            self.state.own("click_s")[account] = (begin + at) // 1_000  # sorted by time: the last one stays
            self.state.own("click_campaign")[account] = campaign
        return found

    def showing(self, day: Day, texts: Texts, sessions: Sessions, orders: Orders) -> list[EventBatch]:
        """Return ads shown and clicked, and the day's report of each campaign."""
        board, draws, served = day.board, day.draws("ads"), self.served(day, sessions)
        rows = served.rows
        person, account, slot = sessions.person[rows], sessions.account[rows], sessions.slot[rows]
        u = draws.child("item").uniform(person, day.index, slot)
        item = np.minimum(np.searchsorted(self.item_cdf, u * self.item_cdf[-1]), board.count("items") - 1)
        names = self.names.gather(served.campaign)
        at = day.start_ms + served.at
        shared = {
            **whereabouts(day, texts, account, (sessions.flag[rows] & LOGGED_IN) > 0),
            "role_item": texts.item.gather(item),
            "role_campaign": "campaign::" + names,
            "ref_campaign": names,
            "ref_session": digits(session_keys(day, person, slot)),
            "p_slot": "feed",
            "p_position": 3,
        }
        held = np.flatnonzero(served.clicked)
        columns = {
            name: value.gather(held) if isinstance(value, pl.Series) else value for name, value in shared.items()
        }
        clicks = day.pair("ads", person[held], (CLICKED << 15) | slot[held])
        return [
            sheet("Ad Shown", day.pair("ads", person, slot), at, person, shared),
            sheet("Ad Clicked", clicks, at[held] + CLICK_MS, person[held], columns),
            self._report(day, texts, served, self.credited(day, sessions, served, orders)),
        ]

    def _report(self, day: Day, texts: Texts, served: Served, credited: NDArray[np.int64]) -> EventBatch:
        """What each platform says of its campaigns at the end of the day; one that sells nothing knows no orders."""
        board, count = day.board, len(self.names)
        shown = np.bincount(served.campaign, minlength=count)
        clicked = np.bincount(served.campaign[served.clicked], minlength=count)
        rows = np.flatnonzero((shown > 0) | (credited[0] > 0))
        platform = rows // CAMPAIGNS
        price = board["platform.ad_price"].astype(np.float64)[platform]
        noise = 0.9 + 0.2 * day.draws("ads").child("price").uniform(rows, day.index)
        unknown = pl.Series(board["platform.sells"][platform] == 0)
        orders, revenue = (pl.Series(part[rows]).set(unknown, None) for part in credited)
        clock = pl.Series("", ["order"] * len(rows), pl.String()).set(unknown, None)
        names = self.names.gather(rows)
        return sheet(
            "Ad Spend Recorded",
            day.pair("ads", rows, SPEND << 15),
            np.full(len(rows), day.end_ms - 1),
            np.full(len(rows), -1),
            {
                "role_shop": texts.shop.gather(platform),
                "role_campaign": "campaign::" + names,
                "ref_campaign": names,
                "platform": texts.platform.gather(platform),
                "amount": np.rint(shown[rows] * price * noise).astype(np.int64),
                "currency": "CNY",
                "p_period": from_ms(day.start_ms, zone=SHANGHAI).date().isoformat(),
                "p_grain": "day",
                "p_campaign": names,
                "p_attribution_window_days": pl.Series(self.window[platform]).set(unknown, None),
                "p_attribution_clock": clock,
                "p_impressions": shown[rows],
                "p_clicks": clicked[rows],
                "p_conversions": orders,
                "p_orders": orders,
                "p_revenue": revenue,
            },
        )
