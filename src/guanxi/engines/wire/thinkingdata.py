"""ThinkingData (数数): `/sync_server` of the SDKs, `/sync_data` and `/sync_json` of its REST interface."""

import re
from collections.abc import Iterator
from typing import Any, Final

from guanxi.core import DataError
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


class ThinkingData:
    """Reads what ThinkingData's server SDKs and its REST interface send."""

    name = "thinkingdata"
    paths = ("/sync_server", "/sync_data", "/sync_json")

    def key_of(self, request: WireRequest) -> str:
        """Return the header `appid`, else `appid` of the query, the form or the JSON body."""
        key = request.headers.get("appid") or request.query.get("appid")
        if key:
            return key
        if _is_form(request):
            return form_fields(request.body).get("appid", "")
        document = read_json(_plain(request))
        key = document.get("appid") if type(document) is dict else None
        return key if type(key) is str else ""

    def read(self, request: WireRequest, *, received_ms: int, trust: Trust) -> WireBatch:
        """Return the events of a request; see `Adapter.read`."""
        if _is_form(request):
            form = form_fields(request.body)
            document = read_json(packed(form.get("data_list") or form.get("data") or ""))
        else:
            document = read_json(_plain(request))
            if type(document) is dict and "data" in document:
                document = document["data"]
        return each(document if type(document) is list else [document], _events)

    def answer(self, stored: bool, *, errors: Errors = (), status: int = 400, field: str = "") -> WireAnswer:
        """Return `{"code": 0}`; else a code below zero, at HTTP 200 when trying again would not help.

        The SDK tries again on any HTTP status but 200, and reports any code but 0.
        """
        if stored:
            return json_answer(200, {"code": 0})
        body = error_body(errors, field)
        content = {"code": _CODES.get(status, -1), "msg": f"{body['what']}. {body['mend']}", **body}
        return json_answer(status if status == 429 or status >= 500 else 200, content)


_CODES: Final = {401: -2, 403: -2}  # -1: the data is not usable; -2: the appid is not known

_PROFILES: Final = {
    "user_set": "set", "user_setOnce": "set_once", "user_add": "increment", "user_append": "append",
    "user_uniq_append": "append_unique", "user_unset": "unset", "user_del": "delete",
}  # fmt: skip
_CORRECTIONS: Final = {"track_update": "update", "track_overwrite": "overwrite"}
# Read elsewhere, or only about the SDK.
_DROP: Final = ("#lib_version", "#ip", "#device_id", "#zone_offset", "#uuid", "#event_id", "#first_check_id")


def _is_form(request: WireRequest) -> bool:
    return request.path.rstrip("/") == "/sync_data" or request.body.startswith((b"appid=", b"data=", b"data_list="))


def _plain(request: WireRequest) -> bytes:
    """Return the JSON bytes: the header `compress` or the bytes themselves announce gzip."""
    if request.body.startswith(GZIP):
        return inflate(request.body)
    compress = request.headers.get("compress", "").lower()
    if compress not in ("", "none", "gzip"):
        raise DataError("the compression is not supported", "Use gzip or none in the SDK", "compress")
    return inflate(request.body) if compress == "gzip" else request.body


def _events(message: dict[str, Any]) -> Iterator[RawEvent]:
    what, name = message.get("#type"), message.get("#event_name")
    if type(what) is not str or type(name) not in (str, type(None)):
        raise DataError("`#type` or `#event_name` is not text", "Send what a ThinkingData SDK writes", "#type")
    given = fields.mapping(message.get("properties"), "properties")
    properties = fields.strip_marks(given, "#", _DROP)
    kind = name or ""
    if what in _PROFILES:
        kind, traits = "Profile Updated", {name: value for name, value in properties.items() if name != "lib"}
        properties = fields.profile(kind, _PROFILES[what], traits)
    elif what in _CORRECTIONS:
        properties["correction"] = _CORRECTIONS[what]
        properties["correction_of"] = fields.identifier(_system(message, given, "#event_id"))
    elif what not in ("track", "track_first"):
        raise DataError("the message's type is not known", "See docs/sdks.md for the types that are read", "#type")
    yield _event(message, given, kind, properties)


def _event(message: dict[str, Any], given: dict[str, Any], kind: str, properties: dict[str, Any]) -> RawEvent:
    account = fields.identifier(message.get("#account_id"))
    # `#device_id` is the machine, `#distinct_id` the guest that the events before a sign-in belong to.
    guest, device = fields.identifier(message.get("#distinct_id")), fields.identifier(given.get("#device_id"))
    roles = fields.who(account, guest or device, _system(message, given, "#ip"))
    if guest and device and kind != "Profile Updated":
        properties.setdefault("device_id", device)
    refs: dict[str, str] = {}
    amount, currency = fields.lift(kind, properties, roles, refs)
    return RawEvent(
        kind=kind, namespace="thinkingdata", message_id=_key(message, given), at=_time(message, given), roles=roles,
        refs=refs, platform=fields.SCOPE, amount=amount, currency=currency, properties=properties,
    )  # fmt: skip


def _key(message: dict[str, Any], given: dict[str, Any]) -> str:
    """Return the message id: `#uuid`, else made of the content.

    A first event (首次事件) counts once for its name and check id, whatever else it says.
    """
    first = _system(message, given, "#first_check_id")
    if first is not None:
        return fields.content_id("first", message.get("#event_name"), first)
    uuid = fields.identifier(_system(message, given, "#uuid"))
    if uuid or message.get("#time") is None:
        return uuid
    return fields.content_id(message)


def _system(message: dict[str, Any], given: dict[str, Any], name: str) -> Any:
    """Return one of the SDK's own fields, which some SDKs leave among the properties."""
    value = message.get(name)
    return given.get(name) if value is None else value


_BARE: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\Z", re.ASCII)


def _time(message: dict[str, Any], given: dict[str, Any]) -> Any:
    """Return `#time`, with the zone when the sender tells it; without one it is China time."""
    at, hours = message.get("#time"), given.get("#zone_offset")
    if type(at) is str and _BARE.match(at) and isinstance(hours, int | float) and -14 <= hours <= 14:
        minutes = round(hours * 60)
        return f"{at}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return at
