"""The gate's listener against bad input, hostile browsers and limits."""

import gzip
import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

TRACK = {"event": "Product Viewed", "userId": "u-1", "properties": {"product_id": "p-1"}}
GOOD = json.dumps(TRACK).encode()
DEEP = b'{"event":"x","properties":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
JSON = {"content-type": "application/json"}
GZIP = {**JSON, "content-encoding": "gzip"}

BAD = [
    pytest.param(b"", JSON, 400, id="empty"),
    pytest.param(b"{", JSON, 400, id="half-json"),
    pytest.param(b"[]", JSON, 400, id="a-list"),
    pytest.param(b"null", JSON, 400, id="null"),
    pytest.param(b"\xff\xfe{}", JSON, 400, id="not-utf8"),
    pytest.param(DEEP, JSON, 400, id="deep"),
    pytest.param(b"[" * 100_000, JSON, 400, id="very-deep"),
    pytest.param(b'{"batch": 5, "event": 5}', JSON, 400, id="wrong-types"),
    pytest.param(GOOD, GZIP, 400, id="not-gzip"),
    pytest.param(gzip.compress(GOOD)[:-3], GZIP, 400, id="truncated-gzip"),
    pytest.param(gzip.compress(GOOD) + b"more", GZIP, 400, id="bytes-after-gzip"),
    pytest.param(gzip.compress(b"\0" * 40_000_000), GZIP, 413, id="bomb"),
    pytest.param(b"x" * 5_000_001, JSON, 413, id="too-large"),
    pytest.param(GOOD, {"content-type": "multipart/form-data; boundary=x"}, 415, id="multipart"),
    pytest.param(GOOD, {"content-type": "image/png"}, 415, id="image"),
    pytest.param(GOOD, {"content-type": "application/json; charset=gbk"}, 415, id="charset"),
    pytest.param(GOOD, {**JSON, "content-encoding": "br"}, 415, id="brotli"),
    pytest.param(GOOD, {**JSON, "content-encoding": "gzip, gzip"}, 415, id="twice-compressed"),
]


@pytest.mark.parametrize(("body", "headers", "status"), BAD)
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_bad_bodies(
    gate: httpx.Client, bearer: Callable, path: str, body: bytes, headers: dict, status: int, is_error
) -> None:
    if path == "/v1/batch" and status == 400 and body == GOOD:
        body = b'{"batch": []}'
    is_error(gate.post(path, content=body, headers={**headers, **bearer("server")}), status)


def test_a_body_of_unknown_length_is_bounded_while_it_comes(gate: httpx.Client, bearer: Callable, is_error) -> None:
    def endless():
        for _ in range(6):
            yield b" " * 1_000_000

    is_error(gate.post("/v1/track", content=endless(), headers={**JSON, **bearer("server")}), 413)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_parked(served, gate: httpx.Client, bearer: Callable, value: str) -> None:
    before = served.workspace.vault.parked.counts().get("open", 0)
    event = f'{{"type":"track","event":"odd","userId":"u","properties":{{"x":{value},"n":"{value}"}}}}'
    body = f'{{"batch":[{event}]}}'
    assert gate.post("/v1/batch", content=body, headers={**JSON, **bearer("server")}).status_code == 200
    assert served.workspace.vault.parked.counts()["open"] == before + 1


def test_a_message_that_is_no_event_is_parked_and_its_neighbours_are_kept(
    served, gate: httpx.Client, bearer: Callable
) -> None:
    before = served.workspace.reader.sizes()["last_seq"]
    batch = [{**TRACK, "type": "track"}, 7, {**TRACK, "type": "dance"}, {**TRACK, "type": "track", "userId": "u-2"}]
    answer = gate.post("/v1/batch", json={"batch": batch}, headers=bearer("server"))
    assert [row["index"] for row in answer.json()["errors"]] == [1, 2]
    assert served.workspace.reader.sizes()["last_seq"] == before + 2


def test_gzip_is_read(gate: httpx.Client, bearer: Callable) -> None:
    answer = gate.post("/v1/track", content=gzip.compress(GOOD), headers={**GZIP, **bearer("server")})
    assert (answer.status_code, answer.json()) == (200, {"success": True})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/v1/track", 405, id="get"),
        pytest.param("DELETE", "/v1/batch", 405, id="delete"),
        pytest.param("POST", "/v1/nothing", 404, id="unknown-path"),
        pytest.param("POST", "/v1/track/", 404, id="slash"),
        pytest.param("POST", "/healthz", 405, id="post-health"),
    ],
)
def test_paths_and_methods(gate: httpx.Client, method: str, path: str, status: int, is_error) -> None:
    is_error(gate.request(method, path), status)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"authorization": "Basic !!!"}, id="not-base64"),
        pytest.param({"authorization": "Bearer"}, id="empty"),
        pytest.param({"authorization": "Bearer " + "k" * 4000}, id="long"),
        pytest.param({"authorization": "Digest x"}, id="digest"),
    ],
)
def test_without_a_key(gate: httpx.Client, headers: dict, is_error) -> None:
    answer = gate.post("/v1/track", json=TRACK, headers=headers)
    is_error(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "[::2]:80"])
@pytest.mark.parametrize("which", ["gate", "desk"])
def test_another_host_name_is_refused(served, which: str, host: str, is_error) -> None:
    with served.client(getattr(served, which)) as client:
        is_error(client.get("/openapi.json", headers={"host": host}), 421)
        assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_two_host_headers_are_refused(served) -> None:
    port = urlsplit(served.gate).port
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    assert answer.split(b"\r\n")[0].split()[1] in (b"421", b"400")


def test_headers_of_every_answer(gate: httpx.Client) -> None:
    for answer in (gate.get("/healthz"), gate.get("/nothing"), gate.post("/v1/track")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


def test_pages_of_other_sites_may_use_client_keys_only(gate: httpx.Client, bearer: Callable) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    before = gate.options("/v1/batch", headers=asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, "*")
    assert "access-control-allow-credentials" not in before.headers
    allowed = gate.post("/v1/track", json=TRACK, headers={**asked, **bearer("client")})
    assert allowed.headers["access-control-allow-origin"] == "*"
    for scope in ("server", "read", "admin"):
        answer = gate.post("/v1/track", json=TRACK, headers={**asked, **bearer(scope)})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic x"])
def test_segments_need_the_token_of_the_gate(gate: httpx.Client, token: str, is_error) -> None:
    is_error(gate.post("/internal/commit", content=b"{}", headers={"authorization": token}), 401)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"folder": 1}'])
def test_a_manifest_is_checked(served, gate: httpx.Client, body: bytes, is_error) -> None:
    headers = {"authorization": f"Bearer {served.token}"}
    is_error(gate.post("/internal/commit", content=body, headers=headers), 400)


def test_limits(tight, is_error) -> None:
    headers = {"authorization": f"Bearer {tight.keys['server']}"}
    with tight.client(tight.gate) as client:
        six = {"batch": [{**TRACK, "type": "track", "messageId": str(n)} for n in range(6)]}
        assert "6 events, at most 5" in is_error(client.post("/v1/batch", json=six, headers=headers), 413)["what"]
        is_error(client.post("/v1/batch", content=b" " * 2001, headers=headers), 413)
        bomb = gzip.compress(b"\0" * 4_001)
        is_error(client.post("/v1/batch", content=bomb, headers={**headers, "content-encoding": "gzip"}), 413)
        for _ in range(2):
            assert client.post("/v1/track", json=TRACK, headers=headers).status_code == 200
        slow = client.post("/v1/track", json=TRACK, headers=headers)
        is_error(slow, 429)
        assert 1 <= int(slow.headers["retry-after"]) <= 3
        other = {"authorization": f"Bearer {tight.keys['client']}"}
        assert client.post("/v1/track", json=TRACK, headers=other).status_code == 200
    assert tight.workspace.reader.sizes()["last_seq"] == 2 + 1


def test_guessing_keys_is_slowed(tight) -> None:
    with tight.client(tight.gate) as client:
        statuses = [
            client.post("/v1/track", json=TRACK, headers={"authorization": f"Bearer guess{n}"}).status_code
            for n in range(70)
        ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_the_relay_gives_the_gates_answer(served, gate: httpx.Client, desk: httpx.Client, bearer: Callable) -> None:
    for scope, body in [("server", GOOD), ("client", GOOD), ("read", GOOD), ("server", b"{"), ("server", DEEP)]:
        headers = {**JSON, **bearer(scope)}
        straight, relayed = (one.post("/v1/track", content=body, headers=headers) for one in (gate, desk))
        assert (straight.status_code, straight.content) == (relayed.status_code, relayed.content)
        for name in ("content-type", "access-control-allow-origin", "x-content-type-options"):
            assert straight.headers.get(name) == relayed.headers.get(name)
    packed = desk.post("/v1/track", content=gzip.compress(GOOD), headers={**GZIP, **bearer("server")})
    assert packed.json() == {"success": True}


def test_the_relay_takes_paths_and_queries_of_sdks(served, desk: httpx.Client, is_error) -> None:
    body = msgspec.json.encode(
        [{"eventType": "CUSTOM", "eventName": "relayed", "userId": "u-r", "timestamp": 1767323045678}]
    )
    assert desk.post("/v3/projects/PRODUCT/collect?stm=1767323045678", content=body, headers=JSON).status_code == 200
    is_error(desk.post("/v3/projects/OTHER/collect", content=body, headers=JSON), 401)
    assert desk.options("/v1/batch").headers["access-control-allow-origin"] == "*"
