"""Traits by Spark: the compiled state on every worker, each of which holds the parties of its buckets.

The words of the events (`Plan.events`) go where their parties are kept. There they are sorted by (clock, seq) and fed
to a state, and what each event saw of its parties is put together again. It is the state of the gate and of the replay,
so the answers are the same bit by bit; a plan holds no traits of neighbours.

All events of one party meet in one task. A party that has a large share of all events makes that task the last to end;
more workers do not help it. What a task holds in memory is what the longest window holds of its parties, and some
thousands of events.

Workers need the same release of guanxi, with the extra `spark`, and compile the loops when they first meet them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError, MissingEngine, RowTable
from guanxi.traits import Measure, Trait
from guanxi.traits.state import Plan, TraitState, compile_plan

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

OLDEST_JAVA: Final = 17
WORDS: Final = "words"  # the column of events
_PARTS: Final = "clock_ms bigint, seq bigint, named bigint, seen binary"
_SPREAD: Final = "bucket bigint, clock_ms bigint, seq bigint, event binary"
_BATCH: Final = 2_048  # events that go between Java and Python at once
_AT_ONCE: Final = 512  # events whose traits a worker holds at once: 4 MB with a thousand traits
_MIX: Final = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)
_UNKNOWN: Final = np.array([np.nan]).view(np.int64)[0]  # of a hash: other bits are a name, whatever they are as numbers
_INSTALL: Final = "Run: pip install 'guanxi[spark]'"
_JAVA: Final = "Install Java 17 or newer (Debian and Ubuntu: apt install default-jre-headless), or set JAVA_HOME"


def lacking() -> MissingEngine | None:
    """Return what keeps Spark from starting here, None when nothing does."""
    if package := _lacking_package():
        return package
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if program is None:
        where = f"in JAVA_HOME={home}" if home else "on PATH"
        return MissingEngine(f"Spark needs Java, and there is no java {where}", _JAVA)
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if found is None or int(found[1]) < OLDEST_JAVA:
        here = f"is {found[1]}" if found else "it does not run"
        return MissingEngine(f"Spark needs Java 17 or newer, and here {here}", _JAVA)
    return None


def spark_session(scratch: Path, *, cores: int = 2, memory: str = "2g") -> "SparkSession":
    """Return a Spark on this machine alone; the caller stops it.

    scratch  folder for what does not fit into memory
    cores    tasks at once, each with a Python of its own
    memory   of Java; the Pythons come on top
    raises   MissingEngine without pyspark, pandas, pyarrow or Java
    """
    if missing := lacking():
        raise missing
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # another Python would lack guanxi
    made: SparkSession = (
        SparkSession.Builder()
        .master(f"local[{cores}]")
        .appName("guanxi")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", memory)
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(_BATCH))
        .config("spark.sql.codegen.wholeStage", "false")  # a thousand columns are too long for Java's compiler
        .config("spark.ui.enabled", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    return made


def store_events(plan: Plan, events: NDArray[np.int64], path: Path) -> None:
    """Write the words of events into a Parquet file, one column of lists, as Spark reads them.

    events  of `Plan.events`, in any order
    """
    frame = pl.DataFrame({WORDS: pl.Series(events.reshape(-1, plan.event_words), dtype=pl.List(pl.Int64))})
    frame.write_parquet(path)


def spark_traits(plan: Plan, events: "DataFrame", *, buckets: int = 0) -> "DataFrame":
    """Return a row for each event with the traits that it saw, in no order.

    events   a column `words` of arrays of bigint, as `store_events` writes it; each event once, in any order
    buckets  into how many shares the parties go, each a task of its own; 0 = one for each core of the session, which
             Spark Connect does not tell
    returns  clock_ms, seq, then a column for each trait of the plan, in the state's numbers: doubles, null = unknown;
             bigint for `top`, the hash of the name. Names hold dots: write them in backticks
    raises   MissingEngine without pandas or pyarrow; DataError, out of the action, when events do not fit the plan or
             one stands twice
    """
    parts = spark_parts(plan, events, buckets=buckets)
    from pyspark.sql import types as T  # noqa: N812 - as everybody calls it

    whole = [T.StructField(name, T.LongType(), False) for name in ("clock_ms", "seq")]
    seen = [T.StructField(row.name, T.LongType() if row.aggregate == "top" else T.DoubleType()) for row in plan.traits]
    together = parts.repartition(_buckets(events, buckets), "seq").sortWithinPartitions("clock_ms", "seq")
    return together.mapInArrow(partial(_joined, _Declared.of(plan)), T.StructType([*whole, *seen]))


def spark_parts(plan: Plan, events: "DataFrame", *, buckets: int = 0) -> "DataFrame":
    """Return what each event saw, one row for each bucket in which some of its parties are kept; see `seen`.

    events, buckets  as in `spark_traits`
    raises           as there
    """
    if package := _lacking_package():
        raise package
    labels = _labels(events, _buckets(events, buckets))
    declared = _Declared.of(plan)
    spread = events.select(WORDS).mapInArrow(partial(_spread, declared, labels), _SPREAD)
    sorted_ = spread.repartition(len(labels), "bucket").sortWithinPartitions("bucket", "clock_ms", "seq")
    return sorted_.mapInArrow(partial(_fed, declared), _PARTS)


def seen(plan: Plan, parts: "pa.RecordBatch") -> NDArray[np.float64]:
    """Return what rows of `spark_parts` hold, (rows, traits); traits of other parties are nan."""
    return _gathered(plan, parts, np.arange(len(parts)))


def _lacking_package() -> MissingEngine | None:
    missing = [name for name in ("pyspark", "pandas", "pyarrow") if find_spec(name) is None]
    if not missing:
        return None
    return MissingEngine(
        f"Spark needs {' and '.join(missing)}, not installed here", f"{_INSTALL}. It needs Java 17 too"
    )


@dataclass(frozen=True, slots=True)
class _Declared:
    """A plan as it is sent to workers: what was declared, from which each compiles the plan again.

    hash  of the plan, which another release might lay out otherwise
    """

    hash: str
    traits: tuple[Trait, ...]
    measures: tuple[Measure, ...]

    @classmethod
    def of(cls, plan: Plan) -> "_Declared":
        return cls(plan.hash, plan.traits, plan.measures)

    def __hash__(self) -> int:
        return hash(self.hash)


@lru_cache(maxsize=4)
def _plan_of(declared: _Declared) -> Plan:
    """The plan, compiled once a process."""
    plan = compile_plan(declared.traits, RowTable(declared.measures))
    if plan.hash != declared.hash:
        raise DataError("a worker makes another plan of the same traits", "Install one release of guanxi everywhere")
    return plan


@dataclass(frozen=True, slots=True)
class _Order:
    """The traits, those of one party together: places of the traits, and of their parties."""

    trait: NDArray[np.intp]
    party: NDArray[np.intp]


def _order(plan: Plan) -> _Order:
    party = np.array([plan.parties.index(row.party) for row in plan.traits], np.intp)
    order = np.argsort(party, kind="stable")
    return _Order(order, party[order])


def _buckets(events: "DataFrame", asked: int) -> int:
    return asked or events.sparkSession.sparkContext.defaultParallelism


def _labels(events: "DataFrame", buckets: int) -> NDArray[np.int64]:
    """Names of buckets which Spark's own hash sends to as many partitions: no task gets two, and none gets nothing."""
    from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

    numbers = events.sparkSession.range(32 * buckets + 256)
    first = numbers.groupBy(F.pmod(F.hash("id"), F.lit(buckets)).alias("at")).agg(F.min("id").alias("id"))
    return np.array(sorted(row["id"] for row in first.collect()), np.int64)


def _spread(
    declared: _Declared, labels: NDArray[np.int64], batches: Iterable["pa.RecordBatch"]
) -> Iterator["pa.RecordBatch"]:
    """Send each event to the buckets of its parties, with those parties alone; one that names nobody goes to any."""
    plan = _plan_of(declared)
    first = plan.event_words - len(plan.parties)
    for batch in batches:
        every = _words(plan, batch)
        for at in range(0, len(every), _BATCH):
            events = every[at : at + _BATCH]
            row, party = np.nonzero(events[:, first:])
            key = events[row, first + party]
            nobody = np.setdiff1d(np.arange(len(events)), row)
            goes = np.concatenate([_mixed(key, party), _mixed(events[nobody, 1], nobody * 0)]) % np.uint64(len(labels))
            copies, copy = np.unique(
                np.concatenate([row, nobody]) * len(labels) + goes.astype(np.int64), return_inverse=True
            )
            made = events[copies // len(labels)]
            made[:, first:] = 0
            made[copy[: len(row)], first + party] = key
            yield _batch(_SPREAD, labels[copies % len(labels)], made[:, 0], made[:, 1], _binary(made))


def _fed(declared: _Declared, batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
    """Feed the sorted events of each bucket to a state of its own; what they saw of the parties that they name."""
    plan = _plan_of(declared)
    order, bits = _order(plan), 1 << np.arange(len(plan.parties))
    state, bucket = TraitState(plan), -1
    for batch in batches:
        buckets = batch.column("bucket").to_numpy()
        # Copied, since the loops would be compiled once more for what may not be written.
        every = np.frombuffer(_bytes_of(batch.column("event")), np.int64).reshape(-1, plan.event_words).copy()
        cuts = {*range(0, len(every), _AT_ONCE), *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(every)}
        for start, end in zip(sorted(cuts)[:-1], sorted(cuts)[1:], strict=True):
            if buckets[start] != bucket:
                state, bucket = TraitState(plan), buckets[start]
            events = every[start:end]
            _once(state, events)
            found = state.feed(events, read=True)
            assert found is not None  # noqa: S101 - reading was asked for
            named = events[:, plan.event_words - len(plan.parties) :] != 0
            there = named[:, order.party]
            ends = np.cumsum(there.sum(axis=1) * 8)
            values = _binary(found[:, order.trait][there], ends)
            yield _batch(_PARTS, events[:, 0], events[:, 1], named @ bits, values)


def _joined(declared: _Declared, batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
    """Put the sorted parts of each event together."""
    import pyarrow as pa

    plan = _plan_of(declared)
    held = None  # parts of an event of which the next batch may hold more
    for batch in batches:
        if not len(batch):
            continue
        if held is not None:
            (batch,) = pa.Table.from_batches([held, batch]).combine_chunks().to_batches()
        places = np.stack([batch.column(name).to_numpy() for name in ("clock_ms", "seq")])
        starts = np.flatnonzero(np.append(True, (places[:, 1:] != places[:, :-1]).any(axis=0)))
        yield from _rows(plan, batch, starts)
        held = batch.slice(int(starts[-1]))
    if held is not None:
        yield from _rows(plan, held, np.array([0, len(held)]))


def _rows(plan: Plan, batch: "pa.RecordBatch", starts: NDArray[np.intp]) -> Iterator["pa.RecordBatch"]:
    """One row for the parts between two starts, for each two that follow each other."""
    import pyarrow as pa

    for at in range(0, len(starts) - 1, _AT_ONCE):
        cuts = starts[at : at + _AT_ONCE + 1]
        parts = batch.slice(int(cuts[0]), int(cuts[-1] - cuts[0]))
        first = cuts[:-1] - cuts[0]
        cells = _gathered(plan, parts, np.repeat(np.arange(len(first)), np.diff(cuts)))
        columns = [pa.array(parts.column(name).to_numpy()[first]) for name in ("clock_ms", "seq")]
        for row, values in zip(plan.traits, np.ascontiguousarray(cells.T), strict=True):
            if row.aggregate == "top":
                bits = values.view(np.int64)
                columns.append(pa.array(bits, mask=bits == _UNKNOWN))
            else:
                columns.append(pa.array(values, mask=np.isnan(values)))
        yield pa.RecordBatch.from_arrays(columns, names=["clock_ms", "seq", *(row.name for row in plan.traits)])


def _gathered(plan: Plan, parts: "pa.RecordBatch", event: NDArray[np.intp]) -> NDArray[np.float64]:
    """What parts hold, each in the row of its event; a trait is of one party, and a party of an event in one part."""
    flat, at = np.frombuffer(_bytes_of(parts.column("seen")), np.float64), 0
    named = parts.column("named").to_numpy()[:, np.newaxis] >> np.arange(len(plan.parties)) & 1
    order = _order(plan)
    widths = np.bincount(order.party, minlength=len(plan.parties))
    ends = np.cumsum((named * widths).ravel()).reshape(named.shape)  # of what each part holds of each party
    out = np.full((int(event[-1]) + 1 if len(event) else 0, len(plan.traits)), np.nan)
    for party, width in enumerate(widths.tolist()):
        there = np.flatnonzero(named[:, party])
        out[event[there], at : at + width] = flat[ends[there, party, np.newaxis] - np.arange(width, 0, -1)]
        at += width
    return out[:, np.argsort(order.trait)]


def _once(state: TraitState, events: NDArray[np.int64]) -> None:
    """Refuse events that stand twice; Spark has sorted them."""
    before = np.vstack(([state.clock_ms, state.last_seq], events[:-1, :2]))
    if (same := (events[:, :2] == before).all(axis=1)).any():
        seq = int(events[same, 1][0])
        raise DataError(f"the event with the sequence number {seq} stands twice", "Give Spark each event once", WORDS)


def _words(plan: Plan, batch: "pa.RecordBatch") -> NDArray[np.int64]:
    """The words of a batch of events, a row each."""
    column = batch.column(WORDS)
    flat, lengths = column.flatten(), np.diff(column.offsets.to_numpy())
    if column.null_count or flat.null_count or (lengths != plan.event_words).any():
        wrong = next((int(one) for one in lengths if one != plan.event_words), 0)
        raise DataError(
            f"an event has {wrong} words, and the plan reads {plan.event_words}",
            "Write the events by the plan that reads them", WORDS,
        )  # fmt: skip
    return flat.to_numpy().reshape(-1, plan.event_words)  # type: ignore[no-any-return]


def _mixed(keys: NDArray[np.int64], party: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Numbers in which no pattern of the keys is left.

    source  the finaliser of splitmix64, Steele et al., OOPSLA 2014
    """
    x = (keys.view(np.uint64) + party.astype(np.uint64)) * np.uint64(_MIX[0])
    x = (x ^ (x >> np.uint64(30))) * np.uint64(_MIX[1])
    return x ^ (x >> np.uint64(31))


def _batch(schema: str, *columns: Any) -> "pa.RecordBatch":
    import pyarrow as pa

    names = [part.split()[0] for part in schema.split(", ")]
    arrays = [pa.array(np.ascontiguousarray(one)) if isinstance(one, np.ndarray) else one for one in columns]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _binary(values: NDArray[Any], ends: NDArray[np.int64] | None = None) -> "pa.Array[Any]":
    """The bytes of the rows of an array; with `ends`, of parts of it that end there."""
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    if ends is None:
        ends = np.arange(1, len(values) + 1) * (values.nbytes // max(len(values), 1))
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(values)])


def _bytes_of(column: "pa.Array[Any]") -> memoryview:
    """All bytes of a column of binaries, one after the other."""
    _, offsets, data = column.buffers()
    if not len(column) or data is None:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return memoryview(data)[places[0] : places[-1]]
