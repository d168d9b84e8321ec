"""Ranks: where the values of one person stand among those of all people, as of the last local midnight."""

import contextlib
import ctypes
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from guanxi.app.everybody import PEOPLE, masked, seen
from guanxi.app.trait_explain import Value
from guanxi.app.trait_replay import (
    Replay,
    canonical,
    feed,
    identity,
    key_of,
    known_text,
    new_state,
    references,
    values_of,
)
from guanxi.app.traits import series, withheld
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.log import now_ms
from guanxi.engines.trait_ranks import RankHead, RankSheet, RankStore, sheet_of
from guanxi.traits import MEMORY_MS, PARTIES, Ladder, Trait, ladder_of, ladder_of_names, midnight_before

FOLDER: Final = "traits/ranks"  # of the workspace
PARTY: Final = "person"
AT_ONCE: Final = 5_000  # people whose history is in memory at the same time: some 40 kB each
#: Of more people so many are drawn by chance; 19 times in 20 a share is then off by less than 0.25 points.
DRAWN: Final = 200_000
LEAST: Final = 5  # people whose value is known: a rank among fewer tells of single people
GROWN: Final = 1.5  # a log that grew so much, by an import perhaps, is ranked anew on the same day

Progress = Callable[[int, int], None]  # people done, people


class TraitRank(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value stood among all people, as of one local midnight.

    below     share of them whose value was less, 0..1; None for names, which have no order
    equal     share whose value was the same; equal ones share the middle: the mid-rank is below + equal / 2
    n         people whose value was known
    value     this person's own then
    until_ms  that midnight: nothing later is in it
    """

    below: float | None
    equal: float
    n: int
    value: Value
    until_ms: int


def make_ranks(workspace: Workspace, *, now: int | None = None, progress: Progress | None = None) -> RankHead:
    """Rank every trait for profiles over all people as of the last local midnight, and store it.

    People are those who acted in the 400 days before, but who do not allow profiles; the history is read some
    thousands of people at a time, so memory does not grow with them. What is stored counts values and names nobody:
    it stays when a person is erased, until the next day's.
    """
    rows, known = ranked_rows(workspace), workspace.reader.last_seq()
    until = midnight_before(now_ms() if now is None else now)
    people = _people(workspace, known)
    drawn = people[:DRAWN]
    folder = workspace.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryFile(dir=folder) as file:
        table = np.memmap(file, np.float64, "w+", shape=(len(rows), max(len(drawn), 1)))
        count, refused = 0, np.array([key_of(ref) for ref in withheld(workspace, None, known)], np.int64)
        for start in range(0, len(drawn), AT_ONCE):
            some = drawn[start : start + AT_ONCE]
            keys, values = _read(workspace, rows, [ref for refs in some for ref in refs], until, known)
            values = values[~np.isin(keys, refused)]
            table[:, count : count + len(values)] = values.T
            count += len(values)
            _give_back()
            if progress is not None:
                progress(start + len(some), len(drawn))
        ladders = {row.name: _ladder(row, np.array(table[place, :count])) for place, row in enumerate(rows)}
        del table
    sheet = sheet_of(
        ladders, plan=_plan(workspace, rows), until_ms=until, known=known, people=len(people), drawn=len(drawn),
        ranked=count, made_ms=now_ms(),
    )  # fmt: skip
    RankStore(folder).save(sheet)
    return sheet.head


def ranks_due(workspace: Workspace, now: int) -> bool:
    """Tell whether the ranks of the last local midnight are to be made: none stand, or the log has grown by half."""
    last = workspace.reader.last_seq()
    if last == 0:
        return False
    try:
        head = RankStore(workspace.folder / FOLDER).newest()
    except DataError:
        return True
    if head is None or head.until_ms < midnight_before(now) or head.plan != _plan(workspace, ranked_rows(workspace)):
        return True
    return last > GROWN * head.known


def find_ranks(workspace: Workspace, *, until: int, known: int) -> RankSheet | None:
    """Return the newest ranks that hold nothing from an instant on, nor anything that was learnt later; else None.

    Those of other traits than the workspace has now are as good as none.
    """
    store, plan = RankStore(workspace.folder / FOLDER), _plan(workspace, ranked_rows(workspace))
    for path in store.upto(until):
        with contextlib.suppress(DataError, FileNotFoundError):
            sheet = _loaded(store.folder, path, path.stat().st_mtime_ns, plan)
            if sheet.head.known <= known:
                return sheet
    return None


def values_and_ranks(
    workspace: Workspace, ref: str, rows: Sequence[Trait], sheet: RankSheet | None, *, until: int, known: int
) -> tuple[NDArray[np.float64], dict[str, dict[int, str]], dict[str, TraitRank]]:  # fmt: skip
    """Return what `values_of` does of one party, and trait -> where a person stood at the sheet's midnight.

    Both come from one replay. A value that was unknown then, or is of too few people, has no rank.
    """
    if sheet is None or not any(row.name in sheet.ladders for row in rows):
        return *values_of(workspace, [ref], rows, until=until, known=known), {}
    names, _ = identity(workspace, known)
    plain = [row for row in rows if not row.via]
    with Replay(
        workspace, plain, until=until, known=known, since=sheet.head.until_ms,
        refs=references([ref], plain, names, known),
    ) as replay:  # fmt: skip
        then, now = _twice(replay, key_of(canonical(ref, PARTY, names, known)), sheet.head.until_ms)
        texts = replay.names
    values = np.full((1, len(rows)), np.nan)
    at = [place for place, row in enumerate(rows) if not row.via]
    values[:, at] = now
    if ties := [place for place, row in enumerate(rows) if row.via]:
        values[:, ties] = values_of(workspace, [ref], [rows[place] for place in ties], until=until, known=known)[0]
    found = dict[str, TraitRank]()
    for place, row in enumerate(plain):
        one = _rank(row, then[:, place], sheet, texts)
        if one is not None:
            found[row.name] = one
    return values, texts, found


def ranked_rows(workspace: Workspace) -> list[Trait]:
    """Return the traits that have ranks: of a person, for profiles, but neighbours' and those that only events have."""
    return [
        row for row in workspace.traits.rows.values()
        if row.party == PARTY and "profile" in row.uses and not row.via and row.aggregate != "versus"
    ]  # fmt: skip


def _people(workspace: Workspace, known: int) -> list[list[str]]:
    """The references of each person who ever acted, in an order that is chance but always the same."""
    mapping = identity(workspace, known)[1]
    mine = pl.any_horizontal(pl.col("ref").str.starts_with(one) for one in PEOPLE)
    found = dict[str, list[str]]()
    for ref in seen(workspace, known).filter(mine, ~masked("ref"))["ref"].unique().sort().to_list():
        found.setdefault(mapping.get(ref, ref), []).append(ref)
    return [found[person] for person in sorted(found, key=lambda one: (key_of(one), one))]


def _read(
    workspace: Workspace, rows: Sequence[Trait], refs: Sequence[str], until: int, known: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # fmt: skip
    """The keys of people by some references who acted in time, and (people, rows) as a state has them."""
    with Replay(
        workspace, rows, until=until, known=known, refs={PARTIES[PARTY].role: refs}, seen_ms=MEMORY_MS
    ) as replay:
        state, place = new_state(replay.plan), replay.plan.parties.index(PARTY)
        found = np.empty(0, np.uint64)
        for batch, _ in replay.batches():
            feed(state, batch)
            found = np.union1d(found, batch.parties[batch.clock_ms >= until - MEMORY_MS, place])
        keys = found[found != 0].view(np.int64)
        at = {row.name: column for column, row in enumerate(replay.plan.traits)}
        return keys, state.read_many(PARTY, keys, until)[:, [at[row.name] for row in rows]]


def _twice(replay: Replay, key: int, then: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A person's (1, rows) at an earlier instant, and at the end of a replay."""
    state, before = new_state(replay.plan), None
    at = {row.name: column for column, row in enumerate(replay.plan.traits)}
    mine, keys = [at[row.name] for row in replay.rows], np.array([key], np.int64)
    for batch, _ in replay.batches():
        if before is None and batch.clock_ms[-1] >= then:
            feed(state, batch.take(np.flatnonzero(batch.clock_ms < then)))
            before = state.read_many(PARTY, keys, then)
            batch = batch.take(np.flatnonzero(batch.clock_ms >= then))
        feed(state, batch)
    if before is None:
        before = state.read_many(PARTY, keys, then)
    return before[:, mine], state.read_many(PARTY, keys, replay.until)[:, mine]


def _rank(
    row: Trait, value: NDArray[np.float64], sheet: RankSheet, texts: dict[str, dict[int, str]]
) -> TraitRank | None:  # fmt: skip
    steps = sheet.ladders.get(row.name)
    if steps is None or steps.known < LEAST:
        return None
    standing = steps.standing(known_text(value)[0] if steps.is_names else value[0])
    if standing is None:
        return None
    return TraitRank(
        below=standing.below, equal=standing.equal, n=steps.known, value=series(row, value, texts)[0],
        until_ms=sheet.head.until_ms,
    )  # fmt: skip


def _give_back() -> None:
    """Return freed memory to the system: glibc keeps it for the threads that freed it, some 60 MB a reading."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _ladder(row: Trait, values: NDArray[np.float64]) -> Ladder:
    return ladder_of_names(known_text(values)) if row.aggregate == "top" else ladder_of(values)


def _plan(workspace: Workspace, rows: Sequence[Trait]) -> str:
    """A hash of traits and of the measures they read; a trait's name says everything else."""
    measures = workspace.traits.measures
    used = sorted({name for row in rows for name in (row.of, row.over, row.after) if name})
    text = msgspec.json.encode([[row.name for row in rows], [measures[name] for name in used]])
    return xxhash.xxh3_128_hexdigest(text)


@lru_cache(maxsize=4)
def _loaded(folder: Path, path: Path, written: int, plan: str) -> RankSheet:
    return RankStore(folder).load(path, plan)
