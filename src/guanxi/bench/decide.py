"""The bench of decisions: fifty rules over five hundred traits, with limits that bind, one decision after another.

A second of `decisions_per_s` is one of the processor, so that neighbours on the machine do not count; the times of
single decisions are those of the clock.
"""

import gc
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from cel_expr_python import cel  # type: ignore[import-untyped]  # it ships stubs without a marker

from guanxi.bench.report import Figure, at_least, at_most, colour
from guanxi.decisions import (
    NOTHING,
    Compiled,
    Context,
    Expression,
    Limit,
    Record,
    Room,
    RuleSet,
    account_of,
    compile_policy,
    read_policy,
    record_bytes,
    shipped_limits,
    sort_of,
    source_of,
    trait_variables,
    unfair,
    variable_of,
)
from guanxi.ledger import Account, Book, Move, Reserve
from guanxi.traits import Trait, shipped_traits

DECISIONS: Final = 40_000
PEOPLE: Final = 10_000
TRAITS: Final = 500
RULES: Final = 50
BUDGET: Final = 300_000  # fen that all coupons together may cost
MOMENTS: Final = 2_000  # different sets of traits
EVERY: Final = 100  # decisions, one of which is made again
PEER: Final = 60  # moments judged rule by rule
REPEATS: Final = 10
AT_MS: Final = 1_700_020_800_000  # 2023-11-15 12:00 in China
_SECRET: Final = bytes(range(32))
_CEL: Final = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING}


def run(_data: Path, *, decisions: int = DECISIONS, people: int = PEOPLE, peer: int = PEER) -> Sequence[Figure]:
    """Measure decisions one by one, then compare with the same rules judged one by one."""
    dice = random.Random(5)  # noqa: S311 - a bench, repeatable
    rows = _traits()
    rules = _rules(rows, dice)
    compiled = compile_policy(read_policy(_text(rules), shipped_traits(), name="bench"))
    desk = Desk(compiled, people)
    moments = [_moment(rows, dice) for _ in range(min(MOMENTS, decisions))]
    contexts = [
        Context(party=f"person::{number % people}", at_ms=AT_MS, traits=moments[number % len(moments)],
                consents={"message": True})
        for number in range(decisions)
    ]  # fmt: skip
    times, kept = [], []
    gc.collect()
    gc.freeze()
    wall, cpu = time.perf_counter(), time.process_time()
    for number, context in enumerate(contexts):
        begin = time.perf_counter()
        record = desk.decide(context)
        times.append(time.perf_counter() - begin)
        if number % EVERY == 0:
            kept.append(record)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gc.unfreeze()
    times.sort()
    return [
        at_least("decisions_per_s", decisions / cpu, "1/s", 8_000),
        colour("decisions_per_wall_s", decisions / wall, "1/s"),
        colour("cpu_us", cpu / decisions * 1e6, "us"),
        *(colour(f"{name}_us", times[int(share * (decisions - 1))] * 1e6, "us")
          for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))),
        colour("acted", desk.acted / decisions, "share"),
        colour("refused_by_a_limit", sum(map(_is_limited, kept)) / len(kept), "share"),
        colour("spent_of_budget", desk.spent("coupon_budget") / BUDGET, "share"),
        at_most("over_a_limit", desk.over(), "accounts", 0),
        at_most("not_in_the_book", desk.acted - len(desk.book.holds), "decisions", 0),
        at_most("other_bytes", sum(not desk.repeats(one) for one in kept), "decisions", 0),
        *_against_peer(rows, rules, moments[:peer]),
    ]  # fmt: skip


class Desk:
    """Who decides: rooms come from a book in memory, and what acts is reserved there at once.

    acted  decisions that were reserved
    """

    def __init__(self, compiled: Compiled, people: int) -> None:
        self.compiled, self.book, self.acted = compiled, Book(), 0
        self.limits: Final = tuple(_limits())
        self._sources = {one.name: source_of(one, secret=_SECRET) for one in self.limits}
        self._ends = {one.name: one.over_ms(AT_MS) for one in self.limits}
        self._counting = {
            offer.id: [one for one in self.limits
                       if one.counts(offer.kind, channel=offer.channel, purpose=offer.purpose, at_ms=AT_MS)]
            for offer in compiled.policy.offers
        }  # fmt: skip
        self._accounts = {one.name: [self._account(one, place) for place in range(people if "person" in one.per else 1)]
                          for one in self.limits}  # fmt: skip
        for account in (*self._sources.values(), *(one for held in self._accounts.values() for one in held)):
            self.book.open(account)

    def decide(self, context: Context) -> Record:
        """Decide about a moment with what the limits leave, and reserve what is used."""
        record = self.compiled.decide(context, self.rooms(context), self.limits)
        chosen = record.decision.chosen[0]
        if chosen == NOTHING:
            return record
        cost = next(one.cost for one in record.weighed if one.id == chosen)
        accounts = self._of(context)
        moves = tuple(
            Move(self._sources[one.name].id, accounts[one.name].id, one.unit, amount, self._ends[one.name])
            for one in self._counting[chosen] if (amount := 1 if one.uses == "one" else cost)
        )  # fmt: skip
        self.book.post(Reserve(record.decision.id, moves, AT_MS + 86_400_000), now_ms=AT_MS)
        self.acted += 1
        return record

    def rooms(self, context: Context) -> dict[tuple[str, str], Room]:
        """What each limit that counts an offer leaves."""
        held = {}
        for name, account in self._of(context).items():
            standing = self.book.standing(account.id)
            held[name] = Room(limit=name, account=account.id, cap=account.cap or 0, used=standing.balance,
                              reserved=standing.coming)  # fmt: skip
        return {(one.name, offer): held[one.name] for offer, some in self._counting.items() for one in some}

    def repeats(self, record: Record) -> bool:
        """Whether what a record holds gives the same record again, byte for byte."""
        held = {one.limit: one for one in record.rooms}
        rooms = {(one.name, offer): held[one.name] for offer, some in self._counting.items() for one in some}
        return record_bytes(self.compiled.decide(record.context, rooms, self.limits)) == record_bytes(record)

    def over(self) -> int:
        """Accounts that hold more than their limit."""
        everyone = (account for held in self._accounts.values() for account in held)
        return sum(self.book.standing(account.id).room < 0 for account in everyone)

    def spent(self, limit: str) -> int:
        """What is reserved of a limit that all share."""
        return self.book.standing(self._accounts[limit][0].id).coming

    def _of(self, context: Context) -> dict[str, Account]:
        place = int(context.party[8:])
        return {name: held[place if len(held) > 1 else 0] for name, held in self._accounts.items()}

    def _account(self, limit: Limit, place: int) -> Account:
        subject = {"person": f"person::{place}", "policy": self.compiled.policy.name}
        return account_of(limit, subject, secret=_SECRET)


def _limits() -> list[Limit]:
    """The shipped limits of messages and coupons, with a budget that this bench can spend."""
    caps = {"coupon_budget": BUDGET, "policy_budget": 10 * BUDGET, "policy_people": 1_000_000}
    return [msgspec.structs.replace(one, cap=caps.get(one.name, one.cap)) for one in shipped_limits().values()
            if one.name not in ("compensation_person", "sms_month")]  # fmt: skip


def _traits() -> list[Trait]:
    """Five hundred traits of the catalogue, those that may decide about a price first."""
    rows = [one for one in shipped_traits().rows.values() if one.unit != "name"]
    rows.sort(key=lambda one: unfair(one.name) is not None)
    return rows[:TRAITS]


class _Rule(NamedTuple):
    text: str
    effect: str
    offers: tuple[str, ...]


def _rules(rows: Sequence[Trait], dice: random.Random) -> list[_Rule]:
    fair = [one for one in rows if unfair(one.name) is None]
    found = []
    for number in range(RULES):
        one, two = dice.sample(fair, 2)
        high = [f"{variable_of(row.name)} > {_literal(row, dice.choice((7, 8)))}" for row in (one, two)]
        low = f"{variable_of(one.name)} >= {_literal(one, 0)} || {variable_of(two.name)} > {_literal(two, 3)}"
        effect = ("exclude", "require", "warn", "exclude", "exclude")[number % 5]
        text = low if effect == "require" else " && ".join(high)
        found.append(_Rule(text, effect, ((), ("five",), ("ten", "five"))[number % 3]))
    return found


def _literal(row: Trait, value: int) -> str:
    return str(value) if sort_of(row) == "int" else f"{value / 10}"


def _text(rules: Sequence[_Rule]) -> str:
    coupon = "params = {{ amount = {}, threshold = 3000, days = 7 }}\ncost_yuan = {}"
    five, ten = coupon.format(500, 1.5), coupon.format(1000, 2.0)
    offers = [("hello", "message", 0.8, ""), ("news", "message", 0.5, ""), ("five", "coupon", 3.2, five),
              ("ten", "coupon", 4.0, ten)]  # fmt: skip
    parts = ['zh = "压测"\nen = "A bench"\nmode = "auto"']
    for name, kind, value, rest in offers:
        words = f'id = "{name}"\nzh = "{name}"\nen = "{name}"\nkind = "{kind}"\nchannel = "app"\ncontent = "{name}"'
        parts.append(f"[[offers]]\n{words}\nvalue = {value}\nvalue_band = 0.5\n{rest}")
    for at, one in enumerate(rules):
        words = f'name = "r{at}"\nwhen = "{one.text}"\neffect = "{one.effect}"\noffers = {list(one.offers)}'
        parts.append(f'[[rules]]\n{words}\nzh = "规则{at}"\nen = "rule {at}"')
    return "\n\n".join(parts)


def _moment(rows: Sequence[Trait], dice: random.Random) -> dict[str, Any]:
    """All traits of a moment, one of a hundred unknown."""
    numbers = dice.choices(range(10), k=len(rows))
    traits: dict[str, Any] = {
        row.name: number if sort_of(row) == "int" else number / 10 for row, number in zip(rows, numbers, strict=True)
    }
    for row in dice.sample(rows, len(rows) // 100):
        traits[row.name] = None
    return traits


def _is_limited(record: Record) -> bool:
    return any(why.by == "limit" for each in record.weighed for why in each.refusals)


def _against_peer(rows: Sequence[Trait], rules: Sequence[_Rule], moments: Sequence[dict[str, Any]]) -> list[Figure]:
    """The same rules, each evaluated alone over all traits: time, and outcomes that differ."""
    environment = cel.NewEnv(variables={variable_of(row.name): _CEL[sort_of(row)] for row in rows})
    each = [environment.compile(one.text) for one in rules]
    begin = time.process_time()
    alone = []
    for moment in moments:
        known = {variable_of(name): value for name, value in moment.items() if value is not None}
        alone.append([one.eval(data=known).plain_value() for one in each])
    peer = (time.process_time() - begin) / len(moments)
    traits = trait_variables(shipped_traits())
    ruleset = RuleSet([Expression(one.text, traits) for one in rules])
    begin = time.process_time()
    together = [ruleset.judge(moment, {}) for moment in moments for _ in range(REPEATS)][::REPEATS]
    ours = (time.process_time() - begin) / len(moments) / REPEATS
    differ = 0
    for said, outcome in zip(alone, together, strict=True):
        for at, value in enumerate(said):
            state = (outcome.holds >> at & 1, outcome.unknown >> at & 1)
            differ += state != ((int(value), 0) if isinstance(value, bool) else (0, 1))
    return [
        colour("rules_us", ours * 1e6, "us"),
        colour("peer_rules_us", peer * 1e6, "us"),
        at_least("rules_over_peer", peer / ours, "times", 20),
        at_most("outcomes_that_differ", differ, "rules", 0),
    ]
