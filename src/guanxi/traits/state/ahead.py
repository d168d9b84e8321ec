"""Ahead: ask for the memory that the next events will read, while those before them are worked on.

A party's state lies anywhere in gigabytes, and each step to it needs what the step before found: its place in the
table, its header, its entries, the rows of their events. One step for each of the next events is asked for at a time.
"""

from typing import Any, Final

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import PARTIES, PARTY_WORDS, TABLE, TABLE_CAP, find, place
from guanxi.traits.state.entries import M_DIR, M_DIR_CAP, M_WINDOWS
from guanxi.traits.state.jit import compiled, fetch
from guanxi.traits.state.sums import row_of

STEPS: Final = 4
_LINE = 8  # words that come at once
_MOST = 32  # lines of one thing


@compiled
def look_ahead(a: Any, p: Any, events: Any, i: Any) -> None:
    """Before the event i: one step for each of the next events, every step for the first one of all."""
    n = events.shape[0]
    if i + 4 < n:
        fetch_places(a, p, events[i + 4])
    if i + 3 < n:
        fetch_parties(a, p, events[i + 3], 1)
    if i + 2 < n:
        fetch_parties(a, p, events[i + 2], 2)
    if i + 1 < n:
        fetch_parties(a, p, events[i + 1], 3)


@compiled
def fetch_places(a: Any, p: Any, event: Any) -> None:
    """Ask for the places of an event's parties in the tables."""
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    for party in range(p[L.N_PARTIES]):
        words, key = PARTIES + party * PARTY_WORDS, event[keys + party]
        if key and a[words + TABLE_CAP]:
            fetch(a, a[words + TABLE] + 2 * place(key, a[words + TABLE_CAP]))


@compiled
def fetch_parties(a: Any, p: Any, event: Any, step: Any) -> None:
    """Ask for what a step needs of each party of an event: 1 the header, 2 the entries, 3 the rows of their events."""
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    for party in range(p[L.N_PARTIES]):
        words, key, s = PARTIES + party * PARTY_WORDS, event[keys + party], p[L.SECTIONS + party]
        if key == 0 or a[words + TABLE_CAP] == 0:
            continue
        word = find(a, a[words + TABLE], a[words + TABLE_CAP], key)
        if word < 0:
            continue
        h = a[word + 1]
        if step == 1:
            for k in range(0, p[s + L.HEADER], _LINE):
                fetch(a, h + k)
        elif step == 2:
            _entries(a, p, s, h)
        else:
            _rows(a, p, s, h)


@compiled
def _entries(a: Any, p: Any, s: Any, h: Any) -> None:
    size, count, at = p[s + L.ENTRY], a[h + L.H_COUNT], a[h + L.H_BLOCK]
    if count and a[h + L.H_SHAPE] != L.MANY:
        first = at + a[h + L.H_START] * size
        for k in range(0, min(count * size + size, _MOST * _LINE), _LINE):
            fetch(a, first + k)
    elif count:
        for k in range(0, min(p[s + L.WINDOWS + 1] * (1 + p[s + L.N_CELLS]), 4 * _MOST * _LINE), _LINE):
            fetch(a, a[at + M_WINDOWS] + k)
    if a[h + L.H_TILES]:
        fetch(a, a[h + L.H_TILES])
        fetch(a, a[h + L.H_TILES] + _LINE)


@compiled
def _rows(a: Any, p: Any, s: Any, h: Any) -> None:
    size, count = p[s + L.ENTRY], a[h + L.H_COUNT]
    if a[h + L.H_SHAPE] != L.MANY:
        first = a[h + L.H_BLOCK] + a[h + L.H_START] * size
        for k in range(count):
            row = row_of(a, p, a[first + k * size + L.T_EVENT])
            fetch(a, row)
            fetch(a, row + _LINE)
        return
    m, start = a[h + L.H_BLOCK], a[h + L.H_START]
    for k in range(p[s + L.WINDOWS + 1]):  # what leaves each window next
        n = a[a[m + M_WINDOWS] + k * (1 + p[s + L.N_CELLS])]
        if n < start + count:
            block = a[a[m + M_DIR] + ((n >> 5) & (a[m + M_DIR_CAP] - 1))]
            fetch(a, block + (n & 31) * size)
