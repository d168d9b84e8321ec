"""Deciding again: from the log, the limits and the policy as they were, every decision bit for bit."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from guanxi.app.deciding_people import Onlookers
from guanxi.app.deciding_records import concluded, placed
from guanxi.app.workspace import Workspace
from guanxi.core import SettingError
from guanxi.decisions import (
    Compiled,
    Limit,
    Policy,
    Record,
    Room,
    compile_policy,
    read_policy,
    record_bytes,
)

SHOWN: Final = 20  # decisions that differ, by id

#: log: what the policy saw is not what the log gives today. policy: its text gives another policy. choice: the same
#: policy chose something else.
Cause = Literal["log", "policy", "choice"]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding again has given.

    decisions  looked at; same: equal to the byte; erased: of people whose records are gone
    differ     cause -> decisions; ids: some of them
    """

    decisions: int
    same: int
    erased: int = 0
    differ: dict[str, int] = {}
    ids: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether every decision came out as it was."""
        return self.same == self.decisions


def replay_decision(workspace: Workspace, id: str) -> Replayed:  # noqa: A002 - the word of the command
    """Make one decision again.

    raises  NotFound when there is none
    """
    kept = workspace.control.decisions.kept(id)
    if kept.record is None:
        return Replayed(decisions=0, same=0, erased=1)
    return _replayed(workspace, [kept.record], erased=0)


def replay_run(workspace: Workspace, id: str) -> Replayed:  # noqa: A002
    """Make all decisions of a run again, what was planned for each taken as it was.

    raises  NotFound when there is none
    """
    run = workspace.control.runs.run(id)
    rows = [record for _, record in workspace.control.decisions.records(run=run.id, limit=10_000_000)]
    asked = int(run.counts.get("people", len(rows)))
    return _replayed(workspace, rows, erased=max(asked - len(rows), 0))


def _replayed(workspace: Workspace, records: Sequence[Record], *, erased: int) -> Replayed:
    differ: dict[str, int] = {}
    ids: list[str] = []
    limits = _Limits(workspace)
    by_policy: dict[tuple[str, int, int, int], list[Record]] = {}
    for record in records:
        seen = record.context
        by_policy.setdefault((record.policy, seen.known, seen.until_ms, seen.at_ms), []).append(record)
    for (policy, *_), group in by_policy.items():
        for record, cause in zip(group, _causes(workspace, policy, group, limits), strict=True):
            if cause is not None:
                differ[cause] = differ.get(cause, 0) + 1
                ids.append(record.decision.id)
    return Replayed(
        decisions=len(records), same=len(records) - sum(differ.values()), erased=erased, differ=differ,
        ids=tuple(ids[:SHOWN]),
    )  # fmt: skip


def _causes(
    workspace: Workspace, policy: str, records: Sequence[Record], limits: "_Limits"
) -> list[Cause | None]:  # fmt: skip
    """Why each of some records, of one policy and one moment, differs; None = it does not."""
    compiled = _compiled(workspace, policy)
    if compiled is None:
        return ["policy"] * len(records)
    one = records[0].context
    found: list[Cause | None] = []
    by_facts: dict[object, list[int]] = {}
    for place, record in enumerate(records):
        by_facts.setdefault(record.context.facts, []).append(place)
    again: dict[int, Record | None] = {}
    for places in by_facts.values():
        people = [records[place].context.party for place in places]
        seen = Onlookers(
            workspace, people, compiled.reads, until_ms=one.until_ms, at_ms=one.at_ms, known=one.known,
            facts=records[places[0]].context.facts,
        )  # fmt: skip
        at = {who: number for number, who in enumerate(seen.people)}
        for place in places:
            number = at.get(records[place].context.party)
            again[place] = None if number is None else _again(compiled, seen, number, records[place], limits)
    for place, record in enumerate(records):
        made = again[place]
        if made is None or made.context != record.context:
            found.append("log")
        else:
            found.append(None if record_bytes(made) == record_bytes(record) else "choice")
    return found


def _again(compiled: Compiled, seen: Onlookers, number: int, record: Record, limits: "_Limits") -> Record:
    held = limits.of(record)
    made = concluded(
        compiled, seen.context(number), _rooms(compiled.policy, record, held), held, record.planned,
        odds=record.odds, mode=record.decision.mode,
    )  # fmt: skip
    ask = record.decision.ask
    return placed(made, run=record.run, ask=ask, version=record.version, limits=record.limits)


def _rooms(policy: Policy, record: Record, limits: Sequence[Limit]) -> dict[tuple[str, str], Room]:
    """The rooms that a record saw, by limit and offer."""
    by_limit: dict[str, list[Room]] = {}
    for room in record.rooms:
        by_limit.setdefault(room.limit, []).append(room)
    found = {}
    at_ms = record.context.at_ms
    for offer in policy.offers:
        mine: Mapping[str, str] = {"channel": offer.channel, "policy": policy.name, "offer": offer.id}
        for limit in limits:
            if limit.counts(offer.kind, channel=offer.channel, purpose=offer.purpose, at_ms=at_ms):
                for room in by_limit.get(limit.name, ()):
                    if all(mine.get(one, text) == text for one, text in room.subject.items()):
                        found[limit.name, offer.id] = room
    return found


def _compiled(workspace: Workspace, policy: str) -> Compiled | None:
    """The policy of a hash as it was kept; None when its text gives another one today, such as by other traits."""
    kept = workspace.control.runs.policy(policy)
    try:
        read = read_policy(kept.text, workspace.traits, name=kept.name)
    except SettingError:
        return None
    return compile_policy(read) if read.hash == policy else None


class _Limits:
    """Limits as they held when a record was made."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.control.limits
        self._held: dict[int, tuple[Limit, ...]] = {}

    def of(self, record: Record) -> tuple[Limit, ...]:
        """Return the limits that the policy looked at."""
        if record.limits not in self._held:
            self._held[record.limits] = tuple(self._store.at(record.limits).values())
        return self._held[record.limits]
