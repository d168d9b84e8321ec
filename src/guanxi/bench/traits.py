"""Traits at the full risk catalogue: events per second, time per event, memory, restart and compilation."""

import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from guanxi.bench import traits_peers
from guanxi.bench.process import Run, module
from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.bench.trait_stream import KINDS, stream
from guanxi.core import DAY_MS
from guanxi.engines.trait_store import TraitStore
from guanxi.events import Event
from guanxi.traits import Trait, measures, traits
from guanxi.traits.state import Plan, TraitState, compile_plan
from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants

EVENTS: Final = 5_000_000
SINGLE: Final = 20_000  # events taken one at a time, after all the others
WHOLE: Final = 300_000  # events at most that are taken with the whole catalogue
BUSY: Final = 2_000  # events of each of two people who turn out to be one
TAIL: Final = 20_000  # events that a restart finds behind the snapshot
DAYS: Final = 14.0
_CHUNK: Final = 200_000
_ITEMS: Final = 40  # of a merchant
_WORDS: Final = 30  # names that a property takes
_CHINA_MS: Final = 28_800_000

#: What an event of each kind of the stream is in the catalogue, and what it says beside its parties.
FORMS: Final[dict[str, tuple[str, tuple[str, ...], dict[str, Any]]]] = {
    "view": ("Product Viewed", ("device", "ip", "shop", "item"), {"category": "c", "brand": "b", "dwell_s": "3.5"}),
    "cart": ("Product Added", ("device", "ip", "shop", "item"), {"category": "c", "brand": "b", "quantity": 1}),
    "order": ("Order Created", ("device", "ip", "card", "address", "shop"), {"channel": "h", "traffic_source": "t"}),
    "login": ("Signed In", ("device", "ip", "shop"), {"method": "m", "city": "c", "os_version": "o", "model": "d"}),
    "refund": ("Order Refunded", ("device", "ip", "card", "shop", "item"), {"reason": "r", "quantity": 1}),
    "chat": ("Message Sent", ("shop",), {"channel": "h"}),
}
_ROLES: Final = {"actor": "user", "shop": "merchant"}  # role -> column of the stream, where they differ


def run(data: Path, *, events: int = EVENTS) -> Sequence[Figure]:
    """Measure all figures over so many events.

    data  unused: the stream is made
    """
    plan = plan_for("risk")
    parts = Stream(plan, events + SINGLE + TAIL)
    state = TraitState(plan)
    speed = bulk(state, parts, events)
    one = [*singles(state, parts, events), *rebuilds(state, parts, events + SINGLE)]
    live, size = sum(state.keys.values()), state.bytes
    with TemporaryDirectory(prefix="guanxi-bench-") as home:
        saved = save(state, parts, Path(home), events)
        del state  # the fresh process needs the room
        figures = [*speed, *one, *saved, *restarts(Path(home)), *compiles(Path(home)), *whole(min(events, WHOLE))]
        figures += traits_peers.figures(Path(home), events=events)
    return [
        *figures, at_most("bytes_per_key", size / live, "bytes", 2_000), colour("keys", live, "parties"),
        colour("state_mb", size / 2**20, "MB"),
        at_least("rows_profile", len(rows_for("profile")), "rows", 200),
        at_least("rows_risk", len(rows_for("risk")), "rows", 500),
    ]  # fmt: skip


def whole(events: int) -> list[Figure]:
    """The same with every row of the catalogue, risk and profile, and fewer events."""
    plan = plan_for("")
    figure, _ = bulk(TraitState(plan), Stream(plan, events), events)
    return [colour("whole_events_per_s", figure.value, figure.unit), colour("whole_rows", len(plan.traits), "rows")]


def bulk(state: TraitState, parts: "Stream", events: int) -> list[Figure]:
    """Feed events and read what each of them saw; making the stream is not counted."""
    state.feed(np.zeros((0, state.plan.event_words), np.int64), read=True)  # loads the compiled code
    out_of, done = 0.0, 0
    for part in parts.rows(0, events):
        begin = time.process_time()
        for at in range(0, len(part), 500):  # what they saw stays in the processor's cache, as a model would read it
            state.feed(part[at : at + 500], read=True)
        out_of += time.process_time() - begin
        done += len(part)
    return [
        at_least("bulk_events_per_s", done / out_of, "events per processor second", 60_000),
        colour("bulk_events", done, "events"),
    ]


def singles(state: TraitState, parts: "Stream", first: int) -> list[Figure]:
    """Time of one event from the checked event to its traits: intake, reading and writing."""
    plan, took = state.plan, []
    shown = [_template(kind) for kind in KINDS]
    for part in parts.rows(first, first + SINGLE):
        kinds = parts.columns["kind"][first : first + len(part)]
        for event, kind in zip(part, kinds, strict=True):
            begin = time.perf_counter_ns()
            plan.events(plan.intake.rows((shown[kind],)))
            state.step(event)
            took.append(time.perf_counter_ns() - begin)
        first += len(part)
    low, high, most = (float(one) for one in np.percentile(took, (50, 99, 99.9)) / 1_000)
    return [
        colour("one_p50_us", low, "microseconds"), at_most("one_p99_us", high, "microseconds", 150),
        colour("one_p999_us", most, "microseconds"),
    ]  # fmt: skip


def rebuilds(state: TraitState, parts: "Stream", taken: int) -> list[Figure]:
    """Two busy people become one: all that they ever did is entered anew."""
    user = parts.columns["user"][:taken]
    keys, counts = np.unique(user, return_counts=True)
    pair = keys[np.argsort(np.abs(counts - BUSY))[:2]].tolist()
    events = parts.at(np.flatnonzero(np.isin(user, pair)))
    plan = state.plan
    events[:, plan.event_words - len(plan.parties) + plan.parties.index("person")] = pair[0]
    took = []
    for _ in range(3):  # the first one loads the compiled code
        begin = time.perf_counter()
        state.rebuild("person", pair, events)
        took.append(time.perf_counter() - begin)
    return [colour("rebuild_ms", min(took) * 1_000, "ms"), colour("rebuild_events", len(events), "events")]


def save(state: TraitState, parts: "Stream", home: Path, first: int) -> list[Figure]:
    """Store a snapshot, and beside it the tail of the log that a restart will find behind it."""
    begin = time.monotonic()
    TraitStore(home).save(state)
    saved = time.monotonic() - begin
    tail = next(parts.rows(first + SINGLE, len(parts)))
    np.save(home / "tail.npy", tail)
    size = (home / "hot.traits").stat().st_size
    return [colour("snapshot_s", saved, "s"), colour("snapshot_mb", size / 2**20, "MB")]


def restarts(home: Path) -> list[Figure]:
    """A fresh process that takes up the snapshot and the tail of the log, until it answers."""
    again = _process("restart", home)
    return [at_most("restart_s", again.wall, "s", 15), colour("restart_cpu_s", again.cpu, "s")]


def compiles(home: Path) -> list[Figure]:
    """A fresh process until its first event is taken, without and with the compiled code in the cache."""
    made = {"NUMBA_CACHE_DIR": str(home / "numba")}
    cold, warm = (module("guanxi.bench.traits", ["first"], environment=made).wall for _ in range(2))
    return [colour("compile_cold_s", cold, "s"), colour("compile_warm_s", warm, "s")]


@cache
def plan_for(use: str) -> Plan:
    """Return the plan of all rows for a use, "" = of the whole catalogue."""
    return compile_plan(rows_for(use), measures())


def rows_for(use: str) -> list[Trait]:
    """Return the rows of the catalogue for a use."""
    rows = traits()
    return [rows[name] for name in rows if not use or use in rows[name].uses]


class Stream:
    """The bench's stream as events of the catalogue.

    columns  those of `trait_stream.stream`
    """

    def __init__(self, plan: Plan, events: int, *, days: float = DAYS, seed: int = 7) -> None:
        self.plan, self.columns = plan, stream(events, days=days, seed=seed)
        self._forms = plan.intake.rows([_template(kind) for kind in KINDS])

    def __len__(self) -> int:
        return len(self.columns["seq"])

    def rows(self, first: int, end: int) -> Iterator[NDArray[np.int64]]:
        """Yield the events of a range, as the state takes them, a chunk at a time."""
        for at in range(first, end, _CHUNK):
            yield self.at(slice(at, min(at + _CHUNK, end)))

    def at(self, part: slice | NDArray[np.intp]) -> NDArray[np.int64]:
        """Return some events, by their places."""
        plan, kind = self.plan, self.columns["kind"][part]
        events: NDArray[np.int64] = plan.events(self._forms)[kind.astype(np.intp)]
        clock = self.columns["clock_ms"][part]
        events[:, L.E_CLOCK], events[:, L.E_SEQ] = clock, self.columns["seq"][part]
        values = L.E_BITS + plan.bit_words
        for place, (source, scale, sign) in enumerate(plan.values):
            amount = self.columns["amount"][part]
            amount = amount if source == "amount" else amount % 100 * scale
            there = (events[:, L.E_PRESENT] >> place) & 1 == 1
            events[:, values + place] = np.where(there, amount * sign, 0)
        codes = values + len(plan.values)
        for place, code in enumerate(plan.codes):
            there = events[:, codes + place] != 0
            if there.any():
                events[:, codes + place] = np.where(there, self._names(code, part, clock), 0)
        keys = codes + len(plan.codes)
        for place, row in enumerate(plan.intake.parties):
            there = events[:, keys + place] != 0
            if there.any():
                events[:, keys + place] = np.where(there, self._party(row.role, part), 0)
        return events

    def _names(self, code: str, part: slice | NDArray[np.intp], clock: NDArray[np.int64]) -> NDArray[np.int64]:
        hours = (clock + _CHINA_MS) // 3_600_000
        plain = {"day": hours // 24, "hour": hours % 24 + 1, "weekday": hours // 24 % 7 + 1}
        if code in plain:
            return plain[code]
        if code.startswith("role."):
            return self._party(code.removeprefix("role."), part)
        chosen: NDArray[np.int64] = (self.columns["seq"][part] * 2_654_435_761 >> 7) % _WORDS + 1
        return chosen * 0x2545F4914F6CDD

    def _party(self, role: str, part: slice | NDArray[np.intp]) -> NDArray[np.int64]:
        if role == "item":
            place = self.columns["seq"][part] * 40_503 % _ITEMS
            item: NDArray[np.int64] = (self.columns["merchant"][part] ^ place << 50) | 1
            return item
        found: NDArray[np.int64] = self.columns[_ROLES.get(role, role)][part]
        return found


def _template(kind: str) -> Event:
    """One event of a kind of the stream, as the catalogue has it."""
    name, roles, properties = FORMS[kind]
    return Event(
        id="0" * 32, kind=name, at_ms=20 * DAY_MS, received_ms=20 * DAY_MS, seq=1, live=True, platform="taobao",
        amount=19_900, currency="CNY", properties=properties,
        roles={"actor": "account:taobao:a1", **{role: f"{role}:taobao:x1" for role in roles}},
    )  # fmt: skip


def _process(verb: str, home: Path) -> Run:
    return module("guanxi.bench.traits", [verb, str(home)])


def _main(verb: str, *rest: str) -> None:
    if verb == "restart":
        home, plan = Path(rest[0]), plan_for("risk")
        state = TraitStore(home).load(plan) or TraitState(plan)
        tail = np.load(home / "tail.npy")
        state.feed(tail[tail[:, L.E_SEQ] > state.last_seq], read=True)
    elif verb == "first":
        parts = Stream(plan_for("risk"), 1)
        TraitState(plan_for("risk")).feed(next(parts.rows(0, 1)), read=True)
    else:
        figures = run(Path(), events=int(rest[0]))
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(figures)).decode() + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
