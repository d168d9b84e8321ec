"""Digest: one number of all that is remembered, wherever in the arena it stands."""

from typing import Any

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import CLOCK, PARTIES, PARTY_WORDS, TABLE, TABLE_CAP, mixed
from guanxi.traits.state.days import (
    C_CLOCK,
    C_CODE,
    C_COUNT,
    C_DAYS,
    C_NEXT,
    C_SEQ,
    C_WHICH,
    V_COUNT,
    V_TILES,
)
from guanxi.traits.state.entries import entry_at
from guanxi.traits.state.jit import compiled, ones
from guanxi.traits.state.sums import row_of


@compiled
def digest(a: Any, p: Any, party: Any) -> Any:
    """A number of every party of one type that is remembered now: keys, registers, entries, days and names.

    What no window reaches any more, and who is forgotten, does not count: it leaves the arena some time later.
    """
    s, words = p[L.SECTIONS + party], PARTIES + party * PARTY_WORDS
    total = 0
    for at in range(a[words + TABLE_CAP]):
        key, h = a[a[words + TABLE] + 2 * at], a[a[words + TABLE] + 2 * at + 1]
        if key == 0 or a[CLOCK] - a[h + L.H_LAST] > p[L.MEMORY]:
            continue
        x = mixed(key, a[h + L.H_FIRST], a[h + L.H_LAST])
        for k in range(L.H_REGISTERS, p[s + L.HEADER]):
            x = mixed(x, k, a[h + k])
        for i in range(a[h + L.H_COUNT]):
            e = entry_at(a, p, s, h, i)
            if a[e + L.T_CLOCK] >= a[CLOCK] - p[L.LONGEST]:
                x = _entry(a, p, s, e, x)
        total += _days(a, p, s, h, x)
    return total


@compiled
def _entry(a: Any, p: Any, s: Any, e: Any, x: Any) -> Any:
    for k in range(p[s + L.ENTRY]):
        if k != L.T_EVENT:
            x = mixed(x, k, a[e + k])
    row = row_of(a, p, a[e + L.T_EVENT])
    for k in range(L.R_PARTIES):
        x = mixed(x, k, a[row + k])
    for k in range(ones(a[row + L.E_PRESENT]) + ones(a[row + L.R_CODES])):
        x = mixed(x, k, a[row + L.R_WORDS + k])
    return x


@compiled
def _days(a: Any, p: Any, s: Any, h: Any, x: Any) -> Any:
    v, d = a[h + L.H_TILES], p[s + L.DAYS]
    if v:
        for k in range(a[v + V_COUNT] * p[d + L.WIDTH]):
            x = mixed(x, k, a[v + V_TILES + k])
    c = a[h + L.H_CODES]
    while c:
        x = mixed(mixed(x, a[c + C_WHICH], a[c + C_CODE]), a[c + C_CLOCK], a[c + C_SEQ])
        for k in range(2 * a[c + C_COUNT]):
            x = mixed(x, k, a[a[c + C_DAYS] + k])
        c = a[c + C_NEXT]
    return x
