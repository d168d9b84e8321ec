"""Reads: one column of a trait each, from sums over all events before and the place where the window begins."""

import math
from typing import Any

import numpy as np

from guanxi.traits.state.life import local_day
from guanxi.traits.state.step import deviation
from guanxi.traits.sweep.jit import compiled


@compiled
def cell(total: Any, low: Any, out: Any) -> None:
    """A count or a sum."""
    for i in range(low.shape[0]):
        out[i] = np.float64(total[i] - total[low[i]])


@compiled
def quotient(total: Any, below: Any, low: Any, out: Any) -> None:
    """A sum over another, nan over 0."""
    for i in range(low.shape[0]):
        under = below[i] - below[low[i]]
        out[i] = np.float64(total[i] - total[low[i]]) / np.float64(under) if under != 0 else np.nan


@compiled
def versus(mask: Any, value: Any, total: Any, count: Any, low: Any, out: Any) -> None:
    """The event's own value over the mean before it."""
    for i in range(low.shape[0]):
        out[i] = np.nan
        if mask[i]:
            before = total[i] - total[low[i]]
            if before != 0:
                out[i] = np.float64(value[i]) / (np.float64(before) / np.float64(count[i] - count[low[i]]))


@compiled
def spread(total: Any, count: Any, squares: Any, low: Any, out: Any) -> None:
    """Population standard deviation."""
    for i in range(low.shape[0]):
        j = low[i]
        n = count[i] - count[j]
        if n == 0:
            out[i] = np.nan
            continue
        borrow = np.uint64(1) if squares[0, i] < squares[0, j] else np.uint64(0)
        lower = np.int64(squares[0, i] - squares[0, j])
        upper = np.int64(squares[1, i] - squares[1, j] - borrow)
        out[i] = deviation(total[i] - total[j], n, lower, upper)


@compiled
def extreme(mask: Any, value: Any, low: Any, sign: Any, out: Any) -> None:
    """The largest value, with sign -1 the smallest, nan without one: a queue that only falls."""
    queue = np.empty(low.shape[0], np.int32)
    head, tail = 0, 0
    for i in range(low.shape[0]):
        if low[i] == i:
            head, tail = 0, 0
            out[i] = np.nan
            continue
        if mask[i - 1]:
            new = sign * value[i - 1]
            while tail > head and sign * value[queue[tail - 1]] <= new:
                tail -= 1
            queue[tail] = i - 1
            tail += 1
        while head < tail and queue[head] < low[i]:
            head += 1
        out[i] = np.float64(value[queue[head]]) if head < tail else np.nan


@compiled
def distinct(ids: Any, most: Any, low: Any, out: Any) -> None:
    """How many names a window holds."""
    counts = np.zeros(most, np.int32)
    left, found = 0, 0
    for i in range(low.shape[0]):
        if i > 0 and ids[i - 1] >= 0:
            counts[ids[i - 1]] += 1
            found += counts[ids[i - 1]] == 1
        while left < low[i]:
            if ids[left] >= 0:
                counts[ids[left]] -= 1
                found -= counts[ids[left]] == 0
            left += 1
        out[i] = np.float64(found)


@compiled
def ranked(ids: Any, codes: Any, most: Any, low: Any, life: Any, rank: Any, share: Any, out: Any) -> None:
    """The name with the rank-th most events in a window, the one seen later first; with `share` its part of them."""
    counts, latest = np.zeros(most, np.int64), np.zeros(most, np.int64)
    left, names, total = 0, 0, 0
    for i in range(low.shape[0]):
        if i > 0 and ids[i - 1] >= 0:
            counts[ids[i - 1]] += 1
            latest[ids[i - 1]] = i - 1
            total += 1
            names = max(names, ids[i - 1] + 1)
        if life[i] == i:
            names = 0
        while left < low[i]:
            if ids[left] >= 0:
                counts[ids[left]] -= 1
                total -= 1
            left += 1
        bound, best = (np.int64(1) << 62, np.int64(0)), (np.int64(0), np.int64(0))
        for _ in range(rank):
            best = (np.int64(0), np.int64(0))
            for name in range(names):
                this = (counts[name], latest[name])
                if this[0] > 0 and best < this < bound:
                    best = this
            bound = best
            if best[0] == 0:
                break
        out[i] = np.nan
        if best[0] > 0:
            out[i] = best[0] / total if share else codes[best[1] : best[1] + 1].view(np.float64)[0]


@compiled
def entropy(ids: Any, most: Any, low: Any, life: Any, out: Any) -> None:
    """Entropy of the names in a window, in bits; added up from the youngest name, as the state does."""
    counts = np.zeros(most, np.int64)
    left, names, total = 0, 0, 0
    for i in range(low.shape[0]):
        if i > 0 and ids[i - 1] >= 0:
            counts[ids[i - 1]] += 1
            total += 1
            names = max(names, ids[i - 1] + 1)
        if life[i] == i:
            names = 0
        while left < low[i]:
            if ids[left] >= 0:
                counts[ids[left]] -= 1
                total -= 1
            left += 1
        logs, largest = 0.0, 0
        for name in range(names - 1, -1, -1):
            if counts[name] > 0:
                logs += counts[name] * math.log2(counts[name])
                largest = max(largest, counts[name])
        out[i] = np.nan
        if total:
            out[i] = 0.0 if largest == total else np.log2(np.float64(total)) - logs / total


@compiled
def ago(clock: Any, mask: Any, life: Any, latest: Any, out: Any) -> None:
    """Milliseconds since the first, or the latest, event of a measure."""
    came = np.int64(-1)
    for i in range(clock.shape[0]):
        came = np.int64(-1) if life[i] == i else came
        out[i] = np.float64(clock[i] - came) if came >= 0 else np.nan
        if mask[i] and (latest or came < 0):
            came = clock[i]


@compiled
def value_of(value: Any, mask: Any, life: Any, latest: Any, out: Any) -> None:
    """The value of the first, or the latest, event of a measure that has one."""
    seen = -1
    for i in range(value.shape[0]):
        seen = -1 if life[i] == i else seen
        out[i] = np.float64(value[seen]) if seen >= 0 else np.nan
        if mask[i] and (latest or seen < 0):
            seen = i


@compiled
def streak(clock: Any, mask: Any, life: Any, out: Any) -> None:
    """Days in a row with an event that end today or yesterday."""
    last, row = np.int64(-1) << 40, 0
    for i in range(clock.shape[0]):
        if life[i] == i:
            last, row = np.int64(-1) << 40, 0
        today = local_day(clock[i])
        out[i] = np.float64(row) if last >= today - 1 else 0.0
        if mask[i] and last != today:
            row = row + 1 if last == today - 1 else 1
            last = today


@compiled
def decayed(clock: Any, value: Any, mask: Any, life: Any, half_life: Any, out: Any) -> None:
    """A sum that halves; rounded where the state rounds."""
    total, at = 0.0, np.int64(-1)
    for i in range(clock.shape[0]):
        at = np.int64(-1) if life[i] == i else at
        now = 0.0
        if at >= 0:
            now = total * 2.0 ** (-np.float64(clock[i] - at) / np.float64(half_life))
        out[i] = now
        if mask[i]:
            total, at = now + np.float64(value[i]), clock[i]


@compiled
def returned(values: Any, at: Any, out: Any) -> None:
    """Write a column in the order of the events; `at` says where each stands in the party's order, -1 = nowhere."""
    for e in range(at.shape[0]):
        out[e] = values[at[e]] if at[e] >= 0 else np.nan
