"""What touches the world once, and what came back."""

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

from msgspec.structs import replace

from guanxi.core import DAY_MS, DataError
from guanxi.decisions import TOLD, Decision, Pairs
from guanxi.events import MAX_TEXT, Event, event_id, shipped

State = Literal["delivered", "opened", "failed", "redeemed", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One touch of the world; done once, however often it is asked for.

    id         the idempotency key
    decision   id of the decision that it carries out
    at_ms      when it is asked for, ms UTC
    kind       one of TOLD of `guanxi.decisions`
    party      whom it touches, "type:scope:key"
    params     (name, value) sorted by name, as in the decision
    raises     DataError
    """

    id: str
    decision: str
    at_ms: int
    kind: str
    party: str
    params: Pairs = ()

    def __post_init__(self) -> None:
        if self.kind not in TOLD:
            raise DataError(f"no action is called {self.kind!r:.60}", f"Use one of {', '.join(TOLD)}", "kind")
        # The laws of decisions hold for its fields too: one place says what a coupon is.
        Decision(
            id=self.decision, at_ms=self.at_ms, kind=self.kind, party=self.party, chosen=(self.kind,),
            alternatives=(self.kind,), propensity=1.0, policy=self.id, params=self.params,
        )  # fmt: skip

    @classmethod
    def of(cls, decision: Decision, *, at_ms: int | None = None) -> Self:
        """Return the action that carries out a decision; the same decision gives the same key.

        at_ms    when it is asked for; None: when the decision comes into force
        raises   DataError when the decision does nothing, or may not touch the world
        """
        if not decision.acts or decision.mode != "auto":
            raise DataError(f"a decision in mode {decision.mode} that chose {len(decision.chosen)} touches nobody",
                            "Act on decisions in mode auto that choose something")  # fmt: skip
        return cls(
            id=event_id("action", decision.id, decision.kind, decision.party), decision=decision.id, kind=decision.kind,
            at_ms=decision.at_ms if at_ms is None else at_ms, party=decision.party, params=decision.params,
        )  # fmt: skip

    def as_event(self) -> Event:
        """Return what the log keeps of it: Message Sent or Coupon Issued."""
        params, made = dict(self.params), _event(self, SENT[self.kind], self.at_ms, self.id)
        if self.kind == "message":
            return replace(made, properties={"channel": params["channel"], "template": params["content"]})
        ends = self.at_ms + int(params["days"]) * DAY_MS
        return replace(
            made, amount=int(params["amount"]), currency="CNY",
            properties={"threshold": params["threshold"], "valid_from": self.at_ms, "valid_until": ends},
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came back of an action.

    action   the action's id
    at_ms    when it happened, ms UTC
    state    redeemed: coupons alone; refused: policy, consent or the sender would not
    detail   the sender's word for it, "" when none
    raises   DataError
    """

    action: str
    at_ms: int
    state: State
    detail: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.action, str) or not self.action:
            raise DataError("a receipt names no action", "Give the action's id", "action")
        if type(self.at_ms) is not int or self.at_ms < 0:
            raise DataError(f"at_ms is {self.at_ms!r:.40}", "Give milliseconds since 1970", "at_ms")
        if self.state not in get_args(State):
            raise DataError(
                f"no state is called {self.state!r:.60}", f"Use one of {', '.join(get_args(State))}", "state"
            )
        if not isinstance(self.detail, str) or len(self.detail) > MAX_TEXT:
            raise DataError(f"the detail is no text of at most {MAX_TEXT} characters", "Shorten it", "detail")

    def as_event(self, action: Action) -> Event:
        """Return what the log keeps of it: Message Delivered, Opened or Failed, Coupon Redeemed, else Receipt Recorded.

        raises   DataError when the receipt is of another action, lies before it, or does not fit its kind
        """
        if action.id != self.action:
            raise DataError("the receipt is of another action", "Look the action up by the receipt's action id")
        if self.at_ms < action.at_ms:
            raise DataError(f"the receipt is {action.at_ms - self.at_ms} ms older than its action", "Check the clocks")
        if self.state == "redeemed" and action.kind != "coupon":
            raise DataError(f"a {action.kind} cannot be redeemed", "Use delivered, opened, failed or refused")
        kind = BACK.get((action.kind, self.state), "Receipt Recorded")
        made, params = _event(action, kind, self.at_ms, self.action, self.state), dict(action.params)
        if kind == "Coupon Redeemed":
            return replace(made, amount=int(params["amount"]), currency="CNY")
        said = {"error_text": self.detail} if self.detail else {}
        if kind == "Receipt Recorded":
            return replace(made, properties={"status": self.state, **said})
        failed = {"delivered": False, **said} if self.state == "failed" else {}
        return replace(made, properties={"channel": params["channel"], **failed})


#: Kind of action -> the event of asking for it.
SENT: Final = {"message": "Message Sent", "coupon": "Coupon Issued"}

#: (kind of action, state) -> the event of its receipt; what is not here is a Receipt Recorded.
BACK: Final = {
    ("message", "delivered"): "Message Delivered",
    ("message", "opened"): "Message Opened",
    ("message", "failed"): "Message Failed",
    ("coupon", "redeemed"): "Coupon Redeemed",
}


def _event(action: Action, kind: str, at_ms: int, *key: str) -> Event:
    """An event about an action, with its party and those of its keys that the kind declares."""
    keys = {"action": action.id, "decision": action.decision, action.kind: action.id}
    declared = shipped()[kind].ref_names
    return Event(
        id=event_id("action", kind, *key), kind=kind, at_ms=at_ms, roles={"actor": action.party},
        refs={name: key for name, key in keys.items() if name in declared},
    )  # fmt: skip
