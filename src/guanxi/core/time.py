"""Time: instants as milliseconds UTC, and half-open windows of local business days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from guanxi.core.errors import DataError

#: China time: +08:00, no summer time.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open stretch of time [start, end).

    start_ms, end_ms   milliseconds since 1970-01-01 UTC, start <= end
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms > self.end_ms:
            raise DataError(f"a window starts at {self.start_ms} and ends before, at {self.end_ms}", "Swap the two")

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.start_ms

    def contains(self, ms: int) -> bool:
        """Tell whether an instant lies in it; its end does not."""
        return self.start_ms <= ms < self.end_ms

    def overlaps(self, other: "Window") -> bool:
        """Tell whether the two share an instant."""
        return max(self.start_ms, other.start_ms) < min(self.end_ms, other.end_ms)

    def intersect(self, other: "Window") -> "Window | None":
        """Return what the two share, None when that is nothing."""
        if not self.overlaps(other):
            return None
        return Window(max(self.start_ms, other.start_ms), min(self.end_ms, other.end_ms))

    def days(self, *, zone: tzinfo = SHANGHAI) -> Iterator[date]:
        """Iterate over the local days that it touches, oldest first."""
        if self.length_ms:
            day, last = local_day(self.start_ms, zone=zone), local_day(self.end_ms - 1, zone=zone)
            while day <= last:
                yield day
                day += _DAY

    def shifted(self, days: int, *, zone: tzinfo = SHANGHAI) -> "Window":
        """Return it moved by whole local days; the clock on the wall stays, summer time or not."""
        return Window(_move(self.start_ms, days, zone), _move(self.end_ms, days, zone))

    def elapsed(self, now_ms: int) -> "Window":
        """Return the part of it that has passed by `now_ms`."""
        return Window(self.start_ms, min(max(now_ms, self.start_ms), self.end_ms))

    def elapsed_like(self, current: "Window", now_ms: int, *, zone: tzinfo = SHANGHAI) -> "Window":
        """Return the part of this earlier window that is as long, by the wall clock, as what has passed of `current`.

        So today until 14:20 is compared with last Sunday until 14:20, also across a change of summer time, and the
        28th of a month with at most the whole of a shorter one.
        """
        passed = _wall(current.elapsed(now_ms).end_ms, zone) - _wall(current.start_ms, zone)
        end = _wall(self.start_ms, zone) + passed
        return self.elapsed(to_ms(end.replace(tzinfo=zone)))


def to_ms(moment: datetime) -> int:
    """Return an aware instant as milliseconds since 1970-01-01 UTC; microseconds are cut off.

    raises   DataError for a datetime without a zone
    """
    if moment.utcoffset() is None:
        raise DataError(f"the time {moment.isoformat()} has no zone", "Give it one, e.g. replace(tzinfo=SHANGHAI)")
    return (moment - _EPOCH) // _MS


def from_ms(ms: int, *, zone: tzinfo = UTC) -> datetime:
    """Return the aware instant of milliseconds since 1970-01-01 UTC.

    raises   DataError outside the years 1..9999
    """
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)
    except OverflowError:
        raise DataError(f"{ms} ms lies outside the years 1..9999", "Check the unit: milliseconds since 1970") from None


def local_day(ms: int, *, zone: tzinfo = SHANGHAI) -> date:
    """Return the business day on which an instant falls."""
    if zone is SHANGHAI:
        return _EPOCH_DAY + timedelta((ms + 28_800_000) // DAY_MS)
    return from_ms(ms, zone=zone).date()


def midnight_ms(day: date, *, zone: tzinfo = SHANGHAI) -> int:
    """Return the instant at which a local day begins."""
    return to_ms(datetime.combine(day, time(), zone))


def day_window(day: date, *, zone: tzinfo = SHANGHAI) -> Window:
    """Return one local day; 23 or 25 hours long when summer time changes."""
    return Window(midnight_ms(day, zone=zone), midnight_ms(day + _DAY, zone=zone))


def week_window(day: date, *, zone: tzinfo = SHANGHAI) -> Window:
    """Return the week, Monday to Sunday, that holds a local day."""
    monday = day - timedelta(day.weekday())
    return Window(midnight_ms(monday, zone=zone), midnight_ms(monday + timedelta(7), zone=zone))


def month_window(day: date, *, zone: tzinfo = SHANGHAI) -> Window:
    """Return the calendar month that holds a local day."""
    first = day.replace(day=1)
    following = (first + timedelta(31)).replace(day=1)
    return Window(midnight_ms(first, zone=zone), midnight_ms(following, zone=zone))


def days_window(first: date, last: date, *, zone: tzinfo = SHANGHAI) -> Window:
    """Return the local days from `first` to `last`, both included."""
    return Window(midnight_ms(first, zone=zone), midnight_ms(last + _DAY, zone=zone))


def previous_window(window: Window, *, zone: tzinfo = SHANGHAI) -> Window:
    """Return the window just before: the month before a whole month, else as many local days before.

    raises   DataError when the window is not made of whole local days
    """
    first, after = local_day(window.start_ms, zone=zone), local_day(window.end_ms, zone=zone)
    if window != Window(midnight_ms(first, zone=zone), midnight_ms(after, zone=zone)) or first == after:
        raise DataError("the window is not made of whole local days", "Use `shifted` to move a window of hours")
    if window == month_window(first, zone=zone):
        return month_window(first - _DAY, zone=zone)
    return Window(midnight_ms(first - (after - first), zone=zone), window.start_ms)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1)
_MS: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(1)


def _wall(ms: int, zone: tzinfo) -> datetime:
    """Return what a clock on the wall shows."""
    return from_ms(ms, zone=zone).replace(tzinfo=None)


def _move(ms: int, days: int, zone: tzinfo) -> int:
    return to_ms((_wall(ms, zone) + timedelta(days)).replace(tzinfo=zone))
