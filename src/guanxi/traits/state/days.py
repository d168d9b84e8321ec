"""Days: sums of a party by local day, and the names it had to do with, for windows of whole days and the whole life.

A tile holds the sums of one day. Tiles older than the longest window become one, so a life of years stays small.
"""

import math
from typing import Any

import numpy as np

from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.arena import PAIRS, PAIRS_CAP, PAIRS_N, alloc, find, free, grown, mixed, power, remove
from guanxi.traits.state.jit import compiled
from guanxi.traits.state.life import local_day
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
    add_event(a, p, d, bits, 0, row, 0, tile + 1)
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
def windows_of_days(a: Any, p: Any, d: Any, h: Any, clock: Any, to: Any) -> None:
    """Write the accumulators of every window of whole days, one behind the other from `to` + cells."""
    cells = p[d + L.N_CELLS]
    clear(a, p, d, to)
    today = local_day(clock)
    v = a[h + L.H_TILES] if h else 0
    left = a[v + V_COUNT] if v else 0
    w = p[d + L.WINDOWS]
    for k in range(p[d + L.WINDOWS + 1]):
        days = p[w + k]
        while left > 0:
            tile = v + V_TILES + (left - 1) * p[d + L.WIDTH]
            if days > 0 and a[tile] <= today - days:
                break
            add_sums(a, p, d, tile + 1, to)
            left -= 1
        at = to + (k + 1) * cells
        for c in range(cells):
            a[at + c] = a[to + c]


@compiled
def top(a: Any, h: Any, clock: Any, which: Any, days: Any, rank: Any) -> Any:
    """(code, count) of the name with the rank-th most events in a window, the one seen later first; else (0, 0)."""
    bound = (1 << 62, 0, 0)  # the name before: its count, the clock and seq of its latest event
    code = 0
    for _ in range(rank):
        code, best = 0, (0, 0, 0)
        c = a[h + L.H_CODES]
        while c:
            if a[c + C_WHICH] == which:
                this = (_count(a, c, clock, days), a[c + C_CLOCK], a[c + C_SEQ])
                if best < this < bound and this[0] > 0:
                    code, best = a[c + C_CODE], this
            c = a[c + C_NEXT]
        bound = best
        if code == 0:
            break
    return code, bound[0]


@compiled
def spread(a: Any, h: Any, clock: Any, which: Any, days: Any) -> Any:
    """(events that have a name, entropy in bits of their names) in a window."""
    total = 0
    c = a[h + L.H_CODES]
    while c:
        if a[c + C_WHICH] == which:
            total += _count(a, c, clock, days)
        c = a[c + C_NEXT]
    entropy = 0.0
    c = a[h + L.H_CODES]
    while c and total > 0:
        if a[c + C_WHICH] == which:
            count = _count(a, c, clock, days)
            if count > 0:
                share = count / total
                entropy -= share * math.log2(share)
        c = a[c + C_NEXT]
    return total, entropy


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


@compiled
def _count(a: Any, c: Any, clock: Any, days: Any) -> Any:
    since = local_day(clock) - days + 1 if days > 0 else np.int64(-1 << 50)
    total, at = 0, a[c + C_DAYS]
    for k in range(a[c + C_COUNT] - 1, -1, -1):
        if a[at + 2 * k] < since:
            break
        total += a[at + 2 * k + 1]
    return total
