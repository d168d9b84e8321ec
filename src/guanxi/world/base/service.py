"""Service: why people write, how often, and how many answer. Text comes from `world/words`.

| column | unit | source |
|---|---|---|
| service.intents (note) | the 24 intents | |
| service.intent_share f32[24] | of contacts, sums to 1 | [G] |
| service.after u8[24] | 0 before an order, 1 after an order, 2 after receipt | |
| service.turns f32[24] | mean lines of a dialogue, both sides | [G] |
| service.solved f32[24] | solved at the first contact, 0..1 | [G] |
| service.per_order f32[1] | contacts an order: .06 | [G] |
| service.agents i32[1] | people who answer: one for 900 of the people, at least 2 | [G] |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from guanxi.world.board import Board
from guanxi.world.draws import Draws

#: id, share of contacts, phase, mean lines, solved at first contact
INTENTS: Final = (
    ("where_is_it", 14.0, 1, 5.0, 0.85), ("ship_when", 8.0, 1, 4.2, 0.90), ("urge", 5.0, 1, 4.8, 0.70),
    ("change_address", 4.0, 1, 5.2, 0.72), ("cancel", 4.5, 1, 4.4, 0.88), ("return", 7.0, 2, 6.4, 0.74),
    ("refund_when", 6.0, 2, 5.0, 0.78), ("exchange", 4.0, 2, 6.2, 0.72), ("missing", 3.5, 2, 6.4, 0.66),
    ("damaged", 4.0, 2, 6.8, 0.68), ("quality", 5.0, 2, 7.2, 0.58), ("fake", 1.5, 2, 7.6, 0.45),
    ("invoice", 3.0, 1, 4.6, 0.86), ("coupon", 4.5, 0, 4.8, 0.80), ("price_drop", 3.5, 2, 5.8, 0.60),
    ("stock", 3.5, 0, 3.8, 0.92), ("size", 4.5, 0, 4.8, 0.90), ("how_to", 4.0, 2, 6.0, 0.82),
    ("install", 2.0, 2, 5.6, 0.76), ("warranty", 2.0, 2, 6.0, 0.70), ("account", 1.5, 0, 5.4, 0.70),
    ("pay_fail", 2.0, 0, 5.0, 0.74), ("complain", 2.0, 2, 8.0, 0.42), ("gift", 1.0, 0, 4.4, 0.90),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """Plants the shape of the service desk."""

    name: str = "service"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = (
        "service.intents", "service.intent_share", "service.after", "service.turns", "service.solved",
        "service.per_order", "service.agents",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        names, share, after, turns, solved = zip(*INTENTS, strict=True)
        tilt = np.array(share) * np.exp(0.15 * draw.normal(np.arange(len(names))))  # each town's own mix
        board.note(self.name, "service.intents", names)
        board.add(self.name, "service.intent_share", (tilt / tilt.sum()).astype(np.float32))
        board.add(self.name, "service.after", np.array(after, np.uint8))
        board.add(self.name, "service.turns", np.array(turns, np.float32))
        board.add(self.name, "service.solved", np.array(solved, np.float32))
        board.add(self.name, "service.per_order", np.array([0.06], np.float32))
        board.add(self.name, "service.agents", np.array([max(2, board.count("people") // 900)], np.int32))
