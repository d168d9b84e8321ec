"""Entries: the events of one party inside the longest window, and what they add up to in each window.

Few entries stand in one small block and are read one by one. Many stand in blocks of 32, with sums for each window
that follow the clock: an event enters every window once and leaves it once, and integers forget nothing. Distinct
names are counted by a flag on the latest entry of each name.
"""

from typing import Any

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import (
    PAIRS,
    PAIRS_CAP,
    PAIRS_N,
    SCRATCH,
    alloc,
    find,
    free,
    give,
    grown,
    mixed,
    power,
    remove,
    take,
)
from guanxi.traits.state.jit import compiled
from guanxi.traits.state.outputs import emit
from guanxi.traits.state.sums import add_event, add_extremes, clear, clear_extremes, code_of, row_of

# Own sizes of a party: free lists.
F_HEADER, F_SMALL, F_LARGE, F_WINDOWS = 0, 0, 7, 8  # small blocks: F_SMALL + shape
# Words of what a party of many blocks holds; then of each window: the number of its oldest entry, and its sums.
M_DIR, M_DIR_CAP, M_FIRST, M_NEXT, M_WINDOWS = 0, 1, 2, 3, 4


@compiled
def entry_at(a: Any, p: Any, s: Any, h: Any, i: Any) -> Any:
    """Where the i-th oldest entry of a party stands."""
    if a[h + L.H_SHAPE] != L.MANY:
        return a[h + L.H_BLOCK] + (a[h + L.H_START] + i) * p[s + L.ENTRY]
    n = a[h + L.H_START] + i
    m = a[h + L.H_BLOCK]
    block = a[a[m + M_DIR] + ((n >> 5) & (a[m + M_DIR_CAP] - 1))]
    return block + (n & 31) * p[s + L.ENTRY]


@compiled
def add_entry(a: Any, p: Any, s: Any, e: Any, to: Any, sign: Any) -> Any:
    """Add one entry to accumulators, or take it out; see `add_event`."""
    row = row_of(a, p, a[e + L.T_EVENT])
    return add_event(a, p, s, a[e + L.T_BITS], a[e + L.T_FLAGS], row, True, e + L.T_GAPS, to, sign)


@compiled
def windows(a: Any, p: Any, s: Any, h: Any, clock: Any, here: Any, bits: Any, out: Any) -> None:
    """Write the outputs of every window [clock - w, clock] of a party; here, bits: of the event that reads, or 0."""
    to = a[SCRATCH] + p[s + L.OUT]
    clear(a, p, s, to)
    left = a[h + L.H_COUNT] if h else 0
    w, r = p[s + L.WINDOWS], p[s + L.RUNS]
    last = r + L.RUN_WORDS * p[s + L.RUNS + 1]
    many = left > 0 and a[h + L.H_SHAPE] == L.MANY
    for k in range(p[s + L.WINDOWS + 1]):
        since = clock - p[w + k]
        if many:
            to = _slide(a, p, s, h, k, since)
        else:
            while left > 0:
                e = entry_at(a, p, s, h, left - 1)
                if a[e + L.T_CLOCK] < since:
                    break
                add_entry(a, p, s, e, to, 1)
                left -= 1
        while r < last and p[r] == k:
            emit(a, p, r, to, here, bits, out)
            r += L.RUN_WORDS


@compiled
def append(a: Any, p: Any, s: Any, party: Any, h: Any, clock: Any, number: Any, bits: Any, flags: Any) -> Any:
    """Add the newest entry, its gaps still -1; return where it stands."""
    size = p[s + L.ENTRY]
    shape, count = a[h + L.H_SHAPE], a[h + L.H_COUNT]
    if shape == L.MANY:
        e = _append_many(a, p, s, party, h)
    else:
        full = shape == 0 or a[h + L.H_START] + count == L.SMALL[shape]
        if full and shape > 0 and 2 * a[h + L.H_START] >= L.SMALL[shape]:
            block = a[h + L.H_BLOCK]  # half of it has expired: move up
            for k in range(count * size):
                a[block + k] = a[block + a[h + L.H_START] * size + k]
            a[h + L.H_START] = 0
            full = False
        if full and shape == L.MANY - 1:
            _to_many(a, p, s, party, h)
            e = _append_many(a, p, s, party, h)
        else:
            if full:
                _to_shape(a, p, s, party, h, shape + 1)
            e = entry_at(a, p, s, h, count)
    a[e + L.T_CLOCK] = clock
    a[e + L.T_EVENT] = number
    a[e + L.T_BITS] = bits
    a[e + L.T_FLAGS] = flags
    for k in range(L.T_GAPS, size):
        a[e + k] = -1
    a[h + L.H_COUNT] = count + 1
    return e


@compiled
def seal(a: Any, p: Any, s: Any, h: Any) -> None:
    """Add the newest entry, now that it is written, to the sums of many blocks."""
    if a[h + L.H_SHAPE] != L.MANY:
        return
    m, last, size = a[h + L.H_BLOCK], a[h + L.H_START] + a[h + L.H_COUNT] - 1, p[s + L.ENTRY]
    block = a[a[m + M_DIR] + ((last >> 5) & (a[m + M_DIR_CAP] - 1))]
    e = block + (last & 31) * size
    for k in range(p[s + L.WINDOWS + 1]):
        add_entry(a, p, s, e, _sums(a, p, s, m, k) + 1, 1)
    extremes = block + L.BLOCK * size
    if last & 31 == 0:
        clear_extremes(a, p, s, extremes)
    add_extremes(a, p, s, a[e + L.T_BITS], row_of(a, p, a[e + L.T_EVENT]), extremes)


@compiled
def pop(a: Any, p: Any, s: Any, party: Any, h: Any) -> None:
    """Drop the oldest entry."""
    if a[h + L.H_SHAPE] != L.MANY:
        a[h + L.H_START] += 1
        a[h + L.H_COUNT] -= 1
        if a[h + L.H_COUNT] == 0:
            give(a, party, F_SMALL + a[h + L.H_SHAPE], a[h + L.H_BLOCK])
            a[h + L.H_SHAPE] = 0
            a[h + L.H_START] = 0
        return
    n, e = a[h + L.H_START], entry_at(a, p, s, h, 0)
    for k in range(p[s + L.WINDOWS + 1]):
        at = _sums(a, p, s, a[h + L.H_BLOCK], k)
        if a[at] == n:
            a[at] = n + 1
            if add_entry(a, p, s, e, at + 1, -1):
                _find_extremes(a, p, s, h, n + 1, at + 1)
    _forget(a, p, s, party, h, e, n)
    a[h + L.H_START] = n + 1
    a[h + L.H_COUNT] -= 1
    if n & 31 == 31:
        _free_block(a, party, h, n >> 5)
    if a[h + L.H_COUNT] <= L.SMALL[L.FEW]:
        _to_few(a, p, s, party, h)


@compiled
def unflag(a: Any, p: Any, s: Any, party: Any, h: Any, flag: Any, code: Any, value: Any) -> None:
    """Take the flag from the entry that held this name last, if any."""
    bit = 1 << flag
    if a[h + L.H_SHAPE] != L.MANY:
        for i in range(a[h + L.H_COUNT] - 1, -1, -1):
            e = entry_at(a, p, s, h, i)
            if a[e + L.T_FLAGS] & bit and _code(a, p, a[e + L.T_EVENT], code) == value:
                a[e + L.T_FLAGS] ^= bit
                return
        return
    if a[party + PAIRS_CAP] == 0:
        return
    word = find(a, a[party + PAIRS], a[party + PAIRS_CAP], mixed(h, flag, value))
    if word < 0:
        return
    n, m, size = a[word + 1], a[h + L.H_BLOCK], p[s + L.ENTRY]
    block = a[a[m + M_DIR] + ((n >> 5) & (a[m + M_DIR_CAP] - 1))]
    a[block + (n & 31) * size + L.T_FLAGS] ^= bit
    cell = 1 + p[s + L.BITS + 1] + flag
    for k in range(p[s + L.WINDOWS + 1]):
        at = _sums(a, p, s, m, k)
        if a[at] <= n:
            a[at + cell] -= 1


@compiled
def flagged(a: Any, p: Any, s: Any, party: Any, h: Any, flag: Any, value: Any) -> None:
    """Remember that the newest entry, just written, holds this name."""
    if a[h + L.H_SHAPE] == L.MANY:
        _remember(a, party, mixed(h, flag, value), a[h + L.H_START] + a[h + L.H_COUNT] - 1)


@compiled
def drop(a: Any, p: Any, s: Any, party: Any, h: Any) -> None:
    """Drop every entry; the events' own rows stay."""
    while a[h + L.H_COUNT] > 0:
        pop(a, p, s, party, h)


@compiled
def _sums(a: Any, p: Any, s: Any, m: Any, window: Any) -> Any:
    """Where the number of a window's oldest entry stands, and its sums behind it."""
    return m + M_WINDOWS + window * (1 + p[s + L.N_CELLS])


@compiled
def _slide(a: Any, p: Any, s: Any, h: Any, window: Any, since: Any) -> Any:
    """Let a window of many blocks begin at an instant; return where its sums stand."""
    m, first, size = a[h + L.H_BLOCK], a[h + L.H_START], p[s + L.ENTRY]
    directory, mask, end = a[m + M_DIR], a[m + M_DIR_CAP] - 1, first + a[h + L.H_COUNT]
    at = _sums(a, p, s, m, window)
    start, extreme = a[at], False
    while start < end:
        e = a[directory + ((start >> 5) & mask)] + (start & 31) * size
        if a[e + L.T_CLOCK] >= since:
            break
        extreme = add_entry(a, p, s, e, at + 1, -1) or extreme
        start += 1
    while start > first:
        e = a[directory + (((start - 1) >> 5) & mask)] + ((start - 1) & 31) * size
        if a[e + L.T_CLOCK] < since:
            break
        add_entry(a, p, s, e, at + 1, 1)
        start -= 1
    a[at] = start
    if extreme:
        _find_extremes(a, p, s, h, start, at + 1)
    return at + 1


@compiled
def _find_extremes(a: Any, p: Any, s: Any, h: Any, start: Any, to: Any) -> None:
    """Find the extremes of the entries from a number on; whole blocks know theirs."""
    m, size, end = a[h + L.H_BLOCK], p[s + L.ENTRY], a[h + L.H_START] + a[h + L.H_COUNT]
    directory, mask = a[m + M_DIR], a[m + M_DIR_CAP] - 1
    to += p[s + L.BITS + 1] + p[s + L.N_FLAGS] + p[s + L.ADDS + 1]
    clear_extremes(a, p, s, to)
    n = start
    while n < end:
        block = a[directory + ((n >> 5) & mask)]
        if n & 31 == 0 and n + 32 <= end:
            of = block + L.BLOCK * size
            for k in range(p[s + L.MINS + 1]):
                a[to + k] = min(a[to + k], a[of + k])
            for k in range(p[s + L.MINS + 1], p[s + L.MINS + 1] + p[s + L.MAXS + 1]):
                a[to + k] = max(a[to + k], a[of + k])
            n += 32
            continue
        e = block + (n & 31) * size
        add_extremes(a, p, s, a[e + L.T_BITS], row_of(a, p, a[e + L.T_EVENT]), to)
        n += 1


@compiled
def _code(a: Any, p: Any, number: Any, code: Any) -> Any:
    return code_of(a, row_of(a, p, number), code)


@compiled
def _remember(a: Any, party: Any, key: Any, n: Any) -> None:
    if 3 * a[party + PAIRS_N] >= 2 * a[party + PAIRS_CAP]:
        a[party + PAIRS] = grown(a, a[party + PAIRS], a[party + PAIRS_CAP])
        a[party + PAIRS_CAP] = 2 * a[party + PAIRS_CAP] if a[party + PAIRS_CAP] else 16
    word = find(a, a[party + PAIRS], a[party + PAIRS_CAP], key)
    if word < 0:
        word = -word
        a[party + PAIRS_N] += 1
        a[word] = key
    a[word + 1] = n


@compiled
def _forget(a: Any, p: Any, s: Any, party: Any, h: Any, e: Any, n: Any) -> None:
    """Forget the names that an entry, the n-th of many blocks, holds."""
    flags = a[e + L.T_FLAGS]
    q = p[s + L.DISTINCTS]
    for k in range(p[s + L.DISTINCTS + 1]):
        flag = p[q + 3 * k]
        if (flags >> flag) & 1:
            key = mixed(h, flag, _code(a, p, a[e + L.T_EVENT], p[q + 3 * k + 2]))
            word = find(a, a[party + PAIRS], a[party + PAIRS_CAP], key)
            if word > 0 and a[word + 1] == n:
                remove(a, a[party + PAIRS], a[party + PAIRS_CAP], word)
                a[party + PAIRS_N] -= 1


@compiled
def _to_shape(a: Any, p: Any, s: Any, party: Any, h: Any, shape: Any) -> None:
    """Move a small block's entries to a block of another shape."""
    size, count, old = p[s + L.ENTRY], a[h + L.H_COUNT], a[h + L.H_SHAPE]
    block = take(a, party, F_SMALL + shape, L.SMALL[shape] * size)
    if old:
        of = a[h + L.H_BLOCK] + a[h + L.H_START] * size
        for k in range(count * size):
            a[block + k] = a[of + k]
        give(a, party, F_SMALL + old, a[h + L.H_BLOCK])
    a[h + L.H_SHAPE] = shape
    a[h + L.H_BLOCK] = block
    a[h + L.H_START] = 0


@compiled
def _to_many(a: Any, p: Any, s: Any, party: Any, h: Any) -> None:
    """Move the entries of the largest small block to many blocks."""
    size, count = p[s + L.ENTRY], a[h + L.H_COUNT]
    old, of = a[h + L.H_BLOCK], a[h + L.H_BLOCK] + a[h + L.H_START] * size
    m = take(a, party, F_WINDOWS, M_WINDOWS + p[s + L.WINDOWS + 1] * (1 + p[s + L.N_CELLS]))
    a[m + M_DIR_CAP] = 4
    a[m + M_DIR] = alloc(a, 2)
    a[m + M_FIRST] = 0
    a[m + M_NEXT] = 0
    a[h + L.H_SHAPE] = L.MANY
    a[h + L.H_BLOCK] = m
    a[h + L.H_START] = 0
    a[h + L.H_COUNT] = 0
    q = p[s + L.DISTINCTS]
    for i in range(count):
        e = _append_many(a, p, s, party, h)
        for k in range(size):
            a[e + k] = a[of + i * size + k]
        a[h + L.H_COUNT] += 1
        extremes = a[a[m + M_DIR]] + L.BLOCK * size
        if i == 0:
            clear_extremes(a, p, s, extremes)
        add_extremes(a, p, s, a[e + L.T_BITS], row_of(a, p, a[e + L.T_EVENT]), extremes)
        for k in range(p[s + L.DISTINCTS + 1]):
            if (a[e + L.T_FLAGS] >> p[q + 3 * k]) & 1:
                value = _code(a, p, a[e + L.T_EVENT], p[q + 3 * k + 2])
                _remember(a, party, mixed(h, p[q + 3 * k], value), i)
    give(a, party, F_SMALL + L.MANY - 1, old)
    for k in range(p[s + L.WINDOWS + 1]):
        at = _sums(a, p, s, m, k)
        a[at] = count  # nothing yet: the next reading lets it begin where it should
        clear(a, p, s, at + 1)


@compiled
def _to_few(a: Any, p: Any, s: Any, party: Any, h: Any) -> None:
    """Move the last entries of many blocks to a small one."""
    size, count, start = p[s + L.ENTRY], a[h + L.H_COUNT], a[h + L.H_START]
    m = a[h + L.H_BLOCK]
    block = take(a, party, F_SMALL + L.FEW, L.SMALL[L.FEW] * size)
    for i in range(count):
        e = entry_at(a, p, s, h, i)
        _forget(a, p, s, party, h, e, start + i)
        for k in range(size):
            a[block + i * size + k] = a[e + k]
    for b in range(a[m + M_FIRST], a[m + M_NEXT]):
        _free_block(a, party, h, b)
    free(a, a[m + M_DIR], power(a[m + M_DIR_CAP]))
    give(a, party, F_WINDOWS, m)
    a[h + L.H_SHAPE] = L.FEW
    a[h + L.H_BLOCK] = block
    a[h + L.H_START] = 0
    if count == 0:
        give(a, party, F_SMALL + L.FEW, block)
        a[h + L.H_SHAPE] = 0


@compiled
def _free_block(a: Any, party: Any, h: Any, b: Any) -> None:
    m = a[h + L.H_BLOCK]
    give(a, party, F_LARGE, a[a[m + M_DIR] + (b & (a[m + M_DIR_CAP] - 1))])
    a[m + M_FIRST] = b + 1


@compiled
def _append_many(a: Any, p: Any, s: Any, party: Any, h: Any) -> Any:
    """Where the next entry of many blocks belongs; takes a block when the last one is full."""
    m = a[h + L.H_BLOCK]
    n = a[h + L.H_START] + a[h + L.H_COUNT]
    b = n >> 5
    if n & 31 == 0:
        if b - a[m + M_FIRST] == a[m + M_DIR_CAP]:
            _widen(a, m)
        size = L.BLOCK * p[s + L.ENTRY] + p[s + L.MINS + 1] + p[s + L.MAXS + 1]
        a[a[m + M_DIR] + (b & (a[m + M_DIR_CAP] - 1))] = take(a, party, F_LARGE, size)
        a[m + M_NEXT] = b + 1
    return a[a[m + M_DIR] + (b & (a[m + M_DIR_CAP] - 1))] + (n & 31) * p[s + L.ENTRY]


@compiled
def _widen(a: Any, m: Any) -> None:
    """Give many blocks a directory of twice the size."""
    old, cap = a[m + M_DIR], a[m + M_DIR_CAP]
    made = alloc(a, power(2 * cap))
    for b in range(a[m + M_FIRST], a[m + M_NEXT]):
        a[made + (b & (2 * cap - 1))] = a[old + (b & (cap - 1))]
    free(a, old, power(cap))
    a[m + M_DIR] = made
    a[m + M_DIR_CAP] = 2 * cap
