"""The Merkle tree: the reference's vectors, and the laws of its proofs at every size."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.ledger import (
    EMPTY_ROOT,
    Edge,
    Tree,
    leaf_hash,
    leaf_hashes,
    node_hash,
    node_over,
    verify_consistency,
    verify_inclusion,
    whole_parts,
)

# The vectors of the certificate-transparency reference: transparency-dev/merkle, proof/verify_test.go
# (the same as in google/certificate-transparency, merkletree tests).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A, B = ROOTS[1], "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
CD = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
EFGH = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
E = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
GH = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
EF = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
G = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
ABCD, AB = ROOTS[4], ROOTS[2]

sizes = st.integers(1, 130)


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def by_the_text(rows: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it, recursively: a second implementation."""
    if not rows:
        return hashlib.sha256(b"").digest()
    if len(rows) == 1:
        return hashlib.sha256(b"\x00" + rows[0]).digest()
    split = 1
    while split * 2 < len(rows):
        split *= 2
    return hashlib.sha256(b"\x01" + by_the_text(rows[:split]) + by_the_text(rows[split:])).digest()


def flipped(word: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(word))


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_reference_roots(size: int, root: str) -> None:
    tree = Tree(leaf_hashes(LEAVES))
    assert tree.root(size).hex() == root
    grown = Edge()
    for entry in LEAVES[:size]:
        grown.append(leaf_hash(entry))
    assert grown.root().hex() == root


@pytest.mark.parametrize(("index", "size", "path"), [
    pytest.param(0, 1, [], id="1-of-1"),
    pytest.param(0, 8, [B, CD, EFGH], id="1-of-8"),
    pytest.param(5, 8, [E, GH, ABCD], id="6-of-8"),
    pytest.param(2, 3, [AB], id="3-of-3"),
    pytest.param(1, 5, [A, CD, E], id="2-of-5"),
])  # fmt: skip
def test_reference_audit_paths(index: int, size: int, path: list[str]) -> None:
    tree = Tree(leaf_hashes(LEAVES))
    assert [word.hex() for word in tree.inclusion(index, size)] == path
    words = [bytes.fromhex(word) for word in path]
    assert verify_inclusion(leaf_hash(LEAVES[index]), index, size=size, path=words, root=bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), [
    pytest.param(1, 1, [], id="1-to-1"),
    pytest.param(1, 8, [B, CD, EFGH], id="1-to-8"),
    pytest.param(6, 8, [EF, GH, ABCD], id="6-to-8"),
    pytest.param(2, 5, [CD, E], id="2-to-5"),
    pytest.param(6, 7, [EF, G, ABCD], id="6-to-7"),
])  # fmt: skip
def test_reference_consistency_proofs(old: int, new: int, path: list[str]) -> None:
    tree = Tree(leaf_hashes(LEAVES))
    assert [word.hex() for word in tree.consistency(old, new)] == path
    words = [bytes.fromhex(word) for word in path]
    roots = {"old_root": bytes.fromhex(ROOTS[old]), "new_root": bytes.fromhex(ROOTS[new])}
    assert verify_consistency(old, new, path=words, **roots)


OTHER = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")


@pytest.mark.parametrize("change", [
    pytest.param({"index": 4}, id="index-less-one"),
    pytest.param({"index": 6}, id="index-plus-one"),
    pytest.param({"index": 5 ^ 2}, id="index-xor-two"),
    pytest.param({"size": 16}, id="size-doubled"),
    pytest.param({"size": 4}, id="size-halved"),
    pytest.param({"leaf": b"WrongLeaf"}, id="wrong-leaf"),
    pytest.param({"root": EMPTY_ROOT}, id="empty-root"),
    pytest.param({"root": OTHER}, id="other-root"),
    pytest.param({"after": [b""]}, id="garbage-behind"),
    pytest.param({"after": [bytes.fromhex(ROOTS[8])]}, id="root-behind"),
    pytest.param({"before": [b""]}, id="garbage-before"),
    pytest.param({"before": [bytes.fromhex(ROOTS[8])]}, id="root-before"),
    pytest.param({"drop": 1}, id="one-removed"),
])  # fmt: skip
def test_reference_wrong_audit_paths(change: dict) -> None:
    path = Tree(leaf_hashes(LEAVES)).inclusion(5, 8)
    path = [*change.get("before", []), *path[: len(path) - change.get("drop", 0)], *change.get("after", [])]
    root, leaf = change.get("root", bytes.fromhex(ROOTS[8])), change.get("leaf", leaf_hash(LEAVES[5]))
    assert not verify_inclusion(leaf, change.get("index", 5), size=change.get("size", 8), path=path, root=root)


@pytest.mark.parametrize(("old", "new", "path", "old_root", "new_root", "holds"), [
    pytest.param(0, 0, [], EMPTY_ROOT, EMPTY_ROOT, True, id="nothing-to-nothing"),
    pytest.param(0, 1, [], EMPTY_ROOT, OTHER, True, id="anything-begins-with-nothing"),
    pytest.param(1, 1, [], OTHER, OTHER, True, id="the-same"),
    pytest.param(0, 0, [], OTHER, EMPTY_ROOT, False, id="nothing-has-one-root"),
    pytest.param(1, 1, [], EMPTY_ROOT, OTHER, False, id="one-size-two-roots"),
    pytest.param(1, 0, [], OTHER, EMPTY_ROOT, False, id="back-in-time"),
    pytest.param(2, 1, [], OTHER, OTHER, False, id="back-in-time-by-one"),
    pytest.param(1, 2, [], OTHER, OTHER, False, id="no-proof"),
    pytest.param(0, 1, [EMPTY_ROOT], EMPTY_ROOT, OTHER, False, id="proof-too-long-from-nothing"),
    pytest.param(1, 1, [EMPTY_ROOT], OTHER, OTHER, False, id="proof-too-long-of-the-same"),
])  # fmt: skip
def test_reference_edges_of_consistency(
    old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes, holds: bool
) -> None:
    assert verify_consistency(old, new, path=path, old_root=old_root, new_root=new_root) is holds


@given(st.integers(0, 130))
def test_root_as_the_text_of_the_standard_has_it(size: int) -> None:
    rows = entries(size)
    assert Tree(leaf_hashes(rows)).root() == by_the_text(rows)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_batches_equal_single_appends(batches: list[int]) -> None:
    leaves = leaf_hashes(entries(sum(batches)))
    tree, edge, single, at = Tree(), Edge(), Edge(), 0
    for batch in batches:
        tree.extend(leaves[at : at + batch])
        edge.extend(leaves[at : at + batch])
        at += batch
    for leaf in leaves:
        single.append(leaf)
    assert tree.size == edge.size == single.size == len(leaves)
    assert tree.root() == edge.root() == single.root()
    assert tree.edge().hashes == edge.hashes == single.hashes
    assert len(edge.hashes) == len(leaves).bit_count()


@given(sizes, sizes)
def test_an_edge_goes_on_where_it_was_cut(first: int, more: int) -> None:
    tree = Tree(leaf_hashes(entries(first + more)))
    edge = tree.edge(first)
    grown = edge.copy()
    grown.extend(leaf_hashes(entries(first + more)[first:]))
    assert (edge.size, edge.root()) == (first, tree.root(first))
    assert grown.root() == tree.root()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 4))
def test_growing_gives_each_whole_subtree_once(batches: list[int], level: int) -> None:
    leaves, edge, made = leaf_hashes(entries(sum(batches))), Edge(), []
    for count in batches:
        made += edge.grow(leaves[edge.size : edge.size + count], level=level)
    tree = Tree(leaves)
    assert all(tree.node(high, place) == one == node_over(leaves[place << high : place + 1 << high])
               for high, place, one in made)  # fmt: skip
    whole = [(high, place) for high in range(level, 9) for place in range(tree.size >> high)]
    assert sorted((high, place) for high, place, _ in made) == whole
    parts = [tree.node(high, place) for high, place in whole_parts(tree.size)]
    assert Edge(tree.size, parts).root() == edge.root() == tree.root()


def test_every_leaf_of_every_size_is_proved_and_no_other_place() -> None:
    leaves = leaf_hashes(entries(34))
    tree = Tree(leaves)
    for size in range(1, 35):
        root = tree.root(size)
        for index in range(size):
            path = tree.inclusion(index, size)
            fitting = [at for at in range(size) if verify_inclusion(leaves[index], at, size=size, path=path, root=root)]
            assert fitting == [index]


def test_every_older_size_is_proved_and_no_other() -> None:
    tree = Tree(leaf_hashes(entries(34)))
    roots = [tree.root(size) for size in range(35)]
    for new in range(1, 35):
        for old in range(1, new):
            path = tree.consistency(old, new)
            fits = [at for at in range(1, new) if verify_consistency(
                at, new, path=path, old_root=roots[old], new_root=roots[new])]  # fmt: skip
            assert fits == [old]
            assert not verify_consistency(old, new, path=path, old_root=roots[old - 1], new_root=roots[new])


@given(sizes, st.data())
def test_a_flipped_bit_breaks_an_audit_path(size: int, data: st.DataObject) -> None:
    leaves = leaf_hashes(entries(size))
    tree, index = Tree(leaves), data.draw(st.integers(0, size - 1))
    words = [leaves[index], tree.root(), *tree.inclusion(index)]
    assert verify_inclusion(words[0], index, size=size, path=words[2:], root=words[1])
    hit = data.draw(st.integers(0, len(words) - 1))
    words[hit] = flipped(words[hit], data.draw(st.integers(0, 255)))
    assert not verify_inclusion(words[0], index, size=size, path=words[2:], root=words[1])


@given(st.integers(2, 130), st.data())
def test_a_flipped_bit_breaks_a_consistency_proof(new: int, data: st.DataObject) -> None:
    tree, old = Tree(leaf_hashes(entries(new))), data.draw(st.integers(1, new - 1))
    words = [tree.root(old), tree.root(new), *tree.consistency(old)]
    assert verify_consistency(old, new, path=words[2:], old_root=words[0], new_root=words[1])
    hit = data.draw(st.integers(0, len(words) - 1))
    words[hit] = flipped(words[hit], data.draw(st.integers(0, 255)))
    assert not verify_consistency(old, new, path=words[2:], old_root=words[0], new_root=words[1])


def test_bytes_moved_between_neighbours_are_seen() -> None:
    leaves = leaf_hashes(entries(2))
    root = node_hash(*leaves)
    assert verify_inclusion(leaves[0], 0, size=2, path=[leaves[1]], root=root)
    short, long = leaves[0][:31], leaves[0][31:] + leaves[1]
    assert node_hash(short, long) == root
    assert not verify_inclusion(short, 0, size=2, path=[long], root=root)


@pytest.mark.parametrize("ask", [
    pytest.param(lambda tree: tree.root(6), id="root-of-the-future"),
    pytest.param(lambda tree: tree.inclusion(5), id="no-such-entry"),
    pytest.param(lambda tree: tree.inclusion(-1), id="before-the-first"),
    pytest.param(lambda tree: tree.consistency(3, 2), id="back-in-time"),
    pytest.param(lambda tree: tree.append(b"the entry itself"), id="not-a-hash"),
    pytest.param(lambda tree: Edge(5, tree.edge(4).hashes), id="edge-of-another-size"),
])  # fmt: skip
def test_a_question_without_an_answer_is_refused(ask) -> None:
    with pytest.raises(DataError):
        ask(Tree(leaf_hashes(entries(5))))
