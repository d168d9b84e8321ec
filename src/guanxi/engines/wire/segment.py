"""Segment: `/v1/batch` and the single verbs, with `relate` and `import` of our own."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import msgspec

from guanxi.core import DataError, Refused
from guanxi.engines.wire import fields
from guanxi.engines.wire.body import read_json
from guanxi.engines.wire.request import (
    Errors,
    WireAnswer,
    WireBatch,
    WireRequest,
    each,
    error_body,
    json_answer,
)
from guanxi.events import CONSENT_BITS, RawEvent, Trust


class Segment:
    """Reads what Segment's libraries send, and our own `/v1/relate` and `/v1/import`."""

    name = "segment"
    paths = (
        "/v1/track", "/v1/identify", "/v1/alias", "/v1/group", "/v1/page", "/v1/screen", "/v1/batch",
        "/v1/relate", "/v1/import",
    )  # fmt: skip

    def key_of(self, request: WireRequest) -> str:
        """Return the Basic user or Bearer token, else `writeKey` of the body."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return secret.strip()
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(secret.strip(), validate=True).decode().partition(":")[0]
            except (binascii.Error, ValueError):
                return ""
        try:
            return _KEY.decode(request.body).write_key
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            body = read_json(request.body)
            key = body.get("writeKey") if type(body) is dict else None
            return key if type(key) is str else ""

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request; see `Adapter.read`."""
        verb = request.path.rstrip("/").rpartition("/")[2]
        if verb == "import" and trust != "server":
            raise Refused("a client key may not import history", "Use a server key", "writeKey")
        if verb not in ("batch", "import"):
            return _read_single(request.body, verb, received_ms)
        try:
            return _read_all(_BATCH.decode(request.body), received_ms, verb == "import")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, DataError):
            return _read_lenient(request.body, received_ms, verb == "import")

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return `{"success": true}`, or `{code, message}` beside our own error body."""
        if stored:
            content: dict[str, Any] = {"success": True}
            if errors:
                content["errors"] = [{"index": index, "what": what, "mend": mend} for index, what, mend in errors]
            return json_answer(200, content)
        body = error_body(errors, field)
        return json_answer(
            status, {"code": _CODES.get(status, "error"), "message": f"{body['what']}. {body['mend']}", **body}
        )


_CODES: Final = {400: "invalid_request", 401: "unauthorized", 403: "forbidden", 413: "too_large", 429: "rate_limited"}

Id = str | int | float | None


class _Context(msgspec.Struct, rename="camel"):
    """The parts of a context that are read; any type, so that one odd field does not cost the message."""

    ip: Any = None
    device: Any = None
    os: Any = None
    app: Any = None
    page: Any = None
    campaign: Any = None
    library: Any = None
    locale: Any = None
    timezone: Any = None
    user_agent: Any = None
    session_id: Any = None
    consent: Any = None
    guanxi: Any = None  # {roles, refs, platform}: what Segment has no field for


class _Message(msgspec.Struct, rename="camel"):
    type: str = ""
    event: str | None = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    message_id: Id = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    name: Any = None
    category: Any = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: _Context | None = None
    kind: str | None = None  # of a relation
    source: str | None = msgspec.field(default=None, name="from")
    target: str | None = msgspec.field(default=None, name="to")


class _Batch(msgspec.Struct, rename="camel"):
    batch: list[_Message]
    sent_at: Any = None
    context: _Context | None = None


class _Key(msgspec.Struct, rename="camel"):
    write_key: str = ""


class _Clock(msgspec.Struct, frozen=True):
    """What one request says about time."""

    received_ms: int
    correction_ms: int
    historical: bool


_BATCH: Final = msgspec.json.Decoder(_Batch)
_KEY: Final = msgspec.json.Decoder(_Key)
_NOTHING: Final = _Context()


def _read_all(batch: _Batch, received_ms: int, historical: bool) -> WireBatch:
    """Read the common case, in which every message is sound; the first that is not raises."""
    clock = _clock(batch.sent_at, received_ms, historical)
    result = WireBatch([], [])
    for message in batch.batch:
        _append(result.raws, message, message.type, batch.context, clock)
    return result


def _read_lenient(body: bytes, received_ms: int, historical: bool) -> WireBatch:
    """Read message by message what could not be read as one."""
    document = read_json(body)
    messages = document.get("batch") if type(document) is dict else None
    if type(messages) is not list:
        raise DataError("the body has no list `batch`", 'Send {"batch": [...], "sentAt": ...}', "batch")
    clock = _clock(document.get("sentAt"), received_ms, historical)
    try:
        context = msgspec.convert(document.get("context"), _Context | None)
    except msgspec.ValidationError:
        context = None

    def read(value: dict[str, Any]) -> list[RawEvent]:
        raws: list[RawEvent] = []
        message = _message(value)
        _append(raws, message, message.type, context, clock)
        return raws

    return each(messages, read)


def _read_single(body: bytes, verb: str, received_ms: int) -> WireBatch:
    message = _message(read_json(body))
    raws: list[RawEvent] = []
    _append(raws, message, verb, None, _clock(None, received_ms, historical=False))
    return WireBatch(raws, [])


def _message(value: Any) -> _Message:
    try:
        return msgspec.convert(value, _Message)
    except msgspec.ValidationError as error:
        # msgspec names types and the path, never a value
        raise DataError(f"the message is not in Segment's shape: {error}", "See docs/sdks.md for each field") from None


def _clock(sent: Any, received_ms: int, historical: bool) -> _Clock:
    """Return the clock of a request; history is told by its own times and never moved."""
    return _Clock(received_ms, 0 if historical else fields.correction(sent, received_ms), historical)


def _append(raws: list[RawEvent], message: _Message, verb: str, shared: _Context | None, clock: _Clock) -> None:
    """Add the one or two events that a message is."""
    read = _VERBS.get(verb)
    if read is None:
        raise DataError("the message's type is not known", f"Use one of {', '.join(_VERBS)}", "type")
    context = message.context or shared or _NOTHING
    account, anonymous = fields.identifier(message.user_id), fields.identifier(message.anonymous_id)
    device = _get(context.device, "id")
    roles = fields.who(account, anonymous or _id(device), context.ip)
    refs: dict[str, str] = {}
    properties = dict(message.properties) if message.properties else {}
    if anonymous and device is not None:
        properties.setdefault("device_id", device)
    kind, properties = read(message, properties, roles)
    if verb in ("track", "page", "screen"):
        _add_context(context, properties, refs)
    platform = _add_own(context.guanxi, roles, refs) if context.guanxi is not None else fields.SCOPE
    amount, currency = fields.lift(kind, properties, roles, refs)
    at, correction_ms = _when(message, clock)
    key = fields.identifier(message.message_id)
    if not key and at is not None:  # without an id and a time nothing tells a repetition from a second event
        key = fields.content_id(verb, kind, at, roles, refs, amount, properties)
    raws.append(
        RawEvent(
            kind=kind, namespace="segment", message_id=key, at=at, roles=roles, refs=refs, platform=platform,
            amount=amount, currency=currency, properties=properties, consent=_consent(context.consent),
            historical=clock.historical, correction_ms=correction_ms,
        )
    )  # fmt: skip
    if verb == "group" and message.traits and message.traits.keys() != {"kind"}:
        raws.append(_group_profile(raws[-1], message.traits))


def _when(message: _Message, clock: _Clock) -> tuple[Any, int]:
    """Return the stated time and what to add to it.

    `originalTimestamp` beside `timestamp` means that Segment has corrected the latter already.
    """
    if message.original_timestamp is not None and message.timestamp is not None:
        return message.timestamp, 0
    at = message.original_timestamp if message.timestamp is None else message.timestamp
    if at is None:
        return None, 0
    if message.sent_at is not None and not clock.historical:
        return at, fields.correction(message.sent_at, clock.received_ms)
    return at, clock.correction_ms


Shape = tuple[str, dict[str, Any]]


def _track(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    return (message.event or "").strip(), properties


def _identify(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    return "Profile Updated", fields.profile("Profile Updated", "set", message.traits or {})


def _alias(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    previous = fields.identifier(message.previous_id)
    if previous:
        roles["object"] = fields.party("device", previous)
    return "Party Resolved", {"operation": "merge", "method": "alias"}


def _group(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    key = fields.identifier(message.group_id)
    if key:
        household = (message.traits or {}).get("kind") == "household"
        roles["community"] = fields.party("household" if household else "community", key)
        if household:
            roles["household"] = roles["community"]
    return "Group Joined", {}


def _page(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    return "Page Viewed", _named(message, properties)


def _screen(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    return "Screen Viewed", _named(message, properties)


def _relate(message: _Message, properties: dict[str, Any], roles: dict[str, str]) -> Shape:
    """Read `{"kind": "spouse", "from": "account:app:1", "to": "account:app:2"}`; `from` defaults to the user."""
    if message.source:
        roles["actor"] = _ref(message.source)
    if message.target:
        roles["object"] = _ref(message.target)
    if message.kind:
        properties["kind"] = message.kind
    return "Relation Stated", properties


_VERBS: Final[dict[str, Callable[[_Message, dict[str, Any], dict[str, str]], Shape]]] = {
    "track": _track, "identify": _identify, "alias": _alias, "group": _group, "page": _page, "screen": _screen,
    "relate": _relate,
}  # fmt: skip


def _named(message: _Message, properties: dict[str, Any]) -> dict[str, Any]:
    for name, value in (("name", message.name), ("category", message.category)):
        if value is not None:
            properties.setdefault(name, value)
    return properties


def _group_profile(joined: RawEvent, traits: dict[str, Any]) -> RawEvent:
    roles = {role: ref for role, ref in joined.roles.items() if role in ("actor", "community", "household")}
    return RawEvent(
        kind="Group Profile Updated", namespace=joined.namespace, at=joined.at, roles=roles, platform=joined.platform,
        message_id=joined.message_id and f"{joined.message_id}:traits",
        properties=fields.profile("Group Profile Updated", "set", traits),
        consent=joined.consent, historical=joined.historical, correction_ms=joined.correction_ms,
    )  # fmt: skip


def _add_context(context: _Context, properties: dict[str, Any], refs: dict[str, str]) -> None:
    """Add what a context says and the properties do not."""
    if context is _NOTHING:
        return
    for part, names in _PARTS:
        value = getattr(context, part)
        if type(value) is dict:
            for name, property_name in names:
                if value.get(name) is not None and property_name not in properties:
                    properties[property_name] = value[name]
    for name in ("locale", "timezone", "user_agent"):
        value = getattr(context, name)
        if value is not None and name not in properties:
            properties[name] = value
    if context.session_id is not None and (session := _id(context.session_id)):
        refs["session"] = session


_PARTS: Final = (
    ("library", (("name", "lib"),)),
    ("page", (("url", "url"), ("path", "path"), ("referrer", "referrer"), ("title", "title"), ("search", "search"))),
    ("campaign", (("name", "utm_campaign"), ("source", "utm_source"), ("medium", "utm_medium"), ("term", "utm_term"),
                  ("content", "utm_content"))),
    ("os", (("name", "os"), ("version", "os_version"))),
    ("app", (("version", "app_version"),)),
    ("device", (("model", "model"), ("manufacturer", "manufacturer"))),
)  # fmt: skip


def _add_own(own: Any, roles: dict[str, str], refs: dict[str, str]) -> str:
    """Add the roles and references that `context.guanxi` states; return its platform."""
    own = fields.mapping(own, "context.guanxi")
    for role, ref in fields.mapping(own.get("roles"), "roles").items():
        roles[role] = _ref(ref)
    for name, value in fields.mapping(own.get("refs"), "refs").items():
        refs[name] = fields.identifier(value)
    platform = own.get("platform")
    return platform if type(platform) is str else fields.SCOPE


def _ref(value: Any) -> str:
    if type(value) is not str or value.count(":") < 2:
        raise DataError("a role is not a party reference", 'Write it as "account:app:42": type, scope, key', "roles")
    return value


def _consent(value: Any) -> Any:
    """Return the purposes consented to, None when nothing is stated; intake refuses unknown names in a list."""
    if type(value) is not dict:
        return value
    stated = value.get("categoryPreferences", value)
    if type(stated) is not dict:
        return None
    ours = {_PURPOSES.get(str(name).lower(), ""): bool(granted) for name, granted in stated.items()}
    ours.pop("", None)
    return [name for name in CONSENT_BITS if ours.get(name)] if ours else None


_PURPOSES: Final = {
    **{name: name for name in CONSENT_BITS}, "analytics": "analyse", "personalization": "personalise",
    "personalisation": "personalise",
}  # fmt: skip


def _get(value: Any, name: str) -> Any:
    return value.get(name) if type(value) is dict else None


def _id(value: Any) -> str:
    return fields.identifier(value) if type(value) in (str, int) else ""
