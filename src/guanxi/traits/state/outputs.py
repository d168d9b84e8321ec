"""Outputs: numbers of traits from accumulators, registers and names, a run of outputs of one kind at a time."""

from typing import Any

import numpy as np
from numpy import uint64  # an index without sign is not looked at twice

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.jit import as_number, compiled
from guanxi.traits.state.life import decayed, streak

TWO_64 = 18446744073709551616.0
_ONE = uint64(1)


@compiled
def emit(a: Any, p: Any, run: Any, to: Any, here: Any, bits: Any, out: Any) -> None:
    """Write a run of outputs, which stand side by side, from the accumulators at `to`.

    run   where the plan says which: (window, kind, offset of the cells' places, outputs, first output)
    here  the row of the event that reads, 0 = none; bits: of that event
    """
    kind, q, n, o = p[run + 1], uint64(p[run + 2]), uint64(p[run + 3]), uint64(p[run + 4])
    r, s = q + n, q + n + n
    if kind == L.O_CELL:
        for k in range(n):
            out[o + k] = np.float64(a[uint64(to + p[q + k])])
    elif kind == L.O_MEAN:
        for k in range(n):
            below = a[uint64(to + p[r + k])]
            out[o + k] = np.float64(a[uint64(to + p[q + k])]) / np.float64(below) if below != 0 else np.nan
    elif kind == L.O_EXTREME:
        for k in range(n):
            out[o + k] = np.float64(a[uint64(to + p[q + k])]) if a[uint64(to + p[r + k])] != 0 else np.nan
    elif kind == L.O_STD:
        for k in range(n):
            count, square = a[uint64(to + p[r + k])], uint64(to + p[s + k])
            total = a[uint64(to + p[q + k])]
            out[o + k] = deviation(total, count, a[square], a[square + _ONE]) if count != 0 else np.nan
    else:  # versus
        for k in range(n):
            x, y, value = a[uint64(to + p[q + k])], a[uint64(to + p[r + k])], p[s + n + k]
            out[o + k] = np.nan
            if here and (bits >> p[s + k]) & 1 and (a[here + L.E_PRESENT] >> value) & 1 and x != 0:
                own = a[here + L.E_BITS + p[L.BIT_WORDS] + value]
                out[o + k] = np.float64(own) / (np.float64(x) / np.float64(y))


@compiled
def emit_lives(a: Any, p: Any, s: Any, h: Any, clock: Any, out: Any) -> None:
    """Write what registers say; h = 0: nothing is known of the party."""
    q = p[s + L.LIVES]
    for o in range(q, q + 4 * p[s + L.LIVES + 1], 4):
        kind, at = p[o], h + p[o + 2]
        if kind == L.O_STREAK:
            out[p[o + 1]] = np.float64(streak(a, at, clock)) if h else 0.0
        elif kind == L.O_DECAYED:
            out[p[o + 1]] = decayed(a, at, clock, p[o + 3]) if h else 0.0
        elif kind == L.O_SUM:
            out[p[o + 1]] = np.float64(a[at]) if h else 0.0
        elif h and a[at]:
            out[p[o + 1]] = np.float64(clock - a[at]) if kind == L.O_SINCE else np.float64(a[at + 1])
        else:
            out[p[o + 1]] = np.nan


@compiled
def emit_names(a: Any, p: Any, d: Any, to: Any, out: Any) -> None:
    """Write what the tallies at `to` say of names."""
    q = p[d + L.NAMES]
    for o in range(q, q + 4 * p[d + L.NAMES + 1], 4):
        kind, t = p[o], to + p[o + 2]
        value, total = np.nan, a[t + L.N_TOTAL]
        if kind == L.O_TOP:
            best = t + L.N_BEST + 4 * (p[o + 3] - 1)
            if a[best]:
                value = as_number(a[best + 3])
        elif total:
            most = a[t + L.N_BEST]
            if kind == L.O_TOP_SHARE:
                value = most / total
            elif most == total:
                value = 0.0
            else:
                value = np.log2(np.float64(total)) - as_number(a[t]) / total
        out[p[o + 1]] = value


@compiled
def deviation(total: Any, count: Any, low: Any, high: Any) -> Any:
    """Population standard deviation from exact integers: a sum, a count, a 128-bit sum of squares.

    count * squares - total * total is a 128-bit number that no rounding touches; only its root is rounded.
    """
    n, s = np.uint64(count), np.uint64(total if total >= 0 else -total)
    l0, h0 = _product(n, np.uint64(low))
    h0 += n * np.uint64(high)
    l1, h1 = _product(s, s)
    if h0 < h1 or (h0 == h1 and l0 <= l1):
        return 0.0
    top_words = h0 - h1 - (np.uint64(1) if l0 < l1 else np.uint64(0))
    return np.sqrt(np.float64(top_words) * TWO_64 + np.float64(l0 - l1)) / np.float64(count)


@compiled
def _product(x: Any, y: Any) -> Any:
    """(low, high) words of the product of two words without sign."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a, b, c, d = x >> half, x & mask, y >> half, y & mask
    bd = b * d
    middle = a * d + (bd >> half)
    second = b * c + (middle & mask)
    return (second << half) | (bd & mask), a * c + (middle >> half) + (second >> half)
