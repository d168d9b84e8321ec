"""Traits at the gate: what a party's are this very moment, for those who decide about an event."""

import asyncio
import time
from typing import Any, Final, Protocol

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from guanxi.api.bodies import check_media_type, read_body
from guanxi.api.errors import Problem, error_response
from guanxi.app import ADAPTERS, Gate, LiveTraits, WireRequest
from guanxi.core import DataError
from guanxi.events import Event

READY: Final = "/readyz"
MOST: Final = 2_000  # names of a question
_ADAPTER: Final = next(one for one in ADAPTERS if one.name == "segment")


class Admits(Protocol):
    """Who knows keys."""

    async def admit(self, text: str, address: str) -> Any:
        """Return the key of a request, or raise."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which traits of which party, or what an event would see if it came now.

    party, ref  of whom
    event       instead of them: one message as `POST /v1/batch` takes it; it is not stored
    names       traits or topics; none = all that are kept of the party, or of those that the event names
    """

    party: str = ""
    ref: str = ""
    event: dict[str, Any] | None = None
    names: tuple[str, ...] = ()


class Ready:
    """Says whether the gate answers all that it can answer: it takes events in from the start."""

    def __init__(self, traits: LiveTraits | None) -> None:
        self._traits = traits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe: 200, or 503 while traits are read from the log; `building` says how much, in percent."""
        ready = self._traits is None or self._traits.is_ready
        told: dict[str, object] = {"status": "ready" if ready else "reading"}
        if self._traits is not None and self._traits.building is not None:
            told["building"] = self._traits.building
        body = msgspec.json.encode(told)
        await Response(body, 200 if ready else 503, media_type="application/json")(scope, receive, send)


class Traits:
    """ASGI endpoint of `POST /v1/traits`, for server keys."""

    def __init__(self, gate: Gate, traits: LiveTraits, doorkeeper: Admits) -> None:
        self._gate, self._traits, self._doorkeeper = gate, traits, doorkeeper
        self._decode = msgspec.json.Decoder(Question).decode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question, whatever becomes of it."""
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            client = scope.get("client")
            shown = headers.get("authorization", "")
            key = await self._doorkeeper.admit(shown.removeprefix("Bearer ").strip(), client[0] if client else "")
            if key.scope != "server":
                raise Problem(403, f"a {key.scope} key may not read traits", "Use a server key")
            check_media_type(headers.get("content-type", ""))
            answer = Response(await self._answer(await read_body(receive), key.id), media_type="application/json")
        except Exception as error:  # noqa: BLE001 - the sender must hear of it
            answer = error_response(error, scope)
        await answer(scope, receive, send)

    async def _answer(self, body: bytes, key: str) -> bytes:
        try:
            asked = self._decode(body)
        except msgspec.DecodeError as error:
            raise Problem(400, f"the question is not understood: {error}", _FORM) from None
        if len(asked.names) > MOST:
            raise Problem(400, f"the question names {len(asked.names)} traits", f"Name at most {MOST}", "names")
        if not (asked.party and asked.ref if asked.event is None else not asked.party + asked.ref):
            raise Problem(400, "the question must name a party and its ref, or else an event", _FORM)
        # On a thread: it may wait for the events before it, and the loop takes in what is sent meanwhile.
        if asked.event is None:
            return msgspec.json.encode(await asyncio.to_thread(self._traits.read, asked.party, asked.ref, asked.names))
        event = self._checked(asked.event, f"http:{key}")
        return msgspec.json.encode(await asyncio.to_thread(self._traits.see, event, asked.names))

    def _checked(self, message: dict[str, Any], source: str) -> Event:
        """The event that a message would be stored as; the first, where one makes two."""
        body = msgspec.json.encode({"batch": [{"type": "track", **message}]})
        request = WireRequest(method="POST", path="/v1/batch", body=body)
        batch = _ADAPTER.read(request, received_ms=time.time_ns() // 1_000_000, trust="server")
        for wrong in batch.malformed:
            raise DataError(wrong.what, wrong.mend, "event")
        return self._gate.look(batch.raws[0], trust="server", source=source)


_FORM: Final = 'Send {"party": "account", "ref": "account:app:u-1"} or {"event": {"type": "track", "event": …}}'
