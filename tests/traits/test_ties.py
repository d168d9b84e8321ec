"""Neighbours: who shared something, and the mean over what they showed."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DAY_MS
from guanxi.traits import measures, midnight_before, neighbour_means, neighbours, own_trait, tie_roles, traits

CHINA_MS = 8 * 3_600_000


def pairs(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, {"party": pl.String, "via": pl.String}, orient="row")


def test_neighbours_share_something_and_are_others() -> None:
    met = neighbours(
        pairs(("a", "d1"), ("a", "d1"), ("b", "d1"), ("c", "d2"), ("b", "d2"), ("e", "d3")), ["a", "b", "x"]
    )
    assert met.rows() == [("a", "b"), ("b", "a"), ("b", "c")]


def test_the_mean_is_over_those_whose_value_is_known() -> None:
    links = pl.DataFrame([("a", "b"), ("a", "c"), ("a", "d"), ("b", "d")], ["party", "other"], orient="row")
    told = neighbour_means(links, ["a", "b", "x"], ["b", "c", "d"], np.array([1.0, 4.0, math.nan]))
    assert told[0] == 2.5
    assert np.isnan(told[1:]).all()


@given(st.integers(0, 4 * 10**12))
def test_midnight_is_the_last_one(clock: int) -> None:
    assert 0 <= clock - midnight_before(clock) < DAY_MS
    assert (midnight_before(clock) + CHINA_MS) % DAY_MS == 0


@pytest.mark.parametrize("name", [row.name for row in traits().values() if row.via])
def test_every_row_of_neighbours_reads_a_row_of_one(name: str) -> None:
    row = traits()[name]
    alone = own_trait(row, measures())
    assert alone.name == name.replace(f"_via_{row.via}", "")
    assert (alone.plan in ("window", "days"), tie_roles(row)[1]) == (True, row.via)
