"""Rebuilding: a party's state is dropped, and its events are entered anew, as identities known later have it."""

from typing import Any

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import CLOCK, KEYS, PARTIES, PARTY_WORDS, SCRATCH, TABLE, TABLE_CAP, find, give, remove
from guanxi.traits.state.days import forget_days
from guanxi.traits.state.entries import F_HEADER, drop, entry_at
from guanxi.traits.state.jit import compiled
from guanxi.traits.state.step import enter, need, opened
from guanxi.traits.state.sums import bits_of, header_in, row_of

# Columns of the rows that `held` writes.
HELD_WORDS = 3  # clock, seq, number of the row in the ring


@compiled
def count_held(a: Any, p: Any, party: Any, keys: Any) -> Any:
    """How many events the ring holds of some parties."""
    total = 0
    for i in range(keys.shape[0]):
        word = _found(a, party, keys[i])
        if word > 0:
            total += a[a[word + 1] + L.H_COUNT]
    return total


@compiled
def held(a: Any, p: Any, party: Any, keys: Any, rows: Any) -> None:
    """Write clock, seq and number of every event that the ring holds of some parties."""
    n, s = 0, p[L.SECTIONS + party]
    for i in range(keys.shape[0]):
        word = _found(a, party, keys[i])
        if word > 0:
            h = a[word + 1]
            for k in range(a[h + L.H_COUNT]):
                number = a[entry_at(a, p, s, h, k) + L.T_EVENT]
                row = row_of(a, p, number)
                rows[n, 0] = a[row + L.E_CLOCK]
                rows[n, 1] = a[row + L.E_SEQ]
                rows[n, 2] = number
                n += 1


@compiled
def unknown(a: Any, p: Any, party: Any, events: Any, rows: Any) -> Any:
    """The number of the first event that the longest window reaches and `rows` lack; as many as there are: none."""
    for i in range(events.shape[0]):
        if _measured(a, p, party, events[i]) and _reached(a, p, party) and _number(rows, events[i]) < 0:
            return i
    return events.shape[0]


@compiled
def drop_keys(a: Any, p: Any, party: Any, keys: Any, rows: Any) -> None:
    """Forget some parties wholly; the rows of their events, which others may share, name them no more."""
    words, s = PARTIES + party * PARTY_WORDS, p[L.SECTIONS + party]
    for i in range(rows.shape[0]):
        a[header_in(a, row_of(a, p, rows[i, 2]), party)] = 0
    for i in range(keys.shape[0]):
        word = _found(a, party, keys[i])
        if word > 0:
            h = a[word + 1]
            drop(a, p, s, words, h)
            forget_days(a, words, h)
            give(a, words, F_HEADER, h)
            remove(a, a[words + TABLE], a[words + TABLE_CAP], word)
            a[words + KEYS] -= 1


@compiled
def reenter(a: Any, p: Any, party: Any, events: Any, first: Any, rows: Any) -> Any:
    """Enter events, from `first` on, into the parties that they name now; those of the ring are found in `rows`.

    returns  the number of the first event not entered: all were, or room is needed
    """
    mine = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES] + party
    for i in range(first, events.shape[0]):
        if need(a, p):
            return i
        if not _measured(a, p, party, events[i]):
            continue
        number = _number(rows, events[i]) if _reached(a, p, party) else -1
        h = opened(a, p, party, events[i][mine], events[i][L.E_CLOCK])
        if number >= 0:
            a[header_in(a, row_of(a, p, number), party)] = h
        s, row = p[L.SECTIONS + party], a[SCRATCH]
        far = bits_of(p, p[s + L.DAYS], a, row) if p[s + L.DAYS] else 0
        enter(a, p, party, h, number, row, bits_of(p, s, a, row), far)
    return events.shape[0]


@compiled
def _found(a: Any, party: Any, key: Any) -> Any:
    """Where the table holds a party; not above 0 without one."""
    words = PARTIES + party * PARTY_WORDS
    if key == 0 or a[words + TABLE_CAP] == 0:
        return 0
    return find(a, a[words + TABLE], a[words + TABLE_CAP], key)


@compiled
def _measured(a: Any, p: Any, party: Any, event: Any) -> Any:
    """True when an event counts for the party it names; its words then stand in the scratch."""
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    if event[keys + party] == 0:
        return False
    row = a[SCRATCH]
    for k in range(keys):
        a[row + k] = event[k]
    s = p[L.SECTIONS + party]
    return bits_of(p, s, a, row) != 0 or (p[s + L.DAYS] != 0 and bits_of(p, p[s + L.DAYS], a, row) != 0)


@compiled
def _reached(a: Any, p: Any, party: Any) -> Any:
    """True when a window of the party reaches the event in the scratch."""
    s, row = p[L.SECTIONS + party], a[SCRATCH]
    recent = a[row + L.E_CLOCK] >= a[CLOCK] - p[L.LONGEST]
    return recent and p[s + L.WINDOWS + 1] > 0 and bits_of(p, s, a, row) != 0


@compiled
def _number(rows: Any, event: Any) -> Any:
    """The number of an event's row, -1 without one; rows stand in order of (clock, seq)."""
    low, high = 0, rows.shape[0]
    while low < high:
        middle = (low + high) >> 1
        if rows[middle, 0] < event[L.E_CLOCK] or (
            rows[middle, 0] == event[L.E_CLOCK] and rows[middle, 1] < event[L.E_SEQ]
        ):
            low = middle + 1
        else:
            high = middle
    if low < rows.shape[0] and rows[low, 0] == event[L.E_CLOCK] and rows[low, 1] == event[L.E_SEQ]:
        return rows[low, 2]
    return -1
