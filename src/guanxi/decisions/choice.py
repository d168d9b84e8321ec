"""The choice: every offer weighed, what refuses it said, and how likely each was to be chosen.

Pure: the same context, rooms, limits and policy give the same record, byte for byte. What refuses an offer is said in
this order, and all of it: erased (then nothing else is looked at); consent; protection of minors and of people in
distress; rules, or that personalisation is off; value and cost that cannot be computed; limits.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec
import xxhash

from guanxi.core import Estimate, PartyRef, Reason
from guanxi.decisions.buckets import arm_of, bucket, explores, pick
from guanxi.decisions.expressions import Expression
from guanxi.decisions.fairness import is_priced, protected
from guanxi.decisions.laws import require_time
from guanxi.decisions.limits import Limit, Room
from guanxi.decisions.policy import LARGEST_YUAN, Offer, Policy, Rule
from guanxi.decisions.records import Arm, Context, Record, Refusal, Weighed
from guanxi.decisions.refusals import ERASED, Fate, by_limit, by_rule, for_protection, no_consent, no_number
from guanxi.decisions.rules import Outcome, RuleSet, places
from guanxi.decisions.values import NOTHING, Decision, Mode, decision_id

Rooms = Mapping[tuple[str, str], Room]  # (limit, offer) -> what the limit leaves


class Drawn(NamedTuple):
    """What chance made of a choice."""

    chosen: str
    arm: Arm
    propensity: float


def compile_policy(policy: Policy) -> "Compiled":
    """Return a policy ready to decide; the same for as long as its text is."""
    return Compiled(policy)


class Compiled:
    """A policy with its expressions compiled.

    policy  as read; reads: names of the traits that it reads
    """

    def __init__(self, policy: Policy) -> None:
        self.policy: Final = policy
        self.reads: Final = policy.reads
        rules = [Expression(one.when, policy.variables) for one in policy.rules]
        numbers: list[Expression] = []
        self._slots: Final = [_Slot(policy, place, numbers) for place in range(len(policy.offers))]
        self._rules: Final = RuleSet(rules, numbers)
        self._warn: Final = sum(1 << at for at, one in enumerate(policy.rules) if one.effect == "warn")
        self._told: Final = [_reasons_of(one) for one in policy.rules]
        self._asked: Final = sorted(set(policy.reads) - set(self._rules.sources))  # only whether they are known
        self._refused: Final[dict[tuple[int, Fate], Refusal]] = {}
        self._counted: tuple[tuple[int, tuple[Limit, ...]], list[list[tuple[Limit, tuple[str, str]]]]] = ((-1, ()), [])
        self._last: tuple[Context, Context, Outcome] | None = None

    def weigh(self, context: Context, rooms: Rooms, limits: Sequence[Limit]) -> tuple[Weighed, ...]:
        """Return every offer as weighed, NOTHING last, with the propensities of who takes the best one.

        rooms   for every limit and offer that it counts; one that lacks refuses the offer
        limits  that hold
        """
        outcome = self._look(context)[1]
        shields = protected(dict(context.facts)) if context.facts else ()
        counted = self._counting(limits, context.at_ms)
        found: list[tuple[Estimate | None, int, tuple[Refusal, ...]]] = []
        for slot in self._slots:
            value, cost = slot.worth(outcome)
            if context.erased:
                found.append((value, cost or 0, (ERASED,)))
                continue
            refusals = self._refusals(slot, context, outcome, shields)
            if value is None or cost is None:
                missing: Literal["value", "cost"] = "cost" if cost is None else "value"
                refusals = (*refusals, no_number(missing, withheld=is_off(context)))
            for limit, key in counted[slot.place]:
                asked = 1 if limit.uses == "one" else cost or 0
                if asked and ((room := rooms.get(key)) is None or asked > room.cap - room.used - room.reserved):
                    refusals = (*refusals, by_limit(limit, room, asked=asked, at_ms=context.at_ms))
            found.append((value, cost or 0, refusals))
        scores = [None if one[2] or one[0] is None else round(one[0].value - one[1] / 100, 9) for one in found]
        best, possible = self._best(scores, [one[1] for one in found])
        chances = self._chances(possible, best)
        told = [slot.weighed(*one, score, chances) for slot, one, score in zip(self._slots, found, scores, strict=True)]
        return (*told, _nothing(chances[NOTHING]))

    def decide(self, context: Context, rooms: Rooms, limits: Sequence[Limit]) -> Record:
        """Return the decision about one party alone, with all that it rests on."""
        weighed = self.weigh(context, rooms, limits)
        best = best_of(weighed)
        drawn = self.draw(context, weighed, best)
        return self.conclude(context, rooms, weighed, drawn.chosen, arm=drawn.arm, best=best)

    def draw(self, context: Context, weighed: Sequence[Weighed], best: str) -> Drawn:
        """Return what is chosen when `best` is the best: that one, NOTHING in the hold-out, or what chance takes.

        Whoever switched personalisation off is drawn for as everybody who did, not by who they are.
        """
        possible = [one.id for one in weighed if one.verdict != "refused"]
        chances = self._chances(possible, best)
        arm = arm_of(self.policy, context.party)
        if arm == "holdout":
            return Drawn(NOTHING, arm, chances[NOTHING])
        whose = "" if is_off(context) else context.party
        if len(possible) > 1 and explores(self.policy, whose, at_ms=context.at_ms):
            arm, best = "explore", possible[pick(self.policy, whose, at_ms=context.at_ms, count=len(possible))]
        return Drawn(best, arm, chances[best])

    def chances(self, weighed: Sequence[Weighed], best: str) -> dict[str, float]:
        """Return how likely each possible one is to be chosen when `best` is the best; together they are 1.

        The hold-out counts as chance: who is in it was drawn, once and for all.
        """
        return self._chances([one.id for one in weighed if one.verdict != "refused"], best)

    def conclude(
        self, context: Context, rooms: Rooms, weighed: Sequence[Weighed], chosen: str, *, arm: Arm,
        propensity: float | None = None, mode: Mode | None = None, best: str | None = None,
    ) -> Record:  # fmt: skip
        """Return the record of what was chosen, by `decide` or by an assignment.

        propensity  None = as `chances` says for `best`
        mode        None = the policy's
        best        what would have been taken without chance; None = the chosen one, or the best score in other arms
        raises      DataError when what was chosen is refused
        """
        if best is None:
            best = chosen if arm == "treated" else best_of(weighed)
        chances = self.chances(weighed, best)
        if propensity is not None and chosen in chances:
            chances[chosen] = propensity
        told = _with(weighed, chances, chosen)
        slot = next((one for one in self._slots if one.offer.id == chosen), None)
        make = Decision.made if propensity is not None or chosen not in chances else _trusted
        decision = make(
            at_ms=context.at_ms, kind=slot.offer.kind if slot else self.policy.offers[0].kind, party=context.party,
            chosen=(chosen,), alternatives=tuple(chances), propensity=chances.get(chosen, 1.0), policy=self.policy.name,
            mode=mode or self.policy.mode, params=slot.does if slot else (), reasons=self._reasons(context, slot),
        )  # fmt: skip
        held = {(one.limit, one.account): one for one in rooms.values()}
        return Record(
            decision=decision, policy=self.policy.hash, arm=arm, bucket=bucket(self.policy.name, context.party),
            context=self._look(context)[0], rooms=tuple(held[key] for key in sorted(held)), weighed=told,
        )  # fmt: skip

    def cell(self, context: Context) -> int:
        """Return the cell of behaviour of a moment: what the rules and the values say of it, and not whose it is."""
        outcome = self._look(context)[1]
        text = "\x1f".join((self.policy.hash, *map(repr, outcome)))
        return xxhash.xxh3_64_intdigest(text.encode()) >> 1

    def _best(self, scores: Sequence[float | None], costs: Sequence[int]) -> tuple[str, list[str]]:
        """The best possible one, and all: the highest score; of equals NOTHING, the cheapest, the first."""
        top, best, possible = (0.0, 0), NOTHING, []
        for slot, score, cost in zip(self._slots, scores, costs, strict=True):
            if score is not None:
                possible.append(slot.offer.id)
                if (score, -cost) > top and score > 0:
                    top, best = (score, -cost), slot.offer.id
        return best, [*possible, NOTHING]

    def _chances(self, possible: Sequence[str], best: str) -> dict[str, float]:
        if len(possible) == 1:
            return {possible[0]: 1.0}
        held, explore = self.policy.holdout, self.policy.explore
        found = dict.fromkeys(possible, (1 - held) * explore / len(possible))
        found[best] += (1 - held) * (1 - explore)
        found[NOTHING] += held
        return found

    def _look(self, context: Context) -> tuple[Context, Outcome]:
        """A context without what the policy may not see or does not read, and what the rules say of it."""
        last = self._last
        if last is None or last[0] is not context:
            hidden = is_off(context) or context.erased
            taken = self._rules.take({} if hidden else context.traits)
            traits = {} if hidden else dict(zip(self._rules.sources, taken, strict=True))
            if not hidden:
                traits |= {name: context.traits.get(name) for name in self._asked}
            seen = context if traits == context.traits else msgspec.structs.replace(context, traits=traits)
            outcome = self._rules.judge(traits, dict(context.facts) if context.facts else {}, taken=taken)
            self._last = last = (context, seen, outcome)
        return last[1:]

    def _refusals(
        self, slot: "_Slot", context: Context, outcome: Outcome, shields: tuple[str, ...]
    ) -> tuple[Refusal, ...]:
        """What refuses an offer by consent, protection and rules."""
        bits = (slot.require & ~outcome.holds) | (slot.exclude & outcome.holds)
        bits |= (slot.require | slot.exclude) & outcome.failed
        asked = [one for one in slot.needs if context.consents.get(one) is not True]
        shields = shields if slot.presses else ()
        if not (asked or shields or bits):
            return ()
        return (
            *(no_consent(one, withdrawn=one in context.consents) for one in asked),
            *map(for_protection, shields),
            *(self._by_rule(place, outcome, context) for place in places(bits)),
        )

    def _by_rule(self, place: int, outcome: Outcome, context: Context) -> Refusal:
        fate: Fate = "held" if outcome.holds >> place & 1 else "not"
        if outcome.failed >> place & 1:
            fate = "failed"
        elif outcome.unknown >> place & 1:
            fate = "withheld" if is_off(context) else "unknown"
        if (place, fate) not in self._refused:
            self._refused[place, fate] = by_rule(self.policy.rules[place], fate)
        return self._refused[place, fate]

    def _counting(self, limits: Sequence[Limit], at_ms: int) -> list[list[tuple[Limit, tuple[str, str]]]]:
        """For each offer the limits that count it at an instant, with their keys; those of a minute are remembered."""
        held, minute = tuple(limits), at_ms // 60_000
        counted = self._counted
        if (minute, held) != counted[0]:
            self._counted = counted = ((minute, held), [
                [(one, (one.name, slot.offer.id)) for one in held
                 if one.counts(slot.offer.kind, channel=slot.offer.channel, purpose=slot.offer.purpose, at_ms=at_ms)]
                for slot in self._slots
            ])  # fmt: skip
        return counted[1]

    def _reasons(self, context: Context, slot: "_Slot | None") -> tuple[Reason, ...]:
        """Why this one: the rules that asked for it, those that warn, and those that could not be used."""
        outcome = self._look(context)[1]
        warned = self._warn & outcome.holds
        asked, unused = (slot.require & outcome.holds, slot.exclude & outcome.unknown) if slot else (0, 0)
        return (
            *(self._told[place][0] for place in places(asked)),
            *(self._told[place][1] for place in places(warned)),
            *(self._told[place][2] for place in places(unused)),
        )


class _Slot:
    """One offer with what follows from the policy."""

    __slots__ = (
        "_const",
        "_cost",
        "_fixed",
        "_ready",
        "_value",
        "does",
        "exclude",
        "needs",
        "offer",
        "place",
        "presses",
        "require",
    )

    def __init__(self, policy: Policy, place: int, numbers: list[Expression]) -> None:
        offer = policy.offers[place]
        self.offer, self.place, self.does = offer, place, offer.does
        self.needs = policy.needs[place]
        self.presses = is_priced(offer) or offer.purpose == "marketing"
        self.require = self._bits(policy, "require")
        self.exclude = self._bits(policy, "exclude")
        cost = offer.cost_yuan
        if cost is None:
            cost = int(offer.params["amount"]) / 100 if offer.kind == "coupon" else 0.0
        self._value, self._cost = (_number(one, policy, numbers) for one in (offer.value, cost))
        self._const = estimate_of(offer, offer.value) if isinstance(offer.value, float) else None
        self._fixed = self._const is not None and isinstance(self._cost, float)
        self._ready: dict[float, Weighed] = {}  # by propensity: few, while value and cost are fixed

    def worth(self, outcome: Outcome) -> tuple[Estimate | None, int | None]:
        """Its value, and its cost in fen; None = it depends on what is not known."""
        value = self._const
        if value is None and isinstance(self._value, int):
            found = outcome.numbers[self._value]
            found = self.offer.value_unknown if found is None else found
            value = None if found is None else estimate_of(self.offer, found)
        cost = outcome.numbers[self._cost] if isinstance(self._cost, int) else self._cost
        return value, None if cost is None or not 0 <= cost <= LARGEST_YUAN else math.floor(cost * 100 + 0.5)

    def weighed(
        self, value: Estimate | None, cost: int, refusals: tuple[Refusal, ...], score: float | None,
        chances: Mapping[str, float],
    ) -> Weighed:  # fmt: skip
        """It as weighed."""
        offer, chance = self.offer, chances.get(self.offer.id, 0.0)
        if self._fixed and not refusals and chance in self._ready:
            return self._ready[chance]
        made = Weighed(
            id=offer.id, kind=offer.kind, zh=offer.zh, en=offer.en, verdict="refused" if score is None else "possible",
            params=self.does, channel=offer.channel, purpose=offer.purpose, value=value, cost=cost, score=score,
            propensity=chance, refusals=refusals,
        )  # fmt: skip
        if self._fixed and not refusals:
            self._ready[chance] = made
        return made

    def _bits(self, policy: Policy, effect: str) -> int:
        return sum(
            1 << at
            for at, rule in enumerate(policy.rules)
            if rule.effect == effect and (not rule.offers or self.offer.id in rule.offers)
        )


def best_of(weighed: Sequence[Weighed]) -> str:
    """Return the id of the best possible one: the highest score; of equals NOTHING, the cheapest, the first."""
    top, best = (0.0, 0), NOTHING
    for one in weighed:
        if one.score is not None and one.score > 0 and (one.score, -one.cost) > top:
            top, best = (one.score, -one.cost), one.id
    return best


def is_off(context: Context) -> bool:
    """Whether traits are withheld: personalisation is switched off, or it or analysis is not allowed any more."""
    said = context.consents
    return not context.personalise or said.get("personalise") is False or said.get("analyse") is False


def estimate_of(offer: Offer, value: float) -> Estimate:
    """Return the value of an offer in yuan with the interval that its policy states."""
    if offer.value_low is not None and offer.value_high is not None:
        low, high = min(offer.value_low, value), max(offer.value_high, value)
    else:
        half = abs(value) * (offer.value_band or 0.0)
        low, high = value - half, value + half
    return Estimate(value=value, low=low, high=high, level=offer.value_level, unit="yuan", n=0, method="stated")


def _number(said: float | str, policy: Policy, numbers: list[Expression]) -> int | float:
    """A number, or the place of an expression among the numbers: an int."""
    if not isinstance(said, str):
        return float(said)
    numbers.append(Expression(said, policy.variables, number=True))
    return len(numbers) - 1


def _with(weighed: Sequence[Weighed], chances: Mapping[str, float], chosen: str) -> tuple[Weighed, ...]:
    """The same with the chosen one marked, and everyone's chance."""
    return tuple(
        one if one.verdict == "refused" or (one.id != chosen and one.propensity == chances[one.id])
        else msgspec.structs.replace(
            one, verdict="chosen" if one.id == chosen else "possible", propensity=chances[one.id])
        for one in weighed
    )  # fmt: skip


def _reasons_of(rule: Rule) -> tuple[Reason, Reason, Reason]:
    """What a rule says when it asked for an offer, when it warns, and when it could not be used."""
    return (
        Reason(zh=rule.zh, en=rule.en, weight=1.0, evidence=(rule.name,)),
        Reason(zh=f"留意：{rule.zh}", en=f"Note: {rule.en}", weight=-1.0, evidence=(rule.name,)),
        Reason(
            zh=f"规则「{rule.zh}」要看的数据还没有，没有用上",
            en=f"Not known, so not used: {rule.en}",
            evidence=(rule.name,),
        ),
    )


def _trusted(*, at_ms: int, kind: str, party: str, chosen: tuple[str, ...], policy: str, **fields: object) -> Decision:
    """As `Decision.made`; only what the context brings is checked, the rest was when the policy was read."""
    require_time("at_ms", at_ms)
    PartyRef(party)
    made = object.__new__(Decision)
    said = {"at_ms": at_ms, "kind": kind, "party": party, "chosen": chosen, "policy": policy, **fields}
    for name, value in (_UNASKED | said | {"id": decision_id(policy, party, kind, at_ms, chosen)}).items():
        object.__setattr__(made, name, value)
    return made


_UNASKED: Final[dict[str, object]] = {"ask": "", "size": 1, "until_ms": None}


@lru_cache(maxsize=1_024)
def _nothing(chance: float) -> Weighed:
    return Weighed(id=NOTHING, kind=NOTHING, zh="什么都不做", en="Do nothing", verdict="possible", score=0.0,
                   propensity=chance)  # fmt: skip
