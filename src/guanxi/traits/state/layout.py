"""Layout: where a plan's words and a party's words stand; the compiled loops and the plan's maker share it."""

from typing import Final

# Words of a plan's head.
N_PARTIES: Final = 0
BIT_WORDS: Final = 1  # words of bits of an event
N_VALUES: Final = 2
N_CODES: Final = 3
ROW: Final = 4  # words of an event
N_TRAITS: Final = 5
LONGEST: Final = 6  # ms; no window is longer
MEMORY: Final = 7  # ms; a party silent for longer is forgotten
AHEAD: Final = 8  # first word, in the scratch, of what is known of the next events
SECTIONS: Final = 9  # of the parties, one offset each

KNOWN: Final = 16  # words for each party of what is known of the next events

# An event as it comes.
E_CLOCK: Final = 0
E_SEQ: Final = 1
E_PRESENT: Final = 2  # which values are there, one bit each
E_BITS: Final = 3  # then values, codes and keys of the parties

# A row of the ring: the first words of an event, then what it has of values, of codes and of headers of parties.
R_CODES: Final = 3  # which codes are there, one bit each
R_PARTIES: Final = 4  # which parties it names; above that, how many words lie between this row and the next
R_WORDS: Final = 5
R_STEP: Final = 32  # place of the number of words

# Words of a party's section of the plan; lists are (offset, length) pairs.
BITS: Final = 0  # of (word, place) in the event's bits
AFTERS: Final = 2  # of (flag, bit, header word of the time of what came before, within ms)
GAPS: Final = 4  # of (bit, header word of the time of the event before, place among an entry's gaps)
DISTINCTS: Final = 6  # of (flag, bit, code)
ADDS: Final = 8  # of (kind, bit, index)
MINS: Final = 10  # of (bit, value)
MAXS: Final = 12  # of (bit, value)
SQUARES: Final = 14  # of (kind, bit, index); two words each
WINDOWS: Final = 16  # ms, or days (0 = the whole life, last), the shortest first
REGISTERS: Final = 18  # of (kind, bit, value, header word, parameter)
OUTPUTS: Final = 20  # of (kind, trait, window, cell, cell, cell, bit, value)
N_FLAGS: Final = 22
N_CELLS: Final = 23  # words of accumulators: bits, flags, adds, mins, maxs, squares
ENTRY: Final = 24  # words of an entry
HEADER: Final = 25  # words of a header
OUT: Final = 26  # first word, in the scratch, of the accumulators
DAYS: Final = 27  # section of the party's tiles, with the same lists; 0 = it keeps no days
COUNTERS: Final = 28  # in the section of days: of (bit, code, flag or -1, whether its days are kept)
WIDTH: Final = 30  # in the section of days: words of a tile
MAP: Final = 32  # offset of the place of each measure in this section, -1 = none
OPS: Final = 33  # offset of (offset, length) for each bit, of lists of (operation, cell, index)
RUNS: Final = 34  # of (window, kind, offset, length, first output): outputs of accumulators, by window and kind
LIVES: Final = 36  # of (kind, trait, header word, parameter)
NAMES: Final = 38  # in the section of days: of (kind, trait, place of the tally, rank)
TALLIES: Final = 40  # in the section of days: of (offset, length) for each counter, of (days, place of the tally, log?)
TALLY_WORDS: Final = 42  # in the section of days: words of all tallies
FIRST: Final = 43  # the first output, and how many
SECTION: Final = 45
RUN_WORDS: Final = 5
OUTPUT_WORDS: Final = 8

# Kinds of an addition, and of a square.
ADD_VALUE: Final = 0  # the value, where the bit is set
ADD_PRESENT: Final = 1  # 1 where the bit is set and the value is there
ADD_GAP: Final = 2  # the time since the event before
ADD_GAPS: Final = 3  # 1 where there was one

# Operations: what an event does to a cell when its bit is set; _VALUE and _GAP as for additions.
OP_VALUE: Final = 0
OP_PRESENT: Final = 1
OP_MIN: Final = 2
OP_MAX: Final = 3
OP_SQUARE: Final = 4
OP_GAP: Final = 5
OP_GAPS: Final = 6
OP_GAP_SQUARE: Final = 7

# Words of a tally: events that have a name, and the names with most of them.
N_LOGS: Final = 0  # bits of the sum of count * log2(count)
N_TOTAL: Final = 1
N_BEST: Final = 2  # three times (count, clock, seq, code)
TALLY: Final = 14

# Words of an entry: one event as a party's events remember it.
T_CLOCK: Final = 0
T_EVENT: Final = 1  # number of its row
T_BITS: Final = 2
T_FLAGS: Final = 3
T_GAPS: Final = 4  # ms, -1 = none; what no event can have both shares a place

# Words of a header.
H_KEY: Final = 0
H_FIRST: Final = 1  # clock at which this life began
H_LAST: Final = 2
H_COUNT: Final = 3  # entries
H_SHAPE: Final = 4  # 0 = no block, 1..6 = a small block of 1, 2, 4, … 32 entries, 7 = many blocks
H_BLOCK: Final = 5
H_START: Final = 6  # place of the oldest entry in the small block; its number with many blocks
H_TILES: Final = 7
H_CODES: Final = 8
H_REGISTERS: Final = 9

# Kinds of a register.
R_LAST: Final = 0  # clock of the latest event
R_FIRST: Final = 1  # clock of the first one
R_LAST_VALUE: Final = 2  # (1, value)
R_FIRST_VALUE: Final = 3
R_STREAK: Final = 4  # (local day + 1, days in a row)
R_DECAYED: Final = 5  # (bits of the sum, clock)
R_SUM: Final = 6
REGISTER_WORDS: Final = (1, 1, 2, 2, 2, 2, 1)

# Kinds of an output.
O_CELL: Final = 0
O_MEAN: Final = 1  # cell over cell
O_EXTREME: Final = 2  # cell where the second one is not 0
O_STD: Final = 3  # (sum, count, squares)
O_VERSUS: Final = 4  # the event's own value over cell over cell
O_SINCE: Final = 5  # register
O_VALUE: Final = 6
O_STREAK: Final = 7
O_DECAYED: Final = 8
O_SUM: Final = 9
O_TOP: Final = 10  # (days, counter, rank)
O_TOP_SHARE: Final = 11
O_ENTROPY: Final = 12
O_DAYS: Final = 16  # added to O_CELL .. O_STD: cells of the section of days

SMALL: Final = (0, 1, 2, 4, 8, 16, 32)  # entries of a small block by its shape
MANY: Final = 7
FEW: Final = 4  # shape to which many blocks shrink
BLOCK: Final = 32  # entries of one of many blocks, and blocks of a group
CHINA_MS: Final = 28_800_000  # local midnight is so much earlier than midnight UTC
DAY_MS: Final = 86_400_000
