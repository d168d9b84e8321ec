"""Relay: the desk hands the gate's paths on, for installs with a single address."""

from typing import Final

import httpx
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from guanxi.api.bodies import read_body
from guanxi.api.errors import Problem, error_response
from guanxi.core import GuanxiError

REQUEST_HEADERS: Final = frozenset({
    "authorization", "content-type", "content-encoding", "appid", "compress", "user-agent", "x-retry-count", "origin",
})  # fmt: skip
ANSWER_HEADERS: Final = ("content-type", "retry-after", "www-authenticate", "allow", "cross-origin-resource-policy")
CORS: Final = "access-control-"
TIMEOUT_S: Final = 60.0


class Relay:
    """ASGI endpoint that asks the gate and gives its answer; bodies are neither kept nor logged.

    client  of the gate's address
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relay one request."""
        try:
            answer = await self._ask(scope, receive)
        except ClientDisconnect:
            return
        except GuanxiError as error:
            answer = error_response(error, scope)
        await answer(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive) -> Response:
        body = await read_body(receive)
        names = ((name.decode("latin-1"), value) for name, value in scope["headers"])
        headers = {name: value.decode("latin-1") for name, value in names if wanted(name)}
        path = scope.get("raw_path") or scope["path"].encode()
        url = httpx.URL(path.decode("latin-1"), query=scope["query_string"] or None)
        try:
            got = await self._client.request(scope["method"], url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Problem(
                503, f"the gate does not answer ({type(error).__name__})", "Send it again in a moment",
                headers={"retry-after": "1"},
            ) from None  # fmt: skip
        kept = {name: value for name, value in got.headers.items() if name in ANSWER_HEADERS or name.startswith(CORS)}
        return Response(got.content, got.status_code, kept)


def wanted(name: str) -> bool:
    """Tell whether the gate reads a header; cookies of the desk, above all, are not its business."""
    return name in REQUEST_HEADERS or name.startswith(("ta-integration-", "access-control-request-"))
