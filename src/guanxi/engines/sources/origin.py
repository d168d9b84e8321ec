"""Origins: which columns of the source a value is read from, by the names that a person mends."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from guanxi.engines.sources.headers import clean_header
from guanxi.engines.sources.preset import Derived, Value

SPLIT: Final = "split[]"  # the level whose elements are parts of the row's own cells


def origin(names: Iterable[str], derived: Mapping[str, Derived], each: str = "") -> str:
    """Return the columns behind names of a level, joined by "|"; "" when no column is behind them.

    derived  name -> derived column of the table: its own sources stand for it
    each     the nested path of the level: `^.` and the path are resolved, so that names count from the row
    """
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(_columns(clean_header(name), derived, each, frozenset())))
    return "|".join(found)


def sources(value: Value | Derived) -> Iterator[str]:
    """Yield the names of the columns that a value is read from; those of its conditions are not."""
    yield from filter(None, (value.column, *value.columns))
    yield from (name for _, name in template_parts(value.template) if name)
    if isinstance(value, Value):
        yield from (*value.sum, *value.minus, *value.product)


def from_row(name: str, each: str) -> str:
    """Return the path from the row of a column of the level `each`."""
    bare = name.lstrip("^")
    up, bare = len(name) - len(bare), bare.lstrip(".")
    if each == SPLIT:
        return bare
    stops = [0, *(found.end() for found in re.finditer(r"\[\]", each))]
    if stops[-1] < len(each):
        stops.append(len(each))
    place = len(stops) - 1 - up
    return ".".join(filter(None, (each[: stops[max(place, 0)]], "^" * -min(place, 0), bare)))


def template_parts(text: str) -> list[tuple[str, str]]:
    """Return (literal, column) pairs of a template."""
    return [(found[1], found[2] or "") for found in re.finditer(r"([^{}]*)(?:\{([^{}]+)\}|\Z)", text) if found[0]]


def _columns(name: str, derived: Mapping[str, Derived], each: str, seen: frozenset[str]) -> Iterator[str]:
    row = derived.get(name)
    if row is not None and row.each == each and name not in seen:
        for one in sources(row):
            yield from _columns(clean_header(one), derived, each, seen | {name})
    elif name.startswith("$"):
        if name not in ("$row", "$n", "$i"):  # counted, not read
            yield name
    elif name and not name.startswith("tie."):
        yield from_row(name, each)
