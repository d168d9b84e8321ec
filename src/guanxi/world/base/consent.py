"""Consent: what each person allows, and what takes it back.

| private | |
|---|---|
| bits u8[n] | purposes allowed, as `guanxi.events.CONSENT_BITS` |
| stated u8[n] | 1 the person's consents stand in the log |

Minors allow nothing but analysis, given by a guardian. A withdrawal after pressure is the response's (opt_out); a few
people take something back on any day.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from guanxi.events import CONSENT_BITS
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.mechanism import Planted, labels
from guanxi.world.spec import Range, Spec
from guanxi.world.truth import Truths

PURPOSES: tuple[str, ...] = tuple(CONSENT_BITS)


class Consent(Planted):
    """What people allow."""

    spec: ClassVar[Spec] = Spec(
        name="consent",
        serves=("S4.9",),
        reads=("people.minor", "account.person", "account.platform", "people.account_start"),
        emits=("Consent Given", "Consent Withdrawn"),
        ranges=(
            Range(name="analyse", low=0.85, high=0.97, unit="share", meaning="allow analysis"),
            Range(name="personalise", low=0.65, high=0.85, unit="share", meaning="allow personalisation"),
            Range(name="message", low=0.60, high=0.80, unit="share", meaning="allow messages"),
            Range(name="location", low=0.25, high=0.45, unit="share", meaning="allow location"),
            Range(name="share", low=0.10, high=0.25, unit="share", meaning="allow sharing with partners"),
            Range(name="withdraw", low=0.0001, high=0.0003, unit="1/d", meaning="take one back without cause"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Draw what each person has allowed before day 0."""
        super().plant(board, draw)
        person = np.arange(board.count("people"))
        bits = np.zeros(len(person), np.uint8)
        for purpose, bit in CONSENT_BITS.items():
            given = draw.child(purpose).uniform(person) < self.parameters[purpose]
            bits |= np.where(given, bit, 0).astype(np.uint8)
        # Below 18 a guardian may allow analysis, and nobody may allow more.
        self.state["bits"] = np.where(board["people.minor"] > 0, bits & CONSENT_BITS["analyse"], bits).astype(np.uint8)
        self.state["stated"] = np.zeros(len(person), np.uint8)

    def withdrawals(self, day: Day) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Return who takes which bit back today without cause, and when: person, bit, ms of the day; by person."""
        draws = day.draws("consent").child("withdraw")
        bits = self.state["bits"]
        person = np.flatnonzero(bits)
        u = draws.uniform(person, day.index)
        person = person[u < self.parameters["withdraw"]]
        which = draws.integers(person, day.index, 1, high=len(PURPOSES))
        bit = (1 << which).astype(np.uint8)
        held = (bits[person] & bit) > 0
        at = (draws.uniform(person, day.index, 2) * 80_000_000).astype(np.int64)
        return person[held], bit[held], at[held]

    def withdraw(self, person: NDArray[np.int64], bit: NDArray[np.uint8]) -> None:
        """Take bits back; they are gone from the next day on."""
        bits = self.state.own("bits")
        np.bitwise_and.at(bits, person, ~bit)

    def truth(self, day: Day) -> Truths:
        """Say what each person allows."""
        bits = self.state["bits"]
        return labels(
            day, {f"allows_{name}": (bits & bit > 0).astype(np.float64) for name, bit in CONSENT_BITS.items()}
        )
