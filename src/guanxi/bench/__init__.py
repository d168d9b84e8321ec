"""Benches: the house's way to measure, one name each."""

from collections.abc import Callable, Sequence
from pathlib import Path

from guanxi.bench import cockpit, ingest, town
from guanxi.bench.report import Figure, Report, machine, measure
from guanxi.bench.rows import ROWS, Score, read_seeds, run_row
from guanxi.bench.truth import Planted, summary, town_truth
from guanxi.core import NotFound

__all__ = [
    "BENCHES",
    "ROWS",
    "Figure",
    "Planted",
    "Report",
    "Score",
    "cockpit",
    "ingest",
    "machine",
    "measure",
    "read_seeds",
    "run",
    "run_row",
    "summary",
    "town",
    "town_truth",
]


def _assign(data: Path) -> Sequence[Figure]:
    from guanxi.bench import assign  # loads a compiler, which no other command is to wait for

    return assign.run(data)


def _journeys(data: Path) -> Sequence[Figure]:
    from guanxi.bench import journeys

    return journeys.run(data)


def _decide(data: Path) -> Sequence[Figure]:
    from guanxi.bench import decide  # loads the engine of rules, which no other bench needs

    return decide.run(data)


def _ledger(data: Path) -> Sequence[Figure]:
    from guanxi.bench import ledger  # forks processes: it is loaded for its own run only

    return ledger.run(data)


def _send(data: Path) -> Sequence[Figure]:
    from guanxi.bench import send  # as above

    return send.run(data)


def _traits_equal(data: Path) -> Sequence[Figure]:
    from guanxi.bench import traits_equal  # loads a compiler, which no other command is to wait for

    return traits_equal.run(data)


def _traits(data: Path) -> Sequence[Figure]:
    from guanxi.bench import traits  # as above

    return traits.run(data)


def _traits_real(data: Path) -> Sequence[Figure]:
    from guanxi.bench import traits_real  # as above

    return traits_real.run(data)


def _traits_soak(data: Path) -> Sequence[Figure]:
    from guanxi.bench import traits_soak  # as above

    return traits_soak.run(data)


def _traits_spark(data: Path) -> Sequence[Figure]:
    from guanxi.bench import traits_spark  # as above

    return traits_spark.run(data)


#: name -> (what it measures, the bench)
BENCHES: dict[str, tuple[str, Callable[[Path], Sequence[Figure]]]] = {
    "assign": (
        "a million people, twenty offers, caps, a budget and equal treatment: time, and the gap to a bound",
        _assign,
    ),
    "cockpit": ("the first page over ten million events while more come in", cockpit.run),
    "decide": ("decisions per second and time of one: fifty rules, five hundred traits, limits that bind", _decide),
    "ingest": (
        "events by HTTP per second without and with live traits, rows of files per processor second, peak memory",
        ingest.run,
    ),
    "journeys": ("a hundred thousand people on their way, moved on in one tick", _journeys),
    "ledger": (
        "durable transfers per second, time of a single one, a million random requests, kills and races",
        _ledger,
    ),
    "send": (
        "actions per second, and effects that happen twice or never while workers are killed and the network fails",
        _send,
    ),
    "town": ("processor seconds and bytes of the planted economy, each in a fresh process", town.run),
    "traits": ("events per second, time per event, memory and restart at the full risk catalogue", _traits),
    "traits-equal": ("cells in which the executions of the trait catalogue differ", _traits_equal),
    "traits-real": (
        "public data sets by import and replay, checked with SQL; fraud told by traits alone",
        _traits_real,
    ),
    "traits-soak": ("memory and speed over more than two years of events, and what growth costs", _traits_soak),
    "traits-spark": ("traits in which Spark and the replay differ over five million events", _traits_spark),
}


def run(name: str, data: Path) -> Report:
    """Run one bench on the data sets in a folder.

    raises  NotFound when no bench has this name
    """
    if name not in BENCHES:
        raise NotFound(f"no bench is called {name!r}", f"Use one of {', '.join([*BENCHES, *ROWS])}")
    return measure(name, lambda: BENCHES[name][1](data))
