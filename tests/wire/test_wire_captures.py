"""The six captured requests, each with the raw events it must become; the bodies here are copies with a twist."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from guanxi.engines.wire import ADAPTERS, Adapter, WireRequest
from guanxi.events import RawEvent

BY_NAME: dict[str, Adapter] = {adapter.name: adapter for adapter in ADAPTERS}
SENT_MS = 1767323046000  # 2026-01-02T03:04:06Z
USER = {"actor": "account:app:u-0001"}


def ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def sensors(kind: str, at: int, **more: Any) -> RawEvent:
    return RawEvent(kind=kind, namespace="sensors", platform="app", at=ms(at), **more)


SUBMITTED = sensors(
    "SubmitOrder", 1767323045678, roles=USER, refs={"order": "FAKE-1"},
    properties={"lib": "python", "amount": 19.9, "tags": ["a", "b"]},
)  # fmt: skip
ALIAS = {"roles": {**USER, "object": "device:app:anon-1"}, "properties": {"operation": "merge", "method": "alias"}}
AT = "2026-01-02T03:04:05.000+00:00"
HOG_AT = "2026-01-02T03:04:05.000000+00:00"
ID = "00000000-0000-4000-8000-0000000000"


def segment(kind: str, key: str, **more: Any) -> RawEvent:
    return RawEvent(kind=kind, namespace="segment", message_id=ID + key, platform="app", at=AT, **more)


def posthog(kind: str, key: str, **more: Any) -> RawEvent:
    return RawEvent(kind=kind, namespace="posthog", message_id=ID + key, platform="app", at=HOG_AT, **more)


EXPECTED: dict[str, list[RawEvent]] = {
    "sensors_single": [SUBMITTED],
    "sensors_batch": [
        SUBMITTED,
        sensors("Party Resolved", 1767323045679, **ALIAS),
        sensors("Profile Updated", 1767323045680, roles=USER, properties={"operation": "set", "city": "杭州"}),
        sensors(
            "Item Profile Updated", 1767323045681, roles={"item": "item:app:SKU-1"},
            properties={"operation": "set", "name": "测试", "item_type": "sku"},
        ),
    ],
    "segment_batch": [
        segment("Profile Updated", "01", roles=USER, properties={"operation": "set", "name": "测试"}),
        segment(
            "Order Completed", "02", roles=USER, refs={"order": "FAKE-1"}, amount=19.9,
            properties={"lib": "analytics-python"},
        ),
        segment("Party Resolved", "03", **ALIAS),
        segment(
            "Group Joined", "04",
            roles={**USER, "community": "household:app:hh-1", "household": "household:app:hh-1"},
        ),
        segment(
            "Page Viewed", "05", roles=USER,
            properties={"name": "Home", "category": "Docs", "lib": "analytics-python"},
        ),
    ],
    "posthog_batch": [
        posthog("SubmitOrder", "11", roles=USER, properties={"amount": 19.9, "lib": "posthog-python"}),
        posthog("Profile Updated", "11:$set", roles=USER, properties={"operation": "set", "city": "杭州"}),
        posthog("Party Resolved", "12", **ALIAS),
        posthog(
            "Group Profile Updated", "13", roles={"household": "household:app:hh-1"},
            properties={"kind": "household", "operation": "set", "traits": {"size": 3}},
        ),
    ],
    "thinkingdata_batch": [
        RawEvent(
            kind="order_paid", namespace="thinkingdata", platform="app", at="2026-01-02 03:04:05.678",
            roles={**USER, "device": "device:app:anon-1", "ip": "ip::192.0.2.1"},
            properties={"lib": "tga_python_sdk", "amount": 19.9},
        ),
        RawEvent(
            kind="Profile Updated", namespace="thinkingdata", platform="app", at="2026-01-02 03:04:06.000",
            roles=USER, properties={"operation": "set", "city": "杭州"},
        ),
    ],
    "growingio_collect": [
        RawEvent(
            kind="order_paid", namespace="growingio", platform="app", at=ms(1767323045678), roles=USER,
            properties={"amount": "19.9", "lib": "python"},
        ),
    ],
}  # fmt: skip
KEYS = {
    "sensors_single": "default", "sensors_batch": "default", "segment_batch": "FAKEKEY", "posthog_batch": "phc_FAKE",
    "thinkingdata_batch": "FAKEAPPID", "growingio_collect": "PRODUCT",
}  # fmt: skip


def request_of(capture: dict[str, Any]) -> WireRequest:
    """Return a captured request as the listener would hand it over."""
    url = urlsplit(capture["path"])
    parts = url.path.split("/")
    return WireRequest(
        method=capture["method"], path=url.path, query=dict(parse_qsl(url.query)),
        path_params={"project": parts[3]} if parts[1:3] == ["v3", "projects"] else {},
        headers={name.lower(): value for name, value in capture["headers"].items()},
        body=base64.b64decode(capture["body_base64"]) if "body_base64" in capture else capture["body"].encode(),
    )  # fmt: skip


def without_made_id(raw: RawEvent) -> RawEvent:
    """Return the event without the id made of its content; that it is there and is a hash is checked here."""
    if raw.namespace in ("sensors", "thinkingdata", "growingio"):
        assert len(raw.message_id) == 32
        raw.message_id = ""
    return raw


@pytest.mark.parametrize("name", EXPECTED)
def test_a_captured_request_becomes_exactly_these_events(name: str, data_file: Callable[[str], Path]) -> None:
    request = request_of(json.loads(data_file(f"platform_fields/wire/{name}.json").read_text("utf-8")))
    adapter = BY_NAME[name.partition("_")[0]]
    batch = adapter.read(request, received_ms=SENT_MS, trust="server")
    assert batch.malformed == []
    assert [without_made_id(raw) for raw in batch.raws] == EXPECTED[name]
    assert adapter.key_of(request) == KEYS[name]


def packed(value: Any) -> str:
    return quote(base64.b64encode(gzip.compress(json.dumps(value).encode())), safe="")


SENSORS_LIB = {"$lib": "python", "$lib_version": "1.11.0", "$lib_detail": "##main##app.py##17"}
SENSORS_TRACK = {
    "type": "track", "time": 1767323045678, "distinct_id": "u-0001", "event": "SubmitOrder", "lib": SENSORS_LIB,
    "properties": {**SENSORS_LIB, "order_id": "FAKE-1", "amount": 19.9, "tags": ["a", "b"], "$is_login_id": True},
}  # fmt: skip
SENSORS_REST = [
    {"type": "track_signup", "event": "$SignUp", "original_id": "anon-1", "time": 1767323045679,
     "distinct_id": "u-0001", "properties": SENSORS_LIB},
    {"type": "profile_set", "time": 1767323045680, "distinct_id": "u-0001",
     "properties": {"city": "杭州", "$is_login_id": True}},
    {"type": "item_set", "time": 1767323045681, "item_type": "sku", "item_id": "SKU-1",
     "properties": {"name": "测试"}},
]  # fmt: skip
SEGMENT_ANY = {
    "integrations": {}, "anonymousId": None, "timestamp": AT, "userId": "u-0001",
    "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
}  # fmt: skip
SEGMENT = {
    "writeKey": "FAKEKEY",
    "sentAt": "2026-01-02T03:04:06.000000+00:00",
    "batch": [
        {**SEGMENT_ANY, "type": "identify", "traits": {"name": "测试"}, "messageId": ID + "01"},
        {**SEGMENT_ANY, "type": "track", "event": "Order Completed", "messageId": ID + "02",
         "properties": {"order_id": "FAKE-1", "revenue": 19.9}},
        {**SEGMENT_ANY, "type": "alias", "previousId": "anon-1", "messageId": ID + "03"},
        {**SEGMENT_ANY, "type": "group", "groupId": "hh-1", "traits": {"kind": "household"}, "messageId": ID + "04"},
        {**SEGMENT_ANY, "type": "page", "name": "Home", "category": "Docs", "properties": {}, "messageId": ID + "05"},
    ],
}  # fmt: skip
POSTHOG = {
    "api_key": "phc_FAKE", "historical_migration": False, "sent_at": "2026-01-02T03:04:06.000000+00:00",
    "batch": [
        {"event": "SubmitOrder", "distinct_id": "u-0001", "uuid": ID + "11", "timestamp": HOG_AT, "properties": {
            "amount": 19.9, "$set": {"city": "杭州"}, "$lib": "posthog-python", "$lib_version": "7.91.1",
            "$geoip_disable": True, "$is_server": True, "$os": "Linux", "$os_distro": "a machine",
            "$python_version": "3.11"}},
        {"event": "$create_alias", "distinct_id": "anon-1", "uuid": ID + "12", "timestamp": HOG_AT,
         "properties": {"distinct_id": "anon-1", "alias": "u-0001", "$lib": "posthog-python"}},
        {"event": "$groupidentify", "distinct_id": ID + "99", "uuid": ID + "13", "timestamp": HOG_AT, "properties": {
            "$group_type": "household", "$group_key": "hh-1", "$group_set": {"size": 3}}},
    ],
}  # fmt: skip
THINKING = [
    {"#type": "track", "#ip": "192.0.2.1", "#time": "2026-01-02 03:04:05.678", "#event_name": "order_paid",
     "#distinct_id": "anon-1", "#account_id": "u-0001",
     "properties": {"#lib": "tga_python_sdk", "#lib_version": "3.0.0", "amount": 19.9}},
    {"#type": "user_set", "#time": "2026-01-02 03:04:06.000", "#account_id": "u-0001",
     "properties": {"city": "杭州"}},
]  # fmt: skip
GROWING = [
    {"eventType": "CUSTOM", "sdkVersion": "1.0.5", "platform": "python", "timestamp": 1767323045678,
     "eventName": "order_paid", "userId": "u-0001", "attributes": {"amount": "19.9"}, "projectKey": "PRODUCT"},
]  # fmt: skip


def post(path: str, body: bytes, **more: Any) -> WireRequest:
    return WireRequest(method="POST", path=path, body=body, **more)


OWN = [
    pytest.param("sensors_single", "sensors", post("/sa", f"data={packed(SENSORS_TRACK)}&gzip=1".encode()), id="form"),
    pytest.param(
        "sensors_single", "sensors",
        WireRequest(
            method="GET", path="/sa.gif",
            query={"data": base64.b64encode(json.dumps(SENSORS_TRACK).encode()).decode(), "ext": "crc=1"},
        ),
        id="beacon",
    ),
    pytest.param(
        "sensors_batch", "sensors",
        post("/sa", f"data_list={packed([SENSORS_TRACK, *SENSORS_REST])}&gzip=1".encode()), id="form-list",
    ),
    pytest.param("segment_batch", "segment", post("/v1/batch", json.dumps(SEGMENT).encode()), id="segment"),
    pytest.param("posthog_batch", "posthog", post("/batch/", json.dumps(POSTHOG).encode()), id="posthog"),
    pytest.param(
        "posthog_batch", "posthog",
        post("/e/", gzip.compress(json.dumps(POSTHOG).encode()), query={"compression": "gzip-js"}), id="browser-gzip",
    ),
    pytest.param(
        "posthog_batch", "posthog",
        post("/e/", b"data=" + quote(base64.b64encode(json.dumps(POSTHOG).encode()), safe="").encode()),
        id="browser-base64",
    ),
    pytest.param(
        "thinkingdata_batch", "thinkingdata",
        post("/sync_server", gzip.compress(json.dumps(THINKING).encode()), headers={"compress": "gzip"}), id="gzip",
    ),
    pytest.param(
        "thinkingdata_batch", "thinkingdata",
        post("/sync_data", f"appid=A&data_list={quote(json.dumps(THINKING))}".encode()), id="rest-form",
    ),
    pytest.param(
        "thinkingdata_batch", "thinkingdata",
        post("/sync_json", json.dumps({"appid": "A", "data": THINKING}).encode()), id="rest-json",
    ),
    pytest.param(
        "growingio_collect", "growingio",
        post("/v3/projects/P/collect", json.dumps(GROWING).encode(), query={"stm": "1767323045678"}), id="growingio",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "family", "request_"), OWN)
def test_our_own_bodies_become_the_same_events(name: str, family: str, request_: WireRequest) -> None:
    batch = BY_NAME[family].read(request_, received_ms=SENT_MS, trust="server")
    assert batch.malformed == []
    assert [without_made_id(raw) for raw in batch.raws] == EXPECTED[name]


def test_the_same_message_has_the_same_made_id_alone_and_in_a_batch() -> None:
    alone, batch = (OWN[number].values[2] for number in (0, 2))
    first, again = (BY_NAME["sensors"].read(one, received_ms=SENT_MS, trust="server").raws[0] for one in (alone, batch))
    assert first.message_id == again.message_id


def test_paths_belong_to_one_adapter_each() -> None:
    paths = [path for adapter in ADAPTERS for path in adapter.paths]
    assert len(paths) == len(set(paths))


def test_every_path_is_in_the_docs() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "sdks.md").read_text("utf-8")
    named = {path.rstrip("/") for adapter in ADAPTERS for path in adapter.paths}
    assert [path for path in sorted(named) if f"`{path}`" not in text] == ["/sa"]
    assert "/sa?key=" in text  # the one address that carries its key
