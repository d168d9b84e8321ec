"""Fields: what a measure can read of an event of one kind, the same in rows of events, in columns and in SQL."""

from typing import Final, Literal

from guanxi.core import SettingError
from guanxi.events import PROPERTY, REF, ROLE, Kind, shipped
from guanxi.traits.clause import FIELDS, Clause
from guanxi.traits.measure import SINCE, Measure

#: How a field is compared: whole numbers exactly, fractions as doubles, texts by their bytes; a document (a list or an
#: object) can only be there or not.
Shape = Literal["whole", "time", "fraction", "decimal", "text", "boolean", "document"]
#: Source of a number: value, scale and sign of a measure; measures that read the same number share it.
Source = tuple[str, int, int]

#: A number of an event beyond this is no number: a double knows no whole numbers there.
LARGEST: Final = 2**53
#: Numbers of the day and the hour that traits count as names.
DAY: Final = "day"
_SHAPES: Final[dict[str, Shape]] = {
    "text": "text", "id": "text", "integer": "whole", "money": "whole", "time": "time", "decimal": "decimal",
    "number": "fraction", "rate": "fraction", "boolean": "boolean", "json": "document",
}  # fmt: skip
_PLAIN: Final[dict[str, Shape]] = {
    "amount": "whole", "platform": "text", "hour": "whole", "weekday": "whole", "live": "boolean", DAY: "whole",
}  # fmt: skip
_NUMERIC: Final = ("whole", "time", "fraction", "decimal")


def kind_of(name: str) -> Kind | None:
    """Return the kind whose columns hold the events of a name; None when those of custom events do."""
    return shipped().own_table(name)


def shape_of(field: str, kind: Kind | None) -> Shape | None:
    """Return how a field of a kind is compared; None when events of the kind never have it.

    kind   None: a custom kind, of which no property is known
    """
    head, _, name = field.partition(".")
    if field in _PLAIN:
        return _PLAIN[field]
    if head == "role":
        return "text" if kind is None or name in kind.role_names else None
    if head == "ref":
        return "text" if kind is None or name in (*kind.ref_names, "supersedes") else None
    row = kind.properties.get(name) if kind is not None and head == "p" else None
    return None if row is None or row.personal else _SHAPES[row.type]


def column_of(field: str) -> str:
    """Return the column of the lake that holds a field: "p.method" -> "p_method"."""
    head, dot, name = field.partition(".")
    return {"role": ROLE, "ref": REF, "p": PROPERTY}[head] + name if dot else field


def operands(clause: Clause, shape: Shape) -> tuple[int | float | str | bool, ...]:
    """Return the values of a clause as they are compared with a field of a shape.

    raises  SettingError when the two cannot be compared
    """
    if clause.op in ("has", "lacks") or clause.other:
        return ()
    if shape == "document" or (shape == "boolean" and clause.op in ("<", "<=", ">", ">=")):
        raise SettingError(f"{str(clause)!r} compares a {shape}", "Write has or lacks, = or !=", "where")
    return tuple(_operand(clause, value, shape) for value in clause.values)


def check_measure(measure: Measure) -> Measure:
    """Let a measure pass whose clauses and value fit the types of its kinds.

    raises  SettingError when a clause compares unlike things or the value is no number
    """
    kinds = [shipped()[name] for name in measure.kinds] or list(shipped().values())
    for kind in kinds:
        for clause in measure.clauses:
            shape = shape_of(clause.field, kind)
            if shape is not None:
                operands(clause, shape)
    bare = measure.value.removeprefix(SINCE)
    if bare:
        shapes = {shape_of(bare, kind) for kind in kinds} - {None}
        wanted = ("time",) if measure.value.startswith(SINCE) else _NUMERIC
        if not shapes or not shapes <= set(wanted):
            raise SettingError(f"the measure {measure.name!r} reads {measure.value!r}, which is no {wanted[0]} number",
                               f"Use a field of type {', '.join(wanted)} of its kinds", "value")  # fmt: skip
    return measure


def is_number(shape: Shape | None) -> bool:
    """Return whether a field of this shape can be a measure's value."""
    return shape in _NUMERIC


def source_of(measure: Measure) -> Source | None:
    """Return where a measure's number comes from; None when it has none."""
    return (measure.value, measure.scale, measure.sign) if measure.value else None


def check_code(field: str) -> str:
    """Let a name pass that traits may count: a field of text, a truth value, a whole number, or "day".

    raises  SettingError naming it
    """
    head, dot, _ = field.partition(".")
    if field not in FIELDS and field != DAY and not (dot and head in ("role", "ref", "p")):
        raise SettingError(f"no event has the name {field[:40]!r}",
                           f"Use {DAY}, platform, hour, role.NAME, ref.NAME or p.NAME", "by")  # fmt: skip
    return field


def _operand(clause: Clause, value: int | float | str | bool, shape: Shape) -> int | float | str | bool:
    if shape == "text":
        return str(value).lower() if isinstance(value, bool) else str(value)
    fits = isinstance(value, bool) if shape == "boolean" else not isinstance(value, bool | str)
    if fits and shape in ("whole", "time"):
        fits = isinstance(value, int) and -(2**63) <= value < 2**63
    if not fits:
        raise SettingError(f"{str(clause)!r} compares a {shape} number with {str(value)[:40]!r}",
                           "Write a value of the field's type: a whole number, a number, true or false",
                           "where")  # fmt: skip
    return float(value) if shape in ("fraction", "decimal") else value
