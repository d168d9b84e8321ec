"""The calendar of trade: festivals and the big promotions (大促), as rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from guanxi.core.errors import DataError, SettingError
from guanxi.core.lunar import LAST_DAY, from_lunar, lunar_date, lunar_months
from guanxi.core.rows import RowTable


@dataclass(frozen=True, slots=True)
class DayRule:
    """On which day of a solar year something falls.

    by       "solar": month and day · "lunar": lunar month and day · "weekday": the n-th weekday of a month ·
             "term": a solar term, 4 = 清明, 12 = 冬至 (its month; `day` is not read)
    month    1..12
    day      1..31 or 1..30; for "weekday": n
    weekday  0 = Monday .. 6 = Sunday, for "weekday" only
    offset   days added at the end; the eve of the lunar new year is lunar 1/1 with -1
    """

    by: Literal["solar", "lunar", "weekday", "term"]
    month: int
    day: int = 1
    weekday: int = 0
    offset: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12 or not 1 <= self.day <= 31 or not 0 <= self.weekday <= 6:
            raise SettingError(f"{self} is no day", "Use month 1..12, day 1..31, weekday 0..6")
        if self.by == "term" and self.month not in _TERMS:
            raise SettingError(f"no solar term is known for month {self.month}", "Use 4 (清明) or 12 (冬至)")

    def day_in(self, year: int) -> date:
        """Return the day in a solar year; for a lunar rule in the lunar year of that number, which ends in the next.

        raises   DataError outside 1990..2050 for lunar rules and terms
        """
        if self.by == "lunar":
            found = from_lunar(year, self.month, min(self.day, _month_length(year, self.month)))
        elif self.by == "weekday":
            first = date(year, self.month, 1)
            found = first + timedelta((self.weekday - first.weekday()) % 7 + 7 * (self.day - 1))
        elif self.by == "term":
            found = date(year, self.month, _term_day(year, self.month))
        else:
            found = date(year, self.month, self.day)
        return found + timedelta(self.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Festival:
    """A day that people keep: name, labels, rule."""

    name: str
    zh: str
    en: str
    rule: DayRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """The window of a promotion from one year on.

    since    first year
    first    first day of the sale
    peak     the day it is named after
    last     last day, included
    presale  first day of the pre-sale (预售), None when there is none
    """

    since: int
    first: DayRule
    peak: DayRule
    last: DayRule
    presale: DayRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A big promotion (大促): typical days of the large platforms, from public announcements.

    Platforms move their dates by some days each year: a workspace that knows better passes its own rows.
    """

    name: str
    zh: str
    en: str
    platforms: tuple[str, ...]
    eras: tuple[Era, ...]  # oldest first

    def in_year(self, year: int) -> "PromotionDays | None":
        """Return its days in a year, None before it existed."""
        eras = [era for era in self.eras if era.since <= year]
        if not eras:
            return None
        era = eras[-1]
        first, peak, last = era.first.day_in(year), era.peak.day_in(year), era.last.day_in(year)
        presale = era.presale.day_in(year) if era.presale else None
        return PromotionDays(promotion=self, year=year, presale=presale, first=first, peak=peak, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDays:
    """One promotion in one year; `presale` <= `first` <= `peak` <= `last`, all included."""

    promotion: Promotion
    year: int
    presale: date | None
    first: date
    peak: date
    last: date

    @property
    def start(self) -> date:
        """Its first day, pre-sale included."""
        return self.presale or self.first

    def phase(self, day: date) -> Literal["presale", "sale", "peak", ""]:
        """Return where a day stands in it; "" when outside."""
        if not self.start <= day <= self.last:
            return ""
        if day < self.first:
            return "presale"
        return "peak" if day == self.peak else "sale"


def festivals_on(day: date) -> tuple[Festival, ...]:
    """Return the festivals kept on a day, in the order of FESTIVALS.

    raises   DataError outside 1990..2050
    """
    # 腊八 and 小年 end a lunar year, so they fall in January or February of the next solar year.
    lunar_years = {day.year, lunar_date(day).year}
    return tuple(
        row
        for row in FESTIVALS.values()
        if any(row.rule.day_in(year) == day for year in (lunar_years if row.rule.by == "lunar" else {day.year}))
    )


def promotion_on(day: date, *, promotions: RowTable[Promotion] | None = None) -> PromotionDays | None:
    """Return the promotion that a day belongs to, pre-sale included; the nearer peak wins when two overlap.

    promotions   the rows of a workspace, PROMOTIONS by default
    raises       DataError outside 1990..2050
    """
    running = []
    for promotion in (PROMOTIONS if promotions is None else promotions).values():
        for year in (day.year, min(day.year + 1, LAST_DAY.year)):  # 年货节 may begin in December
            days = promotion.in_year(year)
            if days is not None and days.start <= day <= days.last:
                running.append(days)
    return min(running, key=lambda days: abs((days.peak - day).days), default=None)


def aligned_last_year(
    day: date,
    by: Literal["solar", "lunar", "promotion"] = "solar",
    *,
    promotions: RowTable[Promotion] | None = None,
) -> date:
    """Return the day of last year that a day should be compared with.

    by           "solar": the same date (28 February for the 29th) · "lunar": the same lunar date (a leap month
                 compares with its plain month, a 30th with the 29th when there is none) · "promotion": as many
                 days from the peak of the same promotion, kept within it; a day outside promotions as "solar"
    promotions   the rows of a workspace, PROMOTIONS by default
    raises       DataError for another `by`, and outside the table of lunar years
    """
    if by == "lunar":
        year, month, number, _ = lunar_date(day)
        return from_lunar(year - 1, month, min(number, _month_length(year - 1, month)))
    if by == "promotion":
        now = promotion_on(day, promotions=promotions)
        last = now.promotion.in_year(now.year - 1) if now else None
        if now and last:
            return min(max(last.peak + (day - now.peak), last.start), last.last)
    elif by != "solar":
        raise DataError(f"{by!r} is no way to align years", "Use solar, lunar or promotion")
    if day.year == 1:
        raise DataError("there is no year before the year 1", "Use a later day")
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


# Day of a solar term: floor(y * 0.2422 + c) - floor(y / 4), y = year in its century, c by term and century.
# Source: the 寿星 formula and its usual constants; tested against lunar-python for every year 1990-2050.
_TERMS: Final[dict[int, tuple[float, float]]] = {4: (5.59, 4.81), 12: (22.60, 21.94)}


def _term_day(year: int, month: int) -> int:
    if not 1990 <= year <= 2050:
        raise DataError(f"{year} is outside the table of solar terms", "Use years from 1990 to 2050")
    y = year % 100
    return int(y * 0.2422 + _TERMS[month][year >= 2000]) - y // 4 - ((year, month) == (2021, 12))  # known exception


def _month_length(year: int, month: int) -> int:
    return next(length for number, is_leap, length in lunar_months(year) if number == month and not is_leap)


def _solar(month: int, day: int) -> DayRule:
    return DayRule("solar", month, day)


def _lunar(month: int, day: int, offset: int = 0) -> DayRule:
    return DayRule("lunar", month, day, offset=offset)


FESTIVALS: Final[RowTable[Festival]] = RowTable(
    [
        Festival(name="new_year", zh="元旦", en="New Year's Day", rule=_solar(1, 1)),
        Festival(name="laba", zh="腊八", en="Laba Festival", rule=_lunar(12, 8)),
        Festival(name="little_new_year", zh="小年", en="Little New Year (north)", rule=_lunar(12, 23)),
        Festival(name="new_years_eve", zh="除夕", en="Spring Festival Eve", rule=_lunar(1, 1, -1)),
        Festival(name="spring_festival", zh="春节", en="Spring Festival", rule=_lunar(1, 1)),
        Festival(name="lantern", zh="元宵", en="Lantern Festival", rule=_lunar(1, 15)),
        Festival(name="valentine", zh="情人节", en="Valentine's Day", rule=_solar(2, 14)),
        Festival(name="womens_day", zh="妇女节", en="Women's Day", rule=_solar(3, 8)),
        Festival(name="qingming", zh="清明", en="Tomb-Sweeping Day", rule=DayRule("term", 4)),
        Festival(name="labour_day", zh="五一", en="Labour Day", rule=_solar(5, 1)),
        Festival(name="mothers_day", zh="母亲节", en="Mother's Day", rule=DayRule("weekday", 5, 2, 6)),
        Festival(name="five_two_zero", zh="520", en="520", rule=_solar(5, 20)),
        Festival(name="childrens_day", zh="儿童节", en="Children's Day", rule=_solar(6, 1)),
        Festival(name="dragon_boat", zh="端午", en="Dragon Boat Festival", rule=_lunar(5, 5)),
        Festival(name="fathers_day", zh="父亲节", en="Father's Day", rule=DayRule("weekday", 6, 3, 6)),
        Festival(name="qixi", zh="七夕", en="Qixi", rule=_lunar(7, 7)),
        Festival(name="ghost", zh="中元", en="Zhongyuan", rule=_lunar(7, 15)),
        Festival(name="teachers_day", zh="教师节", en="Teachers' Day", rule=_solar(9, 10)),
        Festival(name="mid_autumn", zh="中秋", en="Mid-Autumn Festival", rule=_lunar(8, 15)),
        Festival(name="national_day", zh="国庆", en="National Day", rule=_solar(10, 1)),
        Festival(name="double_ninth", zh="重阳", en="Double Ninth Festival", rule=_lunar(9, 9)),
        Festival(name="winter_solstice", zh="冬至", en="Winter Solstice", rule=DayRule("term", 12)),
        Festival(name="christmas", zh="圣诞", en="Christmas", rule=_solar(12, 25)),
    ],
    noun="festival",
)

_SHOPS: Final = ("taobao", "jd", "pinduoduo")
_ALL: Final = (*_SHOPS, "douyin", "kuaishou", "xiaohongshu")

PROMOTIONS: Final[RowTable[Promotion]] = RowTable(
    [
        Promotion(
            name="new_year_goods", zh="年货节", en="New Year Goods Festival", platforms=_ALL,
            eras=(Era(since=2016, first=_lunar(1, 1, -30), peak=_lunar(1, 1, -25), last=_lunar(1, 1, -6)),),
        ),
        Promotion(
            name="womens_day_sale", zh="女神节", en="Women's Day Sale", platforms=_ALL,
            eras=(Era(since=2015, first=_solar(3, 4), peak=_solar(3, 8), last=_solar(3, 8)),),
        ),
        Promotion(
            name="mid_year", zh="618", en="618", platforms=_ALL,
            eras=(
                Era(since=2010, first=_solar(6, 1), peak=_solar(6, 18), last=_solar(6, 18)),
                Era(since=2019, presale=_solar(5, 24), first=_solar(6, 1), peak=_solar(6, 18), last=_solar(6, 20)),
                Era(since=2024, first=_solar(5, 20), peak=_solar(6, 18), last=_solar(6, 20)),
            ),
        ),
        Promotion(
            name="qixi_sale", zh="七夕礼遇季", en="Qixi Sale", platforms=("taobao", "jd", "douyin", "xiaohongshu"),
            eras=(Era(since=2016, first=_lunar(7, 7, -6), peak=_lunar(7, 7), last=_lunar(7, 7)),),
        ),
        Promotion(
            name="double_nine", zh="99划算节", en="9.9", platforms=_ALL,
            eras=(Era(since=2015, first=_solar(9, 5), peak=_solar(9, 9), last=_solar(9, 11)),),
        ),
        Promotion(
            name="double_eleven", zh="双11", en="Double 11", platforms=_ALL,
            eras=(
                Era(since=2009, first=_solar(11, 11), peak=_solar(11, 11), last=_solar(11, 11)),
                Era(since=2015, presale=_solar(10, 20), first=_solar(11, 1), peak=_solar(11, 11), last=_solar(11, 11)),
                Era(since=2024, presale=_solar(10, 14), first=_solar(10, 21), peak=_solar(11, 11), last=_solar(11, 11)),
            ),
        ),
        Promotion(
            name="double_twelve", zh="双12", en="Double 12", platforms=_SHOPS,
            eras=(Era(since=2011, first=_solar(12, 9), peak=_solar(12, 12), last=_solar(12, 12)),),
        ),
    ],
    noun="promotion",
)  # fmt: skip
