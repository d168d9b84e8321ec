"""Resolution: which references name one party, as of any moment of the log."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from guanxi.core import DataError
from guanxi.events import Event
from guanxi.parties.types import may_be_one, rank

RESOLVED: Final = "Party Resolved"
Effect = Literal["merged", "split", "refused", "nothing"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one Party Resolved event did.

    operation  "merge" or "split"; other words do nothing
    kept       reference in the role `actor`
    other      reference in the role `object`
    cause      refs.cause: of a split, the event id of the merge that it undoes; "" when not stated
    effect     "merged", "split", "refused" (a masked value, or types that cannot be one), "nothing"
    undoes     event id of the merge that this split undid
    """

    event_id: str
    seq: int
    at_ms: int
    operation: str
    kept: str
    other: str
    cause: str = ""
    effect: Effect = "nothing"
    undoes: str = ""


class Resolution:
    """The identities that Party Resolved events state, readable as of any `seq`.

    Merges are kept as a list, each with the `seq` at which it began and, if it was split, ended.
    Parties are one when merges standing at that moment join them, so that undoing one merge leaves
    exactly what the others say. Weak or strong evidence alone merges nothing.
    memory   about 1 kB per merge; references never merged cost nothing
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._changes: list[Change] = []
        self._seen: set[str] = set()
        self._ends: dict[str, int] = {}  # event id of a merge -> seq of the split that undid it
        self._merges: dict[str, Change] = {}
        self._edges: dict[str, list[Change]] = {}  # reference -> merges that touch it, oldest first
        self._last_seq = 0
        for event in sorted((one for one in events if one.kind == RESOLVED), key=lambda one: one.seq):
            self.add(event)

    @property
    def last_seq(self) -> int:
        """The `seq` of the newest event taken in; 0 when there is none."""
        return self._last_seq

    def add(self, event: Event) -> Change | None:
        """Take in the next event of the log; return what it did, None when it says nothing about identity.

        The same event twice changes nothing.
        raises  DataError when the event lies before one already taken in
        """
        if event.kind != RESOLVED or event.id in self._seen:
            return None
        if event.seq <= self._last_seq:
            raise DataError(
                f"event {event.seq} comes after event {self._last_seq}", "Read the log in order of seq", "seq"
            )
        change = self._judge(event)
        self._seen.add(event.id)
        self._last_seq = event.seq
        self._changes.append(change)
        if change.effect == "merged":
            self._merges[change.event_id] = change
            for ref in (change.kept, change.other):
                self._edges.setdefault(ref, []).append(change)
        elif change.effect == "split":
            self._ends[change.undoes] = event.seq
        return change

    @property
    def touched(self) -> frozenset[str]:
        """The references that a merge ever named, whether it stands or not."""
        return frozenset(self._edges)

    def resolve(self, ref: str, known: int | None = None) -> str:
        """Return the reference that names the party of `ref`: the first by type as in TYPES, then by text.

        known  the last `seq` that is believed; None = all
        """
        return min(self._component(ref, known), key=rank)

    def members(self, ref: str, known: int | None = None) -> tuple[str, ...]:
        """Return all references of the party, `ref` included, the canonical one first."""
        return tuple(sorted(self._component(ref, known), key=rank))

    def history(self, ref: str, known: int | None = None) -> tuple[Change, ...]:
        """Return every change, oldest first, to parties that `ref` ever was one with; refused ones too."""
        family = self._component(ref, known, ever=True)
        return tuple(
            one for one in self._changes if _before(one.seq, known) and (one.kept in family or one.other in family)
        )

    def standing(self, ref: str, known: int | None = None) -> tuple[Change, ...]:
        """Return the merges that hold the party of `ref` together, oldest first."""
        family = self._component(ref, known)
        return tuple(one for one in self._merges.values() if one.kept in family and self._stands(one, known))

    def mapping(self, known: int | None = None) -> Mapping[str, str]:
        """Return reference -> canonical reference, for those that differ; for renaming whole columns."""
        names: dict[str, str] = {}
        done: set[str] = set()
        for ref in self._edges:
            if ref not in done:
                family = self._component(ref, known)
                done |= family
                name = min(family, key=rank)
                names.update((one, name) for one in family if one != name)
        return names

    def _component(self, ref: str, known: int | None, *, ever: bool = False) -> set[str]:
        family, todo = {ref}, [ref]
        while todo:
            for merge in self._edges.get(todo.pop(), ()):
                if not (_before(merge.seq, known) if ever else self._stands(merge, known)):
                    continue
                for one in (merge.kept, merge.other):
                    if one not in family:
                        family.add(one)
                        todo.append(one)
        return family

    def _stands(self, merge: Change, known: int | None) -> bool:
        if not _before(merge.seq, known):
            return False
        end = self._ends.get(merge.event_id)
        return end is None or not _before(end, known)

    def _judge(self, event: Event) -> Change:
        kept, other = event.roles.get("actor", ""), event.roles.get("object", "")
        operation = str(event.properties.get("operation", ""))
        cause = event.refs.get("cause", "")
        effect: Effect = "nothing"
        undoes = ""
        if operation == "merge" and kept and other and kept != other:
            effect = "merged" if may_be_one(kept, other) else "refused"
        elif operation == "split":
            undoes = self._undone(kept, other, cause)
            effect = "split" if undoes else "nothing"
        return Change(
            event_id=event.id, seq=event.seq, at_ms=event.at_ms, operation=operation, kept=kept, other=other,
            cause=cause, effect=effect, undoes=undoes,
        )  # fmt: skip

    def _undone(self, kept: str, other: str, cause: str) -> str:
        """Return the id of the merge that a split undoes: the one it names, else the newest standing of the pair."""
        pair = [one for one in self._edges.get(kept, []) if {one.kept, one.other} == {kept, other}]
        named = [one for one in pair if one.event_id == cause]
        for merge in reversed(named or pair):
            if merge.event_id not in self._ends:
                return merge.event_id
        return ""


def _before(seq: int, known: int | None) -> bool:
    return known is None or seq <= known
