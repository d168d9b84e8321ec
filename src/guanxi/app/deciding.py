"""Deciding by a policy: about one person at once, or about many under what they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from guanxi.actions import Outgoing
from guanxi.app.approving import open_in, rules_of
from guanxi.app.deciding_people import Onlookers
from guanxi.app.deciding_plan import Plan, Shared
from guanxi.app.deciding_proposal import Tally, proposal
from guanxi.app.deciding_records import asked_id, concluded, placed
from guanxi.app.deciding_rooms import NOTHING_USED, Rooms, Use
from guanxi.app.identity import identities
from guanxi.app.policies import load_policy
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, GuanxiError, NotFound, Refused
from guanxi.decisions import (
    NOTHING,
    OF_RUN,
    Compiled,
    Context,
    Mode,
    Pairs,
    Policy,
    Record,
    bucket,
    check_blast,
    compile_policy,
    require_pairs,
)
from guanxi.engines.control import Made, Run, new_run_id
from guanxi.engines.locks import DECIDER, Lock, held
from guanxi.events import event_id

GROUP: Final = 500  # decisions of one transaction
BLOCK: Final = 20_000  # people whose rooms are read at once
VALID_MS: Final = DAY_MS  # how long after its time something may still be sent
GRACE_MS: Final = DAY_MS  # how much longer it stays reserved: for retries that are under way
MODES: Final[tuple[Mode, ...]] = ("shadow", "propose", "auto")

Progress = Callable[[str, int, int], None]  # step, done, all


class Decider:
    """One policy over one workspace: what it may see, what limits leave, what it chooses.

    mode  as the policy says, or less: shadow < propose < auto
    send  False: a dry run, which uses nothing and touches nobody
    """

    def __init__(
        self, workspace: Workspace, name: str, *, who: str, now_ms: int, mode: Mode | None = None, send: bool = False,
        at_ms: int | None = None,
    ) -> None:  # fmt: skip
        policy, text = load_policy(workspace, name)
        self.workspace, self.policy, self.send, self.now_ms = workspace, policy, send, now_ms
        self.mode: Mode = _mode(policy, mode)
        control = workspace.control
        self.kept = control.runs.keep_policy(text, name=name, hash=policy.hash, who=who, now_ms=now_ms)
        self.compiled: Compiled = compile_policy(policy)
        self.limits_at = control.limits.last()
        self.limits = tuple(control.limits.at(self.limits_at).values())
        self.at_ms = _opens(policy, self, now_ms) if at_ms is None else at_ms
        if self.at_ms < now_ms:
            raise DataError("what is chosen would have to happen in the past", "Give an instant from now on", "at")
        self.is_real = send and self.mode != "shadow"
        self.rooms = Rooms(
            control.decisions, policy, self.limits, secret=workspace.ledger_secret, at_ms=self.at_ms,
            members=identities(workspace).members, keeps=not self.is_real,
        )  # fmt: skip

    def look(self, people: Sequence[str], *, known: int | None = None, facts: Pairs = ()) -> Onlookers:
        """Return what the policy may see of people."""
        return Onlookers(
            self.workspace, people, self.compiled.reads, until_ms=self.now_ms, at_ms=self.at_ms, known=known,
            facts=facts,
        )  # fmt: skip

    def made(
        self, record: Record, *, run: str = "", ask: str = "", approval: str = "", until_ms: int | None = None
    ) -> tuple[Made, Use]:  # fmt: skip
        """Return a record with what it sends, and what it uses; of a dry run that is written nowhere.

        until_ms  until when it may be sent; None = a day from its time
        """
        record = placed(record, run=run, ask=ask, version=self.kept.version, limits=self.limits_at)
        what = record.decision
        chosen = next((one for one in record.weighed if one.verdict == "chosen" and one.id != NOTHING), None)
        if chosen is None:
            return Made(record=record), NOTHING_USED
        ends = self.at_ms + VALID_MS if until_ms is None else until_ms
        use = self.rooms.take(what.party, chosen)
        if self.mode == "shadow":
            return Made(record=record), use
        row = Outgoing(
            id=event_id("action", what.id, what.kind, what.party), decision=what.id, run=run, party=what.party,
            kind=what.kind, channel=chosen.channel or what.kind, body=what.params, dry=not self.send,
            state="waiting" if approval else "ready", approval=approval, not_before_ms=self.at_ms, not_after_ms=ends,
        )  # fmt: skip
        if not self.is_real:
            return Made(record=record, outgoing=row), use
        full = Made(
            record=record, moves=use.moves, until_ms=ends + GRACE_MS, outgoing=row, accounts=use.accounts,
            named=use.named,
        )  # fmt: skip
        return full, use


def decide_one(
    workspace: Workspace, name: str, person: str, *, who: str, now_ms: int, facts: Pairs = (), mode: Mode | None = None,
    send: bool = False, at_ms: int | None = None, ask: str = "",
) -> Record:  # fmt: skip
    """Decide about one person now, and keep it with all that belongs to it; the same in the same instant is one.

    facts   what the caller states of the moment
    ask     the caller's key: asked again under it, the first answer comes again and nothing else happens
    raises  NotFound, SettingError as `load_policy`; Refused when the policy proposes: ask for a run, or when the key
            was used about somebody else
    """
    require_pairs("facts", facts)
    if ask and (found := _answered(workspace, person, asked_id(name, ask))) is not None:
        return found
    decider = Decider(workspace, name, who=who, now_ms=now_ms, mode=mode, send=send, at_ms=at_ms)
    if decider.mode == "propose":
        raise Refused(
            f"the policy {name} proposes, and one decision alone waits for nobody",
            "Run it over people, or ask in mode shadow", "mode",
        )  # fmt: skip
    context = decider.look([person], facts=facts).context(0)
    control = workspace.control
    with control.transaction() as connection:
        decider.rooms.load([context.party], now_ms=now_ms, connection=connection)
        if workspace.vault.forgotten_among([context.party]):  # since they were looked at
            context = msgspec.structs.replace(context, erased=True)
        rooms = decider.rooms.of(context.party)
        record = concluded(decider.compiled, context, rooms, decider.limits, "", mode=decider.mode)
        made, _ = decider.made(record, ask=ask)
        if control.decisions.is_kept_in(connection, made.record.decision.id):  # asked twice at once: the first holds
            return _answered(workspace, person, made.record.decision.id) or made.record
        control.decisions.commit_in(connection, [made], now_ms=now_ms, secret=workspace.ledger_secret)
    return made.record


def _answered(workspace: Workspace, person: str, id: str) -> Record | None:  # noqa: A002 - the field's word
    """The decision of an id, such as a key stands for; None = none was made."""
    try:
        kept = workspace.control.decisions.kept(id)
    except NotFound:
        return None
    if kept.record is None or identities(workspace).resolve(person) != identities(workspace).resolve(kept.party):
        raise Refused("the key was used about somebody else, or somebody who was erased since",
                      "Take a new key for each question", "ask")  # fmt: skip
    return kept.record


def run_policy(
    workspace: Workspace, name: str, people: Sequence[str], *, audience: str, audience_en: str = "", who: str,
    now_ms: int, mode: Mode | None = None, send: bool = False, at_ms: int | None = None,
    progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Decide about many people: weigh all, plan under what they share, write in groups, propose or let go.

    people    references; several of one person count once
    audience  who they are, in words
    send      False: a dry run, which uses nothing of any limit and touches nobody
    at_ms     when what is chosen is to happen; None = now, or when quiet hours end
    raises    Refused when it would touch more people than anything may; Busy while another run decides; what
              `load_policy` raises. A run that fails after it began is kept as failed, and takes back what it wrote
    """
    with Lock(workspace.folder, DECIDER, doing="guanxi decide run"):  # two runs at once would plan with the same room
        _close_dead(workspace, now_ms=now_ms)
        decider = Decider(workspace, name, who=who, now_ms=now_ms, mode=mode, send=send, at_ms=at_ms)
        if not people:
            raise DataError("there is nobody to decide about", "Name people or an audience that has some", "people")
        seen = decider.look(people)
        run = Run(
            id=new_run_id(), policy=name, hash=decider.policy.hash, mode=decider.mode, state="deciding",
            audience=audience, who=who, known=seen.known, begun_ms=now_ms, at_ms=decider.at_ms, send=send,
        )  # fmt: skip
        say = progress or _quiet
        plan = _planned(decider, seen, say)
        if decider.mode != "shadow":
            check_blast(plan.acting, (), rules=rules_of(workspace.settings))
        workspace.control.runs.begin(run)
        try:
            tally = _written(decider, run, seen, plan, say)
            run = _ended(decider, run, tally, plan, audience=(audience, audience_en or audience))
        except GuanxiError as error:
            _failed(workspace, run, str(error), now_ms=now_ms)
            raise
        workspace.control.record(
            who=who, verb="policy.run", object=run.id,
            detail={"policy": name, "people": tally.people, "acting": tally.acting, "send": send},
        )  # fmt: skip
        return run


def close_dead_runs(workspace: Workspace, *, now_ms: int) -> int:
    """Let runs fail whose process died before their end, and take back what they wrote; returns how many.

    Nothing of such a run was sent: what a run writes may leave the house only when all of it is written.
    """
    if not workspace.control.runs.runs(state="deciding", limit=1):
        return 0
    with held(workspace.folder, DECIDER, doing="guanxi serve") as lock:
        return 0 if lock is None else _close_dead(workspace, now_ms=now_ms)


def _close_dead(workspace: Workspace, *, now_ms: int) -> int:
    """The same for who holds the lock: no run that is being decided is alive."""
    dead = workspace.control.runs.runs(state="deciding", limit=1_000)
    for run in dead:
        _failed(workspace, run, "its process died before its end", now_ms=now_ms)
    return len(dead)


def _failed(workspace: Workspace, run: Run, problem: str, *, now_ms: int) -> None:
    with workspace.control.transaction() as connection:
        workspace.control.outbox.withdraw_in(connection, run=run.id, now_ms=now_ms)
        failed = msgspec.structs.replace(run, state="failed", ended_ms=now_ms, problem=problem[:240])
        workspace.control.runs.save_in(connection, failed)


def _planned(decider: Decider, seen: Onlookers, say: Progress) -> Plan:
    rooms, plan = decider.rooms, None
    for start in range(0, len(seen), BLOCK):
        people = seen.people[start : start + BLOCK]
        rooms.load(people, now_ms=decider.now_ms)
        plan = plan or Plan(decider.compiled, len(seen), _shared(decider))
        for place in range(start, start + len(people)):
            context = seen.context(place)
            weighed = decider.compiled.weigh(context, rooms.of(context.party), decider.limits)
            plan.add(place, context, weighed)
        say("weigh", start + len(people), len(seen))
    assert plan is not None  # noqa: S101 - there is at least one person
    plan.make()
    return plan


def _shared(decider: Decider) -> list[Shared]:
    """The limits that people use together."""
    found: dict[str, Shared] = {}
    offers = decider.policy.offers
    for at, offer in enumerate(offers):
        for limit, room in decider.rooms.shared(offer.id):
            if room.account not in found:
                found[room.account] = Shared(limit, room, np.zeros(len(offers), np.bool_))
            found[room.account].offers[at] = True
    return list(found.values())


def _written(decider: Decider, run: Run, seen: Onlookers, plan: Plan, say: Progress) -> Tally:
    """Write all decisions, in an order that knows nothing of the people but their draw.

    Whoever was erased since they were looked at is left out: their erasure would not find what is written later.

    raises  Refused when a limit was changed meanwhile: the plan, and the caps of accounts, would be by the old one
    """
    control, secret = decider.workspace.control, decider.workspace.ledger_secret
    approval = event_id("approval", OF_RUN, run.id)  # in mode auto too: nothing leaves before all is written
    until_ms = decider.at_ms + VALID_MS
    if decider.mode == "propose":
        until_ms += rules_of(decider.workspace.settings).lapse_ms
    order = sorted(range(len(seen)), key=lambda place: (bucket(decider.policy.name, seen.people[place]), place))
    tally = Tally(decider.policy)
    for start in range(0, len(order), GROUP):
        places = order[start : start + GROUP]
        with control.transaction() as connection:
            decider.rooms.load([seen.people[at] for at in places], now_ms=decider.now_ms, connection=connection)
            if control.limits.last() != decider.limits_at:
                raise Refused("a limit was changed while the run decided", "Run it again: it plans by the new limits")
            gone = decider.workspace.vault.forgotten_among(seen.people[at] for at in places)
            rows = []
            for place in places:
                if seen.people[place] in gone and not seen.context(place).erased:
                    continue
                context, (planned, odds) = seen.context(place), plan.best(place)
                record = _fitting(decider, context, planned, odds)
                made, use = decider.made(record, run=run.id, approval=approval, until_ms=until_ms)
                rows.append(made)
                tally.add(made.record, use)
            control.decisions.commit_in(connection, rows, now_ms=decider.now_ms, secret=secret)
        say("decide", start + len(places), len(order))
    return tally


def _fitting(decider: Decider, context: Context, planned: str, odds: Mapping[str, float]) -> Record:
    """Return what the plan asks for; where others have used up what it would need, the best that there is room for."""
    for as_planned in (True, False):
        rooms = decider.rooms.of(context.party, planned=as_planned)
        record = concluded(
            decider.compiled, context, rooms, decider.limits, planned, odds=odds, mode=decider.mode
        )  # fmt: skip
        chosen = next(one for one in record.weighed if one.verdict == "chosen")
        if chosen.id == NOTHING or decider.rooms.fits(context.party, chosen):
            break
    return record


def _ended(decider: Decider, run: Run, tally: Tally, plan: Plan, *, audience: tuple[str, str]) -> Run:
    """Open the approval that a run waits for, or let what it chose go."""
    workspace, now_ms = decider.workspace, decider.now_ms
    acting = tally.acting and decider.mode != "shadow"
    state = "done" if not acting else "waiting" if decider.mode == "propose" else "sending"
    counts = tally.counts() | {"value_yuan": round(plan.value, 2), "bound_yuan": round(plan.bound, 2)}
    run = msgspec.structs.replace(
        run, state=state, counts=counts, ended_ms=now_ms if state == "done" else None
    )  # fmt: skip
    with workspace.control.transaction() as connection:
        if state == "waiting":
            approval = proposal(
                decider.policy, run, tally, limits={one.name: one for one in decider.limits},
                version=decider.kept.version, audience=audience, rules=rules_of(workspace.settings), now_ms=now_ms,
                to_ms=decider.at_ms + VALID_MS,
            )  # fmt: skip
            open_in(workspace, connection, approval, now_ms=now_ms)
        elif state == "sending":
            workspace.control.outbox.free_in(connection, event_id("approval", OF_RUN, run.id), now_ms=now_ms)
        workspace.control.runs.save_in(connection, run)
    return run


def _mode(policy: Policy, asked: Mode | None) -> Mode:
    if asked is None:
        return policy.mode
    if asked not in MODES:
        raise DataError(f"the mode is {asked!r:.40}", f"Use one of {', '.join(MODES)}", "mode")
    if MODES.index(asked) > MODES.index(policy.mode):
        raise Refused(
            f"the policy {policy.name} may {policy.mode} and is asked to {asked}",
            "Change the mode in its file, which is seen and kept", "mode",
        )  # fmt: skip
    return asked


def _opens(policy: Policy, decider: Decider, now_ms: int) -> int:
    """The first instant from now on at which no quiet hours that count an offer of the policy are in force."""
    at = now_ms
    for _ in range(3):  # one may end inside another
        for limit in decider.limits:
            if limit.hours is not None and limit.cap == 0 and any(
                limit.counts(one.kind, channel=one.channel, purpose=one.purpose, at_ms=at) for one in policy.offers
            ):  # fmt: skip
                at = limit.opens_ms(at)
    return at


def _quiet(step: str, done: int, total: int) -> None:
    """Say nothing."""
