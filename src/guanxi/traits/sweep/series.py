"""Series: what a measure reads of each event, in the order of the parties, and sums over all events before."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.traits.sweep.jit import compiled


@compiled
def bit_of(words: Any, place: Any) -> NDArray[np.uint8]:
    """1 where a bit is set, (m,) u8."""
    found = np.empty(words.shape[0], np.uint8)
    for i in range(words.shape[0]):
        found[i] = (words[i] >> place) & 1
    return found


@compiled
def gaps(clock: Any, mask: Any, life: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """1 where the measure had an event before in this life, and how many ms before: (m,) u8, (m,) i64."""
    gap, there = np.zeros(clock.shape[0], np.int64), np.zeros(clock.shape[0], np.uint8)
    came = np.int64(-1)
    for i in range(clock.shape[0]):
        if life[i] == i:
            came = np.int64(-1)
        if mask[i]:
            if came >= 0:
                gap[i], there[i] = clock[i] - came, 1
            came = clock[i]
    return there, gap


@compiled
def follows(clock: Any, mask: Any, before: Any, life: Any, within: Any) -> NDArray[np.uint8]:
    """1 where an event follows the latest one of another measure within a time, (m,) u8."""
    found = np.zeros(clock.shape[0], np.uint8)
    came = np.int64(-1)
    for i in range(clock.shape[0]):
        if life[i] == i:
            came = np.int64(-1)
        if mask[i] and came >= 0 and clock[i] - came <= within:
            found[i] = 1
        if before[i]:
            came = clock[i]
    return found


@compiled
def counted(mask: Any, total: Any) -> None:
    """Write how many were set before each place, (m + 1,) i64."""
    total[0] = 0
    for i in range(mask.shape[0]):
        total[i + 1] = total[i] + mask[i]


@compiled
def summed(mask: Any, value: Any, total: Any) -> None:
    """Write the sum of the values before each place, (m + 1,) i64; it may wrap, differences are exact."""
    total[0] = 0
    for i in range(mask.shape[0]):
        total[i + 1] = total[i] + (value[i] if mask[i] else 0)


@compiled
def squared(mask: Any, value: Any, total: Any) -> None:
    """Write the low and high words of the sum of squares before each place, (2, m + 1) u64."""
    total[0, 0] = total[1, 0] = 0
    for i in range(mask.shape[0]):
        v = np.uint64((value[i] if value[i] >= 0 else -value[i]) if mask[i] else 0)
        low, high = v & np.uint64(0xFFFFFFFF), v >> np.uint64(32)
        middle = low * high
        square = low * low + (middle << np.uint64(33))
        top = high * high + (middle >> np.uint64(31)) + (np.uint64(1) if square < low * low else np.uint64(0))
        total[0, i + 1] = total[0, i] + square
        carry = np.uint64(1) if total[0, i + 1] < square else np.uint64(0)
        total[1, i + 1] = total[1, i] + top + carry


@compiled
def numbered(codes: Any, mask: Any, life: Any, starts: Any) -> tuple[NDArray[np.int32], Any]:
    """Number the names within each life from 0 by first sight, -1 = none: (m,) i32; and how many one life has."""
    ids = np.full(codes.shape[0], -1, np.int32)
    size = 16
    for g in range(starts.shape[0] - 1):
        size = max(size, starts[g + 1] - starts[g])
    cap = 16
    while cap < 2 * size:
        cap *= 2
    names, numbers, lived = np.empty(cap, np.int64), np.empty(cap, np.int32), np.full(cap, -1, np.int32)
    most = np.int32(0)
    for g in range(starts.shape[0] - 1):
        cap = 16
        while cap < 2 * (starts[g + 1] - starts[g]):
            cap *= 2
        count, born = np.int32(0), starts[g]
        for i in range(starts[g], starts[g + 1]):
            if life[i] == i:
                count, born = np.int32(0), np.int32(i)
            code = codes[i]
            if not mask[i] or code == 0:
                continue
            at = (code ^ (code >> 29)) & (cap - 1)
            while lived[at] == born and names[at] != code:
                at = (at + 1) & (cap - 1)
            if lived[at] != born:
                lived[at], names[at], numbers[at] = born, code, count
                count += np.int32(1)
                most = max(most, count)
            ids[i] = numbers[at]
    return ids, most
