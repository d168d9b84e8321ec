"""A portable export of the ledger, which an outsider checks with the public key and nothing else.

JSON lines, each an array without blanks that ends with one line feed: a start, entries, signed heads, proofs, an end.
The form is strict, so every byte counts: what would be read the same but is written otherwise is a fault.
docs/ledger-proofs.md describes it for whoever writes a verifier of their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guanxi.core import DataError
from guanxi.ledger.chain import GENESIS, Entry, chain_hash, entry_bytes, is_canonical
from guanxi.ledger.heads import SignedHead, verify_head
from guanxi.ledger.merkle import (
    HASH_BYTES,
    Edge,
    Node,
    consistency_path,
    inclusion_path,
    leaf_hash,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
)


class Start(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="guanxi-ledger-1"):
    """First line: which ledger, and its state before the first entry of the export.

    ledger   id of the ledger
    first    number of the first entry, 0 = the export holds the ledger from its beginning
    chain    hash of the chain before that entry, hex; zeros when `first` is 0
    edge     right edge of the tree of `first` leaves, hex, largest subtree first
    """

    ledger: str
    first: int
    chain: str
    edge: tuple[str, ...]


class Inclusion(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="inclusion"):
    """Proof that an entry stands in the tree of `size` entries: siblings from the leaf up, hex."""

    size: int
    entry: Entry
    path: tuple[str, ...]


class Consistency(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="consistency"):
    """Proof that the tree of `new` entries begins with the tree of `old` entries, hex."""

    old: int
    new: int
    path: tuple[str, ...]


class End(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="end"):
    """Last line: how many entries, heads and proofs stand before it."""

    entries: int
    heads: int
    proofs: int


Proof: TypeAlias = Inclusion | Consistency


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with an export, and in which line (1 = the first)."""

    line: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportVerdict:
    """What an export proves.

    entries   that were read and found sound
    heads     whose signature was found right, and root and chain too where the entries reach them
    proofs    of inclusion and consistency that hold
    last      the newest head that the entries give; None before the first
    fault     the first fault; None = all is proved
    """

    entries: int
    heads: int
    proofs: int
    last: SignedHead | None
    fault: Fault | None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


def prove_inclusion(node: Node, entry: Entry, *, size: int) -> Inclusion:
    """Proof line for one entry of the ledger in its tree of `size` entries; `node` reads the stored subtrees."""
    return Inclusion(size, entry, tuple(word.hex() for word in inclusion_path(node, entry.number, size)))


def prove_consistency(node: Node, old: int, *, new: int) -> Consistency:
    """Proof line that the ledger of `new` entries begins with that of `old`; `node` reads the stored subtrees."""
    return Consistency(old, new, tuple(word.hex() for word in consistency_path(node, old, new)))


def export_lines(
    ledger: str,
    rows: Iterable[bytes],
    *,
    heads: Iterable[SignedHead],
    proofs: Iterable[Proof] = (),
    edge: Edge | None = None,
    chain: bytes = GENESIS,
) -> Iterator[bytes]:
    """The lines of an export, each with its line feed.

    rows     canonical bytes of the entries, from number `edge.size` on
    heads    signed heads; the last one's size is where the rows end; those smaller than `edge` need a proof each
    edge     right edge of the tree before the first row; None = from the beginning
    chain    hash of the chain before the first row
    raises   DataError when a head lies beyond the last row
    """
    edge = edge or Edge()
    yield _line(Start(ledger, edge.size, chain.hex(), tuple(word.hex() for word in edge.hashes)))
    waiting = sorted(heads, key=lambda one: (one.head.size, one.head.at_ms))
    written, count = 0, edge.size
    for row in rows:
        while written < len(waiting) and waiting[written].head.size <= count:
            yield _line(waiting[written])
            written += 1
        yield row + b"\n"
        count += 1
    for signed in waiting[written:]:
        if signed.head.size > count:
            raise DataError(f"a head has {signed.head.size} entries, the export ends at {count}", "Give all its rows")
        yield _line(signed)
    proved = 0
    for proof in proofs:
        yield _line(proof)
        proved += 1
    yield _line(End(count - edge.size, len(waiting), proved))


def verify_export(lines: Iterable[bytes], public_key: Ed25519PublicKey) -> ExportVerdict:
    """Check an export line by line, in memory that does not grow with its entries.

    lines        as a file opened in binary gives them, each with its line feed
    public_key   of the ledger, from a source other than the export
    """
    reader, fault = _Reader(public_key), None
    try:
        for line in lines:
            reader.read(line)
        reader.close()
    except _FaultError as found:
        fault = Fault(line=reader.line, what=found.args[0])
    return ExportVerdict(
        entries=reader.entries, heads=reader.heads, proofs=reader.proofs, last=reader.last, fault=fault
    )


class _FaultError(Exception):
    """A fault in the line at hand: what is wrong."""


class _Reader:
    """Takes the lines of an export in order and refuses the first that does not fit."""

    def __init__(self, public_key: Ed25519PublicKey) -> None:
        self.line = self.entries = self.heads = self.proofs = 0
        self.last: SignedHead | None = None  # of those that are tied to the entries
        self._public_key = public_key
        self._before = (0, 0)  # size and time of the head before
        self._ledger, self._first, self._chain, self._edge = "", 0, GENESIS, Edge()
        self._rows: list[bytes] = []  # entries that are chained but not in the edge yet
        self._roots: dict[int, bytes] = {}  # size -> root, of heads that are tied to the entries
        self._loose: dict[int, bytes] = {}  # the same, of older heads that wait for a proof
        self._has_begun = self._has_ended = False

    def read(self, line: bytes) -> None:
        """Take the next line."""
        self.line += 1
        _need(line.endswith(b"\n"), "the line does not end with a line feed")
        _need(not self._has_ended, "a line stands after the end")
        body = line[:-1]
        if self._has_begun and is_canonical(body):
            self._entry(body)
            return
        row = _parsed(body)
        _need(isinstance(row, Start) != self._has_begun, "an export has one start, and it is the first line")
        match row:
            case Start():
                self._start(row)
            case SignedHead():
                self._head(row)
            case Inclusion():
                self._inclusion(row)
            case Consistency():
                self._consistency(row)
            case End():
                self._end(row)

    def close(self) -> None:
        """No line follows."""
        self.line += 1
        _need(self._has_ended, "the export breaks off: it has no end line")

    def _start(self, row: Start) -> None:
        try:
            self._edge = Edge(row.first, [_word(word) for word in row.edge])
        except DataError as error:
            raise _FaultError(error.what) from error
        self._ledger, self._first, self._chain, self._has_begun = row.ledger, row.first, _word(row.chain), True
        _need(row.first > 0 or self._chain == GENESIS, "the chain does not start from zeros")

    def _entry(self, body: bytes) -> None:
        number = self._first + self.entries
        _need(body.startswith(b"[%d," % number), f"the entry that stands here is not number {number}")
        self._chain = chain_hash(self._chain, body)
        self._rows.append(body)
        self.entries += 1
        if len(self._rows) >= _BATCH:
            self._grow()

    def _grow(self) -> None:
        self._edge.extend(leaf_hashes(self._rows))
        self._rows.clear()

    def _head(self, row: SignedHead) -> None:
        head, (size, at_ms) = row.head, self._before
        _need(verify_head(row, self._public_key), "the head's signature is not of this key")
        _need(head.ledger == self._ledger, "the head is of another ledger")
        _need(size <= head.size and at_ms <= head.at_ms, "the head is older than the one before it")
        if head.size < self._first:
            _need(self._loose.get(head.size, _word(head.root)) == _word(head.root), "two heads of one size differ")
            self._loose[head.size] = _word(head.root)
        else:
            count = self._first + self.entries
            _need(head.size == count, f"the head is of {head.size} entries, and {count} stand before it")
            self._grow()
            _need(self._chain.hex() == head.chain, "the entries do not give the head's chain hash")
            _need(self._edge.root().hex() == head.root, "the entries do not give the head's root")
            self._roots[head.size], self.last = _word(head.root), row
        self.heads, self._before = self.heads + 1, (head.size, head.at_ms)

    def _inclusion(self, row: Inclusion) -> None:
        root = self._roots.get(row.size)
        _need(root is not None, f"no head of {row.size} entries stands before the proof")
        leaf, path = leaf_hash(entry_bytes(row.entry)), [_word(word) for word in row.path]
        _need(
            verify_inclusion(leaf, row.entry.number, size=row.size, path=path, root=root or b""),
            f"the proof does not hold for entry {row.entry.number}",
        )
        self.proofs += 1

    def _consistency(self, row: Consistency) -> None:
        old, new = self._roots.get(row.old, self._loose.get(row.old)), self._roots.get(row.new)
        _need(old is not None and new is not None, "the proof names a head that does not stand before it")
        path = [_word(word) for word in row.path]
        _need(
            verify_consistency(row.old, row.new, path=path, old_root=old or b"", new_root=new or b""),
            f"the ledger of {row.new} entries does not begin with that of {row.old}",
        )
        self._loose.pop(row.old, None)
        self.proofs += 1

    def _end(self, row: End) -> None:
        _need(
            (row.entries, row.heads, row.proofs) == (self.entries, self.heads, self.proofs),
            "the end counts other entries, heads or proofs than stand before it",
        )
        _need(not self._loose, f"no proof ties the older head of {min(self._loose, default=0)} entries to the ledger")
        count = self._first + self.entries
        _need(count in self._roots, f"no signed head covers the last of the {count} entries")
        self._has_ended = True


_BATCH: Final = 4096  # entries that wait to be hashed into the tree together
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Start | SignedHead | Inclusion | Consistency | End)


def _line(row: msgspec.Struct) -> bytes:
    return _ENCODER.encode(row) + b"\n"


def _parsed(body: bytes) -> Start | SignedHead | Inclusion | Consistency | End:
    """The line's row, refused unless it is written as we write it."""
    try:
        row: Start | SignedHead | Inclusion | Consistency | End = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _FaultError("the line is not one of the export's forms") from error
    _need(_ENCODER.encode(row) == body, "the line is not in canonical form")
    return row


def _word(text: str) -> bytes:
    """32 bytes from 64 lower-case hex digits."""
    try:
        word = bytes.fromhex(text)
    except ValueError:
        word = b""
    _need(len(word) == HASH_BYTES and word.hex() == text, "a hash is not 64 lower-case hex digits")
    return word


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise _FaultError(what)
