"""Sums: accumulators of counts, sums, extremes and 128-bit squares, to which events, or other sums, are added."""

from typing import Any

import numpy as np
from numpy import uint64  # an index without sign is not looked at twice

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import STORE, STORE_CAP
from guanxi.traits.state.jit import compiled, lowest, ones

_FAR = 1 << 62
_ONE, _TWO = uint64(1), uint64(2)


@compiled
def row_of(a: Any, p: Any, number: Any) -> Any:
    """Where the row of an event stands in the ring."""
    return a[STORE] + (number & (a[STORE_CAP] - 1))


@compiled
def bits_of(p: Any, s: Any, words: Any, at: Any) -> Any:
    """The bits of an event, which stands from `at` on among some words, in a section's own order."""
    bits, places = 0, p[s + L.MAP]
    for word in range(p[L.BIT_WORDS]):
        left = words[at + L.E_BITS + word]
        while left:
            place = p[uint64(places + 64 * word + lowest(left))]
            left &= left - 1
            if place >= 0:
                bits |= 1 << place
    return bits


@compiled
def code_of(a: Any, row: Any, code: Any) -> Any:
    """A code of a row of the ring, 0 without one."""
    codes = a[row + L.R_CODES]
    if not (codes >> code) & 1:
        return 0
    return a[row + L.R_WORDS + ones(a[row + L.E_PRESENT]) + ones(codes & ((1 << code) - 1))]


@compiled
def header_in(a: Any, row: Any, party: Any) -> Any:
    """Where a row of the ring names the header of a party that it names."""
    before = ones(a[row + L.R_PARTIES] & ((1 << party) - 1))
    return row + L.R_WORDS + ones(a[row + L.E_PRESENT]) + ones(a[row + L.R_CODES]) + before


@compiled
def clear(a: Any, p: Any, s: Any, to: Any) -> None:
    """Set accumulators to nothing added."""
    for k in range(uint64(to), uint64(to + p[s + L.N_CELLS])):
        a[k] = 0
    clear_extremes(a, p, s, to + p[s + L.BITS + 1] + p[s + L.N_FLAGS] + p[s + L.ADDS + 1])


@compiled
def add_event(
    a: Any, p: Any, s: Any, bits: Any, flags: Any, row: Any, is_packed: Any, gaps: Any, to: Any, sign: Any
) -> Any:
    """Add an event to accumulators, or with sign -1 take it out again.

    bits, flags   of the event in this section's order
    row, gaps     where its words stand, packed as in the ring or not, and its gaps
    returns       True when the event taken out may have been an extreme: those stand as they were
    """
    at = uint64(to + p[s + L.BITS + 1])
    while flags:
        a[at + uint64(lowest(flags))] += sign
        flags &= flags - 1
    ops, values, extreme = p[s + L.OPS], row + (L.R_WORDS if is_packed else L.E_BITS + p[L.BIT_WORDS]), False
    while bits:
        bit = lowest(bits)
        bits &= bits - 1
        a[uint64(to + bit)] += sign
        head = uint64(ops + 2 * bit)
        q = uint64(p[head])
        for o in range(q, q + uint64(3 * p[head + _ONE]), uint64(3)):
            kind, at, index = p[o], uint64(to + p[o + _ONE]), p[o + _TWO]
            if kind >= L.OP_GAP:
                value = a[uint64(gaps + index)]
                if value < 0:
                    continue
            else:
                present = a[uint64(row + L.E_PRESENT)]
                if not (present >> index) & 1:
                    continue
                value = a[uint64(values + (ones(present & ((1 << index) - 1)) if is_packed else index))]
            if kind == L.OP_VALUE or kind == L.OP_GAP:
                a[at] += sign * value
            elif kind == L.OP_PRESENT or kind == L.OP_GAPS:
                a[at] += sign
            elif kind == L.OP_SQUARE or kind == L.OP_GAP_SQUARE:
                add_square(a, at, value, sign)
            elif sign < 0:
                extreme = extreme or value == a[at]
            elif value < a[at] if kind == L.OP_MIN else value > a[at]:
                a[at] = value
    return extreme


@compiled
def add_extremes(a: Any, p: Any, s: Any, bits: Any, row: Any, to: Any) -> None:
    """Add an event, its row in the ring, to the extremes alone, which stand at `to`."""
    first = p[s + L.BITS + 1] + p[s + L.N_FLAGS] + p[s + L.ADDS + 1]
    ops, present = p[s + L.OPS], a[row + L.E_PRESENT]
    while bits:
        bit = lowest(bits)
        bits &= bits - 1
        q = p[ops + 2 * bit]
        for o in range(q, q + 3 * p[ops + 2 * bit + 1], 3):
            kind, at, index = p[o], to + p[o + 1] - first, p[o + 2]
            if (kind == L.OP_MIN or kind == L.OP_MAX) and (present >> index) & 1:
                value = a[row + L.R_WORDS + ones(present & ((1 << index) - 1))]
                if value < a[at] if kind == L.OP_MIN else value > a[at]:
                    a[at] = value


@compiled
def clear_extremes(a: Any, p: Any, s: Any, to: Any) -> None:
    """Set the extremes at `to` to nothing added."""
    middle = to + p[s + L.MINS + 1]
    for k in range(uint64(to), uint64(middle)):
        a[k] = _FAR
    for k in range(uint64(middle), uint64(middle + p[s + L.MAXS + 1])):
        a[k] = -_FAR


@compiled
def add_square(a: Any, at: Any, value: Any, sign: Any) -> None:
    """Add value * value to the 128-bit number (low word, high word) at `at`; with sign -1 take it away."""
    at = uint64(at)
    v = uint64(value if value >= 0 else -value)
    low, high = v & uint64(0xFFFFFFFF), v >> uint64(32)
    middle = low * high
    square = low * low + (middle << uint64(33))
    carry = uint64(1) if square < low * low else uint64(0)
    top = np.int64(high * high + (middle >> uint64(31)) + carry)
    before = uint64(a[at])
    if sign > 0:
        a[at] = np.int64(before + square)
        a[at + _ONE] += top + (1 if before + square < before else 0)
    else:
        a[at] = np.int64(before - square)
        a[at + _ONE] -= top + (1 if square > before else 0)


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
        before = uint64(a[to + k])
        after = before + uint64(a[of + k])
        a[to + k] = np.int64(after)
        a[to + k + 1] += a[of + k + 1] + (1 if after < before else 0)
