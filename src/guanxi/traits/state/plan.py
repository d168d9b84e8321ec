"""Plans: a table of traits laid out as numbers, which the compiled loops walk; another trait compiles nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from guanxi.core import RowTable, SettingError
from guanxi.traits.batch import Batch
from guanxi.traits.fields import Source, source_of
from guanxi.traits.intake import Intake
from guanxi.traits.measure import Measure
from guanxi.traits.state import layout as L  # noqa: N812 - a hundred constants, read in every line
from guanxi.traits.state.plan_lists import Extra, Life
from guanxi.traits.trait import LONGEST_MS, MEMORY_MS, OF_CODE, PARTIES, Trait, length_ms

VERSION: Final = 4  # of the layout; part of a plan's hash
MOST_BITS: Final = 62  # measures of one party, flags of one party
_WHOLE_LIFE: Final = 1 << 40  # longer than any number of days
#: Kind of output of an aggregate that accumulators give, where it is not O_CELL; names come last.
_KINDS: Final = {
    "mean": L.O_MEAN, "ratio": L.O_MEAN, "gap_mean": L.O_MEAN, "min": L.O_EXTREME, "max": L.O_EXTREME,
    "std": L.O_STD, "gap_std": L.O_STD, "versus": L.O_VERSUS, "top": L.O_TOP, "top_share": L.O_TOP,
    "entropy": L.O_TOP,
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a state keeps, and how traits are read from it.

    words     the plan as the compiled loops read it
    traits    rows in the order of the outputs: those that are written together side by side
    measures  by their bit of an event
    values    numbers of measures by their place in an event
    codes     fields by their place
    parties   rows of PARTIES by their place
    hash      of everything above; a snapshot of another plan is refused
    """

    words: NDArray[np.int64]
    traits: tuple[Trait, ...]
    measures: tuple[Measure, ...]
    values: tuple[Source, ...]
    codes: tuple[str, ...]
    parties: tuple[str, ...]
    hash: str

    @cached_property
    def intake(self) -> Intake:
        """Turns events into batches of this plan."""
        return Intake(self.measures, self.codes, parties=self.parties)

    def events(self, batch: Batch) -> NDArray[np.int64]:
        """Return the events of a batch as the state takes them, one row of words each."""
        columns = (batch.bits, batch.values, batch.codes, batch.parties)
        head = np.stack((batch.clock_ms, batch.seq, batch.present.view(np.int64)), axis=1)
        return np.ascontiguousarray(np.hstack((head, *(column.view(np.int64) for column in columns))))

    @property
    def event_words(self) -> int:
        """Words of one event."""
        return L.E_BITS + self.bit_words + len(self.values) + len(self.codes) + len(self.parties)

    @property
    def bit_words(self) -> int:
        """Words of an event's bits."""
        return int(self.words[L.BIT_WORDS])


def compile_plan(rows: Iterable[Trait], measures: RowTable[Measure]) -> Plan:
    """Lay traits out; those of neighbours are read by a later stage and left out.

    raises  SettingError when a party has more measures than a plan holds
    """
    chosen = tuple(_in_order(row for row in rows if row.plan != "ties"))
    names = sorted({name for row in chosen for name in (row.of, row.over, row.after) if name})
    used = tuple(measures[name] for name in names)
    values = tuple(dict.fromkeys(found for one in used if (found := source_of(one)) is not None))
    codes = tuple(sorted({row.by for row in chosen if row.aggregate in OF_CODE}))
    if len(codes) > MOST_BITS:
        raise SettingError(f"the traits read {len(codes)} names", f"At most {MOST_BITS} fit one plan", "by")
    parties = tuple(name for name in PARTIES if any(row.party == name for row in chosen))
    made = _Maker(chosen, used, values, codes, parties)
    words = made.make()
    text = repr((VERSION, words.tolist(), [row.name for row in chosen], used, values, codes, parties))
    return Plan(words, chosen, used, values, codes, parties, xxhash.xxh3_128_hexdigest(text.encode()))


class _Cells:
    """Accumulators of one section: bits, flags and the sums over them, each kept once."""

    def __init__(self, plan: "_Maker", party: str) -> None:
        self.plan, self.party = plan, party
        self.bits: list[str] = []
        self.flags: list[tuple[object, ...]] = []
        self.adds: list[tuple[int, int, int]] = []
        self.mins: list[tuple[int, int]] = []
        self.maxs: list[tuple[int, int]] = []
        self.squares: list[tuple[int, int, int]] = []

    def bit(self, measure: str) -> int:
        place = _place(self.bits, measure)
        if place >= MOST_BITS:
            raise SettingError(f"{self.party} has more than {MOST_BITS} measures", "Remove traits, or measures", "of")
        return place

    def flag(self, *key: object) -> int:
        place = _place(self.flags, key)
        if place >= MOST_BITS:
            raise SettingError(f"{self.party} counts more than {MOST_BITS} things", "Remove distinct traits", "by")
        return place

    # Cells are named first, and numbered once all are known.
    def cell(self, kind: str, *key: int) -> tuple[str, int]:
        lists: dict[str, Any] = {"add": self.adds, "min": self.mins, "max": self.maxs, "square": self.squares}
        return kind, _place(lists[kind], key)

    def number(self, cell: tuple[str, int]) -> int:
        kind, place = cell
        sizes = {"bit": len(self.bits), "flag": len(self.flags), "add": len(self.adds), "min": len(self.mins),
                 "max": len(self.maxs)}  # fmt: skip
        start = 0
        for name, size in sizes.items():
            if name == kind:
                return start + place
            start += size
        return start + 2 * place

    def operations(self) -> list[tuple[int, int, int, int]]:
        """What an event does to the cells: (bit, operation, cell, index)."""
        plain = {L.ADD_VALUE: L.OP_VALUE, L.ADD_PRESENT: L.OP_PRESENT, L.ADD_GAP: L.OP_GAP, L.ADD_GAPS: L.OP_GAPS}
        squared = {L.ADD_VALUE: L.OP_SQUARE, L.ADD_GAP: L.OP_GAP_SQUARE}
        found = [(bit, plain[kind], self.number(("add", n)), index) for n, (kind, bit, index) in enumerate(self.adds)]
        found += [(bit, L.OP_MIN, self.number(("min", n)), index) for n, (bit, index) in enumerate(self.mins)]
        found += [(bit, L.OP_MAX, self.number(("max", n)), index) for n, (bit, index) in enumerate(self.maxs)]
        squares = enumerate(self.squares)
        return found + [(bit, squared[kind], self.number(("square", n)), index) for n, (kind, bit, index) in squares]

    @property
    def size(self) -> int:
        return self.number(("square", len(self.squares)))


def _place(rows: list[Any], key: object) -> int:
    if key not in rows:
        rows.append(key)
    return rows.index(key)


@dataclass
class _Section:
    cells: _Cells
    windows: list[int]
    outputs: list[tuple[int, int, int, object, object, object, int, int]] = field(default_factory=list)


class _Maker:
    def __init__(
        self, rows: Sequence[Trait], used: Sequence[Measure], values: Sequence[Source],
        codes: Sequence[str], parties: Sequence[str],
    ) -> None:  # fmt: skip
        self.rows, self.parties, self.codes, self.values = rows, parties, codes, values
        self.measures = {one.name: one for one in used}
        self.bits = {one.name: place for place, one in enumerate(used)}

    def make(self) -> NDArray[np.int64]:
        """The words of the plan."""
        bit_words = max(1, -(-len(self.bits) // 64))
        row = L.E_BITS + bit_words + len(self.values) + len(self.codes) + len(self.parties)
        words = [len(self.parties), bit_words, len(self.values), len(self.codes), row, len(self.rows), LONGEST_MS,
                 MEMORY_MS, 0, *([0] * len(self.parties))]  # fmt: skip
        cells = 0
        for place, party in enumerate(self.parties):
            words[L.SECTIONS + place] = len(words)
            cells = max(cells, self._section(words, party, row))
        words[L.AHEAD] = row + cells
        return np.array([*words, row + cells + L.KNOWN * len(self.parties)], dtype=np.int64)

    def _section(self, words: list[int], party: str, scratch: int) -> int:
        """Append a party's section, and that of its days; return the words that its accumulators need."""
        mine = [(place, row) for place, row in enumerate(self.rows) if row.party == party]
        lengths = sorted({row.window_ms for _, row in mine if row.plan == "window"})
        spans = sorted({row.days for _, row in mine if row.plan == "days"}, key=lambda days: days or _WHOLE_LIFE)
        near, far = _Section(_Cells(self, party), lengths), _Section(_Cells(self, party), spans)
        life = Life()
        counters: list[tuple[int, int, int, int]] = []
        extra = Extra()
        for place, row in mine:
            if row.plan == "window":
                self._cells(near, extra, life, place, row, lengths.index(row.window_ms))
            elif row.plan == "days":
                self._days(far, counters, place, row, spans.index(row.days))
            else:
                self._life(near, life, place, row)
        at = len(words)
        words += [0] * L.SECTION
        header = L.H_REGISTERS + life.words
        self._write(words, at, near, scratch)
        needed = near.cells.size
        _list(words, at + L.AFTERS, extra.afters)
        _list(words, at + L.GAPS, extra.gaps)
        _list(words, at + L.DISTINCTS, extra.distincts)
        _list(words, at + L.REGISTERS, life.rows)
        words[at + L.ENTRY] = L.T_GAPS + len(extra.shared)
        words[at + L.HEADER] = header
        outputs = list(near.outputs)
        if spans:
            days = len(words)
            words += [0] * L.SECTION
            self._write(words, days, far, scratch)
            _list(words, days + L.COUNTERS, counters)
            needed = max(needed, far.cells.size + self._tallies(words, days, len(counters), far))
            words[days + L.WIDTH] = 1 + far.cells.size
            words[at + L.DAYS] = days
            outputs += far.outputs
        numbered = [
            (*one[:3], *(self._number(near if one[0] < L.O_DAYS else far, cell) for cell in one[3:6]), *one[6:])
            for one in outputs
        ]
        _list(words, at + L.OUTPUTS, numbered)
        words[at + L.FIRST : at + L.FIRST + 2] = mine[0][0], len(mine)
        lives = [one for one in numbered if L.O_SINCE <= one[0] <= L.O_SUM]
        _list(words, at + L.LIVES, [(one[0], one[1], one[3], one[4]) for one in lives])
        _runs(words, at, [one for one in numbered if one[0] < L.O_SINCE])
        if spans:
            _runs(words, days, [(one[0] - L.O_DAYS, *one[1:]) for one in numbered if one[0] >= L.O_DAYS])
        return needed

    def _tallies(self, words: list[int], at: int, counters: int, far: _Section) -> int:
        """Append how names are counted: each counter in each window that an output asks for; return their words."""
        names = [one for one in far.outputs if L.O_TOP <= one[0] < L.O_DAYS]
        asked = sorted({(int(str(one[3])), one[2] or _WHOLE_LIFE) for one in names})  # (counter, days), the life last
        places = {one: n * L.TALLY for n, one in enumerate(asked)}
        logs = {(int(str(one[3])), one[2] or _WHOLE_LIFE) for one in names if one[0] == L.O_ENTROPY}
        rows = [(one[0], one[1], places[int(str(one[3])), one[2] or _WHOLE_LIFE], one[4]) for one in names]
        _list(words, at + L.NAMES, rows)  # type: ignore[arg-type]
        heads: list[tuple[int, int]] = []
        for which in range(counters):
            mine = [one for one in asked if one[0] == which]
            heads.append((len(words), len(mine)))
            words.extend(w for one in mine for w in (one[1] % _WHOLE_LIFE, places[one], int(one in logs)))
        _list(words, at + L.TALLIES, heads)
        words[at + L.TALLY_WORDS] = len(asked) * L.TALLY
        return len(asked) * L.TALLY

    def _number(self, section: _Section, one: Any) -> int:
        return section.cells.number(one) if isinstance(one, tuple) else int(one)

    def _write(self, words: list[int], at: int, section: _Section, scratch: int) -> None:
        cells = section.cells
        _list(words, at + L.BITS, [(self.bits[name] // 64, self.bits[name] % 64) for name in cells.bits])
        _list(words, at + L.ADDS, cells.adds)
        _list(words, at + L.MINS, cells.mins)
        _list(words, at + L.MAXS, cells.maxs)
        _list(words, at + L.SQUARES, cells.squares)
        _list(words, at + L.WINDOWS, [(window,) for window in section.windows])
        places = {self.bits[name]: place for place, name in enumerate(cells.bits)}
        words[at + L.MAP] = len(words)
        words.extend(places.get(bit, -1) for bit in range(64 * max(1, -(-len(self.bits) // 64))))
        operations = cells.operations()
        heads = len(words)
        words[at + L.OPS] = heads
        words.extend([0] * (2 * len(cells.bits)))
        for bit in range(len(cells.bits)):
            _list(words, heads + 2 * bit, [one[1:] for one in operations if one[0] == bit])
        words[at + L.N_FLAGS] = len(cells.flags)
        words[at + L.N_CELLS] = cells.size
        words[at + L.OUT] = scratch

    def _plain(self, cells: _Cells, row: Trait) -> tuple[int, object, object, object, int, int] | None:
        """What an aggregate over a value or over events reads: (kind, cells …, bit, value); None for the others."""
        bit, value = cells.bit(row.of), self._value(row.of)
        total, there = (L.ADD_VALUE, bit, value), (L.ADD_PRESENT, bit, value)
        match row.aggregate:
            case "count":
                return L.O_CELL, ("bit", bit), 0, 0, 0, 0
            case "sum":
                return L.O_CELL, cells.cell("add", *total), 0, 0, 0, 0
            case "mean":
                return L.O_MEAN, cells.cell("add", *total), cells.cell("add", *there), 0, 0, 0
            case "versus":
                return L.O_VERSUS, cells.cell("add", *total), cells.cell("add", *there), 0, bit, value
            case "min" | "max":
                return L.O_EXTREME, cells.cell(row.aggregate, bit, value), cells.cell("add", *there), 0, 0, 0
            case "std":
                square = cells.cell("square", L.ADD_VALUE, bit, value)
                return L.O_STD, cells.cell("add", *total), cells.cell("add", *there), square, 0, 0
            case "ratio":
                below, over = cells.bit(row.over), self._value(row.over)
                if value >= 0 and over >= 0:
                    under = cells.cell("add", L.ADD_VALUE, below, over)
                    return L.O_MEAN, cells.cell("add", *total), under, 0, 0, 0
                return L.O_MEAN, ("bit", bit), ("bit", below), 0, 0, 0
        return None

    def _cells(self, near: _Section, extra: Extra, life: Life, place: int, row: Trait, window: int) -> None:
        cells = near.cells
        found = self._plain(cells, row)
        if found is None:
            bit = cells.bit(row.of)
            if row.aggregate == "distinct":
                code = self.codes.index(row.by)
                flag = cells.flag("distinct", bit, code)
                if (flag, bit, code) not in extra.distincts:
                    extra.distincts.append((flag, bit, code))
                found = L.O_CELL, ("flag", flag), 0, 0, 0, 0
            elif row.aggregate == "after":
                came = life.word(L.R_LAST, cells.bit(row.after), -1)
                flag = cells.flag("after", bit, came, row.within)
                if not any(one[0] == flag for one in extra.afters):
                    extra.afters.append((flag, bit, came, length_ms(row.within)))
                found = L.O_CELL, ("flag", flag), 0, 0, 0, 0
            else:
                gap = extra.gap(bit, life.word(L.R_LAST, bit, -1), self.measures[row.of].kinds)
                total, there = cells.cell("add", L.ADD_GAP, bit, gap), cells.cell("add", L.ADD_GAPS, bit, gap)
                if row.aggregate == "gap_mean":
                    found = L.O_MEAN, total, there, 0, 0, 0
                else:
                    found = L.O_STD, total, there, cells.cell("square", L.ADD_GAP, bit, gap), 0, 0
        near.outputs.append((found[0], place, window, *found[1:]))

    def _days(self, far: _Section, counters: list[tuple[int, int, int, int]], place: int, row: Trait, at: int) -> None:
        cells = far.cells
        found = self._plain(cells, row)
        if found is not None:
            far.outputs.append((found[0] + L.O_DAYS, place, at, *found[1:]))
            return
        bit, code = cells.bit(row.of), self.codes.index(row.by)
        which = next((n for n, one in enumerate(counters) if one[:2] == (bit, code)), len(counters))
        if which == len(counters):
            counters.append((bit, code, -1, 0))
        flag, keeps = counters[which][2:]
        if row.aggregate == "distinct":
            flag = cells.flag("distinct", bit, code)
            far.outputs.append((L.O_CELL + L.O_DAYS, place, at, ("flag", flag), 0, 0, 0, 0))
        else:
            keeps = 1
            kind = {"top": L.O_TOP, "top_share": L.O_TOP_SHARE, "entropy": L.O_ENTROPY}[row.aggregate]
            far.outputs.append((kind, place, row.days, which, row.rank, 0, 0, 0))
        counters[which] = (bit, code, flag, keeps)

    def _life(self, near: _Section, life: Life, place: int, row: Trait) -> None:
        bit, value = near.cells.bit(row.of), self._value(row.of)
        kinds = {"since_last": L.R_LAST, "since_first": L.R_FIRST, "last": L.R_LAST_VALUE, "first": L.R_FIRST_VALUE,
                 "streak": L.R_STREAK, "decayed": L.R_DECAYED, "balance": L.R_SUM}  # fmt: skip
        kind = kinds[row.aggregate]
        half_life = length_ms(row.half_life) if row.half_life else 0
        reads = value if kind in (L.R_LAST_VALUE, L.R_FIRST_VALUE, L.R_DECAYED, L.R_SUM) else -1
        word = life.word(kind, bit, reads, half_life)
        output = {L.R_LAST: L.O_SINCE, L.R_FIRST: L.O_SINCE, L.R_STREAK: L.O_STREAK, L.R_DECAYED: L.O_DECAYED,
                  L.R_SUM: L.O_SUM}.get(kind, L.O_VALUE)  # fmt: skip
        near.outputs.append((output, place, 0, word, half_life, 0, 0, 0))

    def _value(self, measure: str) -> int:
        source = source_of(self.measures[measure])
        return -1 if source is None else self.values.index(source)


def _list(words: list[int], at: int, rows: Sequence[Sequence[int]]) -> None:
    words[at : at + 2] = len(words), len(rows)
    words.extend(int(word) for row in rows for word in row)


def _runs(words: list[int], at: int, outputs: Sequence[Sequence[int]]) -> None:
    """Append the outputs of accumulators, those of one window and kind together, which stand side by side."""
    widths = {L.O_CELL: (3,), L.O_MEAN: (3, 4), L.O_EXTREME: (3, 4), L.O_STD: (3, 4, 5), L.O_VERSUS: (3, 4, 6, 7)}
    runs = []
    for window, kind in sorted({(one[2], one[0]) for one in outputs}):
        mine = [one for one in outputs if (one[2], one[0]) == (window, kind)]
        runs.append((window, kind, len(words), len(mine), mine[0][1]))
        words.extend(int(one[k]) for k in widths[kind] for one in mine)
    _list(words, at + L.RUNS, runs)


def _in_order(rows: Iterable[Trait]) -> list[Trait]:
    """Sort rows so that outputs that are written together stand side by side."""
    parties, plans = list(PARTIES), ("window", "days", "life")

    def place(row: Trait) -> tuple[int, int, int, int]:
        length = row.window_ms if row.plan == "window" else row.days or _WHOLE_LIFE if row.plan == "days" else 0
        return parties.index(row.party), plans.index(row.plan), length, _KINDS.get(row.aggregate, 0)

    return sorted(rows, key=place)
