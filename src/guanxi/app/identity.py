"""Identity: which references are one person, and an operator's word that they are, or are not."""

import re
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from guanxi.app.importing import Taker
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.engines.lake import footprint
from guanxi.engines.log import now_ms
from guanxi.events import Event, Parked, RawEvent
from guanxi.parties import RESOLVED, Change, Resolution, is_masked, may_be_one

PAGE: Final = 50_000  # merges read at once
METHOD: Final = "operator"
MAX_REASON: Final = 200  # characters
TAKEN_BACK: Final = "撤销上一步"  # the reason of an undo, for those who read the log

_PERSONAL: Final = re.compile(r"(\d[\s-]?){7}|\S@\S")


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """The request that takes an act back."""

    method: str
    path: str
    body: dict[str, Any]


class IdentityChange(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator said about identity.

    event      id of the Party Resolved event that says so
    operation  "merge" or "split"
    canonical  the reference that names the party of `members` from now on
    members    the references that are one with the first one named
    undo       the opposite act
    """

    event: str
    operation: str
    canonical: str
    members: tuple[str, ...]
    undo: Undo


def identities(workspace: Workspace) -> Resolution:
    """Return who is the same as whom, now and as of any earlier `seq`; only what is new is read each time."""
    held = _HELD.get(workspace)
    if held is None or held[0] is not workspace.reader:  # a reader opened anew: what it reads may be rewritten
        held = _HELD[workspace] = (workspace.reader, Resolution())
    names = held[1]
    while fresh := workspace.reader.newest(PAGE, kind=RESOLVED, after_seq=names.last_seq, oldest=True):
        for event in fresh:
            names.add(event)
        if len(fresh) < PAGE:
            break
    return names


def merge(workspace: Workspace, keep: str, other: str, *, reason: str, who: str, ip: str = "") -> IdentityChange:
    """Say that two references are one person.

    reason  why, 2 to 200 characters; kept with the event and in the operation log, so never a personal value
    raises  DataError when they cannot be, or are already, or the reason is none; NotFound when no event names one
    """
    reason = _reason(reason)
    names = identities(workspace)
    for field, ref in (("keep", keep), ("other", other)):
        if not _is_known(workspace, names.members(ref)):
            raise NotFound(f"no event names the party of {field!r}", "Copy it from a person's page", field)
        if is_masked(ref):
            raise DataError(f"{field!r} is a masked value: several people may share it", "Name an account", field)
    if not may_be_one(keep, other):
        raise DataError("parties of these types can never be one", "Name two accounts, people or devices", "other")
    if names.resolve(keep) == names.resolve(other):
        raise DataError("they are one person already", "Nothing is to be done", "other")
    event = _say(workspace, {"actor": keep, "object": other}, {}, operation="merge", reason=reason)
    detail = {"event": event.id, "reason": reason}
    workspace.control.record(who=who, verb="person.merge", object="two people", detail=detail, ip=ip)
    undo = Undo(method="POST", path="/v1/people/split", body={"merge": event.id, "reason": TAKEN_BACK})
    return _changed(workspace, event, keep, undo)


def split(workspace: Workspace, merge_id: str, *, reason: str, who: str, ip: str = "") -> IdentityChange:
    """Take back a merge, by the id of its event.

    reason  why, as for `merge`
    raises  NotFound when there is no such merge; DataError when it was taken back already, or the reason is none
    """
    reason = _reason(reason)
    event = workspace.reader.find(merge_id)
    if event.kind != RESOLVED or event.properties.get("operation") != "merge":
        raise NotFound("this event is no merge", "Take the id from the person's identities", "merge")
    keep, other = event.roles["actor"], event.roles["object"]
    if not any(one.event_id == event.id for one in identities(workspace).standing(keep)):
        raise DataError("this merge does not stand any more", "Nothing is to be done", "merge")
    said = _say(workspace, {"actor": keep, "object": other}, {"cause": event.id}, operation="split", reason=reason)
    detail = {"event": said.id, "reason": reason}
    workspace.control.record(who=who, verb="person.split", object="one person", detail=detail, ip=ip)
    undo = Undo(method="POST", path="/v1/people/merge", body={"keep": keep, "other": other, "reason": TAKEN_BACK})
    return _changed(workspace, said, keep, undo)


def merges_of(workspace: Workspace, ref: str, known: int | None) -> Sequence[Change]:
    """Return the merges that hold a party together, oldest first."""
    return identities(workspace).standing(ref, known)


#: The reader whose log was read, and what was read of it; a reader serves one thread at a time.
_HELD: WeakKeyDictionary[Workspace, tuple[Any, Resolution]] = WeakKeyDictionary()


def _is_known(workspace: Workspace, members: Sequence[str]) -> bool:
    return footprint(workspace.reader, members, limit=1).height > 0


def _reason(text: str) -> str:
    """Return a reason as it is kept; the log holds it in the clear, so what looks like a personal value is refused."""
    text = " ".join(text.split())
    if not 2 <= len(text) <= MAX_REASON:
        raise DataError(
            f"the reason has {len(text)} characters", f"Say why in 2 to {MAX_REASON}, e.g. 同一手机号", "reason"
        )
    if _PERSONAL.search(text):
        raise DataError(
            "the reason looks as if it held a phone number, a mail address or another long number",
            "Name what was compared, not its value: it is kept in the clear", "reason",
        )  # fmt: skip
    return text


def _say(workspace: Workspace, roles: dict[str, Any], refs: dict[str, Any], *, operation: str, reason: str) -> Event:
    """Write a Party Resolved event, through the same checks as every event, by whoever owns the log."""
    now = now_ms()
    raw = RawEvent(
        kind=RESOLVED, namespace="desk", message_id=f"{operation}:{roles['actor']}:{roles['object']}:{now}",
        roles=roles, refs=refs,
        properties={"operation": operation, "method": METHOD, "confidence": 1, "reason": reason},
    )  # fmt: skip
    event = workspace.intake().check(raw, "server", received_ms=now, source="desk")
    if isinstance(event, Parked):
        raise DataError(event.what, event.mend, event.field)
    with Taker(workspace, doing=f"guanxi {operation}") as taker:
        taker.append([event])
    return event


def _changed(workspace: Workspace, event: Event, ref: str, undo: Undo) -> IdentityChange:
    members = identities(workspace).members(ref)
    operation = str(event.properties["operation"])
    return IdentityChange(event=event.id, operation=operation, canonical=members[0], members=members, undo=undo)
