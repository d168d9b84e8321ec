"""Actions and receipts: their laws, and the events of the catalogue that they become."""

from dataclasses import replace
from typing import Any

import pytest

from guanxi.actions import Action, Receipt
from guanxi.core import DataError
from guanxi.decisions import NOTHING, Decision
from guanxi.events import EventBatch, from_events, problems, shipped

T = 1_700_000_000_000
COUPON = Decision.made(
    at_ms=T, kind="coupon", party="account:app:x", chosen=("c5",), alternatives=("c5", NOTHING), propensity=0.5,
    policy="p", params=(("amount", 500), ("days", 7), ("threshold", 3000)),
)  # fmt: skip
MESSAGE = replace(COUPON, id="m", kind="message", params=(("channel", "sms"), ("content", "hi"), ("purpose", "sale")))


def test_the_same_decision_is_carried_out_once() -> None:
    assert Action.of(COUPON) == Action.of(COUPON)
    assert Action.of(COUPON, at_ms=T + 5).id == Action.of(COUPON).id
    assert Action.of(COUPON).id != Action.of(MESSAGE).id


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": ""}, id="no-key"),
        pytest.param({"decision": ""}, id="no-decision"),
        pytest.param({"kind": "slate"}, id="a-kind-that-touches-nobody"),
        pytest.param({"at_ms": 3}, id="the-year-1970"),
        pytest.param({"party": "x"}, id="no-reference"),
        pytest.param({"params": (("amount", 500),)}, id="half-a-coupon"),
    ],
)
def test_a_broken_action_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        replace(Action.of(COUPON), **changes)


@pytest.mark.parametrize(
    "decision",
    [
        pytest.param(replace(COUPON, chosen=(NOTHING,), params=()), id="hold-out"),
        pytest.param(replace(COUPON, mode="shadow"), id="only-logged"),
    ],
)
def test_what_touches_nobody_is_no_action(decision: Decision) -> None:
    with pytest.raises(DataError, match="touches nobody"):
        Action.of(decision)


@pytest.mark.parametrize(
    ("decision", "state", "kind"),
    [
        pytest.param(MESSAGE, "delivered", "Message Delivered", id="delivered"),
        pytest.param(MESSAGE, "opened", "Message Opened", id="opened"),
        pytest.param(MESSAGE, "failed", "Message Failed", id="failed"),
        pytest.param(MESSAGE, "refused", "Receipt Recorded", id="refused"),
        pytest.param(COUPON, "redeemed", "Coupon Redeemed", id="redeemed"),
        pytest.param(COUPON, "failed", "Receipt Recorded", id="coupon-failed"),
    ],
)
def test_actions_and_receipts_are_events_of_the_catalogue(decision: Decision, state: Any, kind: str) -> None:
    action = Action.of(decision)
    sent, back = action.as_event(), Receipt(action=action.id, at_ms=T + 9, state=state, detail="full").as_event(action)
    assert (sent.kind, back.kind) == ({"message": "Message Sent", "coupon": "Coupon Issued"}[decision.kind], kind)
    assert sent.id != back.id
    assert back == Receipt(action=action.id, at_ms=T + 9, state=state, detail="full").as_event(action)
    catalogue = shipped()
    for batch in from_events([sent, back], catalogue):
        assert isinstance(batch, EventBatch)
        row = catalogue[batch.kind]
        assert batch.frame["extra"].null_count() == 1, "the kind declares all that is said"
        assert problems(row, batch.frame, latest_ms=T * 2).height == 0


@pytest.mark.parametrize(
    ("receipt", "words"),
    [
        pytest.param(Receipt(action="z", at_ms=T, state="opened"), "another", id="another-action"),
        pytest.param(Receipt(action=Action.of(MESSAGE).id, at_ms=T - 1, state="opened"), "older", id="before-it"),
        pytest.param(Receipt(action=Action.of(MESSAGE).id, at_ms=T, state="redeemed"), "redeemed", id="a-message"),
    ],
)
def test_a_receipt_fits_its_action(receipt: Receipt, words: str) -> None:
    with pytest.raises(DataError, match=words):
        receipt.as_event(Action.of(MESSAGE))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"action": "", "at_ms": T, "state": "opened"}, id="of-nothing"),
        pytest.param({"action": "a", "at_ms": -1, "state": "opened"}, id="before-time"),
        pytest.param({"action": "a", "at_ms": T, "state": "lost"}, id="unknown-state"),
    ],
)
def test_a_broken_receipt_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        Receipt(**fields)
