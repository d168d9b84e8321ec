"""The ledger's proofs: a hash chain, a Merkle tree, signed heads, and draws that anyone can verify."""

from guanxi.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Edge,
    Node,
    Tree,
    consistency_path,
    inclusion_path,
    leaf_hash,
    leaf_hashes,
    node_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Edge",
    "Node",
    "Tree",
    "consistency_path",
    "inclusion_path",
    "leaf_hash",
    "leaf_hashes",
    "node_hash",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]
