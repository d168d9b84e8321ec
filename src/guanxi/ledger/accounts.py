"""Accounts with their limits, and what is asked of them: transfers, reservations, and how those end.

These are values only; `guanxi.ledger.Book` says what each of them does. Amounts are whole units, instants
milliseconds since 1970 in UTC, ids opaque (`opaque_id`).
"""

import re
from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec

from guanxi.core import DataError, Refused
from guanxi.ledger.chain import LARGEST

ISSUER: Final = "issuer"  # the kind of account from which dated amounts come, and to which they go back
HOLD_KINDS: Final = frozenset({"reserve", "settle", "release", "lapse"})  # kinds of entries that touch what is held
LIMIT: Final = "limit"  # kind of the entries that open an account or change its limits
NO_CAP: Final = "f" * 32  # stands in such an entry where the cap would
OWN_KINDS: Final = HOLD_KINDS | {"expire", LIMIT}  # kinds of entries that only the ledger itself writes
MOST_MOVES: Final = 1_000  # in one request


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Where amounts of one unit lie.

    id      opaque id, 32 or 64 lower-case hex digits
    unit    lower-case word: fen, points, coupons, contacts, minutes, ...
    kind    lower-case word: member, budget, quota, ...; `ISSUER` has no cap, since what expires must find room
    floor   least that may be left after something was taken: 0 = never overdrawn, -500 = an overdraft of 500
    cap     most that may lie inside, with what is reserved to come; None = no cap
    raises  DataError when a field has another form
    """

    id: str
    unit: str
    kind: str = "member"
    floor: int = 0
    cap: int | None = None

    def __post_init__(self) -> None:
        check_id(self.id, "the account")
        check_word(self.unit, "the unit")
        check_word(self.kind, "the kind")
        if type(self.floor) is not int or not -LARGEST <= self.floor <= 0:
            raise DataError(f"the floor is {self.floor}, outside -(10**18 - 1) to 0", "Give a whole number", "floor")
        if self.cap is not None and (type(self.cap) is not int or not 0 <= self.cap <= LARGEST):
            raise DataError(f"the cap is {self.cap}, outside 0 to 10**18 - 1", "Give a whole number", "cap")
        if self.kind == ISSUER and self.cap is not None:
            raise DataError(f"an issuer has a cap of {self.cap}", "Leave the cap out: what expires goes back", "cap")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds now.

    balance    all that lies inside
    held       part of the balance that is reserved to leave
    coming     what others have reserved to enter
    """

    account: Account
    balance: int
    held: int
    coming: int

    @property
    def available(self) -> int:
        """What can be moved or reserved, down to the floor."""
        return self.balance - self.held - self.account.floor

    @property
    def room(self) -> int:
        """What can still enter, up to the cap."""
        return (LARGEST if self.account.cap is None else self.account.cap) - self.balance - self.coming


class Move(msgspec.Struct, frozen=True):
    """An amount that leaves one account and enters another.

    giver, taker   two accounts of this unit
    amount         1 to 10**18 - 1
    expires_ms     what was not used by this instant goes back to the giver, an issuer; None = never
    raises         DataError when a field has another form
    """

    giver: str
    taker: str
    unit: str
    amount: int
    expires_ms: int | None = None

    def __post_init__(self) -> None:
        if type(self.amount) is not int or not 0 < self.amount <= LARGEST:
            raise DataError(f"the amount is {self.amount}, outside 1 to 10**18 - 1", "Give a whole number", "amount")
        if self.giver == self.taker:
            raise DataError("giver and taker are the same account", "Name two accounts", "taker")
        if self.expires_ms is not None:
            check_instant(self.expires_ms, "expires_ms")


class Transfer(msgspec.Struct, frozen=True, tag="transfer"):
    """Movements, in order, that succeed or fail together.

    key     idempotency key, an opaque id; also the id of the transfer
    moves   at least one; units may differ
    kind    what it is for: grant, spend, ...; not one of `OWN_KINDS`
    """

    key: str
    moves: tuple[Move, ...]
    kind: str = "transfer"

    def __post_init__(self) -> None:
        check_id(self.key, "the key")
        _check_moves(self.moves)
        check_word(self.kind, "the kind")
        if self.kind in OWN_KINDS:
            raise DataError(f"the kind {self.kind} is the ledger's own", "Use another word: grant, spend", "kind")


class Reserve(msgspec.Struct, frozen=True, tag="reserve"):
    """Set amounts aside for movements that may follow: all of them or none.

    key        idempotency key, an opaque id; also the id of the hold
    moves      what may follow; what is settled of one with expires_ms is dated, and goes back when its date has passed
    until_ms   at this instant the hold lapses
    """

    key: str
    moves: tuple[Move, ...]
    until_ms: int

    def __post_init__(self) -> None:
        check_id(self.key, "the key")
        _check_moves(self.moves)
        check_instant(self.until_ms, "until_ms")


class Settle(msgspec.Struct, frozen=True, tag="settle"):
    """End a hold: move what was used, give back the rest.

    hold      key of the reservation
    amounts   used of each of its movements, in order, 0 to what is held, not all 0; None = all of it
    """

    key: str
    hold: str
    amounts: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_id(self.key, "the key")
        check_id(self.hold, "the hold")
        if self.amounts is not None and (not any(self.amounts) or any(type(one) is not int for one in self.amounts)):
            raise DataError("a settlement uses nothing", "Give what was used, or release the hold", "amounts")


class Release(msgspec.Struct, frozen=True, tag="release"):
    """End a hold: give all of it back."""

    key: str
    hold: str

    def __post_init__(self) -> None:
        check_id(self.key, "the key")
        check_id(self.hold, "the hold")


Request: TypeAlias = Transfer | Reserve | Settle | Release


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a request did; the same request again gives the same receipt.

    key       of the request
    first     number of its first entry
    entries   how many it wrote, one after another
    at_ms     when
    """

    key: str
    first: int
    entries: int
    at_ms: int


class OverLimit(Refused):
    """A limit does not admit a movement; `field` is the account whose limit it is."""


class KeyUsed(Refused):
    """The idempotency key belongs to another request."""


class HoldEnded(Refused):
    """The hold was settled, was released or has lapsed."""


def limit_words(floor: int, cap: int | None) -> tuple[str, str]:
    """Return limits as the two words of an entry of kind `LIMIT`: how deep below zero, and the cap, in 32 digits."""
    return f"{-floor:032d}", NO_CAP if cap is None else f"{cap:032d}"


def read_limits(transfer: str, key: str) -> tuple[int, int | None]:
    """Return floor and cap from the two words of an entry of kind `LIMIT`.

    raises   DataError when they are not those that `limit_words` gives
    """
    if transfer.isdigit() and (key == NO_CAP or key.isdigit()):
        floor, cap = -int(transfer), None if key == NO_CAP else int(key)
        if limit_words(floor, cap) == (transfer, key) and max(-floor, cap or 0) <= LARGEST:
            return floor, cap
    raise DataError("the words of a limit are not numbers of 32 digits", "Read docs/ledger-proofs.md, Entries")


def content_hash(request: Request) -> bytes:
    """16 bytes that tell two requests apart; the key is part of them."""
    return blake2b(_ENCODER.encode(request), digest_size=16).digest()


def check_id(value: str, what: str) -> None:
    """Raise DataError when this is not an opaque id; the text is not told, since it may be a name."""
    if not _IS_ID(value):
        raise DataError(
            f"{what} is not an opaque id of 32 or 64 lower-case hex digits",
            "Give opaque_id(secret, name), never a name or a number that a person has",
        )


def check_word(value: str, what: str) -> None:
    """Raise DataError when this is not a lower-case word of at most 32 letters."""
    if not _IS_WORD(value):
        raise DataError(f"{what} is not a lower-case word of at most 32 letters", "Write points, or grant")


def check_instant(value: int, what: str) -> None:
    """Raise DataError when this is not an instant in milliseconds."""
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise DataError(f"{what} is {value}, outside 0 to 10**18 - 1", "Give milliseconds since 1970 in UTC", what)


def _check_moves(moves: tuple[Move, ...]) -> None:
    if not 0 < len(moves) <= MOST_MOVES:
        raise DataError(f"a request has {len(moves)} movements", f"Give 1 to {MOST_MOVES}", "moves")


_ENCODER: Final = msgspec.json.Encoder()
_IS_ID: Final = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{32})?").fullmatch
_IS_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch
