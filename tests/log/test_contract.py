"""The SQLite log and its reader keep the contract of the protocol, hot, sealed, and sealed bit by bit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from guanxi.engines.lake import Reader, Sealer
from guanxi.engines.log import SqliteLog
from guanxi.events import Appended, Event, EventLog, shipped
from guanxi.events.contract import EventLogContract


class Joined:
    """The writer and the reader of one folder; seals after every `seal_every`-th append (0: never)."""

    def __init__(self, folder: Path, seal_every: int) -> None:
        self.log = SqliteLog(folder, create=True)
        self.sealer, self.reader = Sealer(folder, shipped()), Reader(folder, shipped())
        self._every, self._calls = seal_every, 0

    def append(self, events: Sequence[Event]) -> Appended:
        done = self.log.append(events)
        self._calls += 1
        if self._every and self._calls % self._every == 0:
            self.sealer.run(hot_after=1)
        return done

    def read(
        self,
        *,
        until_ms: int | None = None,
        known: int | None = None,
        kind: str | None = None,
        party: str | None = None,
    ) -> Iterator[Event]:
        return self.reader.read(until_ms=until_ms, known=known, kind=kind, party=party)

    def close(self) -> None:
        for one in (self.reader, self.sealer, self.log):
            one.close()


class _OnDisk(EventLogContract):
    seal_every = 0

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.made: list[Joined] = []
        yield
        for one in self.made:
            one.close()

    def make_log(self) -> EventLog:
        home = self.folder / str(len(self.made))
        home.mkdir()
        self.made.append(Joined(home, self.seal_every))
        return self.made[-1]


class TestHot(_OnDisk):
    """Nothing is sealed."""


@pytest.mark.slow
class TestSealed(_OnDisk):
    """Everything is sealed at once."""

    seal_every = 1


class TestHalfSealed(_OnDisk):
    """Some rows are sealed, some hot."""

    seal_every = 2
