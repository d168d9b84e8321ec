"""Rules in CEL: one compiled expression over only what it reads, three outcomes, and no way to run for long.

Standard text of the Common Expression Language; this module alone knows the engine.

- A trait is a variable named like it, dots as underscores: `person.orders.count.30d` is `person_orders_count_30d`.
  It is an INT when it counts whole things (fen, ms, days), a STRING when it names something, else a DOUBLE.
- A fact that the caller states is `fact_NAME`. `MINUTE`, `HOUR`, `DAY` are milliseconds, `YUAN` is 100 fen.
- What is not known is absent. As everywhere in CEL, `&&` and `||` need only the side that decides; where an absent
  value decides, the outcome is "unknown", which is neither true nor false. `known_NAME` says whether one is there.
- Texts are short, loops stand over lists that are written out and not inside each other, and the engine counts steps.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

from cel_expr_python import cel  # type: ignore[import-untyped]  # it ships stubs without a marker

from guanxi.core import DataError, SettingError, nearest
from guanxi.decisions.laws import NAME, Scalar
from guanxi.traits import PARTIES, Trait, TraitCatalogue

Sort = Literal["int", "double", "string", "fact", "known", "constant"]

MOST_TEXT: Final = 2_000  # characters of one expression
MOST_TOGETHER: Final = 60_000  # characters of all expressions of a policy
MOST_EXPRESSIONS: Final = 300
CONSTANTS: Final = {"MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000, "YUAN": 100}
FACT, KNOWN = "fact_", "known_"


class Variable(NamedTuple):
    """What a name in an expression stands for.

    source  the trait or the fact; of `known_NAME`: of what NAME stands for
    """

    name: str
    sort: Sort
    source: str
    fact: bool = False


class Outcome(NamedTuple):
    """What all rules and numbers of a set say of one moment.

    holds, unknown, failed  bit i: of rule i; a rule with none of them does not hold
    numbers                 one for each; None = unknown, or it failed
    """

    holds: int
    unknown: int
    failed: int
    numbers: tuple[float | None, ...]


class Expression:
    """One text, compiled alone.

    text       the expression
    catalogue  the traits that it may name
    number     True: it gives a number; False: true or false
    reads     the variables that it names
    raises     SettingError that says what is wrong, where in the text, and what is allowed
    """

    __slots__ = ("_compiled", "number", "reads", "text")

    def __init__(self, text: str, traits: Mapping[str, tuple[Sort, str]], *, number: bool = False) -> None:
        self.text, self.number = text, number
        bare = _STRINGS.sub('""', text)
        _check_bounds(text, bare)
        self.reads = _reads(bare, traits)
        self._compiled = _compile(text, self.reads, text)
        kind = self._compiled.return_type()
        if number and kind not in (cel.Type.INT, cel.Type.DOUBLE):
            raise SettingError(f"{text!r:.80} gives {kind.name()}", "Let it give a number: 0.02 * 500.0", "value")
        if not number and kind != cel.Type.BOOL:
            raise SettingError(f"{text!r:.80} gives {kind.name()}", "Let it be true or false: x > 1", "when")
        _compile("[" + "(" * _DEEP + f"((\n{text}\n)?1:0)" + "+0)" * _DEEP + "]" if not number else f"[(\n{text}\n)]",
                 self.reads, text)  # fmt: skip

        self._probe()

    def judge(self, known: Mapping[str, Scalar]) -> bool | float | str | None:
        """Return what it says of the values that are known; None = unknown; text: the engine's words why it failed."""
        found: bool | float | str = _run(self._compiled, {name: known[name] for name in self.reads if name in known})
        if isinstance(found, str):
            return None if found.startswith(_ABSENT) else found
        if self.number and not math.isfinite(found):
            return "it is not finite"
        return found

    def _probe(self) -> None:
        """Refuse what fails whatever is known, and what never ends."""
        blanks: dict[str, Scalar] = {
            name: CONSTANTS.get(name, _BLANKS[one.sort]) for name, one in self.reads.items() if one.sort != "fact"
        }
        found = self.judge(blanks)
        if isinstance(found, str) and (not self.reads or "budget" in found):
            raise SettingError(f"{self.text!r:.80} fails: {found:.120}", "Write it so that it gives a value", "when")


class RuleSet:
    """All rules and numbers of a policy as one expression.

    rules, numbers  as compiled alone; bit i of an outcome is rule i
    reads           variable -> what it stands for, sorted by name, without constants
    """

    def __init__(self, rules: Sequence[Expression], numbers: Sequence[Expression] = ()) -> None:
        self.rules, self.numbers = tuple(rules), tuple(numbers)
        both = (*self.rules, *self.numbers)
        if len(both) > MOST_EXPRESSIONS or sum(len(one.text) for one in both) > MOST_TOGETHER:
            raise SettingError(
                f"there are {len(both)} expressions of {sum(len(one.text) for one in both):,} characters together",
                f"Use {MOST_EXPRESSIONS} of {MOST_TOGETHER:,} characters together at most", "rules",
            )  # fmt: skip
        named = {name: one for expression in both for name, one in expression.reads.items()}
        self.reads = {name: named[name] for name in sorted(named) if named[name].sort != "constant"}
        self._bits = {name: sum(1 << at for at, one in enumerate(both) if name in one.reads) for name in self.reads}
        # Values go in as a few lists: the engine takes in a hundred values three times as fast.
        held = {
            sort: [one for one in self.reads.values() if one.sort == sort] for sort in (*_OF_TRAITS, "fact", "known")
        }
        self._places = {one.name: (sort, at) for sort, some in held.items() for at, one in enumerate(some)}
        self._read = [one for sort in _OF_TRAITS for one in held[sort]]
        self._types = [_TYPES[one.sort] for one in self._read]
        self._ends = (len(held["int"]), len(held["int"]) + len(held["double"]))
        self._take = taker([one.source for one in self._read])
        self._facts, self._asked = held["fact"], held["known"]
        self._chunks = range(0, len(self.rules), _BITS)
        texts = [self._renamed(one.text) for one in both]
        parts = [_sum([f"((\n{text}\n)?{1 << at}:0)" for at, text in enumerate(texts[start : start + _BITS])
                       if start + at < len(self.rules)]) for start in self._chunks]  # fmt: skip
        parts += [f"double((\n{text}\n))" for text in texts[len(self.rules) :]]
        self._whole = _compiled(f"[{','.join(parts)}]", _LISTS, "all rules together") if parts else None

    def judge(self, traits: Mapping[str, Scalar | None], facts: Mapping[str, Scalar]) -> Outcome:
        """Return what all say of one moment; equal to what each says alone.

        raises  DataError when a trait's value is not of its type
        """
        if self._whole is None:
            return Outcome(0, 0, 0, ())
        values, absent = self._values(traits, facts)
        missing = 0
        for name in absent:
            missing |= self._bits[name]
        found = _run(self._whole, values)
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
        self, traits: Mapping[str, Scalar | None], facts: Mapping[str, Scalar]
    ) -> tuple[dict[str, list[Any]], list[str]]:
        """The values of all variables, a list for each type, and the variables that are not known.

        What is not known has a value that nobody looks at.
        """
        absent: list[str] = []
        found: list[Any] = list(self._take(traits))
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
            return _BLANKS[one.sort]
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

    def _renamed(self, text: str) -> str:
        """An expression that reads lists, its strings as they are."""
        parts, end = [], 0
        for found in _STRINGS.finditer(text):
            parts += [self._shortened(text[end : found.start()]), found[0]]
            end = found.end()
        return "".join([*parts, self._shortened(text[end:])])

    def _shortened(self, text: str) -> str:
        return _IDENTIFIER.sub(lambda found: self._place(found[0]), text)

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


@lru_cache(maxsize=4)
def trait_variables(catalogue: TraitCatalogue) -> dict[str, tuple[Sort, str]]:
    """Return variable -> type and name of every trait of a catalogue."""
    return {variable_of(name): (sort_of(row), name) for name, row in catalogue.rows.items()}


def variable_of(trait: str) -> str:
    """Return the variable by which expressions name a trait."""
    return trait.replace(".", "_")


def sort_of(trait: Trait) -> Sort:
    """Return the type of a trait's variable: string for names, int for whole counts, else double."""
    if trait.unit == "name":
        return "string"
    return "int" if trait.aggregate in _WHOLE and not trait.via and trait.factor == 1 else "double"


_WHOLE: Final = ("count", "sum", "min", "max", "distinct", "after", "first", "last", "since_first", "since_last",
                 "streak", "balance")  # fmt: skip
_BITS: Final = 60  # rules whose outcomes fit into one INT
_DEEP: Final = 10  # how much deeper a rule lies in the sum of all
_ABSENT: Final = "UNKNOWN: No value with name"
_CEL: Final = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING, "fact": cel.Type.DYN,
               "known": cel.Type.BOOL, "constant": cel.Type.INT}  # fmt: skip
_OF_TRAITS: Final = ("int", "double", "string")
_LISTS: Final = {f"v_{sort}": cel.Type.List(_CEL[sort]) for sort in (*_OF_TRAITS, "fact", "known")}
_TYPES: Final[dict[str, type]] = {"int": int, "double": float, "string": str}
_BLANKS: Final[dict[str, Scalar]] = {"int": 1, "double": 1.0, "string": "", "fact": 1, "known": True, "constant": 1}
_FACT: Final = re.compile(FACT + NAME)
_PREFIXES: Final = frozenset((*PARTIES, "known", "fact"))
_STRINGS: Final = re.compile(
    r"""\b(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*')|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*"""
)
_MACRO: Final = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")
_FIELD: Final = re.compile(rf"\.\s*(?:{'|'.join(sorted(_PREFIXES))})_\w*")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_]\w*")
_UNDECLARED: Final = re.compile(r"undeclared reference to '(\w+)'")
_OVERLOAD: Final = re.compile(r"no matching overload for '([^']+)' applied to '([^']+)'")


def _compile(text: str, reads: Mapping[str, Variable], shown: str) -> cel.Expression:
    """Compile a text over variables; raises SettingError in words that name the text as it was written."""
    return _compiled(text, {name: _CEL[one.sort] for name, one in reads.items()}, shown)


def _compiled(text: str, types: Mapping[str, cel.Type], shown: str) -> cel.Expression:
    try:
        return cel.NewEnv(variables=types).compile(text)
    except RuntimeError as error:
        raise _unusable(str(error), shown) from None


def _unusable(words: str, shown: str) -> SettingError:
    what = f"{' '.join(shown.split())!r:.120} is no expression"
    if "recursion" in words:
        return SettingError(
            f"{what}: it is nested too deep", "Nest at most some ten levels; split it into rules", "when"
        )
    if found := _UNDECLARED.search(words):
        return SettingError(
            f"{what}: nothing is called {found[1]}", "See the functions of CEL in docs/policies.md", "when"
        )
    if (found := _OVERLOAD.search(words)) and {"int", "double"} & set(re.findall(r"\w+", found[2])):
        return SettingError(
            f"{what}: {found[1].strip('_')} does not take ({found[2]})",
            "Counts, money and times are whole: write 3. Means and shares are not: write 3.0", "when",
        )  # fmt: skip
    found = re.search(r"<input>:[\d-]+:[\d-]+: ([^\n]*)", words)
    return SettingError(f"{what}: {found[1] if found else words:.200}", "Write it as docs/policies.md shows", "when")


def _run(compiled: cel.Expression, known: Mapping[str, Any]) -> Any:
    """What an expression gives; text when it fails (no expression here gives text)."""
    try:
        return compiled.eval(data=known).plain_value()
    except RuntimeError as error:  # the engine ran out of steps
        return str(error) or "it was stopped"


def _check_bounds(text: str, bare: str) -> None:
    if not text.strip() or len(text) > MOST_TEXT or "\0" in text:
        raise SettingError(f"an expression has {len(text):,} characters", f"Use 1 to {MOST_TEXT:,}", "when")
    if '"""' in text or "'''" in text or _FIELD.search(bare):
        raise SettingError(
            f"{' '.join(text.split())!r:.120} has a long string or a trait behind a dot",
            "Write plain strings and names",
            "when",
        )
    starts = [found.end() for found in _MACRO.finditer(bare)]
    for start in starts:
        depth, end = 1, start
        while end < len(bare) and depth:
            depth += {"(": 1, ")": -1}.get(bare[end], 0)
            end += 1
        if any(start < other <= end for other in starts):
            raise SettingError(
                f"{' '.join(text.split())!r:.120} has a loop inside a loop", "Write its steps as rules of their own",
                "when",
            )  # fmt: skip


def _reads(bare: str, traits: Mapping[str, tuple[Sort, str]]) -> dict[str, Variable]:
    """Return the variables that a text without its strings names."""
    found: dict[str, Variable] = {}
    for name in _IDENTIFIER.findall(bare):
        inner = name.removeprefix(KNOWN)
        if name in CONSTANTS:
            found[name] = Variable(name, "constant", name)
        elif inner in traits or _FACT.fullmatch(inner):
            sort, source = traits.get(inner) or ("fact", inner.removeprefix(FACT))
            found[name] = Variable(name, "known" if inner != name else sort, source, sort == "fact")
        elif name.partition("_")[0] in _PREFIXES and "_" in name:
            near = nearest(name, traits)
            raise SettingError(
                f"no trait is called {name!r:.80}", f"Did you mean {' or '.join(near)}?" if near else
                "See docs/traits.md; write dots as underscores", "when",
            )  # fmt: skip
    return found


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
