"""Sums: accumulators of counts, sums, extremes and 128-bit squares, to which events, or other sums, are added."""

from typing import Any

import numpy as np

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import STORE, STORE_CAP
from guanxi.traits.state.jit import compiled

_FAR = 1 << 62


@compiled
def row_of(a: Any, p: Any, number: Any) -> Any:
    """Where the row of an event stands in the ring."""
    return a[STORE] + (number & (a[STORE_CAP] - 1)) * p[L.ROW]


@compiled
def clear(a: Any, p: Any, s: Any, to: Any) -> None:
    """Set accumulators to nothing added."""
    for k in range(p[s + L.N_CELLS]):
        a[to + k] = 0
    at = to + p[s + L.BITS + 1] + p[s + L.N_FLAGS] + p[s + L.ADDS + 1]
    for k in range(p[s + L.MINS + 1]):
        a[at + k] = _FAR
    at += p[s + L.MINS + 1]
    for k in range(p[s + L.MAXS + 1]):
        a[at + k] = -_FAR


@compiled
def add_event(a: Any, p: Any, s: Any, bits: Any, flags: Any, row: Any, gaps: Any, to: Any) -> None:
    """Add an event to accumulators: its bits and flags in this section's order, its row, where its gaps stand."""
    n = p[s + L.BITS + 1]
    for k in range(n):
        a[to + k] += (bits >> k) & 1
    if flags:
        for k in range(p[s + L.N_FLAGS]):
            a[to + n + k] += (flags >> k) & 1
    at = to + n + p[s + L.N_FLAGS]
    present = a[row + L.E_PRESENT]
    values = row + L.E_BITS + p[L.BIT_WORDS]
    q, n = p[s + L.ADDS], p[s + L.ADDS + 1]
    for k in range(n):
        kind, bit, index = p[q + 3 * k], p[q + 3 * k + 1], p[q + 3 * k + 2]
        if not (bits >> bit) & 1:
            continue
        if kind <= L.ADD_PRESENT:
            if (present >> index) & 1:
                a[at + k] += a[values + index] if kind == L.ADD_VALUE else 1
        else:
            gap = a[gaps + index]
            if gap >= 0:
                a[at + k] += gap if kind == L.ADD_GAP else 1
    at += n
    q, n = p[s + L.MINS], p[s + L.MINS + 1]
    for k in range(n):
        bit, index = p[q + 2 * k], p[q + 2 * k + 1]
        if (bits >> bit) & 1 and (present >> index) & 1 and a[values + index] < a[at + k]:
            a[at + k] = a[values + index]
    at += n
    q, n = p[s + L.MAXS], p[s + L.MAXS + 1]
    for k in range(n):
        bit, index = p[q + 2 * k], p[q + 2 * k + 1]
        if (bits >> bit) & 1 and (present >> index) & 1 and a[values + index] > a[at + k]:
            a[at + k] = a[values + index]
    at += n
    q, n = p[s + L.SQUARES], p[s + L.SQUARES + 1]
    for k in range(n):
        kind, bit, index = p[q + 3 * k], p[q + 3 * k + 1], p[q + 3 * k + 2]
        if not (bits >> bit) & 1:
            continue
        if kind == L.ADD_VALUE:
            if (present >> index) & 1:
                add_square(a, at + 2 * k, a[values + index])
        elif a[gaps + index] >= 0:
            add_square(a, at + 2 * k, a[gaps + index])


@compiled
def add_square(a: Any, at: Any, value: Any) -> None:
    """Add value * value to the 128-bit number (low word, high word) at `at`."""
    v = np.uint64(value if value >= 0 else -value)
    low, high = v & np.uint64(0xFFFFFFFF), v >> np.uint64(32)
    middle = low * high
    square = low * low + (middle << np.uint64(33))
    carry = np.uint64(1) if square < low * low else np.uint64(0)
    top = high * high + (middle >> np.uint64(31)) + carry
    before = np.uint64(a[at])
    total = before + square
    a[at] = np.int64(total)
    a[at + 1] += np.int64(top) + (1 if total < before else 0)


@compiled
def add_sums(a: Any, p: Any, s: Any, of: Any, to: Any) -> None:
    """Add accumulators to others."""
    n = p[s + L.BITS + 1] + p[s + L.N_FLAGS] + p[s + L.ADDS + 1]
    for k in range(n):
        a[to + k] += a[of + k]
    for k in range(n, n + p[s + L.MINS + 1]):
        a[to + k] = min(a[to + k], a[of + k])
    n += p[s + L.MINS + 1]
    for k in range(n, n + p[s + L.MAXS + 1]):
        a[to + k] = max(a[to + k], a[of + k])
    n += p[s + L.MAXS + 1]
    for k in range(n, n + 2 * p[s + L.SQUARES + 1], 2):
        before = np.uint64(a[to + k])
        total = before + np.uint64(a[of + k])
        a[to + k] = np.int64(total)
        a[to + k + 1] += a[of + k + 1] + (1 if total < before else 0)
