"""The state of traits: every party's events of 30 days, its days and its life, fed one event after the other."""

import contextlib
import mmap
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from guanxi.core import DataError
from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import (
    BUMP,
    CLOCK,
    EVENTS,
    KEYS,
    NEXT,
    PARTIES,
    PARTY_WORDS,
    RING_FROM,
    SCRATCH,
    SEQ,
    STORE,
    STORE_CAP,
)
from guanxi.traits.state.digest import digest
from guanxi.traits.state.plan import Plan
from guanxi.traits.state.rebuild import HELD_WORDS, count_held, drop_keys, held, reenter, unknown
from guanxi.traits.state.step import MARGIN, need, read_key, read_keys, replay

_RING: Final = 1 << 15  # words of the ring, to begin with
_WORD: Final = 8
_NONE: Final = np.empty(0, np.int64)


class TraitState:
    """The state of one plan. One thread feeds and reads it.

    plan      what it keeps
    capacity  words it begins with; it grows by itself
    """

    def __init__(self, plan: Plan, capacity: int = 1 << 21) -> None:
        self.plan = plan
        first = PARTIES + len(plan.parties) * PARTY_WORDS
        scratch = int(plan.words[-1])
        need_words = first + scratch + _RING + 2 * MARGIN
        self._a = zeroed(max(capacity, need_words))
        self._a[SCRATCH] = first
        self._a[STORE] = first + scratch
        self._a[STORE_CAP] = _RING
        self._a[BUMP] = first + scratch + _RING
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
        return int(self._a[EVENTS])

    @property
    def keys(self) -> dict[str, int]:
        """How many parties of each type are remembered."""
        return {
            name: int(self._a[PARTIES + place * PARTY_WORDS + KEYS]) for place, name in enumerate(self.plan.parties)
        }

    @property
    def bytes(self) -> int:
        """Memory that was ever written."""
        ring = int(self._a[STORE_CAP]) - int(self._a[NEXT] - self._a[RING_FROM])
        return (int(self._a[BUMP]) - max(0, ring)) * _WORD

    def step(self, event: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the traits that one event sees, then take it; the array is written anew by the next call.

        event   words as `Plan` lays them out; behind the one before in (clock, seq)
        raises  DataError when it is not
        """
        clock, newest = event[L.E_CLOCK], self._a[CLOCK]
        if clock < newest or (clock == newest and event[L.E_SEQ] <= self._a[SEQ]):
            raise _late(int(event[L.E_CLOCK]), self.clock_ms)
        while replay(self._a, self.plan.words, event[np.newaxis], 0, self._out, True) == 0:
            self._grow()
        row: NDArray[np.float64] = self._out[0]
        return row

    def feed(self, events: NDArray[np.int64], *, read: bool = False) -> NDArray[np.float64] | None:
        """Take many events, in order; with `read` return what each saw, (events, traits).

        raises  DataError when one is not behind the one before in (clock, seq)
        """
        clocks = events[:, L.E_CLOCK]
        if len(events) and (tuple(events[0, :2]) <= (self.clock_ms, self.last_seq) or not _ordered(events)):
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

    def rebuild(self, party: str, keys: Sequence[int], events: NDArray[np.int64]) -> None:
        """Drop parties and enter their events anew: after a merge or a split, as if it had been known all along.

        keys    every party that had some of these events, or has them now
        events  all events of these parties' lives up to the newest one taken, in order, each naming its party of now
        raises  DataError when an event is not in order, names another party, or belonged to none of them; nothing
                was changed then
        """
        place = self.plan.parties.index(party)
        touched = np.array(sorted(set(keys)), np.int64)
        named = events[:, self.plan.event_words - len(self.plan.parties) + place]
        if not np.isin(named, touched).all():
            raise DataError(f"an event names a {party} that is not rebuilt", "Name every party of the events", "keys")
        if not _ordered(events) or (len(events) and tuple(events[-1, :2]) > (self.clock_ms, self.last_seq)):
            raise DataError(
                "the events are not in order, or newer than the state", "Sort them by (clock, seq)", "events"
            )
        words = self.plan.words
        rows = np.empty((int(count_held(self._a, words, place, touched)), HELD_WORDS), np.int64)
        held(self._a, words, place, touched, rows)
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        if (one := int(unknown(self._a, words, place, events, rows))) < len(events):
            raise DataError(
                f"the event {events[one, L.E_SEQ]} belonged to none of the {party} keys that are rebuilt",
                "Name every party that it was counted to before", "keys",
            )  # fmt: skip
        drop_keys(self._a, words, place, touched, rows)
        done = 0
        while (done := reenter(self._a, words, place, events, done, rows)) < len(events):
            self._grow()

    def forget(self, party: str, keys: Sequence[int]) -> None:
        """Forget parties wholly, as if nobody had been named where they were; events stay with their other parties."""
        self.rebuild(party, keys, np.empty((0, self.plan.event_words), np.int64))

    def digest(self) -> str:
        """Return a hash of everything that is remembered: equal states of one plan have equal digests.

        It does not depend on where things stand in memory, nor on the way that led there.
        """
        sums = (int(digest(self._a, self.plan.words, place)) for place in range(len(self.plan.parties)))
        return xxhash.xxh3_128_hexdigest(repr((self.plan.hash, self.clock_ms, self.last_seq, *sums)).encode())

    @property
    def words(self) -> NDArray[np.int64]:
        """The state itself, read-only and not copied: what a snapshot stores; the next event changes it."""
        used = self._a[: int(self._a[BUMP])]
        used.flags.writeable = False
        return used

    @classmethod
    def of(cls, plan: Plan, words: NDArray[np.int64]) -> Self:
        """Return the state that a snapshot holds; the array is the state's own from now on.

        words   what `words` was, of the same plan and LAYOUT; room behind it is used
        """
        state = cls.__new__(cls)
        state.plan, state._a = plan, words
        state._out = np.full((1, len(plan.traits)), np.nan)
        return state

    def _grow(self) -> None:
        wanted = int(self._a[BUMP]) + int(need(self._a, self.plan.words))
        words, self._a = self._a, _NONE
        home = words.base.obj if isinstance(words.base, memoryview) else None
        count = max(2 * len(words), wanted + MARGIN)
        if isinstance(home, mmap.mmap):
            del words  # a mapping that is looked at cannot move
            with contextlib.suppress(BufferError, OSError, SystemError, ValueError):
                home.resize(count * _WORD)  # moves pages, copies nothing
                _advise(home)
            words = np.frombuffer(home, dtype=np.int64)
        if len(words) < count:
            made = zeroed(count)
            made[: len(words)] = words
            words = made
        self._a = words


def zeroed(count: int) -> NDArray[np.int64]:
    """Zeroed words; pages that are never touched take no memory."""
    made = mmap.mmap(-1, count * _WORD, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _advise(made)
    return np.frombuffer(made, dtype=np.int64)


def _advise(home: mmap.mmap) -> None:
    """Ask for large pages: parties lie anywhere in gigabytes, and few pages are found sooner than many."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):
            home.madvise(mmap.MADV_HUGEPAGE)


def _ordered(events: NDArray[np.int64]) -> bool:
    """True when every event stands behind the one before in (clock, seq)."""
    later = np.diff(events[:, L.E_CLOCK])
    return bool(((later > 0) | ((later == 0) & (np.diff(events[:, L.E_SEQ]) > 0))).all())


def _late(clock: int, newest: int) -> DataError:
    return DataError(
        f"the instant {clock} lies before the newest event, {newest}", "Build the state anew from the log", "at"
    )
