"""What people of the town write: from who, what and a key to text, by the templates of `words`."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.world.words import (
    NEEDS,
    PARTS,
    SMALL_TALK,
    Shelf,
    review_group,
    review_shelf,
    search_group,
    search_shelf,
    service_group,
    service_shelf,
)

_ASK = NEEDS.index("ask")
_STEP = np.uint64(0x9E3779B97F4A7C15)


def queries(category: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what is typed into a search for these categories."""
    need = _choose(key, np.array([6, 3, 2, 1, 1]))
    return _text(search_shelf(), search_group(category, need), key)


def questions(category: NDArray[Any], key: NDArray[np.uint64]) -> pl.Series:
    """Return what viewers of a live room about these categories ask."""
    return _text(search_shelf(), search_group(category, np.full(len(key), _ASK)), key)


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
    """Return the lines of talks with service: the first states the intent, the last of each side closes."""
    part = np.where(by_agent, PARTS.index("agent"), np.where(angry, PARTS.index("angry"), PARTS.index("calm")))
    close = np.where(by_agent, SMALL_TALK.index("close"), SMALL_TALK.index("thanks"))
    hold = last | (by_agent & (turn > 3))
    small = np.where(last, close, SMALL_TALK.index("hold"))
    group = service_group(np.where(hold, -1, intent), np.where(hold, small, part))
    return _text(service_shelf(), group, key)


def _choose(key: NDArray[np.uint64], weights: NDArray[Any]) -> NDArray[np.int64]:
    u = (key & np.uint64(0xFFFFFF)).astype(np.float64) / (1 << 24)
    return np.searchsorted(np.cumsum(weights / weights.sum()), u, side="right").clip(0, len(weights) - 1)


def _text(shelf: Shelf, group: NDArray[np.int64], key: NDArray[np.uint64]) -> pl.Series:
    u = ((key * _STEP) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return pl.Series("", shelf.render(shelf.choose(group, u), key), pl.String())
