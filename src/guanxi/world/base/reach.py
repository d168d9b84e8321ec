"""Reach: messages and coupons that are told, and the house's own campaigns.

The house sends to those who allow it, at random but for `confounding`: then it prefers those who would buy anyway.
What is told is delivered to whomever it names: a message without consent is a violation, counted and not prevented.
"""

from typing import Any, ClassVar, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, DataError
from guanxi.decisions import CHANNELS, NOTHING
from guanxi.events import CONSENT_BITS
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.mechanism import Planted
from guanxi.world.spec import Range, Spec
from guanxi.world.tables import Told

DELIVERED, OPENED, UNSUBSCRIBED, WITHDRAWN, COMPLAINT, ISSUED, GIVEN = range(7)  # codes of the ids
HOUSE_SLOTS: Final = 64  # slots below are the house's, those from here on are told
_LAST_SLOT: Final = 4_096


class Reach(Planted):
    """What reaches people unasked."""

    spec: ClassVar[Spec] = Spec(
        name="reach",
        reads=("people.activity", "account.platform", "people.account_start", "account.person"),
        answers=("message", "coupon"),
        emits=("Message Delivered", "Message Opened", "Coupon Issued", "Consent Withdrawn"),
        ranges=(
            Range(name="messages", low=0.38, high=0.44, unit="1/d", meaning="house messages to one who allows them"),
            Range(name="coupons", low=0.045, high=0.055, unit="1/d", meaning="house coupons of a person"),
            Range(name="opened", low=0.17, high=0.23, unit="share", meaning="messages opened"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Make the tables that campaigns need."""
        super().plant(board, draw)
        self.own = list(board.texts("platform.ids")).index("app")
        start, platform = board["people.account_start"], board["account.platform"]
        # The account that a campaign writes to: the own app's when there is one, else the first.
        home = np.flatnonzero(platform == self.own)
        self.account = np.minimum(start[:-1], max(len(platform) - 1, 0)).astype(np.int32)
        self.account[board["account.person"][home]] = home
        self.reachable = np.diff(start) > 0

    def campaigns(self, day: Day, lean: NDArray[np.float64], confounding: float) -> Told:
        """Return what the house sends today.

        lean   (people,) standardised chance to buy anyway; the house follows it by `confounding`
        """
        draws, n = day.draws("reach"), day.board.count("people")
        person = np.arange(n)
        pull = np.exp(confounding * np.clip(lean, -2.5, 2.5))
        pull /= max(float(pull.mean()), 1e-9)
        allowed = (day.consent & CONSENT_BITS["message"]) > 0
        message = allowed & (draws.child("message").uniform(person, day.index) < self.parameters["messages"] * pull)
        coupon = draws.child("coupon").uniform(person, day.index) < self.parameters["coupons"] * pull
        rows = np.concatenate((np.flatnonzero(message & self.reachable), np.flatnonzero(coupon & self.reachable)))
        is_coupon = np.arange(len(rows)) >= int((message & self.reachable).sum())
        at = (
            day.start_ms + 32_400_000 + (draws.child("at").uniform(rows, day.index, is_coupon) * 39_600_000).astype(int)
        )
        step = draws.child("size").integers(rows, day.index, high=3)
        channel = draws.child("channel").integers(rows, day.index, high=2).astype(np.uint8)
        slot = is_coupon.astype(np.int64)
        told = Told(
            rows.astype(np.int32),
            self.account[rows],
            at.astype(np.int64),
            is_coupon,
            channel,
            np.array([800, 1_500, 3_000], np.int32)[step],
            np.array([4_900, 9_900, 19_900], np.int32)[step],
            np.full(len(rows), 14, np.int16),
            day.ids.low("reach", day.index, rows, (ISSUED << 15) | slot),
            slot,
            pl.Series("", [None] * len(rows), pl.String()),
        )
        return told.take(np.lexsort((slot, told.person, told.at)))

    def told(self, day: Day, frame: pl.DataFrame, account: NDArray[np.int64]) -> Told:
        """Return decisions as rows; those that do not act, or only propose, are left out.

        frame     of `Decisions`, by (at_ms, id)
        account   (rows,) the account each names, -1: the town has none such
        raises    DataError when a decision names nobody, or one person gets too many on a day
        """
        if (account < 0).any():
            lost = int((account < 0).sum())
            raise DataError(
                f"{lost} decisions name accounts that the town does not have", "Name accounts of its events"
            )
        acts = frame["chosen"].list.set_difference([NOTHING]).list.len() > 0
        held = (acts & (frame["mode"] == "auto") & frame["kind"].is_in(["message", "coupon"])).to_numpy()
        frame, account = frame.filter(pl.Series(held)), account[held]
        person = day.board["account.person"][account]
        order = np.argsort(person, kind="stable")
        rank = np.empty(len(person), np.int64)
        begins = np.append(True, np.diff(person[order]) != 0)
        rank[order] = np.arange(len(person)) - np.maximum.accumulate(np.where(begins, np.arange(len(person)), 0))
        if len(rank) and rank.max() >= _LAST_SLOT - HOUSE_SLOTS:
            raise DataError("one person is told more than 4,000 things in a day", "Tell fewer")
        coupon = (frame["kind"] == "coupon").to_numpy()
        channel = _column(frame, "p_channel", pl.String()).replace_strict(
            list(CHANNELS), range(len(CHANNELS)), default=0, return_dtype=pl.UInt8
        )
        slot = HOUSE_SLOTS + rank
        return Told(
            person.astype(np.int32),
            account.astype(np.int32),
            frame["at_ms"].to_numpy(),
            coupon,
            channel.to_numpy(),
            _whole(frame, "p_amount", np.int32),
            _whole(frame, "p_threshold", np.int32),
            _whole(frame, "p_days", np.int16),
            day.ids.low("reach", day.index, person, (ISSUED << 15) | slot),
            slot,
            frame["id"],
        )

    def opened(self, day: Day, told: Told) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which messages are opened (rows of `told`), and when, ms UTC."""
        draws = day.draws("reach")
        entity, slot = told.person, told.slot
        opens = ~told.coupon & (draws.child("opened").uniform(entity, day.index, slot) < self.parameters["opened"])
        rows = np.flatnonzero(opens)
        wait = draws.child("wait").exponential(entity[rows], day.index, slot[rows]) * 5_400_000
        return rows, told.at[rows] + 20_000 + np.minimum(wait, 3 * DAY_MS).astype(np.int64)


def allowed(day: Day, told: Told) -> NDArray[np.bool_]:
    """Return whether each person had allowed what reaches them."""
    return (day.consent[told.person] & CONSENT_BITS["message"]) > 0


def both(one: Told, two: Told) -> Told:
    """Return the rows of both, by (at, person, slot)."""
    names = [name for name in Told.__dataclass_fields__ if name != "decision"]
    rows: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(two, name)]) for name in names}
    all_ = Told(**rows, decision=pl.concat([one.decision.cast(pl.String), two.decision.cast(pl.String)]))
    return all_.take(np.lexsort((all_.slot, all_.person, all_.at)))


def _column(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Series:
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, dtype)


def _whole(frame: pl.DataFrame, name: str, dtype: type) -> NDArray[Any]:
    values = _column(frame, name, pl.Int64()).fill_null(0).clip(0, 2_000_000_000 if dtype is np.int32 else 30_000)
    return values.to_numpy().astype(dtype)
