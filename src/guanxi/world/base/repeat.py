"""Repeat purchases: five categories that a person buys again and again, each with its own clock.

A slot's gap is gamma; the rates of people are gamma, so the gaps of all lie far apart. Variants: a) people may leave
for good after a purchase (as in BG/NBD), b) on any day, c) a regular cycle of which some turns are skipped.

| private | |
|---|---|
| category u8[n,5] | what is bought again |
| last i16[n,5] | day of the last one, before 0 at the start |
| item i32[n,5] | what was bought last |
| rate f16[n] | purchases relative to the mean |
| leave f16[n], alive u8[n] | chance to leave; 0 = has left |
"""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.kernel_views import PURCHASES, REACH, TABLE
from guanxi.world.mechanism import Planted, labels
from guanxi.world.quantiles import gamma_cdf, gamma_quantile
from guanxi.world.spec import Range, Spec
from guanxi.world.truth import Truths

_BLOCK: Final = 65_536
HORIZON: Final = 90  # days that "expected_purchases" looks ahead


class Repeat(Planted):
    """The purchases that people plan."""

    spec: ClassVar[Spec] = Spec(
        name="repeat",
        serves=("S1.1", "S8.10"),
        reads=(
            "people.stage",
            "category.appeal",
            "category.gap_days",
            "item.price",
            "item.category",
            "calendar.orders",
        ),
        variants=("a", "b", "c"),
        ranges=(
            Range(name="daily", low=0.056, high=0.064, unit="1/d", meaning="planned purchases of a person"),
            Range(name="rate_shape", low=0.66, high=0.76, meaning="gamma shape of people's rates, CV 1.1", basis="D"),
            Range(
                name="gap_shape", low=1.25, high=1.45, meaning="gamma shape of one slot's gaps, CV .82-.9", basis="D"
            ),
            Range(name="leave", low=0.005, high=0.015, unit="share", meaning="leave for good, per purchase"),
            Range(name="skip", low=0.15, high=0.25, unit="share", meaning="skipped turns of variant c"),
            Range(name="loyal", low=0.80, high=0.90, unit="share", meaning="buy the same item again"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Draw what each person buys again, how often, and where in the cycle they stand on day 0."""
        super().plant(board, draw)
        n = board.count("people")
        for name, dtype in (("category", np.uint8), ("last", np.int16), ("item", np.int32)):
            self.state[name] = np.zeros((n, PURCHASES), dtype)
        shape = self.parameters["rate_shape"]
        person = np.arange(n)
        rate = draw.child("rate").gamma(person, shape=shape) / shape
        self.state["rate"] = np.maximum(rate, 1e-3).astype(np.float16)
        self.state["alive"] = np.ones(n, np.uint8)
        leave = self.parameters["leave"] * draw.child("leave").gamma(person, shape=2.0) / 2.0
        per = self.daily if self.variant == "b" else 1.0
        self.state["leave"] = np.minimum(leave * per, 0.5).astype(np.float16)
        if self.variant == "c" or self.dial.dose == 0:
            self.state["leave"] = np.zeros(n, np.float16)
        for low in range(0, n, _BLOCK):
            self._plant_slots(board, draw, low, min(n, low + _BLOCK))

    @property
    def daily(self) -> float:
        """Planned purchases of the mean person a day, skipped ones included."""
        return self.parameters["daily"] / (1.0 - self.skip)

    @property
    def skip(self) -> float:
        """Share of turns that are skipped."""
        return self.parameters["skip"] if self.variant == "c" else 0.0

    @property
    def gap_shape(self) -> float:
        """Gamma shape of a slot's gap."""
        return 8.0 if self.variant == "c" else self.parameters["gap_shape"]

    def hazard(self) -> NDArray[np.float64]:
        """Return (TABLE,) chance of a purchase per mean gap, by age in mean gaps."""
        edges = np.linspace(0.0, REACH, TABLE + 1)
        below = gamma_cdf(edges * self.gap_shape, self.gap_shape)
        left = np.maximum(1.0 - below, 1e-15)
        rise = -np.log(left[1:] / left[:-1]) / (REACH / TABLE)
        return np.minimum(rise, 4.0 * self.gap_shape)

    def share(self, board: Board, low: int, high: int) -> NDArray[np.float32]:
        """Return (high - low, PURCHASES) the slots' shares of a person's purchases: the shorter the cycle, the more."""
        weight = 1.0 / board["category.gap_days"][self.state["category"][low:high]]
        return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)

    def truth(self, day: Day) -> Truths:
        """Say who is alive, and what is expected of them in the next 90 days; stationary rates, leaving included."""
        alive, leave = self.state["alive"].astype(np.float64), self.state["leave"].astype(np.float64)
        rate = self.state["rate"].astype(np.float64) * self.daily * (1.0 - self.skip)
        mean = rate * HORIZON
        weight = leave * HORIZON if self.variant == "b" else leave * mean
        stays = np.where(weight > 1e-9, -np.expm1(-weight) / np.maximum(weight, 1e-12), 1.0)
        expected = alive * mean * stays
        price = board_price(day.board)[self.state["category"]]
        value = expected * (price * self.share(day.board, 0, len(alive))).sum(axis=1)
        return labels(day, {"alive": alive, "expected_purchases": expected, "expected_value": value})

    def _plant_slots(self, board: Board, draw: Draws, low: int, high: int) -> None:
        person = np.arange(low, high)[:, None]
        slot = np.arange(PURCHASES)[None, :]
        appeal = np.exp(board["category.appeal"][board["people.stage"][low:high]].astype(np.float64))
        # Five categories without repetition: the five highest of log weight plus Gumbel noise.
        places = np.arange(appeal.shape[1])[None, :]
        noise = -np.log(draw.child("category").exponential(person, slot=places))
        chosen = np.argsort(-(np.log(appeal) + noise), axis=1, kind="stable")[:, :PURCHASES]
        self.state["category"][low:high] = chosen
        rate = self.state["rate"][low:high, None].astype(np.float64)
        gap = 1.0 / (rate * self.daily * self.share(board, low, high))
        # The age of a renewal process seen at random: a uniform part of a gap drawn by its length.
        draws = draw.child("age")
        length = gamma_quantile(draws.uniform(person, slot=slot), self.gap_shape + 1.0) / self.gap_shape
        age = draws.uniform(person, slot=slot + PURCHASES) * length * gap
        self.state["last"][low:high] = -np.minimum(age, 30_000).astype(np.int16) - 1
        self.state["item"][low:high] = -1


def board_price(board: Board) -> NDArray[np.float64]:
    """Return (categories,) mean price of what is bought, fen, by the items' weights."""
    weight = board["item.weight"].astype(np.float64)
    count = board.count("categories")
    total = np.bincount(board["item.category"], weights=weight * board["item.price"], minlength=count)
    return total / np.maximum(np.bincount(board["item.category"], weights=weight, minlength=count), 1e-12)
