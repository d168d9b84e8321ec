"""Live traits: whatever comes in, and however, the gate's values are those of a replay of the log."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from guanxi.app import Gate, Workspace, live_traits
from guanxi.app.live_traits import LiveAnswer, LiveTraits
from guanxi.app.trait_replay import values_of
from guanxi.core import DataError, NotFound
from guanxi.engines.log import now_ms
from guanxi.events import RawEvent
from guanxi.traits import traits

from .conftest import live_workspace, served

ANN, BEN, PHONE = "account:app:ann", "account:app:ben", "device::d1"
ASKED = (
    ("person", ANN),
    ("account", ANN),
    ("person", BEN),
    ("account", BEN),
    ("device", PHONE),
    ("ip", "ip::192.0.2.7"),
)


@pytest.fixture
def workspace(tmp_path: Path, quick: None) -> Iterator[Workspace]:
    with live_workspace(tmp_path / "ws", '["risk"]') as opened:
        yield opened


def raw(kind: str, who: str, number: int, **fields: object) -> RawEvent:
    roles = {"actor": who, "device": PHONE, "ip": "ip::192.0.2.7"}
    return RawEvent(kind=kind, message_id=f"{kind}{who}{number}{fields}", roles=roles, platform="app", **fields)  # type: ignore[arg-type]


def orders(who: str, count: int, **fields: object) -> list[RawEvent]:
    return [raw("Order Created", who, number, amount="19.90", refs={"order": f"{who}{number}"}, **fields)
            for number in range(count)]  # fmt: skip


def told(operation: str, number: int) -> RawEvent:
    return RawEvent(
        kind="Party Resolved", message_id=f"{operation}{number}", roles={"actor": ANN, "object": BEN},
        properties={"operation": operation, "method": "operator", "confidence": 1, "reason": "test"},
    )  # fmt: skip


async def sent(gate: Gate, raws: list[RawEvent]) -> None:
    done = await gate.ingest(raws, trust="server", source="test")
    assert (done.accepted, done.parked, done.refused) == (len(raws), 0, ())


async def settled(live: LiveTraits, party: str = "account", ref: str = ANN) -> LiveAnswer:
    """The answer once everything that was sent is in."""
    give_up = time.monotonic() + 120  # a first run compiles
    while True:
        if live.is_ready:
            found = await asyncio.to_thread(live.read, party, ref)
            if not found.behind:
                return found
        assert time.monotonic() < give_up, live._trouble
        await asyncio.sleep(0.02)


def counted(found: LiveAnswer) -> dict[str, float | None]:
    """What does not change as time goes by."""
    return {name: value for name, value in found.values.items() if traits()[name].aggregate in ("count", "sum")}


def check(workspace: Workspace, live: LiveTraits) -> None:
    """Every value is that of a replay of the log."""
    for party, ref in ASKED:
        found = live.read(party, ref)
        rows = [traits()[name] for name in found.values]
        values, _ = values_of(workspace, [ref], rows, until=found.as_of_ms)
        for row, value in zip(rows, values[0], strict=True):
            mine, scaled = found.values[row.name], float(value) * row.factor
            assert (mine is None and np.isnan(scaled)) or mine == pytest.approx(scaled, rel=1e-9), (ref, row.name)


def test_every_event_that_was_acknowledged_is_counted(workspace: Workspace) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3))
        await settled(live)
        await sent(gate, [*orders(BEN, 4), raw("Sign In Failed", ANN, 1), raw("Signed In", ANN, 1)])
        assert live.read("account", BEN, ["account.orders.count.1h"]).values == {"account.orders.count.1h": 4}
        assert live.read("device", PHONE, ["velocity"]).seq == 9
        check(workspace, live)

    served(workspace, script)


def test_people_who_are_one_and_two_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = []
    begin = LiveTraits._begin
    monkeypatch.setattr(LiveTraits, "_begin", lambda self: (whole.append(1), begin(self))[1])

    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, [*orders(ANN, 3), *orders(BEN, 2)])
        await settled(live)
        before = len(whole)
        for number in range(2):
            await sent(gate, [told("merge", number), *orders(BEN, 1, properties={"channel": f"one{number}"})])
            ann, ben = await settled(live, "person", ANN), await settled(live, "person", BEN)
            assert counted(ann) == counted(ben)
            check(workspace, live)
            await sent(gate, [told("split", number), *orders(BEN, 1, properties={"channel": f"two{number}"})])
            ann, ben = await settled(live, "person", ANN), await settled(live, "person", BEN)
            assert counted(ann) != counted(ben)
            check(workspace, live)
        assert len(whole) == before  # two people were rebuilt, not everybody

    served(workspace, script)


def test_history_that_comes_later_is_taken_in(workspace: Workspace) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await sent(gate, orders(ANN, 3))
        before = await settled(live)
        old = now_ms() - 40 * 60_000
        await sent(gate, orders(ANN, 1, at=old, historical=True))
        after = await settled(live)
        name = "account.orders.count.1h"
        assert (before.values[name], after.values[name]) == (3, 4)
        check(workspace, live)

    served(workspace, script)


def test_a_restart_goes_on_from_the_snapshot_or_without_it(workspace: Workspace) -> None:
    folder, name = workspace.folder / live_traits.FOLDER, "account.orders.count.1h"

    def after(count: int, more: int) -> None:
        async def script(gate: Gate, live: LiveTraits) -> None:
            assert (await settled(live)).values[name] == count
            await sent(gate, orders(ANN, more, properties={"channel": str(count)}))
            assert live.read("account", ANN, [name]).values[name] == count + more
            check(workspace, live)

        served(workspace, script)

    after(0, 2)
    assert [path.name for path in folder.iterdir()] == ["hot.traits"]
    after(2, 1)
    (folder / "hot.traits").write_bytes(b"damaged")
    after(3, 4)
    (folder / "hot.traits").unlink()
    after(7, 1)


def test_what_cannot_be_asked_says_so(workspace: Workspace) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await settled(live)
        with pytest.raises(NotFound, match="no party"):
            live.read("planet", ANN)
        with pytest.raises(NotFound, match="no trait of account"):
            live.read("account", ANN, ["person.spend.sum.30d"])
        with pytest.raises(DataError, match="names no account"):
            live.read("account", PHONE)
        sensitive = {row.name for row in traits().values() if row.privacy == "sensitive"}
        assert not sensitive & set(live.read("device", PHONE).values)

    served(workspace, script)


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path) -> None:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        gate = Gate(made)
        assert gate.traits is None
        asyncio.run(gate.close())
