"""The shield around both listeners: host names, headers, body sizes, errors that nobody caught."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.api.errors import Problem, error_response

HEALTH: Final = "/healthz"  # answered under any host name: load balancers ask by address

#: Sent with every answer.
HEADERS: Final[dict[str, str]] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Shield:
    """ASGI middleware, outermost of ours.

    hosts       host names that a request may carry, without ports; "*" = any
    body_limit  path -> bytes that a body may have as sent
    https       the listener is reached by HTTPS only, so browsers may be told so
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str], body_limit: Callable[[str], int], https: bool = False
    ) -> None:
        self._app, self._limit = app, body_limit
        self._hosts = frozenset(host.lower() for host in hosts)
        extra = {"strict-transport-security": "max-age=31536000"} if https else {}
        self._headers = [(name.encode(), value.encode()) for name, value in (HEADERS | extra).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name.lower() for name, _ in message["headers"]}
                own = [pair for pair in self._headers if pair[0] not in present]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        try:
            self._check_host(scope)
            await self._app(scope, self._bounded(scope, receive), guarded)
        except Exception as error:  # noqa: BLE001 - the last place that can answer
            answer = error_response(error, scope)
            if not started:
                await answer(scope, receive, guarded)

    def _check_host(self, scope: Scope) -> None:
        if "*" in self._hosts or scope["path"] == HEALTH:
            return
        named = [value for name, value in scope["headers"] if name == b"host"]
        host = named[0].decode("latin-1").lower() if len(named) == 1 else ""
        bare = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        if bare not in self._hosts:
            raise Problem(
                421, f"the host name {bare[:80]!r} is not served here", "Add it to serve.allowed_hosts in guanxi.toml"
            )

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        limit = self._limit(scope["path"])
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > limit:
                raise too_large(limit)
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_large(limit)
            return message

        return bounded


def too_large(limit: int) -> Problem:
    """Return the error of a body that is longer than `limit` bytes."""
    return Problem(
        413, f"the body is larger than {limit} bytes", "Send smaller batches", headers={"connection": "close"}
    )
