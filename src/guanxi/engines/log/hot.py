"""The hot log: every event is durable in SQLite before anyone is told that it was stored."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from guanxi.core import DataError
from guanxi.engines.log.index import RUNS, Index
from guanxi.engines.log.runs import Run, flush_folder
from guanxi.engines.log.schema import connect, transaction, translated
from guanxi.events import Appended, Event, id_bytes

STAGED: Final = "staged"  # folder of the staged segments


class StagedFile(msgspec.Struct, frozen=True, array_like=True):
    """One Parquet file of a staged segment: its kind, name, rows, and whether they are in order of time."""

    kind: str
    name: str
    rows: int
    ordered: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a staged segment holds: written beside its files, handed to the process that owns the log.

    folder     name of its folder under `staged`
    source     "import:<preset>"
    files      its Parquet files
    rows       events in all
    checked    number of the newest run against which its ids and natural keys were compared
    hot_seq    last sequence number of the hot rows against which they were compared
    job        import job; chunk: its 0-based number in it; cursor: where it goes on after this segment
    accepted, parked, duplicates  what this chunk adds to the job's counts
    """

    folder: str
    source: str
    files: tuple[StagedFile, ...]
    rows: int
    checked: int
    hot_seq: int
    job: str = ""
    chunk: int = 0
    cursor: str = ""
    accepted: int = 0
    parked: int = 0
    duplicates: int = 0
    done: bool = False


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a staged segment: its place in the order, or the reason to stage it again."""

    segment: int = 0
    first_seq: int = 0
    last_seq: int = 0
    conflict: bool = False  # others stored some of its ids meanwhile: compare again


class SqliteLog:
    """The log's one writer. Readers use `engines.lake.reader`, which sees hot, staged and sealed rows as one."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        for name in (RUNS, STAGED):
            (folder / name).mkdir(exist_ok=True)
        self._db = connect(folder, create=create)
        self._index = Index(self._db, folder)
        self._encode = msgspec.json.Encoder().encode

    def close(self) -> None:
        """Close the file; what was acknowledged is durable."""
        self._db.close()

    @property
    def last_seq(self) -> int:
        """Sequence number of the newest event."""
        with translated():
            (value,) = self._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        return int(value)

    def append(self, events: Sequence[Event]) -> Appended:
        """Store new events durably, in order; see the protocol `EventLog`."""
        fresh, last_seq = self.append_each(events)
        return Appended(stored=sum(fresh), duplicates=len(events) - sum(fresh), last_seq=last_seq)

    def append_each(self, events: Sequence[Event]) -> tuple[list[bool], int]:
        """Store new events durably, in order; return for each whether it was new, and the last sequence number.

        raises  DataError when an event cannot be written as JSON or its id is not 32 hex digits; Busy when the disk is
                full: nothing of the call is stored then
        """
        bodies = [self._body(event) for event in events]
        keys = [_key(event.id) for event in events]
        with transaction(self._db):
            seq = self.last_seq
            fresh = self._fresh(keys)
            rows, superseded, counts = [], [], dict[str, int]()
            for event, key, body, new in zip(events, keys, bodies, fresh, strict=True):
                if not new:
                    continue
                seq += 1
                rows.append((seq, key, event.kind, event.at_ms, body))
                counts[event.kind] = counts.get(event.kind, 0) + 1
                if "supersedes" in event.refs:
                    superseded.append((_key(event.refs["supersedes"]), seq))
            if rows:
                self._db.executemany("INSERT INTO events VALUES (?,?,?,?,?)", rows)
                self._db.executemany("INSERT OR IGNORE INTO superseded VALUES (?,?)", superseded)
                self._count(counts)
                self._db.execute("UPDATE meta SET value=? WHERE name='last_seq'", (seq,))
        return fresh, seq

    def commit(self, manifest: Manifest) -> Committed:
        """Make a staged segment part of the log, in one transaction; asked again, it gives the same answer.

        raises  DataError when its files are missing
        """
        with transaction(self._db):
            done = self._db.execute(
                "SELECT segment, first_seq, last_seq FROM segments WHERE origin='bulk' AND folder=?", (manifest.folder,)
            ).fetchone()
            if done is not None:  # the answer got lost on its way
                return Committed(segment=done[0], first_seq=done[1], last_seq=done[2])
            return self._commit(manifest)

    def progress(self, manifest: Manifest) -> None:
        """Record the progress of an import whose chunk held nothing new."""
        with transaction(self._db):
            self._note_import(manifest, stored=0)

    def job(self, job: str) -> dict[str, int]:
        """Return the recorded progress of an import job; zeros when it is new."""
        names = ("chunks", "accepted", "parked", "duplicates", "stored", "done")
        with translated():
            row = self._db.execute(f"SELECT {','.join(names)} FROM imports WHERE job=?", (job,)).fetchone()
        return dict(zip(names, row or (0,) * len(names), strict=True))

    def _body(self, event: Event) -> bytes:
        try:
            return self._encode(event)
        except (UnicodeError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise DataError(
                f"an event of kind {event.kind!r} cannot be stored: {type(error).__name__}", "Hand events in by intake"
            ) from error

    def _fresh(self, keys: list[bytes]) -> list[bool]:
        """Which events have new ids: not in the runs, not in the hot table, not twice in the call."""
        if not keys:
            return []
        known = self._index.ids().contains(np.frombuffer(b"".join(keys), ">u8").reshape(-1, 2).astype(np.uint64))
        old = self._hot_among(keys)
        fresh = []
        for key, sealed in zip(keys, known.tolist(), strict=True):
            fresh.append(not sealed and key not in old)
            old.add(key)  # the first of equals wins
        return fresh

    def _hot_among(self, keys: list[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(row[0] for row in self._db.execute(f"SELECT id FROM events WHERE id IN ({marks})", part))
        return found

    def _commit(self, manifest: Manifest) -> Committed:
        home = self.folder / STAGED / manifest.folder
        missing = [file.name for file in manifest.files if not (home / file.name).exists()]
        if missing:
            raise DataError(f"the staged segment lacks {missing[0]}", "Run the import again; it goes on where it was")
        if self._changed_since(manifest, home):
            return Committed(conflict=True)
        first = self.last_seq + 1
        last = first + manifest.rows - 1
        segment = self._db.execute(
            "INSERT INTO segments(origin, first_seq, last_seq, rows, state, folder, source, files, created_ms)"
            " VALUES ('bulk', ?, ?, ?, 'open', ?, ?, ?, ?)",
            (first, last, manifest.rows, manifest.folder, manifest.source,
             msgspec.json.encode(manifest.files).decode(), now_ms()),
        ).lastrowid  # fmt: skip
        for family in ("ids", "keys"):
            if (home / f"{family}.npy").exists():
                name = f"{family}-{segment:08d}.npy"
                link(home / f"{family}.npy", self.folder / RUNS / name)
                rows = len(Run.open(self.folder / RUNS / name))
                self._db.execute(
                    "INSERT INTO runs(family, path, rows, age) VALUES (?,?,?,?)", (family, name, rows, segment)
                )
        flush_folder(self.folder / RUNS)
        if (home / "supersedes.npy").exists():
            words = Run.open(home / "supersedes.npy").words  # (3, n): id high, id low, position of the newer event
            old = np.ascontiguousarray(words[:2].T).astype(">u8")
            self._db.executemany(
                "INSERT OR IGNORE INTO superseded VALUES (?,?)",
                [(old[i].tobytes(), first + int(words[2, i])) for i in range(len(old))],
            )
        counts: dict[str, int] = {}
        for file in manifest.files:
            counts[file.kind] = counts.get(file.kind, 0) + file.rows
        self._count(counts)
        self._note_import(manifest, stored=manifest.rows)
        self._db.execute("UPDATE meta SET value=? WHERE name='last_seq'", (last,))
        return Committed(segment=int(segment or 0), first_seq=first, last_seq=last)

    def _changed_since(self, manifest: Manifest, home: Path) -> bool:
        """Whether others stored some of its ids, or newer events of its natural keys, since it was compared."""
        ids = Run.open(home / "ids.npy")
        if any(run.shares(ids) for run in self._index.newer("ids", manifest.checked)):
            return True
        hot = self._index.hot_ids(manifest.hot_seq)
        if len(hot) and bool((ids.find(hot) >= 0).any()):
            return True
        newer = self._index.newer("keys", manifest.checked)
        if not newer or not (home / "keys.npy").exists():
            return False
        keys = Run.open(home / "keys.npy")
        return any(run.shares(keys) for run in newer)

    def _note_import(self, manifest: Manifest, stored: int) -> None:
        if not manifest.job:
            return
        row = self._db.execute("SELECT chunks, done FROM imports WHERE job=?", (manifest.job,)).fetchone()
        if row is not None and (manifest.done if row[1] else row[0] > manifest.chunk):
            return  # noted before, and the answer got lost on its way
        self._db.execute(
            "INSERT INTO imports VALUES (:job, :cursor, 1, :accepted, :parked, :duplicates, :stored, :done)"
            " ON CONFLICT(job) DO UPDATE SET cursor=:cursor, done=:done, chunks=chunks*(1-done)+1,"  # a run after a
            " accepted=accepted*(1-done)+:accepted, parked=parked*(1-done)+:parked,"  # finished one counts anew
            " duplicates=duplicates*(1-done)+:duplicates, stored=stored*(1-done)+:stored",
            {"job": manifest.job, "cursor": manifest.cursor, "accepted": manifest.accepted, "stored": stored,
             "parked": manifest.parked, "duplicates": manifest.duplicates, "done": int(manifest.done)},
        )  # fmt: skip

    def _count(self, counts: dict[str, int]) -> None:
        self._db.executemany(
            "INSERT INTO counts VALUES (?,?) ON CONFLICT(kind) DO UPDATE SET events=events+excluded.events",
            list(counts.items()),
        )

    @property
    def index(self) -> Index:
        """What the log holds, for comparing an import with it."""
        return self._index


def link(source: Path, target: Path) -> None:
    """Give a durable file a second name; copy it where the file system has no links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())


def now_ms() -> int:
    """Return the clock of this machine, milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def staged_files(text: str) -> list[StagedFile]:
    """Return the files of a segment from the log's column `files`."""
    return msgspec.json.decode(text, type=list[StagedFile])


def read_hot(db: sqlite3.Connection, first: int, last: int) -> Iterator[Event]:
    """Yield the hot events with first <= seq <= last, in order."""
    decode = msgspec.json.Decoder(Event).decode
    for seq, body in db.execute("SELECT seq, body FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last)):
        yield msgspec.structs.replace(decode(body), seq=seq)


def _key(event_id: str) -> bytes:
    try:
        key = id_bytes(event_id)
    except (ValueError, TypeError):
        key = b""
    if len(key) != 16:
        raise DataError(f"{event_id[:40]!r} is not the id of an event", "Give 32 hex digits; `event_id` makes them")
    return key
