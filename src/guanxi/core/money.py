"""Money: whole minor units of one currency."""

from typing import Final

#: Digits after the point, by currency (ISO 4217).
MINOR_DIGITS: Final[dict[str, int]] = {
    "CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "TWD": 2, "MOP": 2, "JPY": 0, "KRW": 0, "SGD": 2, "AUD": 2,
    "CAD": 2, "NZD": 2, "CHF": 2, "SEK": 2, "NOK": 2, "DKK": 2, "PLN": 2, "CZK": 2, "HUF": 2, "TRY": 2, "RUB": 2,
    "INR": 2, "THB": 2, "VND": 0, "MYR": 2, "IDR": 2, "PHP": 2, "AED": 2, "SAR": 2, "ILS": 2, "ZAR": 2, "NGN": 2,
    "EGP": 2, "BRL": 2, "MXN": 2, "CLP": 0, "COP": 2, "ARS": 2, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3,
}  # fmt: skip
