"""The words all others speak: errors, ids, money, time, estimates, reasons, row tables."""

from guanxi.core.errors import Busy, DataError, GuanxiError, MissingEngine, NotFound, Refused, SettingError

__all__ = ["Busy", "DataError", "GuanxiError", "MissingEngine", "NotFound", "Refused", "SettingError"]
