"""Aggregates over the log: views of the needed kinds alone, hot rows kept as columns between two questions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary, proxy

import duckdb
import msgspec
import numpy as np
import polars as pl

from guanxi.engines.lake.lake import Stream, table_of
from guanxi.engines.lake.memory import NOTHING_YET, Fresh, PlatformFreshness, covers, erasures, memory_of
from guanxi.engines.lake.reader import Picture, Reader, patient, stretches
from guanxi.engines.log.hot import staged_files
from guanxi.engines.log.schema import snapshot
from guanxi.events import Event, from_events


def aggregate(
    reader: Reader, sql: str | Callable[[bool], str], values: Mapping[str, Any] | None = None, *, kinds: Iterable[str],
    known: int | None = None,
    frames: Mapping[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Return what our own SQL gives over one view per asked kind, named as its table; empty views included.

    sql      made by us, never by a user; named parameters such as $start_ms. Or what makes it, told whether references
             are numbers, those of masked actors negative: then this process may answer from its memory
    values   of the parameters; those that the query does not name are left out
    kinds    kinds of event; those without a table of their own share the view `custom`
    known    as known at this sequence number
    frames   small tables beside the views, by name
    """
    kinds, memory = tuple(kinds), memory_of(reader)
    if not isinstance(sql, str):
        found = None
        if memory is not None:
            found = memory.run(reader, sql(True), values or {}, kinds=kinds, known=known, frames=frames or {})
        if found is not None:
            return found
        sql = sql(False)
    return _of(reader).run(sql, values or {}, kinds=kinds, known=known, frames=frames or {})


def freshness(reader: Reader, *, known: int | None = None) -> tuple[PlatformFreshness, ...]:
    """Return what each platform has, superseded events included, by platform; as known at a sequence number."""
    return _of(reader).freshness(known=known)


class Aggregates:
    """Runs metric SQL for one reader; keeps hot columns and the counts of platforms between two questions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = proxy(reader)
        self._hot: dict[str, pl.DataFrame] = {}  # table -> hot rows that are decoded
        self._seen: dict[str, int] = {}  # kind -> last sequence number that was looked at
        self.fresh: Fresh = NOTHING_YET

    def run(
        self, sql: str, values: Mapping[str, Any], *, kinds: Iterable[str], known: int | None,
        frames: Mapping[str, pl.DataFrame],
    ) -> pl.DataFrame:  # fmt: skip
        """Return what the query gives; see `Reader.aggregate`."""
        reader = self._reader
        tables = sorted({table_of(kind, reader.catalogue) for kind in kinds})
        with snapshot(reader._db):
            picture, start = self._picture(known)
            self._refresh(tables, start)
        layout = patient(reader._lake.layout)
        connection = reader._lake.connection.cursor()
        try:
            connection.execute("USE memory")
            for name, frame in frames.items():
                _as_table(connection, name, frame)
            for table in tables:
                hot = self._hot_rows(connection, table, picture.known)
                _, select = reader._select(table, layout.get(table, []), picture, [], connection, hot_rows=hot)
                connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {select}")
            named = {name: value for name, value in values.items() if f"${name}" in sql}
            return patient(lambda: pl.DataFrame(connection.sql(sql, params=named or None)))
        finally:
            connection.close()

    def freshness(self, *, known: int | None = None) -> tuple[PlatformFreshness, ...]:
        """Return what each platform has, superseded events included, by platform.

        The log only grows, so what was counted up to one sequence number is added to; an earlier `known` counts anew.
        """
        holder = memory_of(self._reader) or self
        with snapshot(self._reader._db):
            held, done = holder.fresh, erasures(self._reader._db)
            last = self._reader.last_seq() if known is None else known
            if held.erasures != done or last < held.upto:
                held = Fresh(0, done, {})
            picture, start = self._picture(known, after=held.upto)
            hot = self._hot_times(max(held.upto, start), picture.known)
        found = self._count(held.upto, replace(picture, superseded=np.zeros((0, 2), np.uint64)), hot, held.platforms)
        if picture.known >= holder.fresh.upto or holder.fresh.erasures != done:
            holder.fresh = Fresh(picture.known, done, found)
        return tuple(found[name] for name in sorted(found))

    def _count(
        self, after: int, picture: Picture, hot: list[PlatformFreshness], held: Mapping[str, PlatformFreshness]
    ) -> dict[str, PlatformFreshness]:
        found = dict(held)
        if after < picture.known:
            for one in [*hot, *self._stored(after, picture)]:
                old = found.get(one.platform, one)
                events = one.events + (old.events if one.platform in found else 0)
                found[one.platform] = PlatformFreshness(
                    one.platform, max(one.newest_at_ms, old.newest_at_ms), max(one.learnt_ms, old.learnt_ms), events
                )
        return found

    def _stored(self, after: int, picture: Picture) -> Iterator[PlatformFreshness]:
        """What staged and sealed rows after a sequence number hold of each platform."""
        reader = self._reader
        layout = {} if covers(picture.unsealed, after, picture.known) else patient(reader._lake.layout)
        staged = {table_of(file.kind, reader.catalogue) for one in picture.open for file in staged_files(one["files"])}
        connection = reader._lake.connection.cursor()
        parts = []
        for table in sorted({*layout, *staged}):
            _, select = reader._select(table, layout.get(table, []), picture, [f"seq > {after}"], connection)
            parts.append(
                "SELECT platform, max(at_ms), max(received_ms), count(*)"
                f" FROM ({select}) WHERE platform IS NOT NULL GROUP BY platform"
            )
        if parts:
            for row in patient(lambda: connection.execute(" UNION ALL ".join(parts)).fetchall()):
                yield PlatformFreshness(*row)

    def _picture(self, known: int | None, *, after: int = 0) -> tuple[Picture, int]:
        """Return the state of the log without its hot events, and where these begin. Within a snapshot.

        after  what lies up to here will not be looked at
        """
        log = self._reader._db
        known, segments, start, replaced = self._reader.state(known)
        segments = tuple(one for one in segments if int(one["last_seq"]) > after)
        seqs = log.execute(
            "SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq", (max(start, after), known)
        ).fetchall()
        unsealed = [(int(one["first_seq"]), int(one["last_seq"])) for one in segments]
        unsealed += stretches([seq for (seq,) in seqs])
        return Picture(known, segments, (), tuple(unsealed), replaced), start

    def _refresh(self, tables: Iterable[str], start: int) -> None:
        """Decode the hot rows of the tables that are new, forget those that are sealed. Within a snapshot."""
        log, catalogue = self._reader._db, self._reader.catalogue
        for table in list(self._hot):
            self._hot[table] = self._hot[table].filter(pl.col("seq") > start)
        decode = msgspec.json.Decoder(Event).decode
        kinds = [kind for (kind,) in log.execute("SELECT kind FROM counts")]
        wanted = [kind for kind in kinds if table_of(kind, catalogue) in tables]
        (last,) = log.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        fresh: list[Event] = []
        for after, some in _by_place(wanted, self._seen, start).items():
            rows = log.execute(
                f"SELECT seq, body FROM events WHERE seq > ? AND kind IN ({','.join('?' * len(some))}) ORDER BY seq",
                (after, *some),
            )
            fresh += [msgspec.structs.replace(decode(body), seq=seq) for seq, body in rows]
        self._seen.update(dict.fromkeys(wanted, last))
        for batch in from_events(fresh, catalogue, stored=True):
            table = table_of(batch.kind, catalogue)
            held = self._hot.get(table)
            self._hot[table] = batch.frame if held is None else pl.concat([held, batch.frame])

    def _hot_rows(self, connection: duckdb.DuckDBPyConnection, table: str, known: int) -> str:
        frame = self._hot.get(table)
        if frame is None or not frame.height:
            return ""
        _as_table(connection, f"hot_{table}", frame)
        return f"SELECT * FROM hot_{table} WHERE seq <= {known}"

    def _hot_times(self, after: int, upto: int) -> list[PlatformFreshness]:
        decode = msgspec.json.Decoder(_Brief).decode
        found: dict[str, list[int]] = {}
        for (body,) in self._reader._db.execute("SELECT body FROM events WHERE seq > ? AND seq <= ?", (after, upto)):
            one = decode(body)
            if one.platform:
                held = found.setdefault(one.platform, [one.at_ms, one.received_ms, 0])
                held[:] = [max(held[0], one.at_ms), max(held[1], one.received_ms), held[2] + 1]
        return [PlatformFreshness(platform, *held) for platform, held in found.items()]


class _Brief(msgspec.Struct):
    at_ms: int
    received_ms: int = 0
    platform: str = ""


def _by_place(kinds: Iterable[str], seen: Mapping[str, int], start: int) -> dict[int, list[str]]:
    """Return kinds by the sequence number after which they were not looked at."""
    found: dict[int, list[str]] = {}
    for kind in kinds:
        found.setdefault(max(seen.get(kind, 0), start), []).append(kind)
    return found


def _of(reader: Reader) -> Aggregates:
    if reader not in _KEPT:
        _KEPT[reader] = Aggregates(reader)
    return _KEPT[reader]


def _as_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    # A table, not the stream itself: DuckDB hands filters on a stream to pyarrow where that is installed.
    connection.register("given", Stream(frame))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")


_KEPT: Final["WeakKeyDictionary[Reader, Aggregates]"] = WeakKeyDictionary()
