"""Rules: all expressions of a policy as one, which says what each says alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from guanxi.core import DataError, SettingError
from guanxi.decisions.expressions import BLANKS, CONSTANTS, LISTED, Expression, Sort, Variable, listed, run, substituted
from guanxi.decisions.laws import Scalar

MOST_TOGETHER: Final = 60_000  # characters of all expressions of a policy
MOST_EXPRESSIONS: Final = 300


class Outcome(NamedTuple):
    """What all rules and numbers of a set say of one moment.

    holds, unknown, failed  bit i: of rule i; a rule with none of them does not hold
    numbers                 one for each; None = unknown, or it failed
    """

    holds: int
    unknown: int
    failed: int
    numbers: tuple[float | None, ...]


class RuleSet:
    """All rules and numbers of a policy as one expression.

    rules, numbers  as compiled alone; bit i of an outcome is rule i
    reads           variable -> what it stands for, sorted by name, without constants
    sources         traits whose values it reads, in its order; take: what takes their values
    """

    def __init__(self, rules: Sequence[Expression], numbers: Sequence[Expression] = ()) -> None:
        both = (*rules, *numbers)
        if len(both) > MOST_EXPRESSIONS or sum(len(one.text) for one in both) > MOST_TOGETHER:
            raise SettingError(
                f"there are {len(both)} expressions of {sum(len(one.text) for one in both):,} characters together",
                f"Use {MOST_EXPRESSIONS} of {MOST_TOGETHER:,} characters together at most", "rules",
            )  # fmt: skip
        named = {name: one for expression in both for name, one in expression.reads.items()}
        self.rules, self.numbers = (tuple(one.among(named) for one in some) for some in (rules, numbers))
        self.reads = {name: named[name] for name in sorted(named) if named[name].sort != "constant"}
        self._bits = {name: sum(1 << at for at, one in enumerate(both) if name in one.reads) for name in self.reads}
        # Values go in as a few lists: the engine takes in a hundred values three times as fast.
        held = {sort: [one for one in self.reads.values() if one.sort == sort] for sort in LISTED}
        self._places = {one.name: (sort, at) for sort, some in held.items() for at, one in enumerate(some)}
        self._read = [one for sort in _OF_TRAITS for one in held[sort]]
        self._types = [_TYPES[one.sort] for one in self._read]
        self._ends = (len(held["int"]), len(held["int"]) + len(held["double"]))
        self.sources = tuple(one.source for one in self._read)
        self.take = taker(self.sources)
        self._facts, self._asked = held["fact"], held["known"]
        self._chunks = range(0, len(self.rules), _BITS)
        texts = [substituted(one.text, self._place) for one in both]
        parts = [_sum([f"((\n{text}\n)?{1 << at}:0)" for at, text in enumerate(texts[start : start + _BITS])
                       if start + at < len(self.rules)]) for start in self._chunks]  # fmt: skip
        parts += [f"double((\n{text}\n))" for text in texts[len(self.rules) :]]
        self._whole = listed(f"[{','.join(parts)}]") if parts else None

    def judge(
        self, traits: Mapping[str, Scalar | None], facts: Mapping[str, Scalar], *,
        taken: Sequence[Scalar | None] | None = None,
    ) -> Outcome:  # fmt: skip
        """Return what all say of one moment; equal to what each says alone.

        taken   what `take` took of the traits; None = take it
        raises  DataError when a trait's value is not of its type
        """
        if self._whole is None:
            return Outcome(0, 0, 0, ())
        values, absent = self._values(traits, facts, list(self.take(traits) if taken is None else taken))
        missing = 0
        for name in absent:
            missing |= self._bits[name]
        found = run(self._whole, values)
        if isinstance(found, str):  # one of them failed, so that all did
            found, missing = [0.0] * (len(self._chunks) + len(self.numbers)), -1
        holds = 0
        for place, start in enumerate(self._chunks):
            holds |= int(found[place]) << start
        numbers = found[len(self._chunks) :]
        for at, number in enumerate(numbers, len(self.rules)):
            missing |= 0 if math.isfinite(number) else 1 << at
        if not missing:
            return Outcome(holds, 0, 0, tuple(numbers))
        return self._again(values, frozenset(absent), missing, holds, numbers)

    def _values(
        self, traits: Mapping[str, Scalar | None], facts: Mapping[str, Scalar], found: list[Any]
    ) -> tuple[dict[str, list[Any]], list[str]]:
        """The values of all variables, a list for each type, and the variables that are not known.

        What is not known has a value that nobody looks at.
        """
        absent: list[str] = []
        kinds = list(map(type, found))
        if kinds != self._types:
            for place in [at for at, kind in enumerate(kinds) if kind is not self._types[at]]:
                found[place] = self._cast(found[place], self._read[place], absent)
        first, last = self._ends
        doubles = found[first:last]
        if not math.isfinite(sum(doubles)):
            for place, value in enumerate(doubles):
                if value != value:
                    doubles[place] = self._cast(None, self._read[first + place], absent)
        return {
            "v_int": found[:first], "v_double": doubles, "v_string": found[last:],
            "v_fact": [self._cast(facts.get(one.source), one, absent) for one in self._facts],
            "v_known": [_is_known((facts if one.fact else traits).get(one.source)) for one in self._asked],
        }, absent  # fmt: skip

    def _cast(self, value: Scalar | None, one: Variable, absent: list[str]) -> Scalar:
        """A value in the type of its variable; what is not known is noted, and blank."""
        if value is None or value != value:  # not a number: not known
            absent.append(one.name)
            return BLANKS[one.sort]
        return _cast(value, one.sort, one.source)

    def _again(
        self, values: Mapping[str, list[Any]], absent: frozenset[str], missing: int, holds: int, numbers: list[float]
    ) -> Outcome:
        """Judge alone what reads something unknown."""
        unknown = failed = 0
        told: list[float | None] = list(numbers)
        both = (*self.rules, *self.numbers)
        for at in places(missing & ((1 << len(both)) - 1)):
            found = both[at].judge(self._known(values, both[at], absent))
            if at >= len(self.rules):
                told[at - len(self.rules)] = None if found is None or isinstance(found, str) else float(found)
                continue
            bit = 1 << at
            holds = holds | bit if found is True else holds & ~bit
            unknown |= bit if found is None else 0
            failed |= bit if isinstance(found, str) else 0
        return Outcome(holds, unknown, failed, tuple(told))

    def _known(self, values: Mapping[str, list[Any]], one: Expression, absent: frozenset[str]) -> dict[str, Scalar]:
        """The values that one expression reads, by name."""
        known: dict[str, Scalar] = {name: CONSTANTS[name] for name in one.reads if name in CONSTANTS}
        for name in one.reads:
            if name in self._places and name not in absent:
                sort, at = self._places[name]
                known[name] = values[f"v_{sort}"][at]
        return known

    def _place(self, name: str) -> str:
        if name in CONSTANTS:
            return str(CONSTANTS[name])
        sort, at = self._places.get(name, ("", 0))
        return f"v_{sort}[{at}]" if sort else name


def places(bits: int) -> list[int]:
    """Return the numbers of the bits that are set, ascending."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def taker(names: Sequence[str]) -> Callable[[Mapping[str, Scalar | None]], Sequence[Scalar | None]]:
    """Return what takes the values of these names, None where there is none: as fast as can be where all are there."""
    if len(names) < 2:
        return lambda held: [held.get(name) for name in names]
    take = itemgetter(*names)

    def taken(held: Mapping[str, Scalar | None]) -> Sequence[Scalar | None]:
        try:
            return take(held)  # type: ignore[no-any-return]  # a tuple of two or more
        except KeyError:
            return [held.get(name) for name in names]

    return taken


_BITS: Final = 60  # rules whose outcomes fit into one INT
_OF_TRAITS: Final = ("int", "double", "string")
_TYPES: Final[dict[str, type]] = {"int": int, "double": float, "string": str}


def _cast(value: Scalar, sort: Sort, source: str) -> Scalar:
    """Return a value in the type of its variable; raises DataError when that would change it."""
    if sort == "fact":
        return value
    if sort == "double" and type(value) is int:
        return float(value)
    if sort == "int" and type(value) is float and value.is_integer() and abs(value) < 2**63:
        return int(value)
    raise DataError(
        f"the trait {source} is {value!r:.40}", f"Give it as {sort}, or leave it out when unknown", "traits"
    )


def _is_known(value: Scalar | None) -> bool:
    return value is not None and value == value


def _sum(parts: list[str]) -> str:
    """One text that adds up all, as shallow as can be."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_sum(parts[:half])}+{_sum(parts[half:])})"
