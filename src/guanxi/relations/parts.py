"""Parts: partial sums of ties, which may be made apart and folded together in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Ids = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Sums of n ties and, apart, the m newest events that are their evidence.

    source, target  (n,) codes of parties
    kind            (n,) code of the kind of tie
    weight          (n,) faded to one common moment, signed
    count           (n,) events
    first, last     (n,) ms, `at` of the first and the last of them
    doubt           (n,) product of (1 - confidence) of the events
    tie             (m,) row of the tie that an evidence row belongs to
    at, seq, high, low  (m,) time, place in the log and id of the evidence
    """

    source: Codes
    target: Codes
    kind: Codes
    weight: Floats
    count: Ints
    first: Ints
    last: Ints
    doubt: Floats
    tie: Ints
    at: Ints
    seq: Ints
    high: Ids
    low: Ids

    def __len__(self) -> int:
        return len(self.source)


def event_part(
    source: Codes,
    target: Codes,
    kind: Codes | int,
    *,
    weight: Floats,
    doubt: Floats | float,
    at: Ints,
    seq: Ints,
    high: Ids,
    low: Ids,
) -> Part:
    """Return the part in which every event is a tie of its own, not yet folded; all arrays are (n,)."""
    n = len(source)
    return Part(
        source=source, target=target, kind=np.broadcast_to(np.asarray(kind, np.int32), n).copy(), weight=weight,
        count=np.ones(n, np.int64), first=at, last=at, doubt=np.broadcast_to(np.asarray(doubt, np.float64), n).copy(),
        tie=np.arange(n, dtype=np.int64), at=at, seq=seq, high=high, low=low,
    )  # fmt: skip


def fold(parts: Sequence[Part], keep: int) -> Part:
    """Return one part with each tie once, ordered by source, target and kind, each tie's evidence newest first.

    keep  how many evidence events a tie keeps
    """
    if not parts:
        return _EMPTY
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    tie = np.concatenate([part.tie + offset for part, offset in zip(parts, offsets, strict=False)])
    source, target, kind = (_joined(parts, name) for name in ("source", "target", "kind"))
    pair = (source.astype(np.int64) << 32) | target
    order = np.lexsort((kind, pair))
    starts = _starts(pair[order], kind[order])
    if not len(starts):
        return _EMPTY
    group = np.empty(len(order), np.int64)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
    first_row = order[starts]
    return Part(
        source=source[first_row], target=target[first_row], kind=kind[first_row],
        weight=np.add.reduceat(_joined(parts, "weight")[order], starts),
        count=np.add.reduceat(_joined(parts, "count")[order], starts),
        first=np.minimum.reduceat(_joined(parts, "first")[order], starts),
        last=np.maximum.reduceat(_joined(parts, "last")[order], starts),
        doubt=np.multiply.reduceat(_joined(parts, "doubt")[order], starts),
        **_newest(parts, group[tie], keep),
    )  # fmt: skip


def evidence_starts(part: Part) -> Ints:
    """Return (n + 1,) where each tie's evidence begins in a folded part."""
    return np.searchsorted(part.tie, np.arange(len(part) + 1)).astype(np.int64)


def _newest(parts: Sequence[Part], tie: Ints, keep: int) -> dict[str, NDArray[Any]]:
    at, seq = _joined(parts, "at"), _joined(parts, "seq")
    order = np.lexsort((-seq, -at, tie))
    starts = _starts(tie[order])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    order = order[place < keep]
    return {
        "tie": tie[order], "at": at[order], "seq": seq[order],
        "high": _joined(parts, "high")[order], "low": _joined(parts, "low")[order],
    }  # fmt: skip


def _joined(parts: Sequence[Part], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(part, name) for part in parts])


def _starts(*sorted_keys: NDArray[Any]) -> Ints:
    """Return where each run of equal keys begins."""
    n = len(sorted_keys[0])
    if not n:
        return np.zeros(0, np.int64)
    new = np.zeros(n, bool)
    new[0] = True
    for key in sorted_keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new).astype(np.int64)


def _empty() -> Part:
    codes, ints, ids = np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    floats = np.zeros(0)
    return Part(
        source=codes, target=codes, kind=codes, weight=floats, count=ints, first=ints, last=ints, doubt=floats,
        tie=ints, at=ints, seq=ints, high=ids, low=ids,
    )  # fmt: skip


_EMPTY = _empty()
