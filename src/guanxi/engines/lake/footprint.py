"""Footprints: the rows of one person over all tables, narrow enough to be read while somebody waits."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl

from guanxi.engines.lake.reader import Picture, Reader, patient
from guanxi.events import CUSTOM, PROPERTY, ROLE, Event, event_reader

#: Roles in which a person takes part in an event.
WHO: Final = ("actor", "object", "payer", "recipient")
_MINE: Final = "mine"  # whether the person is the actor
_BASE: Final = ("seq", "at_ms", "received_ms", "id_hi", "id_lo", "platform", "amount", "currency", "consent")


def footprint(
    reader: Reader, refs: Sequence[str], *, until_ms: int | None = None, known: int | None = None,
    kinds: Collection[str] | None = None, roles: Sequence[str] = (), properties: Sequence[str] = (),
    before: tuple[int, int] | None = None, limit: int | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Return a person's events as narrow rows, the newest (by time, then by place in the log) first.

    refs        every reference of the person
    until_ms    only what happened before this instant
    known       as known at this sequence number
    kinds       only these; None = all
    roles       roles to give as columns role_<role>; null where a kind has none
    properties  properties to give as columns p_<property>, as text; null where a kind declares none
    before      (at_ms, seq): only what comes after it in this order, for paging
    returns     kind, seq, at_ms, received_ms, id_hi, id_lo, platform, amount, currency, consent, ref_order, mine
                (the person is the actor), role_…, p_…
    """
    picture = reader.picture(known=known)
    connection = reader._lake.connection.cursor()
    values: dict[str, Any] = {f"who{place}": ref for place, ref in enumerate(dict.fromkeys(refs))}
    named = ", ".join(f"${name}" for name in values)
    where = [_after(before, values)] if before else []
    if until_ms is not None:
        where.append("at_ms < $until")
        values["until"] = until_ms
    parts = [
        _select(reader, table, have, picture, connection, named, where, roles, properties)
        for table, have in _tables(reader, picture, kinds)
    ]
    text = " UNION ALL ".join(part for part in parts if part)
    if not text:
        return _empty(roles, properties)
    if kinds is not None:
        values["kinds"] = list(kinds)
        text = f"SELECT * FROM ({text}) WHERE kind IN (SELECT unnest($kinds))"
    text = f"SELECT * FROM ({text}) ORDER BY at_ms DESC, seq DESC" + (f" LIMIT {limit}" if limit is not None else "")
    return patient(lambda: pl.DataFrame(connection.sql(text, params=values)))


def events_at(reader: Reader, places: Sequence[tuple[str, int]], *, known: int | None = None) -> dict[int, Event]:
    """Return seq -> event of (kind, seq) places; one query a kind."""
    picture = reader.picture(known=known)
    wanted: dict[str, list[int]] = {}
    for kind, seq in places:
        wanted.setdefault(kind, []).append(seq)
    found: dict[int, Event] = {}
    for kind, seqs in wanted.items():
        for table, have in reader._wanted(kind, picture).items():
            connection, sql = reader._select(table, have, picture, [f"seq IN ({', '.join(map(str, seqs))})"])
            result = patient(lambda c=connection, s=sql: c.execute(s))  # type: ignore[misc]
            names = [column[0] for column in result.description or ()]
            read = event_reader(reader.catalogue.find(kind), names, kind)
            found |= {event.seq: event for event in map(read, result.fetchall())}
    return found


def known_at(reader: Reader, asof_ms: int) -> int:
    """Return the last sequence number that had been learnt by an instant; 0 when nothing had."""
    picture = reader.picture()
    connection = reader._lake.connection.cursor()
    parts = []
    for table, have in reader._wanted(None, picture).items():
        _, sql = reader._select(table, have, picture, [f"received_ms <= {int(asof_ms)}"], connection)
        parts.append(f"SELECT max(seq) AS seq FROM ({sql})")
    if not parts:
        return 0
    text = f"SELECT coalesce(max(seq), 0) FROM ({' UNION ALL '.join(parts)})"
    return int(patient(lambda: connection.execute(text).fetchone() or (0,))[0])


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """When events happened: the first and the last, None without events; platforms and sources, most events first."""

    first_ms: int | None
    last_ms: int | None
    platforms: tuple[str, ...]
    sources: tuple[str, ...]


def time_span(reader: Reader, kind: str | None = None) -> TimeSpan:
    """Return when the events of a kind, or all, happened, where, and by which source they came."""
    picture = reader.picture(kind=kind)
    connection = reader._lake.connection.cursor()
    parts = []
    for table, have in reader._wanted(kind, picture).items():
        where = ["kind = $kind"] if table == CUSTOM and kind is not None else []
        _, sql = reader._select(table, have, picture, where, connection)
        parts.append(
            "SELECT platform, source, min(at_ms) AS first, max(at_ms) AS last, count(*) AS n"
            f" FROM ({sql}) GROUP BY platform, source"
        )
    if not parts:
        return TimeSpan(None, None, (), ())
    text = " UNION ALL ".join(parts)
    values = {"kind": kind} if "$kind" in text else None
    rows = patient(lambda: connection.execute(text, values).fetchall())
    if not rows:
        return TimeSpan(None, None, (), ())
    return TimeSpan(
        min(row[2] for row in rows), max(row[3] for row in rows), _by_count((row[0], row[4]) for row in rows),
        _by_count((row[1], row[4]) for row in rows),
    )  # fmt: skip


def kind_spans(reader: Reader) -> dict[str, tuple[int, int]]:
    """Return kind -> when its first and its last event happened, for the kinds that occurred."""
    picture = reader.picture()
    connection = reader._lake.connection.cursor()
    parts = []
    for table, have in reader._wanted(None, picture).items():
        _, sql = reader._select(table, have, picture, [], connection)
        name = "kind" if table == CUSTOM else _literal(reader.catalogue.tables[table])
        parts.append(f"SELECT {name} AS kind, min(at_ms) AS first, max(at_ms) AS last FROM ({sql}) GROUP BY 1")
    if not parts:
        return {}
    rows = patient(lambda: connection.execute(" UNION ALL ".join(parts)).fetchall())
    return {kind: (first, last) for kind, first, last in rows}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _by_count(rows: Iterable[tuple[str | None, int]]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for name, count in rows:
        if name:
            counts[name] += count
    return tuple(name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _tables(reader: Reader, picture: Picture, kinds: Collection[str] | None) -> Iterator[tuple[str, list[str]]]:
    if kinds is None:
        yield from reader._wanted(None, picture).items()
        return
    found: dict[str, list[str]] = {}
    for kind in kinds:
        found |= reader._wanted(kind, picture)
    yield from found.items()


def _select(
    reader: Reader, table: str, have: list[str], picture: Picture, connection: duckdb.DuckDBPyConnection, named: str,
    where: list[str], roles: Sequence[str], properties: Sequence[str],
) -> str:  # fmt: skip
    """Return the SELECT of one table; "" when no person can stand in its rows."""
    columns = reader._lake.columns(table)
    stands = [f"{ROLE}{role} IN ({named})" for role in WHO if ROLE + role in columns]
    if not stands:
        return ""
    _, sql = reader._select(table, have, picture, [f"({' OR '.join(stands)})", *where], connection)
    kind = "kind" if table == CUSTOM else f"{_literal(reader.catalogue.tables[table])} AS kind"
    mine = f"coalesce({ROLE}actor IN ({named}), false)" if f"{ROLE}actor" in columns else "false"
    order = "ref_order" if "ref_order" in columns else "NULL::VARCHAR AS ref_order"
    more = [name if name in columns else f"NULL::VARCHAR AS {name}" for name in map(ROLE.__add__, roles)]
    more += [
        f"{name}::VARCHAR AS {name}" if name in columns else f"NULL::VARCHAR AS {name}"
        for name in map(PROPERTY.__add__, properties)
    ]
    return f"SELECT {', '.join([kind, *_BASE, order, f'{mine} AS {_MINE}', *more])} FROM ({sql})"


def _after(before: tuple[int, int], values: dict[str, Any]) -> str:
    values["at"], values["seq"] = before
    return "(at_ms < $at OR (at_ms = $at AND seq < $seq))"


def _empty(roles: Sequence[str], properties: Sequence[str]) -> pl.DataFrame:
    numbers = dict.fromkeys(("seq", "at_ms", "received_ms"), pl.Int64()) | dict.fromkeys(
        ("id_hi", "id_lo"), pl.UInt64()
    )
    texts: dict[str, pl.DataType] = dict.fromkeys(("platform", "currency"), pl.String())
    schema: dict[str, pl.DataType] = {"kind": pl.String()} | numbers | texts
    schema |= {"amount": pl.Int64(), "consent": pl.Int64(), "ref_order": pl.String(), _MINE: pl.Boolean()}
    schema |= dict.fromkeys([*map(ROLE.__add__, roles), *map(PROPERTY.__add__, properties)], pl.String())
    return pl.DataFrame(schema=schema)
