"""Intake of traits: events become bits, whole numbers and hashes, one at a time or a kind at once."""

import math
import operator
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
import xxhash

from guanxi.core import DAY_MS, SettingError
from guanxi.events import CUSTOM, Event, EventBatch, Kind
from guanxi.parties import is_masked
from guanxi.traits.batch import Batch
from guanxi.traits.clause import Clause
from guanxi.traits.fields import (
    DAY,
    LARGEST,
    Shape,
    Source,
    check_code,
    check_measure,
    is_number,
    kind_of,
    operands,
    shape_of,
    source_of,
)
from guanxi.traits.intake_columns import KindColumns
from guanxi.traits.measure import SINCE, Measure
from guanxi.traits.trait import HOUR_MS, PARTIES

CHINA_MS: Final = 8 * HOUR_MS  # ahead of UTC; no summer time
Resolve = Callable[[str, int], str]
Read = Callable[[Event], Any]
MAX_VALUES: Final = 64  # numbers that one word of `present` can speak of
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Intake:
    """Turns events into what traits read; the order of everything is fixed when it is made.

    measures  bit m of an event says that it belongs to measure m
    sources   the numbers read: (value, scale, sign), each once, in order of first sight
    codes     the names read
    parties   rows of PARTIES
    """

    def __init__(self, measures: Sequence[Measure], codes: Sequence[str], *, parties: Sequence[str] = ()) -> None:
        self.measures = tuple(check_measure(one) for one in measures)
        sources = (source_of(one) for one in self.measures)
        self.sources: tuple[Source, ...] = tuple(dict.fromkeys(one for one in sources if one is not None))
        self.codes = tuple(check_code(code) for code in codes)
        self.parties = tuple(PARTIES[name] for name in parties or PARTIES)
        self.words = max((len(self.measures) + 63) // 64, 1)
        if len(self.sources) > MAX_VALUES:
            raise SettingError(f"the measures read {len(self.sources)} different numbers",
                               f"At most {MAX_VALUES} fit one plan: drop measures or share their values",
                               "measures")  # fmt: skip
        self._rows: dict[str, _Reader] = {}
        self._columns: dict[str, KindColumns] = {}

    def value_of(self, measure: Measure) -> int:
        """Return the column of `values` that holds a measure's number, -1 when it has none."""
        source = source_of(measure)
        return -1 if source is None else self.sources.index(source)

    def rows(self, events: Sequence[Event], *, resolve: Resolve | None = None) -> Batch:
        """Return what traits read of single events.

        resolve   (reference, seq) -> the reference that names the party as known then; None: itself
        """
        n = len(events)
        batch = self._empty(n)
        readers = self._rows
        for place, event in enumerate(events):
            reader = readers.get(event.kind)
            if reader is None:
                name = CUSTOM if kind_of(event.kind) is None else event.kind  # senders may invent many kinds
                reader = readers[name] = readers.get(name) or _Reader(self, name)
            reader.read(event, batch, place, resolve)
        return batch

    def columns(
        self, batch: EventBatch, *, resolve: Resolve | None = None, merged: Collection[str] | None = None,
        names: dict[str, dict[int, str]] | None = None,
    ) -> Batch:  # fmt: skip
        """Return what traits read of many events of one kind, or of custom events.

        batch    columns as the lake holds them: those of the kind, and seq, received_ms and live
        resolve  as in `rows`
        merged   references that ever were merged: only those are resolved; None = ask of every event
        names    codes -> their texts by hash: those of this batch are added, for who shows a `top`
        raises   DataError when a column of the lake is missing
        """
        columns = self._columns.get(batch.kind)
        if columns is None:
            kind = kind_of(batch.kind)
            columns = KindColumns(self.sources, self.codes, self.parties, self._bits_of(batch.kind, kind), kind)
            self._columns[batch.kind] = columns
        out = self._empty(len(batch))
        columns.fill(batch.frame, out, resolve, merged, names or {})
        return out

    def _bits_of(self, name: str, kind: Kind | None) -> list[tuple[int, tuple[Clause, ...]]]:
        """The measures that an event of a kind can belong to, with the conditions left to be looked at."""
        found = []
        for bit, measure in enumerate(self.measures):
            if measure.kinds and name not in measure.kinds:
                continue
            open_clauses = []
            for clause in measure.clauses:
                known = shape_of(clause.field, kind) and (not clause.other or shape_of(clause.other, kind))
                if known:
                    open_clauses.append(clause)
                elif clause.op != "lacks":
                    break
            else:
                found.append((bit, tuple(open_clauses)))
        return found

    def _empty(self, n: int) -> Batch:
        return Batch(
            clock_ms=np.zeros(n, np.int64), seq=np.zeros(n, np.int64), bits=np.zeros((n, self.words), np.uint64),
            values=np.zeros((n, len(self.sources)), np.int64), present=np.zeros(n, np.uint64),
            codes=np.zeros((n, len(self.codes)), np.uint64), parties=np.zeros((n, len(self.parties)), np.uint64),
        )  # fmt: skip


class _Reader:
    """What is read of events of one kind, one at a time."""

    def __init__(self, intake: Intake, name: str) -> None:
        kind = kind_of(name)
        tests: dict[Clause, Callable[[Event], bool]] = {}
        self.always = [0] * intake.words
        self.bits: list[tuple[int, int, tuple[Callable[[Event], bool], ...]]] = []
        for bit, clauses in intake._bits_of(name, kind):
            if clauses:
                checks = tuple(tests.setdefault(one, _test(one, kind)) for one in clauses)
                self.bits.append((bit // 64, 1 << bit % 64, checks))
            else:
                self.always[bit // 64] |= 1 << bit % 64
        sources = ((place, _number(one, kind)) for place, one in enumerate(intake.sources))
        self.values = [(place, read) for place, read in sources if read is not None]
        codes = ((place, _name(one, kind)) for place, one in enumerate(intake.codes))
        self.codes = [(place, read) for place, read in codes if read is not None]
        self.parties = [
            (place, row.role, row.resolved, row.types)
            for place, row in enumerate(intake.parties)
            if kind is None or row.role in kind.role_names
        ]

    def read(self, event: Event, batch: Batch, place: int, resolve: Resolve | None) -> None:
        """Fill one row of a batch."""
        batch.clock_ms[place], batch.seq[place] = event.clock_ms, event.seq
        words = self.always.copy()
        for word, bit, checks in self.bits:
            for check in checks:
                if not check(event):
                    break
            else:
                words[word] |= bit
        batch.bits[place] = words
        present = 0
        for at, read in self.values:
            number = read(event)
            if number is not None:
                batch.values[place, at] = number
                present |= 1 << at
        batch.present[place] = present
        for at, read in self.codes:
            text = read(event)
            if text is not None:
                batch.codes[place, at] = _hash(text)
        for at, role, resolved, types in self.parties:
            ref = event.roles.get(role)
            if ref and not is_masked(ref) and (not types or ref.partition(":")[0] in types):
                batch.parties[place, at] = _hash(resolve(ref, event.seq) if resolved and resolve else ref)


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _field(field: str, shape: Shape) -> Read:
    """What reads a field of an event, None when it is missing or of another type than declared."""
    head, _, name = field.partition(".")
    if head == "role":
        return lambda event: event.roles.get(name) or None
    if head == "ref":
        return lambda event: event.refs.get(name) or None
    if head == "p":
        typed = _TYPED[shape]
        return lambda event: typed(event.properties.get(name))
    return _PLAIN[field]


def _test(clause: Clause, kind: Kind | None) -> Callable[[Event], bool]:
    shape = shape_of(clause.field, kind) or "text"  # clauses on fields that a kind has not are settled before
    read = _field(clause.field, shape)
    if clause.op == "has":
        return lambda event: read(event) is not None
    if clause.op == "lacks":
        return lambda event: read(event) is None
    if clause.other:
        beside, same = _field(clause.other, "text"), clause.op == "="

        def compare(event: Event) -> bool:
            left, right = read(event), beside(event)
            return left is not None and right is not None and (left == right) is same

        return compare
    values = operands(clause, shape)
    if clause.op in ("in", "not in"):
        wanted, inside = frozenset(values), clause.op == "in"
        return lambda event: (found := read(event)) is not None and (found in wanted) is inside
    holds, value = _COMPARE[clause.op], values[0]
    return lambda event: (found := read(event)) is not None and holds(found, value)


def _number(source: Source, kind: Kind | None) -> Read | None:
    value, scale, sign = source
    bare = value.removeprefix(SINCE)
    shape = shape_of(bare, kind)
    if shape is None or not is_number(shape):
        return None
    read, since, fraction = _field(bare, shape), value.startswith(SINCE), shape in ("fraction", "decimal")

    def number(event: Event) -> int | None:
        found = read(event)
        if found is None:
            return None
        if fraction:
            found = found * scale + 0.5
            if not -LARGEST < found < LARGEST:
                return None
            found = math.floor(found)
        else:
            if not -LARGEST < found < LARGEST:
                return None
            found = max(event.at_ms - found, 0) if since else found
            found *= scale
            if not -LARGEST < found < LARGEST:
                return None
        return int(found * sign)

    return number


def _name(field: str, kind: Kind | None) -> Read | None:
    shape = shape_of(field, kind)
    if shape is None or shape in ("document", "fraction", "decimal"):
        return None
    read = _field(field, shape)
    if shape == "text":
        return read
    return lambda event: None if (found := read(event)) is None else str(found).lower()


def _whole(value: Any) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _fraction(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None


def _decimal(value: Any) -> float | None:
    """A decimal as the nearest double of its millionths over a million, as the columns read it."""
    try:
        millionths = Decimal(str(value)).scaleb(6)
        return int(millionths) / 1e6 if abs(millionths) < 10**18 else None
    except InvalidOperation:
        return None


_TYPED: Final[dict[Shape, Callable[[Any], Any]]] = {
    "text": lambda value: (value or None) if isinstance(value, str) else None,
    "whole": _whole,
    "time": _whole,
    "fraction": _fraction,
    "decimal": _decimal,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "document": lambda value: value,
}  # fmt: skip
_PLAIN: Final[dict[str, Read]] = {
    "amount": lambda event: event.amount,
    "platform": lambda event: event.platform or None,
    "hour": lambda event: (event.at_ms + CHINA_MS) // HOUR_MS % 24,
    "weekday": lambda event: ((event.at_ms + CHINA_MS) // DAY_MS + 3) % 7 + 1,
    "live": lambda event: event.live,
    DAY: lambda event: (event.clock_ms + CHINA_MS) // DAY_MS,
}  # fmt: skip
