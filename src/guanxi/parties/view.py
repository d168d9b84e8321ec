"""One party as an operator sees it: its names, its days, what it did."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from guanxi.events import Event, split_ref
from guanxi.parties.evidence import SameAs, same_as
from guanxi.parties.resolution import Change, Resolution
from guanxi.parties.types import TYPES, PartyType, is_masked


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """A party as of `known`.

    ref                asked for
    canonical          the reference that names the whole party
    type, zh, en       type of the canonical reference and its labels
    living             people are behind it
    masked             made from a masked value: several parties may share it
    members            all references of the party, the canonical one first
    first_ms, last_ms  `at_ms` of its first and last event; None when there is none
    counts             kind -> number of events in which a member stands in some role, most first
    evidence           same-as evidence about its members, oldest first, at most EVIDENCE_SHOWN, the newest kept
    history            merges and splits, undone ones too
    known              the last `seq` believed; None = all
    """

    ref: str
    canonical: str
    type: str
    zh: str
    en: str
    living: bool
    masked: bool
    members: tuple[str, ...]
    first_ms: int | None
    last_ms: int | None
    counts: dict[str, int]
    evidence: tuple[SameAs, ...]
    history: tuple[Change, ...]
    known: int | None


EVIDENCE_SHOWN = 200


def party_view(ref: str, events: Iterable[Event], *, resolution: Resolution, known: int | None = None) -> PartyView:
    """Return what is known of a party.

    events  those in which a member stands in some role; those of the phones it gave add evidence about others
            who gave them; repeated ones and ones after `known` are passed over
    known   the last `seq` that is believed; None = all
    """
    members = resolution.members(ref, known)
    mine = frozenset(members)
    counts: Counter[str] = Counter()
    first: int | None = None
    last: int | None = None
    chosen: dict[str, Event] = {}
    for event in events:
        if event.id in chosen or (known is not None and event.seq > known):
            continue
        chosen[event.id] = event
        if mine.isdisjoint(event.roles.values()):
            continue
        counts[event.kind] += 1
        first = event.at_ms if first is None else min(first, event.at_ms)
        last = event.at_ms if last is None else max(last, event.at_ms)
    found = [one for one in same_as(sorted(chosen.values(), key=lambda one: one.seq)) if {one.left, one.right} & mine]
    canonical = members[0]
    row = _type(split_ref(canonical)[0])
    return PartyView(
        ref=ref, canonical=canonical, type=row.id, zh=row.zh, en=row.en, living=row.living, masked=is_masked(ref),
        members=members, first_ms=first, last_ms=last, counts=dict(counts.most_common()),
        evidence=tuple(found[-EVIDENCE_SHOWN:]), history=resolution.history(ref, known), known=known,
    )  # fmt: skip


def _type(name: str) -> PartyType:
    """Return the row of a type; a type that a source made up is shown by its own name, as not living."""
    return next((row for row in TYPES if row.id == name), PartyType(id=name, zh=name, en=name))
