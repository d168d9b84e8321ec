"""Spark against the replay over millions of events: a sum of every trait's cells, each with its event's number."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.bench.traits import Stream, plan_for
from guanxi.engines.spark_traits import lacking, seen, spark_parts, spark_session, store_events
from guanxi.traits.state import Plan, TraitState

if TYPE_CHECKING:
    import pyarrow as pa

EVENTS: Final = 5_000_000
DAYS: Final = 120.0  # over which they are spread: most leave the longest window again
_AT_ONCE: Final = 512  # events whose traits are held at once
_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))
_UNKNOWN: Final = np.array([np.nan]).view(np.uint64)[0]


def run(data: Path, *, events: int = EVENTS) -> Sequence[Figure]:
    """Compare the two over the stream of `guanxi bench traits`, by the whole catalogue; it needs Java, and several GB.

    data    unused: the stream is made
    raises  MissingEngine without Spark

    differing_traits  those whose sums, or numbers of known cells, are not the same
    spark_s           from files of events to all that they saw, by the clock on the wall
    """
    del data
    if missing := lacking():
        raise missing
    plan = plan_for("")
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        ours, cpu = replayed(plan, Stream(plan, events, days=DAYS), Path(home))
        theirs, took = by_spark(plan, Path(home))
    return [
        at_most("differing_traits", int((ours != theirs).any(axis=0).sum()), "traits", 0),
        at_least("events", events, "events", min(events, EVENTS)), colour("rows", len(plan.traits), "traits"),
        colour("known_cells", int(ours[1].sum()), "cells"), colour("replay_cpu_s", cpu, "s"),
        colour("spark_s", took, "s"), colour("spark_events_per_s", events / took, "events per second"),
    ]  # fmt: skip


def replayed(plan: Plan, stream: Stream, home: Path) -> tuple[NDArray[np.uint64], float]:
    """Store the events for Spark; return the sums of what each sees by the replay, and the processor seconds of it."""
    state, cpu = TraitState(plan), 0.0
    made = np.zeros((2, len(plan.traits)), np.uint64)
    for number, part in enumerate(stream.rows(0, len(stream))):
        store_events(plan, part, home / f"{number:04d}.parquet")
        for at in range(0, len(part), _AT_ONCE):
            events = part[at : at + _AT_ONCE]
            begin = time.process_time()
            found = state.feed(events, read=True)
            cpu += time.process_time() - begin
            assert found is not None  # noqa: S101 - reading was asked for
            made += sums(plan, events[:, 1], found)
    return made, cpu


def by_spark(plan: Plan, home: Path) -> tuple[NDArray[np.uint64], float]:
    """Return the sums of what the stored events see by Spark, and the seconds it took."""
    session = spark_session(home / "spark")
    try:
        begin = time.monotonic()
        parts = spark_parts(plan, session.read.parquet(str(home / "*.parquet")))
        rows = parts.mapInArrow(_summed, "trait bigint, total bigint, known bigint").collect()
        made = np.zeros((2, len(plan.traits)), np.uint64)
        for trait, total, known in rows:
            made[:, trait] += np.array([total, known]).view(np.uint64)
        return made, time.monotonic() - begin
    finally:
        session.stop()


def sums(plan: Plan, seq: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return for each trait the sum, modulo 2^64, of its known cells mixed with their events, and how many there are.

    seq     (n,)
    values  (n, traits) as the state gives them
    """
    bits = np.ascontiguousarray(values).view(np.uint64)
    numbers = np.array([row.aggregate != "top" for row in plan.traits])
    known = (bits != _UNKNOWN) & ~(np.isnan(values) & numbers)
    mixed = (bits ^ (seq.view(np.uint64) * _ODD[0])[:, np.newaxis]) * _ODD[1]
    mixed ^= mixed >> np.uint64(32)
    mixed *= _ODD[0]
    mixed *= known
    return np.stack([mixed.sum(axis=0, dtype=np.uint64), known.sum(axis=0, dtype=np.uint64)])


def _summed(batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
    """The sums of one task."""
    import pyarrow as pa

    plan = plan_for("")
    made = np.zeros((2, len(plan.traits)), np.uint64)
    for batch in batches:
        for at in range(0, len(batch), _AT_ONCE):
            part = batch.slice(at, _AT_ONCE)
            made += sums(plan, part.column("seq").to_numpy(), seen(plan, part))
    columns = [pa.array(np.arange(len(plan.traits))), *(pa.array(one.view(np.int64)) for one in made)]
    yield pa.RecordBatch.from_arrays(columns, names=["trait", "total", "known"])


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(run(Path(), events=int(sys.argv[1])))).decode() + "\n")
