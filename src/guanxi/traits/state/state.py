"""The state of traits: every party's events of 30 days, its days and its life, fed one event after the other."""

import mmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DataError
from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import (
    BUMP,
    CLOCK,
    KEYS,
    NEXT,
    OLDEST,
    PARTIES,
    PARTY_WORDS,
    SCRATCH,
    SEQ,
    STORE,
    STORE_CAP,
)
from guanxi.traits.state.plan import Plan
from guanxi.traits.state.step import MARGIN, need, read_key, read_keys, replay

_ROWS: Final = 1 << 10  # of the ring, to begin with
_WORD: Final = 8


class TraitState:
    """The state of one plan. One thread feeds and reads it.

    plan      what it keeps
    capacity  words it begins with; it grows by itself
    """

    def __init__(self, plan: Plan, capacity: int = 1 << 21) -> None:
        self.plan = plan
        first = PARTIES + len(plan.parties) * PARTY_WORDS
        scratch = int(plan.words[-1])
        need_words = first + scratch + _ROWS * int(plan.words[L.ROW]) + 2 * MARGIN
        self._a = _words(max(capacity, need_words))
        self._a[SCRATCH] = first
        self._a[STORE] = first + scratch
        self._a[STORE_CAP] = _ROWS
        self._a[BUMP] = first + scratch + _ROWS * int(plan.words[L.ROW])
        self._out = np.full((1, len(plan.traits)), np.nan)

    @property
    def clock_ms(self) -> int:
        """Clock of the newest event; 0 before the first."""
        return int(self._a[CLOCK])

    @property
    def last_seq(self) -> int:
        """Sequence number of the newest event."""
        return int(self._a[SEQ])

    @property
    def events(self) -> int:
        """Events that the longest window still reaches."""
        return int(self._a[NEXT] - self._a[OLDEST])

    @property
    def keys(self) -> dict[str, int]:
        """How many parties of each type are remembered."""
        return {
            name: int(self._a[PARTIES + place * PARTY_WORDS + KEYS]) for place, name in enumerate(self.plan.parties)
        }

    @property
    def bytes(self) -> int:
        """Memory that was ever written."""
        return int(self._a[BUMP]) * _WORD

    def step(self, event: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the traits that one event sees, then take it; the array is written anew by the next call.

        event   words as `Plan` lays them out; not older than the one before
        raises  DataError when it is older
        """
        if event[L.E_CLOCK] < self._a[CLOCK]:
            raise _late(int(event[L.E_CLOCK]), self.clock_ms)
        while replay(self._a, self.plan.words, event[np.newaxis], 0, self._out, True) == 0:
            self._grow()
        row: NDArray[np.float64] = self._out[0]
        return row

    def feed(self, events: NDArray[np.int64], *, read: bool = False) -> NDArray[np.float64] | None:
        """Take many events, in order; with `read` return what each saw, (events, traits).

        raises  DataError when one is older than the one before
        """
        clocks = events[:, L.E_CLOCK]
        if len(events) and (clocks[0] < self._a[CLOCK] or (np.diff(clocks) < 0).any()):
            raise _late(int(clocks.min()), self.clock_ms)
        out = np.empty((len(events) if read else 0, len(self.plan.traits)))
        done = 0
        while (done := replay(self._a, self.plan.words, events, done, out, read)) < len(events):
            self._grow()
        return out if read else None

    def read(self, party: str, key: int, clock_ms: int) -> NDArray[np.float64]:
        """Return every trait of one party at an instant, not earlier than the newest event; others are nan.

        raises  DataError for an earlier instant: read the log for it
        """
        if clock_ms < self.clock_ms:
            raise _late(clock_ms, self.clock_ms)
        out = np.empty(len(self.plan.traits))
        read_key(self._a, self.plan.words, self.plan.parties.index(party), key, clock_ms, out)
        return out

    def read_many(self, party: str, keys: NDArray[np.int64], clock_ms: int) -> NDArray[np.float64]:
        """Return every trait of many parties of one type at an instant, (keys, traits), in one compiled call.

        raises  DataError as `read` does
        """
        if clock_ms < self.clock_ms:
            raise _late(clock_ms, self.clock_ms)
        out = np.empty((len(keys), len(self.plan.traits)))
        read_keys(self._a, self.plan.words, self.plan.parties.index(party), keys, clock_ms, out)
        return out

    def _grow(self) -> None:
        wanted = int(self._a[BUMP]) + int(need(self._a, self.plan.words))
        made = _words(max(2 * len(self._a), wanted + MARGIN))
        used = int(self._a[BUMP])
        made[:used] = self._a[:used]
        self._a = made


def _words(count: int) -> NDArray[np.int64]:
    """Zeroed words; pages that are never touched take no memory."""
    return np.frombuffer(mmap.mmap(-1, count * _WORD), dtype=np.int64)


def _late(clock: int, newest: int) -> DataError:
    return DataError(
        f"the instant {clock} lies before the newest event, {newest}", "Build the state anew from the log", "at"
    )
