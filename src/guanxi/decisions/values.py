"""What is asked, what could be chosen, what was chosen: one value each, with its laws."""

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

from guanxi.core import Estimate, Money, PartyRef, Reason
from guanxi.decisions.laws import (
    Pairs,
    refuse,
    require_id,
    require_ids,
    require_kind,
    require_pairs,
    require_size,
    require_time,
)
from guanxi.events import event_id

Mode = Literal["shadow", "propose", "auto"]  # log only; wait for a person; act within limits

#: What the world asks, and waits for.
ASKED: Final = ("slate", "verdict", "reply", "level", "prompt", "draw", "auction")

#: What the world is told, unasked.
TOLD: Final = ("message", "coupon")

CHANNELS: Final = ("app", "wechat", "sms", "mail")  # ways of a message

NOTHING: Final = "none"  # the candidate id that stands for doing nothing, such as in a hold-out


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that could be chosen.

    id      unique within its ask; `NOTHING` stands for doing nothing
    kind    item, message, coupon, content, none, ...
    params  (name, value) sorted by name: what it would do
    value   what it is expected to bring; None when nobody has estimated it
    cost    what it would cost; None when nothing
    raises  DataError
    """

    id: str
    kind: str = "item"
    params: Pairs = ()
    value: Estimate | None = None
    cost: Money | None = None

    def __post_init__(self) -> None:
        require_id("candidate", self.id)
        require_id("kind", self.kind)
        require_pairs("params", self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question of the world, which waits for the answer.

    id          unique; an answerer that draws keys its draws by it
    at_ms       when it is asked, ms UTC
    kind        one of ASKED
    party       whom it is about, "type:scope:key"
    candidates  what can be chosen, at least one, their ids unique
    context     (name, value) sorted by name: what is known of the moment
    size        how many may be chosen, >= 1
    raises      DataError
    """

    id: str
    at_ms: int
    kind: str
    party: str
    candidates: tuple[Candidate, ...]
    context: Pairs = ()
    size: int = 1

    def __post_init__(self) -> None:
        require_id("id", self.id)
        require_time("at_ms", self.at_ms)
        require_kind("kind", self.kind, ASKED)
        PartyRef(self.party)
        require_ids("candidates", tuple(one.id for one in self.candidates))
        if not self.candidates:
            refuse("candidates", "there is nothing to choose from", f"Offer at least {NOTHING!r}")
        require_pairs("context", self.context)
        require_size(self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was chosen for a party, what else was possible, and how likely the choice was.

    id            unique; `Decision.made` derives it
    ask           id of the ask that it answers; "" when the world is told unasked
    at_ms         from when it holds, ms UTC
    kind          one of ASKED or TOLD
    party         whom it concerns, "type:scope:key"
    chosen        candidate ids in order (a slate: from the first place down), at most `size`, each once
    alternatives  all candidate ids that could have been chosen, the chosen ones included
    propensity    how likely this choice was, 0 < p <= 1; policy: who chose
    mode          see Mode; only `auto` touches the world
    size          how many could be chosen, >= 1
    until_ms      until when it holds, exclusive; None: for good
    params        (name, value) sorted by name. A message that acts has `channel` (of CHANNELS), `content`, `purpose`;
                  a coupon that acts has `amount` off and `threshold` (fen) and `days` it is valid
    raises        DataError
    """

    id: str
    ask: str = ""
    at_ms: int
    kind: str
    party: str
    chosen: tuple[str, ...]
    alternatives: tuple[str, ...]
    propensity: float
    policy: str
    mode: Mode = "auto"
    size: int = 1
    reasons: tuple[Reason, ...] = ()
    until_ms: int | None = None
    params: Pairs = ()

    def __post_init__(self) -> None:
        require_id("id", self.id)
        require_id("ask", self.ask, empty=True)
        require_id("policy", self.policy)
        require_time("at_ms", self.at_ms)
        require_kind("kind", self.kind, (*ASKED, *TOLD))
        require_kind("mode", self.mode, get_args(Mode))
        PartyRef(self.party)
        require_ids("chosen", self.chosen)
        require_ids("alternatives", self.alternatives)
        if not self.alternatives:
            refuse("alternatives", "nothing could be chosen", f"List at least {NOTHING!r}")
        if not set(self.chosen) <= set(self.alternatives):
            refuse("chosen", "something was chosen that was not possible", "List it among the alternatives")
        require_size(self.size)
        if len(self.chosen) > self.size:
            refuse("chosen", f"{len(self.chosen)} are chosen, at most {self.size} may be", "Choose fewer")
        if not isinstance(self.propensity, float) or not 0 < self.propensity <= 1:
            refuse("propensity", f"the propensity is {self.propensity}", "Log how likely the choice was: 0 < p <= 1")
        if self.until_ms is not None:
            require_time("until_ms", self.until_ms)
            if self.until_ms <= self.at_ms:
                refuse("until_ms", "it ends before it begins", "End it after at_ms, or leave until_ms out")
        require_pairs("params", self.params)
        if self.acts:
            _require_params(self.kind, dict(self.params))

    @classmethod
    def made(
        cls, *, at_ms: int, kind: str, party: str, chosen: tuple[str, ...], policy: str, ask: str = "", **fields: object
    ) -> Self:
        """Return a decision whose id follows from what was decided; fields as in the class."""
        name = decision_id(policy, ask or party, kind, at_ms, chosen)
        return cls(
            id=name, ask=ask, at_ms=at_ms, kind=kind, party=party, chosen=chosen, policy=policy,
            **fields,  # type: ignore[arg-type]  # checked above, at runtime
        )  # fmt: skip

    @property
    def acts(self) -> bool:
        """Whether anything but NOTHING was chosen."""
        return any(one != NOTHING for one in self.chosen)


def decision_id(policy: str, subject: str, kind: str, at_ms: int, chosen: tuple[str, ...]) -> str:
    """Return the id of a decision, 32 hex digits: the same choice has the same id, however often it is made.

    subject  the ask's id, or the party when nobody asked
    source   XXH3-128
    """
    return event_id("decision", policy, subject, kind, str(at_ms), *chosen)


def _require_params(kind: str, params: dict[str, str | int | float | bool]) -> None:
    if kind == "message":
        require_kind("channel", params.get("channel"), CHANNELS)
        for name in ("content", "purpose"):
            require_id(name, params.get(name))
    elif kind == "coupon":
        for name, least in COUPON.items():
            value = params.get(name)
            if type(value) is not int or value < least:
                refuse(name, f"the coupon's {name} is {value!r}", f"Give a whole number of {least} or more")


COUPON: Final = {"amount": 1, "threshold": 0, "days": 1}  # param -> least value; fen, fen, days
