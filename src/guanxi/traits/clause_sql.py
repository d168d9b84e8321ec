"""Clauses as SQL: what the intake does, as DuckDB text over the lake's columns; the oracle of the traits."""

from collections.abc import Callable, Iterable
from typing import Final

from guanxi.core import DAY_MS
from guanxi.events import Kind, shipped
from guanxi.traits.clause import Clause
from guanxi.traits.fields import (
    DAY,
    LARGEST,
    Shape,
    Source,
    column_of,
    is_number,
    kind_of,
    operands,
    shape_of,
    source_of,
)
from guanxi.traits.measure import SINCE, Measure
from guanxi.traits.trait import HOUR_MS

CLOCK: Final = "(CASE WHEN live THEN received_ms ELSE at_ms END)"  # the trait clock of a row
_CHINA_MS: Final = 8 * HOUR_MS
_PLAIN: Final[dict[str, str]] = {
    "amount": "amount",
    "platform": "nullif(platform, '')",
    "hour": f"((at_ms + {_CHINA_MS}) // {HOUR_MS} % 24)",
    "weekday": f"(((at_ms + {_CHINA_MS}) // {DAY_MS} + 3) % 7 + 1)",
    "live": "coalesce(live, false)",
    DAY: f"(({CLOCK} + {_CHINA_MS}) // {DAY_MS})",
}
_ELSE: Final = "~"  # stands for the kinds that no branch names


def sql_condition(measure: Measure, kind: str = "") -> str:
    """Return the SQL that is TRUE for events of a measure and FALSE for all others, never NULL.

    kind   the kind whose rows are looked at, with its own columns alone; "" = rows of several kinds in one relation
           with a column `kind` and every column that the measure reads
    """
    if kind:
        return _condition(measure, kind_of(kind)) if not measure.kinds or kind in measure.kinds else "FALSE"
    branches = _branches(measure.fields, measure.kinds, lambda row: _condition(measure, row))
    return _case(branches, "FALSE")


def sql_value(measure: Measure, kind: str = "") -> str:
    """Return the SQL of a measure's number, a BIGINT, NULL when it is missing or the measure has none.

    kind   as in `sql_condition`
    """
    source = source_of(measure)
    if source is None:
        return "NULL::BIGINT"
    if kind:
        return _number(source, kind_of(kind))
    field = source[0].removeprefix(SINCE)
    return _case(_branches((field,), measure.kinds, lambda row: _number(source, row)), "NULL::BIGINT")


def sql_code(field: str, kind: str = "") -> str:
    """Return the SQL of the text that is counted as a name, NULL when it is missing.

    kind   as in `sql_condition`
    """
    if kind:
        return _name(field, kind_of(kind))
    return _case(_branches((field,), (), lambda row: _name(field, row)), "NULL::VARCHAR")


def _branches(fields: Iterable[str], kinds: Iterable[str], make: Callable[[Kind | None], str]) -> dict[str, list[str]]:
    """SQL -> the kinds that it holds for; those not named are under _ELSE, when every kind is meant."""
    named = list(kinds)
    found: dict[str, list[str]] = {}
    if not named:
        # Roles and references that a kind does not declare are null in the relation: its properties alone differ.
        own = [field.removeprefix("p.") for field in fields if field.startswith("p.")]
        found[make(None)] = [_ELSE]
        named = [kind.name for kind in shipped().values() if any(name in kind.properties for name in own)]
    for name in named:
        found.setdefault(make(kind_of(name)), []).append(name)
    return found


def _case(branches: dict[str, list[str]], otherwise: str) -> str:
    arms = []
    for sql, names in branches.items():
        if _ELSE in names:
            otherwise = sql
        else:
            arms.append(f"WHEN kind IN ({', '.join(_text(name) for name in names)}) THEN {sql}")
    return f"(CASE {' '.join(arms)} ELSE {otherwise} END)" if arms else otherwise


def _condition(measure: Measure, kind: Kind | None) -> str:
    tests = [_test(clause, kind) for clause in measure.clauses]
    return "(" + " AND ".join(tests or ["TRUE"]) + ")"


def _field(field: str, kind: Kind | None) -> tuple[Shape, str] | None:
    """A field's shape and its SQL, NULL where it is missing; None when events of the kind never have it."""
    shape = shape_of(field, kind)
    if shape is None:
        return None
    if field in _PLAIN:
        return shape, _PLAIN[field]
    column = '"' + column_of(field) + '"'
    if shape == "text":
        return shape, f"nullif(TRY_CAST({column} AS VARCHAR), '')"
    if shape == "fraction":
        number = f"TRY_CAST({column} AS DOUBLE)"
        return shape, f"(CASE WHEN isfinite({number}) THEN {number} END)"
    if shape == "decimal":  # the nearest double of the millionths over a million
        return shape, f"(CAST(TRY_CAST({column} AS DECIMAL(18, 6))::DECIMAL(38, 6) * 1000000 AS BIGINT)::DOUBLE / 1e6)"
    if shape in ("whole", "time"):
        return shape, f"TRY_CAST({column} AS BIGINT)"
    return shape, f"TRY_CAST({column} AS BOOLEAN)" if shape == "boolean" else column


def _test(clause: Clause, kind: Kind | None) -> str:
    found = _field(clause.field, kind)
    if found is None:
        return "TRUE" if clause.op == "lacks" else "FALSE"
    shape, field = found
    if clause.op in ("has", "lacks"):
        return f"({field} IS {'NOT ' if clause.op == 'has' else ''}NULL)"
    if clause.other:
        beside = _field(clause.other, kind)
        test = f"{field} {_OPS[clause.op]} {beside[1]}" if beside is not None else "FALSE"
    elif clause.op in ("in", "not in"):
        test = f"{field} {clause.op.upper()} ({', '.join(_literal(one) for one in operands(clause, shape))})"
    else:
        test = f"{field} {_OPS[clause.op]} {_literal(operands(clause, shape)[0])}"
    return f"coalesce({test}, FALSE)"


def _number(source: Source, kind: Kind | None) -> str:
    value, scale, sign = source
    found = _field(value.removeprefix(SINCE), kind)
    if found is None or not is_number(found[0]):
        return "NULL::BIGINT"
    shape, field = found
    if shape in ("fraction", "decimal"):
        scaled = f"({field} * {scale}::DOUBLE + 0.5::DOUBLE)"
        return f"(CASE WHEN {_small(scaled)} THEN CAST(floor({scaled}) AS BIGINT) * {sign} END)"
    bounded = f"(CASE WHEN {_small(field)} THEN {field} END)"
    number = f"greatest(at_ms - {bounded}, 0)" if value.startswith(SINCE) else bounded
    if value.startswith(SINCE):  # greatest() passes over nulls
        number = f"(CASE WHEN {bounded} IS NOT NULL THEN {number} END)"
    wide = f"({number}::HUGEINT * {scale})"
    return f"(CASE WHEN {_small(wide)} THEN CAST({wide} * {sign} AS BIGINT) END)"


def _name(field: str, kind: Kind | None) -> str:
    found = _field(field, kind)
    if found is None or found[0] in ("document", "fraction", "decimal"):
        return "NULL::VARCHAR"
    return f"CAST({found[1]} AS VARCHAR)"


def _small(number: str) -> str:
    return f"{number} > {-LARGEST} AND {number} < {LARGEST}"


def _literal(value: int | float | str | bool) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"'{value!r}'::DOUBLE"
    return _text(value) if isinstance(value, str) else f"'{value}'::BIGINT"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_OPS: Final = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
