"""Batch: what traits read of many events, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What traits read of n events, in the order given.

    clock_ms  (n,) i64 the trait clock: `received_ms` of live events, `at_ms` of history
    seq       (n,) i64
    bits      (n, words) u64 bit m % 64 of word m // 64: the event belongs to measure m
    values    (n, V) i64 the numbers of `Intake.sources`; 0 when missing
    present   (n,) u64 bit v: the number v is there
    codes     (n, C) u64 xxh3_64 of the text of each of `Intake.codes`; 0 when missing
    parties   (n, P) u64 xxh3_64 of each of `Intake.parties`; 0 = nobody, masked, or of a type that has no traits
    """

    clock_ms: NDArray[np.int64]
    seq: NDArray[np.int64]
    bits: NDArray[np.uint64]
    values: NDArray[np.int64]
    present: NDArray[np.uint64]
    codes: NDArray[np.uint64]
    parties: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.seq)

    def take(self, rows: NDArray[Any]) -> "Batch":
        """Return some rows, in the order of the indices (or where a mask is true)."""
        return Batch(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    @staticmethod
    def join(parts: "Sequence[Batch]") -> "Batch":
        """Return the rows of several batches of one intake, in order of (clock_ms, seq)."""
        whole = Batch(
            **{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Batch)}
        )
        return whole.take(np.lexsort((whole.seq, whole.clock_ms)))
