"""Order: events side by side with the others of their party, and how far back each may look."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.life import local_day
from guanxi.traits.sweep.jit import compiled

_PART = 13  # powers of two: events of a part, and at most so many parts


def grouped(
    events: NDArray[np.int64], key: int, columns: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Group events by a key, their order within a key kept; key 0 is nobody's.

    events   (n, words); `key` is the word of the key, `columns` are words that are taken along
    returns  (m,) places of the events with a key, group by group; (groups + 1,) where each begins; (columns, m) words
    """
    bits = min(max(len(events).bit_length() - _PART, 0), _PART)
    parts = np.zeros((1 << bits) + 1, np.int64)
    _measure_parts(events, key, bits, parts)
    count = int(parts[-1])
    records = np.empty((count, 2 + len(columns)), np.int64)
    _part_records(events, key, columns, bits, parts[:-1].copy(), records)
    places, starts = np.empty(count, np.int32), np.empty(count + 1, np.int32)
    taken = np.empty((len(columns), count), np.int64)
    groups = _group_parts(records, parts, places, starts, taken)
    return places, starts[: groups + 1].copy(), taken


@compiled
def _part_of(key: Any, bits: Any) -> Any:
    """The part that a key belongs to: the first bits of its product with the golden ratio."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - bits)) if bits else np.int64(0)


@compiled
def _measure_parts(events: Any, key: Any, bits: Any, parts: Any) -> None:
    """Write where each part begins, and the end."""
    for i in range(events.shape[0]):
        if events[i, key] != 0:
            parts[_part_of(events[i, key], bits) + 1] += 1
    for k in range(1, parts.shape[0]):
        parts[k] += parts[k - 1]


@compiled
def _part_records(events: Any, key: Any, columns: Any, bits: Any, ends: Any, records: Any) -> None:
    """Write key, place and columns of every event into its part; a part fits the processor's cache."""
    for i in range(events.shape[0]):
        if events[i, key] != 0:
            part = _part_of(events[i, key], bits)
            at = ends[part]
            records[at, 0] = events[i, key]
            records[at, 1] = i
            for k in range(columns.shape[0]):
                records[at, 2 + k] = events[i, columns[k]]
            ends[part] = at + 1


@compiled
def _group_parts(records: Any, parts: Any, places: Any, starts: Any, taken: Any) -> Any:
    """Number the keys of each part by first sight, and write their events one key after the other."""
    most = np.int64(8)
    for k in range(parts.shape[0] - 1):
        most = max(most, parts[k + 1] - parts[k])
    cap = np.int64(1)
    while cap < 2 * most:
        cap *= 2
    table, numbers = np.empty(cap, np.int64), np.empty(cap, np.int32)
    ids, ends = np.empty(most, np.int32), np.empty(most, np.int64)
    groups = np.int64(0)
    for part in range(parts.shape[0] - 1):
        first, end = parts[part], parts[part + 1]
        found = _number_keys(records[first:end], table, numbers, ids, ends)
        begin = first
        for g in range(found):
            starts[groups + g] = begin
            begin += ends[g]
            ends[g] = begin - ends[g]
        groups += found
        for i in range(first, end):
            at = ends[ids[i - first]]
            ends[ids[i - first]] = at + 1
            places[at] = records[i, 1]
            for k in range(taken.shape[0]):
                taken[k, at] = records[i, 2 + k]
    starts[groups] = records.shape[0]
    return groups


@compiled
def _number_keys(records: Any, table: Any, numbers: Any, ids: Any, sizes: Any) -> Any:
    """Number the keys of one part, count the events of each; return how many keys there are."""
    cap = np.int64(1)
    while cap < 2 * records.shape[0]:
        cap *= 2
    table[:cap] = 0
    found = np.int64(0)
    for i in range(records.shape[0]):
        key = records[i, 0]
        at = (key ^ (key >> 29)) & (cap - 1)
        while table[at] != key and table[at] != 0:
            at = (at + 1) & (cap - 1)
        if table[at] == 0:
            table[at], numbers[at] = key, found
            sizes[found] = 0
            found += 1
        ids[i] = numbers[at]
        sizes[ids[i]] += 1
    return found


@compiled
def gathered(events: Any, places: Any, word: Any, out: Any) -> None:
    """Write one word of the events in this order."""
    for i in range(places.shape[0]):
        out[i] = events[places[i], word]


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
