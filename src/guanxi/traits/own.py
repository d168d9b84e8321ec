"""The catalogue of a workspace: the shipped traits and measures, and those that the workspace defines."""

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from guanxi.core import GuanxiError, NotFound, RowTable, SettingError, nearest
from guanxi.traits.family import Family, expand, traits
from guanxi.traits.measure import Measure, measures
from guanxi.traits.own_checks import check_family, check_own_measure, check_own_trait
from guanxi.traits.trait import Trait

MOST_OWN: Final = 1_000  # traits that one workspace may define
_MEND: Final = "See docs/own-traits.md"
_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*(measure|family)[ \t]*\]\]", re.MULTILINE)
_PLACE: Final = re.compile(r" - at `\$\.?(?P<field>\w+)?(?P<rest>.*)`\Z")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>.*)`")

R = TypeVar("R", Measure, Family)


@dataclass(frozen=True, eq=False)
class TraitCatalogue:
    """Traits and the measures that they read; compared by identity, since plans are remembered by it.

    own   names of the traits that the workspace defines
    text  what defines them
    """

    rows: RowTable[Trait]
    measures: RowTable[Measure]
    own: frozenset[str] = frozenset()
    text: str = ""


@cache
def shipped_traits() -> TraitCatalogue:
    """Return what ships with Guanxi."""
    return TraitCatalogue(traits(), measures())


def read_own(text: str, where: str, base: TraitCatalogue | None = None) -> TraitCatalogue:
    """Return a catalogue with the rows of a TOML text behind its own: `[[measure]]`s, then `[[family]]`s.

    where   the file's name, for messages
    base    None = what ships
    raises  SettingError that names the file, the row, its line, the value and what is allowed; nothing is taken then
    """
    base = shipped_traits() if base is None else base
    document = read_rows(text, where)
    known, rows, own = base.measures, base.rows, set(base.own)
    for place, row in enumerate(document["measure"]):
        with _At(text, where, "measure", place):
            one = check_own_measure(_read(row, Measure))
            _check_free(one.name, known, measures(), "measure")
            known = known.extended([one])
    for place, row in enumerate(document["family"]):
        with _At(text, where, "family", place):
            family = check_family(_read(row, Family))
            if (count := len(own) + _size(family)) > MOST_OWN:
                raise SettingError(f"it makes {count:,} traits of the workspace's own", f"Define {MOST_OWN:,} at most")
            made = [check_own_trait(one, known) for one in expand(family, known)]
            for new in made:
                _check_free(new.name, rows, traits(), "trait")
                rows = rows.extended([new])
            own.update(new.name for new in made)
    return TraitCatalogue(rows, known, frozenset(own), base.text + text)


def read_rows(text: str, where: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of such a text as they stand there: "measure" and "family", each a list of tables.

    raises  SettingError for anything else
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{where} is not TOML: {error}", "Mend the line it names") from error
    for name, rows in found.items():
        if name not in ("measure", "family"):
            raise SettingError(f"{where} holds {name[:40]!r}", "Write [[measure]] and [[family]] alone", name[:40])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SettingError(f"{where}: {name!r} is no list of tables", f"Write [[{name}]] above each", name)
    return {"measure": found.get("measure", []), "family": found.get("family", [])}


class _At:
    """Says in which row of a file something is wrong."""

    def __init__(self, text: str, where: str, kind: str, place: int) -> None:
        headers = [one for one in _HEADER.finditer(text) if one[1] == kind]
        line = text.count("\n", 0, headers[place].start()) + 1 if place < len(headers) else 0
        self.where = f"{where}, {f'line {line}, ' if line else ''}{kind} {place + 1}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, GuanxiError):
            raise SettingError(f"{self.where}: {error.what}", error.mend, error.field) from error


def _check_free(name: str, known: RowTable[Any], ships: RowTable[Any], noun: str) -> None:
    if name in known:
        whose = "ships with Guanxi" if name in ships else "is defined already"
        raise SettingError(f"the {noun} {name!r} {whose}", f"Remove the row, or make another {noun} of it", "name")


def _size(family: Family) -> int:
    return math.prod(
        map(len, (family.party, family.of, family.aggregate, family.by, family.rank, family.window))
    )  # fmt: skip


def _read(row: dict[str, Any], type_: type[R]) -> R:
    try:
        return msgspec.convert(row, type_)
    except NotFound as error:  # a kind
        raise SettingError(error.what, "Use kinds that ship (docs/events.md); a workspace's own have no typed"
                           " properties", "kinds") from error  # fmt: skip
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, GuanxiError):
            raise error.__cause__ from None
        raise _unusable(row, type_, str(error)) from error


def _unusable(row: dict[str, Any], type_: type[R], text: str) -> SettingError:
    """Say what a row holds in a wrong place, and what may stand there."""
    fields = type_.__struct_fields__
    if unknown := _UNKNOWN.search(text):
        near = nearest(unknown["name"], fields)
        return SettingError(text, f"Did you mean {near[0]}?" if near else f"Use {', '.join(fields)}", unknown["name"])
    found = _PLACE.search(text)
    field = (found["field"] if found else None) or ""
    if field not in row:
        return SettingError(text, f"Give it: {_MEND[0].lower()}{_MEND[1:]}", field)
    allowed = _choices(get_type_hints(type_).get(field))
    mend = f"Use {', '.join(map(str, allowed))}" if allowed else _MEND
    return SettingError(f"{field} = {str(row[field])[:80]}: {_PLACE.sub('', text)}", mend, field)


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values that a type names, also those of a tuple's parts."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((found for part in get_args(hint) if (found := _choices(part))), ())
