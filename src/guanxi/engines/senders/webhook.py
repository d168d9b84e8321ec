"""Signed JSON over HTTP: webhooks for systems of the business, adapters for providers of SMS, templates and push."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from guanxi.actions import Outcome, Outgoing
from guanxi.engines.senders.http import TIMEOUT_S, Answer, Caller, status_outcome
from guanxi.engines.senders.signing import signed


class WebhookSender:
    """Hands actions to a system that speaks Standard Webhooks; any answer 2xx accepts.

    secret   bytes of the `whsec_…` secret
    keys     True: the receiver keeps webhook-id and does nothing twice
    now      the clock, ms UTC
    """

    asks = False
    addressed = False

    def __init__(
        self, url: str, secret: bytes, *, now: Callable[[], int], allow_private: bool = False, keys: bool = False,
        at_once: int = 8, timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self._caller = Caller(url, allow_private=allow_private, timeout_s=timeout_s)
        self._secret, self._now = secret, now
        self.keys, self.at_once = keys, at_once

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Post the action, signed."""
        body = _JSON.encode(
            {
                "type": f"action.{row.kind}", "timestamp": _iso(row.made_ms),
                "data": {"id": row.id, "kind": row.kind, "channel": row.channel, "party": row.party,
                         "decision": row.decision, "run": row.run, "params": dict(row.body),
                         "not_after": _iso(row.not_after_ms)},
            }
        )  # fmt: skip
        answer = await self._caller.call(
            "POST", "", headers={**_HEADERS, **signed(self._secret, row.id, self._now(), body)}, content=body
        )
        return answer if isinstance(answer, Outcome) else status_outcome(answer)

    async def did(self, row: Outgoing) -> Outcome | None:
        """Nobody can tell."""
        return None

    async def close(self) -> None:
        """Give back connections."""
        await self._caller.close()


class AdapterSender:
    """Hands actions, with the person's address, to an adapter of a provider; the form is in docs/senders.md.

    asks   True: the adapter answers GET url/ID
    """

    addressed = True

    def __init__(
        self, url: str, secret: bytes, *, now: Callable[[], int], allow_private: bool = False, keys: bool = False,
        asks: bool = False, at_once: int = 8, timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self._caller = Caller(url, allow_private=allow_private, timeout_s=timeout_s)
        self._secret, self._now = secret, now
        self.keys, self.asks, self.at_once = keys, asks, at_once

    async def send(self, row: Outgoing, address: str, attempt: int) -> Outcome:
        """Post the action with its address."""
        body = _JSON.encode(
            {
                "id": row.id, "kind": row.kind, "channel": row.channel, "address": address, "params": dict(row.body),
                "attempt": attempt, "not_after": _iso(row.not_after_ms),
            }
        )  # fmt: skip
        headers = {**_HEADERS, **signed(self._secret, row.id, self._now(), body), "idempotency-key": row.id}
        return _read(await self._caller.call("POST", "", headers=headers, content=body))

    async def did(self, row: Outgoing) -> Outcome | None:
        """Ask the adapter what became of an action."""
        headers = {**_HEADERS, **signed(self._secret, row.id, self._now(), b"")}
        answer = await self._caller.call("GET", f"/{row.id}", headers=headers, content=b"")
        if isinstance(answer, Outcome) or answer.status != 200:
            return None
        found = _read(answer)
        return found if found.accepted else None

    async def close(self) -> None:
        """Give back connections."""
        await self._caller.close()


class _Said(msgspec.Struct, frozen=True):
    state: str
    receipt: str = ""
    reason: str = ""
    retry_after: int | None = None


def _read(answer: Answer | Outcome) -> Outcome:
    """What an adapter answered: its JSON when it is in the form, else what the status says."""
    if isinstance(answer, Outcome):
        return answer
    plain = status_outcome(answer)
    try:
        said = msgspec.json.decode(answer.body, type=_Said)
    except msgspec.DecodeError:
        if plain.accepted:
            return Outcome(kind="unknown", text=f"HTTP {answer.status} with an answer of another form")
        return plain
    reason = said.reason if _CODE(said.reason) and not _DIGITS(said.reason) else ""
    text = ": ".join(filter(None, (f"HTTP {answer.status}", reason)))
    if said.state == "accepted" and plain.accepted:
        return Outcome(kind="accepted", receipt=said.receipt[:128] if said.receipt.isprintable() else "")
    if said.state in _STATES:
        wait = said.retry_after
        asked = wait * 1000 if wait is not None and 0 <= wait < 10**9 else plain.retry_after_ms
        return Outcome(kind=_STATES[said.state], text=text, retry_after_ms=asked)
    return Outcome(kind="unknown", text=text) if plain.accepted else plain


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


_STATES: Final[dict[str, Any]] = {"refused": "refused", "invalid": "invalid", "busy": "busy", "failed": "server"}
_HEADERS: Final = {"content-type": "application/json", "user-agent": "guanxi"}
_JSON: Final = msgspec.json.Encoder(order="sorted")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}").fullmatch  # a code, not a sentence
_DIGITS: Final = re.compile(r"\d{6}").search  # long numbers may be somebody's
