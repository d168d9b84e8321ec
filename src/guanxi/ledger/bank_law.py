"""The law of the relation bank: facts of the log in, what each brings or why it brings nothing out.

Pure: the same facts and rows give the same judgements, in the order in which the log learnt of the facts. Keys of
postings come from the ids of events, so judging anew posts nothing twice.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from guanxi.core import DAY_MS, local_day
from guanxi.ledger.bank import Bank, Earn, Invite, span_of
from guanxi.ledger.chain import LARGEST
from guanxi.parties import is_masked

Who = Callable[[str, int], str]  # reference, seq -> the person that it was known to be then
Marks = Callable[[str, int], frozenset[str]]  # person, seq -> references of devices, phones, ... seen until then


class Fact(NamedTuple):
    """An event, as far as the bank reads it.

    actor, other   references of who did it and to whom; "" = nobody
    amount         fen, 0 = none; order: its number
    """

    seq: int
    id: str
    kind: str
    at_ms: int
    received_ms: int
    live: bool
    actor: str
    other: str = ""
    device: str = ""
    made_up: bool = False
    amount: int = 0
    order: str = ""
    platform: str = ""
    supersedes: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says of a fact.

    rule      name of the row; kind: "earn", "invite", or "undo" of an invitation
    event     id of the event that the posting's key comes from: the check-in, the invitation; for "undo" too
    seq       of the event that decided it; at_ms: when that happened
    person    who gains; "" = nobody can be named
    amount    of the unit, 0 = nothing
    due_ms    when it expires; None = never
    refused   name of the guard that refused it; "" = none did
    replaces  id of the event that this one replaced; "" = none
    """

    rule: str
    kind: str
    event: str
    seq: int
    at_ms: int
    person: str
    unit: str
    amount: int
    due_ms: int | None = None
    refused: str = ""
    replaces: str = ""


def judge_earned(bank: Bank, rule: Earn, facts: Iterable[Fact], *, who: Who) -> Iterator[Judged]:
    """Judge each thing done, in the order of the log.

    facts   of the rule's kind; for each person and each device in question all of the same month
    """
    done: Counter[object] = Counter()  # (person, first day of the guard's window)
    made: Counter[object] = Counter()
    on_device: defaultdict[object, set[str]] = defaultdict(set)
    programme = bank.programmes[rule.unit]
    for fact in sorted(facts, key=lambda one: one.seq):
        if bank.since_ms is None or fact.at_ms < bank.since_ms:
            continue
        person, is_made_up = who(fact.actor, fact.seq), fact.made_up or _is_late(bank, fact)
        refused = "masked" if "masked" in bank.guards and is_masked(fact.actor) else ""
        counts: list[tuple[Counter[object], object]] = []
        for name, counter in (("once", done), ("made_up", made)):
            guard = bank.guards.get(name)
            if guard is None or refused or (name == "made_up" and not is_made_up):
                continue
            key: object = (person, span_of(guard.window, fact.at_ms))
            refused = name if counter[key] >= guard.most else ""
            counts.append((counter, key))
        device = bank.guards.get("device")
        users = on_device[fact.device, span_of(device.window, fact.at_ms)] if device and fact.device else set()
        if device and not refused and person not in users and len(users) >= device.most:
            refused = "device"
        amount = 0 if refused else rule.made_up if is_made_up else rule.amount
        if not refused:
            users.add(person)
            for counter, key in counts:
                counter[key] += 1
        yield Judged(
            rule=rule.name, kind="earn", event=fact.id, seq=fact.seq, at_ms=fact.at_ms, person=person, unit=rule.unit,
            amount=amount, due_ms=programme.due_ms(fact.at_ms), refused=refused, replaces=fact.supersedes,
        )  # fmt: skip


def judge_invited(
    bank: Bank, rule: Invite, facts: Iterable[Fact], *, who: Who, marks: Marks,
    after: int = 0, posted: Collection[str] = (),
) -> Iterator[Judged]:  # fmt: skip
    """Judge each invitation, when the invited person does something real.

    facts    every invitation that was followed, everything real that an invited person did, and what undid it
    marks    what a person was seen with until then
    after    what was decided by facts up to this seq is not judged again: `posted` holds the invitations that brought
             something, others brought nothing
    """
    state = _Invitations(bank, rule, who, marks, after, frozenset(posted))
    for fact in sorted(facts, key=lambda one: one.seq):
        found = None
        if fact.kind == rule.kind:
            found = state.follow(fact)
        elif fact.kind in rule.after:
            found = state.act(fact)
        elif fact.kind in rule.undone_by:
            found = state.undo(fact)
        if found is not None:
            yield found


class _Invitations:
    """Who invited whom, who is still to do something real, and what that brought."""

    def __init__(self, bank: Bank, rule: Invite, who: Who, marks: Marks, after: int, posted: frozenset[str]) -> None:
        self._bank, self._rule, self._who, self._marks = bank, rule, who, marks
        self._after, self._posted = after, posted
        self._inviter: dict[str, str] = {}  # invited person -> who invited them
        self._waiting: dict[str, Fact] = {}  # invited person -> the invitation
        self._bought: dict[str, int] = {}  # person -> earliest instant of something real
        self._weeks: Counter[object] = Counter()
        self._brought: dict[tuple[str, str], tuple[Judged, int]] = {}  # platform, order -> what it brought, its amount
        self._back: Counter[tuple[str, str]] = Counter()  # fen that went back, by order

    def follow(self, fact: Fact) -> Judged | None:
        """Somebody followed an invitation."""
        if not fact.other or self._bank.since_ms is None or fact.at_ms < self._bank.since_ms:
            return None
        invited, inviter = self._who(fact.actor, fact.seq), self._who(fact.other, fact.seq)
        refused = self._refused_at_once(fact, invited, inviter)
        if refused:
            return self._judged(fact, fact, inviter, refused)
        self._inviter[invited] = inviter
        self._waiting[invited] = fact
        return None

    def act(self, fact: Fact) -> Judged | None:
        """Somebody did something real."""
        invited, guards = self._who(fact.actor, fact.seq), self._bank.guards
        waited = invited if invited in self._waiting else fact.actor  # as they were known when they were invited
        invitation = self._waiting.get(waited)
        self._bought[invited] = min(fact.at_ms, self._bought.get(invited, fact.at_ms))
        if invitation is None or fact.at_ms < invitation.at_ms:
            return None
        small, slow, weekly = guards.get("small"), guards.get("slow"), guards.get("invites")
        if small and fact.amount < small.least_fen:
            return None  # the next one may be real
        if fact.order and 0 < fact.amount <= self._back[fact.platform, fact.order]:
            return None  # it went back before the log heard of it: files come in any order
        del self._waiting[waited]
        inviter = self._who(invitation.other, fact.seq)
        week = inviter, span_of(weekly.window if weekly else "week", fact.at_ms)
        refused = ""
        if fact.seq <= self._after:
            if invitation.id not in self._posted:
                return None
        elif slow and fact.at_ms >= invitation.at_ms + slow.days * DAY_MS:
            refused = "slow"
        elif "self" in guards and invited == inviter:
            refused = "self"  # found out since
        elif weekly and self._weeks[week] >= weekly.most:
            refused = "invites"
        elif self._share_mark(invited, inviter, fact.seq):
            refused = "shared_mark"
        found = self._judged(invitation, fact, inviter, refused)
        if not refused:
            self._weeks[week] += 1
            if fact.order:
                self._brought[fact.platform, fact.order] = found, fact.amount
        return found

    def undo(self, fact: Fact) -> Judged | None:
        """An order was called off, or its money went back; in parts counts when all of it has."""
        place = fact.platform, fact.order
        found, paid = self._brought.get(place, (None, 0))
        self._back[place] += fact.amount or paid or LARGEST  # without an amount: all of it
        if found is None or self._back[place] < paid:
            return None
        del self._brought[place]
        return msgspec.structs.replace(found, kind="undo", seq=fact.seq, at_ms=fact.at_ms, due_ms=None)

    def _refused_at_once(self, fact: Fact, invited: str, inviter: str) -> str:
        refused = {
            "masked": is_masked(fact.actor) or is_masked(fact.other),
            "self": invited == inviter,
            "invited_before": invited in self._inviter,
            "circle": self._descends(inviter, invited),
            "customer_before": self._bought.get(invited, fact.at_ms) < fact.at_ms,
        }
        return next((name for name, holds in refused.items() if holds and name in self._bank.guards), "")

    def _descends(self, person: str, ancestor: str) -> bool:
        """Whether somebody was invited by another, or by whom that one invited."""
        seen: set[str] = set()
        while person in self._inviter and person not in seen:
            seen.add(person)
            person = self._inviter[person]
            if person == ancestor:
                return True
        return False

    def _share_mark(self, invited: str, inviter: str, seq: int) -> bool:
        guard = self._bank.guards.get("shared_mark")
        if guard is None:
            return False
        common = self._marks(invited, seq) & self._marks(inviter, seq)
        return any(ref.partition(":")[0] in guard.marks for ref in common)

    def _judged(self, invitation: Fact, decided: Fact, inviter: str, refused: str) -> Judged:
        rule = self._rule
        due_ms = self._bank.programmes[rule.unit].due_ms(decided.at_ms)
        return Judged(
            rule=rule.name, kind="invite", event=invitation.id, seq=decided.seq, at_ms=decided.at_ms, person=inviter,
            unit=rule.unit, amount=0 if refused else rule.amount, due_ms=due_ms, refused=refused,
            replaces=invitation.supersedes,
        )  # fmt: skip


def _is_late(bank: Bank, fact: Fact) -> bool:
    """Whether a live event tells of a day that is over for longer than the guard allows."""
    guard = bank.guards.get("late")
    if guard is None or not fact.live:
        return False
    return (local_day(fact.received_ms) - local_day(fact.at_ms)).days > guard.days
