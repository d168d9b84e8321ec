"""Receipts: heard once each, in any order; the log hears of them in the same transaction."""

import itertools

import pytest
from sqlalchemy import text

from guanxi.actions import Outgoing, Receipt
from guanxi.core import DataError
from guanxi.engines.control import Control
from guanxi.engines.control.receipts import SKEW_MS

from .conftest import Clock

SENT = "a" * 32
BODY = (("channel", "app"), ("content", "refill"), ("purpose", "care"))
COUPON = (("amount", 500), ("days", 7), ("threshold", 2000))


def outgoing(action: str, *, now_ms: int, kind: str = "message", party: str = "account:app:lin") -> Outgoing:
    return Outgoing(
        id=action, decision="d" * 32, party=party, kind=kind, channel="coupon" if kind == "coupon" else "app",
        body=COUPON if kind == "coupon" else BODY, dry=False, not_before_ms=now_ms, not_after_ms=now_ms + 3_600_000,
    )  # fmt: skip


def put(control: Control, clock: Clock, *rows: Outgoing, tried: bool = True) -> None:
    with control.transaction() as connection:
        control.outbox.put_in(connection, rows, now_ms=clock.ms)
    if tried:
        taken = control.outbox.take(now_ms=clock.ms, lease_ms=60_000, limit=100)
        assert {one.row.id for one in taken} == {row.id for row in rows}


def receipt(state: str, at_ms: int, *, action: str = SENT, detail: str = "") -> Receipt:
    return Receipt(action=action, at_ms=at_ms, state=state, detail=detail)


def hear(control: Control, clock: Clock, *receipts: Receipt) -> list[str]:
    with control.transaction() as connection:
        return [one.state for one in control.receipts.take_in(connection, receipts, now_ms=clock.ms)]


@pytest.mark.parametrize("order", list(itertools.permutations(("delivered", "opened", "failed"))), ids="-".join)
def test_any_order_is_heard_as_it_happened(control: Control, clock: Clock, order: tuple[str, ...]) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms))
    happened = {"delivered": clock.ms + 10, "opened": clock.ms + 20, "failed": clock.ms + 30}
    for state in order:
        assert hear(control, clock, receipt(state, happened[state])) == ["new"]
    assert [one.state for one in control.receipts.of(SENT)] == ["delivered", "opened", "failed"]
    assert control.receipts.states([SENT]) == {SENT: ("delivered", "opened", "failed")}
    assert {event.kind for event in control.relay.take()} == {"Message Delivered", "Message Opened", "Message Failed"}


def test_again_changes_nothing(control: Control, clock: Clock) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms))
    one = receipt("delivered", clock.ms + 5, detail="ok")
    assert hear(control, clock, one, one) == ["new", "repeated"]
    control.relay.done(control.relay.take())
    clock.ms += 60_000
    assert hear(control, clock, receipt("delivered", clock.ms, detail="later")) == ["repeated"]
    assert control.relay.waiting() == 0
    assert [(kept.at_ms, kept.detail) for kept in control.receipts.of(SENT)] == [(one.at_ms, "ok")]


def test_the_event_is_that_of_its_receipt(control: Control, clock: Clock) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms, kind="coupon"))
    assert hear(control, clock, receipt("redeemed", clock.ms + 9)) == ["new"]
    (event,) = control.relay.take()
    assert (event.kind, event.amount, event.at_ms, event.roles) == (
        "Coupon Redeemed", 500, clock.ms + 9, {"actor": "account:app:lin"},
    )  # fmt: skip
    assert control.receipts.of(SENT)[0].event == event.id


@pytest.mark.parametrize(
    ("state", "late_ms", "field", "words"),
    [
        pytest.param("redeemed", 0, "state", "a message cannot be redeemed", id="not-of-its-kind"),
        pytest.param("delivered", -SKEW_MS - 1, "at", "older than its action", id="older"),
        pytest.param("delivered", 3_600_000, "at", "ahead", id="from-the-future"),
    ],
)
def test_refused_ones_are_not_kept(
    control: Control, clock: Clock, state: str, late_ms: int, field: str, words: str
) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms))
    wrong = receipt(state, clock.ms + late_ms)
    with control.transaction() as connection:
        (heard,) = control.receipts.take_in(connection, [wrong], now_ms=clock.ms)
    assert (heard.state, heard.field) == ("refused", field)
    assert words in heard.what
    with control.transaction() as connection, pytest.raises(DataError, match=words):
        control.receipts.put_in(connection, [wrong], now_ms=clock.ms)
    assert control.receipts.of(SENT) == []
    assert control.relay.waiting() == 0


def test_a_clock_that_tells_whole_seconds_is_not_before_its_action(control: Control, clock: Clock) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms))
    assert hear(control, clock, receipt("delivered", clock.ms - 700)) == ["new"]
    assert control.receipts.of(SENT)[0].at_ms == clock.ms


def test_of_an_unknown_action_it_is_kept_aside_until_the_action_is_known(control: Control, clock: Clock) -> None:
    early = receipt("delivered", clock.ms + 1)
    assert hear(control, clock, early) == ["parked"]
    assert hear(control, clock, early) == ["parked"]
    assert [(one.problem, one.event) for one in control.receipts.parked()] == [("unknown", "")]
    put(control, clock, outgoing(SENT, now_ms=clock.ms), tried=False)
    assert hear(control, clock, early) == ["parked"]
    assert control.receipts.parked()[0].problem == "unsent"
    assert control.receipts.states([SENT]) == {}
    control.outbox.take(now_ms=clock.ms, lease_ms=60_000, limit=1)
    assert hear(control, clock, early) == ["new"]
    assert control.receipts.parked() == []
    assert control.relay.waiting() == 1


def test_of_a_notice_and_of_the_erased_the_log_hears_nothing(control: Control, clock: Clock) -> None:
    notice = Outgoing(
        id="b" * 32, kind="notice", channel="feishu", dry=False, not_before_ms=clock.ms, not_after_ms=clock.ms + 9_000
    )
    put(control, clock, notice, outgoing(SENT, now_ms=clock.ms))
    with control.transaction() as connection:
        control.outbox.forget_in(connection, "account:app:lin", now_ms=clock.ms)
    states = hear(control, clock, receipt("delivered", clock.ms, action="b" * 32), receipt("delivered", clock.ms))
    assert states == ["new", "new"]
    assert control.relay.waiting() == 0


def test_a_transaction_that_fails_keeps_neither(control: Control, clock: Clock) -> None:
    put(control, clock, outgoing(SENT, now_ms=clock.ms))
    with pytest.raises(ZeroDivisionError):
        _hear_and_fail(control, clock)
    assert control.receipts.of(SENT) == []
    assert control.relay.waiting() == 0


def _hear_and_fail(control: Control, clock: Clock) -> None:
    with control.transaction() as connection:
        assert control.receipts.put_in(connection, [receipt("delivered", clock.ms)], now_ms=clock.ms) == [True]
        assert connection.execute(text("SELECT count(*) FROM relay")).scalar() == 1
        raise ZeroDivisionError
