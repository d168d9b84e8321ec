"""A small ledger with fixed keys and ids, so that every run signs the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guanxi.ledger import (
    GENESIS,
    Entry,
    Head,
    SignedHead,
    Tree,
    chain_hashes,
    entry_bytes,
    leaf_hashes,
    opaque_id,
    sign_head,
)

SECRET = b"sixteen bytes or"
LEDGER = "00112233445566778899aabbccddeeff"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
T0 = 1_790_000_000_000


@dataclass(frozen=True)
class Book:
    """A ledger in memory: its entries, chain and tree."""

    entries: Sequence[Entry]
    rows: Sequence[bytes]
    chain: Sequence[bytes]
    tree: Tree

    def chained(self, size: int) -> bytes:
        """Hash of the chain after `size` entries."""
        return self.chain[size - 1] if size else GENESIS

    def head(self, size: int, **fields: object) -> SignedHead:
        """Signed head of the first `size` entries."""
        words = {"ledger": LEDGER, "size": size, "root": self.tree.root(size).hex(), "chain": self.chained(size).hex()}
        return sign_head(Head(**{**words, "at_ms": T0 + 1000 * size, **fields}), KEY)


def make_book(count: int) -> Book:
    entries = [
        Entry(number, T0 + number, "settle", *(opaque_id(SECRET, f"{side} {number}") for side in ("giver", "taker")),
              "points", 100 + number, opaque_id(SECRET, f"transfer {number}"), opaque_id(SECRET, f"key {number}"))
        for number in range(count)
    ]  # fmt: skip
    rows = [entry_bytes(entry) for entry in entries]
    return Book(entries, rows, chain_hashes(rows), Tree(leaf_hashes(rows)))


@pytest.fixture(scope="session")
def book() -> Book:
    return make_book(20)
