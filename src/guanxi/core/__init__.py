"""The words all others speak: errors, ids, money, time, estimates, reasons, row tables."""

from guanxi.core.errors import Busy, DataError, GuanxiError, MissingEngine, NotFound, Refused, SettingError
from guanxi.core.money import MINOR_DIGITS
from guanxi.core.time import SHANGHAI

__all__ = [
    "MINOR_DIGITS",
    "SHANGHAI",
    "Busy",
    "DataError",
    "GuanxiError",
    "MissingEngine",
    "NotFound",
    "Refused",
    "SettingError",
]
