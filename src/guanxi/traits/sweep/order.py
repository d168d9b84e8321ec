"""Order: events side by side with the others of their party, and how far back each may look."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.life import local_day
from guanxi.traits.sweep.jit import compiled

_PART = 13  # powers of two: events that are grouped at a time, and at most so many times


def grouped(keys: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Group events by key, the order within a key kept; key 0 is nobody's.

    keys     (n,) i64
    returns  (m,) places of the events with a key, group by group; (groups + 1,) where each begins
    """
    n = len(keys)
    bits = min(max(n.bit_length() - _PART, 0), _PART)
    spread, places, bounds = np.empty(n, np.int64), np.empty(n, np.int32), np.zeros((1 << bits) + 1, np.int64)
    _parted(np.ascontiguousarray(keys), bits, spread, places, bounds)
    order, starts = np.empty(bounds[-1], np.int32), np.empty(bounds[-1] + 1, np.int32)
    groups = _grouped(spread, places, bounds, order, starts)
    return order, starts[: groups + 1]


@compiled
def _parted(keys: Any, bits: Any, spread: Any, places: Any, bounds: Any) -> None:
    """Sort keys, and their places, into parts that fit the processor's cache."""
    for i in range(keys.shape[0]):
        if keys[i] != 0:
            bounds[_part(keys[i], bits) + 1] += 1
    for k in range(1, bounds.shape[0]):
        bounds[k] += bounds[k - 1]
    ends = bounds.copy()
    for i in range(keys.shape[0]):
        if keys[i] != 0:
            k = _part(keys[i], bits)
            spread[ends[k]], places[ends[k]] = keys[i], i
            ends[k] += 1


@compiled
def _part(key: Any, bits: Any) -> Any:
    """The part that a key belongs to: the first bits of its product with the golden ratio."""
    return (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits) if bits else np.uint64(0)


@compiled
def _grouped(spread: Any, places: Any, bounds: Any, order: Any, starts: Any) -> Any:
    """Number the keys of each part by first sight, and write their places one key after the other."""
    most = 16
    for k in range(bounds.shape[0] - 1):
        most = max(most, bounds[k + 1] - bounds[k])
    cap = 16
    while cap < 2 * most:
        cap *= 2
    table, numbers = np.empty(cap, np.int64), np.empty(cap, np.int32)
    ids, ends = np.empty(most, np.int32), np.empty(most, np.int32)
    groups = np.int64(0)
    for k in range(bounds.shape[0] - 1):
        first, size = bounds[k], bounds[k + 1] - bounds[k]
        cap = 16
        while cap < 2 * size:
            cap *= 2
        table[:cap] = 0
        found = np.int32(0)
        for i in range(size):
            key = spread[first + i]
            at = (key ^ (key >> 29)) & (cap - 1)
            while table[at] != key and table[at] != 0:
                at = (at + 1) & (cap - 1)
            if table[at] == 0:
                table[at], numbers[at] = key, found
                ends[found] = 0
                found += np.int32(1)
            ids[i] = numbers[at]
            ends[ids[i]] += np.int32(1)
        begin = first
        for g in range(found):
            starts[groups + g] = begin
            begin += ends[g]
            ends[g] = starts[groups + g]
        groups += found
        for i in range(size):
            g = ids[i]
            order[ends[g]] = places[first + i]
            ends[g] += np.int32(1)
    starts[groups] = bounds[bounds.shape[0] - 1]
    return groups


@compiled
def gathered(events: Any, order: Any, columns: Any, out: Any) -> None:
    """Write some words of the events, as columns in this order."""
    for i in range(order.shape[0]):
        e = order[i]
        for k in range(columns.shape[0]):
            out[k, i] = events[e, columns[k]]


@compiled
def entering(words: Any, masks: Any) -> NDArray[np.uint8]:
    """1 where an event belongs to any measure of the party: (m,) u8; `words` are the columns of its bits."""
    found = np.zeros(words.shape[1], np.uint8)
    for k in range(words.shape[0]):
        for i in range(words.shape[1]):
            found[i] |= (words[k, i] & masks[k]) != 0
    return found


@compiled
def lives(clock: Any, enters: Any, starts: Any, memory: Any) -> NDArray[np.int32]:
    """Where the life of its party begins that an event reads, (m,) i32; itself when nothing is remembered."""
    life = np.empty(clock.shape[0], np.int32)
    for g in range(starts.shape[0] - 1):
        begin, last, known = starts[g], clock[starts[g]], False
        for i in range(starts[g], starts[g + 1]):
            life[i] = begin
            if known and clock[i] - last > memory:
                life[i] = i
                begin = np.int32(i) if enters[i] else begin
            if enters[i]:
                last, known = clock[i], True
    return life


@compiled
def since(clock: Any, life: Any, width: Any) -> NDArray[np.int32]:
    """Where the window [clock - width, clock] of each event begins, (m,) i32; it ends before the event."""
    low = np.empty(clock.shape[0], np.int32)
    at = np.int32(0)
    for i in range(clock.shape[0]):
        at = max(at, life[i])
        begin = clock[i] - width
        while clock[at] < begin:
            at += np.int32(1)
        low[i] = at
    return low


@compiled
def since_day(clock: Any, life: Any, days: Any) -> NDArray[np.int32]:
    """Where the window of whole local days of each event begins, its own day included, (m,) i32."""
    low = np.empty(clock.shape[0], np.int32)
    at = np.int32(0)
    for i in range(clock.shape[0]):
        at = max(at, life[i])
        begin = (local_day(clock[i]) - days + 1) * L.DAY_MS - L.CHINA_MS
        while clock[at] < begin:
            at += np.int32(1)
        low[i] = at
    return low
