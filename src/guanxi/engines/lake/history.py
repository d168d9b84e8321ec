"""Histories: events of many kinds as columns, in stretches of whole days by the trait clock, within bounded memory."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
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
        asked_for = [one for one in picture.hot if _home(one.kind, reader) in columns]
        hot = {batch.kind: batch.frame for batch in from_events(asked_for, reader.catalogue, stored=True)}
        self._counted: dict[tuple[int | None, int], list[tuple[int, str, int]]] = {}
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
        """Return the local midnight before the oldest event that has a clock before an instant; None without one."""
        days = self._days(None, until_ms)
        return _midnight(days[0][0]) if days else None

    def count(self, since_ms: int | None, until_ms: int) -> int:
        """Return how many events `stretches` yields."""
        return sum(count for _, _, count in self._days(since_ms, until_ms))

    def stretches(self, since_ms: int | None, until_ms: int) -> Iterator[list[EventBatch]]:
        """Yield the events with a clock in [since, until): every stretch holds later days than the one before.

        since_ms  None = from the first event on
        returns   of each stretch, one batch a kind with the column clock_ms too, in no order
        """
        for begin, end, kinds in self._spans(since_ms, until_ms):
            batches = []
            for kind in sorted(kinds):
                sql = f"SELECT * FROM ({self._selects[kind]}) WHERE clock_ms >= {begin} AND clock_ms < {end}"
                frame = patient(lambda text=sql: pl.DataFrame(self._connection.sql(text)))  # type: ignore[misc]
                if frame.height:
                    batches.append(EventBatch(kind, frame))
            yield batches

    def _days(self, since_ms: int | None, until_ms: int) -> list[tuple[int, str, int]]:
        """(local day, kind, events) of the days that have some, in order."""
        if (since_ms, until_ms) not in self._counted and self._selects:
            after = "" if since_ms is None else f"clock_ms >= {since_ms} AND "
            kinds = list(self._selects)
            each = " UNION ALL ".join(
                f"SELECT {place} AS kind, clock_ms FROM ({one})" for place, one in enumerate(self._selects.values())
            )
            sql = (
                f"SELECT (clock_ms + {_CHINA_MS}) // {_DAY_MS} AS day, kind, count(*) FROM ({each})"
                f" WHERE {after}clock_ms < {until_ms} GROUP BY day, kind ORDER BY day, kind"
            )
            found = patient(lambda: self._connection.execute(sql).fetchall())
            self._counted[since_ms, until_ms] = [(day, kinds[place], rows) for day, place, rows in found]
        return self._counted.get((since_ms, until_ms), [])

    def _spans(self, since_ms: int | None, until_ms: int) -> Iterator[tuple[int, int, set[str]]]:
        """[begin, end) and kinds of stretches of whole days with at most ROWS events, or one day."""
        held: list[tuple[int, str, int]] = []
        for _, day in groupby(self._days(since_ms, until_ms), key=itemgetter(0)):
            rows = list(day)
            if held and sum(one[2] for one in (*held, *rows)) > ROWS:
                yield _within(held, since_ms, until_ms)
                held = []
            held += rows
        if held:
            yield _within(held, since_ms, until_ms)


def _home(kind: str, reader: Reader) -> str:
    return CUSTOM if reader.catalogue.own_table(kind) is None else kind


def _midnight(day: int) -> int:
    return day * _DAY_MS - _CHINA_MS


def _within(
    days: list[tuple[int, str, int]], since_ms: int | None, until_ms: int
) -> tuple[int, int, set[str]]:  # fmt: skip
    begin, end = _midnight(days[0][0]), _midnight(days[-1][0] + 1)
    kinds = {kind for _, kind, _ in days}
    return begin if since_ms is None else max(begin, since_ms), min(end, until_ms), kinds


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
