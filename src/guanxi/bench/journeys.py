"""The bench of journeys: how long it takes until everybody whose time is over is where they should be."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from guanxi.bench.report import Figure, at_most, colour
from guanxi.engines.control import Control
from guanxi.plays import EVENTS, Journey, advance, read_journey

PEOPLE: Final = 100_000  # whose time is over
WAITING: Final = 100_000  # more who are on their way and stay where they are
EVENTS_OF: Final = 5  # a hundred people have this many events in the tick
BEGUN_MS: Final = 1_767_240_000_000
DAY_MS: Final = 86_400_000
TEXT: Final = """
zh = "新客培育"
en = "Newcomers"
enter = ["User Registered"]
leave = ["Consent Withdrawn"]
again = "90d"
keep = ["city"]

[[steps]]
name = "hello"
do = "welcome"
wait = "3d"
on = { "Order Completed" = "thanks" }

[[steps]]
name = "remind"
do = "remind"
wait = "7d"
on = { "Order Completed" = "thanks" }

[[steps]]
name = "thanks"
do = "thanks"
wait = "1d"
"""


def run(_data: Path, *, people: int = PEOPLE, waiting: int = WAITING) -> Sequence[Figure]:
    """Let people begin, then, days later, move them on in one tick while others act."""
    journey = read_journey(TEXT, name="newcomers")
    with tempfile.TemporaryDirectory(prefix="guanxi-journeys-") as name:
        control = Control.open(Path(name))
        began = _happened(0, people, "User Registered", BEGUN_MS)
        enter_wall, entered, _ = _tick(control, journey, began, BEGUN_MS)
        later = BEGUN_MS + 2 * DAY_MS
        _tick(control, journey, _happened(people, waiting, "User Registered", later), later)
        buyers = min(people // 100 * EVENTS_OF, people)
        acted = _happened(0, buyers, "Order Completed", BEGUN_MS + 3 * DAY_MS - 1)
        cpu = time.process_time()
        wall, moved, pure = _tick(control, journey, acted, BEGUN_MS + 3 * DAY_MS)
        cpu = time.process_time() - cpu
        idle, none, _ = _tick(control, journey, _happened(0, 0, "", 0), BEGUN_MS + 3 * DAY_MS)
        with control.snapshot() as connection:
            counts = {(one.step, one.state): one.people for one in control.journeys.counts_in(connection)}
        control.close()
    wrong = abs(entered - people) + abs(moved - people) + none
    wrong += abs(counts.get(("thanks", "open"), 0) - buyers) + abs(counts.get(("remind", "open"), 0) - people + buyers)
    return [
        at_most("tick_seconds", wall, "s", 10),
        colour("tick_cpu_seconds", cpu, "s"),
        colour("of_which_deciding", pure, "s"),
        colour("people_moved", moved, "people"),
        colour("people_per_s", moved / wall, "1/s"),
        colour("enter_seconds", enter_wall, "s"),
        colour("idle_tick_ms", idle * 1000, "ms"),
        at_most("wrong", wrong, "people", 0),
    ]


def _tick(control: Control, journey: Journey, events: pl.DataFrame, now_ms: int) -> tuple[float, int, float]:
    """One tick in one transaction; returns its seconds, who moved, and the seconds of deciding alone."""
    begin = time.perf_counter()
    with control.transaction() as connection:
        states = control.journeys.standing_in(
            connection, journey.name, parties=events["party"], now_ms=now_ms, most=10_000_000
        )
        decided = time.perf_counter()
        moves = advance(journey, states, events, now_ms)
        decided = time.perf_counter() - decided
        moved = control.journeys.move_in(connection, journey, moves)
    return time.perf_counter() - begin, moved, decided


def _happened(first: int, many: int, kind: str, at_ms: int) -> pl.DataFrame:
    numbers = pl.Series("n", range(first, first + many), pl.Int64)
    made = pl.DataFrame({"party": "account:app:u" + numbers.cast(pl.String), "seq": numbers + 1})
    made = made.with_columns(at_ms=pl.lit(at_ms, pl.Int64), kind=pl.lit(kind), data=pl.lit('{"city":"杭州"}'))
    return made.select(*EVENTS)
