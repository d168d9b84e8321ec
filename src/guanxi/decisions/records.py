"""What a decision saw, what else it could have chosen, and what refused the rest: enough to make it again."""

from typing import Literal

import msgspec

from guanxi.core import Estimate
from guanxi.decisions.laws import Pairs, Scalar
from guanxi.decisions.limits import Room
from guanxi.decisions.values import Decision

Verdict = Literal["chosen", "possible", "refused"]
Arm = Literal["treated", "explore", "holdout"]
RefusedBy = Literal["erased", "consent", "personalise", "rule", "limit", "fairness"]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """All that a policy sees of a moment and a party; nothing else may move the choice.

    party        "type:scope:key", the reference that names the person
    at_ms        when what is chosen would happen
    until_ms     traits are those of events with a trait clock before it
    known        up to which sequence number the log was read
    traits       name -> value of those the policy reads; None = unknown, or withheld
    consents     purpose -> what the person said; absent = nothing
    personalise  False: the person switched it off, so traits of a profile are withheld
    erased       True: the person was erased
    facts        (name, value) sorted by name: what the caller states of the moment
    """

    party: str
    at_ms: int
    until_ms: int = 0
    known: int = 0
    traits: dict[str, Scalar | None] = {}
    consents: dict[str, bool] = {}
    personalise: bool = True
    erased: bool = False
    facts: Pairs = ()


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a candidate could not be chosen.

    by        what kind of thing refused it
    name      of the rule, the purpose or the limit
    zh, en    the sentence, in both languages, with its numbers
    account, asked, free, resets_ms   of a limit: its account, what was asked of it, what it had, when it has more
    """

    by: RefusedBy
    name: str
    zh: str
    en: str
    account: str = ""
    asked: int = 0
    free: int = 0
    resets_ms: int | None = None


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate as it was weighed.

    id, kind, params  as in `Candidate`; zh, en: as people call it
    channel, purpose  of what it would do; "" = none
    value             what it is expected to bring, in yuan; None = nobody has estimated it
    cost              in fen
    score             by which it was ranked, in yuan; None when refused
    propensity        how likely it was to be chosen, over all that chance could have done; 0 when refused
    """

    id: str
    kind: str
    zh: str
    en: str
    verdict: Verdict
    params: Pairs = ()
    channel: str = ""
    purpose: str = ""
    value: Estimate | None = None
    cost: int = 0
    score: float | None = None
    propensity: float = 0.0
    refusals: tuple[Refusal, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with all that it rests on.

    decision   what was chosen
    policy     hash of the policy's text, 32 hex digits; version: its number in this workspace, 0 = not kept
    arm        treated; explore: chosen by chance among what was possible; holdout: kept out for comparison
    bucket     where the party falls in [0, 1) for this policy: the same always
    limits     number of the newest version of any limit, as they held; rooms: what those that count had left
    weighed    every candidate, in the policy's order, the one that does nothing included
    run        of which run it is part; "" = asked alone
    planned    what would be chosen without chance
    odds       choice -> share of the people in the same case to whom the plan gave it; {} = to all the planned one
    """

    decision: Decision
    policy: str
    arm: Arm
    bucket: float
    context: Context
    version: int = 0
    limits: int = 0
    rooms: tuple[Room, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    run: str = ""
    planned: str = ""
    odds: dict[str, float] = {}


def record_bytes(record: Record) -> bytes:
    """Return a record's canonical bytes: the same record, the same bytes."""
    return _ENCODER.encode(record)


def read_record(row: bytes) -> Record:
    """Return a record from its bytes; raises msgspec.ValidationError or DataError when they are none."""
    return _DECODER.decode(row)


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Record)
