"""The laws of addressed draws: uniform, uncorrelated, the same in any order and any shard."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.world.draws import Draws, u01
from guanxi.world.jit import compiled
from guanxi.world.quantiles import (
    exponential_quantile,
    gamma_cdf,
    gamma_quantile,
    normal_cdf,
    normal_quantile,
    poisson_quantile,
)

DRAW = Draws(7, "people", "age")
MANY = 1_000_000
PERSON = np.arange(MANY)


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    u = DRAW.uniform(PERSON)
    counts = np.bincount((u * 1000).astype(int), minlength=1000)
    chi_square = float((((counts - MANY / 1000) ** 2) / (MANY / 1000)).sum())
    assert abs(chi_square / 999 - 1) < 4 * math.sqrt(2 / 999)
    assert 0 < u.min() < 1e-5
    assert 1 - 1e-5 < u.max() < 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(DRAW.uniform(PERSON + 1), id="next-entity"),
        pytest.param(DRAW.uniform(PERSON, 1), id="next-day"),
        pytest.param(DRAW.uniform(PERSON, 0, 1), id="next-slot"),
        pytest.param(DRAW.uniform(PERSON, 1, 1), id="next-day-and-slot"),
        pytest.param(DRAW.child("height").uniform(PERSON), id="other-purpose"),
        pytest.param(Draws(8, "people", "age").uniform(PERSON), id="next-seed"),
        pytest.param(Draws(7, "homes", "age").uniform(PERSON), id="other-mechanism"),
    ],
)
def test_neighbouring_addresses_are_uncorrelated(other: np.ndarray) -> None:
    u = DRAW.uniform(PERSON)
    assert abs(np.corrcoef(u, other)[0, 1]) < 4 / math.sqrt(MANY)
    assert abs(np.corrcoef(u**2, other**2)[0, 1]) < 4 / math.sqrt(MANY)


def _finaliser(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


@pytest.mark.parametrize(
    ("entity", "day", "slot"),
    [(0, 0, 0), (1, 3, 9), (2**40, -5, 2**31), (-1, 700, 1)],
    ids=["plain", "near", "far", "wrapped"],
)
def test_the_hash_is_that_of_a_second_implementation(entity: int, day: int, slot: int) -> None:
    head = _finaliser((int(DRAW.key) + entity * 0x9E3779B97F4A7C15) % 2**64)
    bits = _finaliser(head ^ ((day % 2**32) << 32 | slot % 2**32))
    assert int(DRAW.bits(entity, day, slot)) == bits
    assert float(DRAW.uniform(entity, day, slot)) == ((bits >> 12) + 0.5) / 2**52


@given(st.integers(1, 400), st.integers(0, 400), st.integers(-50, 50), st.integers(0, 2**32 - 1))
def test_shards_and_order_change_nothing(size: int, cut: int, day: int, slot: int) -> None:
    whole = DRAW.normal(np.arange(size), day, slot)
    cut = min(cut, size)
    parts = [DRAW.normal(np.arange(low, high), day, slot) for low, high in ((0, cut), (cut, size)) if low < high]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    order = np.random.default_rng(size).permutation(size)
    assert DRAW.normal(order, day, slot).tobytes() == whole[order].tobytes()


@compiled
def _walk(key: np.uint64, day: int) -> float:
    return u01(key, 5, day, 2)


def test_kernels_and_arrays_draw_the_same_number() -> None:
    assert _walk(DRAW.key, 11) == DRAW.uniform(5, 11, 2)


def test_addresses_broadcast() -> None:
    table = DRAW.uniform(np.arange(3)[:, None], slot=np.arange(4)[None, :])
    assert table.shape == (3, 4)
    assert table[2, 3] == DRAW.uniform(2, slot=3)


@pytest.mark.parametrize(
    ("p", "z"),
    [(0.5, 0.0), (0.975, 1.959963984540054), (0.25, -0.6744897501960817), (1e-20, -9.262340089798408),
     (1 - 1e-9, 5.997807019601637)],
)  # fmt: skip
def test_normal_quantiles_are_those_of_the_tables(p: float, z: float) -> None:
    assert normal_quantile(p) == pytest.approx(z, rel=1e-9, abs=1e-14)
    assert normal_cdf(z) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "shape", "x"),
    [
        # chi-square tables: twice a gamma of shape df / 2
        (0.95, 0.5, 3.841458820694124 / 2),
        (0.99, 1.0, 9.210340371976182 / 2),
        (0.05, 2.5, 1.145476226061769 / 2),
        (0.5, 5.0, 9.341817765591966 / 2),
        (0.975, 50.0, 129.56119718583655 / 2),
        (0.01, 0.5, 0.00015708785790970184 / 2),
    ],
)
def test_gamma_quantiles_are_those_of_the_tables(p: float, shape: float, x: float) -> None:
    assert gamma_quantile(p, shape) == pytest.approx(x, rel=1e-8)
    assert gamma_cdf(x, shape) == pytest.approx(p, rel=1e-8)


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 29.9, 30.1, 250.0, 5000.0])
def test_poisson_quantiles_step_where_the_sum_of_the_masses_does(mean: float) -> None:
    p = np.linspace(0.0005, 0.9995, 401)
    count = np.arange(int(mean + 12 * math.sqrt(mean)) + 20)
    mass = [math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) if mean else float(n == 0) for n in count]
    below = np.cumsum(mass)
    assert poisson_quantile(p, mean).tolist() == np.searchsorted(below, p, side="left").tolist()


def test_the_exponential_is_the_gamma_of_shape_one() -> None:
    p = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(exponential_quantile(p), gamma_quantile(p, 1.0), rtol=1e-12)


@pytest.mark.parametrize("shape", [0.3, 1.4, 3.0, 12.0])
def test_gamma_draws_have_their_moments(shape: float) -> None:
    values = DRAW.gamma(PERSON[:200_000], shape=shape)
    assert values.mean() == pytest.approx(shape, abs=5 * math.sqrt(shape / 200_000))
    assert values.var() == pytest.approx(shape, rel=0.05)


def test_choices_follow_their_weights() -> None:
    picked = DRAW.choice([1, 0, 2, 7], PERSON)
    share = np.bincount(picked, minlength=4) / MANY
    assert share[1] == 0
    np.testing.assert_allclose(share, [0.1, 0, 0.2, 0.7], atol=0.002)
    assert DRAW.choice(np.tile([1, 0, 2, 7], (500, 1)), np.arange(500)).tolist() == picked[:500].tolist()


def test_whole_numbers_lie_in_their_range() -> None:
    values = DRAW.integers(PERSON[:10_000], low=-3, high=4)
    assert np.unique(values).tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert DRAW.integers(np.arange(0), high=5).shape == (0,)


def test_a_permutation_holds_every_number_once() -> None:
    order = DRAW.permutation(1000)
    assert sorted(order.tolist()) == list(range(1000))
    assert order.tolist() != DRAW.permutation(1000, 1).tolist()


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: DRAW.uniform(0.5), id="fractional-address"),
        pytest.param(lambda: DRAW.gamma(0, shape=0.0), id="gamma-of-nothing"),
        pytest.param(lambda: DRAW.poisson(0, mean=-1.0), id="negative-mean"),
        pytest.param(lambda: DRAW.choice([0.0, 0.0], 0), id="no-weight"),
        pytest.param(lambda: DRAW.choice([-1.0, 2.0], 0), id="negative-weight"),
        pytest.param(lambda: DRAW.integers(0, low=2, high=2), id="empty-range"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], object]) -> None:
    with pytest.raises(SettingError):
        draw()
