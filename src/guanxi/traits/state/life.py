"""Registers: what is remembered of a party for as long as it lives, a word or two each."""

from typing import Any

import numpy as np

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.jit import as_number, as_word, compiled


@compiled
def local_day(clock: Any) -> Any:
    """The local day of an instant, counted from 1970-01-01 in China."""
    return (clock + L.CHINA_MS) // L.DAY_MS


@compiled
def begin(a: Any, p: Any, s: Any, h: Any, clock: Any) -> None:
    """Begin a life: nothing is remembered."""
    a[h + L.H_FIRST] = clock
    for k in range(L.H_REGISTERS, p[s + L.HEADER]):
        a[h + k] = 0


@compiled
def remember(a: Any, p: Any, s: Any, h: Any, clock: Any, bits: Any, row: Any) -> None:
    """Write an event into the registers."""
    present, values = a[row + L.E_PRESENT], row + L.E_BITS + p[L.BIT_WORDS]
    q = p[s + L.REGISTERS]
    for k in range(p[s + L.REGISTERS + 1]):
        kind, bit, value = p[q + 5 * k], p[q + 5 * k + 1], p[q + 5 * k + 2]
        if not (bits >> bit) & 1:
            continue
        at, parameter = h + p[q + 5 * k + 3], p[q + 5 * k + 4]
        if kind == L.R_LAST:
            a[at] = clock
        elif kind == L.R_FIRST:
            if a[at] == 0:
                a[at] = clock
        elif kind == L.R_STREAK:
            day = local_day(clock) + 1
            if a[at] != day:
                a[at + 1] = a[at + 1] + 1 if a[at] == day - 1 else 1
                a[at] = day
        elif kind == L.R_DECAYED:
            added = 1.0
            if value >= 0:
                if not (present >> value) & 1:
                    continue
                added = np.float64(a[values + value])
            before = decayed(a, at, clock, parameter)
            a[at] = as_word(before + added)
            a[at + 1] = clock
        elif (present >> value) & 1:
            if kind == L.R_SUM:
                a[at] += a[values + value]
            elif kind == L.R_LAST_VALUE or a[at] == 0:
                a[at] = 1
                a[at + 1] = a[values + value]


@compiled
def decayed(a: Any, at: Any, clock: Any, half_life: Any) -> Any:
    """A decayed sum as it stands at an instant."""
    if a[at + 1] == 0:
        return 0.0
    return as_number(a[at]) * 2.0 ** (-np.float64(clock - a[at + 1]) / np.float64(half_life))


@compiled
def streak(a: Any, at: Any, clock: Any) -> Any:
    """Days in a row that end today or yesterday."""
    return a[at + 1] if a[at] >= local_day(clock) else 0
