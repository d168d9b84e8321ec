"""The gate's listener: events in, answered once they are durable."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from guanxi.api.bodies import check_media_type, decode_body, read_body
from guanxi.api.buckets import Buckets
from guanxi.api.errors import Problem, answer_error, as_problem, error_response, status_of
from guanxi.api.gate_traits import READY, Ready, Traits
from guanxi.api.shield import HEALTH, Shield
from guanxi.app import (
    ADAPTERS,
    WRITING_SCOPES,
    Adapter,
    ApiKey,
    Gate,
    Manifest,
    SettingsKey,
    WireAnswer,
    WireBatch,
    WireRequest,
    Workspace,
)
from guanxi.events import Event, Parked, Trust

STRANGERS: Final = (5.0, 50.0)  # requests with a key not seen lately, per address: per second, at once
#: SDKs whose browser form may put the event into the query of a GET, as an image
BY_QUERY: Final = frozenset({"sensors", "posthog"})
CORS: Final = {
    "access-control-allow-origin": "*",  # without credentials: a client key is public, cookies are never read here
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "authorization, content-type, content-encoding, appid, compress",
    "access-control-max-age": "7200",
}


def gate_app(workspace: Workspace, gate: Gate, *, token: str) -> Starlette:
    """Return the listener of the process that owns the log; it starts the gate and closes it.

    token  what an import must show to hand over a staged segment; from `gate.announce`
    """
    limits, control = workspace.settings.limits, workspace.control
    control.sync_keys(SettingsKey(row.key, row.scope, row.label) for row in workspace.settings.keys)
    doorkeeper = Doorkeeper(workspace)
    routes: list[BaseRoute] = [Route(HEALTH, Health(), methods=["GET"])]
    routes.append(Route(READY, Ready(gate.traits), methods=["GET"]))
    if gate.traits is not None:
        routes.append(Route("/v1/traits", Traits(gate, gate.traits, doorkeeper), methods=["POST"]))
    routes.append(Route("/internal/commit", Inner(token, Manifest, gate.commit), methods=["POST"]))
    routes.append(Route("/internal/append", Inner(token, list[Event], gate.append), methods=["POST"]))
    for adapter in ADAPTERS:
        endpoint = Receiver(workspace, gate, adapter, doorkeeper)
        methods = ["POST", "OPTIONS", *(["GET"] if adapter.name in BY_QUERY else [])]
        routes.extend(Route(path, endpoint, methods=methods) for path in adapter.paths)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await gate.start()
        yield
        await gate.close()

    shield = Middleware(
        Shield, hosts=workspace.settings.serve.allowed_hosts, body_limit=lambda path: limits.body_bytes,
        https=workspace.settings.serve.secure_cookies,
    )  # fmt: skip
    app = Starlette(
        routes=routes, middleware=[shield], lifespan=lifespan, exception_handlers={HTTPException: answer_error}
    )
    app.router.redirect_slashes = False  # a POST that is redirected loses its body
    return app


class Health:
    """Says that the listener answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe."""
        await Response(b'{"status":"ok"}', media_type="application/json")(scope, receive, send)


class Doorkeeper:
    """Knows keys, and how often each may ask."""

    def __init__(self, workspace: Workspace) -> None:
        limits = workspace.settings.limits
        self._control = workspace.control
        self._senders = Buckets(rate=limits.requests_per_second, burst=limits.request_burst)
        self._strangers = Buckets(rate=STRANGERS[0], burst=STRANGERS[1])

    async def admit(self, text: str, address: str) -> ApiKey:
        """Return the key of a request that may write events now.

        raises  Problem: 401 unknown, 403 a key that may not write, 429 too often
        """
        known, key = self._control.recall_key(text)
        if not known:
            # One read of the database each: nobody may cause many by guessing.
            self._strangers.take(address)
            key = await asyncio.to_thread(self._control.find_key, text)
        if key is None:
            what = "the key is not known" if text else "the request names no key"
            raise Problem(
                401, what, "Make one with `guanxi keys create`, or name the SDK's key under [[keys]] in guanxi.toml",
                headers={"www-authenticate": 'Basic realm="guanxi"'},
            )  # fmt: skip
        if key.scope not in WRITING_SCOPES:
            raise Problem(403, f"a {key.scope} key may not write events", "Use a client or a server key")
        self._senders.take(key.id)
        return key


class Receiver:
    """ASGI endpoint of one family of SDKs."""

    def __init__(self, workspace: Workspace, gate: Gate, adapter: Adapter, doorkeeper: Doorkeeper) -> None:
        self._gate, self._adapter, self._doorkeeper = gate, adapter, doorkeeper
        self._limits = workspace.settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever becomes of it."""
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=CORS)(scope, receive, send)
            return
        headers: dict[str, str] = {"cross-origin-resource-policy": "cross-origin"}
        try:
            answer = await self._settle(scope, receive, headers)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - answered in the sender's own shape
            shown = as_problem(error, scope)
            status, own = status_of(shown)
            headers |= own
            answer = self._adapter.answer(False, errors=[(0, shown.what, shown.mend)], status=status, field=shown.field)
        await Response(answer.body, answer.status, headers, answer.content_type)(scope, receive, send)

    async def _settle(self, scope: Scope, receive: Receive, headers: dict[str, str]) -> WireAnswer:
        request = await self._read(scope, receive)
        key = await self._doorkeeper.admit(self._adapter.key_of(request), _address(scope))
        trust: Trust = "server" if key.scope == "server" else "client"
        if key.scope == "client":
            headers["access-control-allow-origin"] = "*"
        batch = self._adapter.read(request, received_ms=time.time_ns() // 1_000_000, trust=trust)
        self._check_size(batch)
        source = f"http:{key.id}"
        if batch.malformed:
            await self._gate.park([_parked(one.what, one.mend, one.raw, source) for one in batch.malformed])
        done = await self._gate.ingest(batch.raws, trust=trust, source=source)
        errors = [(one.index, one.what, one.mend) for one in done.refused]
        if batch.raws and len(errors) == len(batch.raws) and not batch.malformed:
            return self._adapter.answer(False, errors=errors, status=403, field="kind")
        errors += [(one.place, one.what, one.mend) for one in batch.malformed]
        return self._adapter.answer(True, errors=errors)

    async def _read(self, scope: Scope, receive: Receive) -> WireRequest:
        # Latin-1 is how ASGI hands over header bytes.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        check_media_type(headers.get("content-type", ""))
        body = await read_body(receive)
        encoding = headers.get("content-encoding", "")
        if encoding:
            body = decode_body(body, encoding, limit=self._limits.inflated_bytes)
        query = scope["query_string"]
        return WireRequest(
            method=scope["method"], path=scope["path"], path_params=scope.get("path_params", {}), headers=headers,
            query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}, body=body,
        )  # fmt: skip

    def _check_size(self, batch: WireBatch) -> None:
        count, most = len(batch.raws) + len(batch.malformed), self._limits.batch_events
        if count > most:
            raise Problem(413, f"the request holds {count} events, at most {most} are allowed", "Send smaller batches")


class Inner:
    """Takes what a command of the same user hands over on loopback: a staged segment, or checked events."""

    def __init__(self, token: str, form: Any, take: Callable[[Any], Awaitable[Any]]) -> None:
        self._secret, self._decode, self._take = f"Bearer {token}".encode(), msgspec.json.Decoder(form).decode, take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one command."""
        try:
            shown = dict(scope["headers"]).get(b"authorization", b"")
            if not compare_digest(shown, self._secret):
                raise Problem(401, "the token is not the gate's", "Hand rows over with a `guanxi` command")
            try:
                given = self._decode(await read_body(receive))
            except msgspec.DecodeError as error:
                raise Problem(400, f"the body is not understood: {error}", "Use the same version of Guanxi") from None
            answer = Response(msgspec.json.encode(await self._take(given)), media_type="application/json")
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the command must hear of it
            answer = error_response(error, scope)
        await answer(scope, receive, send)


def _parked(what: str, mend: str, raw: str, source: str) -> Parked:
    return Parked(source=source, reason="malformed", what=what, mend=mend, raw=raw)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
