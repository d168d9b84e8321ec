"""Expressions in CEL: what they may name, three outcomes, and no way to run for long.

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
from collections.abc import Callable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from cel_expr_python import cel  # type: ignore[import-untyped]  # it ships stubs without a marker

from guanxi.core import SettingError, nearest
from guanxi.decisions.laws import NAME, Scalar
from guanxi.traits import PARTIES, Trait, TraitCatalogue

Sort = Literal["int", "double", "string", "fact", "known", "constant"]

MOST_TEXT: Final = 2_000  # characters of one expression
CONSTANTS: Final = {"MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000, "YUAN": 100}
FACT, KNOWN = "fact_", "known_"
LISTED: Final = ("int", "double", "string", "fact", "known")  # sorts of which `listed` makes lists
#: What stands for a value that is not known and that nobody looks at.
BLANKS: Final[dict[str, Scalar]] = {"int": 1, "double": 1.0, "string": "", "fact": 1, "known": True, "constant": 1}


class Variable(NamedTuple):
    """What a name in an expression stands for.

    source  the trait or the fact; of `known_NAME`: of what NAME stands for
    """

    name: str
    sort: Sort
    source: str
    fact: bool = False


class Expression:
    """One text, compiled alone.

    text    the expression
    traits  variable -> type and name of the traits that it may name, as `trait_variables` gives them
    number  True: it gives a number; False: true or false
    reads   the variables that it names
    raises  SettingError that says what is wrong, where in the text, and what is allowed
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
        found: bool | float | str = run(self._compiled, {name: known[name] for name in self.reads if name in known})
        if isinstance(found, str):
            return None if found.startswith(_ABSENT) else found
        if self.number and not math.isfinite(found):
            return "it is not finite"
        return found

    def among(self, reads: Mapping[str, Variable]) -> "Expression":
        """Return the same, compiled among more variables: what shares them shares the tables of the engine, too."""
        other = copy(self)
        other._compiled = _environment(frozenset(reads.values())).compile(self.text)
        return other

    def _probe(self) -> None:
        """Refuse what fails whatever is known, and what never ends."""
        blanks: dict[str, Scalar] = {
            name: CONSTANTS.get(name, BLANKS[one.sort]) for name, one in self.reads.items() if one.sort != "fact"
        }
        found = self.judge(blanks)
        if isinstance(found, str) and (not self.reads or "budget" in found):
            raise SettingError(f"{self.text!r:.80} fails: {found:.120}", "Write it so that it gives a value", "when")


def listed(text: str) -> cel.Expression:
    """Compile a text over lists of values, v_int, v_double, ..: one for each of LISTED."""
    return _compiled(text, _LISTS, "all rules together")


def run(compiled: cel.Expression, known: Mapping[str, Any]) -> Any:
    """Return what an expression gives; text when it fails, since no expression here gives text."""
    try:
        return compiled.eval(data=known).plain_value()
    except RuntimeError as error:  # the engine ran out of steps
        return str(error) or "it was stopped"


def substituted(text: str, name: Callable[[str], str]) -> str:
    """Return a text with each identifier replaced, its strings and comments as they are."""
    parts, end = [], 0
    for found in _STRINGS.finditer(text):
        parts += [_IDENTIFIER.sub(lambda one: name(one[0]), text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*parts, _IDENTIFIER.sub(lambda one: name(one[0]), text[end:])])


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
_DEEP: Final = 10  # how much deeper a rule lies in the sum of all
_ABSENT: Final = "UNKNOWN: No value with name"
_CEL: Final = {"int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING, "fact": cel.Type.DYN,
               "known": cel.Type.BOOL, "constant": cel.Type.INT}  # fmt: skip
_LISTS: Final = {f"v_{sort}": cel.Type.List(_CEL[sort]) for sort in LISTED}
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


@lru_cache(maxsize=8)
def _environment(variables: frozenset[Variable]) -> cel.Env:
    return cel.NewEnv(variables={one.name: _CEL[one.sort] for one in variables})


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
