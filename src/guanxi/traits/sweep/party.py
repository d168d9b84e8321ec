"""Party: the columns of one party of a plan, each made when it is first asked for, and what traits read of them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from guanxi.traits.state import Plan
from guanxi.traits.state import layout as L  # noqa: N812 - as in the state itself
from guanxi.traits.sweep import order, reads, series
from guanxi.traits.sweep.section import Output, Section

Column = NDArray[Any]
T = TypeVar("T")
_FEW: Final = 4  # values taken along when the events are first looked at
_KEPT: Final = 16  # columns kept for the next trait; those of one measure are read one after the other


class Party:
    """Events of one party, side by side with the others of the same key.

    places  (m,) events that have a key, as they stand here
    """

    def __init__(self, plan: Plan, place: int, events: NDArray[np.int64]) -> None:
        self.events = events
        self.value_words = L.E_BITS + plan.bit_words
        self.code_words = self.value_words + len(plan.values)
        self.near = Section(plan.words, int(plan.words[L.SECTIONS + place]))
        days = int(plan.words[self.near.at + L.DAYS])
        self.far = Section(plan.words, days) if days else None
        few = min(len(plan.values), _FEW)
        words = np.array([L.E_CLOCK, L.E_PRESENT, *range(L.E_BITS, self.value_words + few)])
        key = self.code_words + len(plan.codes) + place
        self.places, self.starts, head = order.grouped(events, key, words)
        self.clock, self.present, self.bits = head[0], head[1], head[2 : 2 + plan.bit_words]
        self.few = head[2 + plan.bit_words :]
        enters = order.entering(self.bits, self._measured(plan.bit_words))
        self.life: Column = order.lives(self.clock, enters, self.starts, plan.words[L.MEMORY])
        self.lows: dict[tuple[str, int], Column] = {}
        self.kept: OrderedDict[object, Any] = OrderedDict()

    def read(self, output: Output, out: NDArray[np.float64]) -> None:
        """Write one trait of every event."""
        if output.kind >= L.O_TOP:
            self._read_names(output, out)
        elif output.kind >= L.O_SINCE:
            self._read_life(output, out)
        else:
            self._read_window(output, out)

    def _read_window(self, output: Output, out: NDArray[np.float64]) -> None:
        section = self._section(output)
        width = section.windows[output.window]
        low = self._since_day(width) if output.of_days else self._since(width)
        kind, key = section.cell(output.x)
        if kind == "distinct":
            reads.distinct(*self._names(section.bits[key[0]], key[1]), low, out)
        elif output.kind == L.O_CELL:
            reads.cell(self._total(section, output.x), low, out)
        elif output.kind == L.O_MEAN:
            reads.quotient(self._total(section, output.x), self._total(section, output.y), low, out)
        elif output.kind == L.O_EXTREME:
            mask, value = self._values(section.bits[key[0]], key[1])
            reads.extreme(mask, value, low, 1 if kind == "max" else -1, out)
        elif output.kind == L.O_STD:
            total, count = self._total(section, output.x), self._total(section, output.y)
            reads.spread(total, count, self._total(section, output.z), low, out)
        else:
            mask, value = self._values(section.bits[output.bit], output.value)
            reads.versus(mask, value, self._total(section, output.x), self._total(section, output.y), low, out)

    def _read_life(self, output: Output, out: NDArray[np.float64]) -> None:
        kind, bit, value, _, parameter = self.near.registers[output.x]
        mask = self._bit(self.near.bits[bit])
        if kind in (L.R_LAST, L.R_FIRST):
            reads.ago(self.clock, mask, self.life, kind == L.R_LAST, out)
        elif kind == L.R_STREAK:
            reads.streak(self.clock, mask, self.life, out)
        elif kind == L.R_DECAYED and value < 0:
            reads.decayed(self.clock, mask.astype(np.int64), mask, self.life, parameter, out)
        else:
            mask, number = self._values(self.near.bits[bit], value)
            if kind == L.R_DECAYED:
                reads.decayed(self.clock, number, mask, self.life, parameter, out)
            elif kind == L.R_SUM:
                reads.cell(_sum(mask, number), self.life, out)
            else:
                reads.value_of(number, mask, self.life, kind == L.R_LAST_VALUE, out)

    def _read_names(self, output: Output, out: NDArray[np.float64]) -> None:
        section = self._section(output)
        bit, code = section.counters[output.x][:2]
        ids, most = self._names(section.bits[bit], code)
        low = self._since_day(output.window)
        if output.kind == L.O_ENTROPY:
            reads.entropy(ids, most, low, self.life, out)
        else:
            share = output.kind == L.O_TOP_SHARE
            reads.ranked(ids, self._code(code), most, low, self.life, 1 if share else output.y, share, out)

    def _section(self, output: Output) -> Section:
        return self.far if output.of_days and self.far is not None else self.near

    def _measured(self, words: int) -> NDArray[np.int64]:
        """Bits of every measure of the party."""
        masks = [0] * words
        for section in (self.near, self.far or self.near):
            for word, place in section.bits:
                masks[word] |= 1 << place
        return np.array(masks, np.uint64).view(np.int64)

    def _gathered(self, word: int) -> Column:
        out = np.empty(len(self.places), np.int64)
        order.gathered(self.events, self.places, word, out)
        return out

    def _keep(self, key: object, make: Callable[[], T]) -> T:
        if key not in self.kept:
            self.kept[key] = make()
            if len(self.kept) > _KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return cast(T, self.kept[key])

    def _since(self, width: int) -> Column:
        key = ("ms", width)
        if key not in self.lows:
            self.lows[key] = order.since(self.clock, self.life, width)
        return self.lows[key]

    def _since_day(self, days: int) -> Column:
        if not days:
            return self.life
        key = ("days", days)
        if key not in self.lows:
            self.lows[key] = order.since_day(self.clock, self.life, days)
        return self.lows[key]

    def _bit(self, bit: tuple[int, int]) -> Column:
        return self._keep(("bit", bit), lambda: series.bit_of(self.bits[bit[0]], bit[1]))

    def _values(self, bit: tuple[int, int], value: int) -> tuple[Column, Column]:
        """Where a measure's value is there, and the value."""
        if value < len(self.few):
            number = self.few[value]
        else:
            number = self._keep(("value", value), lambda: self._gathered(self.value_words + value))
        there = self._keep(("values", bit, value), lambda: self._bit(bit) & series.bit_of(self.present, value))
        return there, number

    def _code(self, code: int) -> Column:
        return self._keep(("code", code), lambda: self._gathered(self.code_words + code))

    def _names(self, bit: tuple[int, int], code: int) -> tuple[Column, Any]:
        return self._keep(
            ("names", bit, code), lambda: series.numbered(self._code(code), self._bit(bit), self.life, self.starts)
        )

    def _gaps(self, bit: tuple[int, int]) -> tuple[Column, Column]:
        """Where there was an event before, and how long before."""
        return self._keep(("gaps", bit), lambda: series.gaps(self.clock, self._bit(bit), self.life))

    def _total(self, section: Section, cell: int) -> Column:
        """What a cell adds up, over all events before each."""
        kind, key = section.cell(cell)
        if kind == "bit":
            return self._keep((kind, section.bits[key[0]], "total"), lambda: _sum(self._bit(section.bits[key[0]])))
        if kind == "after":
            return self._keep((kind, key), lambda: _sum(self._follows(*key)))
        add, bit = key[0], section.bits[key[1]]
        mask, value = self._gaps(bit) if add >= L.ADD_GAP else self._values(bit, key[2])
        name = (kind, add, bit, key[2])
        if kind == "square":
            return self._keep(name, lambda: _squares(mask, value))
        return self._keep(name, lambda: _sum(mask, None if add in (L.ADD_PRESENT, L.ADD_GAPS) else value))

    def _follows(self, bit: int, word: int, within: int) -> Column:
        mask, before = self._bit(self.near.bits[bit]), self._bit(self.near.bits[self.near.registers[word][1]])
        return series.follows(self.clock, mask, before, self.life, within)


# Arrays come from numpy, which asks for large pages; those of compiled code do not.
def _sum(mask: Column, value: Column | None = None) -> Column:
    total = np.empty(len(mask) + 1, np.int64)
    if value is None:
        series.counted(mask, total)
    else:
        series.summed(mask, value, total)
    return total


def _squares(mask: Column, value: Column) -> Column:
    total = np.empty((2, len(mask) + 1), np.uint64)
    series.squared(mask, value, total)
    return total
