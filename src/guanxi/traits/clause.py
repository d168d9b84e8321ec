"""Clauses: typed conditions over one event, the same in rows of events, in columns and in SQL."""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from guanxi.core import SettingError
from guanxi.events import REFS, ROLES

Op = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "has", "lacks"]

#: Fields that every event has: name -> what stands in it.
FIELDS: Final[dict[str, str]] = {
    "amount": "minor units of the event's currency",
    "platform": "platform id",
    "hour": "0..23, when it happened, China time",
    "weekday": "1 = Monday .. 7, China time",
    "live": "true: learnt as it happened; false: imported later",
}
_TEXT: Final = re.compile(r"(?P<field>[a-z_.0-9]+) (?P<op>=|!=|<=|>=|<|>|in|not in) (?P<value>.+)\Z")
_UNARY: Final = re.compile(r"(?P<op>has|lacks) (?P<field>[a-z_.0-9]+)\Z")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition; a value that is missing fulfils nothing but `lacks`.

    field   one of FIELDS, "role.NAME", "ref.NAME" or "p.NAME" (a property)
    values  what it is compared with: one value, several for in and not in, none for has and lacks
    other   a role compared with instead ("role.recipient != role.actor"); "" = none
    """

    field: str
    op: Op
    values: tuple[int | float | str | bool, ...] = ()
    other: str = ""

    def __str__(self) -> str:
        if self.op in ("has", "lacks"):
            return f"{self.op} {self.field}"
        right = self.other or ",".join(_shown(value) for value in self.values)
        return f"{self.field} {self.op} {right}"


def parse(text: str) -> Clause:
    """Return a clause from its text: "amount >= 200000", "p.method in card,wallet", "has role.recipient".

    raises  SettingError when it is none
    """
    found = _UNARY.match(text) or _TEXT.match(text)
    if found is None:
        raise SettingError(
            f"{text[:80]!r} is no condition", 'Write "FIELD OP VALUE", as in "amount >= 200000"', "where"
        )
    field, op = found["field"], cast(Op, found["op"])
    check_field(field)
    if op in ("has", "lacks"):
        return Clause(field, op)
    right = found["value"].strip()
    if right.startswith("role."):
        check_field(right)
        if op not in ("=", "!=") or not field.startswith("role."):
            raise SettingError(f"{text[:80]!r} compares a role", "Write role.A = role.B or role.A != role.B", "where")
        return Clause(field, op, (), right)
    parts = [part.strip() for part in right.split(",")] if op in ("in", "not in") else [right]
    return Clause(field, op, tuple(_value(part) for part in parts))


def check_field(field: str) -> None:
    """Let a field pass that an event may have.

    raises  SettingError naming it
    """
    head, dot, name = field.partition(".")
    known = field in FIELDS or (
        dot and ((head == "role" and name in ROLES) or (head == "ref" and name in REFS) or (head == "p" and name))
    )
    if not known:
        raise SettingError(
            f"no event has the field {field[:40]!r}",
            f"Use one of {', '.join(FIELDS)}, role.NAME, ref.NAME or p.NAME", "where",
        )  # fmt: skip


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    return text


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
