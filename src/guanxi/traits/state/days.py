"""Days: sums of a party by local day, and the names it had to do with, for windows of whole days and the whole life.

A tile holds the sums of one day. Tiles older than the longest window become one, so a life of years stays small.
"""

import math
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
    grown,
    mixed,
    power,
    remove,
)
from guanxi.traits.state.jit import as_number, as_word, compiled
from guanxi.traits.state.life import local_day
from guanxi.traits.state.outputs import emit, emit_names
from guanxi.traits.state.sums import add_event, add_sums, clear

KEPT_DAYS = 366
_BASE = -1 << 40  # the day of the tile of all older days
# Words of the tiles of a party, before the tiles.
V_POWER, V_COUNT, V_TILES = 0, 1, 2
# Words of what is known of one name.
C_NEXT, C_WHICH, C_CODE, C_CLOCK, C_SEQ, C_DAYS, C_POWER, C_COUNT = 0, 1, 2, 3, 4, 5, 6, 7
C_SIZE = 3
_SALT = 1 << 32  # keeps keys of days and of windows apart


@compiled
def add_day(a: Any, p: Any, s: Any, party: Any, h: Any, clock: Any, bits: Any, row: Any) -> None:
    """Write an event into the tile of its day."""
    d = p[s + L.DAYS]
    day = local_day(clock)
    tile = _tile_of_today(a, p, d, h, day)
    add_event(a, p, d, bits, 0, row, False, 0, tile + 1, 1)
    q = p[d + L.COUNTERS]
    codes = row + L.E_BITS + p[L.BIT_WORDS] + p[L.N_VALUES]
    for which in range(p[d + L.COUNTERS + 1]):
        bit, code, flag, keeps = p[q + 4 * which], p[q + 4 * which + 1], p[q + 4 * which + 2], p[q + 4 * which + 3]
        value = a[codes + code]
        if not (bits >> bit) & 1 or value == 0:
            continue
        c = _name(a, party, h, which, value)
        before = local_day(a[c + C_CLOCK])
        if flag >= 0 and (a[c + C_CLOCK] == 0 or before != day):
            cell = 1 + p[d + L.BITS + 1] + flag
            if a[c + C_CLOCK]:
                a[_tile_of(a, p, d, h, before) + cell] -= 1
            a[tile + cell] += 1
        if keeps:
            _count_day(a, c, day)
        a[c + C_CLOCK] = clock
        a[c + C_SEQ] = a[row + L.E_SEQ]


@compiled
def windows_of_days(a: Any, p: Any, d: Any, h: Any, clock: Any, out: Any) -> None:
    """Write the outputs of every window of whole days of a party; h = 0: nothing is known of it."""
    to = a[SCRATCH] + p[d + L.OUT]
    clear(a, p, d, to)
    today = local_day(clock)
    v = a[h + L.H_TILES] if h else 0
    left = a[v + V_COUNT] if v else 0
    w, r = p[d + L.WINDOWS], p[d + L.RUNS]
    last = r + L.RUN_WORDS * p[d + L.RUNS + 1]
    for k in range(p[d + L.WINDOWS + 1]):
        days = p[w + k]
        while left > 0:
            tile = v + V_TILES + (left - 1) * p[d + L.WIDTH]
            if days > 0 and a[tile] <= today - days:
                break
            add_sums(a, p, d, tile + 1, to)
            left -= 1
        while r < last and p[r] == k:
            emit(a, p, r, to, 0, 0, out)
            r += L.RUN_WORDS
    if p[d + L.NAMES + 1]:
        to += p[d + L.N_CELLS]
        _tally(a, p, d, h, today, to)
        emit_names(a, p, d, to, out)


@compiled
def _tally(a: Any, p: Any, d: Any, h: Any, today: Any, to: Any) -> None:
    """Count the events of every name in every window, and find the names with most, the one seen later first."""
    a[to : to + p[d + L.TALLY_WORDS]] = 0
    c = a[h + L.H_CODES] if h else 0
    while c:
        q = p[d + L.TALLIES] + 2 * a[c + C_WHICH]
        count, k, at = 0, a[c + C_COUNT] - 1, a[c + C_DAYS]
        for t in range(p[q], p[q] + 3 * p[q + 1], 3):
            days = p[t]
            while k >= 0 and (days == 0 or a[at + 2 * k] > today - days):
                count += a[at + 2 * k + 1]
                k -= 1
            if count:
                _rank(a, c, count, to + p[t + 1])
                if p[t + 2]:
                    at_logs = to + p[t + 1]
                    a[at_logs] = as_word(as_number(a[at_logs]) + count * math.log2(count))
        c = a[c + C_NEXT]


@compiled
def _rank(a: Any, c: Any, count: Any, t: Any) -> None:
    """Add a name to a tally."""
    a[t + L.N_TOTAL] += count
    this = (count, a[c + C_CLOCK], a[c + C_SEQ])
    at = t + L.N_BEST + 12
    while at > t + L.N_BEST and (a[at - 4], a[at - 3], a[at - 2]) < this:
        at -= 4
    if at == t + L.N_BEST + 12:
        return
    for k in range(t + L.N_BEST + 11, at + 3, -1):
        a[k] = a[k - 4]
    a[at] = count
    a[at + 1] = a[c + C_CLOCK]
    a[at + 2] = a[c + C_SEQ]
    a[at + 3] = a[c + C_CODE]


@compiled
def forget_days(a: Any, party: Any, h: Any) -> None:
    """Give back every tile and every name of a party."""
    v = a[h + L.H_TILES]
    if v:
        free(a, v, a[v + V_POWER])
        a[h + L.H_TILES] = 0
    c = a[h + L.H_CODES]
    while c:
        word = find(a, a[party + PAIRS], a[party + PAIRS_CAP], mixed(h, _SALT + a[c + C_WHICH], a[c + C_CODE]))
        if word > 0:
            remove(a, a[party + PAIRS], a[party + PAIRS_CAP], word)
            a[party + PAIRS_N] -= 1
        if a[c + C_DAYS]:
            free(a, a[c + C_DAYS], a[c + C_POWER])
        behind = a[c + C_NEXT]
        free(a, c, C_SIZE)
        c = behind
    a[h + L.H_CODES] = 0


@compiled
def _tile_of_today(a: Any, p: Any, d: Any, h: Any, day: Any) -> Any:
    width = p[d + L.WIDTH]
    v = a[h + L.H_TILES]
    if v == 0:
        k = power(V_TILES + width)
        v = alloc(a, k)
        a[v + V_POWER] = k
        a[v + V_COUNT] = 0
        a[h + L.H_TILES] = v
    count = a[v + V_COUNT]
    if count and a[v + V_TILES + (count - 1) * width] == day:
        return v + V_TILES + (count - 1) * width
    if count > 1 and a[v + V_TILES + width] <= day - KEPT_DAYS:
        _fold(a, p, d, v, day)
        count = a[v + V_COUNT]
    if V_TILES + (count + 1) * width > 1 << a[v + V_POWER]:
        k = power(V_TILES + (count + 1) * width)
        made = alloc(a, k)
        for word in range(V_TILES + count * width):
            a[made + word] = a[v + word]
        free(a, v, a[v + V_POWER])
        a[made + V_POWER] = k
        v = made
        a[h + L.H_TILES] = v
    tile = v + V_TILES + count * width
    a[tile] = day
    clear(a, p, d, tile + 1)
    a[v + V_COUNT] = count + 1
    return tile


@compiled
def _fold(a: Any, p: Any, d: Any, v: Any, day: Any) -> None:
    """Add every tile that no window reads any more to the first one."""
    width, count = p[d + L.WIDTH], a[v + V_COUNT]
    first = v + V_TILES
    n = 1
    while n < count and a[first + n * width] <= day - KEPT_DAYS:
        add_sums(a, p, d, first + n * width + 1, first + 1)
        n += 1
    a[first] = _BASE if n > 1 else a[first]
    if n > 1:
        for word in range((count - n) * width):
            a[first + width + word] = a[first + n * width + word]
        a[v + V_COUNT] = count - n + 1


@compiled
def _tile_of(a: Any, p: Any, d: Any, h: Any, day: Any) -> Any:
    """The tile of an earlier day; the first one when the day was added to it."""
    v, width = a[h + L.H_TILES], p[d + L.WIDTH]
    low, high = 0, a[v + V_COUNT] - 1
    while low < high:
        middle = (low + high + 1) >> 1
        if a[v + V_TILES + middle * width] <= day:
            low = middle
        else:
            high = middle - 1
    return v + V_TILES + low * width


@compiled
def _name(a: Any, party: Any, h: Any, which: Any, value: Any) -> Any:
    """What is known of a name; made when it is new."""
    if 3 * a[party + PAIRS_N] >= 2 * a[party + PAIRS_CAP]:
        a[party + PAIRS] = grown(a, a[party + PAIRS], a[party + PAIRS_CAP])
        a[party + PAIRS_CAP] = 2 * a[party + PAIRS_CAP] if a[party + PAIRS_CAP] else 16
    key = mixed(h, _SALT + which, value)
    word = find(a, a[party + PAIRS], a[party + PAIRS_CAP], key)
    if word > 0:
        return a[word + 1]
    c = alloc(a, C_SIZE)
    a[c + C_NEXT] = a[h + L.H_CODES]
    a[c + C_WHICH] = which
    a[c + C_CODE] = value
    a[c + C_CLOCK] = 0
    a[c + C_SEQ] = 0
    a[c + C_DAYS] = 0
    a[c + C_POWER] = 0
    a[c + C_COUNT] = 0
    a[h + L.H_CODES] = c
    a[-word] = key
    a[-word + 1] = c
    a[party + PAIRS_N] += 1
    return c


@compiled
def _count_day(a: Any, c: Any, day: Any) -> None:
    """Add one event to the days of a name: pairs (day, events), the oldest first; very old days become one."""
    n, at = a[c + C_COUNT], a[c + C_DAYS]
    if n and a[at + 2 * (n - 1)] == day:
        a[at + 2 * (n - 1) + 1] += 1
        return
    old = 0
    while old < n and a[at + 2 * old] <= day - KEPT_DAYS:
        old += 1
    if old > 1:
        for k in range(1, old):
            a[at + 1] += a[at + 2 * k + 1]
        a[at] = _BASE
        for k in range(old, n):
            a[at + 2 * (k - old + 1)] = a[at + 2 * k]
            a[at + 2 * (k - old + 1) + 1] = a[at + 2 * k + 1]
        n -= old - 1
    if at == 0 or 2 * (n + 1) > 1 << a[c + C_POWER]:
        k = power(2 * (n + 1))
        made = alloc(a, k)
        for word in range(2 * n):
            a[made + word] = a[at + word]
        if at:
            free(a, at, a[c + C_POWER])
        a[c + C_DAYS] = made
        a[c + C_POWER] = k
        at = made
    a[at + 2 * n] = day
    a[at + 2 * n + 1] = 1
    a[c + C_COUNT] = n + 1
