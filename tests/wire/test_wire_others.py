"""PostHog, Sensors, ThinkingData and GrowingIO in detail, and every adapter against hostile bytes."""

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError, Refused
from guanxi.engines.wire import ADAPTERS, Adapter, WireBatch, WireRequest
from guanxi.engines.wire.body import MAX_INFLATED
from guanxi.events import Event, Intake, Parked, RawEvent, shipped

BY_NAME: dict[str, Adapter] = {adapter.name: adapter for adapter in ADAPTERS}
NOW = 1767323046000  # 2026-01-02T03:04:06Z
PATHS = {
    "segment": "/v1/batch", "posthog": "/batch/", "sensors": "/sa", "thinkingdata": "/sync_server",
    "growingio": "/v3/projects/P/collect",
}  # fmt: skip


def read(family: str, body: bytes, trust: Any = "server", **more: Any) -> WireBatch:
    request = WireRequest(**{"method": "POST", "path": PATHS[family], "body": body, **more})
    return BY_NAME[family].read(request, received_ms=NOW, trust=trust)


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def sensors_form(value: Any, field: str = "data_list", zipped: bool = True) -> bytes:
    data = gzip.compress(text(value)) if zipped else text(value)
    return f"{field}={quote(base64.b64encode(data), safe='')}&gzip={int(zipped)}".encode()


def sensors(**message: Any) -> list[RawEvent]:
    whole = {"type": "track", "distinct_id": "d", "time": 1767323045678, "event": "Ping", "properties": {}, **message}
    batch = read("sensors", sensors_form([whole]))
    assert batch.malformed == []
    return batch.raws


def thinking(**message: Any) -> RawEvent:
    whole = {"#type": "track", "#time": "2026-01-02 11:04:05.000", "#event_name": "Ping", "properties": {}}
    batch = read("thinkingdata", text([{**whole, **{f"#{name}": value for name, value in message.items()}}]))
    assert batch.malformed == []
    return batch.raws[0]


def posthog(event: str, properties: dict[str, Any], **message: Any) -> list[RawEvent]:
    whole = {"event": event, "distinct_id": "u", "uuid": "id", "properties": properties, **message}
    batch = read("posthog", text({"api_key": "k", "batch": [whole]}))
    assert batch.malformed == []
    return batch.raws


def growing(**message: Any) -> RawEvent:
    whole = {"eventType": "CUSTOM", "eventName": "Ping", "timestamp": 1767323045678, **message}
    batch = read("growingio", text([whole]))
    assert batch.malformed == []
    return batch.raws[0]


ACCOUNT, GUEST = {"actor": "account:app:d"}, {"actor": "device:app:d", "device": "device:app:d"}


@pytest.mark.parametrize(("message", "roles"), [
    pytest.param({"properties": {"$is_login_id": True}}, ACCOUNT, id="login-id"),
    pytest.param({}, GUEST, id="guest"),
    pytest.param({"login_id": "d", "anonymous_id": "a"}, {**ACCOUNT, "device": "device:app:a"}, id="browser"),
    pytest.param({"anonymous_id": "d"}, GUEST, id="browser-guest"),
    pytest.param(
        {"properties": {"$is_login_id": True, "$device_id": "x", "$ip": "192.0.2.1"}},
        {**ACCOUNT, "device": "device:app:x", "ip": "ip::192.0.2.1"}, id="device-and-address",
    ),
])  # fmt: skip
def test_sensors_who(message: dict[str, Any], roles: dict[str, str]) -> None:
    assert sensors(**message)[0].roles == roles


def test_sensors_properties_lose_their_marks_and_the_path_of_the_sender() -> None:
    given = {"$os": "iOS", "$lib": "iOS", "$lib_detail": "app.py##1", "$city": "上海", "city": "杭州", "$": 1}
    assert sensors(properties=given)[0].properties == {
        "os": "iOS",
        "lib": "iOS",
        "$city": "上海",
        "city": "杭州",
        "$": 1,
    }


@pytest.mark.parametrize(("event", "kind"), [
    ("$pageview", "Page Viewed"), ("$AppViewScreen", "Screen Viewed"), ("$WebStay", "$WebStay"), ("付款", "付款"),
])  # fmt: skip
def test_sensors_preset_events(event: str, kind: str) -> None:
    assert sensors(event=event)[0].kind == kind


@pytest.mark.parametrize(("what", "operation"), [
    ("profile_set_once", "set_once"), ("profile_increment", "increment"), ("profile_append", "append"),
    ("profile_unset", "unset"), ("profile_delete", "delete"),
])  # fmt: skip
def test_sensors_profiles(what: str, operation: str) -> None:
    raw = sensors(type=what, event=None, properties={"score": 1})[0]
    assert (raw.kind, raw.properties) == ("Profile Updated", {"operation": operation, "traits": {"score": 1}})


def test_sensors_bindings_are_one_resolution_for_each_pair() -> None:
    identities = {"$identity_cookie_id": "c", "$identity_login_id": "u", "wxunion": "x"}
    first, second = sensors(type="track_id_bind", identities=identities)
    assert first.roles == {"actor": "account:app:u", "object": "device:app:c"}
    assert second.roles == {"actor": "account:app:u", "object": "account:wxunion:x"}
    assert (first.kind, first.properties["operation"]) == ("Party Resolved", "merge")
    assert first.message_id != second.message_id
    split = sensors(type="track_id_unbind", identities={"$identity_login_id": "u", "$identity_cookie_id": "c"})[0]
    assert split.properties["operation"] == "split"


def test_sensors_binding_of_a_phone_is_kept_out_of_the_log_and_out_of_the_message() -> None:
    message = {"type": "track_id_bind", "identities": {"$identity_login_id": "u", "$identity_mobile": "13800000001"}}
    batch = read("sensors", sensors_form([message]))
    assert batch.raws == []
    assert "13800000001" not in batch.malformed[0].what + batch.malformed[0].mend


def test_sensors_ids_tell_apart_time_content_and_person() -> None:
    ids = [
        sensors(**more)[0].message_id
        for more in ({}, {"time": 1767323045679}, {"distinct_id": "e"}, {"event": "Pong"}, {"properties": {"a": 1}})
    ]
    assert len(set(ids)) == 5
    assert sensors(lib={"$lib_detail": "other"})[0].message_id == ids[0]  # a retry may pass another line of code


def test_sensors_plus_signs_and_padding_that_a_sender_lost_are_mended() -> None:
    message = {"type": "track", "distinct_id": "d", "time": 1, "event": "好", "properties": {"a": ">>>???"}}
    data = base64.b64encode(json.dumps(message, ensure_ascii=False).encode()).decode()
    query = {"data": data.replace("+", " ").rstrip("=")}
    batch = read("sensors", b"", method="GET", path="/sa.gif", query=query)
    assert batch.raws[0].properties == {"a": ">>>???"}


def test_sensors_key_and_answers() -> None:
    def key(query: dict[str, str]) -> str:
        return BY_NAME["sensors"].key_of(WireRequest(method="POST", path="/sa", query=query))

    assert key({"project": "default", "key": "k"}) == "k"
    assert (key({"token": "t", "project": "p"}), key({"project": "p"}), key({})) == ("t", "p", "")
    assert BY_NAME["sensors"].answer(True).body.startswith(b"GIF89a")
    refused = BY_NAME["sensors"].answer(False, errors=[(0, "what", "mend")], status=403)
    assert (refused.status, json.loads(refused.body)["mend"]) == (403, "mend")


def test_sensors_encrypted_data_says_how_to_mend_it() -> None:
    with pytest.raises(DataError, match="encryption"):
        read("sensors", b"data_list=abc&gzip=9")


@pytest.mark.parametrize(("properties", "roles"), [
    pytest.param({}, {"actor": "account:app:u"}, id="server"),
    pytest.param({"$is_identified": False}, {"actor": "device:app:u", "device": "device:app:u"}, id="nobody"),
    pytest.param({"$device_id": "u"}, {"actor": "device:app:u", "device": "device:app:u"}, id="the-device-itself"),
    pytest.param(
        {"$user_id": "u", "$device_id": "x", "$groups": {"household": "h", "company": "c"}},
        {"actor": "account:app:u", "device": "device:app:x", "household": "household:app:h"}, id="browser",
    ),
])  # fmt: skip
def test_posthog_who(properties: dict[str, Any], roles: dict[str, str]) -> None:
    assert posthog("Ping", properties)[0].roles == roles


def test_posthog_events_of_its_own() -> None:
    page = posthog("$pageview", {"$current_url": "https://x.example/a", "$pathname": "/a", "$session_id": "s"})[0]
    assert (page.kind, page.refs) == ("Page Viewed", {"session": "s"})
    assert page.properties == {"url": "https://x.example/a", "path": "/a"}
    merge, profile = posthog("$identify", {"$anon_distinct_id": "a", "$set": {"city": "杭州"}})
    assert merge.roles == {"actor": "account:app:u", "object": "device:app:a"}
    assert (profile.kind, profile.message_id) == ("Profile Updated", "id:$set")
    once, unset = posthog("$set", {"$set_once": {"first": 1}, "$unset": ["old"]})
    assert once.properties == {"operation": "set_once", "traits": {"first": 1}}
    assert unset.properties == {"operation": "unset", "traits": {"old": True}}


def test_posthog_history_needs_a_server_key_and_keeps_its_times() -> None:
    event = {"event": "Ping", "distinct_id": "u", "timestamp": "2020-01-01T00:00:00Z"}
    body = text({"batch": [event], "historical_migration": True, "sent_at": "2026-01-01T00:00:00Z"})
    raw = read("posthog", body).raws[0]
    assert (raw.historical, raw.correction_ms) == (True, 0)
    with pytest.raises(Refused):
        read("posthog", body, trust="client")


def test_posthog_clock() -> None:
    event = {"event": "Ping", "distinct_id": "u", "timestamp": "2026-01-02T02:04:05Z"}
    raw = read("posthog", text({"batch": [event], "sent_at": "2026-01-02T02:04:06Z"})).raws[0]
    assert raw.correction_ms == 3_600_000
    raw = read("posthog", text({"event": "Ping", "distinct_id": "u", "offset": 1000}), path="/e/").raws[0]
    assert raw.at.timestamp() * 1000 == NOW - 1000


@pytest.mark.parametrize(("body", "key"), [
    (text({"api_key": "k", "batch": []}), "k"),
    (text([{"event": "a", "properties": {"token": "t"}}]), "t"),
    (text({"event": "a", "token": "t"}), "t"),
    (text([]), ""),
    (text({"api_key": 5}), ""),
])  # fmt: skip
def test_posthog_key(body: bytes, key: str) -> None:
    assert BY_NAME["posthog"].key_of(WireRequest(method="POST", path="/e/", body=body)) == key


def test_thinkingdata_first_events_count_once_and_corrections_name_what_they_correct() -> None:
    once = thinking(first_check_id="dev-1", account_id="a")
    again = thinking(first_check_id="dev-1", account_id="b", time="2026-01-03 00:00:00.000")
    assert once.message_id == again.message_id != thinking(first_check_id="dev-2").message_id
    update = thinking(type="track_update", event_id="e-1")
    assert update.kind == "Ping"
    assert update.properties == {"correction": "update", "correction_of": "e-1"}
    assert thinking(type="track_overwrite", event_id="e-1").properties["correction"] == "overwrite"


def test_thinkingdata_ids_and_times() -> None:
    assert thinking(uuid="U-1").message_id == "U-1"
    assert thinking().at == "2026-01-02 11:04:05.000"  # no zone: intake reads China time
    assert thinking().message_id == thinking().message_id != thinking(account_id="b").message_id
    zoned = {"#type": "track", "#time": "2026-01-02 11:04:05", "#event_name": "A", "properties": {"#zone_offset": -3.5}}
    assert read("thinkingdata", text([zoned])).raws[0].at == "2026-01-02 11:04:05-03:30"


def test_thinkingdata_keys_and_answers() -> None:
    adapter = BY_NAME["thinkingdata"]

    def key(path: str, body: bytes, **more: Any) -> str:
        return adapter.key_of(WireRequest(method="POST", path=path, body=body, **more))

    assert key("/sync_server", b"", headers={"appid": "A"}) == "A"
    assert key("/sync_data", b"appid=A&data=%7B%7D") == "A"
    assert key("/sync_json", text({"appid": "A", "data": {}})) == "A"
    assert key("/sync_json", text([])) == ""
    assert json.loads(adapter.answer(True).body) == {"code": 0}
    unknown = adapter.answer(False, errors=[(0, "w", "m")], status=401)
    assert (unknown.status, json.loads(unknown.body)["code"]) == (200, -2)
    assert adapter.answer(False, status=503).status == 503  # the SDK keeps the batch and tries again


@pytest.mark.parametrize(("message", "kind", "properties"), [
    pytest.param({"eventType": "PAGE", "path": "/a", "query": "q=1"}, "Page Viewed",
                 {"path": "/a", "search": "q=1"}, id="page"),
    pytest.param({"eventType": "VISIT", "platform": "Web"}, "Session Started", {"lib": "Web"}, id="visit"),
    pytest.param({"eventType": "LOGIN_USER_ATTRIBUTES", "userId": "u", "attributes": {"city": "杭州"}},
                 "Profile Updated", {"operation": "set", "city": "杭州"}, id="profile"),
    pytest.param({"eventType": "FORM_SUBMIT"}, "FORM_SUBMIT", {}, id="kept-name"),
    pytest.param({"resourceItem": {"key": "sku", "id": "s"}}, "Ping", {"item_type": "sku"}, id="item"),
])  # fmt: skip
def test_growingio_events(message: dict[str, Any], kind: str, properties: dict[str, Any]) -> None:
    raw = growing(**message)
    assert (raw.kind, raw.properties) == (kind, properties)


def test_growingio_clock_item_and_visitor() -> None:
    assert growing(resourceItem={"key": "sku", "id": "s"}).roles == {"item": "item:app:s"}
    body = text([{"eventType": "CUSTOM", "eventName": "Ping", "timestamp": 1767319445000}])
    assert read("growingio", body, query={"stm": "1767319446000"}).raws[0].correction_ms == 3_600_000
    visitor = growing(eventType="VISITOR_ATTRIBUTES", userId="u", deviceId="d", attributes={"a": 1})
    assert visitor.roles == GUEST


@pytest.mark.parametrize(("family", "bad"), [
    ("sensors", {"type": "shout"}), ("sensors", {"type": ["track"]}), ("sensors", {"type": "track", "properties": []}),
    ("sensors", {"type": "track", "event": "a", "distinct_id": {}}), ("sensors", {"type": "track_id_bind"}),
    ("posthog", {"event": 5}), ("posthog", {"event": "a", "properties": 5}), ("posthog", {}),
    ("thinkingdata", {"#type": "shout"}), ("thinkingdata", {"#type": "track", "properties": [1]}),
    ("growingio", {"eventType": "shout"}), ("growingio", {"eventType": "CUSTOM", "attributes": "a"}),
    *[(family, bad) for family in ("sensors", "posthog", "thinkingdata", "growingio") for bad in (None, 5, "a", [])],
])  # fmt: skip
def test_one_bad_message_does_not_fail_its_batch(family: str, bad: Any) -> None:
    good: dict[str, Any] = {
        "sensors": {"type": "track", "event": "Ping", "distinct_id": "d", "time": 1},
        "posthog": {"event": "Ping", "distinct_id": "u"},
        "thinkingdata": {"#type": "track", "#event_name": "Ping", "#time": "2026-01-02 03:04:05"},
        "growingio": {"eventType": "CUSTOM", "eventName": "Ping"},
    }
    messages = [bad, good[family]]
    body = {"sensors": sensors_form(messages), "posthog": text({"batch": messages})}.get(family, text(messages))
    batch = read(family, body)
    assert [raw.kind for raw in batch.raws] == ["Ping"]
    assert [(bad.place, json.loads(bad.raw)) for bad in batch.malformed] == [(0, bad)]


BOMB = gzip.compress(b"[" + b" " * (MAX_INFLATED + 1) + b"]", 1)
HALF = gzip.compress(text([{"eventType": "CUSTOM", "eventName": "Ping"}]))[:-9]


@pytest.mark.parametrize("data", [
    pytest.param(BOMB, id="bomb"), pytest.param(HALF, id="truncated"),
    pytest.param(gzip.compress(b"[]") + b"x", id="trailing"), pytest.param(b"\x1f\x8bnothing", id="no-gzip"),
])  # fmt: skip
@pytest.mark.parametrize("family", ["sensors", "posthog", "thinkingdata", "growingio"])
def test_bombs_and_broken_gzip(family: str, data: bytes) -> None:
    body = f"data_list={quote(base64.b64encode(data), safe='')}".encode() if family == "sensors" else data
    with pytest.raises(DataError):
        read(family, body, headers={"compress": "gzip"})


@pytest.mark.parametrize("data", [
    pytest.param("data_list=%5B", id="half-json"), pytest.param("data_list=YWJj!", id="no-base64"),
    pytest.param("data_list=W3si", id="half-base64"), pytest.param("data_list=A", id="one-letter"),
    pytest.param("data_list=%E5%A5%BD", id="beyond-ascii"), pytest.param("data_list=", id="empty"),
    pytest.param("x=1", id="no-field"), pytest.param("&".join(f"a{n}=1" for n in range(99)), id="many-fields"),
    pytest.param("data_list=" + quote(base64.b64encode(b"{}")), id="no-list"),
])  # fmt: skip
def test_broken_forms(data: str) -> None:
    with pytest.raises(DataError):
        read("sensors", data.encode())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([
    "type", "event", "userId", "anonymousId", "properties", "traits", "context", "timestamp", "messageId", "groupId",
    "previousId", "distinct_id", "time", "identities", "item_id", "original_id", "$set", "uuid", "offset", "#type",
    "#time", "#event_name", "#account_id", "eventType", "eventName", "attributes", "userId", "resourceItem",
])  # fmt: skip
WORDS = st.sampled_from([
    "track", "identify", "alias", "group", "page", "relate", "track_signup", "profile_set", "item_set",
    "track_id_bind", "$create_alias", "$groupidentify", "$identify", "user_set", "track_update", "CUSTOM", "PAGE",
])  # fmt: skip
MESSAGES = st.lists(st.dictionaries(NAMES, WORDS | VALUES, max_size=8) | VALUES, max_size=3)


class Tokens:
    """Personal values as tokens."""

    def seal(self, person: str, field: str, value: str) -> str:
        return field

    def surrogate(self, role: str, key: str) -> str:
        return role


INTAKE = Intake(shipped(), ["app"], Tokens())


@given(
    st.sampled_from(ADAPTERS), st.binary(max_size=60) | st.text(max_size=60).map(lambda one: one.encode()), st.data()
)
def test_arbitrary_bytes_raise_nothing_but_data_errors(adapter: Adapter, body: bytes, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(adapter.paths))
    head = data.draw(st.sampled_from([b"", b"data=", b"data_list=", b"\x1f\x8b", b'{"batch":[', b"["]))
    request = WireRequest(method="POST", path=path, body=head + body, headers={"authorization": "Basic " + "A" * 3})
    for call in (lambda: adapter.read(request, received_ms=NOW, trust="server"), lambda: adapter.key_of(request)):
        try:
            call()
        except DataError as error:
            assert error.what  # noqa: PT017 - the only error allowed
            assert error.mend  # noqa: PT017


@given(st.sampled_from(list(PATHS)), MESSAGES)
def test_arbitrary_messages_are_read_or_told_and_intake_takes_them(family: str, messages: list[Any]) -> None:
    body = {"sensors": sensors_form(messages), "growingio": text(messages), "thinkingdata": text(messages)}.get(
        family, text({"batch": messages})
    )
    batch = read(family, body)
    assert {bad.place for bad in batch.malformed} <= set(range(len(messages)))
    assert len(batch.raws) + len(batch.malformed) >= len(messages) or family == "posthog"  # an identify may say nothing
    for raw in batch.raws:
        assert isinstance(INTAKE.check(raw, "server", received_ms=NOW, source="http:k"), Event | Parked)


@given(st.sampled_from(list(PATHS)), MESSAGES)
def test_reading_is_repeatable(family: str, messages: list[Any]) -> None:
    body = {"sensors": sensors_form(messages), "growingio": text(messages), "thinkingdata": text(messages)}.get(
        family, text({"batch": messages})
    )
    assert repr(read(family, body)) == repr(read(family, body))  # repr: NaN is not equal to itself
