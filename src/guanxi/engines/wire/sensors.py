"""Sensors (神策): form-encoded `data` and `data_list`, base64 of gzip of JSON."""

import base64
from collections.abc import Iterator
from typing import Any, Final

from guanxi.core import DataError
from guanxi.engines.wire import fields
from guanxi.engines.wire.body import form_fields, packed, read_json
from guanxi.engines.wire.request import (
    Errors,
    WireAnswer,
    WireBatch,
    WireRequest,
    each,
    error_body,
    json_answer,
)
from guanxi.events import RawEvent, Trust, party_ref


class Sensors:
    """Reads what the SDKs of Sensors Analytics send to the URL that they are given."""

    name = "sensors"
    paths = ("/sa", "/sa.gif")

    def key_of(self, request: WireRequest) -> str:
        """Return `?key=` of the configured URL, else its `token` or `project`."""
        return next((request.query[name] for name in ("key", "token", "project") if request.query.get(name)), "")

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request; see `Adapter.read`."""
        form = form_fields(request.body) if request.body else request.query
        if form.get("gzip") == "9":
            raise DataError("the data is encrypted", "Turn encryption off in the SDK; use HTTPS instead", "gzip")
        if form.get("data_list"):
            messages = read_json(packed(form["data_list"]))
        elif form.get("data"):
            messages = read_json(packed(form["data"]))
            messages = messages if type(messages) is list else [messages]
        else:
            raise DataError("the request has neither `data` nor `data_list`", "Point a Sensors SDK at this URL", "data")
        if type(messages) is not list:
            raise DataError("`data_list` is not a list", "Send one list of events", "data_list")
        return each(messages, lambda message: _events(message, received_ms))

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return a one-pixel image, which both a beacon in a page and a server SDK take for success."""
        return WireAnswer(200, "image/gif", _PIXEL) if stored else json_answer(status, error_body(errors, field))


_PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

#: preset events whose meaning is the catalogue's
KINDS: Final[dict[str, str]] = {
    "$pageview": "Page Viewed", "$AppViewScreen": "Screen Viewed", "$MPViewScreen": "Screen Viewed",
    "$AppInstall": "Application Installed", "$AppStart": "Application Opened", "$AppEnd": "Application Backgrounded",
    "$AppCrashed": "Application Crashed", "$WebClick": "Element Clicked", "$AppClick": "Element Clicked",
    "$MPClick": "Element Clicked", "$SignUp": "Signed Up",
}  # fmt: skip
_PROFILES: Final = {
    "profile_set": "set", "profile_set_once": "set_once", "profile_increment": "increment",
    "profile_append": "append", "profile_unset": "unset", "profile_delete": "delete",
}  # fmt: skip
_ITEMS: Final = {"item_set": "set", "item_delete": "delete"}
_LINKS: Final = {"track_id_bind": "merge", "track_id_unbind": "split"}
# Who and how it was sent, read elsewhere or of no meaning; `$lib_detail` leaks a file and a line of the sender.
_DROP: Final = ("$is_login_id", "$lib_version", "$lib_method", "$lib_detail", "$ip", "$device_id", "$event_session_id")


def _events(message: dict[str, Any], received_ms: int) -> Iterator[RawEvent]:
    """Return the events of one message; only a binding of several identities is more than one."""
    what, event = message.get("type"), message.get("event")
    if type(what) is not str or type(event) not in (str, type(None)):
        raise DataError("`type` or `event` is not text", "Send the message as a Sensors SDK writes it", "type")
    given = fields.mapping(message.get("properties"), "properties")
    properties = fields.strip_marks(given, "$", _DROP)
    roles = _who(message, given)
    key = _key(message)
    if what == "track":
        yield _event(message, received_ms, KINDS.get(event or "", event or ""), key, roles, properties)
    elif what == "track_signup":
        roles = fields.who(fields.identifier(message.get("distinct_id")), "")
        previous = fields.identifier(message.get("original_id"))
        if previous:
            roles["object"] = fields.party("device", previous)
        yield _event(message, received_ms, "Party Resolved", key, roles, {"operation": "merge", "method": "alias"})
    elif what in _PROFILES:
        traits = {name: value for name, value in properties.items() if name != "lib"}
        properties = fields.profile("Profile Updated", _PROFILES[what], traits)
        yield _event(message, received_ms, "Profile Updated", key, roles, properties)
    elif what in _ITEMS:
        item = fields.identifier(message.get("item_id"))
        properties = fields.profile("Item Profile Updated", _ITEMS[what], properties)
        properties["item_type"] = fields.identifier(message.get("item_type"))
        roles = {"item": fields.party("item", item)} if item else {}
        yield _event(message, received_ms, "Item Profile Updated", key, roles, properties)
    elif what in _LINKS:
        for number, linked in enumerate(_links(message)):
            properties = {"operation": _LINKS[what], "method": what}
            yield _event(message, received_ms, "Party Resolved", f"{key}:{number}", linked, properties)
    else:
        raise DataError("the message's type is not known", "See docs/sdks.md for the types that are read", "type")


def _event(
    message: dict[str, Any], received_ms: int, kind: str, key: str, roles: dict[str, str], properties: dict[str, Any]
) -> RawEvent:
    refs: dict[str, str] = {}
    given = message.get("properties")
    if type(given) is dict and type(given.get("$event_session_id")) is str and given["$event_session_id"]:
        refs["session"] = given["$event_session_id"]
    amount, currency = fields.lift(kind, properties, roles, refs)
    return RawEvent(
        kind=kind, namespace="sensors", message_id=key, at=fields.instant(message.get("time")), roles=roles, refs=refs,
        platform=fields.SCOPE, amount=amount, currency=currency, properties=properties,
        correction_ms=fields.correction(message.get("_flush_time"), received_ms),
    )  # fmt: skip


def _key(message: dict[str, Any]) -> str:
    """Return the message id, made of what tells two messages apart: Sensors sends none."""
    if message.get("time") is None:
        return ""
    names = ("type", "distinct_id", "time", "event", "properties", "original_id", "item_type", "item_id", "identities")
    return fields.content_id(*(message.get(name) for name in names))


def _who(message: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    """Return the roles: `distinct_id` is a user when `$is_login_id` says so or `login_id` repeats it."""
    distinct = fields.identifier(message.get("distinct_id"))
    account = fields.identifier(message.get("login_id"))
    device = fields.identifier(message.get("anonymous_id")) or fields.identifier(given.get("$device_id"))
    if given.get("$is_login_id") is True:
        account = account or distinct
    elif distinct and distinct != account:
        device = device if account and device else distinct
    return fields.who(account, device, given.get("$ip"))


def _links(message: dict[str, Any]) -> list[dict[str, str]]:
    """Return roles for each pair that a binding ties: the login id, else the first identity, with each other one."""
    identities = fields.mapping(message.get("identities"), "identities")
    refs = [_identity(name, value) for name, value in identities.items()]
    refs.sort(key=lambda ref: not ref.startswith("account:app:"))  # stable: the login id comes first
    if len(refs) == 1:  # an unbinding names the one identity; the user is the message's own
        account = fields.identifier(message.get("login_id")) or fields.identifier(message.get("distinct_id"))
        refs = [fields.party("account", account), *refs] if account else refs
    pairs = [{"actor": refs[0], "object": ref} for ref in refs[1:] if ref != refs[0]]
    if not pairs:
        raise DataError("the binding names fewer than two identities", "Send `identities` with both", "identities")
    return pairs


def _identity(name: str, value: Any) -> str:
    key = fields.identifier(value)
    if not key:
        raise DataError("an identity is empty", "Leave it out", "identities")
    if name in ("$identity_mobile", "$identity_email"):
        # An event may name a phone or a mail address only by a surrogate, and a binding has no role for one.
        raise DataError(f"the identity {name!r} is personal and cannot be bound", "Bind an id of yours", "identities")
    if name == "$identity_login_id":
        return fields.party("account", key)
    if name in _DEVICES or name.startswith("$identity_anonymous"):
        return fields.party("device", key)
    return party_ref("account", name.removeprefix("$identity_").replace(":", "_"), key)


_DEVICES: Final = {
    "$identity_cookie_id", "$identity_android_id", "$identity_android_uuid", "$identity_idfa", "$identity_idfv",
    "$identity_ios_uuid", "$identity_mp_id", "$identity_harmony_id",
}  # fmt: skip
