"""Date notes (日期批注) of a window: what people wrote, and the festivals and promotions of the calendar."""

from collections.abc import Iterator
from datetime import date, timedelta

from guanxi.app.workspace import Workspace
from guanxi.core import DataError, Window, festivals_on, local_day, promotion_on
from guanxi.engines.control import Note
from guanxi.traits.metrics import DateNote

MOST_DAYS = 400  # a longer chart cannot show them


def notes(workspace: Workspace, window: Window) -> tuple[DateNote, ...]:
    """Return the dated lines of a window's local days, oldest first; nothing for a window of over 400 days."""
    if window.length_ms <= 0:
        return ()
    first, last = local_day(window.start_ms), local_day(window.end_ms - 1)
    if (last - first).days >= MOST_DAYS:
        return ()
    written = [as_date_note(note) for note in workspace.control.notes(first, last)]
    return tuple(sorted([*calendar_notes(first, last), *written], key=lambda note: note.day))


def calendar_notes(first: date, last: date) -> Iterator[DateNote]:
    """Iterate over what the calendar says of the days: festivals, and where promotions begin, peak and end."""
    day = first
    while day <= last:
        try:
            for festival in festivals_on(day):
                yield DateNote(id=f"calendar:{festival.name}:{day}", day=day.isoformat(), text=festival.zh,
                               text_en=festival.en, source="calendar")  # fmt: skip
            days = promotion_on(day)
        except DataError:  # outside the table of lunar years: the calendar has nothing to say
            return
        if days is not None:
            for when, zh, en in (
                (days.start, "开始", "starts"),
                (days.peak, "高潮", "peaks"),
                (days.last, "结束", "ends"),
            ):
                if when == day:
                    row = days.promotion
                    yield DateNote(id=f"calendar:{row.name}:{day}", day=day.isoformat(), text=f"{row.zh}{zh}",
                                   text_en=f"{row.en} {en}", source="calendar")  # fmt: skip
                    break
        day += timedelta(1)


def as_date_note(note: Note) -> DateNote:
    """Return a written note in the form that charts take."""
    return DateNote(id=note.id, day=note.day, text=note.text, text_en=note.text, source="person",
                    platform=note.platform, who=note.who)  # fmt: skip
