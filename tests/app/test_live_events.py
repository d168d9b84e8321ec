"""What an event would see, asked before it is sent, is what it saw in the replay of the log once it came."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guanxi.app import Gate, Workspace, gate, live_traits
from guanxi.app.live_events import EventAnswer
from guanxi.app.live_traits import LiveTraits
from guanxi.app.trait_table import table
from guanxi.core import DataError, NotFound, Refused
from guanxi.events import RawEvent
from guanxi.traits import traits

from .conftest import live_workspace, served

ANN, BEN, PHONE, IP, CARD = "account:app:ann", "account:app:ben", "device::d1", "ip::192.0.2.7", "card::4111"
START = 1_790_000_000_000
NUMBER = itertools.count()


@pytest.fixture
def now(quick: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """The clock of the gate stands still, so that what is asked and what is sent come at one instant."""
    at = [START]
    for module in (gate, live_traits):
        monkeypatch.setattr(module, "now_ms", lambda: at[0])

    def pass_by(ms: int) -> None:
        at[0] += ms

    return pass_by


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with live_workspace(tmp_path / "ws", '["risk", "profile"]') as opened:
        yield opened


def order(who: str, amount: str, **fields: object) -> RawEvent:
    number = next(NUMBER)
    roles = {"actor": who, "device": PHONE, "ip": IP, "card": CARD}
    return RawEvent(kind="Order Created", message_id=f"m{number}", roles=roles, platform="app", amount=amount,
                    refs={"order": f"o{number}"}, **fields)  # type: ignore[arg-type]  # fmt: skip


def told(operation: str) -> RawEvent:
    return RawEvent(
        kind="Party Resolved", message_id=operation, roles={"actor": ANN, "object": BEN},
        properties={"operation": operation, "method": "operator", "confidence": 1, "reason": "test"},
    )  # fmt: skip


async def send(gate: Gate, *raws: RawEvent) -> int:
    done = await gate.ingest(raws, trust="server", source="test")
    assert done.accepted == len(raws)
    return done.last_seq


async def see(gate: Gate, live: LiveTraits, raw: RawEvent, *names: str) -> EventAnswer:
    give_up = time.monotonic() + 60
    while True:
        answer = await asyncio.to_thread(live.see, gate.look(raw, trust="server", source="test"), names)
        if (
            not answer.behind or "supersedes" in raw.refs or time.monotonic() > give_up
        ):  # a slow machine may still take in what came before
            return answer


def check(workspace: Workspace, raw: RawEvent, answer: EventAnswer) -> None:
    """Every value is what the event saw in a replay, now that it has come as the log's newest."""
    names = [name for name in answer.values if traits()[name].party in answer.parties]
    [found] = table(workspace, raw.kind, names, cut_off=answer.as_of_ms + 1, since=answer.as_of_ms)
    row = found.row(-1, named=True)
    assert (row["seq"], row["clock_ms"]) == (answer.seq + 1, answer.as_of_ms)
    differing = {name: (answer.values[name], row[name]) for name in names if answer.values[name] != row[name]}
    assert all(None not in pair and pair[0] == pytest.approx(pair[1], rel=1e-9) for pair in differing.values())
    exact = {name for name in differing if traits()[name].aggregate not in ("decayed", "entropy")}
    assert exact == set()


def test_what_an_event_would_see_is_what_it_sees_when_it_comes(
    workspace: Workspace, now: Callable[[int], None]
) -> None:
    async def script(gate: Gate, live: LiveTraits) -> None:
        await send(gate, order(ANN, "19.90"), order(ANN, "30.00"), order(BEN, "7.00"))
        for number, raw in enumerate(
            [order(ANN, "12.34"), order(BEN, "99.00"), order(ANN, "0.00"), order("account:app:new", "5.00"),
             order("account:app~masked:a**", "1.00")]
        ):  # fmt: skip
            now((0, 1, 60_000, 3_600_000, 40 * 86_400_000)[number])
            answer, again = await see(gate, live, raw), await see(gate, live, raw)
            assert answer == again  # asking changes nothing
            assert not answer.behind
            assert set(answer.parties) == {"person", "account", "device", "ip", "card"} - (
                {"person", "account"} if "~masked" in str(raw.roles["actor"]) else set()
            )
            assert {traits()[name].party for name in answer.values} == set(answer.parties)
            await send(gate, raw)
            check(workspace, raw, answer)
        await send(gate, told("merge"))
        raw = order(BEN, "8.00")
        answer = await see(gate, live, raw, "person.order_value.versus.30d", "account.orders.count.1h", "velocity")
        assert answer.parties["person"] == ANN
        assert answer.parties["account"] == BEN
        assert "card.orders.count.1h" in answer.values
        await send(gate, raw)
        check(workspace, raw, answer)

    served(workspace, script, when_ready=True)


def test_its_own_value_over_the_mean_before_it(workspace: Workspace, now: Callable[[int], None]) -> None:
    name = "account.order_value.versus.30d"

    async def script(gate: Gate, live: LiveTraits) -> None:
        assert (await see(gate, live, order(ANN, "5.00"), name)).values == {name: None}
        await send(gate, order(ANN, "10.00"), order(ANN, "30.00"))
        now(5)
        assert (await see(gate, live, order(ANN, "50.00"), name)).values == {name: 2.5}
        other = RawEvent(kind="Signed In", roles={"actor": ANN}, platform="app")
        assert (await see(gate, live, other, name)).values == {name: None}
        assert (await see(gate, live, order("account:app:x", "1"), "device.orders.count.1h")).seq == 2  # nothing stored

    served(workspace, script, when_ready=True)


def test_what_is_looked_at_leaves_nothing(workspace: Workspace, now: Callable[[int], None]) -> None:
    raw = RawEvent(kind="Profile Updated", roles={"actor": ANN}, platform="app", properties={"phone": "13800000000"})
    supersedes = order(
        ANN,
        "3.00",
    )

    async def script(gate: Gate, live: LiveTraits) -> None:
        last = await send(gate, order(ANN, "10.00"))
        event = gate.look(raw, trust="server", source="test")
        assert event.properties["phone"].startswith("vt_")
        gate.workspace.vault.flush()
        assert gate.workspace.vault.masked([event.properties["phone"]]) == {}
        with pytest.raises(DataError, match="the platform 'moon'"):
            gate.look(RawEvent(kind="Signed In", roles={"actor": ANN}, platform="moon"), trust="server", source="test")
        with pytest.raises(Refused, match="who its parties are"):
            await see(gate, live, told("merge"))
        with pytest.raises(NotFound, match="no trait kept here"):
            await see(gate, live, order(ANN, "1.00"), "account.nothing.count.1h")
        supersedes.refs["supersedes"] = event.id
        assert (await see(gate, live, supersedes)).behind
        assert gate.workspace.vault.parked.counts()["open"] == 0
        assert gate.workspace.reader.last_seq() == last

    served(workspace, script, when_ready=True)
