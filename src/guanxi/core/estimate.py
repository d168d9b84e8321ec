"""Estimate: a number that says how sure it is."""

import math
from dataclasses import dataclass

from guanxi.core.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with the interval it lies in and how both were found; never the point alone.

    value    low <= value <= high, all finite
    level    what the interval promises, e.g. 0.95, 0 < level < 1
    unit     "share" (shown as percent), "yuan", "s", "orders", ...
    n        how many observations stand behind it, >= 0
    method   how it was found, e.g. "wilson", "bootstrap"
    """

    value: float
    low: float
    high: float
    level: float
    unit: str
    n: int
    method: str

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high, self.level)):
            raise DataError("an estimate is not finite", "Report why it cannot be computed instead")
        if not self.low <= self.value <= self.high:
            raise DataError(f"{self.value} lies outside {self.low}..{self.high}", "Compute the interval of this value")
        if not 0 < self.level < 1:
            raise DataError(f"the level is {self.level}, not between 0 and 1", "Write 95 % as 0.95")
        if self.n < 0:
            raise DataError(f"n is {self.n}", "Count the observations; 0 or more")

    @property
    def is_clear_of_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    def shown(self) -> tuple[str, str, str]:
        """Return value, low and high as people read them, with no digit finer than a tenth of the interval.

        The last digit is the leading one of that tenth: one more would pretend, one fewer could turn an
        interval that is clear of zero into one that is not. Shares become percent; minus is U+2212.
        """
        scale, sign = (100.0, "%") if self.unit == "share" else (1.0, "")
        places = _places((self.high - self.low) * scale)
        value, low, high = (_text(number * scale, places) + sign for number in (self.value, self.low, self.high))
        return value, low, high

    def __str__(self) -> str:
        value, low, high = self.shown()
        return f"{value} ({low} to {high})"


def _places(width: float) -> int:
    """Return the decimal places (negative: tens, hundreds, ...) that an interval of this width allows."""
    if width <= 0:
        return 6  # the interval is a point: the value is known
    return min(-math.floor(math.log10(width) - 1), 15)


def _text(number: float, places: int) -> str:
    rounded = round(number, places) + 0.0  # + 0.0: no negative zero
    return f"{rounded:,.{max(places, 0)}f}".replace("-", "−")
