"""Files of SDK messages: what the wire says, parked where it is bad, gone on with where it stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guanxi.engines.sources import map_rows, open_source, preset, recognise
from guanxi.engines.wire import ADAPTERS, WireRequest
from guanxi.events import Event, Intake, Parked, shipped

Read = Callable[..., Any]


class Plain:
    """Keeps personal values as they are, so that two readings can be compared."""

    def seal(self, person: str, field: str, value: str) -> str:
        return value

    def surrogate(self, role: str, key: str) -> str:
        return key


AT = "2026-01-02T03:04:05Z"
SEGMENT = [
    {"type": "identify", "userId": "u1", "messageId": "m1", "timestamp": AT,
     "traits": {"name": "测试", "age": 30}},
    {"type": "track", "userId": "u1", "messageId": "m2", "timestamp": AT, "event": "Order Completed",
     "properties": {"order_id": "o1", "total": 19.9, "currency": "USD", "mood": 0.5,
                    "products": [{"product_id": "p"}]}},
    {"type": "track", "anonymousId": "d1", "messageId": "m3", "timestamp": AT, "event": "Product Viewed",
     "properties": {"product_id": "p1", "price": 12.5}},
    {"type": "track", "userId": "u1", "messageId": "m4", "timestamp": AT, "event": "Signed Lease",
     "properties": {"rooms": 3, "shared": True}},
    {"type": "alias", "userId": "u1", "previousId": "d1", "messageId": "m5", "timestamp": AT},
    {"type": "group", "userId": "u1", "groupId": "g1", "messageId": "m6", "timestamp": AT,
     "traits": {"name": "团"}},
    {"type": "page", "userId": "u1", "name": "Home", "messageId": "m7", "timestamp": AT},
    {"type": "screen", "userId": "u1", "name": "Cart", "messageId": "m8", "timestamp": AT},
]  # fmt: skip
POSTHOG = [
    {"uuid": "p1", "event": "$pageview", "distinct_id": "u1", "timestamp": AT,
     "properties": {"$current_url": "https://example.com/", "$lib": "web", "$set": {"city": "杭州"}}},
    {"uuid": "p2", "event": "SubmitOrder", "distinct_id": "u1", "timestamp": AT,
     "properties": {"amount": 19.9}},
    {"uuid": "p3", "event": "$create_alias", "distinct_id": "a1", "timestamp": AT,
     "properties": {"distinct_id": "a1", "alias": "u1"}},
]  # fmt: skip


def wire(family: str, message: dict[str, Any]) -> list[Event]:
    """What the HTTP door makes of one message."""
    adapter = next(one for one in ADAPTERS if one.name == family)
    body = json.dumps({"batch": [message], "historical_migration": True}).encode()
    path = "/v1/import" if family == "segment" else "/batch/"
    raws = adapter.read(WireRequest(method="POST", path=path, body=body), received_ms=0, trust="server").raws
    intake = Intake(shipped(), ["app"], Plain())
    checked = [intake.check(raw, "server", received_ms=4_102_444_800_000, source="") for raw in raws]
    return [one for one in checked if not isinstance(one, Parked)]


@pytest.mark.parametrize(("family", "lines"), [("segment", SEGMENT), ("posthog", POSTHOG)])
def test_a_file_of_messages_says_what_the_wire_says(
    family: str, lines: list[dict[str, Any]], tmp_path: Path, read_whole: Read
) -> None:
    path = tmp_path / "x"
    path.write_text("\n".join(json.dumps(one) for one in lines) + "\n\n", "utf-8")
    assert recognise(path)[0].preset == f"{family}_jsonl"
    made = read_whole(path, f"{family}-jsonl", chunk_rows=2)

    def told(event: Event) -> str:
        return repr((event.kind, event.at_ms, sorted(event.roles.items()), sorted(event.refs.items()), event.amount,
                     event.currency, event.platform, sorted(event.properties.items())))  # fmt: skip

    wanted = [event for one in lines for event in wire(family, one)]
    assert sorted(map(told, made.events)) == sorted(map(told, wanted))
    assert len(made.events) > len(lines)
    assert made.parked == []
    assert len(set(made.keys)) == len(made.keys)
    assert made.as_set() == read_whole(path, f"{family}_jsonl").as_set()


def test_custom_events_keep_their_types(tmp_path: Path, read_whole: Read) -> None:
    path = tmp_path / "x"
    path.write_text("\n".join(json.dumps(one) for one in SEGMENT), "utf-8")
    made = read_whole(path, "segment_jsonl")
    assert made.of("Signed Lease")[0].properties == {"rooms": 3, "shared": True}
    order = made.of("Order Completed")[0]
    assert (order.amount, order.currency, order.refs) == (1990, "USD", {"order": "o1"})
    assert order.properties["mood"] == 0.5
    assert made.of("Product Viewed")[0].properties == {"price": "12.5"}


BAD = [
    pytest.param("{not json", "malformed", id="not-json"),
    pytest.param('"text"', "malformed", id="no-object"),
    pytest.param('{"type":"track","event":"X","userId":"u","messageId":"m"}', "time", id="no-time"),
    pytest.param('{"type":"track","event":"X","userId":"u","timestamp":"2150-01-01T00:00:00Z"}', "time", id="future"),
    pytest.param('{"type":"dance","userId":"u","timestamp":"2026-01-02T00:00:00Z"}', "malformed", id="unknown-verb"),
    pytest.param('{"type":"track","event":"Product Viewed","userId":"u","timestamp":"2026-01-02T00:00:00Z"}',
                 "role-missing", id="no-item"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_message_is_parked_and_its_neighbours_stay(
    bad: str, reason: str, tmp_path: Path, read_whole: Read
) -> None:
    path = tmp_path / "x"
    path.write_text("\n".join([json.dumps(SEGMENT[6]), bad, json.dumps(SEGMENT[7])]), "utf-8")
    made = read_whole(path, "segment_jsonl")
    assert [one.kind for one in made.events] == ["Page Viewed", "Screen Viewed"]
    assert [(one.row, one.reason, one.source) for one in made.parked] == [(2, reason, "import:segment_jsonl")]
    assert (made.rows, made.accepted) == (3, 2)


def test_a_mended_message_is_read_again(tmp_path: Path, read_whole: Read) -> None:
    raw = json.dumps({**SEGMENT[3], "timestamp": AT})
    mended = map_rows([(2, raw)], preset("segment_jsonl"))
    assert [(batch.kind, batch.frame["row"].to_list()) for batch in mended.batches] == [("custom", [2])]


def test_an_import_of_messages_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("\n".join(json.dumps(one) for one in SEGMENT), "utf-8")
    whole = list(open_source(path, preset("segment_jsonl"), chunk_rows=3))
    assert [chunk.first_row for chunk in whole] == [1, 4, 7]
    rest = list(open_source(path, preset("segment_jsonl"), chunk_rows=3, cursor=whole[0].cursor))
    assert [[row for batch in chunk.batches for row in batch.frame["row"]] for chunk in rest] == [
        [row for batch in chunk.batches for row in batch.frame["row"]] for chunk in whole[1:]
    ]
