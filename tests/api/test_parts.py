"""The parts of the doors that need no server."""

import asyncio
import contextlib
import csv
import io
import logging
import pickle

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from guanxi.api import Problem, desk_app
from guanxi.api.__main__ import loopback_url
from guanxi.api.buckets import Buckets
from guanxi.api.errors import STATUSES, answer_error
from guanxi.api.exports import FORMULA, cell, to_csv
from guanxi.api.live import Live
from guanxi.api.shield import Shield
from guanxi.app import Workspace
from guanxi.core import Busy, DataError, GuanxiError, MissingEngine, NotFound, Refused, SettingError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param("+86", "'+86", id="plus"),
        pytest.param("-5", "'-5", id="minus-text"),
        pytest.param(-5, -5, id="minus-number"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\t=1", "'\t=1", id="tab"),
        pytest.param("\r=1", "'\r=1", id="return"),
        pytest.param("a=1", "a=1", id="inside"),
        pytest.param(None, "", id="none"),
        pytest.param(True, "true", id="boolean"),
        pytest.param({"b": 1, "a": "杭州"}, '{"a":"杭州","b":1}', id="object"),
    ],
)
def test_cells(value: object, shown: object) -> None:
    assert cell(value) == shown


class Row(msgspec.Struct):
    text: str
    number: int


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20), max_size=1_100)
)
def test_csv_keeps_every_text_and_starts_no_formula(texts: list[str]) -> None:
    whole = "".join(to_csv([Row(text, n) for n, text in enumerate(texts)], ("text", "number")))
    rows = list(csv.reader(io.StringIO(whole.removeprefix("\ufeff"), newline="")))[1:]
    assert [row[1] for row in rows] == [str(n) for n in range(len(texts))]
    for (shown, _), text in zip(rows, texts, strict=True):
        assert shown == (f"'{text}" if text.startswith(FORMULA) else text)


@pytest.mark.parametrize(
    ("asks", "allowed"),
    [
        pytest.param([0, 0, 0], 3, id="burst"),
        pytest.param([0, 0, 0, 0], 3, id="one-more"),
        pytest.param([0, 0, 0, 0.49], 3, id="too-soon"),
        pytest.param([0, 0, 0, 0.5], 4, id="one-refilled"),
        pytest.param([0, 0, 0, 100, 100, 100, 100], 6, id="never-more-than-the-burst"),
    ],
)
def test_buckets(asks: list[float], allowed: int) -> None:
    now = 0.0
    buckets = Buckets(rate=2, burst=3, clock=lambda: now)
    got = 0
    for now in asks:  # noqa: B007 - the clock reads it
        with contextlib.suppress(Problem):
            buckets.take("one")
            got += 1
    buckets.take("another")
    assert got == allowed


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DataError("w", "m", "f"), 400), (SettingError("w", "m", "f"), 400), (NotFound("w", "m", "f"), 404),
        (Refused("w", "m", "f"), 403), (Busy("w", "m", "f"), 503), (MissingEngine("w", "m", "f"), 501),
        (GuanxiError("w", "m", "f"), 400), (Problem(418, "w", "m", "f"), 418),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_kind_of_error_has_its_status_and_the_one_body(error: GuanxiError, status: int) -> None:
    answer = call(failing(error))
    assert answer.status_code == status
    assert answer.json() == {"what": "w", "mend": "m", "field": "f"}
    assert ("retry-after" in answer.headers) is (status == 503)


def test_no_kind_of_error_lacks_a_row() -> None:
    kinds = {kind for kind in GuanxiError.__subclasses__() if kind.__module__.startswith("guanxi.core")}
    assert kinds <= {kind for kind, _ in STATUSES}


def test_what_nobody_expected_is_answered_with_a_number_that_the_log_holds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "guanxi.api"):
        answer = call(failing(RuntimeError("the phone is 13800138000")))
    body = answer.json()
    assert answer.status_code == 500
    assert "13800138000" not in answer.text
    assert body["mend"].split("incident ")[1].split()[0] in caplog.text
    assert "RuntimeError" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_error_after_the_answer_began_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def half(request):
        async def parts():
            yield b"one"
            raise RuntimeError("in the middle")

        return StreamingResponse(parts())

    with caplog.at_level(logging.ERROR, "guanxi.api"), pytest.raises(AssertionError):  # the answer never ends
        call(half)
    assert "in the middle" in caplog.text


def test_problems_travel_between_processes() -> None:
    back = pickle.loads(pickle.dumps(Problem(429, "w", "m", "f", {"retry-after": "3"})))
    assert (back.status, back.what, back.mend, back.field, back.headers) == (429, "w", "m", "f", {"retry-after": "3"})
    assert str(back) == "w. m"


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:1"), ("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://[::1]:1"), ("::1", "http://[::1]:1")],
)  # fmt: skip
def test_where_a_neighbour_process_listens(host: str, url: str) -> None:
    assert loopback_url(host, 1) == url


def test_the_live_line_tells_changes_only_and_ends_with_the_session() -> None:
    looks, signed_in = iter([5, 5, 5, 9, 9, 12]), [True]
    got: list[bytes] = []

    async def listen() -> None:
        live = Live(lambda: next(looks, 12), poll=0.01, heartbeat=0.15)
        async for line in live.stream(lambda: signed_in[0]):
            got.append(line)
            if b"still here" in line:
                signed_in[0] = False
        assert live._listeners == 0
        assert live._task is None

    asyncio.run(listen())
    news = [msgspec.json.decode(line.split(b"data: ")[1]) for line in got if line.startswith(b"event: news")]
    assert news == [{"new": 0, "last_seq": 5}, {"new": 4, "last_seq": 9}, {"new": 3, "last_seq": 12}]
    assert got[-2:] == [b": still here\n\n", b"event: bye\ndata: {}\n\n"]


def test_the_live_line_outlives_a_look_that_fails() -> None:
    looks = iter([5, None, 7])

    def look() -> int:
        found = next(looks, 7)
        if found is None:
            raise Busy("locked", "wait")
        return found

    async def listen() -> list[bytes]:
        stream = Live(look, poll=0.01).stream(lambda: True)
        lines = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return lines

    assert [b'"last_seq":5' in line or b'"last_seq":7' in line for line in asyncio.run(listen())] == [True, True]


def test_a_gate_that_is_away_is_a_shaped_error(tmp_path) -> None:
    workspace, _ = Workspace.create(tmp_path / "shop")
    app = desk_app(workspace, gate_url="http://127.0.0.1:9")  # the discard port: nobody listens

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/v1/track", json={})

    answer = asyncio.run(ask())
    workspace.close()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "ConnectError" in answer.json()["what"]


def failing(error: Exception):
    async def endpoint(request):
        raise error

    return endpoint


def call(endpoint) -> httpx.Response:
    shield = Middleware(Shield, hosts=["localhost"], body_limit=lambda path: 100)
    routes = [Route("/", endpoint), Route("/ok", lambda request: PlainTextResponse("ok"))]
    app = Starlette(routes=routes, middleware=[shield], exception_handlers={HTTPException: answer_error})

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            assert (await client.get("/ok")).text == "ok"
            return await client.get("/")

    return asyncio.run(ask())
