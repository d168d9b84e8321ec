"""Same-as evidence: identifiers that events show together, and how far to believe it."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from guanxi.events import Event
from guanxi.parties.types import is_masked

Strength = Literal["strong", "weak"]


class SameAs(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that two references may name one party; it merges nothing by itself.

    left, right  party references
    strength     "strong": a source says so; "weak": it often, not always, means so
    reason       id of the row in EVIDENCE or SHARED
    event_id     the event that shows it
    seq, at_ms   when it was learnt, when it happened
    """

    left: str
    right: str
    strength: Strength
    reason: str
    event_id: str
    seq: int
    at_ms: int


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event shows an identifier: in a role, or in a property that makes the reference `prefix` + value."""

    role: str = ""
    property: str = ""
    prefix: str = ""


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which one event shows two identifiers together.

    kinds    the kinds it is read from; empty = all
    where    property -> value that the event must have
    """

    id: str
    zh: str
    en: str
    strength: Strength
    left: Side
    right: Side
    kinds: tuple[str, ...] = ()
    where: dict[str, str] = {}


class SharedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Two holders of one identifier in different events: the second and later ones are tied to the first."""

    id: str
    zh: str
    en: str
    holder: str  # role
    shared: str  # role


ACTOR: Final = Side(role="actor")
EVIDENCE: Final[tuple[EvidenceRow, ...]] = (
    EvidenceRow(
        id="resolved", zh="归并事件", en="a Party Resolved event merges them", strength="strong",
        kinds=("Party Resolved",), where={"operation": "merge"}, left=ACTOR, right=Side(role="object"),
    ),
    EvidenceRow(
        id="identified", zh="识别调用", en="identify named the account on this device", strength="strong",
        kinds=("Profile Updated",), left=ACTOR, right=Side(role="device"),
    ),
    EvidenceRow(
        id="wechat-union", zh="同一 UnionID", en="one form gave both OpenID and UnionID", strength="strong",
        left=Side(property="openid", prefix="account:wechat:"),
        right=Side(property="unionid", prefix="account:wechat-union:"),
    ),
    EvidenceRow(
        id="account-union", zh="账号带有 UnionID", en="the account's event carries a UnionID", strength="strong",
        left=ACTOR, right=Side(property="unionid", prefix="account:wechat-union:"),
    ),
    EvidenceRow(
        id="signed-in", zh="在设备上登录", en="the account signed in on the device, which others may use too",
        strength="weak", kinds=("Signed In", "Signed Up", "Session Started"), left=ACTOR, right=Side(role="device"),
    ),
)  # fmt: skip
SHARED: Final[tuple[SharedRow, ...]] = (
    SharedRow(id="same-phone", zh="同一手机号", en="two accounts gave one phone", holder="actor", shared="phone"),
)


def same_as(
    events: Iterable[Event], *, rows: Iterable[EvidenceRow] = EVIDENCE, shared: Iterable[SharedRow] = SHARED
) -> list[SameAs]:
    """Return the same-as evidence in events, in their order; the same pair may occur many times.

    A masked reference never gives strong evidence, whatever the row says.
    """
    table, holders = tuple(rows), tuple(shared)
    found: list[SameAs] = []
    first: dict[tuple[str, str], str] = {}  # (row, shared reference) -> who was first seen with it
    told: set[tuple[str, str, str]] = set()
    for event in events:
        for row in table:
            if (not row.kinds or event.kind in row.kinds) and all(
                event.properties.get(name) == value for name, value in row.where.items()
            ):
                found += _pair(_read(event, row.left), _read(event, row.right), row.strength, row.id, event)
        for both in holders:
            who, what = event.roles.get(both.holder), event.roles.get(both.shared)
            if who is None or what is None or is_masked(what):
                continue
            earlier = first.setdefault((both.id, what), who)
            if earlier != who and (both.id, what, who) not in told:
                told.add((both.id, what, who))
                found += _pair(earlier, who, "weak", both.id, event)
    return found


def _read(event: Event, side: Side) -> str | None:
    if side.role:
        return event.roles.get(side.role)
    value = event.properties.get(side.property)
    return f"{side.prefix}{value}" if isinstance(value, str) and value else None


def _pair(left: str | None, right: str | None, strength: Strength, reason: str, event: Event) -> Iterator[SameAs]:
    if left is None or right is None or left == right:
        return
    if is_masked(left) or is_masked(right):
        strength = "weak"
    yield SameAs(
        left=left, right=right, strength=strength, reason=reason, event_id=event.id, seq=event.seq, at_ms=event.at_ms
    )
