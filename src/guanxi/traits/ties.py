"""Ties: traits of a party's neighbours, a mean over what each of them showed at the last local midnight."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DAY_MS, RowTable
from guanxi.traits.measure import Measure
from guanxi.traits.trait import HOUR_MS, PARTIES, Trait, check

SHARED_MS: Final = 30 * DAY_MS  # how long ago neighbours may have shared something
_CHINA_MS: Final = 8 * HOUR_MS  # ahead of UTC; no summer time


def midnight_before(clock_ms: int) -> int:
    """Return the last local midnight at or before an instant."""
    return (clock_ms + _CHINA_MS) // DAY_MS * DAY_MS - _CHINA_MS


def own_trait(trait: Trait, measures: RowTable[Measure]) -> Trait:
    """Return what is read of each neighbour: the same trait of that party alone."""
    return check(msgspec.structs.replace(trait, via=""), measures)


def tie_roles(trait: Trait) -> tuple[str, str]:
    """Return the role of the party and the role that neighbours share."""
    return PARTIES[trait.party].role, trait.via


def neighbours(pairs: pl.DataFrame, asked: Sequence[str]) -> pl.DataFrame:
    """Return who shared something with whom.

    pairs    party, via: references of one event each, of the 30 days before the instant; masked ones left out
    asked    the parties whose neighbours are wanted
    returns  party, other: every neighbour once, in order; nobody is a neighbour of itself
    """
    pairs = pairs.unique()
    mine = pairs.filter(pl.col("party").is_in(list(asked)))
    met = mine.join(pairs.rename({"party": "other"}), on="via").filter(pl.col("party") != pl.col("other"))
    return met.select("party", "other").unique().sort("party", "other")


def neighbour_means(links: pl.DataFrame, asked: Sequence[str], others: Sequence[str],
          values: NDArray[np.float64]) -> NDArray[np.float64]:  # fmt: skip
    """Return, of each party asked for, the mean over its neighbours whose value is known; nan without one.

    links   as `neighbours` returns them
    others  the neighbours, in the order of values
    values  (others,), nan = unknown
    """
    known = pl.DataFrame({"other": list(others), "value": values}, schema={"other": pl.String, "value": pl.Float64})
    found = (
        links.join(known.filter(pl.col("value").is_not_nan()), on="other")
        .group_by("party").agg(pl.col("value").sort().mean())  # sorted: one sum whatever the order
    )  # fmt: skip
    by = dict(found.iter_rows())
    return np.array([by.get(ref, np.nan) for ref in asked], np.float64)
