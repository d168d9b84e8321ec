"""Measures: which events a trait is about, and which number or name of each it reads."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from guanxi.core import RowTable, SettingError
from guanxi.events import shipped
from guanxi.traits.clause import Clause, check_field, parse

#: Units a number of an event may have.
ValueUnit = Literal["", "money", "count", "ms", "s", "share", "km", "points"]
NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z")
SINCE: Final = "since "  # before a property of type time: milliseconds from it until the event


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events of some kinds that fulfil every clause, and what is read of each.

    kinds   kinds of event of the catalogue; empty = every kind
    where   clauses (see `clause.parse`), all of which must hold
    value   the number read: "amount", "hour", "p.NAME", or "since p.NAME" (ms); "" = none: events are only counted
    scale   a fraction is kept as a whole number: floor(value * scale + 1/2); 1 for whole numbers
    sign    -1 turns the number round (points spent)
    code    the name read, for distinct, top and the like: "role.NAME", "ref.NAME", "p.NAME" or "platform"; "" = none
    unit    of the value, before scale
    zh, en  a noun: what one such event is ("下单", "order"); a value's own name stands in value_zh, value_en
    """

    name: str
    kinds: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    value: str = ""
    scale: int = 1
    sign: Literal[1, -1] = 1
    code: str = ""
    unit: ValueUnit = ""
    zh: str
    en: str
    value_zh: str = ""
    value_en: str = ""
    code_zh: str = ""
    code_en: str = ""

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise SettingError(f"a measure is called {self.name!r}", "Use lower-case letters, digits and _", "name")
        for kind in self.kinds:
            shipped()[kind]  # raises
        for text in self.where:
            parse(text)  # raises
        if self.value:
            check_field(self.value.removeprefix(SINCE))
        if self.code:
            check_field(self.code)
        if self.scale < 1:
            raise SettingError(f"the measure {self.name!r} has the scale {self.scale}", "Use 1, 10, 100 …", "scale")
        if bool(self.value) != bool(self.unit):
            raise SettingError(f"the measure {self.name!r} has a value or a unit alone", "Give it both", "unit")
        for field in self.fields:
            self._check_property(field)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The parsed conditions."""
        return tuple(parse(text) for text in self.where)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of an event that it reads."""
        read = [clause.field for clause in self.clauses] + [clause.other for clause in self.clauses]
        read += [self.value.removeprefix(SINCE), self.code]
        return tuple(dict.fromkeys(field for field in read if field))

    def _check_property(self, field: str) -> None:
        if not field.startswith("p."):
            return
        name = field.removeprefix("p.")
        for kind in self.kinds:
            row = shipped()[kind].properties.get(name)
            if row is not None and row.personal:
                raise SettingError(f"the measure {self.name!r} reads the personal property {name!r}",
                                   "Traits read no value of the vault", "value")  # fmt: skip
        if self.kinds and not any(name in shipped()[kind].properties for kind in self.kinds):
            raise SettingError(f"no kind of the measure {self.name!r} has the property {name!r}",
                               "Use a property of its kinds (docs/events.md)", "where")  # fmt: skip


def read_measures(text: str, where: str) -> list[Measure]:
    """Return the measures of a TOML text: one table each.

    where   the file's name, for messages
    raises  SettingError when a row is not usable
    """
    rows = []
    for name, row in tomllib.loads(text).items():
        try:
            rows.append(msgspec.convert({"name": name, **row}, Measure))
        except (msgspec.ValidationError, TypeError) as error:
            raise SettingError(f"{where}: the measure {name!r} is not usable: {error}", "See docs/traits.md") from error
    return rows


@cache
def measures() -> RowTable[Measure]:
    """Return the measures that ship with Guanxi: the files `measures*.toml` of `traits/catalogue`."""
    folder = resources.files("guanxi.traits.catalogue")
    files = sorted(one.name for one in folder.iterdir() if one.name.startswith("measures"))
    rows = [row for name in files for row in read_measures((folder / name).read_text("utf-8"), name)]
    return RowTable(rows, noun="measure", mend="See docs/traits.md.")
