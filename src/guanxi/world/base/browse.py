"""Browsing: sessions, slates, views, searches; what is liked, put in the cart and ordered on the way.

Of a slate's views about .4% end in an order [D jd_behaviour: orders per view]; most orders are planned (`repeat`).
"""

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.day import Day, Pressure
from guanxi.world.draws import Draws
from guanxi.world.kernel import ASKS, CANDIDATES, CHANCES, SLATE, ask_slates, house_slates, open_sessions
from guanxi.world.kernel_views import FOUND, search, view_slates
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Range, Spec
from guanxi.world.tables import Searches, Sessions, Slates, Views

SESSION, SLATE_SHOWN, VIEWED, SEARCHED, FOUND_VIEW, ADDED, REACTED, SIGNED = range(8)  # codes of the ids
PLANNED: Final = CHANCES  # slot of the session that a planned purchase opens
EPSILON: Final = 0.05  # how often the house's slate explores, per place [G]


class Browse(Planted):
    """The core's browsing; its tables follow from the board, so it has no state."""

    spec: ClassVar[Spec] = Spec(
        name="browse",
        reads=(
            "people.activity",
            "people.attention",
            "people.rhythm",
            "rhythm.hours",
            "people.stage",
            "people.taste",
            "people.price_sensitivity",
            "people.patience",
            "account.platform",
            "account.person",
            "people.account_start",
            "calendar.traffic",
            "category.appeal",
            "category.item_start",
            "item.weight",
            "item.taste",
            "item.quality",
            "item.price",
            "item.category",
        ),
        emits=(
            "Session Started",
            "Slate Shown",
            "Product Viewed",
            "Products Searched",
            "Product Added",
            "Product Added to Wishlist",
            "Product Shared",
            "Signed In",
            "Sign In Failed",
        ),
        ranges=(
            Range(name="sessions", low=1.10, high=1.25, unit="1/d", meaning="sessions of a person"),
            Range(name="view", low=-0.80, high=-0.60, unit="log-odds", meaning="view what a slate's first place shows"),
            Range(name="react", low=-3.2, high=-3.0, unit="log-odds", meaning="like or share what is viewed"),
            Range(name="cart", low=-3.6, high=-3.4, unit="log-odds", meaning="put what is viewed in the cart"),
            Range(name="order", low=-6.3, high=-6.1, unit="log-odds", meaning="order what is viewed", basis="D"),
            Range(name="search", low=0.18, high=0.22, unit="share", meaning="sessions with a search"),
            Range(name="slate", low=0.42, high=0.48, unit="share", meaning="sessions with a slate"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Make the tables that the kernel reads."""
        super().plant(board, draw)
        weight = board["item.weight"].astype(np.float64)
        self.item_cdf = np.cumsum(weight)
        start = board["category.item_start"]
        mass = np.add.reduceat(weight, np.minimum(start[:-1], len(weight) - 1)) * (np.diff(start) > 0)
        appeal = np.exp(board["category.appeal"].astype(np.float64)) * mass
        self.category_cdf = np.cumsum(appeal / appeal.sum(axis=1, keepdims=True), axis=1)
        # Tastes are standard normal on sixteen axes: a quarter of one side makes their product's sd 1.
        self.item_taste = np.ascontiguousarray(board["item.taste"].astype(np.float32) * np.float32(0.25))
        popular = np.log(np.maximum(weight, 1e-12))
        self.bonus = (0.25 * board["item.quality"] + 0.1 * (popular - popular.mean())).astype(np.float32)
        price = np.log(board["item.price"].astype(np.float64))
        self.dearness = (0.2 * (price - price.mean())).astype(np.float32)
        self.hours = np.cumsum(board["rhythm.hours"].astype(np.float64), axis=1)
        self.attention = board["people.attention"][board["account.person"], board["account.platform"]].astype(
            np.float64
        )

    def mean_sessions(self, day: Day) -> NDArray[np.float32]:
        """Return (people,) how many sessions are expected today before any pressure."""
        traffic = float(day.board["calendar.traffic"][day.index])
        return (self.parameters["sessions"] * traffic * day.board["people.activity"]).astype(np.float32)

    def attention_sums(self, board: Board, lean: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return (accounts,) running sums within each person of attention, moved by (platforms,) log-odds."""
        weight = self.attention * np.exp(lean.astype(np.float64))[board["account.platform"]] + 1e-9
        return sums_within(weight, board["people.account_start"])

    def sessions(
        self, day: Day, low: int, high: int, lean: Pressure, told: NDArray[np.float32], weights: NDArray[np.float64]
    ) -> Sessions:
        """Return who of [low, high) opens what today."""
        board, draws = day.board, day.draws("browse")
        keys = _keys(draws, "open", "account", "hour", "moment", "flag")
        hours = np.exp(lean.of("open", "hour", 24).astype(np.float64)) * np.diff(self.hours, axis=1, prepend=0.0)
        hours = np.cumsum(hours / hours.sum(axis=1, keepdims=True), axis=1)
        room = (high - low) * CHANCES
        person, account = np.empty(room, np.int32), np.empty(room, np.int32)
        at, slot, flag = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.uint8)
        n = open_sessions(
            keys,
            day.index,
            low,
            high,
            day.public["mean_sessions"],
            lean.of("open", "person", len(told)),
            told,
            board["people.account_start"],
            weights,
            board["people.rhythm"],
            hours,
            np.array([0.75, 0.3, 0.04]),
            person,
            account,
            at,
            slot,
            flag,
        )
        return Sessions(person[:n].copy(), account[:n].copy(), at[:n].copy(), slot[:n].copy(), flag[:n].copy())

    def slates(self, day: Day, low: int, high: int, sessions: Sessions) -> Slates:
        """Return the slates that these sessions ask for."""
        board, draws = day.board, day.draws("browse")
        taste = board["people.taste"][low:high].astype(np.float32)
        share = self.parameters["slate"]
        room = len(sessions.person) * ASKS
        session, at = np.empty(room, np.int32), np.empty(room, np.int64)
        slot, items = np.empty(room, np.int64), np.empty((room, CANDIDATES), np.int32)
        n = ask_slates(
            _keys(draws, "slate", "candidate"), day.index, low, len(sessions.person), sessions.person, sessions.at,
            sessions.slot, np.array([share, share / 2]), board["people.stage"], self.category_cdf,
            board["category.item_start"], self.item_cdf, taste, self.item_taste, self.bonus, self.dearness,
            board["people.price_sensitivity"], session, at, slot, items,
        )  # fmt: skip
        session, slot = session[:n].copy(), slot[:n].copy()
        key = day.ids.low("browse", day.index, sessions.person[session], (SLATE_SHOWN << 15) | slot)
        return Slates(session, at[:n].copy(), slot, items[:n].copy(), key)

    def house(
        self, seed: int, key: NDArray[np.uint64], epsilon: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return (asks, SLATE) the ranks that the house chooses for these slates, and how likely each was."""
        places, propensity = np.empty((len(key), SLATE), np.int64), np.empty((len(key), SLATE), np.float32)
        house_slates(Draws(seed, "browse", "house").key, key, len(key), SLATE, epsilon, places, propensity)
        return places, propensity

    def views(
        self,
        day: Day,
        low: int,
        high: int,
        sessions: Sessions,
        slates: Slates,
        chosen: NDArray[np.int32],
        terms: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> Views:
        """Return what is viewed of the slates.

        chosen   (asks, SLATE) items, -1: none
        terms    (4, people) and (4, items) log-odds: view, react, cart, order
        """
        board, p = day.board, self.parameters
        room = max(1, len(slates.session) * SLATE)
        ask, place, item = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.int32)
        at, dwell, flag = np.empty(room, np.int64), np.empty(room, np.float32), np.empty(room, np.uint8)
        n = view_slates(
            _keys(day.draws("browse"), "view", "react", "cart", "order", "dwell"), day.index, low, len(slates.session),
            slates.session, slates.at, chosen, sessions.person, sessions.flag,
            board["people.taste"][low:high].astype(np.float32), self.item_taste, self.bonus, self.dearness,
            board["people.price_sensitivity"],
            np.array([p["view"], p["react"], p["cart"], p["order"]]), *terms, board["people.patience"],
            ask, place, item, at, dwell, flag,
        )  # fmt: skip
        return Views(
            ask[:n].copy(), place[:n].copy(), item[:n].copy(), at[:n].copy(), dwell[:n].copy(), flag[:n].copy()
        )

    def searches(self, day: Day, sessions: Sessions, lean: NDArray[np.float32]) -> Searches:
        """Return what is searched for; `lean` (people,) log-odds."""
        board = day.board
        room = max(1, len(sessions.person))
        session, category = np.empty(room, np.int32), np.empty(room, np.int32)
        at, item = np.empty(room, np.int64), np.empty((room, FOUND), np.int32)
        dwell = np.empty((room, FOUND), np.float32)
        n = search(
            _keys(day.draws("browse"), "search", "what", "found", "found_dwell"),
            day.index,
            len(sessions.person),
            sessions.person,
            sessions.at,
            sessions.slot,
            self.parameters["search"],
            lean,
            board["people.stage"],
            self.category_cdf,
            board["category.item_start"],
            self.item_cdf,
            session,
            category,
            at,
            item,
            dwell,
        )
        return Searches(session[:n].copy(), category[:n].copy(), at[:n].copy(), item[:n].copy(), dwell[:n].copy())


def sums_within(weight: NDArray[np.float64], start: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return running sums that begin anew at each place of `start`, (groups + 1,)."""
    total = np.cumsum(weight)
    before = np.concatenate(([0.0], total))[start[:-1]]
    return np.asarray(total - np.repeat(before, np.diff(start)))


def _keys(draws: Draws, *purposes: str) -> NDArray[Any]:
    return np.array([draws.child(purpose).key for purpose in purposes], np.uint64)
