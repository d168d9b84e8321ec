"""Reading the log: hot, staged and sealed rows as one, as known at a moment."""

import heapq
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import numpy as np
import polars as pl

from guanxi.core import Busy, DataError, NotFound
from guanxi.engines.lake.lake import Lake, Stream, lake_error, table_of
from guanxi.engines.lake.query import check_query, custom_views
from guanxi.engines.lake.sealer import staged_select
from guanxi.engines.log.hot import STAGED, read_hot, staged_files
from guanxi.engines.log.schema import connect, snapshot, translated
from guanxi.events import CUSTOM, ROLE, Catalogue, Event, event_reader, from_events, id_bytes, id_pair

BATCH: Final = 10_000  # rows fetched at once while events are streamed
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Picture:
    """What the log was at one instant; every part of one read uses the same.

    known       the last sequence number that the read may see
    open        imported segments that are not in the lake yet, as rows of the table `segments`
    hot         events that are not in the lake yet, of the kind that was asked for
    unsealed    (first, last) ranges of both: what the lake may hold of them by now is not looked at
    superseded  (n, 2) ids that a newer event replaced, as known then
    """

    known: int
    open: tuple[Mapping[str, Any], ...]
    hot: tuple[Event, ...]
    unsealed: tuple[tuple[int, int], ...]
    superseded: np.ndarray


class Reader:
    """Reads one workspace; safe beside the gate, the keeper and imports. Implements `EventLog.read`."""

    def __init__(self, folder: Path, catalogue: Catalogue, *, threads: int = 2) -> None:
        self.folder, self.catalogue = folder, catalogue
        self._db = connect(folder, read_only=True)
        try:
            self._lake = patient(lambda: Lake(folder, catalogue, read_only=True, threads=threads))
        except BaseException:
            self._db.close()
            raise
        self._tables = catalogue.tables

    def close(self) -> None:
        """Close both stores."""
        self._db.close()
        self._lake.close()

    def picture(self, *, known: int | None = None, kind: str | None = None) -> Picture:
        """Return the state of the log now, or as it was known at an earlier sequence number."""
        with snapshot(self._db):
            known, segments, upto, replaced = self.state(known)
            hot = list(read_hot(self._db, upto + 1, known))
        unsealed = [(int(one["first_seq"]), int(one["last_seq"])) for one in segments]
        unsealed += stretches([event.seq for event in hot])
        wanted = tuple(event for event in hot if kind in (None, event.kind))
        return Picture(known, segments, wanted, tuple(unsealed), replaced)

    def state(self, known: int | None) -> tuple[int, tuple[Mapping[str, Any], ...], int, np.ndarray]:
        """Return what a picture is made of: `known`, open segments, where hot rows begin, superseded ids.

        The caller holds a snapshot of the log.
        """
        (last,) = self._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
        known = last if known is None else min(known, last)
        cursor = self._db.execute(
            "SELECT * FROM segments WHERE state='open' AND origin='bulk' AND first_seq <= ? ORDER BY first_seq",
            (known,),
        )
        names = [column[0] for column in cursor.description]
        segments = tuple(dict(zip(names, row, strict=True)) for row in cursor)
        (upto,) = self._db.execute(
            "SELECT coalesce(max(last_seq), 0) FROM segments WHERE origin='hot' AND state != 'open'"
        ).fetchone()
        gone = self._db.execute("SELECT id FROM superseded WHERE by_seq <= ?", (known,)).fetchall()
        replaced = np.frombuffer(b"".join(row[0] for row in gone), ">u8").reshape(-1, 2).astype(np.uint64)
        return known, segments, upto, replaced

    def read(
        self,
        *,
        until_ms: int | None = None,
        known: int | None = None,
        kind: str | None = None,
        party: str | None = None,
    ) -> Iterator[Event]:
        """Return the events in order; see the protocol `EventLog`. The picture is taken now, not at the first event."""
        where, values = self._where(until_ms=until_ms, party=party)
        picture = self.picture(known=known, kind=kind)
        streams = [
            self._stream(table, have, picture, where, values, kind, order="seq", limit=None)
            for table, have in self._wanted(kind, picture).items()
        ]
        return heapq.merge(*streams, key=lambda event: event.seq)

    def newest(
        self, limit: int, *, until_ms: int | None = None, known: int | None = None, kind: str | None = None,
        party: str | None = None, after_seq: int = 0, before_seq: int | None = None, oldest: bool = False,
    ) -> list[Event]:  # fmt: skip
        """Return at most `limit` events, newest first (or oldest first), of a range of sequence numbers."""
        where, values = self._where(until_ms=until_ms, party=party, after_seq=after_seq, before_seq=before_seq)
        picture = self.picture(known=known, kind=kind)
        found: list[Event] = []
        for table, have in self._wanted(kind, picture).items():
            order = "seq" if oldest else "seq DESC"
            found.extend(self._stream(table, have, picture, where, values, kind, order=order, limit=limit))
        found.sort(key=lambda event: event.seq, reverse=not oldest)
        return found[:limit]

    def find(self, reference: str) -> Event:
        """Return the event with an id (32 hex digits) or a sequence number, superseded or not.

        raises  NotFound when there is none
        """
        picture = replace(self.picture(), superseded=np.zeros((0, 2), np.uint64))
        if reference.isdigit() and len(reference) < 20:
            where, values = ["seq = ?"], [int(reference)]
        elif re.fullmatch(r"[0-9a-f]{32}", reference):
            where, values = ["id_hi = ?", "id_lo = ?"], list(id_pair(reference))
        else:
            raise NotFound(f"{reference[:40]!r} names no event", "Give an id of 32 hex digits or a sequence number")
        for table, have in self._wanted(None, picture).items():
            for event in self._stream(table, have, picture, where, values, None, order="seq", limit=1):
                return event
        raise NotFound(f"there is no event {reference}", "See `guanxi events tail`")

    def replaced_by(self, event: Event) -> str:
        """Return the id of the newer event that superseded this one, "" when it stands."""
        with translated():
            row = self._db.execute("SELECT by_seq FROM superseded WHERE id=?", (id_bytes(event.id),)).fetchone()
        return self.find(str(row[0])).id if row else ""

    def frame(self, kind: str, *, until_ms: int | None = None, known: int | None = None) -> pl.DataFrame:
        """Return all events of one kind as columns, in order: the lake's columns of that kind."""
        where, values = self._where(until_ms=until_ms)
        picture = self.picture(known=known, kind=kind)
        table = table_of(kind, self.catalogue)
        if table == CUSTOM:
            where, values = [*where, "kind = ?"], [*values, kind]
        connection, sql = self._select(table, patient(self._lake.layout).get(table, []), picture, where)
        return patient(lambda: pl.DataFrame(connection.sql(f"{sql} ORDER BY seq", params=values)))

    def sql(
        self, query: str, *, known: int | None = None, frames: Mapping[str, pl.DataFrame] | None = None
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run a read-only query over one view per kind, named as its table; return column names and rows.

        frames  small frames that the query may name beside the tables
        raises  DataError with what DuckDB says of the query
        """
        picture = self.picture(known=known)
        connection = self._lake.connection.cursor()
        check_query(connection, query)
        connection.execute("USE memory")
        for name, frame in (frames or {}).items():
            connection.register("given", Stream(frame))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
        named = {word: list[str]() for word in re.findall(r"[a-z][a-z0-9_]*", query.lower()) if word in self._tables}
        for table, have in (named | self._wanted(None, picture)).items():  # a kind that never occurred: an empty view
            _, select = self._select(table, have, picture, [], connection)
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {select}")
            if table == CUSTOM:
                for view, text in custom_views(self.catalogue, self._lake.columns(CUSTOM)):
                    connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {text}")
        try:
            result = connection.execute(query)
            return [column[0] for column in result.description or ()], result.fetchall()
        except duckdb.Error as error:
            tables = ", ".join(self._wanted(None, picture)) or "none yet"
            said = str(error).splitlines()[0][:300]
            raise DataError(f"the query cannot be run: {said}", f"Tables with events: {tables}") from error

    def counts(self) -> dict[str, int]:
        """Return kind -> events ever stored, superseded ones included."""
        with translated():
            return dict(self._db.execute("SELECT kind, events FROM counts ORDER BY kind").fetchall())

    def last_seq(self) -> int:
        """Return the last sequence number; 0 of an empty log."""
        with translated():
            return int(self._db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()[0])

    def sizes(self) -> dict[str, int]:
        """Return how many events are hot, staged and sealed, and the last sequence number."""
        db = self._db
        with snapshot(db):
            (last,) = db.execute("SELECT value FROM meta WHERE name='last_seq'").fetchone()
            (upto,) = db.execute(
                "SELECT coalesce(max(last_seq), 0) FROM segments WHERE origin='hot' AND state != 'open'"
            ).fetchone()
            (hot,) = db.execute("SELECT count(*) FROM events WHERE seq > ?", (upto,)).fetchone()
            (staged,) = db.execute(
                "SELECT coalesce(sum(rows), 0) FROM segments WHERE origin='bulk' AND state='open'"
            ).fetchone()
            (every,) = db.execute("SELECT coalesce(sum(events), 0) FROM counts").fetchone()
        return {"last_seq": last, "hot": hot, "staged": staged, "sealed": every - hot - staged}

    def parties(self) -> int:
        """Return how many distinct party references the log names."""
        picture = self.picture()
        connection = self._lake.connection.cursor()
        selects = []
        for table, have in self._wanted(None, picture).items():
            _, sql = self._select(table, have, picture, [], connection)
            roles = [name for name in self._lake.columns(table) if name.startswith(ROLE)]
            selects += [f"SELECT DISTINCT {name} AS ref FROM ({sql}) WHERE {name} IS NOT NULL" for name in roles]
        if not selects:
            return 0
        text = f"SELECT count(DISTINCT ref) FROM ({' UNION ALL '.join(selects)})"
        return int(patient(lambda: connection.execute(text).fetchone() or (0,))[0])

    def newest_times(self) -> tuple[int | None, int | None]:
        """Return when the latest event happened and when the last one was learnt, milliseconds UTC; None: no event."""
        picture = self.picture()
        connection = self._lake.connection.cursor()
        selects = []
        for table, have in self._wanted(None, picture).items():
            _, sql = self._select(table, have, picture, [], connection)
            selects.append(f"SELECT max(at_ms) AS at_ms, max(received_ms) AS received_ms FROM ({sql})")
        if not selects:
            return None, None
        text = f"SELECT max(at_ms), max(received_ms) FROM ({' UNION ALL '.join(selects)})"
        return patient(lambda: connection.execute(text).fetchone() or (None, None))

    def _wanted(self, kind: str | None, picture: Picture) -> dict[str, list[str]]:
        """Return table -> columns that the lake has of it, of the tables in which a picture may hold events."""
        layout = patient(self._lake.layout)
        tables = list(layout)
        for segment in picture.open:
            tables += [table_of(file.kind, self.catalogue) for file in staged_files(segment["files"])]
        tables += [table_of(event.kind, self.catalogue) for event in picture.hot]
        known = [table for table in dict.fromkeys(tables) if table in self._tables or table == CUSTOM]
        only = None if kind is None else table_of(kind, self.catalogue)
        return {table: layout.get(table, []) for table in known if only in (None, table)}

    def _where(
        self, *, until_ms: int | None, party: str | None = None, after_seq: int = 0, before_seq: int | None = None
    ) -> tuple[list[str], list[Any]]:
        where, values = [], []
        for condition, value in (
            ("at_ms < ?", until_ms), ("seq > ?", after_seq or None), ("seq < ?", before_seq), ("@party", party),
        ):  # fmt: skip
            if value is not None:
                where.append(condition)
                values.append(value)
        return where, values

    def _stream(
        self, table: str, have: list[str], picture: Picture, where: list[str], values: list[Any], kind: str | None, *,
        order: str, limit: int | None,
    ) -> Iterator[Event]:  # fmt: skip
        if table == CUSTOM and kind is not None:
            where, values = [*where, "kind = ?"], [*values, kind]
        if "@party" in where:
            roles = [name for name in self._lake.columns(table) if name.startswith(ROLE)]
            roles = roles or ["NULL"]
            # Roles that the kind does not declare lie in `extra`.
            anywhere = (
                f"(? IN ({', '.join(roles)}) OR (extra IS NOT NULL AND"
                " list_contains(json_extract_string(extra, '$.roles.*'), ?)))"
            )
            place = where.index("@party")
            where = [anywhere if one == "@party" else one for one in where]
            values = [*values[: place + 1], values[place], *values[place + 1 :]]
        connection, sql = self._select(table, have, picture, where)
        text = f"{sql} ORDER BY {order}" + (f" LIMIT {limit}" if limit is not None else "")
        result = patient(lambda: connection.execute(text, values))
        names = [column[0] for column in result.description or ()]
        name = self._tables.get(table, "")
        read = event_reader(self.catalogue.find(name), names, name)
        while rows := result.fetchmany(BATCH):
            yield from map(read, rows)

    def _select(
        self,
        table: str,
        have: list[str],
        picture: Picture,
        where: list[str],
        connection: duckdb.DuckDBPyConnection | None = None,
        hot_rows: str = "",
    ) -> tuple[duckdb.DuckDBPyConnection, str]:
        """Return a connection and the SELECT of one table's rows in a picture: lake, staged and hot together.

        hot_rows  a SELECT of hot rows that stand as columns already, beside those of the picture
        """
        connection = connection or self._lake.connection.cursor()
        wanted = self._lake.columns(table)
        parts = []
        if have:
            names = ", ".join(name if name in have else f"NULL::{sql} AS {name}" for name, sql in wanted.items())
            outside = [f"seq NOT BETWEEN {first} AND {last}" for first, last in picture.unsealed]
            parts.append(
                f"SELECT {names} FROM lake.{table} WHERE " + " AND ".join([f"seq <= {picture.known}", *outside])
            )
        columns = ", ".join(wanted)
        for segment in picture.open:
            home = self.folder / STAGED / segment["folder"]
            for file in staged_files(segment["files"]):
                if table_of(file.kind, self.catalogue) == table:
                    rows = staged_select(home / file.name, dict(segment))
                    parts.append(f"SELECT {columns} FROM ({rows}) WHERE seq <= {picture.known}")
        hot = [event for event in picture.hot if table_of(event.kind, self.catalogue) == table]
        for batch in from_events(hot, self.catalogue, stored=True):
            name = f"hot_{table}"
            connection.register(name, Stream(batch.frame))
            parts.append(f"SELECT {columns} FROM {name}")
        if hot_rows:
            parts.append(f"SELECT {columns} FROM ({hot_rows})")
        union = (
            " UNION ALL ".join(parts)
            or f"SELECT {', '.join(f'NULL::{sql} AS {name}' for name, sql in wanted.items())} LIMIT 0"
        )
        text = f"SELECT {columns} FROM ({union}) AS rows"
        if len(picture.superseded):
            frame = pl.DataFrame({"old_hi": picture.superseded[:, 0], "old_lo": picture.superseded[:, 1]})
            connection.register("superseded_ids", Stream(frame))
            text += " ANTI JOIN superseded_ids ON id_hi = old_hi AND id_lo = old_lo"
        return connection, text + (f" WHERE {' AND '.join(where)}" if where else "")


def patient(call: Callable[[], T], tries: int = 8) -> T:
    """Call again, a little later each time, while another process holds the lake's catalog."""
    for attempt in range(tries):
        try:
            return call()
        except Busy:
            if attempt == tries - 1:
                raise
        except duckdb.Error as error:
            mended = lake_error(error)
            if attempt == tries - 1 or not isinstance(mended, Busy):
                raise mended from error
        time.sleep(0.02 * 2**attempt)
    raise AssertionError("unreachable")


def stretches(numbers: list[int]) -> list[tuple[int, int]]:
    """Return the (first, last) of every stretch without a gap, of ascending numbers."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
