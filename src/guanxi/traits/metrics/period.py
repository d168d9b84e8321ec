"""Periods: what a time range in a URL means, what it is compared with, and the buckets of a series."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from guanxi.core import (
    DAY_MS,
    SHANGHAI,
    DataError,
    Window,
    aligned_last_year,
    days_window,
    from_ms,
    local_day,
    midnight_ms,
    month_window,
    previous_window,
    week_window,
)
from guanxi.traits.metrics.answers import Span

Compare = Literal["prev", "week", "yoy", "none"]
Align = Literal["solar", "lunar", "promotion"]
Bucket = Literal["hour", "day", "week", "month"]

RANGES: Final = ("today", "yesterday", "7d", "30d", "week", "last_week", "month", "custom:YYYY-MM-DD..YYYY-MM-DD")
MAX_DAYS: Final = 3_660  # ten years: a longer range is a mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What was asked for.

    whole     the local days that were named
    window    the part of it that has passed; the whole when it lies in the past
    compared  the earlier window, cut to the same elapsed part; None when nothing is compared
    """

    whole: Window
    window: Window
    compared: Window | None

    @property
    def partial(self) -> bool:
        """Whether it still runs."""
        return self.window != self.whole


def period(t: str, *, now_ms: int, cmp: str = "prev", align: str = "solar") -> Period:
    """Return the period that `t`, `cmp` and `align` of a URL name, in local days of China.

    t       one of RANGES; "7d" = the last 7 local days, today included
    now_ms  the instant that "now" stands for
    cmp     "prev": the time of the same length just before (the month before a month) · "week": the same weekdays, as
            many whole weeks before as it is long · "yoy": last year · "none"
    align   how last year's days are found: the same date, the same lunar date, or the same day of a promotion
    raises  DataError naming the parameter and what is allowed
    """
    whole = _range(t, local_day(now_ms))
    return Period(whole=whole, window=whole.elapsed(now_ms), compared=_compared(whole, now_ms, cmp, align))


def span(window: Window | None, *, partial: bool = False) -> Span | None:
    """Return a window as answers carry it."""
    return None if window is None else Span(start_ms=window.start_ms, end_ms=window.end_ms, partial=partial)


def default_bucket(window: Window) -> Bucket:
    """Return the bucket that shows a window in at most about sixty points."""
    if window.length_ms <= 2 * DAY_MS:
        return "hour"
    return "day" if window.length_ms <= 92 * DAY_MS else "week" if window.length_ms <= 400 * DAY_MS else "month"


def bucket_starts(window: Window, bucket: Bucket) -> tuple[int, ...]:
    """Return the instants at which the buckets of a window begin, in order; the first may begin before the window.

    Days, weeks (from Monday) and months are local ones. The buckets cover the window without gap or overlap.
    raises  DataError when they are more than 5,000
    """
    if not window.length_ms:
        return ()
    last = window.end_ms - 1
    start = bucket_start(window.start_ms, bucket)
    found: list[int] = []
    while start <= last:
        found.append(start)
        if len(found) > 5_000:
            raise DataError(f"the range holds more than 5,000 buckets of one {bucket}", "Use a longer bucket", "bucket")
        start = _next_start(start, bucket)
    return tuple(found)


def bucket_start(ms: int, bucket: Bucket) -> int:
    """Return the instant at which the bucket of an instant begins.

    raises  DataError for another bucket
    """
    if bucket not in get_args(Bucket):
        raise DataError(f"the bucket is {bucket!r}", f"Use one of {', '.join(get_args(Bucket))}", "bucket")
    if bucket == "hour":
        return ms - ms % 3_600_000
    day = local_day(ms)
    if bucket == "week":
        return week_window(day).start_ms
    return month_window(day).start_ms if bucket == "month" else midnight_ms(day)


def wall(ms: int) -> str:
    """Return an instant as a person in China writes it, to the minute."""
    return from_ms(ms, zone=SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _next_start(start: int, bucket: Bucket) -> int:
    if bucket == "hour":
        return start + 3_600_000
    day = local_day(start)
    if bucket == "month":
        return month_window(day).end_ms
    return midnight_ms(day + timedelta(7 if bucket == "week" else 1))


def _range(t: str, today: date) -> Window:
    days = {"today": (0, 0), "yesterday": (1, 1), "7d": (6, 0), "30d": (29, 0)}
    if t in days:
        first, last = days[t]
        return days_window(today - timedelta(first), today - timedelta(last))
    if t in ("week", "last_week"):
        return week_window(today - timedelta(7 if t == "last_week" else 0))
    if t == "month":
        return month_window(today)
    found = re.fullmatch(r"custom:(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", t)
    if found is None:
        raise DataError(f"the time range is {t[:60]!r}", f"Use one of {', '.join(RANGES)}", "t")
    try:
        first_day, last_day = (datetime.strptime(text, "%Y-%m-%d").date() for text in found.groups())  # noqa: DTZ007
    except ValueError:
        raise DataError(f"the time range {t!r} names a day that does not exist", "Correct the day", "t") from None
    if not 0 <= (last_day - first_day).days < MAX_DAYS or not 1990 <= first_day.year <= 2099:
        raise DataError(
            f"the time range {t!r} ends before it begins, is longer than ten years or lies outside 1990..2099",
            "Write the first day, two dots, the last day", "t",
        )  # fmt: skip
    return days_window(first_day, last_day)


def _compared(whole: Window, now_ms: int, cmp: str, align: str) -> Window | None:
    if align not in get_args(Align):
        raise DataError(f"the alignment is {align[:40]!r}", f"Use one of {', '.join(get_args(Align))}", "align")
    if cmp == "none":
        return None
    if cmp == "prev":
        return _like(previous_window(whole), whole, now_ms)
    if cmp == "week":
        return _like(_weeks_before(whole), whole, now_ms)
    if cmp != "yoy":
        raise DataError(f"the comparison is {cmp[:40]!r}", f"Use one of {', '.join(get_args(Compare))}", "cmp")
    return _like(_last_year(whole, align), whole, now_ms)


def _like(earlier: Window, whole: Window, now_ms: int) -> Window:
    """The same elapsed part of an earlier window; all of it when nothing is left to come, as of a longer month."""
    return earlier if whole.end_ms <= now_ms else earlier.elapsed_like(whole, now_ms)


def _weeks_before(whole: Window) -> Window:
    """The same weekdays of the weeks before: one week before a day or a week, five before a month."""
    days = round(whole.length_ms / DAY_MS)
    first = local_day(whole.start_ms) - timedelta(7 * -(-days // 7))
    return days_window(first, first + timedelta(days - 1))


def _last_year(whole: Window, align: str) -> Window:
    """The window of last year that begins on the aligned day: as many days, or the same month for a whole month."""
    first = local_day(whole.start_ms)
    days = round(whole.length_ms / DAY_MS)
    if align == "solar" and whole == month_window(first):
        return month_window(aligned_last_year(first))
    begin = aligned_last_year(first, align)  # type: ignore[arg-type]  # checked by `_compared`
    return days_window(begin, begin + timedelta(days - 1))
