"""A trait that is added while the gate serves: filled in beside what answers, then there at once; nothing compiled."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import msgspec
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from guanxi.api.gate_traits import Ready
from guanxi.app import Gate, Workspace, live_state, live_traits, own_traits
from guanxi.app.live_traits import LiveAnswer, LiveTraits
from guanxi.app.trait_replay import values_of
from guanxi.core import Busy, NotFound
from guanxi.engines.log import now_ms
from guanxi.events import RawEvent

from .conftest import live_workspace, served

ANN, BEN, PHONE = "account:app:ann", "account:app:ben", "device::d1"
SHIPPED, NEW, SECOND = "account.orders.count.1h", "account.rushed.count.3h", "device.rushed.mean.2d"
FILE = """
[[measure]]
name = "rushed"
kinds = ["Order Created"]
where = ["amount >= 1000"]
value = "amount"
unit = "money"
zh = "抢购"
en = "rushed orders"
value_zh = "金额"
value_en = "amount"

[[family]]
party = ["account", "device"]
of = ["rushed"]
aggregate = ["count", "mean"]
window = ["3h", "2d"]
topic = "velocity"
uses = ["risk"]
why_zh = "抢。"
why_en = "A rush."
"""


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A new state is not fed before this is set."""
    go, feed = threading.Event(), live_state.feed

    def feed_later(*arguments: object) -> None:
        assert go.wait(60)
        feed(*arguments)  # type: ignore[arg-type]

    go.set()
    monkeypatch.setattr(live_state, "feed", feed_later)
    yield go
    go.set()


@pytest.fixture
def workspace(tmp_path: Path, quick: None) -> Iterator[Workspace]:
    with live_workspace(tmp_path / "ws", '["risk"]') as opened:
        yield opened


def orders(who: str, count: int, word: str) -> list[RawEvent]:
    return [
        RawEvent(
            kind="Order Created", message_id=f"{who}{word}{number}", platform="app", amount="19.90",
            roles={"actor": who, "device": PHONE}, refs={"order": f"{who}{word}{number}"},
        )
        for number in range(count)
    ]  # fmt: skip


async def sent(gate: Gate, raws: list[RawEvent]) -> None:
    done = await gate.ingest(raws, trust="server", source="test")
    assert done.accepted == len(raws)


async def until(true: Callable[[], bool], live: LiveTraits) -> None:
    give_up = time.monotonic() + 120  # a first run compiles
    while not true():
        assert time.monotonic() < give_up, live.trouble
        await asyncio.sleep(0.02)


async def read(live: LiveTraits, *names: str, party: str = "account", ref: str = ANN) -> LiveAnswer:
    return await asyncio.to_thread(live.read, party, ref, names)


async def probed(live: LiveTraits) -> tuple[int, dict[str, object]]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Ready(live)), base_url="http://gate") as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()


def knows(live: LiveTraits, name: str) -> Callable[[], bool]:
    return lambda: live.is_ready and name in (live._standing.kept.rows if live._standing else ())


def compiled() -> dict[str, int]:
    """Function of the traits -> how many signatures of it are compiled."""
    return {
        f"{module}.{name}": len(found.signatures)
        for module, held in list(sys.modules.items()) if module.startswith("guanxi.traits")
        for name, found in vars(held).items() if isinstance(found, Dispatcher)
    }  # fmt: skip


def check(workspace: Workspace, live: LiveTraits, *names: str) -> None:
    """Every value is that of a fresh replay, and these traits are among them."""
    told: dict[str, float | None] = {}
    for party, ref in (("account", ANN), ("account", BEN), ("device", PHONE), ("person", ANN), ("person", BEN)):
        found = live.read(party, ref)
        rows = [workspace.traits.rows[name] for name in found.values]
        values, _ = values_of(workspace, [ref], rows, until=found.as_of_ms)
        for row, value in zip(rows, values[0], strict=True):
            mine, replayed = found.values[row.name], float(value) * row.factor
            assert (mine is None and np.isnan(replayed)) or mine == pytest.approx(replayed, rel=1e-9), (ref, row.name)
        told |= found.values
    assert set(names) <= set(told)


def test_it_is_filled_in_beside_what_answers(workspace: Workspace, held: threading.Event) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3, "a"))
        await until(knows(live, SHIPPED), live)
        assert (await read(live, SHIPPED)).values == {SHIPPED: 3}
        with pytest.raises(NotFound):
            await read(live, NEW)
        check(workspace, live, SHIPPED)
        before = compiled()
        held.clear()
        own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
        with pytest.raises(Busy, match=r"has changed|being filled in"):  # from the first moment on
            await read(live, NEW)
        await until(lambda: live.building is not None, live)
        for number in range(1, 4):  # every answer is of this moment, and none fails
            await sent(gate, orders(ANN, 1, f"b{number}"))
            found = await read(live, SHIPPED)
            assert (found.values, found.behind, found.building) == ({SHIPPED: 3 + number}, False, 0)
            with pytest.raises(Busy, match=f"{NEW} is being filled in, 0% done"):
                await read(live, SHIPPED, NEW)
        assert NEW not in (await read(live)).values
        assert await probed(live) == (200, {"status": "ready", "building": 0})
        held.set()
        await until(knows(live, NEW), live)
        found = await read(live, NEW, SHIPPED)
        assert (found.values, found.behind) == ({NEW: 6, SHIPPED: 6}, False)
        assert await probed(live) == (200, {"status": "ready"})
        assert (await read(live, SECOND, party="device", ref=PHONE)).values == {SECOND: 1_990}
        await sent(gate, orders(BEN, 2, "c"))
        assert (await read(live, NEW, ref=BEN)).values == {NEW: 2}
        check(workspace, live, NEW, SECOND)
        assert compiled() == before
        assert sum(before.values()) >= 3  # what feeds, what reads one, what reads many

    served(workspace, script)


@pytest.mark.parametrize(
    "short", [pytest.param((live_traits,), id="then-read"), pytest.param((live_state, live_traits), id="read-before")]
)
def test_more_came_meanwhile_than_is_held(
    workspace: Workspace, held: threading.Event, monkeypatch: pytest.MonkeyPatch, short: tuple[ModuleType, ...]
) -> None:
    monkeypatch.setattr(live_state, "PAGE", 3)
    for module in short:
        monkeypatch.setattr(module, "SINCE", 4)

    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3, "a"))
        await until(knows(live, SHIPPED), live)
        held.clear()
        own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
        await until(lambda: live.building is not None, live)
        for number in range(11):
            await sent(gate, orders(ANN, 1, f"b{number}"))
        assert (await read(live, SHIPPED)).values == {SHIPPED: 14}
        held.set()
        await until(knows(live, NEW), live)
        assert (await read(live, NEW, SHIPPED)).values == {NEW: 14, SHIPPED: 14}
        check(workspace, live, NEW)

    served(workspace, script)


@pytest.mark.slow
def test_answers_never_fail_while_states_change(workspace: Workspace) -> None:
    """One thread asks all the time, one sends; rows come and go."""

    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 1, "first"))
        await until(knows(live, SHIPPED), live)
        ended, seen = threading.Event(), []

        def ask() -> None:
            while not ended.is_set():
                seen.append(live.read("account", ANN, (SHIPPED,)).values[SHIPPED])

        asking = asyncio.create_task(asyncio.to_thread(ask))
        for number in range(2):
            own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
            await sent(gate, orders(ANN, 5, f"a{number}"))
            await until(knows(live, NEW), live)
            own_traits.undo_traits(workspace, who="test")
            await sent(gate, orders(ANN, 5, f"b{number}"))
            await until(lambda: not knows(live, NEW)(), live)
        ended.set()
        await asking
        assert seen == sorted(seen)  # nothing that was counted is forgotten by a swap
        assert (await read(live, SHIPPED)).values == {SHIPPED: 21}
        check(workspace, live)

    served(workspace, script)


def test_another_change_meanwhile_is_the_one_that_comes(workspace: Workspace, held: threading.Event) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3, "a"))
        await until(knows(live, SHIPPED), live)
        held.clear()
        own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
        await until(lambda: live.building is not None, live)
        own_traits.remove_trait(workspace, SECOND, who="test")
        await asyncio.sleep(0.2)
        held.set()
        await until(knows(live, NEW), live)
        assert not knows(live, SECOND)()
        check(workspace, live, NEW)

    served(workspace, script)


@pytest.mark.slow  # three gates
def test_a_file_that_cannot_be_used_changes_nothing(workspace: Workspace) -> None:
    path, wrong = workspace.folder / "traits.toml", "traits.toml, line 1, family 1: Object missing required field"

    async def serving(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 1, "a"))
        await until(knows(live, SHIPPED), live)
        path.write_text("[[family]]\n", "utf-8")
        await sent(gate, orders(ANN, 1, "b"))
        await asyncio.sleep(0.2)
        assert (await read(live, SHIPPED)).values == {SHIPPED: 2}
        assert (live.building, live.is_ready) == (None, True)

    async def starting(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 1, "c"))  # events are taken all the same
        await until(lambda: wrong in live.trouble, live)
        await until(lambda: live.is_ready, live)
        assert (await read(live, SHIPPED)).values == {SHIPPED: 3}  # by the rows of the snapshot

    async def mended(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 1, "d"))
        await until(lambda: wrong in live.trouble, live)
        with pytest.raises(Busy, match=wrong):
            await read(live, SHIPPED)
        path.write_text(FILE, "utf-8")
        await until(knows(live, NEW), live)
        assert (await read(live, NEW, SHIPPED)).values == {NEW: 4, SHIPPED: 4}
        assert live.trouble == ""

    served(workspace, serving)
    served(workspace, starting)
    (workspace.folder / live_traits.FOLDER / "hot.traits").unlink()
    served(workspace, mended)


def test_a_restart_answers_by_the_old_rows_until_the_new_ones_are_in(
    workspace: Workspace, held: threading.Event
) -> None:
    async def first(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3, "a"))
        await until(knows(live, NEW), live)

    async def second(gate: Gate, live: LiveTraits) -> None:
        await until(lambda: live.is_ready, live)
        held.clear()
        assert (await read(live, NEW, SHIPPED)).values == {NEW: 3, SHIPPED: 3}
        own_traits.remove_trait(workspace, SECOND, who="test")
        await until(lambda: live.building is not None, live)

    async def third(gate: Gate, live: LiveTraits) -> None:
        await until(lambda: live.is_ready, live)
        assert knows(live, SECOND)()  # the snapshot's own rows
        assert (await read(live, SHIPPED)).values == {SHIPPED: 3}
        held.set()
        await until(lambda: not knows(live, SECOND)(), live)
        check(workspace, live, NEW)

    own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
    served(workspace, first)
    served(workspace, second)
    held.clear()
    served(workspace, third)


def told(operation: str, word: str) -> RawEvent:
    return RawEvent(
        kind="Party Resolved", message_id=f"{operation}{word}", roles={"actor": ANN, "object": BEN},
        properties={"operation": operation, "method": "operator", "confidence": 1, "reason": "test"},
    )  # fmt: skip


def later(word: str) -> list[RawEvent]:
    """An order of an hour ago that is told only now."""
    [order] = orders(BEN, 1, word)
    return [msgspec.structs.replace(order, at=now_ms() - 3_600_000, historical=True)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_while_a_trait_is_filled_in(workspace: Workspace, held: threading.Event, seed: int) -> None:
    """Orders, late ones, people who become one and two, rows that come and go: in the end a replay says the same."""
    rng = random.Random(seed)

    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 2, "first"))
        await until(knows(live, SHIPPED), live)
        own_traits.add_traits(workspace, FILE, "rush.toml", who="test")
        for number in range(25):
            match rng.choice(["order", "order", "order", "late", "merge", "split", "undo", "hold", "go", "wait"]):
                case "order":
                    await sent(gate, orders(rng.choice([ANN, BEN]), rng.randint(1, 3), f"o{number}"))
                case "late":
                    await sent(gate, later(f"l{number}"))
                case "undo":
                    own_traits.undo_traits(workspace, who="test")
                case "hold":
                    held.clear()
                case "go":
                    held.set()
                case "wait":
                    await asyncio.sleep(0.1)
                case operation:
                    await sent(gate, [told(operation, str(number))])
        held.set()
        if not own_traits.own_traits(workspace).rows:
            own_traits.undo_traits(workspace, who="test")
        await until(knows(live, NEW), live)
        await until(lambda: not live.read("account", ANN).behind and live.building is None, live)
        check(workspace, live, NEW, SECOND)

    served(workspace, script)


KILLED = """
    import asyncio, os, signal, sys, time
    from pathlib import Path
    from guanxi.app import Gate, Workspace, live_state, live_traits, own_traits

    live_traits.EVERY_S = live_traits.PAUSE_S = 0.05

    async def main() -> None:
        with Workspace.open(Path(sys.argv[1])) as workspace:
            gate = Gate(workspace)
            await gate.start()
            while not gate.traits.is_ready:
                await asyncio.sleep(0.02)
            live_state.feed = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
            own_traits.add_traits(workspace, Path(sys.argv[2]).read_text("utf-8"), "rush.toml", who="test")
            await asyncio.sleep(60)

    asyncio.run(main())
"""


@pytest.mark.slow  # a process of its own
def test_a_kill_in_the_middle_loses_nothing(workspace: Workspace, tmp_path: Path) -> None:
    async def first(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3, "a"))
        await until(knows(live, SHIPPED), live)

    async def then(gate: Gate, live: LiveTraits) -> None:
        await until(knows(live, NEW), live)
        assert (await read(live, NEW, SHIPPED)).values == {NEW: 3, SHIPPED: 3}
        check(workspace, live, NEW)

    served(workspace, first)
    (tmp_path / "rush.toml").write_text(FILE, "utf-8")
    (tmp_path / "killed.py").write_text(textwrap.dedent(KILLED), "utf-8")
    done = subprocess.run(
        [sys.executable, tmp_path / "killed.py", workspace.folder, tmp_path / "rush.toml"], timeout=120, check=False,
        env=os.environ,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert workspace.folder.joinpath("traits.toml").exists()
    served(workspace, then)
