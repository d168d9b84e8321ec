"""What people of the town write: from who, what and a key to text, by the templates of `words`."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.world.words import (
    PARTS,
    PLACES,
    SMALL_TALK,
    Shelf,
    chatter_group,
    chatter_shelf,
    review_group,
    review_shelf,
    search_group,
    search_shelf,
    service_group,
    service_shelf,
)

_STEP = np.uint64(0x9E3779B97F4A7C15)


def queries(category: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what is typed into a search for these categories."""
    need = _choose(key, np.array([6, 3, 2, 1, 1]))
    return _text(search_shelf(), search_group(category, need), key)


def comments(category: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what viewers write under content about these categories."""
    return _text(chatter_shelf(), chatter_group(category, PLACES.index("comment")), key)


def danmaku(category: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what viewers of a live room about these categories write."""
    return _text(chatter_shelf(), chatter_group(category, PLACES.index("room")), key)


def opinions(category: NDArray[Any], stars: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what is said of goods of these categories with 1 to 5 stars."""
    return _text(review_shelf(), review_group(category, stars), key)


def talk_lines(
    intent: NDArray[Any],
    turn: NDArray[Any],
    last: NDArray[np.bool_],
    by_agent: NDArray[np.bool_],
    angry: NDArray[np.bool_],
    key: NDArray[np.uint64],
) -> pl.Series:
    """Return the lines of talks with service.

    The first states the intent and the second answers it; then own lines and small talk take turns, and the last of
    each side closes.
    """
    place = {name: n for n, name in enumerate(SMALL_TALK)}
    part = np.where(by_agent, PARTS.index("agent"), np.where(angry, PARTS.index("angry"), PARTS.index("calm")))
    ends = last & (turn > 1)
    spoken = np.where(by_agent, turn > 3, turn % 4 == np.where(angry, 0, 2))
    small = ends | (spoken & (turn > 1))
    aside = np.where(by_agent, place["hold"], np.where(angry, place["angry"], place["follow"]))
    close = np.where(by_agent, place["close"], np.where(angry, place["angry"], place["thanks"]))
    group = service_group(np.where(small, -1, intent), np.where(small, np.where(ends, close, aside), part))
    return _text(service_shelf(), group, key)


def _choose(key: NDArray[np.uint64], weights: NDArray[Any]) -> NDArray[np.int64]:
    u = (key & np.uint64(0xFFFFFF)).astype(np.float64) / (1 << 24)
    return np.searchsorted(np.cumsum(weights / weights.sum()), u, side="right").clip(0, len(weights) - 1)


def _text(shelf: Shelf, group: NDArray[np.int64], key: NDArray[np.uint64]) -> pl.Series:
    u = ((key * _STEP) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return pl.Series("", shelf.render(shelf.choose(group, u), key), pl.String())
