"""GrowingIO: `/v3/projects/{project}/collect`, a JSON list of events."""

from collections.abc import Iterator
from typing import Any, Final

from guanxi.core import DataError
from guanxi.engines.wire import fields
from guanxi.engines.wire.body import GZIP, inflate, read_json
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


class GrowingIO:
    """Reads what GrowingIO's trackers of the third and fourth generation send as JSON."""

    name = "growingio"
    paths = ("/v3/projects/{project}/collect",)

    def key_of(self, request: WireRequest) -> str:
        """Return the project of the path."""
        return request.path_params.get("project", "")

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request; see `Adapter.read`."""
        if "protobuf" in request.headers.get("content-type", ""):
            raise DataError("the body is protobuf", "Let the tracker send JSON, uncompressed", "content-type")
        body = inflate(request.body) if request.body.startswith(GZIP) else request.body
        document = read_json(body)
        sent = request.query.get("stm", "")
        correction_ms = fields.correction(int(sent), received_ms) if sent.isdecimal() and len(sent) < 15 else 0
        messages = document if type(document) is list else [document]
        return each(messages, lambda message: _events(message, correction_ms))

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return an empty 200, or our own error body."""
        return WireAnswer(200, "text/plain", b"") if stored else json_answer(status, error_body(errors, field))


_KINDS: Final[dict[str, str]] = {
    "VISIT": "Session Started",
    "PAGE": "Page Viewed",
    "VIEW_CLICK": "Element Clicked",
    "LOGIN_USER_ATTRIBUTES": "Profile Updated",
    "VISITOR_ATTRIBUTES": "Profile Updated",
    "FORM_SUBMIT": "",
    "VIEW_CHANGE": "",
    "APP_CLOSED": "",
    "PAGE_ATTRIBUTES": "",
    "CONVERSION_VARIABLES": "",
    "REENGAGE": "",
}  # fmt: skip "" = keeps its own name
# tracker's field -> property
_NAMES: Final[dict[str, str]] = {
    "domain": "domain", "path": "path", "query": "search", "title": "title", "referralPage": "referrer",
    "platform": "lib", "platformVersion": "os_version", "operatingSystem": "os", "appVersion": "app_version",
    "deviceModel": "model", "deviceBrand": "manufacturer", "language": "locale", "networkState": "network",
    "appChannel": "channel", "textValue": "text", "xpath": "xpath", "index": "position", "userKey": "user_key",
}  # fmt: skip


def _events(message: dict[str, Any], correction_ms: int) -> Iterator[RawEvent]:
    what, name = message.get("eventType"), message.get("eventName")
    if type(what) is not str or type(name) not in (str, type(None)):
        raise DataError("`eventType` or `eventName` is not text", "Send what a GrowingIO tracker writes", "eventType")
    given = fields.mapping(message.get("attributes"), "attributes")
    account = fields.identifier(message.get("userId")) or fields.identifier(message.get("loginUserId"))
    device = fields.identifier(message.get("deviceId")) or fields.identifier(message.get("anonymousId"))
    kind = (name or "") if what == "CUSTOM" else _KINDS.get(what)
    if kind is None:
        raise DataError("the event's type is not known", "See docs/sdks.md for the types that are read", "eventType")
    roles, refs = fields.who(account, device, message.get("ip")), {}
    if kind == "Profile Updated":
        if what == "VISITOR_ATTRIBUTES":  # about the visitor before and beside any sign-in
            roles = fields.who("", device, message.get("ip")) or roles
        properties = fields.profile(kind, "set", given)
    else:
        for field, plain in _NAMES.items():
            if message.get(field) not in (None, ""):
                given.setdefault(plain, message[field])
        properties = given
        item = fields.mapping(message.get("resourceItem"), "resourceItem")  # 物品模型
        if key := fields.identifier(item.get("id")):
            roles["item"] = fields.party("item", key)
            properties.setdefault("item_type", item.get("key"))
        session = fields.identifier(message.get("sessionId"))
        if session:
            refs["session"] = session
    amount, currency = fields.lift(kind, properties, roles, refs)
    yield RawEvent(
        kind=kind or what, namespace="growingio", message_id=_key(message), at=fields.instant(message.get("timestamp")),
        roles=roles, refs=refs, platform=fields.SCOPE, amount=amount, currency=currency, properties=properties,
        correction_ms=correction_ms,
    )  # fmt: skip


def _key(message: dict[str, Any]) -> str:
    """Return the message id, made of the content: trackers send none."""
    return "" if message.get("timestamp") is None else fields.content_id(message)
