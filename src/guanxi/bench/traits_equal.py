"""Equal: every row of the catalogue over one stream of events by every execution, cell by cell."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.core import DAY_MS, RowTable
from guanxi.engines.lake import Stream
from guanxi.engines.spark_traits import lacking, spark_session, spark_traits, store_events
from guanxi.events import shipped
from guanxi.traits import Batch, Intake, Trait, measures, prepared_frame, trait_queries, traits
from guanxi.traits.state import Plan, TraitState, compile_plan
from guanxi.traits.sweep import sweep

EVENTS: Final = 200_000
TOLERANCE: Final = 1e-9  # of what is summed as fractions, relative and absolute
FRACTIONS: Final = ("decayed", "entropy")
START_MS: Final = 1_700_000_000_000
_AT_ONCE: Final = 4_096  # events held twice
_COLUMNS: Final = 100  # of what Spark wrote, held at once
#: Times between two events of a burst: ties, next milliseconds, and the very ends of windows.
_GAPS: Final = (0, 0, 0, 1, 1_000, 30_000, 60_000, 599_999, 600_000, 600_001, 1_800_000, 3_600_000, 3_600_001)
_POOL: Final = 50  # events for one party of a type on average

#: A block of cells: the events, the places of the traits in the plan, and the values (events, traits).
Cells = tuple[slice, Sequence[int], NDArray[np.float64]]
#: An execution other than the replay: plan, events in order, as batch and as the state's words.
Execution = Callable[[Plan, Batch, NDArray[np.int64]], Iterator[Cells]]


def run(data: Path, events: int = EVENTS) -> Sequence[Figure]:
    """Count the cells that differ; no data set is read. 200,000 events take 3.5 GB, with Spark 8 GB.

    differing_cells  over all executions, each against the replay; a cell that one does not give differs
    executions       that were compared; Spark is one where it can start, else its reason is told on stderr
    rows_varied      rows that are not the same at every event
    """
    del data
    plan = compile_plan(traits().values(), measures())
    batch = random_batch(plan.intake, events, seed=7)
    seen = replayed(plan, batch)
    varied = sum(bool((column != column[0]).any()) for column in seen.view(np.int64))
    figures, differing, chosen = [], 0, dict(EXECUTIONS)
    if missing := lacking():
        sys.stderr.write(f"spark is left out: {missing}\n")
    else:
        chosen["spark"] = by_spark
    for name, (found, seconds) in compared(plan, batch, seen, executions=chosen).items():
        differing += sum(found.values())
        figures.append(colour(f"differing_{name}", sum(found.values()), "cells"))
        if name in EXECUTIONS:  # what Spark's own processes use is not ours
            figures.append(colour(f"{name}_cpu_s", seconds, "s"))
    return [
        at_most("differing_cells", differing, "cells", 0), at_least("events", events, "events", min(events, EVENTS)),
        colour("rows", len(plan.traits), "traits"), colour("rows_varied", varied, "traits"),
        colour("executions", len(chosen) + 1, "executions"), *figures,
    ]  # fmt: skip


def replayed(plan: Plan, batch: Batch) -> NDArray[np.float64]:
    """Return what each event sees by the replay, (traits, events)."""
    words, state = plan.events(batch), TraitState(plan)
    seen = np.empty((len(plan.traits), len(words)))
    for first in range(0, len(words), _AT_ONCE):
        block = state.feed(words[first : first + _AT_ONCE], read=True)
        if block is not None:
            seen[:, first : first + _AT_ONCE] = block.T
    return seen


def compared(
    plan: Plan, batch: Batch, seen: NDArray[np.float64], *, executions: "Mapping[str, Execution] | None" = None
) -> dict[str, tuple[dict[str, int], float]]:
    """Return for each execution how many cells of each trait differ from what was seen, and its processor seconds.

    executions  None = those of EXECUTIONS
    """
    words = plan.events(batch)
    chosen = EXECUTIONS if executions is None else executions
    return {name: _differing(plan, seen, run, batch, words) for name, run in chosen.items()}


def by_spark(plan: Plan, batch: Batch, words: NDArray[np.int64]) -> Iterator[Cells]:
    """By Spark, from a file of events to files with a row for each; rows that are not those of the events give none."""
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        store_events(plan, words, Path(home) / "events.parquet")
        session = spark_session(Path(home) / "spark")
        try:
            events = session.read.parquet(f"{home}/events.parquet")
            spark_traits(plan, events).write.parquet(f"{home}/traits")
        finally:
            session.stop()
        files = pl.scan_parquet(f"{home}/traits/*.parquet")
        seq = files.select("seq").collect()["seq"].to_numpy()
        order = np.argsort(seq)
        for first in range(0, len(plan.traits) if np.array_equal(seq[order], batch.seq) else 0, _COLUMNS):
            rows = plan.traits[first : first + _COLUMNS]
            found = files.select(row.name for row in rows).collect()[order]
            hashes = [row.name for row in rows if row.aggregate == "top"]
            found = found.with_columns(pl.col(hashes).reinterpret(signed=False))
            values = np.stack([_doubles(column) for column in found], axis=1)
            yield slice(0, len(batch)), range(first, first + len(rows)), values


def differs(row: Trait, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where two columns of a trait differ: by a bit, or by more than TOLERANCE where fractions are summed."""
    unlike: NDArray[np.bool_] = one.view(np.int64) != other.view(np.int64)
    if row.aggregate != "top" and unlike.any():  # what top gives are names, whatever they are as numbers
        unlike &= ~(np.isnan(one) & np.isnan(other))
        if row.aggregate in FRACTIONS:
            unlike &= ~np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
    return unlike


def random_batch(intake: Intake, events: int, *, seed: int, days: float = 900.0) -> Batch:
    """Return events in order such as an intake might read, bursts of a few parties each.

    Each is of one kind and belongs to measures of that kind; numbers, names and parties are missing now and then;
    many share an instant, or lie at the very end of a window. Half of the bursts fall into the last tenth of the time,
    and quiet parties are silent for more than 400 days.
    """
    rng = np.random.default_rng(seed)
    burst = np.cumsum((rng.random(events) < 0.15).astype(np.int64))
    starts = rng.random(burst[-1] + 1) * np.where(rng.random(burst[-1] + 1) < 0.5, 1.0, 0.1)
    clock = ((1.0 - starts[burst]) * days * DAY_MS).astype(np.int64)
    clock = START_MS + clock // 1_000 * 1_000 + _since_begin(burst, rng.choice(_GAPS, events))
    pool = max(events // _POOL, 2)
    present = rng.random((events, len(intake.sources))) < 0.9
    codes = rng.integers(0, 8, (events, len(intake.codes)))
    wide = rng.random(events) < 0.1
    codes[wide] = rng.integers(0, pool, (int(wide.sum()), len(intake.codes)))
    order = np.argsort(clock, kind="stable")
    bits = _bits(intake, rng, events)
    packed = (present.astype(np.uint64) << np.arange(present.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    sizes = 10.0 ** rng.integers(0, 9, present.shape)
    values = np.where(present, (rng.normal(0.7, 1.0, present.shape) * sizes).astype(np.int64), 0)
    return Batch(
        clock_ms=clock[order], seq=np.arange(1, events + 1, dtype=np.int64), bits=bits[order],
        values=values[order], present=packed[order], codes=_hashes(codes)[order],
        parties=_hashes(_parties(rng, burst, len(intake.parties), pool))[order],
    )  # fmt: skip


def _bits(intake: Intake, rng: np.random.Generator, events: int) -> NDArray[np.uint64]:
    """Events of kinds, each in the measures of its kind: always when no condition is left, else half of the times."""
    kinds = sorted({kind for one in intake.measures for kind in one.kinds} | {next(iter(shipped()))})
    kind = rng.integers(0, len(kinds), events)
    bits = np.zeros((events, intake.words), np.uint64)
    for place, measure in enumerate(intake.measures):
        of = np.array([not measure.kinds or name in measure.kinds for name in kinds])[kind]
        if measure.where:
            of &= rng.random(events) < 0.5
        bits[:, place // 64] |= of.astype(np.uint64) << np.uint64(place % 64)
    return bits


def _parties(rng: np.random.Generator, burst: NDArray[np.int64], count: int, pool: int) -> NDArray[np.int64]:
    """Parties of each event: those of its burst, busy ones more often; one in eight names nobody."""
    drawn = (rng.random((int(burst[-1]) + 1, count)) ** 1.7 * pool).astype(np.int64) + 1
    parties: NDArray[np.int64] = drawn[burst]
    other = rng.random(parties.shape) < 0.05
    parties[other] = rng.integers(1, pool + 1, int(other.sum()))
    parties[rng.random(parties.shape) < 0.125] = 0
    return parties


def _since_begin(burst: NDArray[np.int64], gaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Milliseconds since the first event of each burst."""
    whole = np.cumsum(gaps)
    first = np.flatnonzero(np.diff(burst, prepend=-1))
    return whole - whole[first][np.searchsorted(first, np.arange(len(burst)), side="right") - 1]


def _hashes(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Numbers spread over 64 bits; 0 stays 0."""
    spread = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return spread ^ (spread >> np.uint64(29))


def _differing(
    plan: Plan, seen: NDArray[np.float64], run: Execution, batch: Batch, words: NDArray[np.int64]
) -> tuple[dict[str, int], float]:
    begin = process_time()
    found: dict[str, int] = {}
    given = np.zeros(len(plan.traits), np.int64)
    for events, places, values in run(plan, batch, words):
        for at, place in enumerate(places):
            row = plan.traits[place]
            unlike = differs(row, seen[place, events], np.ascontiguousarray(values[:, at]))
            found[row.name] = found.get(row.name, 0) + int(unlike.sum())
            given[place] += len(values)
    for row, lost in zip(plan.traits, len(words) - given, strict=True):
        found[row.name] = found.get(row.name, 0) + abs(int(lost))
    return {name: count for name, count in found.items() if count}, process_time() - begin


def _single(plan: Plan, batch: Batch, words: NDArray[np.int64]) -> Iterator[Cells]:
    """One event after the other, as the gate does."""
    del batch
    state, every = TraitState(plan), range(len(plan.traits))
    for first in range(0, len(words), _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, len(words)))
        yield part, every, np.array([state.step(event).copy() for event in words[part]])


def _sweep(plan: Plan, batch: Batch, words: NDArray[np.int64]) -> Iterator[Cells]:
    """By columns, one party after the other."""
    del batch
    for party in plan.parties:
        places = [at for at, row in enumerate(plan.traits) if row.party == party]
        yield slice(0, len(words)), places, sweep(plan, words, traits=places)


def _sql(plan: Plan, batch: Batch, words: NDArray[np.int64]) -> Iterator[Cells]:
    """By DuckDB, one query after the other."""
    del words
    place = {row.name: at for at, row in enumerate(plan.traits)}
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SET enable_progress_bar = false")
        connection.register("prepared", Stream(prepared_frame(plan.intake, batch)))
        connection.execute("CREATE TABLE events AS FROM prepared")
        for query in trait_queries(plan.traits, RowTable(plan.measures, noun="measure"), plan=plan.traits):
            found = pl.DataFrame(connection.sql(query.sql))
            rows = np.searchsorted(batch.seq, found["seq"].to_numpy())
            values = np.full((len(batch), len(query.traits)), np.nan)
            for at, name in enumerate(query.traits):
                values[rows, at] = _doubles(found[name])
            yield slice(0, len(batch)), [place[name] for name in query.traits], values


def _doubles(column: pl.Series) -> NDArray[np.float64]:
    """A column as the state gives it: unknown is nan, the hash of a name stands bit by bit."""
    if column.dtype == pl.UInt64:
        doubles: NDArray[Any] = column.fill_null(0).to_numpy().view(np.float64).copy()
        doubles[column.is_null().to_numpy()] = np.nan
        return doubles
    return column.fill_null(np.nan).to_numpy()


#: Name -> execution in this process; the replay is what each is compared with.
EXECUTIONS: Final[Mapping[str, Execution]] = {"single": _single, "sweep": _sweep, "sql": _sql}
