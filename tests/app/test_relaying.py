"""Relaying: what control made true reaches the log once, in order, whoever dies on the way."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guanxi.app import Workspace, relaying
from guanxi.app.care import erase_open
from guanxi.app.importing import Taker
from guanxi.app.relaying import relay_events, relay_now, relay_round
from guanxi.engines.locks import GATE, Lock, owner
from guanxi.events import Event, event_id

NOON = 1_767_225_600_000


def told(number: int, *, actor: str = "account:app:lin") -> Event:
    return Event(
        id=event_id("told", str(number)), kind="Receipt Recorded", at_ms=NOON + number, roles={"actor": actor},
        refs={"action": f"{number:032x}"},
    )  # fmt: skip


def _put_and_fail(workspace: Workspace) -> None:
    with workspace.control.transaction() as connection:
        workspace.control.relay.put_in(connection, [told(1)])
        raise ZeroDivisionError


def put(workspace: Workspace, events: list[Event]) -> None:
    with workspace.control.transaction() as connection:
        workspace.control.relay.put_in(connection, events)


def logged(workspace: Workspace) -> list[str]:
    workspace.reopen()
    return [event.id for event in workspace.reader.read()]


def test_events_reach_the_log_in_the_order_they_were_put(workspace: Workspace) -> None:
    events = [told(number) for number in (5, 3, 9, 1)]
    put(workspace, events[:2])
    put(workspace, [events[0], *events[2:]])  # the first is there already: it keeps its place
    assert workspace.control.relay.waiting() == 4
    assert relay_now(workspace, doing="guanxi send") == 4
    assert logged(workspace) == [one.id for one in events]
    assert workspace.control.relay.waiting() == 0
    first = next(iter(workspace.reader.read()))
    assert (first.source, first.live, first.at_ms) == ("control", True, NOON + 5)
    assert first.received_ms > NOON


def test_an_event_put_again_after_the_log_has_it_is_not_doubled(workspace: Workspace) -> None:
    put(workspace, [told(1)])
    relay_now(workspace, doing="guanxi send")
    put(workspace, [told(1), told(2)])
    assert relay_now(workspace, doing="guanxi send") == 1
    assert logged(workspace) == [told(1).id, told(2).id]


def test_killed_between_the_log_and_the_relay(workspace: Workspace) -> None:
    put(workspace, [told(1), told(2)])
    with Taker(workspace, doing="guanxi send") as taker:
        taker.append(workspace.control.relay.take())  # and no `done`
    put(workspace, [told(3)])
    assert relay_now(workspace, doing="guanxi send") == 1
    assert logged(workspace) == [told(number).id for number in (1, 2, 3)]


def test_done_spares_an_event_that_got_the_number_of_one_taken_away(workspace: Workspace) -> None:
    relay = workspace.control.relay
    put(workspace, [told(1)])
    taken = relay.take()
    relay.done(taken)
    put(workspace, [told(2)])  # SQLite numbers it as it did the first
    relay.done(taken)  # a second drainer that is late
    assert relay.take() == [told(2)]


def test_an_open_transaction_that_fails_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError):
        _put_and_fail(workspace)
    assert workspace.control.relay.waiting() == 0


def test_another_command_uses_the_log(workspace: Workspace) -> None:
    put(workspace, [told(1)])
    with Lock(workspace.folder, GATE, doing="guanxi import"):
        assert relay_now(workspace, doing="guanxi send") == 0
        assert relay_round(workspace) == 0
    assert workspace.control.relay.waiting() == 1


def test_the_erased_are_kept_out(workspace: Workspace) -> None:
    put(workspace, [told(1, actor="account:app:gone"), told(2)])
    workspace.vault.erasures.add(["account:app:gone"], reason="asked")
    erase_open(workspace)
    assert relay_now(workspace, doing="guanxi send") == 1
    assert told(1).id not in logged(workspace)
    assert workspace.control.relay.waiting() == 0


def test_forgetting_takes_away_what_waits(workspace: Workspace) -> None:
    put(workspace, [told(1, actor="account:app:gone"), told(2)])
    with workspace.control.transaction() as connection:
        assert workspace.control.relay.forget_in(connection, {"account:app:gone"}) == 1
    assert workspace.control.relay.take() == [told(2)]


def test_a_long_queue_is_handed_over_in_parts(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "PART", 7)
    events = [told(number) for number in range(30)]
    put(workspace, events)
    with Taker(workspace, doing="guanxi send") as taker:
        assert relay_events(workspace, taker, parts=2) == 14
        assert relay_events(workspace, taker) == 16
    assert logged(workspace) == [one.id for one in events]


@pytest.mark.slow
def test_killed_anywhere_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """kill -9 at random moments, while the queue is filled and drained."""
    Workspace.create(tmp_path / "ws")[0].close()
    dice, kills = random.Random(11), 0
    for _ in range(8):
        told_by, tells = os.pipe()
        child = os.fork()
        if child == 0:
            _fill_and_drain(tmp_path / "ws", tells)
        os.close(tells)
        assert os.read(told_by, 1)  # it has begun
        time.sleep(dice.uniform(0, 0.1))
        os.kill(child, signal.SIGKILL)
        kills += os.waitpid(child, 0)[1] == signal.SIGKILL
        os.close(told_by)
    assert kills == 8
    with Workspace.open(tmp_path / "ws") as workspace:
        relay_now(workspace, doing="guanxi send")
        found = logged(workspace)
        assert workspace.control.relay.waiting() == 0
    assert found == [told(number).id for number in range(len(found))]
    assert len(found) > 0


def _fill_and_drain(folder: Path, tells: int) -> None:
    """Put events numbered without a gap, five in a transaction, and drain them; never returns."""
    try:
        relaying.PART = 3
        with Workspace.open(folder) as workspace, Taker(workspace, doing="guanxi send") as taker:
            relay_events(workspace, taker)
            number = sum(1 for _ in workspace.reader.read())  # what is drained is what was put
            while True:
                put(workspace, [told(number + place) for place in range(5)])
                number += 5
                os.write(tells, b".")
                relay_events(workspace, taker, parts=1)
                relay_events(workspace, taker)
    finally:
        os._exit(1)


@pytest.mark.slow
def test_a_gate_that_serves_takes_them_and_may_be_killed(workspace: Workspace) -> None:
    put(workspace, [told(1), told(2)])
    assert relay_round(workspace) == 0  # nobody serves: the keeper does not take the gate's place
    environment = {**os.environ, "GUANXI_SERVE__GATE_PORT": "0"}
    command = [sys.executable, "-m", "guanxi.api", "gate", "--workspace", str(workspace.folder)]
    gate = subprocess.Popen(command, env=environment)
    try:
        end = time.monotonic() + 60
        while not ((held := owner(workspace.folder, GATE)) and held.url):
            assert time.monotonic() < end
            assert gate.poll() is None
            time.sleep(0.05)
        assert relay_round(workspace) == 2
        put(workspace, [told(2), told(3)])
        assert relay_now(workspace, doing="guanxi send") == 1  # a command hands over to the gate too
    finally:
        gate.kill()
        gate.wait()
    put(workspace, [told(4)])
    assert relay_round(workspace) == 0
    assert relay_now(workspace, doing="guanxi send") == 1  # the lock went with the gate
    assert logged(workspace) == [told(number).id for number in (1, 2, 3, 4)]
