"""Soak: a long stream through the windows of the risk catalogue; memory stays level, speed stays, growth is linear."""

import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.bench.trait_stream import POOLS, stream
from guanxi.bench.traits import Stream, plan_for, rows_for
from guanxi.core import DAY_MS
from guanxi.traits import measures
from guanxi.traits.state import Plan, TraitState, compile_plan

EVENTS: Final = 6_000_000  # of a bare run, ten minutes at most; as a module it takes a number, say 50000000
DAYS: Final = 1_000  # 33 windows; half is 400 days that a silent party is remembered, and a search for such
WINDOW: Final = 30
PER_USER: Final = 500  # events for one user: the quietest is met some 20 times in a quarter of the stream
GROWTH: Final = 100_000  # events of the smaller side of each comparison
TOLERANCE: Final = 1.15  # of what is to be linear
_GROWTH_DAYS: Final = 40
_TRIES: Final = 3  # of a short run; the quickest counts, for the others were disturbed
_AT_ONCE: Final = 500  # what they saw stays in the processor's cache, as a model would read it

#: Columns of `trait_stream.stream`.
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What stood at the end of one day of the stream.

    cpu_s     processor seconds to read and take the day's events; making them is not counted
    resident  bytes of the whole process in memory
    state     bytes of the state that were ever written
    """

    events: int
    cpu_s: float
    resident: int
    state: int


def run(data: Path, *, events: int = EVENTS, growth: int = GROWTH) -> Sequence[Figure]:
    """Measure all figures.

    data    unused: the stream is made
    events  of the soak
    growth  of the smaller side of each comparison
    """
    del data
    return [*soak(events), *costs(growth)]


def soak(events: int, *, days: int = DAYS) -> list[Figure]:
    """Take a stream of so many events from a universe that stays the same, in one process."""
    state = TraitState(plan_for("risk"))
    seen = list(taken(state, day_by_day(events, days=days)))
    return [
        *level(seen), colour("events", sum(day.events for day in seen), "events"), colour("days", len(seen), "days"),
        colour("keys", sum(state.keys.values()), "parties"), colour("ring_events", state.events, "events"),
        colour("state_mb", state.bytes / 2**20, "MB"), colour("cpu_s", sum(day.cpu_s for day in seen), "s"),
    ]  # fmt: skip


def day_by_day(events: int, *, days: int = DAYS, users: int | None = None, seed: int = 7) -> Iterator[Columns]:
    """Yield a stream one day after the other; who is busy stays busy, and everybody returns.

    events  of all days, some more on the last one when they do not divide
    users   people there are, other parties in proportion; None = one for PER_USER events
    """
    users = users or max(events // PER_USER, 1)
    pools = {name: max(pool * users // POOLS["user"], 1) for name, pool in POOLS.items()}
    ranks = np.random.default_rng(seed).permutation(users)
    each = events // days
    for day in range(days):
        count = each if day < days - 1 else events - each * day
        columns = stream(count, seed=seed * 100_000 + day, days=1.0, pools=pools, ranks=ranks)
        columns["clock_ms"] += day * DAY_MS
        columns["seq"] += each * day
        yield columns


def taken(state: TraitState, days: Iterable[Columns]) -> Iterator[Day]:
    """Feed the state, read what each event saw, and yield what stood at the end of each day."""
    parts = Stream(state.plan, 1)
    state.feed(np.zeros((0, state.plan.event_words), np.int64), read=True)  # loads the compiled code
    for columns in days:
        parts.columns = columns
        events = parts.at(slice(None))
        begin = time.process_time()
        for at in range(0, len(events), _AT_ONCE):
            state.feed(events[at : at + _AT_ONCE], read=True)
        cpu = time.process_time() - begin
        yield Day(events=len(events), cpu_s=cpu, resident=resident(), state=state.bytes)


def level(days: Sequence[Day]) -> list[Figure]:
    """Tell whether memory and speed stayed level over the last half of the days.

    A party's days are kept one by one for a year and read with every event of it, so the state fills, and an event
    takes longer, until the first half is over; what goes on afterwards never ends.

    rss_growth_last_half         most of the last half over the end of the first half, less 1
    state_growth_last_half       the same of the state alone, not diluted by code and libraries; no bar
    throughput_end_over_start    the last window's length over the first one of the last half
    throughput_end_over_filling  the same over the first one that began with a full window; no bar
    """
    half = len(days) // 2
    late, window = days[half:], min(WINDOW, len(days) // 4)
    spans = {"filling": days[window : 2 * window], "start": late[:window], "end": late[-window:]}
    speeds = {name: sum(day.events for day in span) / sum(day.cpu_s for day in span) for name, span in spans.items()}
    plateau = max(day.resident for day in late)
    grown = max(day.state for day in late) / days[half - 1].state - 1
    return [
        colour("rss_plateau_mb", plateau / 2**20, "MB"),
        at_most("rss_growth_last_half", plateau / days[half - 1].resident - 1, "share", 0.05),
        colour("state_growth_last_half", grown, "share"),
        at_least("throughput_end_over_start", speeds["end"] / speeds["start"], "times", 0.9),
        colour("throughput_end_over_filling", speeds["end"] / speeds["filling"], "times"),
        *(colour(f"throughput_{name}", speed, "events per processor second") for name, speed in speeds.items()),
    ]


def costs(events: int) -> list[Figure]:
    """Time and memory for ten times the events, of the same parties or of ten times as many, and for twice the traits.

    growth_X_time, growth_X_memory   what X costs over what it would cost if it were linear: 1 is linear, less is better
    event_us_X, event_bytes_X        processor time and state of one event on each side

    Ten times the parties have a bar of memory only: their time tells how far a larger state lies from the processor.
    Twice the traits are the catalogue beside every other row of it, for risk alone has simpler rows.
    """
    risk, whole = plan_for("risk"), plan_for("")
    half = compile_plan(rows_for("")[::2], measures())
    users = max(events // PER_USER, 1)
    sides = {
        "risk": _cost(risk, events, users), "events_x10": _cost(risk, 10 * events, users),
        "parties_x10": _cost(risk, 10 * events, 10 * users),
        "half": _cost(half, events, users), "whole": _cost(whole, events, users),
    }  # fmt: skip
    rows = len(whole.traits) / len(half.traits)
    events_time, events_memory = _ratio(sides["risk"], sides["events_x10"])
    parties_time, parties_memory = _ratio(sides["risk"], sides["parties_x10"])
    traits_time, traits_memory = _ratio(sides["half"], sides["whole"])
    return [
        at_most("growth_events_time", events_time, "times", TOLERANCE),
        at_most("growth_events_memory", events_memory, "times", TOLERANCE),
        colour("growth_parties_time", parties_time, "times"),
        at_most("growth_parties_memory", parties_memory, "times", TOLERANCE),
        at_most("growth_traits_time", traits_time / rows, "times", TOLERANCE),
        at_most("growth_traits_memory", traits_memory / rows, "times", TOLERANCE),
        *(colour(f"event_us_{name}", microseconds, "microseconds") for name, (microseconds, _) in sides.items()),
        *(colour(f"event_bytes_{name}", size, "bytes") for name, (_, size) in sides.items()),
    ]


def resident() -> int:
    """Return the bytes of this process in memory; where the system does not tell, the most there ever were."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _cost(plan: Plan, events: int, users: int) -> tuple[float, float]:
    """Processor microseconds and bytes of state for each event of a stream."""
    tries = _TRIES if events <= GROWTH else 1
    runs = [list(taken(TraitState(plan), day_by_day(events, days=_GROWTH_DAYS, users=users))) for _ in range(tries)]
    return min(sum(day.cpu_s for day in one) for one in runs) / events * 1e6, runs[0][-1].state / events


def _ratio(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return other[0] / one[0], other[1] / one[1]


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(run(Path(), events=int(sys.argv[1])))).decode() + "\n")
