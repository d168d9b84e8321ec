"""Entries of the ledger as canonical bytes, each chained to the one before it.

An entry's bytes are one JSON array without blanks, in a fixed order of fields, and nothing else: two writers that
mean the same entry write the same bytes, and a verifier hashes what it reads without parsing it.
The chain is SHA-256(0x02 || hash before || entry), and starts from 32 zero bytes.
Personal data has no place here: parties, transfers and keys stand as opaque ids, checked by their form.
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from guanxi.core import DataError

GENESIS: Final = bytes(32)  # the hash before the first entry
LARGEST: Final = 10**18 - 1  # of numbers, instants and amounts: 18 digits, inside int64
_NUMBER: Final = r"(?:0|[1-9][0-9]{0,17})"
_WORD: Final = r"[a-z][a-z0-9_]{0,31}"
_ID: Final = r"[0-9a-f]{32}(?:[0-9a-f]{32})?"


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One movement: `amount` leaves one account and enters another, so each entry sums to zero.

    number     its place, 0 = the first; also its leaf in the tree
    at_ms      milliseconds since 1970 in UTC
    kind       lower-case word: settle, reserve, release, expire, ...
    giver      account that the amount leaves, opaque id
    taker      account that it enters, opaque id
    unit       lower-case word: fen, points, contacts, minutes, ...
    amount     whole units, 0 to 10**18 - 1; 0 = a note that moves nothing
    transfer   opaque id of the transfer that the entry belongs to
    key        opaque id: idempotency key of the request, or the hash that a note fixes
    raises     DataError when a field has another form; an opaque id is 32 or 64 lower-case hex digits
    """

    number: int
    at_ms: int
    kind: str
    giver: str
    taker: str
    unit: str
    amount: int
    transfer: str
    key: str

    def __post_init__(self) -> None:
        for field in ("number", "at_ms", "amount"):
            value = getattr(self, field)
            if type(value) is not int or not 0 <= value <= LARGEST:
                raise DataError(f"{field} is {value}, outside 0 to 10**18 - 1", "Give a whole number in that range")
        for field in ("kind", "unit"):
            # The text is not in the message: whoever mixes up fields may have put a name here.
            if not _IS_WORD(getattr(self, field)):
                raise DataError(f"{field} is not a lower-case word of at most 32 letters", "Write settle, or points")
        for field in ("giver", "taker", "transfer", "key"):
            if not _IS_ID(getattr(self, field)):
                raise DataError(
                    f"{field} is not an opaque id of 32 or 64 lower-case hex digits",
                    "Give opaque_id(secret, name), never a name or a number that a person has",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where a run of entries stops being what was chained.

    number   of the first entry that is wrong
    what     what differs, in words
    """

    number: int
    what: str


def opaque_id(secret: bytes, name: str) -> str:
    """32 hex digits that stand for `name`: the same for the same secret, and not to be guessed without it.

    secret   at least 16 bytes; where it is destroyed, the id stands for nobody
    source   HMAC-SHA256 (RFC 2104), cut to 128 bits
    """
    if len(secret) < 16:
        raise DataError(f"the secret has {len(secret)} bytes", "Give at least 16 random bytes")
    return hmac.digest(secret, name.encode(), "sha256")[:16].hex()


def entry_bytes(entry: Entry) -> bytes:
    """Canonical bytes of an entry: a JSON array of its fields in order, without blanks."""
    return _ENCODER.encode(entry)


def read_entry(row: bytes) -> Entry:
    """Entry from its canonical bytes; raises DataError when they are not canonical."""
    if not is_canonical(row):
        raise DataError(f"{len(row)} bytes are not an entry in canonical form", "Read docs/ledger-proofs.md, Entries")
    return _DECODER.decode(row)


def is_canonical(row: bytes) -> bool:
    """Whether these bytes are an entry as `entry_bytes` writes it: the form of every field, no byte more."""
    return _CANONICAL(row) is not None


def chain_hash(previous: bytes, row: bytes) -> bytes:
    """Hash of the chain after an entry: SHA-256(0x02 || hash before || entry)."""
    return sha256(b"\x02" + previous + row).digest()


def chain_hashes(rows: Iterable[bytes], *, previous: bytes = GENESIS) -> list[bytes]:
    """Hash of the chain after each entry."""
    hashed, made = sha256, []
    for row in rows:
        previous = hashed(b"\x02" + previous + row).digest()
        made.append(previous)
    return made


def verify_run(
    rows: Sequence[bytes], hashes: Sequence[bytes], *, first: int = 0, previous: bytes = GENESIS
) -> Break | None:
    """The first break in a run of stored entries; None when the run is sound.

    rows       canonical bytes of the entries `first`, `first` + 1, ...
    hashes     stored hash of the chain after each of them
    previous   hash of the chain before `first`, known to be right
    """
    hashed, number = sha256, first - 1
    for number, (row, stored) in enumerate(zip(rows, hashes, strict=False), first):
        previous, before = hashed(b"\x02" + previous + row).digest(), previous
        if previous != stored or not row.startswith(b"[%d," % number):
            return Break(number=number, what=_difference(rows, hashes, number - first, number, before))
    if len(rows) != len(hashes):
        what = "its hash is missing" if len(rows) > len(hashes) else "the entry is missing, its hash is there"
        return Break(number=number + 1, what=what)
    return None


def _difference(rows: Sequence[bytes], hashes: Sequence[bytes], at: int, number: int, previous: bytes) -> str:
    """What is wrong with the row at place `at`, told with the help of the one after it."""
    row, stored = rows[at], hashes[at]
    found = _NUMBERED(row)
    if not is_canonical(row) or found is None:
        return "the entry is not in canonical form"
    if int(found[1]) != number:
        return f"an entry numbered {int(found[1])} stands in its place"
    if stored == previous:
        return "an entry was put in here: the chain goes on without it"
    if at + 1 < min(len(rows), len(hashes)):
        after = rows[at + 1]
        if chain_hash(chain_hash(previous, row), after) == hashes[at + 1]:
            return "its stored hash was changed, the entry is as it was chained"
        if chain_hash(stored, after) == hashes[at + 1]:
            return "the entry was changed after it was chained"
        return "the entry and what follows it are not what was chained"
    return "the entry or its stored hash was changed"


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Entry)
_IS_WORD: Final = re.compile(_WORD).fullmatch
_IS_ID: Final = re.compile(_ID).fullmatch
_NUMBERED: Final = re.compile(rf"\[({_NUMBER}),".encode()).match
_CANONICAL: Final = re.compile(
    rf'\[{_NUMBER},{_NUMBER},"{_WORD}","{_ID}","{_ID}","{_WORD}",{_NUMBER},"{_ID}","{_ID}"\]'.encode()
).fullmatch
