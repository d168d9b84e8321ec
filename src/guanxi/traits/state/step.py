"""Steps: one event after the other through the state of every party that it names, read before written."""

from typing import Any

import numpy as np

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.ahead import look_ahead
from guanxi.traits.state.arena import (
    BUMP,
    CLOCK,
    DUE,
    EVENTS,
    KEYS,
    NEWEST,
    NEXT,
    OLDEST,
    PAIRS_CAP,
    PAIRS_N,
    PARTIES,
    PARTY_WORDS,
    RING_FROM,
    SCRATCH,
    SEQ,
    SILENT,
    SLAB,
    SLAB_END,
    STORE,
    STORE_CAP,
    SWEEP,
    TABLE,
    TABLE_CAP,
    bump,
    find,
    give,
    grown,
    remove,
    take,
)
from guanxi.traits.state.days import add_day, forget_days, windows_of_days
from guanxi.traits.state.entries import F_HEADER, append, flagged, pop, seal, unflag, windows
from guanxi.traits.state.jit import compiled, lowest, ones
from guanxi.traits.state.life import begin, remember
from guanxi.traits.state.outputs import deviation as deviation
from guanxi.traits.state.outputs import emit_lives
from guanxi.traits.state.sums import bits_of, header_in, row_of

RETIRED_PER_EVENT = 64
SWEPT = 2  # places of a table that are looked at when an event names a party of its type
SWEPT_FOR_NEW = 64  # and when the party is new, so that a table of many that never return is searched in time
LAPS = 32  # searches through a table in the time after which a party is forgotten, at most
MARGIN = 1 << 19  # words that one event may need beside what `need` adds up


@compiled
def replay(a: Any, p: Any, events: Any, first: Any, out: Any, reads: Any) -> Any:
    """Take events from `first` on, each a row; with `reads` each row of `out` is what the event saw.

    returns  the number of the first event not taken: all were, or room is needed
    """
    for i in range(first, events.shape[0]):
        if need(a, p):
            return i
        look_ahead(a, p, events, first, i)
        if reads:
            read(a, p, events[i], out[i])
        write(a, p, events[i])
    return events.shape[0]


@compiled
def read_key(a: Any, p: Any, party: Any, key: Any, clock: Any, out: Any) -> None:
    """Read every trait of one party as it stands at an instant; the others' become nan."""
    for k in range(out.shape[0]):
        out[k] = np.nan
    h = _header(a, p, party, key, clock)
    if h == 0 and key == 0:
        return
    _outputs(a, p, p[L.SECTIONS + party], h, clock, 0, 0, out)


@compiled
def read_keys(a: Any, p: Any, party: Any, keys: Any, clock: Any, out: Any) -> None:
    """Read every trait of many parties of one type at an instant, each a row."""
    for i in range(keys.shape[0]):
        read_key(a, p, party, keys[i], clock, out[i])


@compiled
def read(a: Any, p: Any, event: Any, out: Any) -> None:
    """Read every trait of an event's parties before it."""
    clock = event[L.E_CLOCK]
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    # The event's own bits and values, for what compares it with those before.
    here = a[SCRATCH]
    for k in range(keys):
        a[here + k] = event[k]
    for party in range(p[L.N_PARTIES]):
        s = p[L.SECTIONS + party]
        if event[keys + party] == 0:
            for k in range(p[s + L.FIRST], p[s + L.FIRST] + p[s + L.FIRST + 1]):
                out[k] = np.nan
            continue
        h = _header(a, p, party, event[keys + party], clock)
        _outputs(a, p, s, h, clock, here, bits_of(p, s, a, here), out)


@compiled
def write(a: Any, p: Any, event: Any) -> None:
    """Write one event, newer than all before it; what left the longest window is retired."""
    clock = event[L.E_CLOCK]
    _retire(a, p, clock)
    row, number = a[SCRATCH], _store(a, p, event)
    keys = L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES] + p[L.N_CODES]
    for k in range(keys):
        a[row + k] = event[k]
    a[CLOCK] = clock
    a[SEQ] = event[L.E_SEQ]
    at = header_in(a, row_of(a, p, number), 0)
    for party in range(p[L.N_PARTIES]):
        if event[keys + party] == 0:
            continue
        s = p[L.SECTIONS + party]
        bits = bits_of(p, s, a, row)
        far = bits_of(p, p[s + L.DAYS], a, row) if p[s + L.DAYS] else 0
        if bits or far:  # something is measured of this party
            h = opened(a, p, party, event[keys + party], clock)
            if bits:  # what only days measure has no entry to be retired
                a[at] = h
            enter(a, p, party, h, number, row, bits, far)
            _sweep(a, p, party, clock, SWEPT)
        at += 1


@compiled
def enter(a: Any, p: Any, party: Any, h: Any, number: Any, row: Any, bits: Any, far: Any) -> None:
    """Write one event into one party; number = -1: no window reaches it any more, and no row of the ring holds it.

    bits, far   of the event, in the order of the party's section and of that of its days
    """
    s, words = p[L.SECTIONS + party], PARTIES + party * PARTY_WORDS
    clock = a[row + L.E_CLOCK]
    codes = row + L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES]
    if bits and p[s + L.WINDOWS + 1] and number >= 0:
        flags = 0
        q = p[s + L.AFTERS]
        for k in range(p[s + L.AFTERS + 1]):
            came = a[h + p[q + 4 * k + 2]]
            if (bits >> p[q + 4 * k + 1]) & 1 and came and clock - came <= p[q + 4 * k + 3]:
                flags |= 1 << p[q + 4 * k]
        q = p[s + L.DISTINCTS]
        for k in range(p[s + L.DISTINCTS + 1]):
            value = a[codes + p[q + 3 * k + 2]]
            if (bits >> p[q + 3 * k + 1]) & 1 and value:
                unflag(a, p, s, words, h, p[q + 3 * k], p[q + 3 * k + 2], value)
                flags |= 1 << p[q + 3 * k]
        e = append(a, p, s, words, h, clock, number, bits, flags)
        q = p[s + L.GAPS]
        for k in range(p[s + L.GAPS + 1]):
            came = a[h + p[q + 3 * k + 1]]
            if (bits >> p[q + 3 * k]) & 1 and came:
                a[e + L.T_GAPS + p[q + 3 * k + 2]] = clock - came
        seal(a, p, s, h)
        q = p[s + L.DISTINCTS]
        for k in range(p[s + L.DISTINCTS + 1]):
            if (flags >> p[q + 3 * k]) & 1:
                flagged(a, p, s, words, h, p[q + 3 * k], a[codes + p[q + 3 * k + 2]])
    remember(a, p, s, h, clock, bits, row)
    if p[s + L.DAYS]:
        add_day(a, p, s, words, h, clock, far, row)
    a[h + L.H_LAST] = clock


@compiled
def opened(a: Any, p: Any, party: Any, key: Any, clock: Any) -> Any:
    """The header of a party, made when it is new, begun anew after a long silence."""
    s, words = p[L.SECTIONS + party], PARTIES + party * PARTY_WORDS
    if 3 * a[words + KEYS] >= 2 * a[words + TABLE_CAP]:
        a[words + TABLE] = grown(a, a[words + TABLE], a[words + TABLE_CAP])
        a[words + TABLE_CAP] = 2 * a[words + TABLE_CAP] if a[words + TABLE_CAP] else 16
        a[words + SWEEP] = 0
        if a[words + KEYS] == 0:
            a[words + DUE] = clock + p[L.MEMORY]
        a[words + SILENT] = clock
    word = find(a, a[words + TABLE], a[words + TABLE_CAP], key)
    if word > 0:
        h = a[word + 1]
        if clock - a[h + L.H_LAST] > p[L.MEMORY]:
            forget_days(a, words, h)
            begin(a, p, s, h, clock)
        return h
    h = take(a, words, F_HEADER, p[s + L.HEADER])
    for k in range(L.H_REGISTERS):
        a[h + k] = 0
    a[h + L.H_KEY] = key
    a[h + L.H_LAST] = clock
    begin(a, p, s, h, clock)
    a[-word] = key
    a[-word + 1] = h
    a[words + KEYS] += 1
    _sweep(a, p, party, clock, SWEPT_FOR_NEW)
    return h


@compiled
def need(a: Any, p: Any) -> Any:
    """0 when the next event surely finds room; else the words that must be free."""
    words = MARGIN
    if a[NEXT] - a[OLDEST] + 2 * (p[L.ROW] + L.R_WORDS) > a[STORE_CAP]:
        words += 2 * a[STORE_CAP]
    for party in range(p[L.N_PARTIES]):
        q = PARTIES + party * PARTY_WORDS
        if 3 * (a[q + KEYS] + 1) >= 2 * a[q + TABLE_CAP]:
            words += 4 * a[q + TABLE_CAP] + 64
        if 3 * (a[q + PAIRS_N] + 2048) >= 2 * a[q + PAIRS_CAP]:
            words += 4 * a[q + PAIRS_CAP] + 8192
    return words if a[BUMP] + words > a.shape[0] else 0


@compiled
def _header(a: Any, p: Any, party: Any, key: Any, clock: Any) -> Any:
    """The header of a party that is remembered at an instant, 0 without one."""
    words = PARTIES + party * PARTY_WORDS
    if key == 0 or a[words + TABLE_CAP] == 0:
        return 0
    word = find(a, a[words + TABLE], a[words + TABLE_CAP], key)
    if word < 0:
        return 0
    h = a[word + 1]
    return h if clock - a[h + L.H_LAST] <= p[L.MEMORY] else 0


@compiled
def _store(a: Any, p: Any, event: Any) -> Any:
    """Write the row of an event, that names no header yet, into the ring; return its number."""
    while a[NEXT] - a[OLDEST] + 2 * (p[L.ROW] + L.R_WORDS) > a[STORE_CAP]:
        _grow_store(a, p)
    number, left = a[NEXT], a[STORE_CAP] - (a[NEXT] & (a[STORE_CAP] - 1))
    if left < p[L.ROW] + L.R_WORDS:  # rows do not go round the end
        number += left
        if a[EVENTS]:
            a[row_of(a, p, a[NEWEST]) + L.R_PARTIES] += left << L.R_STEP
        else:
            a[OLDEST] = number
    row = row_of(a, p, number)
    at, values = row + L.R_WORDS, L.E_BITS + p[L.BIT_WORDS]
    present = event[L.E_PRESENT]
    a[row + L.E_PRESENT] = present
    while present:
        a[at] = event[values + lowest(present)]
        present &= present - 1
        at += 1
    codes, values = 0, values + p[L.N_VALUES]
    for k in range(p[L.N_CODES]):
        if event[values + k]:
            codes |= 1 << k
            a[at] = event[values + k]
            at += 1
    parties, values = 0, values + p[L.N_CODES]
    for k in range(p[L.N_PARTIES]):
        if event[values + k]:
            parties |= 1 << k
            a[at] = 0
            at += 1
    a[row + L.E_CLOCK] = event[L.E_CLOCK]
    a[row + L.E_SEQ] = event[L.E_SEQ]
    a[row + L.R_CODES] = codes
    a[row + L.R_PARTIES] = parties | (at - row) << L.R_STEP
    a[NEWEST] = number
    a[NEXT] = number + at - row
    a[EVENTS] += 1
    return number


@compiled
def _retire(a: Any, p: Any, clock: Any) -> None:
    """Drop events that no window reaches any more, from the ring and from their parties."""
    for _ in range(min(a[EVENTS], RETIRED_PER_EVENT)):
        row = row_of(a, p, a[OLDEST])
        if a[row + L.E_CLOCK] >= clock - p[L.LONGEST]:
            break
        at, named = header_in(a, row, 0), a[row + L.R_PARTIES] & ((1 << L.R_STEP) - 1)
        while named:
            party = lowest(named)
            named &= named - 1
            if a[at] and p[p[L.SECTIONS + party] + L.WINDOWS + 1]:
                pop(a, p, p[L.SECTIONS + party], PARTIES + party * PARTY_WORDS, a[at])
            at += 1
        a[OLDEST] += a[row + L.R_PARTIES] >> L.R_STEP
        a[EVENTS] -= 1


@compiled
def _grow_store(a: Any, p: Any) -> None:
    """Give the ring of events twice the words."""
    cap, old = a[STORE_CAP], a[STORE]
    made = bump(a, 2 * cap)
    number = a[OLDEST]
    for _ in range(a[EVENTS]):
        of, to = old + (number & (cap - 1)), made + (number & (2 * cap - 1))
        named = a[of + L.R_PARTIES]
        size = L.R_WORDS + ones(a[of + L.E_PRESENT]) + ones(a[of + L.R_CODES]) + ones(named & ((1 << L.R_STEP) - 1))
        for k in range(size):
            a[to + k] = a[of + k]
        number += named >> L.R_STEP
    if cap > a[SLAB_END] - a[SLAB]:
        a[SLAB] = old  # what it held is cut into small things
        a[SLAB_END] = old + cap
    a[STORE] = made
    a[STORE_CAP] = 2 * cap
    a[RING_FROM] = a[OLDEST]


@compiled
def _sweep(a: Any, p: Any, party: Any, clock: Any, places: Any) -> None:
    """Look at the next places of a table for parties that are forgotten, once there may be some."""
    words = PARTIES + party * PARTY_WORDS
    if clock < a[words + DUE]:
        return
    table, mask = a[words + TABLE], a[words + TABLE_CAP] - 1
    for _ in range(places):
        word = table + 2 * a[words + SWEEP]
        if a[word]:
            h = a[word + 1]
            if a[h + L.H_COUNT] == 0 and clock - a[h + L.H_LAST] > p[L.MEMORY]:
                forget_days(a, words, h)
                give(a, words, F_HEADER, h)
                remove(a, table, mask + 1, word)
                a[words + KEYS] -= 1
                continue  # another may have moved to this place
            a[words + SILENT] = min(a[words + SILENT], a[h + L.H_LAST])
        a[words + SWEEP] = (a[words + SWEEP] + 1) & mask
        if a[words + SWEEP] == 0:  # nobody is forgotten before the one that is silent for longest
            a[words + DUE] = max(a[words + SILENT] + p[L.MEMORY] + 1, clock + p[L.MEMORY] // LAPS)
            a[words + SILENT] = clock
            return


@compiled
def _outputs(a: Any, p: Any, s: Any, h: Any, clock: Any, here: Any, bits: Any, out: Any) -> None:
    """Read every trait of one party; h = 0: nothing is known of it."""
    windows(a, p, s, h, clock, here, bits, out)
    if p[s + L.DAYS]:
        windows_of_days(a, p, p[s + L.DAYS], h, clock, out)
    emit_lives(a, p, s, h, clock, out)
