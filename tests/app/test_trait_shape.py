"""Histograms of traits: bars that hold every known value once, of widths that people like; drift beyond chance."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.app.trait_shape import bars, chance, drift_of

NOBODY = pl.Series(dtype=pl.Float64)


@given(
    st.lists(st.floats(0, 1e7) | st.integers(0, 50).map(float), max_size=200),
    st.lists(st.floats(-1e3, 1e3), max_size=50),
    st.sampled_from(["money", "ms", "ratio", "count"]),
)  # fmt: skip
def test_every_value_stands_in_one_bar(now: list[float], before: list[float], unit: str) -> None:
    found = bars(pl.Series(now, dtype=pl.Float64), pl.Series(before, dtype=pl.Float64), unit=unit)
    assert sum(one.parties for one in found) == len(now)
    assert sum(one.before for one in found) == pytest.approx(float(bool(before)))
    assert len(found) <= 45


@pytest.mark.parametrize(
    ("values", "unit", "edges"),
    [
        pytest.param([0, 1, 1, 4], "count", [(0, 0), (1, 1), (4, 4)], id="few-values"),
        pytest.param(list(range(101)), "count", [(0, 0), *((at, at + 5) for at in range(0, 100, 5)), (100, None)],
                     id="zero-by-itself"),
        pytest.param([at / 100 for at in range(101)], "share",
                     [(0, 0), *((at / 20, (at + 1) / 20) for at in range(20)), (1, 1)], id="shares-end-at-one"),
        pytest.param([at * 3_600_000 for at in range(100)], "ms",
                     [*((at * 21_600_000, (at + 1) * 21_600_000) for at in range(16)), (345_600_000, None)],
                     id="hours"),
    ],
)  # fmt: skip
def test_widths_that_people_like(values: list[float], unit: str, edges: list[tuple[float, float | None]]) -> None:
    found = [(one.low, one.high) for one in bars(pl.Series(values, dtype=pl.Float64), NOBODY, unit=unit)]
    assert [(low, high) if high is None else (pytest.approx(low), pytest.approx(high)) for low, high in edges] == found


def test_names_and_the_rest() -> None:
    names = pl.Series([f"{at % 29}" for at in range(116)] + [None])
    found = bars(names, pl.Series(["1", "x"]), unit="name")
    assert len(found) == 25
    assert (found[-1].text, found[-1].parties, found[-1].before) == ("", 20, 0.5)


def test_chance_is_what_samples_of_one_town_show() -> None:
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(400, [0.1] * 10, size=(2, 4_000)) / 400
    psi = ((drawn[0] - drawn[1]) * np.log(np.maximum(drawn[0], 1e-4) / np.maximum(drawn[1], 1e-4))).sum(axis=1)
    assert (psi > chance(10, 400, 400)).mean() == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(
    ("psi", "parties", "word"),
    [
        pytest.param(None, 100, "none", id="nobody-before"), pytest.param(0.9, 29, "few", id="few"),
        pytest.param(0.1, 10_000, "stable", id="at-the-limit"), pytest.param(0.11, 10_000, "moved", id="moved"),
        pytest.param(0.26, 10_000, "far", id="far"), pytest.param(0.26, 60, "stable", id="within-chance"),
    ],
)  # fmt: skip
def test_drift_in_a_word(psi: float | None, parties: int, word: str) -> None:
    assert drift_of(psi, bins=10, now=parties, before=parties) == word
