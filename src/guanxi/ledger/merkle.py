"""A Merkle tree over the ledger's entries, with proofs that need no tree to be checked.

The tree is the one of certificate transparency: a leaf is SHA-256(0x00 || entry), a node is
SHA-256(0x01 || left || right), and a tree of n leaves splits at the largest power of two below n.
Only whole subtrees are stored: node (level, i) covers the leaves [i * 2**level, (i + 1) * 2**level).
source   RFC 6962 section 2.1 (hashes, proofs); RFC 9162 section 2.1.3-2.1.4 (checking them)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, TypeAlias

from guanxi.core import DataError

HASH_BYTES: Final = 32
NODE_LEVEL: Final = 6  # whole subtrees of 64 leaves and more are worth storing; what lies below is soon hashed again
EMPTY_ROOT: Final = sha256(b"").digest()
Node: TypeAlias = Callable[[int, int], bytes]  # (level, index) -> hash of a whole subtree


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry as a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each entry."""
    hashed = sha256
    return [hashed(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees as one: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a tree: enough to append and to give the root, and no more.

    size     leaves in the tree
    hashes   of the whole subtrees that the tree falls into, largest first: one for each 1 in the binary `size`
    raises   DataError when there are not as many hashes as `size` has ones, or one is not 32 bytes
    """

    __slots__ = ("_levels", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count() or any(len(one) != HASH_BYTES for one in hashes):
            raise DataError(
                f"{len(hashes)} hashes do not make the right edge of a tree of {size} leaves",
                "Give 32 bytes for each 1 in the binary form of the size, the largest subtree first",
            )
        self.size = size
        left = list(reversed(hashes))
        self._levels = [left.pop(0) if size >> level & 1 else b"" for level in range(size.bit_length())]

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Hashes of the whole subtrees, largest first."""
        return tuple(one for one in reversed(self._levels) if one)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash; on average one node is hashed."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes (32 bytes each) in order; raises DataError for another length."""
        self.grow(leaves, level=_NEVER)

    def grow(self, leaves: Sequence[bytes], *, level: int) -> list[tuple[int, int, bytes]]:
        """Add leaf hashes, and return the subtrees of that level and above that became whole: level, place, hash."""
        _check_hashes(leaves)
        old, lowest, made = self.size, level, list[tuple[int, int, bytes]]()
        self.size += len(leaves)
        row, level = list(leaves), 0
        while row:
            if level == len(self._levels):
                self._levels.append(b"")
            if level >= lowest:
                made += ((level, place, one) for place, one in enumerate(row, old >> level))
            if self._levels[level]:
                row.insert(0, self._levels[level])
            self._levels[level] = row.pop() if len(row) % 2 else b""
            row = _pair(b"".join(row))
            level += 1
        while self._levels and not self._levels[-1]:
            self._levels.pop()
        return made

    def root(self) -> bytes:
        """Root of the tree so far; SHA-256 of nothing when it is empty."""
        return _join(self.hashes)

    def copy(self) -> "Edge":
        """An edge that grows apart from this one."""
        return Edge(self.size, self.hashes)


class Tree:
    """All whole subtrees of a growing tree, in arrays of 32-byte words, one array a level: 64 bytes a leaf."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash; on average one node is hashed."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes (32 bytes each) in order; raises DataError for another length."""
        _check_hashes(leaves)
        row, level = list(leaves), 0
        while row:
            if level == len(self._levels):
                self._levels.append(bytearray())
            words = self._levels[level]
            start = len(words) // (2 * HASH_BYTES) * 2 * HASH_BYTES  # the first pair that the new words complete
            words += b"".join(row)
            row = _pair(bytes(words[start:]))
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """Hash of the whole subtree over the leaves [index * 2**level, (index + 1) * 2**level).

        raises   DataError when that subtree is not whole yet
        """
        if 0 <= level < len(self._levels) and 0 <= index < len(self._levels[level]) // HASH_BYTES:
            return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])
        raise DataError(
            f"the subtree {index} of level {level} is not whole in a tree of {self.size} leaves",
            f"Ask for a size of at most {self.size}",
        )

    def root(self, size: int | None = None) -> bytes:
        """Root when the tree had `size` leaves; None = now."""
        return root_at(self.node, self.size if size is None else size)

    def edge(self, size: int | None = None) -> Edge:
        """Right edge when the tree had `size` leaves; None = now."""
        size = self.size if size is None else size
        return Edge(size, _parts(self.node, 0, size))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """`inclusion_path` of the leaf `index` in the tree of `size` leaves; None = now."""
        return inclusion_path(self.node, index, self.size if size is None else size)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """`consistency_path` from `old` to `new` leaves; None = now."""
        return consistency_path(self.node, old, self.size if new is None else new)


def node_over(leaves: Sequence[bytes]) -> bytes:
    """Hash of the whole subtree over these leaf hashes, as many as a power of two."""
    row = list(leaves)
    while len(row) > 1:
        row = _pair(b"".join(row))
    return row[0]


def whole_parts(size: int) -> Iterator[tuple[int, int]]:
    """Level and place of the whole subtrees that a tree of `size` leaves falls into, largest first."""
    low = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, low >> level
            low += 1 << level


def root_at(node: Node, size: int) -> bytes:
    """Root of the first `size` leaves, from the stored nodes: reads and hashes O(log size) of them."""
    return _join(_parts(node, 0, size))


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """Audit path of the leaf `index` in the tree of `size` leaves, lowest sibling first.

    raises   DataError when the tree of `size` leaves has no such leaf
    """
    if not 0 <= index < size:
        raise DataError(
            f"a tree of {size} entries has no entry {index}", f"Ask for an entry from 0 to {max(size - 1, 0)}"
        )
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_join(_parts(node, middle, high)))
            high = middle
        else:
            path.append(_join(_parts(node, low, middle)))
            low = middle
    return path[::-1]


def consistency_path(node: Node, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `new` leaves begins with the tree of `old` leaves; empty when `old` is 0 or `new`.

    raises   DataError when `old` is larger than `new`
    """
    if not 0 <= old <= new:
        raise DataError(f"a tree of {new} entries holds no older tree of {old}", "Give the smaller size first")
    if old in (0, new):
        return []
    low, high, path = 0, new, []
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_join(_parts(node, middle, high)))
            high = middle
        else:
            path.append(_join(_parts(node, low, middle)))
            low = middle
    if low:
        path.append(_join(_parts(node, low, high)))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, *, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that the leaf hash stands at `index` in the tree of `size` leaves with this root."""
    if not 0 <= index < size or not _are_hashes([leaf, root, *path]):
        return False
    place, last, made = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            made = node_hash(sibling, made)
            place, last = _climb(place, last)
        else:
            made = node_hash(made, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(old: int, new: int, *, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `path` proves that the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= new or not _are_hashes([old_root, new_root, *path]):
        return False
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):
        return False
    if old in (0, new):
        return not path and (old == 0 or old_root == new_root)
    words = [old_root, *path] if old.bit_count() == 1 else list(path)
    if not words:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    made_old = made_new = words[0]
    for word in words[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            made_old, made_new = node_hash(word, made_old), node_hash(word, made_new)
            place, last = _climb(place, last)
        else:
            made_new = node_hash(made_new, word)
        place, last = place >> 1, last >> 1
    return last == 0 and made_old == old_root and made_new == new_root


_NEVER: Final = 64  # a level that no tree reaches


def _climb(place: int, last: int) -> tuple[int, int]:
    """Up past the levels where a right-edge subtree has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _split(count: int) -> int:
    """Largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _parts(node: Node, low: int, high: int) -> list[bytes]:
    """Hashes of the whole subtrees that [low, high) falls into, largest first; low is a multiple of the largest."""
    parts = []
    for level in reversed(range((high - low).bit_length())):
        if (high - low) >> level & 1:
            parts.append(node(level, low >> level))
            low += 1 << level
    return parts


def _join(parts: Sequence[bytes]) -> bytes:
    """Root over subtrees, largest first."""
    if not parts:
        return EMPTY_ROOT
    made = parts[-1]
    for part in reversed(parts[:-1]):
        made = node_hash(part, made)
    return made


def _pair(words: bytes) -> list[bytes]:
    """Hashes of each whole pair of 32-byte words; an odd last word is left out."""
    hashed, step = sha256, 2 * HASH_BYTES
    return [hashed(b"\x01" + words[at : at + step]).digest() for at in range(0, len(words) - step + 1, step)]


def _are_hashes(words: Iterable[bytes]) -> bool:
    # Lengths are part of the proof: 31 + 33 bytes would hash like 32 + 32.
    return all(len(word) == HASH_BYTES for word in words)


def _check_hashes(words: Sequence[bytes]) -> None:
    for word in words:
        if len(word) != HASH_BYTES:
            raise DataError(f"a leaf hash has {len(word)} bytes, not 32", "Give leaf_hash(entry), not the entry")
