"""Fifty sliding aggregates over one stream: ours by the sweep, DuckDB, Polars and chDB, each in its own process."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.bench.process import module
from guanxi.bench.report import Figure, at_least, colour
from guanxi.bench.trait_stream import KINDS, stream
from guanxi.core import DataError, RowTable
from guanxi.traits import Aggregate, Measure, Trait, check, length_ms
from guanxi.traits.state import Plan, compile_plan
from guanxi.traits.sweep import sweep

EVENTS: Final = 5_000_000
#: Parties of the traits -> keys of the stream.
KEYS: Final = {"person": "user", "device": "device", "ip": "ip", "card": "card", "address": "address"}
#: Filters: name -> as SQL; "" = every event.
FILTERS: Final = {
    "all": "",
    "large": "amount > 50000",
    "orders": f"kind = {KINDS.index('order')}",
    "logins": f"kind = {KINDS.index('login')}",
}
WARM: Final = 1_000  # events that every engine sees before its clock is started
_ROWS: Final = 4_096  # of the table of events, written at a time


@dataclass(frozen=True, slots=True)
class Sliding:
    """One aggregate: of events that pass a filter, of their amount unless they are counted, over a window."""

    of: str
    aggregate: Aggregate
    window: str


SLIDING: Final = (
    *(Sliding("all", "count", window) for window in ("10m", "1h", "1d", "7d")),
    Sliding("large", "count", "10m"),
    Sliding("logins", "count", "1d"),
    Sliding("all", "sum", "7d"),
    Sliding("orders", "sum", "1h"),
    Sliding("orders", "sum", "7d"),
    Sliding("all", "max", "1d"),
)


def figures(home: Path, *, events: int = EVENTS) -> list[Figure]:
    """Run every engine that is installed on the same file; processor seconds of reading it and of every aggregate.

    home   where the file of events is written and removed again
    """
    path = home / "stream.parquet"
    write_stream(path, events)
    answers = {}
    for name, package in ENGINES.items():
        if find_spec(package) is None:
            sys.stderr.write(f"{name} is left out: the package {package} is not installed\n")
            continue
        answers[name] = msgspec.json.decode(module(__name__, [name, str(path)]).out)
    path.unlink()
    ours = answers["guanxi"]
    found = [
        at_least("ratio_duckdb", answers["duckdb"]["cpu_s"] / ours["cpu_s"], "ratio", 5),
        at_least("ratio_polars", answers["polars"]["cpu_s"] / ours["cpu_s"], "ratio", 1.3),
    ]
    if "chdb" in answers:
        found.append(colour("ratio_chdb", answers["chdb"]["cpu_s"] / ours["cpu_s"], "ratio"))
    equal = all(answer["sums"] == ours["sums"] for answer in answers.values())
    found.append(at_least("checksums_equal", float(equal), "", 1))
    for name, answer in answers.items():
        found += [colour(f"sliding_cpu_s_{name}", answer["cpu_s"], "s"),
                  colour(f"sliding_peak_mb_{name}", answer["peak_mb"], "MB")]  # fmt: skip
    return found


def write_stream(path: Path, events: int) -> None:
    """Write the stream as one Parquet file, its clocks made distinct: the peers' frames cannot order ties."""
    columns = stream(events)
    place = np.arange(events)
    columns["clock_ms"] = np.maximum.accumulate(columns["clock_ms"] - place) + place
    pl.DataFrame(columns).write_parquet(path, compression="uncompressed")


def ours(path: Path, rows: int | None = None) -> list[int]:
    """Sums of every aggregate by the sweep, made party by party, in the order of the events."""
    plan = _plan()
    events = _events(plan, pl.read_parquet(path, n_rows=rows))
    sums: list[int] = []
    out = np.empty((len(events), len(SLIDING)), order="F")
    places = {(row.party, Sliding(row.of, row.aggregate, row.window)): place for place, row in enumerate(plan.traits)}
    for party in KEYS:
        wanted = [places[party, one] for one in SLIDING]
        sums += _whole_sums(sweep(plan, events, traits=wanted, out=out))
    return sums


def by_duckdb(path: Path, rows: int | None = None) -> list[int]:
    """Sums by RANGE frames, one statement a key."""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")  # it draws on stdout
        source = _source(f"read_parquet('{path}')", rows)
        found = [connection.execute(_statement(key, source)).fetchone() or () for key in KEYS.values()]
    return [int(value or 0) for row in found for value in row]


def by_chdb(path: Path, rows: int | None = None) -> list[int]:
    """Sums by RANGE frames of ClickHouse; offsets must fit 32 bits, as these do."""
    chdb = import_module("chdb")
    source = _source(f"file('{path}', Parquet)", rows)
    found = [chdb.query(_statement(key, source), "TabSeparated").bytes() for key in KEYS.values()]
    return [int(value) for row in found for value in row.split()]


def by_polars(path: Path, rows: int | None = None) -> list[int]:
    """Sums by `rolling`, one call for each key and window."""
    frame = pl.read_parquet(path, n_rows=rows)
    sums: list[int] = []
    for key in KEYS.values():
        ordered = frame.select("clock_ms", "amount", "kind", key).sort(key, "clock_ms")
        found: dict[Sliding, int] = {}
        for window in {one.window for one in SLIDING}:
            mine = {str(place): one for place, one in enumerate(SLIDING) if one.window == window}
            rolled = ordered.rolling(
                "clock_ms", period=f"{length_ms(window)}i", closed="left", group_by=key
            ).agg(_polars(one).alias(name) for name, one in mine.items())  # fmt: skip
            found |= {one: int(rolled[name].sum()) for name, one in mine.items()}
        sums += [found[one] for one in SLIDING]
    return sums


ENGINES: Final = {"guanxi": "numba", "duckdb": "duckdb", "polars": "polars", "chdb": "chdb"}
_RUNS: Final[dict[str, Callable[[Path, int | None], list[int]]]] = {
    "guanxi": ours, "duckdb": by_duckdb, "polars": by_polars, "chdb": by_chdb,
}  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run one engine on a file; write its sums, and what they cost once it was warm, to stdout as JSON."""
    name, path = arguments[0], Path(arguments[1])
    run = _RUNS[name]
    run(path, WARM)
    begin, wall = time.process_time(), time.monotonic()
    sums = run(path, None)
    answer = {
        "cpu_s": time.process_time() - begin,
        "wall_s": time.monotonic() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "sums": sums,
    }
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def _plan() -> Plan:
    """The aggregates as traits of every party."""
    measures = RowTable(
        [Measure(name=name, value="amount", unit="money", zh=name, en=name) for name in FILTERS], noun="measure"
    )
    rows = [
        Trait(name="", party=party, of=one.of, aggregate=one.aggregate, window=one.window, topic="velocity",
              uses=("risk",), zh="", en="", why_zh="", why_en="")
        for party in KEYS for one in SLIDING
    ]  # fmt: skip
    return compile_plan((check(row, measures) for row in rows), measures)


def _events(plan: Plan, frame: pl.DataFrame) -> NDArray[np.int64]:
    """The events as the plan lays them out."""
    bits = np.zeros(len(frame), np.int64)
    for place, measure in enumerate(plan.measures):
        holds = FILTERS[measure.name]
        bits |= (frame.select(pl.sql_expr(holds)).to_series().to_numpy() if holds else True) * np.int64(1 << place)
    keys = [frame[KEYS[party]].to_numpy() for party in plan.parties]
    columns: list[Any] = [
        frame["clock_ms"].to_numpy(),
        frame["seq"].to_numpy(),
        1,
        bits,
        frame["amount"].to_numpy(),
        *keys,
    ]
    events = np.empty((len(frame), plan.event_words), np.int64)
    for first in range(0, len(events), _ROWS):  # a few rows at a time stay in the processor's cache
        some = slice(first, first + _ROWS)
        for place, column in enumerate(columns):
            events[some, place] = column if isinstance(column, int) else column[some]
    return events


def _whole_sums(table: NDArray[np.float64]) -> list[int]:
    """Sums of columns of whole numbers, unknown ones left out.

    raises  DataError when a sum is too large to be exact
    """
    sums = table.sum(axis=0)
    for place in np.flatnonzero(np.isnan(sums)):
        sums[place] = np.nansum(table[:, place])
    if (np.abs(sums) >= 2.0**53).any():
        raise DataError("a sum is too large for a double", "Use fewer events")
    return [int(one) for one in sums]


def _source(name: str, rows: int | None) -> str:
    return name if rows is None else f"(select * from {name} limit {rows})"


def _statement(key: str, source: str) -> str:
    """One SELECT with the sums of every aggregate by one key, in the words that DuckDB and ClickHouse share."""
    columns = []
    for place, one in enumerate(SLIDING):
        call = "count(*)" if one.aggregate == "count" else f"{one.aggregate}(amount)"
        holds = f" filter (where {FILTERS[one.of]})" if FILTERS[one.of] else ""
        columns.append(f"{call}{holds} over (partition by {key} order by clock_ms range between "
                       f"{length_ms(one.window)} preceding and 1 preceding) as t{place}")  # fmt: skip
    sums = ", ".join(f"sum(t{place})" for place in range(len(SLIDING)))
    return f"select {sums} from (select {', '.join(columns)} from {source})"


def _polars(one: Sliding) -> pl.Expr:
    holds = FILTERS[one.of]
    if one.aggregate == "count":
        return pl.sql_expr(holds).cast(pl.Int64).sum() if holds else pl.len().cast(pl.Int64)
    value = pl.when(pl.sql_expr(holds)).then("amount").otherwise(0) if holds else pl.col("amount")
    return value.sum() if one.aggregate == "sum" else value.max()


if __name__ == "__main__":
    main(sys.argv[1:])
