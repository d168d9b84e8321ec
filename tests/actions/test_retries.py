"""The law of trying again: by the kind of error, the attempts so far and the clock, wherever that jumps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.actions import AGAIN, Breaker, Outcome, Outgoing, Pace, Rate, is_set_back, judge
from guanxi.core import DataError

NOW = 1_767_326_400_000
HOUR = 3_600_000
PACE = Pace()


def row(**fields: Any) -> Outgoing:
    given: dict[str, Any] = {
        "id": "a" * 32, "kind": "message", "channel": "sms", "not_before_ms": NOW, "not_after_ms": NOW + 24 * HOUR,
        "attempts": 1, **fields,
    }  # fmt: skip
    return Outgoing(**given)


def said(kind: str, **fields: Any) -> Outcome:
    return Outcome(kind=kind, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "attempts", "state", "uncertain"),
    [
        pytest.param(said("accepted"), 9, "sent", False, id="accepted"),
        pytest.param(said("refused"), 1, "dead", False, id="refused-for-good"),
        pytest.param(said("invalid"), 1, "dead", False, id="cannot-be-sent"),
        pytest.param(said("unreachable"), 1, "ready", False, id="nobody-there"),
        pytest.param(said("server"), 1, "ready", False, id="the-receiver-failed"),
        pytest.param(said("timeout"), 1, "ready", True, id="no-answer-may-have-acted"),
        pytest.param(said("unknown"), 1, "ready", True, id="the-sender-failed"),
        pytest.param(said("timeout"), 40, "dead", True, id="too-many-attempts"),
    ],
)
def test_what_becomes_of_an_attempt(outcome: Outcome, attempts: int, state: str, uncertain: bool) -> None:
    verdict = judge(row(attempts=attempts), outcome, now_ms=NOW, pace=PACE)
    assert (verdict.state, verdict.uncertain) == (state, uncertain)


def test_no_attempt_is_planned_after_its_time() -> None:
    verdict = judge(row(not_after_ms=NOW + 1_000), said("server"), now_ms=NOW, pace=PACE)
    assert (verdict.state, verdict.why) == ("dead", "its time ends before another attempt")


def test_500_for_an_hour_is_some_ten_attempts_and_no_more() -> None:
    now, attempts = NOW, 0
    while now < NOW + HOUR:
        attempts += 1
        verdict = judge(row(attempts=attempts), said("server"), now_ms=now, pace=PACE)
        assert verdict.state == "ready"
        now = verdict.next_ms
    assert 10 <= attempts <= 20


@given(st.integers(1, 60), st.text(max_size=20), st.integers(0, 10**8))
def test_waits_are_bounded_and_honour_what_was_asked(attempts: int, key: str, asked: int) -> None:
    wait = PACE.wait_ms(attempts, key, asked_ms=asked)
    assert min(asked, PACE.asked_ms) <= wait <= PACE.longest_ms
    assert wait == PACE.wait_ms(attempts, key, asked_ms=asked)
    whole = min(PACE.most_ms, PACE.first_ms * 2 ** (attempts - 1))
    assert whole / 2 - 1 <= PACE.wait_ms(attempts, key) <= whole


@given(st.integers(0, 2 * NOW), st.sampled_from(sorted(AGAIN)), st.integers(1, 39))
def test_wherever_the_clock_is_the_next_attempt_is_near(now: int, kind: str, attempts: int) -> None:
    verdict = judge(row(attempts=attempts, not_after_ms=4 * NOW), said(kind), now_ms=now, pace=PACE)
    assert now < verdict.next_ms <= now + PACE.longest_ms
    assert not is_set_back(verdict.next_ms, now_ms=now, pace=PACE)
    assert is_set_back(verdict.next_ms, now_ms=now - PACE.longest_ms - HOUR, pace=PACE)


def test_a_pace_that_never_waits_is_refused() -> None:
    with pytest.raises(DataError):
        Pace(first_ms=0)


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_a_sender_that_keeps_failing_is_left_alone_then_tried_by_one() -> None:
    clock = Clock()
    breaker = Breaker("sms", Pace(failures=3), now=clock)
    for _ in range(2):
        breaker.heard(said("server"))
    assert breaker.room(0, 8) == 8
    breaker.heard(said("unreachable"))
    assert breaker.room(0, 8) == 0
    clock.s += breaker.wait_s()
    assert (breaker.room(0, 8), breaker.room(1, 8)) == (1, 0)
    breaker.heard(said("accepted"))
    assert breaker.room(2, 8) == 6


def test_a_receiver_that_asks_for_peace_gets_it_at_once() -> None:
    clock = Clock()
    breaker = Breaker("sms", PACE, now=clock)
    breaker.heard(said("busy", retry_after_ms=30_000))
    assert breaker.room(0, 8) == 0
    clock.s += 30
    assert breaker.room(0, 8) == 8
    breaker.heard(said("invalid"))  # an answer, so the receiver is well
    assert breaker.room(0, 8) == 8


def test_a_rate_lets_only_so_many_begin() -> None:
    clock = Clock()
    rate = Rate(60, now=clock)
    assert rate.room() == 10
    rate.began(10)
    assert rate.room() == 0
    clock.s += 2
    assert rate.room() == 2
    clock.s += 3_600
    assert rate.room() == 10
    assert Rate(0, now=clock).room() is None


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"kind": "lost"}, id="no-such-kind"),
        pytest.param({"kind": "accepted", "receipt": "x" * 129}, id="receipt-too-long"),
        pytest.param({"kind": "server", "text": "x" * 481}, id="text-too-long"),
        pytest.param({"kind": "busy", "retry_after_ms": -1}, id="asked-for-the-past"),
    ],
)
def test_outcomes_check_themselves(fields: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        Outcome(**fields)
