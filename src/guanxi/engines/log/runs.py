"""Sorted runs of 128-bit ids: "have we seen this?" for hundreds of millions of events, in memory-mapped files."""

import mmap
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DataError

Words = NDArray[np.uint64]

MERGE_BELOW: Final = 4_000_000  # rows; larger runs are left alone so that a merge stays under 500 MB


class Run:
    """One immutable run: 128-bit keys in ascending order, with a payload of whole words per key.

    words  (2 + p, n): key high, key low, then p payload rows
    """

    def __init__(self, words: Words) -> None:
        self.words = words

    def __len__(self) -> int:
        return int(self.words.shape[1])

    @classmethod
    def of(cls, keys: Words, payload: Words | None = None) -> "Run":
        """Return a run of (n, 2) keys, and an (n, p) payload, in any order."""
        order = sorting(keys)
        parts = [keys[order].T] if payload is None else [keys[order].T, payload[order].T]
        return cls(np.ascontiguousarray(np.concatenate(parts)))

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Return the run stored in a file, memory-mapped.

        raises  DataError when the file is not a run
        """
        try:
            words = np.load(path, mmap_mode="r")
        except (ValueError, OSError, EOFError) as error:
            raise _damaged(path) from error
        if words.dtype != np.uint64 or words.ndim != 2 or words.shape[0] < 2:
            raise _damaged(path)
        return cls(words)

    def save(self, path: Path) -> None:
        """Write the run to a new file and flush it to the disk."""
        with path.open("wb") as file:
            np.save(file, self.words)
            file.flush()
            os.fsync(file.fileno())

    def shares(self, other: "Run") -> bool:
        """Return whether another run holds one of the keys of this one."""
        if not len(self) or not len(other):
            return False
        small, large = (self, other) if len(self) < len(other) else (other, self)
        return bool((large.find(np.ascontiguousarray(small.words[:2].T)) >= 0).any())

    def release(self) -> None:
        """Give the memory of a mapped file back; the next look reads it again."""
        mapped = getattr(self.words, "_mmap", None)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)

    def find(self, keys: Words) -> NDArray[np.int64]:
        """Return the position in the run of every (n, 2) key, -1 where it is absent."""
        found = np.full(len(keys), -1, np.int64)
        if not len(self) or not len(keys):
            return found
        high, low = self.words[0], self.words[1]
        place = _places(high, keys[:, 0])
        rest = np.flatnonzero(place < len(high))
        while len(rest):  # keys that share their high word are neighbours; one step is nearly always enough
            spot = place[rest]
            rest = rest[high[spot] == keys[rest, 0]]
            spot = place[rest]
            hit = low[spot] == keys[rest, 1]
            found[rest[hit]] = spot[hit]
            rest = rest[~hit]
            place[rest] += 1
            rest = rest[place[rest] < len(high)]
        return found


def sorting(keys: Words) -> NDArray[np.int64]:
    """Return the order that sorts (n, 2) keys; equal ones stay as they are."""
    high = np.ascontiguousarray(keys[:, 0])
    order = np.argsort(high)  # ten times quicker than by both words, which hashes hardly ever need
    ordered = high[order]
    if (ordered[1:] == ordered[:-1]).any():
        return np.lexsort((keys[:, 1], high))
    return order


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Runs:
    """Several runs, the newest last."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.runs = list(runs)

    def contains(self, keys: Words) -> NDArray[np.bool_]:
        """Return for every (n, 2) key whether some run holds it."""
        known = np.zeros(len(keys), np.bool_)
        for run in self.runs:
            known |= run.find(keys) >= 0
        return known

    def latest(self, keys: Words, width: int) -> tuple[NDArray[np.bool_], Words]:
        """Return whether each key is known, and its (n, width) payload in the newest run that holds it."""
        known = np.zeros(len(keys), np.bool_)
        payload = np.zeros((len(keys), width), np.uint64)
        for run in reversed(self.runs):
            rest = np.flatnonzero(~known)
            place = run.find(keys[rest])
            hit = place >= 0
            payload[rest[hit]] = run.words[2 : 2 + width, place[hit]].T
            known[rest[hit]] = True
        return known, payload


def merge(runs: Sequence[Run]) -> Run:
    """Return one run with the keys of all, the newest payload where a key occurs twice."""
    words = np.concatenate([run.words for run in runs], axis=1)
    age = np.concatenate([np.full(len(run), -index, np.int64) for index, run in enumerate(runs)])
    order = np.lexsort((age, words[1], words[0]))
    words = words[:, order]
    first = np.ones(words.shape[1], np.bool_)
    first[1:] = (words[0, 1:] != words[0, :-1]) | (words[1, 1:] != words[1, :-1])
    return Run(np.ascontiguousarray(words[:, first]))


class Seen:
    """How often each key has occurred so far in one file, for counting identical rows across chunks."""

    def __init__(self, rows: int = 0) -> None:
        bits = 27 if rows < 2_000_000 else 30  # 16 MB, or 128 MB for long files
        self._shift = np.uint64(64 - bits)
        self._bitmap = np.zeros(2 ** (bits - 3), np.uint8)  # says "surely new" for nearly every key
        self.runs: list[Run] = []

    def add_run(self, run: Run) -> None:
        """Remember the occurrences counted in an earlier chunk (payload: one word, the count)."""
        if not len(run):
            return
        place = run.words[0] >> self._shift  # ascending, as the run is: the bits of one byte are neighbours
        byte = (place >> np.uint64(3)).astype(np.int64)
        starts = np.flatnonzero(np.append(True, byte[1:] != byte[:-1]))
        self._bitmap[byte[starts]] |= np.bitwise_or.reduceat(_bit(place), starts)
        self.runs.append(run)

    def count(self, keys: Words) -> tuple[NDArray[np.int64], Run]:
        """Return the 0-based occurrence of every (n, 2) key, in order, and the chunk's own counts as a run.

        The counts are not remembered until `add_run` is called with them, so a chunk can be retried.
        """
        if not len(keys):
            return np.zeros(0, np.int64), Run(np.zeros((3, 0), np.uint64))
        order = sorting(keys)
        ordered = keys[order]
        new = np.ones(len(keys), np.bool_)
        new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        starts = np.flatnonzero(new)
        group = np.cumsum(new) - 1
        within = np.arange(len(keys)) - starts[group]
        unique = ordered[starts]
        before = self._before(unique)
        occurrence = np.empty(len(keys), np.int64)
        occurrence[order] = within + before[group]
        counts = np.diff(np.append(starts, len(keys))).astype(np.uint64)
        return occurrence, Run(np.ascontiguousarray(np.concatenate([unique.T, counts[None, :]])))

    def _before(self, unique: Words) -> NDArray[np.int64]:
        before = np.zeros(len(unique), np.int64)
        place = unique[:, 0] >> self._shift
        maybe = np.flatnonzero(self._bitmap[(place >> np.uint64(3)).astype(np.int64)] & _bit(place))
        if len(maybe):
            for run in self.runs:
                spot = run.find(unique[maybe])
                hit = spot >= 0
                before[maybe[hit]] += run.words[2, spot[hit]].astype(np.int64)
        return before


def _places(high: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """`searchsorted`, in ascending order when that pays: neighbours look at the same memory."""
    if len(keys) < 10_000:
        return np.searchsorted(high, keys)
    order = np.argsort(keys)
    place = np.empty(len(keys), np.int64)
    place[order] = np.searchsorted(high, keys[order])
    return place


def _bit(place: Words) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))


def _damaged(path: Path) -> DataError:
    return DataError(f"{path.name} is not readable as a run of ids", "Restore the workspace with `guanxi restore`")
