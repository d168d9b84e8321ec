"""Response to messages and coupons: sure things, persuadables, lost causes, sleeping dogs.

Who responds follows a hidden leaning, of which price sensitivity shows a part. A message lifts the chance to open, and
a third of that the chance to buy; every further one tires. A coupon lifts the chance to buy while it is valid; what is
bought earlier is not bought again later, since the purchase's clock starts anew. Variants: a) log-odds in proportion to
the leaning and to the depth of the discount, b) all or nothing once depth x need passes a person's threshold.

| private | |
|---|---|
| leaning f16[n] | standard normal |
| fatigue f32[n] | messages, halved every `fatigue_days` |
| message_day i16, coupon_until i16, coupon_amount i32, coupon_threshold i32, coupon_key u64 | what is in force |
| typical f32[n] | mean price of what the person buys again, fen |
"""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.mechanism import Planted, labels
from guanxi.world.spec import Range, Spec, Term
from guanxi.world.tables import Told
from guanxi.world.truth import Truths

NEVER: Final = -30_000
CLASSES: Final = ("lost_cause", "sure_thing", "persuadable", "sleeping_dog")


class Response(Planted):
    """What messages and coupons do to people."""

    spec: ClassVar[Spec] = Spec(
        name="response",
        serves=("S1.1", "S5.8", "S8.1"),
        reads=("people.price_sensitivity", "people.need"),
        answers=("message", "coupon"),
        emits=("Message Unsubscribed", "Complaint Filed"),
        variants=("a", "b"),
        ranges=(
            Range(
                name="message_lift",
                low=0.40,
                high=0.63,
                unit="log-odds",
                meaning="of a visit, by a first message",
                basis="D",
            ),
            Range(name="coupon_lift", low=0.25, high=0.50, unit="log-odds", meaning="of a purchase, by 15% off"),
            Range(name="visible", low=0.3, high=0.6, unit="share", meaning="correlation with price sensitivity"),
            Range(name="spread", low=0.7, high=0.9, meaning="sd of the lift over its mean"),
            Range(name="fatigue_days", low=4.0, high=9.0, unit="d", meaning="half-life of weariness"),
            Range(name="tire", low=0.10, high=0.25, meaning="share of the lift that one recent message takes"),
            Range(
                name="redeem",
                low=-0.80,
                high=-0.60,
                unit="log-odds",
                meaning="use of a valid coupon in an order",
                basis="D",
            ),
            Range(name="opt_out", low=-7.2, high=-6.6, unit="log-odds", meaning="of opting out, per message"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Draw how each person leans."""
        super().plant(board, draw)
        n = board.count("people")
        person = np.arange(n)
        seen = np.log(np.maximum(board["people.price_sensitivity"], 0.05))
        seen = (seen - seen.mean()) / max(float(seen.std()), 1e-9)
        share = self.parameters["visible"]
        hidden = draw.child("leaning").normal(person)
        self.state["leaning"] = (share * seen + np.sqrt(1 - share**2) * hidden).astype(np.float16)
        self.state["fatigue"] = np.zeros(n, np.float32)
        for name in ("message_day", "coupon_until"):
            self.state[name] = np.full(n, NEVER, np.int16)
        for name in ("coupon_amount", "coupon_threshold"):
            self.state[name] = np.zeros(n, np.int32)
        self.state["coupon_key"] = np.zeros(n, np.uint64)
        self.state["typical"] = np.full(n, 5_000, np.float32)

    def know_prices(self, typical: NDArray[np.float64]) -> None:
        """Take what each person's usual purchase costs, (people,) fen."""
        self.state["typical"] = typical.astype(np.float32)

    def take(self, told: Told, day: int) -> None:
        """Let what was told come into force from this day on."""
        message, coupon = ~told.coupon, told.coupon
        np.add.at(self.state.own("fatigue"), told.person[message], np.float32(1.0))
        self.state.own("message_day")[told.person[message]] = day
        who = told.person[coupon]
        self.state.own("coupon_until")[who] = np.minimum(day + told.days[coupon].astype(np.int64) - 1, 32_000)
        self.state.own("coupon_amount")[who] = told.amount[coupon]
        self.state.own("coupon_threshold")[who] = told.threshold[coupon]
        self.state.own("coupon_key")[who] = told.key[coupon]

    def settle(self) -> None:
        """End a day: weariness fades."""
        fatigue = self.state.own("fatigue")
        fatigue *= np.float32(0.5 ** (1.0 / self.parameters["fatigue_days"]))

    def lift(self) -> NDArray[np.float64]:
        """Return (people,) what a first message adds to the log-odds of a visit."""
        leaning = self.state["leaning"].astype(np.float64)
        return self.dial.dose * self.parameters["message_lift"] * (1.0 + self.parameters["spread"] * leaning)

    def leans(self, day: Day) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (people,) log-odds that what is in force adds today: to open, to buy."""
        n = day.board.count("people")
        opens, buys = np.zeros(n, np.float32), np.zeros(n, np.float32)
        reached = np.flatnonzero(day.index - self.state["message_day"] < 14)
        if len(reached):
            age = (day.index - self.state["message_day"][reached]).astype(np.float64)
            tired = np.exp(-self.parameters["tire"] * np.maximum(self.state["fatigue"][reached] - 1.0, 0.0))
            lift = self.lift()[reached] * tired * 0.5 ** (age / 3.0)
            opens[reached] = lift
            buys[reached] = lift / 3.0
        holders = np.flatnonzero(self.state["coupon_until"] >= day.index)
        if len(holders):
            buys[holders] += self.coupon_lift(day.board, holders).astype(np.float32)
        return opens, buys

    def coupon_lift(self, board: Board, person: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the coupon that each of these people holds adds to the log-odds of a purchase."""
        typical = self.state["typical"][person].astype(np.float64)
        basket = np.maximum(typical, self.state["coupon_threshold"][person])
        depth = np.minimum(self.state["coupon_amount"][person] / basket, 0.6)
        leaning = self.state["leaning"][person].astype(np.float64)
        full = self.dial.dose * self.parameters["coupon_lift"]
        if self.variant == "b":
            passes = depth * (0.5 + board["people.need"][person]) > 0.10 * np.exp(-0.5 * leaning)
            return np.where(passes, 1.6 * full, 0.0)
        return np.asarray(full * np.minimum(depth / 0.15, 2.0) * np.maximum(1.0 + 0.6 * leaning, 0.0))

    def redeeming(self, day: Day, person: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the log-odds that an order of these people, if large enough, uses the coupon they hold."""
        sensitivity = day.board["people.price_sensitivity"][person].astype(np.float64)
        return np.asarray(self.parameters["redeem"] + 0.4 * (sensitivity - 1.0))

    def opting_out(self, person: NDArray[np.int32], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the log-odds that a message makes these people opt out; without consent they are many more."""
        pressure = self.state["fatigue"][person].astype(np.float64)
        wrong = self.dial.dose * np.where(allowed, 0.35 * pressure, 2.6 + 0.35 * pressure)
        return np.asarray(self.parameters["opt_out"] + wrong)

    def lean(self, day: Day) -> tuple[Term, ...]:
        """Give what is in force as pressure of single people."""
        opens, buys = self.leans(day)
        return (Term(choice="open", axes=("person",), value=opens), Term(choice="order", axes=("person",), value=buys))

    def classes(self, base: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the place in CLASSES of each person.

        base   (people,) chance to buy within 14 days untouched
        """
        lift = self.lift()
        moved = lift > 0.8 * self.dial.dose * self.parameters["message_lift"]
        calm = np.where(base > np.median(base), 1, 0)
        return np.asarray(np.where(lift < 0, 3, np.where(moved & (self.dial.dose > 0), 2, calm)))

    def truth(self, day: Day) -> Truths:
        """Say each person's lift and class."""
        found = {"message_lift": self.lift()}
        if "buys_14d" in day.public:
            found["response_class"] = self.classes(day.public["buys_14d"]).astype(np.float64)
        return labels(day, found)
