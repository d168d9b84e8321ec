"""The words all others speak: errors, ids, money, time, estimates, reasons, row tables."""

from guanxi.core.calendar import (
    FESTIVALS,
    PROMOTIONS,
    DayRule,
    Era,
    Festival,
    Promotion,
    PromotionDays,
    aligned_last_year,
    festivals_on,
    promotion_on,
)
from guanxi.core.errors import Busy, DataError, GuanxiError, MissingEngine, NotFound, Refused, SettingError
from guanxi.core.estimate import Estimate
from guanxi.core.ids import EventId, PartyRef, parse_event_id, parse_party_ref
from guanxi.core.lunar import LunarDate, from_lunar, lunar_date, lunar_months
from guanxi.core.masking import mask, mask_email, mask_name, mask_phone, mask_text
from guanxi.core.money import MINOR_DIGITS, SYMBOLS, Money, minor_digits, to_minor, total
from guanxi.core.reason import Reason
from guanxi.core.rows import Named, RowTable, nearest
from guanxi.core.shares import share_of
from guanxi.core.time import (
    DAY_MS,
    SHANGHAI,
    Window,
    day_window,
    days_window,
    from_ms,
    local_day,
    midnight_ms,
    month_window,
    previous_window,
    to_ms,
    week_window,
)

__all__ = [
    "DAY_MS",
    "FESTIVALS",
    "MINOR_DIGITS",
    "PROMOTIONS",
    "SHANGHAI",
    "SYMBOLS",
    "Busy",
    "DataError",
    "DayRule",
    "Era",
    "Estimate",
    "EventId",
    "Festival",
    "GuanxiError",
    "LunarDate",
    "MissingEngine",
    "Money",
    "Named",
    "NotFound",
    "PartyRef",
    "Promotion",
    "PromotionDays",
    "Reason",
    "Refused",
    "RowTable",
    "SettingError",
    "Window",
    "aligned_last_year",
    "day_window",
    "days_window",
    "festivals_on",
    "from_lunar",
    "from_ms",
    "local_day",
    "lunar_date",
    "lunar_months",
    "mask",
    "mask_email",
    "mask_name",
    "mask_phone",
    "mask_text",
    "midnight_ms",
    "minor_digits",
    "month_window",
    "nearest",
    "parse_event_id",
    "parse_party_ref",
    "previous_window",
    "promotion_on",
    "share_of",
    "to_minor",
    "to_ms",
    "total",
    "week_window",
]
