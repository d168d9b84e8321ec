"""Money: whole minor units of one currency, so that sums are exact."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from guanxi.core.errors import DataError

#: Digits after the point, by currency (ISO 4217).
MINOR_DIGITS: Final[dict[str, int]] = {
    "CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "TWD": 2, "MOP": 2, "JPY": 0, "KRW": 0, "SGD": 2, "AUD": 2,
    "CAD": 2, "NZD": 2, "CHF": 2, "SEK": 2, "NOK": 2, "DKK": 2, "PLN": 2, "CZK": 2, "HUF": 2, "TRY": 2, "RUB": 2,
    "INR": 2, "THB": 2, "VND": 0, "MYR": 2, "IDR": 2, "PHP": 2, "AED": 2, "SAR": 2, "ILS": 2, "ZAR": 2, "NGN": 2,
    "EGP": 2, "BRL": 2, "MXN": 2, "CLP": 0, "COP": 2, "ARS": 2, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3,
}  # fmt: skip

SYMBOLS: Final[dict[str, str]] = {
    "CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "JPY": "JP¥", "KRW": "₩",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency; arithmetic across currencies is refused.

    minor      whole minor units: fen for CNY, yen for JPY
    currency   ISO 4217 code of MINOR_DIGITS
    """

    minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise DataError(f"an amount is {type(self.minor).__name__}, not whole minor units", "Use `to_minor` first")

    @property
    def major(self) -> Decimal:
        """The amount in major units (yuan), exact."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency), _CONTEXT)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __str__(self) -> str:
        """Return the form people read: "¥1,234.50", "−¥88.00" (U+2212)."""
        digits = minor_digits(self.currency)
        symbol = SYMBOLS.get(self.currency, f"{self.currency} ")
        return f"{'−' if self.minor < 0 else ''}{symbol}{abs(self.major):,.{digits}f}"

    def split(self, weights: Sequence[int | float | Decimal | Fraction]) -> list["Money"]:
        """Share the amount by weights, to the last minor unit.

        weights   (n,) each >= 0, their sum > 0
        returns   (n,) amounts whose sum is this amount; each is within one minor unit of its exact share
        raises    DataError when there is nothing to share by
        source    largest remainder method (Hamilton); ties go to the earlier share
        """
        try:
            exact = [Fraction(weight) for weight in weights]
        except (ValueError, OverflowError) as error:
            raise DataError("a weight is not a finite number", "Use finite weights") from error
        total = sum(exact, Fraction(0))
        if total <= 0 or any(weight < 0 for weight in exact):
            raise DataError(f"{len(exact)} weights do not share anything", "Use weights >= 0 with a sum above 0")
        size = abs(self.minor)
        shares = [size * weight / total for weight in exact]
        parts = [int(share) for share in shares]
        order = sorted(range(len(parts)), key=lambda at: (parts[at] - shares[at], at))
        for at in order[: size - sum(parts)]:
            parts[at] += 1
        return [Money(part if self.minor >= 0 else -part, self.currency) for part in parts]

    def _same(self, other: "Money") -> int:
        """Return the minor units of an amount in the same currency."""
        if self.currency != other.currency:
            raise DataError(
                f"{self.currency} and {other.currency} do not add up", "Convert one of them at a stated rate first"
            )
        return other.minor


def minor_digits(currency: str) -> int:
    """Return the digits after the point of a currency.

    raises   DataError for a currency outside MINOR_DIGITS
    """
    try:
        return MINOR_DIGITS[currency]
    except (KeyError, TypeError):
        raise DataError(f"{currency!r} is not a known currency", f"Use one of {', '.join(MINOR_DIGITS)}") from None


def to_minor(major: Decimal, currency: str = "CNY") -> int:
    """Return an amount of major units (yuan) as whole minor units, rounded half away from zero.

    raises   DataError for NaN, infinities and amounts of 10^30 or more
    """
    digits = minor_digits(currency)
    if not major.is_finite() or (major and major.adjusted() >= 30):
        raise DataError(f"{major} is not an amount of money", "Use a finite amount")
    return int(major.scaleb(digits, _CONTEXT).quantize(Decimal(1), context=_CONTEXT))


def total(amounts: Iterable[Money], currency: str = "CNY") -> Money:
    """Return the sum of amounts that are all in `currency`; zero when there are none."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result


_CONTEXT: Final = Context(prec=120, rounding=ROUND_HALF_UP)
