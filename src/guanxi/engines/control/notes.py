"""Date notes (日期批注): dated lines that people write, shown on every time chart."""

import secrets
from collections.abc import Callable
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select

from guanxi.core import NotFound, SettingError
from guanxi.engines.control.database import Database
from guanxi.engines.control.tables import notes

TEXT: Final = 60  # characters; longer ones cannot be read on a chart


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One dated line.

    day       YYYY-MM-DD of China time
    platform  id of the platform that it concerns, "" = all
    who       name of the member who wrote it
    """

    id: str
    day: str
    text: str
    platform: str
    who: str
    written_ms: int


class Notes:
    """The part of `Control` that keeps date notes."""

    _database: Database
    _now: Callable[[], int]

    def add_note(self, day: date, text: str, *, platform: str = "", who: str) -> Note:
        """Keep a line for a day and return it.

        raises  SettingError when the text is empty, has a line break or is too long
        """
        text = text.strip()
        if not text or len(text) > TEXT or not text.isprintable():
            raise SettingError(
                f"the note has {len(text)} characters; 1 to {TEXT} on one line are allowed", "Shorten it", "text"
            )
        note = Note(
            id=secrets.token_hex(8), day=day.isoformat(), text=text, platform=platform, who=who, written_ms=self._now()
        )
        with self._database.write() as connection:
            connection.execute(insert(notes).values(msgspec.to_builtins(note)))
        return note

    def notes(self, first: date, last: date) -> list[Note]:
        """Return the lines of the days from `first` to `last`, both included, oldest day first."""
        wanted = notes.c.day.between(first.isoformat(), last.isoformat())
        with self._database.read() as connection:
            rows = connection.execute(select(notes).where(wanted).order_by(notes.c.day, notes.c.written_ms))
            return [Note(**row) for row in rows.mappings()]

    def remove_note(self, id: str) -> Note:  # noqa: A002
        """Remove a line and return what it was, so that it can be written again.

        raises  NotFound when there is none
        """
        with self._database.write() as connection:
            row = connection.execute(select(notes).where(notes.c.id == id)).mappings().one_or_none()
            if row is None:
                raise NotFound(f"there is no note {id[:40]!r}", "See the list at /v1/notes")
            connection.execute(delete(notes).where(notes.c.id == id))
            return Note(**row)
