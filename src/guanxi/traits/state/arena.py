"""The arena: all state of all parties in one array of 64-bit words, with free lists and hash tables in it.

Whatever refers to something holds its offset in words; 0 refers to nothing. So a snapshot is a copy of the array, and
a call hands the whole state over as one argument.
"""

from typing import Any, Final

import numpy as np

from guanxi.traits.state.jit import compiled

LAYOUT: Final = 4  # of everything in the arena; a snapshot of another is refused, so raise it with every change
#: Words of the arena's head.
BUMP: Final = 0  # first word never used yet
SCRATCH: Final = 1  # accumulators of the reading under way
STORE: Final = 2  # ring of event rows
STORE_CAP: Final = 3  # words, a power of two
OLDEST: Final = 4  # number of the oldest event row that is kept: its first word, counted from the first row of all
NEXT: Final = 5  # number of the next event row
CLOCK: Final = 6  # clock and seq of the newest event
SEQ: Final = 7
RING_FROM: Final = 8  # number of the first row that was ever written to where the ring stands now
SLAB: Final = 9  # words from which small things are cut, and their end
SLAB_END: Final = 10
EVENTS: Final = 11  # rows in the ring
NEWEST: Final = 12  # number of the newest event row
FREE: Final = 16  # free lists of blocks of 2**k words, k = 0..47
PARTIES: Final = 64  # words of each party follow
#: Words of a party.
TABLE: Final = 0  # hash table key -> header
TABLE_CAP: Final = 1
KEYS: Final = 2
SWEEP: Final = 3  # place in the table where the search for idle keys goes on
PAIRS: Final = 4  # hash table of what was seen last where
PAIRS_CAP: Final = 5
PAIRS_N: Final = 6
FREE_OF: Final = 8  # free lists of this party's own sizes: header, six small blocks, large block, windows
DUE: Final = 17  # clock from which on the search for idle keys may find some
SILENT: Final = 18  # clock of the event of the party silent for longest, of those that the search has seen
PARTY_WORDS: Final = 24
SLAB_POWER: Final = 16


@compiled
def alloc(a: Any, k: Any) -> Any:
    """Take 2**k words; what stands in them is anything."""
    at = a[FREE + k]
    if at:
        a[FREE + k] = a[at]
        return at
    return cut(a, 1 << k) if k < SLAB_POWER - 2 else bump(a, 1 << k)


@compiled
def bump(a: Any, words: Any) -> Any:
    """Take words that were never used."""
    at = a[BUMP]
    a[BUMP] = at + words
    return at


@compiled
def cut(a: Any, words: Any) -> Any:
    """Take a few words from the slab; a new slab is a large block that was given back, or never used."""
    if a[SLAB] + words > a[SLAB_END]:
        k = 47
        while k >= SLAB_POWER and a[FREE + k] == 0:
            k -= 1
        if k >= SLAB_POWER:
            at = a[FREE + k]
            a[FREE + k] = a[at]
        else:
            k = SLAB_POWER
            at = bump(a, 1 << k)
        a[SLAB] = at
        a[SLAB_END] = at + (1 << k)
    at = a[SLAB]
    a[SLAB] = at + words
    return at


@compiled
def free(a: Any, at: Any, k: Any) -> None:
    """Give 2**k words back."""
    a[at] = a[FREE + k]
    a[FREE + k] = at


@compiled
def take(a: Any, party: Any, which: Any, words: Any) -> Any:
    """Take words of one of a party's own sizes, from the free list `which`."""
    at = a[party + FREE_OF + which]
    if at:
        a[party + FREE_OF + which] = a[at]
        return at
    return cut(a, words)


@compiled
def give(a: Any, party: Any, which: Any, at: Any) -> None:
    """Give words of one of a party's own sizes back."""
    a[at] = a[party + FREE_OF + which]
    a[party + FREE_OF + which] = at


@compiled
def power(n: Any) -> Any:
    """The smallest k with 2**k >= n."""
    k = 0
    while (1 << k) < n:
        k += 1
    return k


@compiled
def place(key: Any, cap: Any) -> Any:
    """Where the search for a key begins."""
    return (key ^ (key >> 29)) & (cap - 1)


@compiled
def find(a: Any, table: Any, cap: Any, key: Any) -> Any:
    """Offset of the pair of words (key, value) of a key; of the free pair where it belongs, negative, without one."""
    at = place(key, cap)
    while True:
        word = table + 2 * at
        if a[word] == key:
            return word
        if a[word] == 0:
            return -word
        at = (at + 1) & (cap - 1)


@compiled
def remove(a: Any, table: Any, cap: Any, word: Any) -> None:
    """Take a pair out of a table; those behind move up, so that every search still ends at a free pair."""
    hole = (word - table) // 2
    at = hole
    while True:
        at = (at + 1) & (cap - 1)
        key = a[table + 2 * at]
        if key == 0:
            break
        home = place(key, cap)
        if ((at - home) & (cap - 1)) >= ((at - hole) & (cap - 1)):
            a[table + 2 * hole] = key
            a[table + 2 * hole + 1] = a[table + 2 * at + 1]
            hole = at
    a[table + 2 * hole] = 0
    a[table + 2 * hole + 1] = 0


@compiled
def grown(a: Any, table: Any, cap: Any) -> Any:
    """Return a table of twice the pairs, the old one given back; 16 pairs when there was none."""
    size = 2 * cap if cap else 16
    made = alloc(a, power(2 * size))
    a[made : made + 2 * size] = 0
    for at in range(cap):
        key = a[table + 2 * at]
        if key:
            word = -find(a, made, size, key)
            a[word] = key
            a[word + 1] = a[table + 2 * at + 1]
    if cap:
        free(a, table, power(2 * cap))
    return made


@compiled
def mixed(first: Any, second: Any, third: Any) -> Any:
    """One key of three numbers, never 0.

    source  the finaliser of splitmix64, Steele et al., OOPSLA 2014
    """
    x = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(second) * np.uint64(0xC2B2AE3D27D4EB4F)
    x ^= np.uint64(third)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return np.int64(x) if x != np.uint64(0) else np.int64(1)
