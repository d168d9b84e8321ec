"""Attention: how a person shares the day's sessions over the platforms where an account is held.

| column | unit | source |
|---|---|---|
| people.attention f16[n,P] | share of sessions; Dirichlet over the accounts, rows sum to 1 | [G] |
"""

from dataclasses import dataclass

import numpy as np

from guanxi.world.board import Board
from guanxi.world.draws import Draws


@dataclass(frozen=True, slots=True)
class Attention:
    """Plants each person's shares."""

    name: str = "attention"
    reads: tuple[str, ...] = ("platform.habit", "account.person", "account.platform")
    writes: tuple[str, ...] = ("people.attention",)

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the column above."""
        person, platform = board["account.person"], board["account.platform"]
        weight = board["platform.habit"][platform] * draw.exponential(person, slot=platform)
        total = np.bincount(person, weights=weight, minlength=board.count("people"))
        share = np.zeros((board.count("people"), board.count("platforms")), np.float16)
        share[person, platform] = weight / total[person]
        board.add(self.name, "people.attention", share)
