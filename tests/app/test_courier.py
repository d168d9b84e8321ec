"""The courier between a real outbox and a real receiver that fails, keeps silent, or is not there."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guanxi.actions import Outgoing, Pace
from guanxi.app.courier import Courier, Way
from guanxi.bench.send_receiver import FAULTS, Fault, ReceiverThread
from guanxi.decisions import Refusal
from guanxi.engines.control import Control
from guanxi.engines.senders import AdapterSender, WebhookSender
from guanxi.events import event_id
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Reserve

NOW = 1_767_326_400_000
HOUR = 3_600_000
QUICK = Pace(first_ms=20, most_ms=100, failures=100)
ISSUE, USED = event_id("issuer"), event_id("used")
CONSENT = Refusal(by="consent", name="message", zh="已撤回同意", en="consent was withdrawn")


class Clock:
    """A clock that goes on by a millisecond whenever it is read, and jumps when told."""

    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    opened = Control.open(tmp_path)
    opened.ledger.open(Account(id=ISSUE, unit="contacts", kind=ISSUER, floor=-LARGEST))
    opened.ledger.open(Account(id=USED, unit="contacts", kind="used"))
    yield opened
    opened.close()


def put(control: Control, count: int = 1, **fields: Any) -> list[str]:
    rows = []
    for number in range(count):
        id_ = event_id("row", str(number), str(fields.get("channel")), str(fields.get("dry")))
        given: dict[str, Any] = {
            "id": id_, "decision": event_id("decision", id_), "party": "account:app:u1", "kind": "message",
            "channel": "app", "body": (("channel", "app"), ("content", "c"), ("purpose", "message")), "dry": False,
            "hold": event_id("hold", id_), "not_before_ms": NOW, "not_after_ms": NOW + 24 * HOUR, **fields,
        }  # fmt: skip
        rows.append(Outgoing(**given))
    with control.transaction() as connection:
        holds = [Reserve(one.hold, (Move(ISSUE, USED, "contacts", 1),), NOW + 48 * HOUR) for one in rows]
        control.ledger.post_in(connection, holds, now_ms=NOW)
        control.outbox.put_in(connection, rows, now_ms=NOW)
    return [one.id for one in rows]


def way(url: str, *, keys: bool = True, asks: bool | None = None, doubt: str = "again") -> Way:
    if asks is not None:
        adapter = AdapterSender(url, b"k" * 32, now=lambda: NOW, allow_private=True, asks=asks, timeout_s=0.3)
        return Way(sender=adapter, channels=("app",), doubt=doubt)
    sender = WebhookSender(url, b"k" * 32, now=lambda: NOW, allow_private=True, keys=keys, timeout_s=0.3)
    return Way(sender=sender, channels=("app",), doubt=doubt)


def courier(control: Control, clock: Clock, *ways: Way, **fields: Any) -> Courier:
    named = {f"w{number}": one for number, one in enumerate(ways)}
    given = {"pace": QUICK, "alone": True, "address_of": lambda party, channel: "13800138000", **fields}
    return Courier(control, named, given.pop("guard", lambda row, now_ms: None), clock, **given)


def drain(courier: Courier, control: Control, clock: Clock, *, rounds: int = 60) -> None:
    """Round after round, the clock going on to the next attempt, until nothing is left."""
    for _ in range(rounds):
        courier.round()
        due = control.outbox.next_due()
        if due is None:
            return
        clock.ms = max(clock.ms, due)


def standing(control: Control) -> tuple[int, int]:
    found = control.ledger.standing(USED)
    return found.balance, found.coming


def first(*faults: Fault) -> Callable[[str, int], Fault]:
    """These faults, one each time a key is heard; then all goes well."""
    return lambda key, time: faults[time - 1] if time <= len(faults) else "ok"


def test_whatever_goes_wrong_each_effect_is_once(control: Control, clock: Clock) -> None:
    ids, dice = put(control, 60), random.Random(5)
    with (
        ReceiverThread(keys=True, fault=lambda key, time: dice.choice((*FAULTS, "ok", "ok", "ok"))) as receiver,
        courier(control, clock, way(receiver.url)) as sending,
    ):
        drain(sending, control, clock)
    assert Counter(receiver.did) == dict.fromkeys(ids, 1)
    assert control.outbox.counts()["sent"] == 60
    assert standing(control) == (60, 0)
    assert len(control.relay.take()) == 60
    assert not [one for _, one in control.outbox.page() if one.uncertain]


def test_a_plain_receiver_that_times_out_after_acting_has_it_twice_and_the_row_says_so(
    control: Control, clock: Clock
) -> None:
    (id_,) = put(control)
    with (
        ReceiverThread(keys=False, fault=first("silent")) as receiver,
        courier(control, clock, way(receiver.url, keys=False)) as sending,
    ):
        drain(sending, control, clock)
    row = control.outbox.row(id_)
    assert (receiver.did, row.state, row.uncertain) == ([id_, id_], "sent", True)
    assert [one.outcome for one in control.outbox.attempts(id_)] == ["timeout", "accepted"]


def test_a_receiver_that_can_be_asked_is_asked_first(control: Control, clock: Clock) -> None:
    (id_,) = put(control)
    with (
        ReceiverThread(keys=False, fault=first("silent")) as receiver,
        courier(control, clock, way(receiver.url, asks=True)) as sending,
    ):
        drain(sending, control, clock)
    row = control.outbox.row(id_)
    assert (receiver.did, row.state, row.uncertain, row.receipt) == ([id_], "sent", False, f"r-{id_}")


def test_doubt_can_be_left_to_a_person(control: Control, clock: Clock) -> None:
    (id_,) = put(control)
    with (
        ReceiverThread(keys=False, fault=first("break")) as receiver,
        courier(control, clock, way(receiver.url, keys=False, doubt="person")) as sending,
    ):
        drain(sending, control, clock)
        row = control.outbox.row(id_)
        assert (receiver.did, row.state, row.uncertain, standing(control)) == ([id_], "dead", True, (1, 0))
        with control.transaction() as connection:
            assert control.outbox.retry_in(connection, [id_], now_ms=clock(), pace=QUICK) == {}
        drain(sending, control, clock)
    assert (receiver.did, control.outbox.row(id_).state) == ([id_, id_], "sent")
    assert standing(control) == (1, 0)


def test_500_for_an_hour_costs_few_attempts_and_loses_nothing(control: Control, clock: Clock) -> None:
    ids, ends = put(control, 30), NOW + HOUR
    with ReceiverThread(keys=True, fault=lambda key, time: "fail" if clock.ms < ends else "ok") as receiver:
        while control.outbox.counts()["sent"] < 30:
            # A new courier each time, as after a restart, so that none waits for real time.
            with courier(control, clock, way(receiver.url), pace=Pace(failures=3)) as sending:
                sending.round()
            clock.ms += 5 * 60_000
            assert clock.ms < NOW + 4 * HOUR
    assert sorted(receiver.did) == sorted(ids)
    asked = Counter(headers["webhook-id"] for _, headers, _ in receiver.receiver.requests)
    assert max(asked.values()) <= 16
    assert standing(control) == (30, 0)


def test_nobody_there_is_tried_again_and_a_person_sees_the_end(control: Control, clock: Clock) -> None:
    (id_,) = put(control, not_after_ms=NOW + 1_000)
    with courier(control, clock, way("http://127.0.0.1:9/")) as sending:
        drain(sending, control, clock)
    row = control.outbox.row(id_)
    assert (row.state, row.error, row.uncertain) == ("dead", "unreachable", False)
    assert standing(control) == (0, 0)
    assert "13800138000" not in row.error_text


@pytest.mark.parametrize(
    ("resets_ms", "state", "coming"),
    [
        pytest.param(None, "refused", 0, id="for-good"),
        pytest.param(NOW + 9 * HOUR, "ready", 1, id="quiet-hours-only-delay"),
        pytest.param(NOW + 25 * HOUR, "refused", 0, id="over-too-late"),
    ],
)
def test_what_is_refused_is_not_sent(
    control: Control, clock: Clock, resets_ms: int | None, state: str, coming: int
) -> None:
    (id_,) = put(control)
    refusal = Refusal(by="consent", name="message", zh="已撤回同意", en="withdrawn", resets_ms=resets_ms)
    with ReceiverThread(keys=True) as receiver:
        with courier(control, clock, way(receiver.url), guard=lambda row, now_ms: refusal) as sending:
            sending.round()
        assert receiver.receiver.requests == []
    row = control.outbox.row(id_)
    assert (row.state, standing(control)) == (state, (0, coming))
    assert row.next_ms >= (resets_ms or 0) or state == "refused"


def test_a_guard_that_cannot_answer_sends_nothing_yet(control: Control, clock: Clock) -> None:
    (id_,) = put(control)

    def guard(row: Outgoing, now_ms: int) -> Refusal | None:
        raise OSError("disk")

    with ReceiverThread(keys=True) as receiver:
        with courier(control, clock, way(receiver.url), guard=guard) as sending:
            sending.round()
        assert receiver.receiver.requests == []
    row = control.outbox.row(id_)
    assert (row.state, row.error, row.error_text) == ("ready", "unreachable", "it could not be checked: OSError")


def test_an_address_is_looked_up_when_it_is_needed(control: Control, clock: Clock) -> None:
    put(control)
    with ReceiverThread(keys=True) as receiver, courier(control, clock, way(receiver.url, asks=False)) as sending:
        sending.round()
    assert json.loads(receiver.receiver.requests[0][2])["address"] == "13800138000"
    (id_,) = put(control, party="account:app:u2", dry=False, channel="app", id=event_id("other"))
    with courier(control, clock, way("http://127.0.0.1:9/", asks=False), address_of=lambda *_: "") as sending:
        sending.round()
    row = control.outbox.row(id_)
    assert (row.state, row.error) == ("dead", "invalid")


def test_dry_rows_go_to_the_file_and_use_nothing(control: Control, clock: Clock) -> None:
    put(control, 700, dry=True)
    seen: list[tuple[str, str]] = []
    with ReceiverThread(keys=True) as receiver:
        with courier(
            control, clock, way(receiver.url), write_dry=lambda rows: seen.extend((one.id, name) for one, name in rows)
        ) as sending:
            assert sending.round() == 700
        assert receiver.receiver.requests == []
    assert len(seen) == 700
    assert {name for _, name in seen} == {"w0"}
    assert control.outbox.counts()["dry"] == 700
    assert standing(control) == (0, 0)
    assert control.relay.take() == []


def test_a_channel_without_a_sender_is_for_a_person(control: Control, clock: Clock) -> None:
    (id_,) = put(control, channel="sms", body=(("channel", "sms"), ("content", "c"), ("purpose", "p")))
    with courier(control, clock) as sending:
        sending.round()
    row = control.outbox.row(id_)
    assert (row.state, row.error) == ("dead", "invalid")
    assert "no sender for the channel sms" in row.error_text


def test_told_to_stop_it_gives_back_what_it_did_not_begin(control: Control, clock: Clock) -> None:
    ids, stop = put(control, 40), threading.Event()

    def fault(key: str, time: int) -> Fault:
        stop.set()
        return "ok"

    with ReceiverThread(keys=True, fault=fault) as receiver:
        with courier(control, clock, way(receiver.url), stop=stop) as sending:
            sending.round()
        assert len(set(receiver.did)) < 40
        counts = control.outbox.counts()
        assert (counts["sending"], counts["sent"] + counts["ready"]) == (0, 40)
        with courier(control, clock, way(receiver.url)) as sending:
            drain(sending, control, clock)
    assert Counter(receiver.did) == dict.fromkeys(ids, 1)


@pytest.mark.parametrize("jump", [-30 * HOUR, 3 * HOUR], ids=["back", "ahead"])
def test_a_clock_that_jumps_neither_loses_nor_doubles(control: Control, clock: Clock, jump: int) -> None:
    ids = put(control, 20, not_before_ms=NOW - 99 * HOUR, not_after_ms=NOW + 99 * HOUR)
    jumped = threading.Event()

    def fault(key: str, time: int) -> Fault:
        if time == 1 and not jumped.is_set():
            jumped.set()
            clock.ms += jump
        return "fail" if time == 1 else "ok"

    with ReceiverThread(keys=True, fault=fault) as receiver, courier(control, clock, way(receiver.url)) as sending:
        drain(sending, control, clock)
    assert Counter(receiver.did) == dict.fromkeys(ids, 1)
    assert standing(control) == (20, 0)


def test_what_nobody_sent_in_time_expires(control: Control, clock: Clock) -> None:
    (id_,) = put(control, not_after_ms=NOW + 500)
    clock.ms = NOW + HOUR
    with courier(control, clock, way("http://127.0.0.1:9/")) as sending:
        sending.round()
    assert (control.outbox.row(id_).state, standing(control)) == ("expired", (0, 0))
