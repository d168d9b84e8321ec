"""Webhooks and adapters against a real server on loopback: signatures, answers, bounds, addresses."""

import asyncio
import base64
import gzip
import json
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from guanxi.actions import Outcome, Outgoing, Sender
from guanxi.actions.contract import SenderContract, attempt, notice
from guanxi.bench.send_receiver import ReceiverThread
from guanxi.core import SettingError
from guanxi.engines.senders import (
    AdapterSender,
    Answer,
    Caller,
    RobotSender,
    WebhookSender,
    is_public,
    read_secret,
    resolve,
)

from .conftest import Scripted, http

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
KEY = read_secret(SECRET)
DAY = "Mon, 01 Jan 2024"


def now() -> int:
    return time.time_ns() // 1_000_000


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def receiver() -> Iterator[ReceiverThread]:
    with ReceiverThread(keys=True) as opened:
        yield opened


class Http(SenderContract):
    @pytest.fixture(autouse=True)
    def _receiver(self, receiver: ReceiverThread) -> None:
        self.receiver = receiver

    def url(self, reached: bool) -> str:
        return self.receiver.url if reached else f"http://127.0.0.1:{free_port()}/"

    def effects(self) -> list[str]:
        return self.receiver.did


class TestWebhook(Http):
    def make(self, reached: bool = True) -> Sender:
        return WebhookSender(self.url(reached), KEY, now=now, allow_private=True, keys=True)


class TestAdapter(Http):
    def make(self, reached: bool = True) -> Sender:
        return AdapterSender(self.url(reached), KEY, now=now, allow_private=True, keys=True, asks=True)


def webhook(url: str, **fields: Any) -> WebhookSender:
    return WebhookSender(url, KEY, now=now, **{"allow_private": True, "timeout_s": 2.0, **fields})


def test_the_library_of_the_standard_verifies_a_webhook(receiver: ReceiverThread) -> None:
    row = notice("7", kind="coupon", channel="coupon")
    attempt(webhook(receiver.url), row, row)
    seen = receiver.receiver.requests
    for _, headers, body in seen:
        said = Webhook(SECRET).verify(body.decode(), headers)
        assert said["data"]["id"] == row.id == headers["webhook-id"]
        assert said["type"] == "action.coupon"
        assert said["data"]["params"] == dict(row.body)
    broken = {**seen[0][1], "webhook-id": "b" * 32}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(seen[0][2].decode(), broken)


def test_an_adapter_gets_the_address_and_gives_a_receipt(receiver: ReceiverThread) -> None:
    row = notice("8", kind="message", channel="sms")
    (outcome,) = attempt(AdapterSender(receiver.url, KEY, now=now, allow_private=True), row, address="13800138000")
    assert (outcome.kind, outcome.receipt) == ("accepted", f"r-{row.id}")
    _, headers, body = receiver.receiver.requests[0]
    assert headers["idempotency-key"] == row.id
    Webhook(SECRET).verify(body.decode(), headers)
    assert json.loads(body) | {"params": {}} == {
        "id": row.id, "kind": "message", "channel": "sms", "address": "13800138000", "params": {}, "attempt": 1,
        "not_after": datetime.fromtimestamp(row.not_after_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
    }  # fmt: skip


def told(state: str, reason: str) -> bytes:
    return http(200, json.dumps({"state": state, "reason": reason}).encode())


@pytest.mark.parametrize(
    ("answer", "kind", "retry_after_ms"),
    [
        pytest.param(http(200), "accepted", None, id="200"),
        pytest.param(http(204), "accepted", None, id="204"),
        pytest.param(http(302, b"", "Location: http://169.254.169.254/"), "refused", None, id="a-redirect"),
        pytest.param(http(400), "invalid", None, id="400"),
        pytest.param(http(401), "refused", None, id="401"),
        pytest.param(http(410), "refused", None, id="gone"),
        pytest.param(http(429, b"", "Retry-After: 7"), "busy", 7_000, id="429-with-seconds"),
        pytest.param(http(503, b"", f"Date: {DAY} 00:00:00 GMT", f"Retry-After: {DAY} 00:01:00 GMT"), "busy", 60_000,
                     id="503-with-a-date"),
        pytest.param(http(429, b"", "Retry-After: soon"), "busy", None, id="429-with-nonsense"),
        pytest.param(http(500), "server", None, id="500"),
        pytest.param(http(504), "timeout", None, id="a-gateway-heard-nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "timeout", None, id="broken-off"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "timeout", None, id="no-http"),
        pytest.param(http(200, b"x" * 200_000), "accepted", None, id="an-answer-too-large"),
    ],
)  # fmt: skip
def test_answers(answer: bytes, kind: str, retry_after_ms: int | None) -> None:
    with Scripted(answer) as server:
        (outcome,) = attempt(webhook(server.url), notice())
    assert (outcome.kind, outcome.retry_after_ms) == (kind, retry_after_ms)
    assert len(server.asked) == 1


def test_an_answer_that_inflates_is_not_inflated() -> None:
    bomb = gzip.compress(b" " * 30_000_000)
    with Scripted(http(200, bomb, "Content-Encoding: gzip")) as server:
        tracemalloc.start()
        try:
            (outcome,) = attempt(webhook(server.url, timeout_s=10.0), notice())
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert outcome.kind == "accepted"
    assert most < 10_000_000
    assert b"accept-encoding: identity" in server.asked[0].lower()


@pytest.mark.parametrize(
    ("behind", "path"),
    [("", "/ID"), ("adapter", "/adapter/ID"), ("adapter/", "/adapter/ID"), ("adapter?key=1", "/adapter/ID?key=1")],
)
def test_an_adapter_is_asked_at_its_url_and_the_id(behind: str, path: str) -> None:
    with Scripted(http(404)) as server:
        sender = AdapterSender(server.url + behind, KEY, now=now, allow_private=True, asks=True)
        assert asyncio.run(_did(sender, row := notice("9"))) is None
    assert server.asked[0].split()[1].decode() == path.replace("ID", row.id)


async def _did(sender: Sender, row: Outgoing) -> Outcome | None:
    try:
        return await sender.did(row)
    finally:
        await sender.close()


def test_an_answer_by_drops_ends_in_bounded_time() -> None:
    with Scripted(http(200, b"x" * 500), drip_s=0.05) as server:
        begin = time.monotonic()
        (outcome,) = attempt(webhook(server.url, timeout_s=0.5), notice())
        assert outcome.kind == "timeout"
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        pytest.param(told("refused", "isv.BLACK"), "refused", "HTTP 200: isv.BLACK", id="refused"),
        pytest.param(told("invalid", "bad number 13800138000"), "invalid", "HTTP 200", id="a-sentence-is-not-kept"),
        pytest.param(told("invalid", "A13800138000"), "invalid", "HTTP 200", id="a-number-is-not-kept"),
        pytest.param(http(503, b'{"state":"busy","retry_after":9}'), "busy", "HTTP 503", id="busy"),
        pytest.param(http(200, b'{"state":"lost"}'), "unknown", "HTTP 200", id="a-state-nobody-knows"),
        pytest.param(http(200, b"ok"), "unknown", "HTTP 200 with an answer of another form", id="another-form"),
        pytest.param(http(500, b"Traceback: 13800138000"), "server", "HTTP 500", id="a-traceback"),
        pytest.param(http(500, b'{"state":"accepted"}'), "server", "HTTP 500", id="accepted-with-500-is-not"),
    ],
)  # fmt: skip
def test_answers_of_adapters(answer: bytes, kind: str, text: str) -> None:
    with Scripted(answer) as server:
        sender = AdapterSender(server.url, KEY, now=now, allow_private=True)
        (outcome,) = attempt(sender, notice(kind="message", channel="sms"), address="13800138000")
    assert (outcome.kind, outcome.text) == (kind, text)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("8.8.8.8", True, id="public"),
        pytest.param("2606:4700::1111", True, id="public-6"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("0.0.0.0", False, id="any"),
        pytest.param("::", False, id="any-6"),
        pytest.param("::1", False, id="loopback-6"),
        pytest.param("10.1.2.3", False, id="private"),
        pytest.param("172.16.0.1", False, id="private-b"),
        pytest.param("192.168.1.1", False, id="private-c"),
        pytest.param("169.254.169.254", False, id="metadata"),
        pytest.param("100.100.100.200", False, id="metadata-in-cgnat"),
        pytest.param("100.64.0.1", False, id="cgnat"),
        pytest.param("168.63.129.16", False, id="metadata-azure"),
        pytest.param("192.0.0.192", False, id="metadata-oracle"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("240.0.0.1", False, id="reserved"),
        pytest.param("255.255.255.255", False, id="broadcast"),
        pytest.param("::ffff:127.0.0.1", False, id="mapped"),
        pytest.param("::ffff:8.8.8.8", True, id="mapped-public"),
        pytest.param("::7f00:1", False, id="compatible"),
        pytest.param("2002:7f00:1::", False, id="6to4"),
        pytest.param("64:ff9b::a9fe:a9fe", False, id="nat64-of-metadata"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", False, id="teredo-of-loopback"),
        pytest.param("fe80::1%eth0", False, id="link-local"),
        pytest.param("fd00:ec2::254", False, id="metadata-6"),
        pytest.param("ff02::1", False, id="multicast-6"),
        pytest.param("fec0::1", False, id="site-local"),
        pytest.param("name", False, id="no-address"),
    ],
)  # fmt: skip
def test_addresses_that_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f.1", "2130706433", "[::1]", "169.254.169.254"])
def test_private_addresses_are_refused_after_resolution(receiver: ReceiverThread, host: str) -> None:
    url = f"https://{host}:{receiver.receiver.port}/"
    (outcome,) = attempt(webhook(url, allow_private=False), notice())
    assert outcome.kind in ("refused", "unreachable")  # unreachable: this system does not read such a number as a host
    assert receiver.receiver.requests == []


def test_a_name_is_resolved_once_and_the_answer_is_what_is_called(
    receiver: ReceiverThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["127.0.0.1", "127.0.0.2"])
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        text = host.decode() if isinstance(host, bytes) else host
        address = text
        if text == "rebinding.example":
            asked.append(text)
            address = next(answers)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (outcome,) = attempt(webhook(f"http://rebinding.example:{receiver.receiver.port}/x"), notice())
    assert (outcome.kind, asked) == ("accepted", ["rebinding.example"])
    ((path, headers, _),) = receiver.receiver.requests
    assert (path, headers["host"]) == ("POST /x", f"rebinding.example:{receiver.receiver.port}")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    refused = asyncio.run(resolve("mixed.example", 443, allow_private=False))
    assert not isinstance(refused, str)
    assert refused.kind == "refused"
    assert asyncio.run(resolve("mixed.example", 443, allow_private=True)) == "8.8.8.8"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        pytest.param(lambda: webhook("http://example.com/", allow_private=False), "https", id="plain-text"),
        pytest.param(lambda: webhook("https://user:s3cret@example.com/"), "secret_env", id="a-password-in-the-url"),
        pytest.param(lambda: webhook("file:///etc/passwd"), "https", id="a-file"),
        pytest.param(lambda: read_secret("abc"), "whsec_", id="a-secret-of-another-form"),
        pytest.param(lambda: read_secret("whsec_c2hvcnQ="), "whsec_", id="a-short-secret"),
        pytest.param(lambda: RobotSender("wecom", "", now=now), "token_env", id="a-robot-without-token"),
    ],
)
def test_settings_that_cannot_be_used(make: Callable[[], object], word: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert word in caught.value.mend
    assert "s3cret" not in str(caught.value)


class Said(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[int]:
    """Port of an https server whose certificate is that of localhost."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with HTTPServer(("127.0.0.1", 0), Said) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def call(url: str, context: ssl.SSLContext | None) -> Answer | Outcome:
    async def run() -> Answer | Outcome:
        caller = Caller(url, allow_private=True, context=context)
        try:
            return await caller.call("POST", "", headers={}, content=b"x")
        finally:
            await caller.close()

    return asyncio.run(run())


def test_a_certificate_must_be_that_of_the_name_though_its_address_is_called(
    secure: int, certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    answer = call(f"https://localhost:{secure}/", trusting)
    assert isinstance(answer, Answer)
    assert answer.status == 200
    for url, context in ((f"https://127.0.0.1:{secure}/", trusting), (f"https://localhost:{secure}/", None)):
        outcome = call(url, context)
        assert isinstance(outcome, Outcome)
        assert outcome.kind == "unreachable"
