"""Money adds up to the last minor unit, in one currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import MINOR_DIGITS, DataError, Money, minor_digits, to_minor, total

AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123450), "¥1,234.50"),
        (Money(-8800), "−¥88.00"),
        (Money(0), "¥0.00"),
        (Money(5), "¥0.05"),
        (Money(980, "JPY"), "JP¥980"),
        (Money(1234567, "KWD"), "KWD 1,234.567"),
        (Money(-255, "GBP"), "−£2.55"),
    ],
)
def test_people_read(money: Money, text: str) -> None:
    assert str(money) == text


@pytest.mark.parametrize(
    ("major", "currency", "minor"),
    [
        ("19.99", "CNY", 1999),
        ("0.005", "CNY", 1),
        ("-0.005", "CNY", -1),
        ("0.0049", "CNY", 0),
        ("980.5", "JPY", 981),
        ("1.2345", "KWD", 1235),
    ],
)
def test_major_units_become_minor_ones(major: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(major), currency) == minor


@given(AMOUNTS, st.sampled_from(sorted(MINOR_DIGITS)))
def test_major_and_minor_are_two_forms_of_one_amount(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert to_minor(money.major, currency) == minor
    assert money.major * 10 ** minor_digits(currency) == minor


@given(AMOUNTS, st.lists(st.integers(0, 10**6) | st.floats(0, 1e6), min_size=1, max_size=20).filter(sum))
def test_a_split_loses_nothing(minor: int, weights: list[float]) -> None:
    parts = Money(minor).split(weights)
    assert sum(part.minor for part in parts) == minor
    assert len(parts) == len(weights)
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - minor * weight / whole) <= 1 + 1e-9 * abs(minor)


def test_a_split_gives_the_rest_to_the_largest_remainders() -> None:
    assert [part.minor for part in Money(100).split([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100).split([1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in Money(10).split([0, 3, Decimal("0.5")])] == [0, 9, 1]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5], [float("nan")], [float("inf")]])
def test_what_shares_nothing_is_refused(weights: list[float]) -> None:
    with pytest.raises(DataError):
        Money(100).split(weights)


@given(AMOUNTS, AMOUNTS)
def test_arithmetic_is_that_of_integers(one: int, two: int) -> None:
    a, b = Money(one), Money(two)
    assert (a + b).minor == one + two
    assert (a - b).minor == one - two
    assert (-a, abs(a), 3 * a) == (Money(-one), Money(abs(one)), Money(3 * one))
    assert (a < b, a <= b, a > b, bool(a)) == (one < two, one <= two, one > two, bool(one))
    assert total([a, b, a]) == Money(2 * one + two)


def test_currencies_do_not_mix() -> None:
    for mix in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: total([a, b])):
        with pytest.raises(DataError, match="CNY and USD"):
            mix(Money(1), Money(1, "USD"))
    assert total([], "USD") == Money(0, "USD")
    assert Money(1) != Money(1, "USD")


def test_what_is_no_money_is_refused() -> None:
    with pytest.raises(DataError, match="not a known currency"):
        Money(1, "XXX")
    for minor in (1.0, True, "1"):
        with pytest.raises(DataError, match="whole minor units"):
            Money(minor)  # type: ignore[arg-type]
    for major in ("NaN", "Infinity", "1e30"):
        with pytest.raises(DataError, match="not an amount"):
            to_minor(Decimal(major))
