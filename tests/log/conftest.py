"""A whole log in one folder for tests: writer, importer, sealer, reader."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from guanxi.engines.lake import Reader, Sealer
from guanxi.engines.log import Committed, Index, Seen, SqliteLog, Staged, connect, discard, settle, stage
from guanxi.events import Event, EventBatch, event_id, shipped

T0 = 1_767_326_400_000
Row = tuple[str, str | None, str]  # kind, natural key, content


class Store:
    """One log; `names` are the `p_name` (or `name`) properties of its events, by which tests know them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.open(create=True)

    def open(self, *, create: bool = False) -> None:
        self.log = SqliteLog(self.folder, create=create)
        self.sealer, self.reader = Sealer(self.folder, shipped()), Reader(self.folder, shipped())
        self._ro = connect(self.folder, read_only=True)
        self.index = Index(self._ro, self.folder)

    def close(self) -> None:
        for one in (self.reader, self.sealer, self._ro, self.log):
            one.close()

    def reopen(self) -> None:
        self.close()
        self.open()

    def live(self, *names: str, kind: str = "Product Viewed") -> list[bool]:
        return self.log.append_each([event(name, kind=kind) for name in names])[0]

    def seal(self) -> int:
        return self.sealer.run(hot_after=1)

    def stage(self, rows: Sequence[Row], seen: Seen, *, first: int = 1, preset: str = "shop", **more: object) -> Staged:
        return stage(
            self.folder, batches(rows, first), preset=preset, seen=seen, known=self.index.known(), catalogue=shipped(),
            **more,
        )  # fmt: skip

    def commit(self, staged: Staged, seen: Seen) -> bool:
        """Hand a staged chunk over; return False when it must be staged again."""
        answer = self.log.commit(staged.manifest) if staged.manifest.rows else Committed()
        settle(seen, staged, answer)
        if answer.conflict:
            discard(self.folder, staged)
        return not answer.conflict

    def load(self, rows: Sequence[Row], chunk: int = 1000, *, preset: str = "shop", stop: int | None = None) -> int:
        """Import rows in chunks; return how many were new. `stop` interrupts it after so many chunks."""
        seen, stored = Seen(), 0
        for number, start in enumerate(range(0, len(rows), chunk)):
            if number == stop:
                break
            while True:
                staged = self.stage(rows[start : start + chunk], seen, first=start + 1, preset=preset)
                if self.commit(staged, seen):
                    break
            stored += staged.manifest.rows
        return stored

    def names(self, known: int | None = None, **more: object) -> list[str]:
        return [one.properties["name"] for one in self.reader.read(known=known, **more)]

    def ids(self) -> list[str]:
        return [one.id for one in self.reader.read()]


def event(name: str, *, kind: str = "Product Viewed", replaces: str = "", at_ms: int = T0) -> Event:
    refs = {"supersedes": event_id("live", replaces)} if replaces else {}
    return Event(
        id=event_id("live", name),
        kind=kind,
        at_ms=at_ms,
        received_ms=T0,
        refs=refs,
        properties={"name": name},
        live=True,
    )


def batches(rows: Sequence[Row], first: int = 1) -> list[EventBatch]:
    """Rows as a source emits them: one batch per kind, row numbers of the file."""
    found = []
    for kind in dict.fromkeys(row[0] for row in rows):
        mine = [(place, row) for place, row in enumerate(rows, first) if row[0] == kind]
        data = {
            "at_ms": [T0 + ord(row[2][0]) % 7 for _, row in mine], "platform": ["jd"] * len(mine),
            "p_name": [row[2] for _, row in mine],
            "nk": [row[1] for _, row in mine], "row": [place for place, _ in mine],
            "amount": [len(row[2]) if row[2] > "b" else None for _, row in mine],  # null in some chunks only
        }  # fmt: skip
        found.append(EventBatch(kind, pl.DataFrame(data, schema_overrides={"nk": pl.String, "amount": pl.Int64})))
    return found


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes logs; each call gives an empty one."""
    made: list[Store] = []

    def make() -> Store:
        made.append(Store(tmp_path / f"log{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def store(make_store: Callable[[], Store]) -> Store:
    """An empty log."""
    return make_store()


@pytest.fixture(scope="session")
def store_type() -> type[Store]:
    """The class itself, for laws that need a new log for every example."""
    return Store
