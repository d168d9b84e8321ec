"""Content: pieces that promote an item or nothing, and how long they live.

| column | unit | source |
|---|---|---|
| content.item i32 | the promoted item, -1 = none (.45) | [G] |
| content.creator i16, content.platform u8 | who made it, where it stands | |
| content.topic u8 | category; a creator's niche three times in four | [G] |
| content.form u8 | 0 video .7, 1 article .3 | [G] |
| content.features f16[k,7] | hook depth proof looks warmth length scene, standard normal | [G] |
| content.born i16 | day; a third before day 0, so that some live when the town opens | [G] |
| content.half_life f32 | days: video 3, article 30, times exp(.4 z) | medians [G] |
"""

from dataclasses import dataclass

import numpy as np

from guanxi.world.board import Board
from guanxi.world.draws import Draws


@dataclass(frozen=True, slots=True)
class Content:
    """Plants as many pieces as the board counts."""

    name: str = "content"
    reads: tuple[str, ...] = ("category.item_start", "item.weight", "creator.niche", "creator.platform",
                              "creator.followers")  # fmt: skip
    writes: tuple[str, ...] = tuple(
        f"content.{column}"
        for column in ("item", "creator", "platform", "topic", "form", "features", "born", "half_life")
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        piece = np.arange(board.count("content"))
        creator = draw.child("creator").choice(np.sqrt(board["creator.followers"].astype(np.float64)), piece)
        start = board["category.item_start"]
        other = draw.child("topic").choice(np.diff(start).astype(np.float64), piece)
        topic = np.where(draw.child("niche").uniform(piece) < 0.75, board["creator.niche"][creator], other)
        total = np.concatenate(([0.0], board["item.weight"].cumsum(dtype=np.float64)))
        low, high = total[start[topic]], total[start[topic + 1]]
        item = np.searchsorted(total, low + draw.child("item").uniform(piece) * (high - low), side="right") - 1
        item = np.clip(item, start[topic], start[topic + 1] - 1)
        promotes = (draw.child("promotes").uniform(piece) >= 0.45) & (start[topic] < start[topic + 1])
        article = draw.child("form").uniform(piece) < 0.3
        days = board.count("days")
        first = -max(20, days // 2)
        features = draw.child("features").normal(piece[:, None], slot=np.arange(7)[None, :])
        features[:, 1] += 0.8 * article  # an article goes deeper and is longer
        features[:, 5] += 0.8 * article
        life = np.where(article, 30.0, 3.0) * np.exp(0.4 * draw.child("life").normal(piece))
        born = draw.child("born").integers(piece, low=first, high=days)
        for name, values in (
            ("item", np.where(promotes, item, -1).astype(np.int32)),
            ("creator", creator.astype(np.int16)),
            ("platform", board["creator.platform"][creator]),
            ("topic", topic.astype(np.uint8)),
            ("form", article.astype(np.uint8)),
            ("features", features.astype(np.float16)),
            ("born", born.astype(np.int16)),
            ("half_life", life.astype(np.float32)),
        ):
            board.add(self.name, f"content.{name}", values)
