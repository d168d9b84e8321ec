"""Erasure: one person's events are deleted or, where the law orders them kept, made nobody's."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import polars as pl

from guanxi.engines.erasure.person import LINKS, OWNERS, Act, Person, links_of, tokens_of
from guanxi.engines.erasure.scrub import drop_staged, scrub_catalog, scrub_lake, scrub_log
from guanxi.engines.lake import Lake, Sealer, Stream, lake_error
from guanxi.engines.log import connect, now_ms
from guanxi.engines.vault import ErasureJob, Vault
from guanxi.events import CUSTOM, REF, ROLE, Catalogue, Event, event_id

REQUESTED: Final = "Erasure Requested"
COMPLETED: Final = "Erasure Completed"

Append = Callable[[Sequence[Event]], object]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What one job did.

    stand_in    the reference by which kept events now know the person
    deleted     the person's events that are gone
    restricted  the person's events that a law orders kept, now without the person
    renamed     events of others that named the person and no longer do
    values      personal values destroyed in the vault
    parked      parked rows destroyed
    """

    stand_in: str
    deleted: int
    restricted: int
    renamed: int
    values: int
    parked: int


_Decided = tuple[Act, dict[str, Any]]


class _Change(msgspec.Struct, frozen=True):
    """What becomes of one table: rows that go, by sequence number, and rows that come in their place."""

    table: str
    gone: list[int]
    new: pl.DataFrame


def erase_all(folder: Path, catalogue: Catalogue, vault: Vault, *, append: Append) -> list[Erased]:
    """Carry out every open erasure of a workspace; `vault.erasures.add` opens one.

    Safe to run again after a kill at any point: each step finds what is left to do, and the counts of the first
    run stand. The caller holds the sealer's lock. Events that arrive while it runs are not touched.

    append   stores events in the log, once per id
    raises   Busy when a file is in use all the time; run it again
    """
    return [_erase(folder, catalogue, vault, job, append) for job in vault.erasures.open_jobs()]


def reapply(folder: Path, catalogue: Catalogue, vault: Vault) -> int:
    """Open a job for every erased person who is in the log again, as after the restore of an older backup.

    returns  the jobs opened; carry them out with `erase_all`
    """
    _seal(folder, catalogue)
    lake = Lake(folder, catalogue)
    try:
        found: dict[str, list[str]] = {}
        for table in lake.tables():
            for column in _starting(lake, table, ROLE):
                rows = lake.connection.execute(f"SELECT DISTINCT {column} FROM lake.{table} WHERE {column} IS NOT NULL")
                for ref, stone in vault.forgotten_among(row[0] for row in rows.fetchall()).items():
                    found.setdefault(stone.surrogate, []).append(ref)
    finally:
        lake.close()
    waiting = {ref for job in vault.erasures.open_jobs() for ref in job.refs}
    jobs = [(surrogate, refs) for surrogate, refs in found.items() if not waiting.issuperset(refs)]
    for surrogate, refs in jobs:
        vault.erasures.add(refs, reason="erased before; found again", surrogate=surrogate)
    return len(jobs)


def _erase(folder: Path, catalogue: Catalogue, vault: Vault, job: ErasureJob, append: Append) -> Erased:
    begin = time.monotonic()
    person = Person(job, now_ms=now_ms())
    _seal(folder, catalogue)
    lake = Lake(folder, catalogue)
    try:
        changes, tokens, found = _plan(lake, person)
        job = vault.erasures.note(job, found)  # before anything is gone: a run after a crash would find less
        # The vault first: once the rows are gone nobody could say which tokens were theirs.
        values = vault.forget(job.refs, tokens=tokens, reason=person.without(job.reason), surrogate=job.surrogate).rows
        job = vault.erasures.note(job, {"values": values})
        parked = vault.parked.purge(person.needles, keys=person.short_keys)
        job = vault.erasures.note(job, {"parked": parked})
        _apply(lake, changes)
        scrub_lake(lake, person.needles)
    finally:
        lake.close()
    drop_staged(folder, person.needles)
    scrub_catalog(folder)
    _uncount(folder, job)
    scrub_log(folder)
    done = _report(job, person)
    append(_events(job, done, why=person.without(job.reason), seconds=time.monotonic() - begin))
    vault.erasures.finish(job)
    return done


def _seal(folder: Path, catalogue: Catalogue) -> None:
    """Move everything into the lake, so that there is one place to look."""
    sealer = Sealer(folder, catalogue)
    try:
        sealer.run(hot_after=1)
    finally:
        sealer.close()


def _plan(lake: Lake, person: Person) -> tuple[list[_Change], list[str], dict[str, int]]:
    """Return what becomes of every table, the vault's tokens in those rows, and counts by act and kind."""
    schemas: dict[str, pl.Schema] = {}
    changes, tokens, counts = [], set[str](), Counter[str]()
    for table, rows in _decide(lake, person, schemas).items():
        new = []
        for act, row in rows.values():
            kind, name = _kind_of(lake, table, row)
            counts[act] += 1
            if act == "delete":
                counts[f"delete:{name}"] += 1
                tokens |= tokens_of(row)
                continue
            after = person.restricted(row, kind) if act == "restrict" else person.renamed(row, kind)
            tokens |= tokens_of(row) - tokens_of(after)
            new.append(after)
        changes.append(_Change(table, list(rows), pl.DataFrame(new, schemas[table], orient="row")))
    return changes, sorted(tokens), dict(counts)


def _decide(lake: Lake, person: Person, schemas: dict[str, pl.Schema]) -> dict[str, dict[int, _Decided]]:
    """Return table -> sequence number -> what becomes of the row; `schemas` is filled with the tables' columns."""
    decided: dict[str, dict[int, _Decided]] = {}
    links: set[tuple[str, str, str]] = set()
    for table in lake.tables():
        for row in _mentioning(lake, table, person, schemas):
            act = person.act(row, *_kind_of(lake, table, row))
            if act != "leave":
                decided.setdefault(table, {})[row["seq"]] = (act, row)
            if act in ("delete", "restrict"):
                links.update(links_of(row))
    if not links:
        return decided
    frame = pl.DataFrame(sorted(links), ("name", "platform", "id"), orient="row")
    lake.connection.register("person_links", Stream(frame))
    for table in lake.tables():
        for row in _linked(lake, table, schemas):
            act = person.act_on_own(row, *_kind_of(lake, table, row))
            decided.setdefault(table, {}).setdefault(row["seq"], (act, row))
    return decided


def _mentioning(lake: Lake, table: str, person: Person, schemas: dict[str, pl.Schema]) -> Iterator[dict[str, Any]]:
    """Yield the rows that may name the person: in a role, in a text, or in what the kind does not declare."""
    schema = _schema(lake, table)
    roles = [name for name in schema if name.startswith(ROLE)]
    texts = [name for name, sql in schema.items() if sql == "VARCHAR" and name.startswith(("p_", REF, "extra"))]
    refs, needles = sorted(person.refs), list(person.needles)
    marks = ", ".join("?" * len(refs))
    tests = [f"{name} IN ({marks})" for name in roles]
    tests += [f"({' OR '.join([f'contains({name}, ?)'] * len(needles))})" for name in texts]
    if tests:
        values = refs * len(roles) + needles * len(texts)
        yield from _rows(lake, table, f"SELECT * FROM lake.{table} WHERE {' OR '.join(tests)}", values, schemas)


def _linked(lake: Lake, table: str, schemas: dict[str, pl.Schema]) -> Iterator[dict[str, Any]]:
    """Yield the rows without a person of their own that belong to the person's orders, parcels and talks."""
    schema = _schema(lake, table)
    tests = [
        f"({REF}{name} IS NOT NULL AND (coalesce(platform, ''), {REF}{name}) IN"
        f" (SELECT (platform, id) FROM person_links WHERE name = '{name}'))"
        for name in LINKS if REF + name in schema
    ]  # fmt: skip
    nobody = [f"{ROLE}{role} IS NULL" for role in OWNERS if ROLE + role in schema]
    if tests:
        where = " AND ".join([*nobody, f"({' OR '.join(tests)})"])
        yield from _rows(lake, table, f"SELECT * FROM lake.{table} WHERE {where}", [], schemas)


def _rows(
    lake: Lake, table: str, sql: str, values: list[str], schemas: dict[str, pl.Schema]
) -> Iterator[dict[str, Any]]:
    try:
        frame = pl.DataFrame(lake.connection.sql(sql, params=values))
    except duckdb.Error as error:
        raise lake_error(error) from error
    schemas[table] = frame.schema
    yield from frame.iter_rows(named=True)


def _apply(lake: Lake, changes: Sequence[_Change]) -> None:
    """Replace the rows of all tables in one transaction."""
    if not changes:
        return
    connection = lake.connection
    try:
        connection.execute("BEGIN")
        for change in changes:
            connection.register("gone_rows", Stream(pl.DataFrame({"seq": change.gone}, {"seq": pl.Int64})))
            connection.execute(f"DELETE FROM lake.{change.table} WHERE seq IN (SELECT seq FROM gone_rows)")
            if change.new.height:
                names = ", ".join(change.new.columns)
                connection.register("new_rows", Stream(change.new))
                connection.execute(
                    f"INSERT INTO lake.{change.table} ({names}) SELECT {names} FROM new_rows ORDER BY at_ms, seq"
                )
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise lake_error(error) from error


def _uncount(folder: Path, job: ErasureJob) -> None:
    """Take the deleted events out of the log's counts, once per job."""
    connection = connect(folder)
    try:
        connection.execute("BEGIN IMMEDIATE")
        first = connection.execute("INSERT OR IGNORE INTO meta VALUES (?, 1)", (f"erasure:{job.job}",)).rowcount
        if first:
            counts = [(count, name[7:]) for name, count in job.counts.items() if name.startswith("delete:")]
            connection.executemany("UPDATE counts SET events = max(events - ?, 0) WHERE kind = ?", counts)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _report(job: ErasureJob, person: Person) -> Erased:
    counts = job.counts
    return Erased(
        stand_in=person.stand_in(), deleted=counts.get("delete", 0), restricted=counts.get("restrict", 0),
        renamed=counts.get("rename", 0), values=counts.get("values", 0), parked=counts.get("parked", 0),
    )  # fmt: skip


def _events(job: ErasureJob, done: Erased, *, why: str, seconds: float) -> list[Event]:
    """The two facts that remain: that it was asked and that it was done; neither says who it was."""
    asked = event_id("erasure", job.job, REQUESTED)
    refs = {"ticket": job.ticket} if job.ticket else {}
    now = now_ms()
    return [
        Event(
            id=asked, kind=REQUESTED, at_ms=job.requested_ms, received_ms=now, roles={"object": done.stand_in},
            refs=refs, properties={"scope": "all", "reason": why}, source="system:erasure", live=True,
        ),
        Event(
            id=event_id("erasure", job.job, COMPLETED), kind=COMPLETED, at_ms=now, received_ms=now,
            roles={"object": done.stand_in}, refs=refs | {"cause": asked},
            properties={"rows": done.deleted, "restricted": done.restricted, "duration_s": round(seconds, 3)},
            source="system:erasure", live=True,
        ),
    ]  # fmt: skip


def _kind_of(lake: Lake, table: str, row: dict[str, Any]) -> tuple[Any, str]:
    name = row["kind"] if table == CUSTOM else lake.catalogue.tables.get(table, "")
    return lake.catalogue.find(name), name


def _schema(lake: Lake, table: str) -> dict[str, str]:
    rows = lake.connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_catalog='lake' AND table_name=?",
        [table],
    ).fetchall()
    return dict(rows)


def _starting(lake: Lake, table: str, prefix: str) -> Iterable[str]:
    return [name for name in lake.existing(table) if name.startswith(prefix)]
