"""The Event: something that happened, and what we knew of it."""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import xxhash

Trust = Literal["server", "client"]

#: Consent purposes; an event carries the bits in force when it was sent. `None` = not stated.
CONSENT_BITS: Final[dict[str, int]] = {"analyse": 1, "personalise": 2, "message": 4, "location": 8, "share": 16}


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact: immutable, stored once per id.

    id           32 hex digits; `event_id(...)` derives it from the source's own message id
    kind         a name of the catalogue ("Order Completed") or a custom kind
    at_ms        when it happened, milliseconds since 1970-01-01 UTC
    received_ms  when we learnt it, same unit
    seq          place in the total order; 0 until the log has stored the event
    roles        role -> party reference "type:scope:key" (see `party_ref`)
    refs         name -> id: order, session, ticket, parcel, campaign, decision, cause, supersedes
    platform     platform id ("taobao"), "" when none
    amount       integer minor units of `currency` (fen for CNY), None when the event has no amount
    properties   typed by the catalogue; decimals travel as text; personal ones are vault tokens
    consent      bits of CONSENT_BITS, None when not stated
    source       where it came from: "http:<key id>", "import:<preset>"
    live         True: the trait clock is `received_ms`; False (history): it is `at_ms`
    repairs      what intake mended, e.g. "at:clamped", "price:full-width"
    """

    id: str
    kind: str
    at_ms: int
    received_ms: int = 0
    seq: int = 0
    roles: dict[str, str] = {}
    refs: dict[str, str] = {}
    platform: str = ""
    amount: int | None = None
    currency: str = ""
    properties: dict[str, Any] = {}
    consent: int | None = None
    source: str = ""
    live: bool = False
    repairs: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """When it happened, as an aware UTC instant."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)

    @property
    def received(self) -> datetime:
        """When we learnt it, as an aware UTC instant."""
        return datetime.fromtimestamp(self.received_ms / 1000, UTC)

    @property
    def clock_ms(self) -> int:
        """The trait clock: `received_ms` for live events, `at_ms` for history."""
        return self.received_ms if self.live else self.at_ms


SEPARATOR: Final = "\x1f"  # between the parts of whatever is hashed; cannot occur in cleaned text


def event_id(*parts: str) -> str:
    """Derive the 128-bit id, as 32 hex digits, of an event from what makes it unique.

    parts    for a live event: source namespace and message id; for an import: preset, kind, natural
             key, canonical content, occurrence
    source   XXH3-128, https://xxhash.com; its output is frozen by the specification
    """
    return xxhash.xxh3_128_hexdigest(SEPARATOR.join(parts).encode("utf-8", "surrogatepass"))


def id_bytes(event_id: str) -> bytes:
    """Return the 16 bytes, big-endian, of an event id; they sort as the text does."""
    return bytes.fromhex(event_id)


def id_pair(event_id: str) -> tuple[int, int]:
    """Return an event id as two unsigned 64-bit integers (high, low), the form columns use."""
    return struct.unpack(">QQ", bytes.fromhex(event_id))


def id_text(high: int, low: int) -> str:
    """Return the text form of an event id held as two unsigned 64-bit integers."""
    return f"{high:016x}{low:016x}"


def party_ref(party_type: str, scope: str, key: str) -> str:
    """Return the text by which events name a party: "type:scope:key".

    party_type  account, device, item, shop, household, ip, ... (`guanxi.parties` lists them)
    scope       platform id or shop in which the key is unique; "" when it is unique everywhere
    key         the id as the source writes it, cleaned; may hold colons

    >>> party_ref("account", "taobao", "AAE1x")
    'account:taobao:AAE1x'
    """
    return f"{party_type}:{scope}:{key}"


def split_ref(ref: str) -> tuple[str, str, str]:
    """Return (type, scope, key) of a party reference; missing parts are ""."""
    party_type, _, rest = ref.partition(":")
    scope, _, key = rest.partition(":")
    return party_type, scope, key


def consent_bits(purposes: Iterable[str]) -> int:
    """Return the bits of the named consent purposes; unknown names raise KeyError."""
    bits = 0
    for purpose in purposes:
        bits |= CONSENT_BITS[purpose]
    return bits
