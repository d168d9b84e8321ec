"""A fair draw: the operator commits to a secret, the list is closed, the secret is revealed, anyone counts again.

Who knows the secret before the list is closed could try tickets until the wanted one wins; so a draw of any worth
also mixes in a public salt that nobody knew when the list was closed.
source   commit and reveal: M. Blum, "Coin flipping by telephone", CRYPTO 1981; HMAC: RFC 2104;
         sampling one after the other without replacement: Yates and Grundy, JRSS B 15, 1953
"""

import hmac
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guanxi.core import DataError
from guanxi.ledger.chain import LARGEST, Entry
from guanxi.ledger.heads import SignedHead, verify_head
from guanxi.ledger.merkle import Edge, leaf_hashes

SEED_BYTES: Final = 32
DRAW_NOTES: Final = ("draw_commit", "draw_close", "draw_reveal")  # entries of amount 0 that publish a draw's steps


class Rules(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is fixed before the first ticket is counted.

    draw         opaque id of the draw, 32 lower-case hex digits
    winners      tickets to draw, at least 1
    closes_ms    when the list is closed, milliseconds since 1970 in UTC
    reveal_ms    when the seed is told at the latest; a draw not revealed by then is void
    salt_from    where the public salt comes from: "head:LEDGER:INSTANT_MS" = root of that ledger's first head from
                 then on; else a text, e.g. a state lottery and the number of its round; "" = no salt, and then the
                 operator, who knows the seed, must be trusted not to add tickets
    raises       DataError when a field has another form
    """

    draw: str
    winners: int
    closes_ms: int
    reveal_ms: int
    salt_from: str

    def __post_init__(self) -> None:
        if not _IS_ID(self.draw):
            raise DataError("the draw's id is not 32 lower-case hex digits", "Give a fresh random id")
        if not 1 <= self.winners <= LARGEST:
            raise DataError(f"winners is {self.winners}", "Draw at least one")
        if not 0 <= self.closes_ms <= self.reveal_ms <= LARGEST:
            raise DataError("the draw is revealed before its list is closed", "Give closes_ms <= reveal_ms")
        if len(self.salt_from) > 200 or not self.salt_from.isprintable():
            raise DataError("salt_from is not one printable line of at most 200 letters", "Name the public source")
        source = _HEAD_SOURCE(self.salt_from)
        if self.salt_from.startswith("head:") and not source:
            raise DataError('salt_from is not "head:LEDGER:INSTANT_MS"', "Give the ledger's id and an instant in ms")
        if source and not self.closes_ms <= int(source[2]) <= self.reveal_ms:
            raise DataError("the salt's head does not lie between closing and reveal", "Give an instant between them")


class Ticket(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A place in the draw: opaque id (32 lower-case hex digits), weight (how many lots it counts for, at least 1)."""

    id: str
    weight: int = 1

    def __post_init__(self) -> None:
        if not _IS_ID(self.id):
            raise DataError("a ticket's id is not 32 lower-case hex digits", "Give opaque_id(secret, name)")
        if not 1 <= self.weight <= LARGEST:
            raise DataError(f"a ticket weighs {self.weight}", "Give a whole number from 1 to 10**18 - 1")


class DrawRecord(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="guanxi-draw-1"):
    """All that is published of a draw beside its list of tickets.

    rules       as they were committed to
    commitment  64 hex digits, published first
    tickets     root of the list, 64 hex digits, published when it is closed
    count       tickets in the list
    salt        value of the public source; "" when the rules name none
    seed        64 hex digits, revealed last
    winners     ticket ids in the order in which they were drawn
    """

    rules: Rules
    commitment: str
    tickets: str
    count: int
    salt: str
    seed: str
    winners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawVerdict:
    """What a published draw proves: the fault in words, "" when it is fair."""

    fault: str

    @property
    def is_fair(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault


def commitment(seed: bytes, rules: Rules) -> str:
    """Hash that binds the operator to a seed and the rules, 64 hex digits; it tells nothing of the seed.

    seed     32 bytes from a secure source, kept secret until the reveal, never used twice
    """
    if len(seed) != SEED_BYTES:
        raise DataError(f"the seed has {len(seed)} bytes", f"Give {SEED_BYTES} random bytes")
    return sha256(_COMMIT_LABEL + _ENCODER.encode([seed.hex(), rules])).hexdigest()


def tickets_root(tickets: Iterable[Ticket]) -> str:
    """Hash that fixes the list: root of the Merkle tree over its tickets sorted by id, 64 hex digits.

    A holder can be shown that the ticket is in the list by an inclusion proof, without the list.
    raises   DataError when a ticket stands twice
    """
    return _root(_sorted(tickets))


def draw(seed: bytes, rules: Rules, *, tickets: Iterable[Ticket], salt: str = "") -> DrawRecord:
    """Draw the winners and make the record to publish.

    tickets  the closed list, in any order
    salt     value of the public source that the rules name, one printable line
    raises   DataError when there are fewer tickets than winners, a ticket stands twice, or the salt is missing
    """
    bound, listed = commitment(seed, rules), _sorted(tickets)
    if fault := _salt_fault(rules, salt):
        raise DataError(fault, "Give the value that the source published after the list was closed")
    if len(listed) < rules.winners:
        raise DataError(f"{len(listed)} tickets are too few for {rules.winners} winners", "Draw fewer")
    root = _root(listed)
    places = _sample(seed, _context(bound, root, salt), [ticket.weight for ticket in listed], rules.winners)
    winners = tuple(listed[place].id for place in places)
    return DrawRecord(rules, bound, root, len(listed), salt, seed.hex(), winners)


def verify_draw(
    record: DrawRecord,
    tickets: Iterable[Ticket],
    *,
    notes: Iterable[Entry],
    heads: Iterable[SignedHead] = (),
    public_key: Ed25519PublicKey | None = None,
) -> DrawVerdict:
    """Check a draw from what is public.

    tickets      the whole list
    notes        every entry whose transfer is the draw's id, from an export of the ledger that was verified
    heads        of that ledger, when the rules take the salt from its heads
    public_key   that signs those heads
    """
    try:
        fault = _draw_fault(record, tickets)
    except DataError as error:
        fault = error.what
    return DrawVerdict(fault=fault or _order_fault(record, list(notes), heads=list(heads), public_key=public_key))


def unbiased(blocks: Iterator[int], total: int) -> int:
    """A number from 0 to `total` - 1, each as likely as another.

    blocks   numbers from 0 to 2**256 - 1, each as likely as another; those at or above the largest multiple of
             `total` are passed over, else low numbers would be likelier
    total    1 to 2**256
    """
    limit = _SPAN - _SPAN % total
    return next(block for block in blocks if block < limit) % total


_COMMIT_LABEL: Final = b"guanxi-draw-commit-1\n"
_SAMPLE_LABEL: Final = b"guanxi-draw-sample-1\n"
_SPAN: Final = 1 << 256  # values of one block of the stream
_ENCODER: Final = msgspec.json.Encoder()
_IS_ID: Final = re.compile(r"[0-9a-f]{32}").fullmatch
_IS_SEED: Final = re.compile(r"[0-9a-f]{64}").fullmatch
_HEAD_SOURCE: Final = re.compile(r"head:([0-9a-f]{32}):(0|[1-9][0-9]{0,17})").fullmatch


def _sorted(tickets: Iterable[Ticket]) -> list[Ticket]:
    listed = sorted(tickets, key=lambda ticket: ticket.id)
    if any(one.id == after.id for one, after in itertools.pairwise(listed)):
        raise DataError("a ticket stands twice in the list", "Add up its weights in one ticket")
    return listed


def _root(listed: Sequence[Ticket]) -> str:
    edge = Edge()
    edge.extend(leaf_hashes(map(_ENCODER.encode, listed)))
    return edge.root().hex()


def _context(bound: str, root: str, salt: str) -> bytes:
    """What each block of the stream depends on beside the seed and its counter."""
    return _SAMPLE_LABEL + _ENCODER.encode([bound, root, salt]) + b"\n"


def _sample(seed: bytes, context: bytes, weights: Sequence[int], count: int) -> list[int]:
    """Places drawn one after the other: each time with a chance in proportion to its weight among those left.

    Block i of the stream is HMAC-SHA256(seed, context || i as 8 bytes, most significant first), read as a number.
    """
    drawn: list[int] = []
    total, sums = sum(weights), _prefix_sums(weights)
    blocks = (
        int.from_bytes(hmac.digest(seed, context + at.to_bytes(8, "big"), "sha256"), "big") for at in itertools.count()
    )
    while len(drawn) < count:
        place = _find(sums, unbiased(blocks, total))
        drawn.append(place)
        total -= weights[place]
        _add(sums, place, -weights[place])
    return drawn


def _prefix_sums(weights: Sequence[int]) -> list[int]:
    """Fenwick tree over the weights. Source: P. Fenwick, Software: Practice and Experience 24, 1994."""
    sums = [0, *weights]
    for at in range(1, len(sums)):
        above = at + (at & -at)
        if above < len(sums):
            sums[above] += sums[at]
    return sums


def _find(sums: Sequence[int], lot: int) -> int:
    """Place whose lots hold `lot`, counted from 0 through the weights that are left."""
    at, step = 0, 1 << (len(sums) - 1).bit_length()
    while step:
        if at + step < len(sums) and sums[at + step] <= lot:
            at += step
            lot -= sums[at]
        step >>= 1
    return at


def _add(sums: list[int], place: int, weight: int) -> None:
    at = place + 1
    while at < len(sums):
        sums[at] += weight
        at += at & -at


def _salt_fault(rules: Rules, salt: str) -> str:
    if bool(salt) != bool(rules.salt_from):
        return "the rules name a public salt and none is given" if rules.salt_from else "the rules name no public salt"
    return (
        "" if len(salt) <= 200 and salt.isprintable() else "the salt is not one printable line of at most 200 letters"
    )


def _draw_fault(record: DrawRecord, tickets: Iterable[Ticket]) -> str:
    """Whether the seed, the rules and the list are those committed to, and give these winners."""
    if not _IS_SEED(record.seed):
        return "the seed is not 64 lower-case hex digits"
    seed, listed = bytes.fromhex(record.seed), _sorted(tickets)
    if commitment(seed, record.rules) != record.commitment:
        return "the seed and the rules are not those of the commitment"
    if (_root(listed), len(listed)) != (record.tickets, record.count):
        return "the list of tickets is not the one that was closed"
    made = draw(seed, record.rules, tickets=listed, salt=record.salt).winners
    if made != record.winners:
        at = next((at for at, pair in enumerate(zip(made, record.winners, strict=False)) if pair[0] != pair[1]), None)
        return f"{len(made)} win, not {len(record.winners)}" if at is None else f"winner {at + 1} is another ticket"
    return ""


def _order_fault(
    record: DrawRecord, notes: Sequence[Entry], *, heads: Sequence[SignedHead], public_key: Ed25519PublicKey | None
) -> str:
    """Whether the ledger shows one commitment, then one list, then the salt, then the seed in time."""
    rules, steps = record.rules, []
    for kind, key in zip(DRAW_NOTES, (record.commitment, record.tickets, record.seed), strict=True):
        found = [note for note in notes if note.kind == kind and note.transfer == rules.draw]
        # Two commitments would let the operator reveal the one that suits.
        if len(found) != 1 or found[0].key != key:
            return f"the ledger holds {len(found)} {kind} entries of this draw, and needs one that fixes this value"
        steps += found
    bound, closed, told = steps
    if not bound.number < closed.number < told.number or bound.at_ms > rules.closes_ms:
        return "the commitment, the list of tickets and the seed were not published in this order"
    if told.at_ms > rules.reveal_ms:
        return "the seed was told too late: the draw is void"
    return _head_fault(record, closed, told, heads=heads, public_key=public_key)


def _head_fault(
    record: DrawRecord,
    closed: Entry,
    told: Entry,
    *,
    heads: Sequence[SignedHead],
    public_key: Ed25519PublicKey | None,
) -> str:
    """Whether the salt is the root of the head that the rules name; "" when they name another source."""
    source = _HEAD_SOURCE(record.rules.salt_from)
    if not source:
        return ""
    later = [one for one in heads if one.head.ledger == source[1] and one.head.at_ms >= int(source[2])]
    if not later or public_key is None:
        return "the head that gives the salt is missing"
    first = min(later, key=lambda one: (one.head.at_ms, one.head.size))
    if not verify_head(first, public_key):
        return "the signature of the head that gives the salt is not of this key"
    if first.head.root != record.salt:
        return "the salt is not the root of the first head at or after the instant in the rules"
    if not closed.number < first.head.size <= told.number:
        return "the salt's head does not lie between the list of tickets and the seed"
    return ""
