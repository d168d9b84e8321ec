"""PostHog: `/batch/` of the server SDKs, `/capture/`, `/e/` and `/i/v0/e/` of the browser."""

from collections.abc import Iterator
from typing import Any, Final

from guanxi.core import DataError, Refused
from guanxi.engines.wire import fields
from guanxi.engines.wire.body import GZIP, form_fields, inflate, packed, read_json
from guanxi.engines.wire.request import (
    Errors,
    WireAnswer,
    WireBatch,
    WireRequest,
    each,
    error_body,
    json_answer,
)
from guanxi.events import RawEvent, Trust


class PostHog:
    """Reads what PostHog's libraries send."""

    name = "posthog"
    paths = ("/batch/", "/batch", "/capture/", "/capture", "/e/", "/e", "/i/v0/e/", "/i/v0/e")

    def key_of(self, request: WireRequest) -> str:
        """Return `api_key` or `token` of the body, of its first event, or of that event's properties."""
        document = _document(request)
        if type(document) is list:
            document = document[0] if document else None
        if type(document) is not dict:
            return ""
        given = document.get("properties")
        given = given if type(given) is dict else {}
        for key in (document.get("api_key"), document.get("token"), given.get("token"), given.get("api_key")):
            if type(key) is str and key:
                return key
        return ""

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request; see `Adapter.read`."""
        document = _document(request)
        messages, sent, historical = document, None, False
        if type(document) is dict:
            messages = document.get("batch", [document])
            sent, historical = document.get("sent_at"), document.get("historical_migration") is True
        if type(messages) is not list:
            raise DataError("`batch` is not a list", "Send a list of events", "batch")
        if historical and trust != "server":
            raise Refused("a client key may not import history", "Use a server key", "historical_migration")
        clock = _Clock(received_ms, 0 if historical else fields.correction(sent, received_ms), historical)
        return each(messages, lambda message: _events(message, clock))

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return `{"status": 1}`, or PostHog's error body with ours beside it."""
        if stored:
            return json_answer(200, {"status": 1})
        body = error_body(errors, field)
        kind = "authentication_error" if status in (401, 403) else "validation_error"
        detail = f"{body['what']}. {body['mend']}"
        return json_answer(status, {"type": kind, "code": "invalid", "detail": detail, "attr": field or None, **body})


#: PostHog's own events whose meaning is the catalogue's
KINDS: Final[dict[str, str]] = {"$pageview": "Page Viewed", "$screen": "Screen Viewed"}
_LINKS: Final = {"$create_alias": "alias", "$merge_dangerously": "merge", "$identify": "identify"}
_SETS: Final = {"$set": "set", "$set_once": "set_once"}
# Read elsewhere, or only about the SDK.
_DROP: Final = frozenset({
    "$lib_version", "$is_server", "$process_person_profile", "$is_identified", "$user_id", "$device_id", "$ip",
    "$session_id", "$groups", "$insert_id", "$set", "$set_once", "$unset", "$sent_at", "$time", "token", "api_key",
    "distinct_id", "$anon_distinct_id", "$window_id", "$pageview_id", "$configured_session_timeout_ms",
})  # fmt: skip
# `$os*` and `$python*` tell the sender's machine, not the customer's.
_DROP_PREFIXES: Final = ("$os", "$python", "$geoip", "$sdk_debug", "$replay", "$session_recording")
_RENAME: Final = {"current_url": "url", "pathname": "path", "screen_name": "name"}


class _Clock:
    """What one request says about time."""

    def __init__(self, received_ms: int, correction_ms: int, historical: bool) -> None:
        self.received_ms, self.correction_ms, self.historical = received_ms, correction_ms, historical

    def at(self, message: dict[str, Any]) -> tuple[Any, int]:
        """Return the stated time and what to add; `offset` is the age in ms at the time of sending."""
        at, age = message.get("timestamp"), message.get("offset")
        if at is None and type(age) is int and 0 <= age < 10**11:
            return fields.instant(self.received_ms - age), 0
        return at, self.correction_ms


def _document(request: WireRequest) -> Any:
    body = request.body
    if body.startswith(GZIP):
        return read_json(inflate(body))
    if body.startswith((b"data=", b"compression=")):
        return read_json(packed(form_fields(body).get("data", "")))
    if not body and request.query.get("data"):
        return read_json(packed(request.query["data"]))
    if request.query.get("compression") == "lz64":
        raise DataError("the compression lz64 is not supported", "Use gzip or base64", "compression")
    return read_json(body)


def _events(message: dict[str, Any], clock: _Clock) -> Iterator[RawEvent]:
    """Return the event of a message, and one more for each of `$set`, `$set_once` and `$unset`."""
    name = message.get("event")
    if type(name) is not str:
        raise DataError("`event` is not text", "Send the event's name", "event")
    given = fields.mapping(message.get("properties"), "properties")
    key = fields.identifier(message.get("uuid")) or fields.identifier(given.get("$insert_id"))
    if not key and message.get("timestamp") is not None:
        key = fields.content_id({name: value for name, value in message.items() if name != "offset"})
    roles = _who(message, given)
    if name in _LINKS:
        yield from _link(message, given, name, key, clock)
    elif name == "$groupidentify":
        yield _group(message, given, key, clock)
    elif name != "$set":  # an event that only carries a profile
        yield _event(message, given, name, key, clock, dict(roles))
    for mark, operation in _SETS.items():
        traits = fields.mapping(given.get(mark, message.get(mark)), mark)
        if traits:
            properties = fields.profile("Profile Updated", operation, traits)
            yield _raw(message, "Profile Updated", key and f"{key}:{mark}", clock, dict(roles), {}, properties)
    unset = given.get("$unset")
    if type(unset) is list and unset:
        properties = fields.profile("Profile Updated", "unset", dict.fromkeys(map(str, unset), True))
        yield _raw(message, "Profile Updated", key and f"{key}:$unset", clock, dict(roles), {}, properties)


def _event(
    message: dict[str, Any], given: dict[str, Any], name: str, key: str, clock: _Clock, roles: dict[str, str]
) -> RawEvent:
    kept = {name: value for name, value in given.items() if not name.startswith(_DROP_PREFIXES)}
    properties = fields.strip_marks(kept, "$", _DROP)
    for old, new in _RENAME.items():
        if old in properties and new not in properties and f"${old}" in given:
            properties[new] = properties.pop(old)
    groups = given.get("$groups")
    if type(groups) is dict:
        for group, value in groups.items():
            if group in _GROUPS and (one := fields.identifier(value)):
                roles[group] = fields.party(group, one)
            else:
                properties[f"group_{group}"] = value
    session = given.get("$session_id")
    refs = {"session": session} if type(session) is str and session else {}
    return _raw(message, KINDS.get(name, name), key, clock, roles, refs, properties)


_GROUPS: Final = ("household", "community")


def _raw(
    message: dict[str, Any], kind: str, key: str, clock: _Clock, roles: dict[str, str], refs: dict[str, str],
    properties: dict[str, Any],
) -> RawEvent:  # fmt: skip
    amount, currency = fields.lift(kind, properties, roles, refs)
    at, correction_ms = clock.at(message)
    return RawEvent(
        kind=kind, namespace="posthog", message_id=key, at=at, roles=roles, refs=refs, platform=fields.SCOPE,
        amount=amount, currency=currency, properties=properties, historical=clock.historical,
        correction_ms=correction_ms,
    )  # fmt: skip


def _link(message: dict[str, Any], given: dict[str, Any], name: str, key: str, clock: _Clock) -> Iterator[RawEvent]:
    """Return the resolution that an alias, a merge or an identify states; an identify may state none."""
    known = fields.identifier(message.get("distinct_id")) or fields.identifier(given.get("distinct_id"))
    if name == "$identify":
        account, device = known, fields.identifier(given.get("$anon_distinct_id"))
        if not device:
            return
    else:
        account = fields.identifier(given.get("alias"))
        device = fields.identifier(given.get("distinct_id")) or known
    roles = fields.who(account, "")
    if device:
        roles["object"] = fields.party("account" if name == "$merge_dangerously" else "device", device)
    properties = {"operation": "merge", "method": _LINKS[name]}
    yield _raw(message, "Party Resolved", key, clock, roles, {}, properties)


def _group(message: dict[str, Any], given: dict[str, Any], key: str, clock: _Clock) -> RawEvent:
    """Return the profile of a group; the `distinct_id` of such a message stands for nobody."""
    group, traits = given.get("$group_type"), fields.mapping(given.get("$group_set"), "$group_set")
    one = fields.identifier(given.get("$group_key"))
    role = group if group in _GROUPS else "community"
    roles = {role: fields.party(role, one)} if one else {}
    properties = {"kind": group, **fields.profile("Group Profile Updated", "set", traits)}
    return _raw(message, "Group Profile Updated", key, clock, roles, {}, properties)


def _who(message: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    """Return the roles: `distinct_id` is a user unless the message says that nobody has been identified."""
    distinct = fields.identifier(message.get("distinct_id")) or fields.identifier(given.get("distinct_id"))
    device = fields.identifier(given.get("$device_id"))
    account = fields.identifier(given.get("$user_id"))
    nobody = given.get("$is_identified") is False or given.get("$process_person_profile") is False
    if not account and not nobody and distinct != device:
        account = distinct
    elif not account:
        device = distinct or device
    return fields.who(account, device, given.get("$ip", message.get("ip")))
