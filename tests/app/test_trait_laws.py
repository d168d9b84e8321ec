"""Laws of traits over the whole path: whatever comes into a real log, and however, every execution says the same."""

import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.app import Gate, Workspace, care, live_traits, seal_now
from guanxi.app.live_events import EventAnswer
from guanxi.app.live_traits import LiveTraits
from guanxi.app.trait_replay import Replay, values_of
from guanxi.app.trait_table import table
from guanxi.bench.traits_equal import differs
from guanxi.engines import log
from guanxi.engines.erasure import erase_all
from guanxi.engines.lake import Stream
from guanxi.engines.trait_store import SUFFIX
from guanxi.events import Event, RawEvent, event_id, table_name
from guanxi.traits import Batch, measures, prepared_query, trait_queries, traits
from guanxi.traits.sql_prepared import KNOWN_PARTY, one_query
from guanxi.traits.state import TraitState
from guanxi.traits.sweep import sweep

START = 1_790_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WHO = ("account:app:a", "account:app:b", "account:jd:c", "phone::+8613800000000", "account:app~masked:a**")
THINGS = {"device": ("device::1", "device::2"), "ip": ("ip::192.0.2.1", "ip::192.0.2.2"), "card": ("card::41", "")}
ASKED = [("person", ref) for ref in WHO[:3]] + [("account", ref) for ref in WHO[:3]]
ASKED += [(party, ref) for party in ("device", "ip") for ref in THINGS[party]]
KINDS = ("Order Created", "Order Completed", "Payment Failed", "Payment Completed", "Signed In", "Sign In Failed",
         "Order Refunded", "Message Sent")  # fmt: skip
#: What passes between two steps: nothing, so that events tie; the very ends of windows; the end of a life.
PAUSES = (0, 0, 1, 1_000, 10 * MINUTE - 1, 10 * MINUTE, HOUR, HOUR + 1, DAY, 29 * DAY, 30 * DAY, 90 * DAY, 401 * DAY)


@st.composite
def raws(draw: st.DrawFn, number: int) -> RawEvent:
    kind = draw(st.sampled_from(KINDS))
    roles = {"actor": draw(st.sampled_from(WHO))}
    roles |= {role: ref for role, some in THINGS.items() if (ref := draw(st.sampled_from(some)))}
    amount = draw(st.sampled_from([None, "0.01", "19.90", "300.00"])) if kind.startswith(("Order", "Payment")) else None
    refs = {"order": f"o{draw(st.integers(0, 3))}"} if kind.startswith("Order") else {}
    return RawEvent(kind=kind, namespace="laws", message_id=str(number), roles=roles, platform="app", amount=amount,
                    refs=refs)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Steps, each (once everything is in?, (what, pause before it, more))."""
    steps: list[tuple[Any, ...]] = []
    number = 0
    words = ("live", "live", "live", "late", "late", "restate", "merge", "merge", "split", "erase", "restart", "seal",
             "see")  # fmt: skip
    for word in draw(st.lists(st.sampled_from(words), min_size=2, max_size=14)):
        pause = draw(st.sampled_from(PAUSES))
        if word in ("live", "late", "restate", "see"):
            count = 1 if word == "see" else draw(st.integers(1, 4))
            events = [draw(raws(number + place)) for place in range(count)]
            number += count
            back = draw(st.sampled_from((*PAUSES, -2 * MINUTE)))
            steps.append((word, pause, events, back, draw(st.integers(0, max(number - 1, 0)))))
        elif word in ("merge", "split"):
            steps.append((word, pause, *draw(st.permutations(WHO[:3]))[:2]))
        else:
            steps.append((word, pause, draw(st.integers(0, 2)), draw(st.booleans())))
    return [(draw(st.booleans()), step) for step in steps]


class Shop:
    """A workspace that a gate with live traits serves, and the clock of the world."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.now, self.said = Workspace.open(folder), START, 0
        self.older: bytes | None = None  # a snapshot of before

    @property
    def live(self) -> LiveTraits:
        assert self.gate.traits is not None
        return self.gate.traits

    async def open(self) -> None:
        self.gate = Gate(self.workspace)
        await self.gate.start()

    async def restart(self, how: int) -> None:
        """With the newest snapshot, with one of before, or without."""
        await self.gate.close()
        kept = self.workspace.folder / live_traits.FOLDER / f"hot{SUFFIX}"
        newest = kept.read_bytes() if kept.exists() else None
        if how == 1 and self.older is not None:
            kept.write_bytes(self.older)
        elif how == 2:
            kept.unlink(missing_ok=True)
        self.older = newest
        await self.open()

    async def settle(self) -> None:
        give_up = time.monotonic() + 120  # a first run compiles
        while not self.live.is_ready or (await asyncio.to_thread(self.live.read, "device", "device::1")).behind:
            assert time.monotonic() < give_up, self.live.trouble
            await asyncio.sleep(0.002)

    async def send(self, raws: list[RawEvent]) -> None:
        done = await self.gate.ingest(raws, trust="server", source="laws")
        assert (done.parked, done.refused) == (0, ())

    async def say(self, operation: str, one: str, other: str) -> None:
        self.said += 1
        properties = {"operation": operation, "method": "operator", "confidence": 1, "reason": "test"}
        await self.send([RawEvent(kind="Party Resolved", namespace="laws", message_id=f"said{self.said}",
                                  roles={"actor": one, "object": other}, properties=properties)])  # fmt: skip

    async def erase(self, ref: str, served: bool) -> None:
        """While the gate serves, or between two of them."""
        loop, vault = asyncio.get_running_loop(), self.workspace.vault
        vault.erasures.add((ref,), reason="asked")
        if not served:
            await self.gate.close()
            await asyncio.to_thread(care.carry_out, self.workspace)
            self.workspace.reopen()
            await self.open()
            return

        def append(events: Any) -> object:
            return asyncio.run_coroutine_threadsafe(self.gate.append(events), loop).result()

        await asyncio.to_thread(erase_all, self.workspace.folder, self.workspace.catalogue, vault, append=append)
        self.workspace.reopen()

    async def see(self, raw: RawEvent) -> None:
        """What an event would see is what it sees when it comes."""
        await self.settle()
        event = self.gate.look(raw, trust="server", source="laws")
        answer = await asyncio.to_thread(self.live.see, event)
        await self.send([raw])
        await self.settle()
        compare_seen(self.workspace, event, answer)

    async def step(self, word: str, pause: int, *more: Any) -> None:
        self.now += pause
        if word in ("live", "late", "restate"):
            events, back, other = more
            if word == "late":
                at = {"at": self.now - back, "historical": True}
                events = [RawEvent(**{**_fields(raw), **at}) for raw in events]
            if word == "restate":
                refs = {"supersedes": event_id("laws", str(other))}
                events = [RawEvent(**{**_fields(raw), "refs": {**raw.refs, **refs}}) for raw in events]
            await self.send(events)
        elif word == "see":
            await self.see(more[0][0])
        elif word in ("merge", "split"):
            await self.say(word, *more)
        elif word == "erase":
            await self.erase(WHO[more[0]], more[1])
        elif word == "seal":
            await asyncio.to_thread(seal_now, self.workspace, hot=True)
        else:
            await self.restart(more[0])

    def check(self) -> None:
        """The gate's state is that of a fresh replay, and so is every answer."""
        standing = self.live._standing
        assert standing is not None
        state, plan = standing.state, standing.kept.plan
        with Replay(self.workspace, plan.traits, until=self.now + 1, whole=True, plan=plan) as replay:
            fresh = replay.run()
        assert (state.clock_ms, state.last_seq) == (fresh.clock_ms, fresh.last_seq)
        assert state.digest() == fresh.digest()
        self.now += 1  # as of an instant nothing of that instant is in
        rows = list(standing.kept.rows.values())
        refs = list(dict.fromkeys(ref for _, ref in ASKED))
        values, _ = values_of(self.workspace, refs, rows, until=self.now)
        for party, ref in ASKED:
            found = self.live.read(party, ref)
            assert found.as_of_ms == self.now
            for row, value in zip(rows, values[refs.index(ref)], strict=True):
                if row.party == party:
                    mine = found.values[row.name]
                    told = np.array([np.nan if mine is None else mine])
                    assert not differs(row, told, np.array([value * row.factor])).any(), (ref, row.name, mine, value)


def check_executions(workspace: Workspace, dice: random.Random, until: int) -> None:
    """What every event saw is the same by the state, by the sweep and by SQL over the log's own columns."""
    rows = [dice.choice(some) for some in EACH]
    with Replay(workspace, rows, until=until, whole=True) as replay:
        parts = [(batch, stretch) for batch, stretch in replay.batches()]
        plan, known = replay.plan, list(replay.mapping.items())
    if not parts:
        return
    batch, tables = Batch.join([one for one, _ in parts]), dict[str, list[pl.DataFrame]]()
    for _, stretch in parts:
        for one in stretch:
            tables.setdefault(one.kind, []).append(one.frame)
    words = plan.events(batch)
    seen = TraitState(plan).feed(words, read=True)
    assert seen is not None
    swept = sweep(plan, words)
    for place, row in enumerate(plan.traits):
        assert not differs(row, seen[:, place], swept[:, place]).any(), ("sweep", row.name)
    with duckdb.connect() as connection:
        people = pl.DataFrame(known, {"ref": pl.String, "person": pl.String}, orient="row").with_columns(seq=pl.lit(0))
        connection.register(KNOWN_PARTY, Stream(people))
        for kind, frames in tables.items():
            connection.register(table_name(kind), Stream(pl.concat(frames, how="diagonal")))
        text = prepared_query(plan.traits, measures(), tables, resolved=True)
        at = {row.name: place for place, row in enumerate(plan.traits)}
        for query in trait_queries(rows, measures(), plan=plan.traits):
            got = pl.DataFrame(connection.sql(one_query(query, text)))
            found = batch.seq.argsort()[np.searchsorted(np.sort(batch.seq), got["seq"])]
            for name in query.traits:
                row, column = traits()[name], got[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
                assert not differs(row, seen[found, at[name]], column).any(), ("sql", name)
            party = plan.parties.index(query.party)
            assert len(found) == np.count_nonzero(batch.parties[:, party]), ("sql", query.party)


#: Rows of each aggregate of each plan, but names: SQL gives their text.
EACH = [
    [row for row in traits().values() if (row.aggregate, row.plan) == kind and row.party in dict(ASKED)]
    for kind in sorted({(row.aggregate, row.plan) for row in traits().values()
                        if row.plan != "ties" and row.aggregate != "top" and row.party in dict(ASKED)})
]  # fmt: skip


def _fields(raw: RawEvent) -> dict[str, Any]:
    return {name: getattr(raw, name) for name in raw.__struct_fields__}


def compare_seen(workspace: Workspace, event: Event, answer: EventAnswer) -> None:
    names = [name for name in answer.values if traits()[name].party in answer.parties]
    if not names:
        return
    frames = list(table(workspace, event.kind, names, cut_off=answer.as_of_ms + 1, since=answer.as_of_ms))
    row = pl.concat(frames).filter(pl.col("event") == event.id).row(0, named=True)
    for name in names:
        one, other = (np.nan if value is None else float(value) for value in (answer.values[name], row[name]))
        assert not differs(traits()[name], np.array([one]), np.array([other])).any(), (name, one, other)


async def run(folder: Path, steps: list[tuple[Any, ...]], seed: int, clock: Callable[[Shop], None]) -> None:
    shop = Shop(folder)
    clock(shop)
    with shop.workspace:
        await shop.open()
        try:
            for calm, step in steps:
                if calm:
                    await shop.settle()
                await shop.step(*step)
            await shop.settle()
            await asyncio.to_thread(shop.check)
            if seed % 3 == 0:  # SQL takes longer than all else
                await asyncio.to_thread(check_executions, shop.workspace, random.Random(seed), shop.now)
        finally:
            await shop.gate.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to be copied: making one takes longer than most histories."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("empty") / "ws")
    made.close()
    (made.folder / "guanxi.toml").write_text('[traits]\nlive = true\nuses = ["risk", "profile"]\n', "utf-8")
    return made.folder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Shop], None]:
    """Everything that asks for the time is told that of the shop."""
    monkeypatch.setattr(live_traits, "PAUSE_S", 0.0)
    monkeypatch.setattr(live_traits, "EVERY_S", 0.005)
    real = log.now_ms
    asking = [one for one in list(sys.modules.values()) if getattr(one, "now_ms", None) is real]

    def of(shop: Shop) -> None:
        for module in asking:
            monkeypatch.setattr(module, "now_ms", lambda: shop.now)

    return of


def order(number: int) -> RawEvent:
    roles = {"actor": WHO[0], "device": "device::1", "ip": "ip::192.0.2.1"}
    return RawEvent(kind="Order Created", namespace="laws", message_id=str(number), roles=roles, platform="app",
                    amount="19.90", refs={"order": f"o{number}"})  # fmt: skip


def live(pause: int, number: int) -> tuple[Any, ...]:
    return ("live", pause, [order(number)], 0, 0)


def dated(pause: int, number: int, back: int) -> tuple[Any, ...]:
    return ("late", pause, [order(number)], back, 0)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([live(0, 1), dated(1_000, 2, -2 * MINUTE)], id="dated-ahead-does-not-count"),
        pytest.param([live(0, 1), dated(1_000, 2, -2 * MINUTE), live(HOUR, 3)], id="and-counts-when-its-time-comes"),
        pytest.param(
            [live(0, 1), dated(1_000, 2, -2 * MINUTE), ("restart", HOUR, 0), live(0, 3)], id="after-a-restart-too"
        ),
        pytest.param([live(0, 1), dated(1_000, 2, HOUR)], id="back-dated"),
        pytest.param([live(0, 1), ("erase", 1_000, 0, True)], id="erased-while-it-serves"),
        pytest.param([live(0, 1), ("erase", 1_000, 0, False)], id="erased-between-two-gates"),
    ],
)
def test_small_histories(
    steps: list[tuple[Any, ...]], tmp_path: Path, empty: Path, clock: Callable[[Shop], None]
) -> None:
    shutil.copytree(empty, tmp_path / "ws")
    asyncio.run(run(tmp_path / "ws", [(True, step) for step in steps], 1, clock))


@pytest.mark.slow
@pytest.mark.timeout(3_000)  # TRAIT_LAWS=500 looks for more
@settings(max_examples=int(os.environ.get("TRAIT_LAWS", "12")), deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=histories(), seed=st.integers(0, 1000))
def test_the_gate_says_what_a_replay_says(
    steps: list[tuple[Any, ...]], seed: int, empty: Path, clock: Callable[[Shop], None]
) -> None:
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(empty, Path(home) / "ws")
        asyncio.run(run(Path(home) / "ws", steps, seed, clock))
