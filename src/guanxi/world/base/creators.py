"""Creators: whom they reach, what they talk about, how far they are believed, what they ask.

| column | unit | source |
|---|---|---|
| creator.audience f16[c,16] | taste at the middle of the audience | [G] |
| creator.niche u8 | category | |
| creator.platform u8 | where most of the audience is | [G] |
| creator.followers i32 | log-normal, median 12,000, ln sd 1.5 | sd [G] |
| creator.trust f32 | 0..1, falls as followers grow | [G] |
| creator.price i32 | fen for one piece, about followers to the .85 | [G] |
| creator.overlap_start i32[c+1], creator.overlap i32 | the five nearest audiences | [G] |
| creator.overlap_share f32 | shared part of each, 0..1 | [G] |
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guanxi.world.board import Board
from guanxi.world.draws import Draws

_NEAREST = 5


@dataclass(frozen=True, slots=True)
class Creators:
    """Plants one creator for every twelve pieces of content, at least 24."""

    name: str = "creators"
    reads: tuple[str, ...] = ("category.item_start", "item.taste", "platform.share", "platform.surface")
    writes: tuple[str, ...] = (
        "creator.audience", "creator.niche", "creator.platform", "creator.followers", "creator.trust", "creator.price",
        "creator.overlap_start", "creator.overlap", "creator.overlap_share",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        creator = np.arange(max(24, board.count("content") // 12))
        board.size("creators", len(creator))
        start = board["category.item_start"]
        niche = draw.child("niche").choice(np.diff(start).astype(np.float64), creator)
        middle = np.add.reduceat(board["item.taste"].astype(np.float64), start[:-1]) / np.diff(start)[:, None]
        own = draw.child("audience").normal(creator[:, None], slot=np.arange(middle.shape[1])[None, :])
        audience = middle[niche] + 0.6 * own
        size = draw.child("followers").normal(creator)
        followers = np.clip(12_000 * np.exp(1.5 * size), 200, 50_000_000)
        trust = 1 / (1 + np.exp(0.5 * size - 0.7 - 0.7 * draw.child("trust").normal(creator)))
        price = 100 * 2.2 * followers**0.85 * np.exp(0.4 * draw.child("price").normal(creator)) / 10
        hosts = board["platform.share"] * (board["platform.surface"][:, 0] + board["platform.surface"][:, 4])
        board.add(self.name, "creator.audience", audience.astype(np.float16))
        board.add(self.name, "creator.niche", niche.astype(np.uint8))
        board.add(self.name, "creator.platform", draw.child("platform").choice(hosts, creator).astype(np.uint8))
        board.add(self.name, "creator.followers", followers.astype(np.int32))
        board.add(self.name, "creator.trust", trust.astype(np.float32))
        board.add(self.name, "creator.price", price.astype(np.int32))
        self._overlap(board, audience)

    def _overlap(self, board: Board, audience: NDArray[np.float64]) -> None:
        unit = audience / np.linalg.norm(audience, axis=1, keepdims=True)
        count = min(_NEAREST, len(unit) - 1)
        nearest = np.empty((len(unit), count), np.int64)
        share = np.empty((len(unit), count))
        for low in range(0, len(unit), 1024):  # never creator x creator at once
            alike = unit[low : low + 1024] @ unit.T
            alike[np.arange(len(alike)), np.arange(low, low + len(alike))] = -2.0
            nearest[low : low + 1024] = np.argsort(-alike, axis=1, kind="stable")[:, :count]
            share[low : low + 1024] = np.take_along_axis(alike, nearest[low : low + 1024], axis=1)
        board.add(self.name, "creator.overlap_start", (np.arange(len(unit) + 1) * count).astype(np.int32))
        board.add(self.name, "creator.overlap", nearest.ravel().astype(np.int32))
        board.add(self.name, "creator.overlap_share", np.clip(0.5 * share.ravel(), 0, 1).astype(np.float32))
