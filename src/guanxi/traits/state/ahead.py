"""Ahead: ask for the memory that the next events will read, while those before them are worked on.

A party's state lies anywhere in gigabytes, and every step to it needs what the step before found: its place in the
table, its header, its entries, the rows of their events. So each event is looked at several times before its turn, a
step further each time; what is asked for at one step has come when the next one reads it. Nothing is changed here.
"""

from typing import Any, Final

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import (
    PAIRS,
    PAIRS_CAP,
    PARTIES,
    PARTY_WORDS,
    SCRATCH,
    TABLE,
    TABLE_CAP,
    find,
    mixed,
    place,
)
from guanxi.traits.state.entries import M_DIR, M_DIR_CAP, M_WINDOWS
from guanxi.traits.state.jit import compiled, fetch
from guanxi.traits.state.sums import bits_of, row_of

STEPS: Final = 7  # looks at an event before its turn
_LINE: Final = 8  # words that come at once
_MOST: Final = 128  # lines of one thing


@compiled
def look_ahead(a: Any, p: Any, events: Any, first: Any, i: Any) -> None:
    """Before the event i of those from `first` on: one look at each of the next ones."""
    end = events.shape[0]
    if i == first:  # nobody looked at these yet
        for step in range(STEPS):
            for n in range(i, min(i + STEPS - step, end)):
                _look(a, p, events[n], n, step)
        return
    for step in range(STEPS):
        n = i + STEPS - 1 - step
        if n < end:
            _look(a, p, events[n], n, step)


@compiled
def _look(a: Any, p: Any, event: Any, n: Any, step: Any) -> None:
    """Take one step for every party of an event, the n-th of its call."""
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    memo = a[SCRATCH] + p[L.AHEAD] + 2 * p[L.N_PARTIES] * (n & 7)
    for party in range(p[L.N_PARTIES]):
        key = event[keys + party]
        if key == 0:
            continue
        words, s, kept = PARTIES + party * PARTY_WORDS, p[L.SECTIONS + party], memo + 2 * party
        if step == 0:
            if a[words + TABLE_CAP]:
                fetch(a, a[words + TABLE] + 2 * place(key, a[words + TABLE_CAP]))
            continue
        if step == 1:
            word = find(a, a[words + TABLE], a[words + TABLE_CAP], key) if a[words + TABLE_CAP] else 0
            a[kept] = a[word + 1] if word > 0 else 0
            a[kept + 1] = bits_of(p, s, event, 0)
            if word > 0:
                for k in range(0, p[s + L.HEADER], _LINE):
                    fetch(a, a[kept] + k)
            continue
        h = a[kept]
        if h == 0:
            continue
        if a[h + L.H_SHAPE] != L.MANY:
            _few(a, p, s, h, step)
        else:
            _many(a, p, s, h, event[L.E_CLOCK], step)
            if step == 2 or step == 4:
                _names(a, p, s, words, h, event, a[kept + 1], step)
        if step == 2 and a[h + L.H_TILES]:
            fetch(a, a[h + L.H_TILES])
            fetch(a, a[h + L.H_TILES] + _LINE)


@compiled
def _few(a: Any, p: Any, s: Any, h: Any, step: Any) -> None:
    """The block of few entries, then the rows of their events."""
    size, count = p[s + L.ENTRY], a[h + L.H_COUNT]
    first = a[h + L.H_BLOCK] + a[h + L.H_START] * size
    if step == 2:
        for k in range(0, count * size + size, _LINE):
            fetch(a, first + k)
    elif step == 4:
        for k in range(count):
            row = row_of(a, p, a[first + k * size + L.T_EVENT])
            fetch(a, row)
            fetch(a, row + _LINE)


@compiled
def _many(a: Any, p: Any, s: Any, h: Any, clock: Any, step: Any) -> None:
    """The sums of many entries, then what leaves each window next, then the rows of their events."""
    m, width = a[h + L.H_BLOCK], 1 + p[s + L.N_CELLS]
    if step == 2:
        for k in range(0, min(M_WINDOWS + p[s + L.WINDOWS + 1] * width, _MOST * _LINE), _LINE):
            fetch(a, m + k)
        return
    size, end = p[s + L.ENTRY], a[h + L.H_START] + a[h + L.H_COUNT]
    directory, mask = a[m + M_DIR], a[m + M_DIR_CAP] - 1
    for k in range(p[s + L.WINDOWS + 1] + 1):
        n = a[m + M_WINDOWS + k * width] if k < p[s + L.WINDOWS + 1] else end
        at = directory + ((n >> 5) & mask)
        if not _inside(a, at):  # it was given back since the last step
            continue
        if step == 3:
            fetch(a, at)
        elif step == 4:
            fetch(a, a[at] + (n & 31) * size)
        elif step == 5 and n < end:
            e = a[at] + (n & 31) * size
            if _inside(a, e) and a[e + L.T_CLOCK] < clock - p[p[s + L.WINDOWS] + k]:
                row = row_of(a, p, a[e + L.T_EVENT])
                fetch(a, row)
                fetch(a, row + _LINE)


@compiled
def _names(a: Any, p: Any, s: Any, words: Any, h: Any, event: Any, bits: Any, step: Any) -> None:
    """Where each name of the event was held last, then that entry."""
    codes = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES]
    q, cap, m = p[s + L.DISTINCTS], a[words + PAIRS_CAP], a[h + L.H_BLOCK]
    if cap == 0:
        return
    for k in range(p[s + L.DISTINCTS + 1]):
        value = event[codes + p[q + 3 * k + 2]]
        if not (bits >> p[q + 3 * k + 1]) & 1 or value == 0:
            continue
        key = mixed(h, p[q + 3 * k], value)
        if step == 2:
            fetch(a, a[words + PAIRS] + 2 * place(key, cap))
            continue
        word = find(a, a[words + PAIRS], cap, key)
        at = a[m + M_DIR] + ((a[word + 1] >> 5) & (a[m + M_DIR_CAP] - 1)) if word > 0 else -1
        if _inside(a, at):
            fetch(a, a[at] + (a[word + 1] & 31) * p[s + L.ENTRY])


@compiled
def _inside(a: Any, at: Any) -> Any:
    return 0 < at < a.shape[0] - _MOST
