"""Repair: how text from outside becomes values, one reader per type; the scalar truth that columns must equal.

Every reader is pure, takes any object, returns `Repaired(value, note)` and raises only DataError. A missing mark
(`NO_VALUE`) reads as None; a note is "" when nothing was mended, else short codes joined by "+".
"""

from guanxi.events.repair_numbers import (
    read_decimal,
    read_duration,
    read_integer,
    read_money,
    read_number,
    read_rate,
)
from guanxi.events.repair_text import (
    NO_VALUE,
    Repaired,
    is_masked,
    read_boolean,
    read_id,
    read_text,
    without_personal,
)
from guanxi.events.repair_times import read_time

__all__ = [
    "NO_VALUE",
    "Repaired",
    "is_masked",
    "read_boolean",
    "read_decimal",
    "read_duration",
    "read_id",
    "read_integer",
    "read_money",
    "read_number",
    "read_rate",
    "read_text",
    "read_time",
    "without_personal",
]
