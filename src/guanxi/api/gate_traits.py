"""Traits at the gate: what a party's are this very moment, for those who decide about an event."""

import asyncio
from typing import Any, Final, Protocol

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from guanxi.api.bodies import check_media_type, read_body
from guanxi.api.errors import Problem, error_response
from guanxi.app import LiveTraits

READY: Final = "/readyz"
MOST: Final = 2_000  # names of a question


class Admits(Protocol):
    """Who knows keys."""

    async def admit(self, text: str, address: str) -> Any:
        """Return the key of a request, or raise."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which traits of which party.

    names  traits or topics; none = all that are kept of it
    """

    party: str
    ref: str
    names: tuple[str, ...] = ()


class Ready:
    """Says whether the gate answers all that it can answer: it takes events in from the start."""

    def __init__(self, traits: LiveTraits | None) -> None:
        self._traits = traits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe: 200, or 503 while traits are read from the log."""
        ready = self._traits is None or self._traits.is_ready
        body = b'{"status":"ready"}' if ready else b'{"status":"reading"}'
        await Response(body, 200 if ready else 503, media_type="application/json")(scope, receive, send)


class Traits:
    """ASGI endpoint of `POST /v1/traits`, for server keys."""

    def __init__(self, traits: LiveTraits, doorkeeper: Admits) -> None:
        self._traits, self._doorkeeper = traits, doorkeeper
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
            try:
                asked = self._decode(await read_body(receive))
            except msgspec.DecodeError as error:
                what = f"the question is not understood: {error}"
                raise Problem(400, what, 'Send {"party": "account", "ref": "account:app:u-1"}') from None
            if len(asked.names) > MOST:
                raise Problem(400, f"the question names {len(asked.names)} traits", f"Name at most {MOST}", "names")
            # On a thread: it may wait for the events before it, and the loop takes in what is sent meanwhile.
            found = await asyncio.to_thread(self._traits.read, asked.party, asked.ref, asked.names)
            answer = Response(msgspec.json.encode(found), media_type="application/json")
        except Exception as error:  # noqa: BLE001 - the sender must hear of it
            answer = error_response(error, scope)
        await answer(scope, receive, send)
