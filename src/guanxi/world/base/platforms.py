"""Platforms: who is there, what each lets through, what attention costs. Names are labels; the numbers are made up.

| column | unit | source |
|---|---|---|
| platform.ids (note) | the ids of `parties`, in its order | |
| platform.share f32[P] | weight of holding an account | [G] |
| platform.lean f32[P,3] | log-odds of an account by youth, womanhood, small-town life | [G] |
| platform.habit f32[P] | weight of a holder's attention | [G] |
| platform.surface f32[P,5] | of a visit: feed, search, group, live, article; sums to 1 | [G] |
| platform.reach f32[P,7] | weights of the seven content features; public only by effect | [G] |
| platform.ad_price f32[P] | fen for one impression at half of the day's inventory | [G] |
| platform.sells u8[P] | 1 orders can be placed there | |
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from guanxi.world.board import Board
from guanxi.world.draws import Draws

#: id, share, (youth, women, small town), habit, (feed, search, group, live, article), ad price fen, sells
PLATFORMS: Final = (
    ("douyin", 0.80, (0.1, 0.0, 0.1), 1.6, (0.62, 0.10, 0.02, 0.24, 0.02), 4.2, 1),
    ("kuaishou", 0.40, (-0.1, -0.1, 0.7), 1.2, (0.60, 0.06, 0.04, 0.28, 0.02), 3.0, 1),
    ("xiaohongshu", 0.42, (0.6, 0.8, -0.4), 1.0, (0.55, 0.28, 0.02, 0.05, 0.10), 4.8, 1),
    ("bilibili", 0.34, (1.0, -0.2, -0.3), 0.9, (0.66, 0.16, 0.02, 0.08, 0.08), 3.4, 0),
    ("zhihu", 0.22, (0.3, -0.2, -0.6), 0.5, (0.30, 0.28, 0.02, 0.02, 0.38), 3.2, 0),
    ("weibo", 0.36, (0.5, 0.3, -0.2), 0.7, (0.62, 0.16, 0.06, 0.04, 0.12), 3.0, 0),
    ("wechat", 0.90, (-0.1, 0.0, 0.0), 1.4, (0.12, 0.10, 0.38, 0.04, 0.36), 5.0, 1),
    ("channels", 0.45, (-0.5, 0.0, 0.2), 0.8, (0.68, 0.04, 0.04, 0.22, 0.02), 3.6, 1),
    ("taobao", 0.75, (0.2, 0.3, -0.1), 1.1, (0.42, 0.44, 0.02, 0.10, 0.02), 4.6, 1),
    ("jd", 0.52, (0.1, -0.4, -0.3), 0.8, (0.36, 0.56, 0.01, 0.05, 0.02), 4.4, 1),
    ("pinduoduo", 0.58, (-0.3, 0.1, 0.6), 1.0, (0.55, 0.30, 0.08, 0.06, 0.01), 2.4, 1),
    ("app", 0.50, (0.0, 0.1, 0.0), 0.7, (0.50, 0.32, 0.06, 0.06, 0.06), 0.8, 1),
    ("store", 0.30, (-0.1, 0.1, 0.0), 0.25, (0.80, 0.20, 0.00, 0.00, 0.00), 1.5, 1),
)  # fmt: skip
FEATURES: Final = ("hook", "depth", "proof", "looks", "warmth", "length", "scene")


@dataclass(frozen=True, slots=True)
class Platforms:
    """Plants the thirteen platforms."""

    name: str = "platforms"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = (
        "platform.ids", "platform.share", "platform.lean", "platform.habit", "platform.surface", "platform.reach",
        "platform.ad_price", "platform.sells",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        ids, share, lean, habit, surface, price, sells = zip(*PLATFORMS, strict=True)
        board.size("platforms", len(ids))
        board.note(self.name, "platform.ids", ids)
        for column, values in (
            ("share", share), ("lean", lean), ("habit", habit), ("surface", surface), ("ad_price", price),
        ):  # fmt: skip
            board.add(self.name, f"platform.{column}", np.array(values, np.float32))
        weights = 0.5 * draw.normal(np.arange(len(ids))[:, None], slot=np.arange(len(FEATURES))[None, :])
        board.add(self.name, "platform.reach", weights.astype(np.float32))
        board.add(self.name, "platform.sells", np.array(sells, np.uint8))
