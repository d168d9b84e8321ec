"""Days: what kind of day it is, how much is browsed and bought, when wages come, and the weather of each city.

| column | unit | source |
|---|---|---|
| calendar.first_day i32[1] | proleptic ordinal of local day 0 (UTC+8, no daylight saving) | given |
| calendar.kind u8[days] | 0 work, 1 weekend, 2 holiday (days off by law, without the moved work days) | [M] |
| calendar.traffic f32[days] | sessions, 1 = a plain work day; double 11 x2.5 | [G] |
| calendar.orders f32[days] | orders in all, 1 = a plain work day; double 11 x4; orders/traffic is a session's | [G] |
| calendar.payday u8[days] | 1 on the 10th and 15th, or the work day before | [G] |
| calendar.term u8[days] | 1 while schools teach | [M] |
| calendar.festival u8[days] | 0 none, else 1 + its place in the note calendar.festivals | core calendar |
| calendar.phase u8[days] | of a big promotion: 0 none, 1 pre-sale, 2 sale, 3 peak | core calendar |
| calendar.rain u8[cities, days] | two-state chain: after rain .6, after dry .2 | [G] |
| calendar.temperature f32[cities, days] | degrees C, a yearly wave and weather that lasts some days | [G] |
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np

from guanxi.core import FESTIVALS, PromotionDays, SettingError, festivals_on, promotion_on
from guanxi.world.board import Board
from guanxi.world.draws import Draws


@dataclass(frozen=True, slots=True)
class Calendar:
    """Plants the days from `first_day` on; the board says how many."""

    first_day: date
    name: str = "calendar"
    reads: tuple[str, ...] = ("city.warmth", "city.swing")
    writes: tuple[str, ...] = tuple(
        f"calendar.{column}"
        for column in ("first_day", "kind", "traffic", "orders", "payday", "term", "festival", "phase", "rain",
                       "temperature", "festivals")
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        dates = [self.first_day + timedelta(n) for n in range(board.count("days"))]
        if not date(1991, 1, 1) <= self.first_day or dates[-1] > date(2049, 12, 31):
            raise SettingError(f"the town would live from {self.first_day} to {dates[-1]}", "Choose days in 1991..2049")
        kind = np.array([_kind(day) for day in dates], np.uint8)
        phase = np.array([_phase(day) for day in dates])
        busy = np.array([_busy(day, int(kind[n])) for n, day in enumerate(dates)])
        board.add(self.name, "calendar.first_day", np.array([self.first_day.toordinal()], np.int32))
        board.add(self.name, "calendar.kind", kind)
        board.add(self.name, "calendar.traffic", busy[:, 0].astype(np.float32))
        board.add(self.name, "calendar.orders", busy[:, 1].astype(np.float32))
        board.add(self.name, "calendar.payday", np.array([_payday(day) for day in dates], np.uint8))
        board.add(self.name, "calendar.term", np.array([_in_term(day) for day in dates], np.uint8))
        board.add(self.name, "calendar.festival", np.array([_festival(day) for day in dates], np.uint8))
        board.add(self.name, "calendar.phase", phase.astype(np.uint8))
        board.note(self.name, "calendar.festivals", FESTIVALS)
        _weather(board, draw, dates)


_DAYS_OFF: Final = {  # festival -> days off from it on
    "new_year": 1, "new_years_eve": 8, "qingming": 3, "labour_day": 5, "dragon_boat": 3, "mid_autumn": 3,
    "national_day": 7,
}  # fmt: skip
_SALES: Final = {  # promotion -> (traffic, orders) of its pre-sale, sale and peak days [G]
    "double_eleven": ((1.1, 0.85), (1.3, 1.45), (2.5, 4.0)),
    "mid_year": ((1.1, 0.9), (1.2, 1.35), (2.0, 3.0)),
}
_SMALL_SALE: Final = ((1.0, 1.0), (1.1, 1.2), (1.4, 1.8))
_PHASES: Final = ("", "presale", "sale", "peak")


@cache
def _festivals(day: date) -> tuple[str, ...]:
    return tuple(row.name for row in festivals_on(day))


def _kind(day: date) -> int:
    for back in range(max(_DAYS_OFF.values())):
        if any(back < _DAYS_OFF.get(name, 0) for name in _festivals(day - timedelta(back))):
            return 2
    return int(day.weekday() >= 5)


@cache
def _promotion(day: date) -> PromotionDays | None:
    return promotion_on(day)


def _phase(day: date) -> int:
    days = _promotion(day)
    return _PHASES.index(days.phase(day)) if days else 0


def _busy(day: date, kind: int) -> tuple[float, float]:
    traffic, orders = ((1.0, 1.0), (1.08, 1.05), (1.02, 0.95))[kind]
    spring = any(
        name in ("new_years_eve", "spring_festival") for back in range(4) for name in _festivals(day - timedelta(back))
    )
    if spring:  # parcels rest
        traffic, orders = 0.9, 0.5
    days = _promotion(day)
    if days is None:
        return traffic, orders
    more = _SALES.get(days.promotion.name, _SMALL_SALE)[_PHASES.index(days.phase(day)) - 1]
    if day == days.peak and more[0] >= 2.0:  # the day itself, whatever the weekday
        return more
    waits = 0.8 if 0 < (days.peak - day).days <= 2 and days.phase(day) == "sale" else 1.0
    return traffic * more[0], orders * more[1] * waits


def _payday(day: date) -> bool:
    for paid in (day + timedelta(n) for n in range(3)):
        if paid.day in (10, 15):
            worked = paid
            while worked.weekday() >= 5:
                worked -= timedelta(1)
            if worked == day:
                return True
    return False


def _in_term(day: date) -> bool:
    if day.weekday() >= 5 or _kind(day) == 2:
        return False
    lantern = FESTIVALS["lantern"].rule.day_in(day.year)
    return lantern < day <= date(day.year, 7, 5) or day >= date(day.year, 9, 1) or day <= date(day.year, 1, 15)


def _festival(day: date) -> int:
    found = _festivals(day)
    return 1 + list(FESTIVALS).index(found[0]) if found else 0


def _weather(board: Board, draw: Draws, dates: list[date]) -> None:
    cities = np.arange(len(board["city.warmth"]))
    rain = np.zeros((len(cities), len(dates)), np.uint8)
    temperature = np.zeros((len(cities), len(dates)), np.float32)
    rains, cold = draw.child("rain"), draw.child("temperature")
    wet = rains.uniform(cities, -1) < 1 / 3  # the chain's own share of wet days
    spell = cold.normal(cities, -1) * 3.0
    for n, day in enumerate(dates):
        wet = rains.uniform(cities, n) < np.where(wet, 0.6, 0.2)
        spell = 0.7 * spell + np.sqrt(1 - 0.7**2) * 3.0 * cold.normal(cities, n)
        wave = np.cos(2 * np.pi * (day.timetuple().tm_yday - 201) / 365.25)  # warmest about 20 July
        rain[:, n] = wet
        temperature[:, n] = board["city.warmth"] + board["city.swing"] * wave + spell - 2.0 * wet
    board.add("calendar", "calendar.rain", rain)
    board.add("calendar", "calendar.temperature", temperature)
