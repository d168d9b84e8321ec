"""Histories: events of many kinds as columns, in stretches of whole days by the trait clock, within bounded memory."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

import duckdb
import polars as pl

from guanxi.engines.lake.lake import Stream, table_of
from guanxi.engines.lake.reader import Reader, patient
from guanxi.events import CUSTOM, ROLE, EventBatch, from_events
from guanxi.traits import CLOCK

ROWS: Final = 400_000  # of a stretch, unless one day has more
_CHINA_MS: Final = 28_800_000
_DAY_MS: Final = 86_400_000
_ALWAYS: Final = ("seq", "at_ms", "received_ms", "live")


class History:
    """The events of some kinds as known at one moment; what a newer event superseded by then is left out.

    known  the last sequence number that is looked at
    """

    def __init__(
        self, reader: Reader, columns: Mapping[str, Collection[str]], *, known: int | None = None,
        refs: Mapping[str, Collection[str]] | None = None,
    ) -> None:  # fmt: skip
        """Take a picture of the log now.

        columns  kind -> columns that are read beside seq, at_ms, received_ms and live; CUSTOM for kinds without a table
        refs     role -> references: only events that name one of them in that role; None = all
        """
        picture = reader.picture(known=known)
        self.known = picture.known
        self._connection = reader._lake.connection.cursor()
        self._connection.execute("USE memory")
        if refs is not None:
            pairs = [(role, ref) for role, some in refs.items() for ref in some]
            asked = pl.DataFrame(pairs, {"role": pl.String, "ref": pl.String}, orient="row")
            _as_table(self._connection, "asked", asked)
        hot = {batch.kind: batch.frame for batch in from_events(picture.hot, reader.catalogue, stored=True)}
        wanted, self._selects = reader._wanted(None, picture), dict[str, str]()
        for kind, names in columns.items():
            table = CUSTOM if kind == CUSTOM else table_of(kind, reader.catalogue)
            have = reader._lake.columns(table)
            named = _named(have, refs)
            if table not in wanted or named is None:
                continue
            rows = ""
            if kind in hot:
                _as_table(self._connection, f"hot_{table}", hot[kind])
                rows = f"SELECT * FROM hot_{table}"
            _, sql = reader._select(
                table, wanted[table], replace(picture, hot=()), named, self._connection, hot_rows=rows
            )
            chosen = ", ".join(dict.fromkeys((*_ALWAYS, *(name for name in names if name in have))))
            self._selects[kind] = f"SELECT {chosen}, {CLOCK} AS clock_ms FROM ({sql})"

    def close(self) -> None:
        """Give back what was registered."""
        self._connection.close()

    def first_ms(self, until_ms: int) -> int | None:
        """Return the clock of the oldest event before an instant; None without one."""
        parts = [f"SELECT min(clock_ms) AS c FROM ({one}) WHERE clock_ms < {until_ms}" for one in self._each()]
        if not parts:
            return None
        sql = f"SELECT min(c) FROM ({' UNION ALL '.join(parts)})"
        found = patient(lambda: self._connection.execute(sql).fetchone())
        return None if found is None or found[0] is None else int(found[0])

    def stretches(self, since_ms: int | None, until_ms: int) -> Iterator[list[EventBatch]]:
        """Yield the events with a clock in [since, until): every stretch holds later days than the one before.

        since_ms  None = from the first event on
        returns   of each stretch, one batch a kind with the column clock_ms too, in no order
        """
        for begin, end in self._spans(since_ms, until_ms):
            batches = []
            for kind, select in self._selects.items():
                sql = f"SELECT * FROM ({select}) WHERE clock_ms >= {begin} AND clock_ms < {end}"
                frame = patient(lambda text=sql: pl.DataFrame(self._connection.sql(text)))  # type: ignore[misc]
                if frame.height:
                    batches.append(EventBatch(kind, frame))
            yield batches

    def count(self, since_ms: int | None, until_ms: int) -> int:
        """Return how many events there are in [since, until)."""
        return sum(rows for _, rows in self._days(since_ms, until_ms))

    def _each(self) -> list[str]:
        return [f"SELECT clock_ms FROM ({one})" for one in self._selects.values()]

    def _days(self, since_ms: int | None, until_ms: int) -> list[tuple[int, int]]:
        """(local day, events) of the days that have some."""
        if not self._selects:
            return []
        after = "" if since_ms is None else f"clock_ms >= {since_ms} AND "
        sql = (
            f"SELECT (clock_ms + {_CHINA_MS}) // {_DAY_MS} AS day, count(*) FROM ({' UNION ALL '.join(self._each())})"
            f" WHERE {after}clock_ms < {until_ms} GROUP BY day ORDER BY day"
        )
        return patient(lambda: self._connection.execute(sql).fetchall())

    def _spans(self, since_ms: int | None, until_ms: int) -> Iterator[tuple[int, int]]:
        """[begin, end) of stretches of whole days with at most ROWS events, or one day."""
        first, total = None, 0
        last = 0
        for day, rows in self._days(since_ms, until_ms):
            if first is not None and total + rows > ROWS:
                yield _within(first, last, since_ms, until_ms)
                first, total = None, 0
            first, last, total = day if first is None else first, day, total + rows
        if first is not None:
            yield _within(first, last, since_ms, until_ms)


def _within(first: int, last: int, since_ms: int | None, until_ms: int) -> tuple[int, int]:
    begin, end = first * _DAY_MS - _CHINA_MS, (last + 1) * _DAY_MS - _CHINA_MS
    return begin if since_ms is None else max(begin, since_ms), min(end, until_ms)


def _named(columns: Collection[str], refs: Mapping[str, Collection[str]] | None) -> list[str] | None:
    """The condition that an event names somebody asked for; None when no event of the table can."""
    if refs is None:
        return []
    roles = [role for role in refs if ROLE + role in columns]
    tests = [f"{ROLE}{role} IN (SELECT ref FROM asked WHERE role = '{role}')" for role in roles]
    return [f"({' OR '.join(tests)})"] if tests else None


def _as_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    # A table, not the stream itself: DuckDB hands filters on a stream to pyarrow where that is installed.
    connection.register("given", Stream(frame))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")
