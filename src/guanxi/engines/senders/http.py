"""One HTTP request within bounds: a checked and pinned address, a total time, a size, no redirects."""

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from guanxi.actions import Outcome
from guanxi.core import SettingError
from guanxi.engines.senders.network import resolve

TIMEOUT_S: Final = 10.0  # from resolving the name to the last byte of the answer
CONNECT_S: Final = 4.0
PINNED_S: Final = 10.0  # between two resolutions of the name
MOST_BYTES: Final = 65_536  # of an answer that is read


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; what its body says is never shown to anybody, since it may repeat an address."""

    status: int
    body: bytes
    retry_after_ms: int | None = None


class Caller:
    """Calls the addresses of one host.

    url            of the receiver; its host is resolved anew for each request, and the address checked
    allow_private  True: also addresses that are not public, and http
    context        which certificates count; None: those that browsers trust
    raises         SettingError when the URL cannot be used
    """

    def __init__(
        self, url: str, *, allow_private: bool, timeout_s: float = TIMEOUT_S, context: ssl.SSLContext | None = None
    ) -> None:
        self._url = check_url(url, allow_private=allow_private)
        self._private, self._timeout_s, self._context = allow_private, timeout_s, context
        self._client: httpx.AsyncClient | None = None
        self._pinned, self._until = "", 0.0

    async def call(self, method: str, path: str, *, headers: Mapping[str, str], content: bytes) -> Answer | Outcome:
        """Send one request.

        path     what follows the URL; "" = the URL itself; "/…" = a part of its path, before its query
        returns  the answer, whatever its status; an Outcome when there is none
        """
        begun = [False]
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._call(method, path, headers, content, begun)
        except TimeoutError:
            return Outcome(
                kind="timeout" if begun[0] else "unreachable", text=f"no answer within {self._timeout_s:g} s"
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Outcome(kind="unreachable", text="no connection to the receiver")
        except httpx.HTTPError as error:
            return Outcome(kind="timeout", text=f"the connection broke before an answer: {type(error).__name__}")

    async def close(self) -> None:
        """Give back connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes, begun: list[bool]
    ) -> Answer | Outcome:
        url = self._url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await self._address(port)
        if isinstance(address, Outcome):
            return address
        if self._client is None:
            timeout = httpx.Timeout(self._timeout_s, connect=CONNECT_S)
            # No proxies of the environment: they would resolve the name again. Idle connections are soon let go, since
            # one that the receiver has closed looks like a request without an answer.
            limits = httpx.Limits(keepalive_expiry=2.0)
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log URLs; that of a robot holds its token
            self._client = httpx.AsyncClient(
                timeout=timeout, trust_env=False, follow_redirects=False, limits=limits, verify=self._context or True
            )
        request = self._client.build_request(
            method,
            url.copy_with(host=address, raw_path=_behind(url.raw_path, path.encode())),
            headers={**headers, "Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            content=content,
            extensions={"sni_hostname": url.host},  # the certificate is that of the name
        )
        begun[0] = True
        response = await self._client.send(request, stream=True)
        try:
            return Answer(response.status_code, await _read(response), _retry_after(response))
        finally:
            await response.aclose()

    async def _address(self, port: int) -> str | Outcome:
        """The address to be called; one that was checked is called for a few seconds more, whatever the name says."""
        if time.monotonic() >= self._until or not self._pinned:
            found = await resolve(self._url.host, port, allow_private=self._private)
            if isinstance(found, Outcome):
                return found
            self._pinned, self._until = found, time.monotonic() + PINNED_S
        return self._pinned


def check_url(url: str, *, allow_private: bool) -> httpx.URL:
    """Return a receiver's URL; raises SettingError when it has a secret in it, or is not https."""
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise SettingError("the url of a sender is no URL", "Write https://host/path", "senders") from error
    if found.userinfo:
        raise SettingError("the url of a sender holds a password", "Name its variable in secret_env", "senders")
    allowed = ("https", "http") if allow_private else ("https",)
    if found.scheme not in allowed or not found.host:
        raise SettingError(
            f"the url of a sender begins with {found.scheme!r:.20}",
            "Write https://host/path; http needs allow_private = true",
            "senders",
        )
    return found


def status_outcome(answer: Answer) -> Outcome:
    """Return what a status alone says."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome(kind="accepted")
    text = f"HTTP {status}"
    if status in (429, 503):
        return Outcome(kind="busy", text=text, retry_after_ms=answer.retry_after_ms)
    if status in (408, 504):
        return Outcome(kind="timeout", text=text)
    if status >= 500:
        return Outcome(kind="server", text=text, retry_after_ms=answer.retry_after_ms)
    if 300 <= status < 400:
        return Outcome(kind="refused", text=f"{text}: it redirects; write the final address in the settings")
    return Outcome(kind="refused" if status in (401, 403, 407, 410, 451) else "invalid", text=text)


def _behind(raw: bytes, path: bytes) -> bytes:
    if not path.startswith(b"/"):
        return raw + path
    place, mark, query = raw.partition(b"?")
    return place.rstrip(b"/") + path + mark + query


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():  # what is compressed though nobody asked for it would be a bomb
        body += part
        if len(body) > MOST_BYTES:
            return b""  # the status counts; a body of this size is none of the forms
    return bytes(body)


def _retry_after(response: httpx.Response) -> int | None:
    """What Retry-After says, in ms: seconds, or a date against the receiver's own clock. RFC 9110, 10.2.3."""
    said = response.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return int(said) * 1000
    try:
        until, now = parsedate_to_datetime(said), parsedate_to_datetime(response.headers.get("date", ""))
        return max(int((until - now).total_seconds() * 1000), 0)
    except (ValueError, TypeError):
        return None
