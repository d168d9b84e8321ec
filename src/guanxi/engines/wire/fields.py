"""Fields: who, when, which order and how much, found in the flat properties that every SDK sends."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from guanxi.core import DataError
from guanxi.events import Kind, event_id, party_ref, shipped
from guanxi.events.repair import read_time

SCOPE: Final = "app"  # the shop's own app or site: the platform whose ids an SDK sends

#: property -> role; where two fill the same role, the first wins and the other stays a property
ROLE_IDS: Final[dict[str, str]] = {
    "product_id": "item", "content_id": "content", "content_asset_id": "content", "asset_id": "content",
    "creator_id": "creator", "room_id": "room", "shop_id": "shop", "campaign_id": "campaign",
    "creative_id": "creative", "community_id": "community", "household_id": "household",
}  # fmt: skip
#: property -> reference, by the same rule
REF_IDS: Final[dict[str, str]] = {
    "order_id": "order", "line_id": "line", "refund_id": "refund", "payment_id": "payment",
    "coupon_id": "coupon", "coupon": "coupon", "session_id": "session", "ticket_id": "ticket",
    "conversation_id": "conversation", "invitation_id": "invitation",
}  # fmt: skip
#: what a property must be called to be the event's amount, best first; `Kind.amount` says what it means
AMOUNTS: Final = ("total", "amount", "revenue", "value")
AMOUNTS_OF: Final[dict[str, tuple[str, ...]]] = {
    "Ad Spend Recorded": ("spend", *AMOUNTS),
    "Coupon Issued": ("discount", *AMOUNTS),
    "Coupon Claimed": ("discount", *AMOUNTS),
    "Coupon Applied": ("discount", *AMOUNTS),
    "Coupon Redeemed": ("discount", *AMOUNTS),
    "Coupon Expired": ("discount", *AMOUNTS),
    "Price Changed": ("price", *AMOUNTS),
}


class Lifted(NamedTuple):
    """What `lift` took out of the properties."""

    amount: Any  # major units
    currency: str


def identifier(value: Any) -> str:
    """Return an id as text; "" when there is none.

    raises  DataError when it is neither text nor a whole number
    """
    if type(value) is str:
        value = value.strip()
        return "" if value in _NOBODY else value
    if value is None:
        return ""
    if type(value) is int or (type(value) is float and value.is_integer()):
        return str(int(value))
    raise DataError("an id is neither text nor a whole number", "Send ids as text")


def party(party_type: str, key: str) -> str:
    """Return the reference of a party of the own app."""
    return party_ref(party_type, SCOPE, key)


def who(account: str, device: str, ip: Any = None) -> dict[str, str]:
    """Return the roles of whoever acted: the account when known, else the device."""
    roles = {}
    if account:
        roles["actor"] = party_ref("account", SCOPE, account)
    if device:
        roles["device"] = party_ref("device", SCOPE, device)
        if not account:
            roles["actor"] = roles["device"]
    if type(ip) is str and ip:
        roles["ip"] = party_ref("ip", "", ip)
    return roles


def lift(kind: str, properties: dict[str, Any], roles: dict[str, str], refs: dict[str, str]) -> Lifted:
    """Move ids and the amount from the properties to the roles, the references and the amount.

    Of a kind in the catalogue only what it declares is moved; of a custom kind every known id, and
    `revenue` when it is a number (Segment reserves that name for money).
    """
    plan = _plans().get(kind, _CUSTOM)
    for name, role in plan.roles:
        if name in properties and role not in roles and (key := _plain_id(properties[name])):
            roles[role] = party_ref(role, SCOPE, key)
            del properties[name]
    for name, ref in plan.refs:
        if name in properties and ref not in refs and (key := _plain_id(properties[name])):
            refs[ref] = key
            del properties[name]
    amount = None
    for name in plan.amounts:
        if properties.get(name) is not None and (plan is not _CUSTOM or type(properties[name]) in (int, float)):
            amount = properties.pop(name)
            break
    currency = properties.get("currency")
    if type(currency) is not str or len(currency) != 3:
        return Lifted(amount, "CNY")
    if amount is not None:
        del properties["currency"]
    return Lifted(amount, currency.upper())


def profile(kind: str, operation: str, traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a profile event.

    A value that is set and has a property of its own in the catalogue goes there, so that it is typed
    and sealed by itself; the rest travels as `traits`.

    operation  set, set_once, increment, append, append_unique, unset, delete
    """
    properties: dict[str, Any] = {"operation": operation}
    rest = dict(traits)
    if operation in ("set", "set_once"):
        declared = _declared_everywhere().get(kind, frozenset())
        for name, value in traits.items():
            if name in declared and type(value) in (str, int, float):
                properties[name] = rest.pop(name)
    if rest:
        properties["traits"] = rest
    return properties


def correction(sent: Any, received_ms: int) -> int:
    """Return by how many ms the sender's clock runs behind; 0 within a second or when it is not known.

    source  Segment's spec: timestamp = originalTimestamp + (receivedAt - sentAt)
    """
    try:
        sent_ms = read_time(sent).value
    except DataError:
        return 0
    skew = 0 if sent_ms is None else received_ms - sent_ms
    return skew if abs(skew) > 1000 else 0


def instant(value: Any) -> Any:
    """Return an instant from epoch ms, the documented form of a sender; anything else is left to intake."""
    if type(value) is int and 10**11 <= value < 10**14:
        return _EPOCH + timedelta(milliseconds=value)
    return value


def content_id(*parts: Any) -> str:
    """Return a message id made of a message's content, for senders that give none."""
    return event_id(msgspec.json.encode(parts, order="sorted").decode())


def strip_marks(properties: Mapping[str, Any], mark: str, drop: Iterable[str] = ()) -> dict[str, Any]:
    """Return the properties with the SDK's mark taken off its own names, unless the sender uses the bare name."""
    gone = frozenset(drop)
    plain = {}
    for name, value in properties.items():
        if name in gone:
            continue
        bare = name[1:] if name.startswith(mark) else name
        plain[name if bare != name and (bare in properties or not bare) else bare] = value
    return plain


def mapping(value: Any, name: str) -> dict[str, Any]:
    """Return a copy of an object; {} for null.

    raises  DataError when it is something else
    """
    if value is None:
        return {}
    if type(value) is not dict:
        raise DataError(f"{name!r} is not an object", "Send a JSON object of names and values", name)
    return dict(value)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What broken clients send for "nobody"; as an id it would melt thousands of people into one.
_NOBODY: Final = frozenset({"", "null", "(null)", "undefined", "None", "NaN", "nil", "[object Object]"})


def _plain_id(value: Any) -> str:
    return identifier(value) if type(value) in (str, int) else ""


class _Plan(NamedTuple):
    roles: tuple[tuple[str, str], ...]
    refs: tuple[tuple[str, str], ...]
    amounts: tuple[str, ...]


_CUSTOM: Final = _Plan(tuple(ROLE_IDS.items()), tuple(REF_IDS.items()), ("revenue",))


@cache
def _plans() -> dict[str, _Plan]:
    return {kind.name: _plan(kind) for kind in shipped().values()}


def _plan(kind: Kind) -> _Plan:
    roles = tuple((name, role) for name, role in ROLE_IDS.items() if role in kind.role_names)
    refs = tuple((name, ref) for name, ref in REF_IDS.items() if ref in kind.ref_names)
    return _Plan(roles, refs, AMOUNTS_OF.get(kind.name, AMOUNTS) if kind.amount else ())


@cache
def _declared_everywhere() -> dict[str, frozenset[str]]:
    return {kind.name: frozenset(kind.properties) - {"operation", "traits"} for kind in shipped().values()}
