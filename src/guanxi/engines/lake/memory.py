"""Memory: narrow columns of the kinds that metrics read, kept by a process that answers many questions."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import numpy as np
import polars as pl

from guanxi.engines.lake.lake import Stream, table_of
from guanxi.engines.lake.reader import Picture, Reader, patient, stretches
from guanxi.engines.log.hot import staged_files
from guanxi.engines.log.schema import snapshot, translated
from guanxi.events import REF, ROLE, Event, from_events

MOST_ROWS: Final = 20_000_000  # of all kinds together; what is beyond stays in the lake alone
CHUNK: Final = 1_000_000  # events of a kind that are read at once
PACK_AFTER: Final = 200_000  # rows that lie as they came before they are packed

_ACTOR: Final = f"{ROLE}actor"
_BASE: Final = ("seq", "at_ms", "platform")


@dataclass(frozen=True, slots=True)
class PlatformFreshness:
    """One platform: when its latest event happened, when its last was learnt, how many there were."""

    platform: str
    newest_at_ms: int
    learnt_ms: int
    events: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """What platforms had up to a sequence number, counted after so many erasures."""

    upto: int
    erasures: int
    platforms: Mapping[str, PlatformFreshness]


NOTHING_YET: Final = Fresh(0, 0, {})


class Memory:
    """What one process remembers of one workspace: a packed table a kind, in a DuckDB of its own.

    References of actors are numbers there, negative for masked ones; those of orders and the like are numbers too. Rows
    come by sequence number, so that sealing changes nothing; after an erasure all is forgotten and read anew.

    columns    kind -> columns that are kept beside seq, at_ms and platform
    most_rows  kinds with the fewest events come first, until so many rows are kept
    """

    def __init__(self, folder: Path, columns: Mapping[str, Collection[str]], *, most_rows: int = MOST_ROWS) -> None:
        self._folder, self._most = folder.absolute(), most_rows
        self._columns = {kind: (*_BASE, *sorted(set(names) - set(_BASE))) for kind, names in columns.items()}
        self._lock = threading.Lock()
        self._kept: _Kept | None = None
        #: What platforms had by then, beside the number of erasures before; kept here for all readers.
        self.fresh: Fresh = NOTHING_YET
        _MEMORIES[self._folder] = self

    def close(self) -> None:
        """Forget everything; questions go to the lake again."""
        if _MEMORIES.get(self._folder) is self:
            del _MEMORIES[self._folder]
        with self._lock:
            self._forget()

    def extend(self, reader: Reader) -> None:
        """Take in what the log holds by now; forget what an erasure has rewritten, and read it anew."""
        with self._lock:
            with snapshot(reader._db):
                done, counts = erasures(reader._db), dict(reader._db.execute("SELECT kind, events FROM counts"))
                if self._kept is not None and self._kept.erasures != done:
                    self._forget()
                fitting = self._fitting(counts)
                kept = self._kept or _Kept(reader, done, {kind: self._columns[kind] for kind in fitting})
                kept.drop(kept.columns.keys() - set(fitting))
                news = _read_news(reader, kept.upto, list(kept.columns))
            self._kept = kept
            if news is None:
                return
            try:
                kept.take(reader, news, counts)
            except duckdb.OutOfMemoryException:  # wider rows than others have: keep fewer, from the next time on
                self._most = sum(counts.get(kind, 0) for kind in kept.columns) // 2
                self._forget()

    def run(
        self, reader: Reader, sql: str, values: Mapping[str, Any], *, kinds: Collection[str], known: int | None,
        frames: Mapping[str, pl.DataFrame],
    ) -> pl.DataFrame | None:  # fmt: skip
        """Return what a query gives over one view per kind, references as numbers; None: the lake is to be asked.

        That is so before the first `extend`, after an erasure until the next one, and when the query names a kind or a
        column that is not kept.
        """
        with snapshot(reader._db):
            done = erasures(reader._db)
            (last,) = reader._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        known = last if known is None else min(known, last)
        kept = self._kept
        if kept is not None and kept.erasures == done and kept.upto < known:
            self.extend(reader)
            kept = self._kept
        if kept is None or kept.erasures != done or not kept.columns.keys() >= set(kinds):
            return None
        try:
            return kept.ask(sql, values, kinds=kinds, known=known, frames=frames)
        except duckdb.BinderException:  # it names a column that is not kept
            return None

    def _fitting(self, counts: Mapping[str, int]) -> list[str]:
        found, rows = [], 0
        for kind in sorted(self._columns, key=lambda kind: counts.get(kind, 0)):
            rows += counts.get(kind, 0)
            if rows <= self._most:
                found.append(kind)
        return found

    def _forget(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.connection.close()


def memory_of(reader: Reader) -> Memory | None:
    """Return what this process remembers of a reader's workspace; None when it remembers nothing."""
    return _MEMORIES.get(reader.folder.absolute())


def erased(reader: Reader) -> int:
    """Return how many erasures have rewritten what a reader reads."""
    with translated():
        return erasures(reader._db)


def erasures(db: sqlite3.Connection) -> int:
    """Return how many erasures have rewritten the log and the lake so far."""
    (count,) = db.execute("SELECT count(*) FROM meta WHERE name >= 'erasure:' AND name < 'erasure;'").fetchone()
    return int(count)


def covers(unsealed: Iterable[tuple[int, int]], after: int, last: int) -> bool:
    """Return whether everything in (after, last] lies outside the lake, in ranges that do not overlap."""
    return sum(max(0, min(high, last) - max(low, after + 1) + 1) for low, high in unsealed) >= last - after


@dataclass(frozen=True, slots=True)
class _News:
    """What the log holds beyond a sequence number.

    after, last  of the sequence numbers (after, last]
    sealed       some of it lies in the lake
    hot          kind -> hot rows as columns
    gone         ids that were replaced, and the sequence number of what replaced them
    """

    after: int
    last: int
    picture: Picture
    sealed: bool
    hot: Mapping[str, pl.DataFrame]
    gone: pl.DataFrame


class _Kept:
    """The tables between two erasures."""

    def __init__(self, reader: Reader, erasures: int, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.erasures, self.columns, self.upto = erasures, dict(columns), 0
        # No spilling: nothing of this may reach a disk, where an erasure would not find it.
        self.connection = duckdb.connect(
            config={"threads": 2, "memory_limit": "2GB", "temp_directory": "", "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False}
        )  # fmt: skip
        self.connection.execute("ATTACH ':memory:' AS kept (COMPRESS)")
        self._loose = 0
        self._tables = {kind: table_of(kind, reader.catalogue) for kind in self.columns}
        self._gone: set[str] = set()
        self.connection.execute("CREATE TABLE kept.gone (kind VARCHAR, seq BIGINT, by_seq BIGINT)")
        for kind, table in self._tables.items():
            types = reader._lake.columns(table)
            named = [f"{name} {_type(name, types[name])}" for name in self.columns[kind]]
            self.connection.execute(f"CREATE TABLE kept.{table} (id UBIGINT, {', '.join(named)})")

    def drop(self, kinds: Iterable[str]) -> None:
        """Leave kinds to the lake."""
        for kind in list(kinds):
            del self.columns[kind]
            self.connection.execute(f"DROP TABLE kept.{self._tables.pop(kind)}")

    def take(self, reader: Reader, news: _News, counts: Mapping[str, int]) -> None:
        """Add what is new, all of it or nothing."""
        connection = self.connection.cursor()
        try:
            connection.execute("BEGIN")
            rows, layout = 0, patient(reader._lake.layout) if news.sealed else {}
            for kind in self.columns:
                have = layout.get(self._tables[kind], [])
                for frame in self._frames(reader, kind, have, news, counts.get(kind, 0)):
                    rows += frame.height
                    connection.register("given", Stream(frame))
                    connection.execute(f"INSERT INTO kept.{self._tables[kind]} SELECT * FROM given")
            found = self._find_gone(connection, news.gone)
            connection.execute("COMMIT")
        finally:
            connection.close()
        self._gone |= found
        self.upto = news.last
        self._pack(rows)

    def ask(
        self, sql: str, values: Mapping[str, Any], *, kinds: Iterable[str], known: int,
        frames: Mapping[str, pl.DataFrame],
    ) -> pl.DataFrame:  # fmt: skip
        """Return what a query gives; see `Memory.run`."""
        connection = self.connection.cursor()
        try:
            for name, frame in frames.items():
                connection.register("given", Stream(frame))
                numbers = ", ".join(f"{_number(column)} AS {column}" for column in frame.columns)
                connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {numbers} FROM given")
            for kind in kinds:
                table, where = self._tables[kind], f"seq <= {known}"
                if kind in self._gone:
                    where += f" AND seq NOT IN (SELECT seq FROM kept.gone WHERE kind = '{kind}' AND by_seq <= {known})"
                columns = ", ".join(self.columns[kind])
                connection.execute(f"CREATE TEMP VIEW {table} AS SELECT {columns} FROM kept.{table} WHERE {where}")
            named = {name: value for name, value in values.items() if f"${name}" in sql}
            return pl.DataFrame(connection.sql(sql, params=named or None))
        finally:
            connection.close()

    def _frames(self, reader: Reader, kind: str, have: list[str], news: _News, events: int) -> Iterator[pl.DataFrame]:
        """What is new of one kind, narrow; many rows in several frames."""
        table = self._tables[kind]
        staged = any(file.kind == kind for one in news.picture.open for file in staged_files(one["files"]))
        narrow = ", ".join(["xor(id_hi, id_lo) AS id", *(f"{_narrow(name)} AS {name}" for name in self.columns[kind])])
        connection = reader._lake.connection.cursor()
        try:
            if have or staged:
                pieces = max(1, -(-events // CHUNK))
                bounds = [news.after + (news.last - news.after) * piece // pieces for piece in range(pieces + 1)]
                for low, high in pairwise(bounds):
                    where = [f"seq > {low}", f"seq <= {high}"]
                    _, select = reader._select(table, have, news.picture, where, connection)
                    yield patient(
                        lambda text=select: pl.DataFrame(connection.sql(f"SELECT {narrow} FROM ({text})"))  # type: ignore[misc]
                    )
            if kind in news.hot:
                connection.register("given", Stream(news.hot[kind]))
                yield pl.DataFrame(connection.sql(f"SELECT {narrow} FROM given"))
        finally:
            connection.close()

    def _find_gone(self, connection: duckdb.DuckDBPyConnection, gone: pl.DataFrame) -> set[str]:
        """Note the rows that were replaced; return the kinds that have some."""
        found: set[str] = set()
        if not gone.height:
            return found
        # A table, not the stream itself: DuckDB hands filters on a stream to pyarrow where that is installed.
        connection.register("given", Stream(gone))
        connection.execute("CREATE TEMP TABLE news AS SELECT * FROM given")
        for kind, table in self._tables.items():
            added = connection.execute(
                f"INSERT INTO kept.gone SELECT '{kind}', rows.seq, news.by_seq FROM news JOIN kept.{table} AS rows"
                " USING (id) WHERE rows.seq < news.by_seq"
            ).fetchone()
            if added and added[0]:
                found.add(kind)
        return found

    def _pack(self, rows: int) -> None:
        self._loose += rows
        if self._loose >= PACK_AFTER:
            try:
                self.connection.execute("CHECKPOINT kept")
            except duckdb.TransactionException:
                return  # somebody reads; the next time
            self._loose = 0


def _read_news(reader: Reader, after: int, kinds: Collection[str]) -> _News | None:
    """Return what the log holds after a sequence number; None when nothing. Within a snapshot."""
    last, segments, start, _ = reader.state(None)
    if last == after:
        return None
    segments = tuple(one for one in segments if int(one["last_seq"]) > after)
    seqs, fresh = [], list[Event]()
    decode, wanted = msgspec.json.Decoder(Event).decode, set(kinds)
    for seq, kind, body in reader._db.execute(
        "SELECT seq, kind, body FROM events WHERE seq > ? AND seq <= ? ORDER BY seq", (max(after, start), last)
    ):
        seqs.append(seq)
        if kind in wanted:
            fresh.append(msgspec.structs.replace(decode(body), seq=seq))
    unsealed = [(int(one["first_seq"]), int(one["last_seq"])) for one in segments] + stretches(seqs)
    gone = reader._db.execute("SELECT id, by_seq FROM superseded WHERE by_seq > ?", (after,)).fetchall()
    ids = np.frombuffer(b"".join(row[0] for row in gone), ">u8").reshape(-1, 2).astype(np.uint64)
    return _News(
        after=after, last=last, picture=Picture(last, segments, (), tuple(unsealed), np.zeros((0, 2), np.uint64)),
        sealed=not covers(unsealed, after, last),
        hot={batch.kind: batch.frame for batch in from_events(fresh, reader.catalogue, stored=True)},
        gone=pl.DataFrame({"id": ids[:, 0] ^ ids[:, 1], "by_seq": pl.Series([row[1] for row in gone], dtype=pl.Int64)}),
    )  # fmt: skip


def _type(name: str, sql: str) -> str:
    return "BIGINT" if name == _ACTOR else "UBIGINT" if name.startswith(REF) else sql


def _narrow(name: str) -> str:
    if name == _ACTOR:
        return _number(name)
    return f"CASE WHEN {name} IS NOT NULL THEN hash({name}) END" if name.startswith(REF) else name


def _number(ref: str) -> str:
    """SQL of a reference as a number of 63 bits: two of a million people meet once in 15 million runs."""
    number = f"(hash({ref}) >> 1)::BIGINT"
    masked = f"contains({ref}, '~masked:') AND regexp_matches({ref}, '^[^:]*:[^:]*~masked:')"
    return f"CASE WHEN {ref} IS NULL THEN NULL WHEN {masked} THEN -1 - {number} ELSE {number} END"


#: Folder -> what this process remembers of it.
_MEMORIES: Final[dict[Path, Memory]] = {}
