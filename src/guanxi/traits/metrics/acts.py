"""Acts: the events of one kind as rows of people, in SQL; what every analysis of people is made from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from guanxi.core import DAY_MS, SHANGHAI, DataError, Window, local_day, midnight_ms
from guanxi.events import PROPERTY, ROLE, Catalogue, Kind, columns_of, table_name

ORDER: Final = "Order Completed"
REFUND: Final = "Order Refunded"
SAME: Final = "same_party"  # frame (ref, person) of references that are another's, bound beside the query
ACTOR: Final = f"{ROLE}actor"
OTHER: Final = "other"  # parts of a split beyond the first ones
PARTS: Final = 8  # parts that a split shows by name
PLATFORM: Final = "platform"

Unit = Literal["day", "week", "month"]
UNITS: Final[tuple[str, ...]] = get_args(Unit)
_SHIFT_MS: Final = 28_800_000  # China time
_MONDAY: Final = 3  # 1970-01-01 was a Thursday
_BITS: Final = 2**40  # room for `seq` below `at_ms` in one number that orders events
_SPLIT_TYPES: Final = ("text", "id", "integer", "boolean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """SQL with what it is bound to.

    sql     one SELECT over views named as the tables of `kinds`
    values  parameters by name, exactly those that `sql` names
    kinds   the kinds it reads
    """

    sql: str
    values: Mapping[str, Any]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of the log that an analysis looks at.

    window     when things happened
    platforms  only these; empty = all
    currency   of money; "" = the one of most rows that are looked at
    resolved   a frame `same_party` (ref, person) stands beside the query: some references are another's
    numbers    references of actors are numbers in the views, those of masked ones negative
    """

    catalogue: Catalogue
    window: Window
    platforms: tuple[str, ...] = ()
    currency: str = ""
    resolved: bool = False
    numbers: bool = False

    def query(self, sql: str, kinds: Iterable[str], **more: Any) -> Query:
        """Return the query with the parameters that its text names."""
        every = {
            "start_ms": self.window.start_ms, "end_ms": self.window.end_ms, "platforms": list(self.platforms),
            "currency": self.currency, **more,
        }  # fmt: skip
        named = set(re.findall(r"\$(\w+)", sql))
        values = {name: value for name, value in every.items() if name in named}
        return Query(sql=sql, values=values, kinds=tuple(dict.fromkeys(kinds)))


def acts(kind: str, of: Slice, *columns: str, since: bool = True, until: bool = True, masked: bool = False) -> str:
    """Return the SELECT of a kind's events that somebody did: person, ord, at_ms, seq, platform and `columns`.

    A masked reference may stand for several people, so it is nobody's.
    ord      orders events by time, then by place in the log; one number
    columns  further ones, null where the kind has none
    since, until  False = without that end of the window
    masked   only those of masked references instead
    raises   DataError when the kind is done by nobody
    """
    row = of.catalogue.own_table(kind)
    have = columns_of(row)
    if ACTOR not in have:
        raise DataError(f"nobody does {kind!r}: it names no person", "Choose a kind that people do", "kind")
    source = row.table if row is not None else f"(SELECT * FROM custom WHERE kind = {quoted(kind)})"
    picked = [f"a.{name}" if name in have else f"NULL::VARCHAR AS {name}" for name in columns]
    person = f"coalesce(same.person, a.{ACTOR})" if of.resolved else f"a.{ACTOR}"
    join = f" LEFT JOIN {SAME} AS same ON same.ref = a.{ACTOR}" if of.resolved else ""
    where = [f"a.{ACTOR} IS NOT NULL", *_conditions(of, "a.", since=since, until=until)]
    hidden = (
        f"a.{ACTOR} < 0"
        if of.numbers
        else f"contains(a.{ACTOR}, '~masked:') AND regexp_matches(a.{ACTOR}, '^[^:]*:[^:]*~masked:')"
    )
    where.append(hidden if masked else f"NOT ({hidden})")
    order = f"a.at_ms::HUGEINT * {_BITS} + a.seq AS ord"
    names = ", ".join([f"{person} AS person", order, "a.at_ms", "a.seq", "a.platform", *picked])
    return f"SELECT {names} FROM {source} AS a{join} WHERE {' AND '.join(where)}"


def order_rows(of: Slice, *, since: bool = False) -> str:
    """Return the SELECT of paid orders, one for each platform and order: person, at_ms, amount, currency.

    An order told several times is counted once, as it was first told by (at, seq).
    """
    inner = acts(ORDER, of, "ref_order", "amount", "currency", since=since)
    return (
        "SELECT arg_min(person, ord) AS person, platform, ref_order, min(at_ms) AS at_ms, arg_min(seq, ord) AS seq,"
        f" arg_min(amount, ord) AS amount, arg_min(currency, ord) AS currency FROM ({inner})"
        " GROUP BY platform, ref_order"
    )


def main_currency(table: str, of: Slice) -> str:
    """Return a scalar expression: the currency in which money is added, since unlike money never is."""
    if of.currency:
        return "$currency"
    return (
        f"(SELECT currency FROM {table} WHERE currency IS NOT NULL"
        " GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1)"
    )


def split_column(kind: str, by: str, catalogue: Catalogue) -> str:
    """Return the column by which events of a kind are split: the platform or one of its own properties.

    raises  DataError for a property that the kind lacks, that is personal, or that holds no names
    """
    if by == PLATFORM:
        return PLATFORM
    row = catalogue.own_table(kind)
    may = [] if row is None else [
        name for name, one in row.properties.items() if not one.personal and one.type in _SPLIT_TYPES
    ]  # fmt: skip
    if by not in may:
        near = get_close_matches(by, may, 3)
        raise DataError(
            f"{kind!r} cannot be split by {by[:60]!r}", f"Use platform{''.join(f', {name}' for name in near)}", "by"
        )
    return f"{PROPERTY}{by}"


def find_kind(text: str, catalogue: Catalogue, occurred: Iterable[str] = (), *, field: str = "kind") -> str:
    """Return the kind that a text names: its name, its table or its Chinese label.

    occurred  custom kinds that occurred without being defined
    raises    DataError with the nearest names
    """
    custom = [name for name in occurred if name not in catalogue]
    if text in catalogue or text in custom:
        return text
    folded = table_name(text)
    for row in catalogue.values():
        if text == row.zh or (folded and folded == row.table):
            return row.name
    names = [*catalogue, *custom]
    lowered = {name.lower(): name for name in names}
    labels = {row.zh: row.name for row in catalogue.values()}
    near = [lowered[one] for one in get_close_matches(text.lower(), list(lowered), 3, 0.5)]
    near += [labels[one] for one in get_close_matches(text, list(labels), 2, 0.5)]
    hint = f"Did you mean {' or '.join(dict.fromkeys(near))}?" if near else "See `guanxi events kinds`"
    raise DataError(f"no kind of event is called {text[:60]!r}", hint, field)


def label(kind: str, catalogue: Catalogue) -> str:
    """Return the Chinese name of a kind; a custom one that nobody defined is called as it is."""
    row: Kind | None = catalogue.find(kind)
    return row.zh if row else kind


def unit_sql(expression: str, unit: str) -> str:
    """Return SQL for the number of the local day, week (from Monday) or month that holds an instant."""
    day = f"({expression} + {_SHIFT_MS}) // {DAY_MS}"
    if unit == "month":
        local = f"epoch_ms({expression} + {_SHIFT_MS})"
        return f"(year({local}) * 12 + month({local}) - {1970 * 12 + 1})"
    return f"({day})" if unit == "day" else f"(({day} + {_MONDAY}) // 7)"


def unit_number(ms: int, unit: str) -> int:
    """Return the number of the local day, week or month that holds an instant; `unit_sql` says the same in SQL."""
    day = local_day(ms)
    if unit == "month":
        return (day.year - 1970) * 12 + day.month - 1
    number = day.toordinal() - date(1970, 1, 1).toordinal()
    return number if unit == "day" else (number + _MONDAY) // 7


def unit_start(number: int, unit: str) -> int:
    """Return the instant at which a numbered day, week or month begins."""
    if unit == "month":
        return midnight_ms(date(1970 + number // 12, number % 12 + 1, 1), zone=SHANGHAI)
    return (number if unit == "day" else number * 7 - _MONDAY) * DAY_MS - _SHIFT_MS


def check_unit(unit: str) -> None:
    """Let day, week and month pass; raises DataError."""
    if unit not in UNITS:
        raise DataError(f"the period is {unit[:40]!r}", f"Use one of {', '.join(UNITS)}", "period")


def quoted(text: str) -> str:
    """Return text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def case_sql(expression: str, edges: Iterable[float]) -> str:
    """Return SQL for the number of edges that a value has reached."""
    bounds = list(edges)
    cases = " ".join(f"WHEN {expression} < {edge!r} THEN {place}" for place, edge in enumerate(bounds))
    return f"CASE {cases} ELSE {len(bounds)} END"


def _conditions(of: Slice, prefix: str, *, since: bool, until: bool) -> list[str]:
    found = []
    if since:
        found.append(f"{prefix}at_ms >= $start_ms")
    if until:
        found.append(f"{prefix}at_ms < $end_ms")
    if of.platforms:
        found.append(f"{prefix}platform IN (SELECT unnest($platforms))")
    return found
