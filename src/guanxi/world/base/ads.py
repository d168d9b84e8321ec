"""Ads: what is shown in sessions, clicked, and what it costs; who responds how belongs to `market` and `spend`."""

from typing import ClassVar, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS
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
from guanxi.world.tables import Sessions

SHOWN, CLICKED, SPEND = range(3)  # codes of the ids
CAMPAIGNS: Final = 4  # of the house on each platform


class Ads(Planted):
    """The house's ads."""

    spec: ClassVar[Spec] = Spec(
        name="ads",
        reads=("platform.ad_price", "account.platform", "platform.ids", "item.weight"),
        emits=("Ad Shown", "Ad Clicked", "Ad Spend Recorded"),
        ranges=(
            Range(name="shown", low=0.60, high=0.70, unit="share", meaning="sessions with an ad"),
            Range(name="clicked", low=0.015, high=0.03, unit="share", meaning="ads clicked"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Make the table of what is advertised."""
        super().plant(board, draw)
        self.item_cdf = np.cumsum(board["item.weight"].astype(np.float64))
        ids = board.texts("platform.ids")
        self.names = pl.Series("", [f"{name}-{n + 1}" for name in ids for n in range(CAMPAIGNS)], pl.String())

    def showing(self, day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
        """Return ads shown and clicked, and the day's spend of each platform."""
        board, draws = day.board, day.draws("ads")
        some = draws.child("shown").uniform(sessions.person, day.index, sessions.slot) < self.parameters["shown"]
        rows = np.flatnonzero(some & (sessions.slot != PLANNED))
        person, account, slot = sessions.person[rows], sessions.account[rows], sessions.slot[rows]
        platform = board["account.platform"][account]
        campaign = platform.astype(np.int64) * CAMPAIGNS + draws.child("campaign").integers(
            person, day.index, slot, high=CAMPAIGNS
        )
        u = draws.child("item").uniform(person, day.index, slot)
        item = np.minimum(np.searchsorted(self.item_cdf, u * self.item_cdf[-1]), len(self.item_cdf) - 1)
        names = self.names.gather(campaign)
        at = day.start_ms + sessions.at[rows] + 30_000
        shared = {
            **whereabouts(day, texts, account, (sessions.flag[rows] & LOGGED_IN) > 0),
            "role_item": texts.item.gather(item),
            "role_campaign": "campaign::" + names,
            "ref_campaign": names,
            "ref_session": digits(session_keys(day, person, slot)),
            "p_slot": "feed",
            "p_position": 3,
        }
        batches = [sheet("Ad Shown", day.pair("ads", person, slot), at, person, shared)]
        clicks = draws.child("clicked").uniform(person, day.index, slot) < self.parameters["clicked"]
        held = np.flatnonzero(clicks)
        columns = {
            name: value.gather(held) if isinstance(value, pl.Series) else value for name, value in shared.items()
        }
        batches.append(
            sheet(
                "Ad Clicked",
                day.pair("ads", person[held], (CLICKED << 15) | slot[held]),
                at[held] + 5_000,
                person[held],
                columns,
            )
        )
        return [*batches, self._spend(day, texts, platform, clicks)]

    def _spend(self, day: Day, texts: Texts, platform: NDArray[np.uint8], clicks: NDArray[np.bool_]) -> EventBatch:
        board, count = day.board, day.board.count("platforms")
        shown = np.bincount(platform, minlength=count)
        clicked = np.bincount(platform[clicks], minlength=count)
        rows = np.flatnonzero(shown)
        price = board["platform.ad_price"].astype(np.float64)
        noise = 0.9 + 0.2 * day.draws("ads").child("price").uniform(rows, day.index)
        spent = np.rint(shown[rows] * price[rows] * noise).astype(np.int64)
        none = np.full(len(rows), -1)
        return sheet(
            "Ad Spend Recorded",
            day.pair("ads", rows, SPEND << 15),
            np.full(len(rows), day.start_ms + DAY_MS - 60_000),
            none,
            {
                "role_shop": texts.shop.gather(rows),
                "platform": texts.platform.gather(rows),
                "amount": spent,
                "currency": "CNY",
                "p_grain": "day",
                "p_impressions": shown[rows],
                "p_clicks": clicked[rows],
            },
        )
