"""Traits as SQL of DuckDB: every row but those of neighbours, from a relation of prepared events; the oracle of the
other executions, and the ad-hoc path.

The relation `events` has one row an event (`sql_prepared` makes it): clock_ms, seq, and as far as the traits read them

    m_MEASURE    whether the event belongs to a measure; NULL is FALSE
    v_MEASURE    its number, a BIGINT, NULL when it is missing
    c_FIELD      a name ("c_p_city", "c_day"), as text or as its hash, NULL when it is missing
    party_PARTY  a party, as text or as its hash, NULL = nobody

How the order (clock_ms, seq) becomes frames. The rows of a party are numbered 1, 2, … in this order: n. The number of
the first row whose clock is not before clock_ms - w is min(n) over RANGE BETWEEN w PRECEDING AND CURRENT ROW in the
order of the clock: the rows of the same instant that follow are in that range too, but their numbers are no minimum.
So n minus it is how many rows precede this one inside the window, and every aggregate runs over ROWS BETWEEN that many
PRECEDING AND 1 PRECEDING: empty when there are none, never the row itself, never one behind it. Whole days are the same
over the day's number; a life begins at the last row that came more than 400 days after the measured one before it.

Whole numbers are exact: sums are HUGEINT, and become doubles where the compiled loops turn them into doubles.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from guanxi.core import DAY_MS, RowTable
from guanxi.traits.fields import source_of
from guanxi.traits.measure import Measure
from guanxi.traits.sql_names import names_sql
from guanxi.traits.trait import HOUR_MS, LIFE, MEMORY_MS, OF_DAYS, PARTIES, Trait, length_ms

#: Traits of one query at most: what it holds in memory is its rows times so many doubles.
TOGETHER: Final = 150
_HALF_LIVES: Final = 256  # that one landmark of a decayed sum serves; what is twice as old is below 2 ** -256


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitQuery:
    """A query for traits of one party.

    sql     its columns: clock_ms, seq and the traits by name; a row for every event that names such a party, in no
            order; NULL = unknown. Traits of `top` are as the names are in `events`, all others DOUBLE
    traits  names of the columns behind clock_ms and seq
    """

    party: str
    traits: tuple[str, ...]
    sql: str


def trait_queries(
    rows: Iterable[Trait], measures: RowTable[Measure], *, plan: Iterable[Trait] | None = None
) -> Iterator[TraitQuery]:
    """Yield the queries that together give every trait, each to be run by itself: they share no work worth its memory.

    One query is for the sliding windows of a party, one for its whole days, one for its life, and one for each measure
    whose names are ranked; none has more than TOGETHER traits. Rows of neighbours are left out.

    plan   the traits that are kept together, as in `compile_plan`: a party lives from event to event of any measure
           of theirs; None: `rows`
    """
    chosen = [row for row in rows if row.plan != "ties"]
    kept = chosen if plan is None else [row for row in plan if row.plan != "ties"]
    for party in PARTIES:
        mine = [row for row in chosen if row.party == party]
        read = sorted({name for row in (*kept, *mine) if row.party == party for name in read_by(row)})
        for group in _groups(mine):
            base = framed_sql(group, read, measures)
            sql = names_sql(group, base) if group[0].aggregate in OF_DAYS else _Query(measures).sql(group, base)
            yield TraitQuery(party=party, traits=tuple(row.name for row in group), sql=sql)


def read_by(row: Trait) -> tuple[str, ...]:
    """Return the measures that a trait reads."""
    return tuple(name for name in (row.of, row.over, row.after) if name)


def name_column(code: str) -> str:
    """Return the column of `events` that holds a name: "p.city" -> "c_p_city"."""
    return "c_" + code.replace(".", "_")


def framed_sql(rows: Sequence[Trait], measured: Sequence[str], measures: RowTable[Measure]) -> str:
    """Return the tables up to `framed`: rows of a party, numbered, with how far each window of the traits reaches back.

    rows       traits of one party
    measured   the measures whose events the party lives from
    """
    party = rows[0].party
    read = dict.fromkeys(name for row in rows for name in read_by(row))
    columns = [f"m_{name}" for name in read] + [f"v_{name}" for name in read if source_of(measures[name])]
    columns += dict.fromkeys(name_column(row.by) for row in rows if row.by)
    whole = "PARTITION BY party ORDER BY"
    backs = [f"n - coalesce(max(n) FILTER (WHERE clock_ms - came > {MEMORY_MS})"
             f" OVER ({whole} n ROWS UNBOUNDED PRECEDING), 1) AS back_life"]  # fmt: skip
    for window in sorted({row.window for row in rows if row.plan == "window"}):
        backs.append(f"n - min(n) OVER ({whole} clock_ms RANGE BETWEEN {length_ms(window)} PRECEDING AND CURRENT ROW)"
                     f" AS back_{window}")  # fmt: skip
    for days, window in sorted({(row.days, row.window) for row in rows if row.days}):
        backs.append(f"n - min(n) OVER ({whole} day RANGE BETWEEN {days - 1} PRECEDING AND CURRENT ROW)"
                     f" AS back_{window}")  # fmt: skip
    lives = " OR ".join(f"coalesce(m_{name}, FALSE)" for name in measured)
    between = ",\n  ".join(backs)
    return f"""WITH seen AS (
  SELECT clock_ms, seq, party_{party} AS party, (clock_ms + {8 * HOUR_MS}) // {DAY_MS} AS day, ({lives}) AS measured,
    {", ".join(columns)}
  FROM events WHERE party_{party} IS NOT NULL),
placed AS (
  SELECT *, row_number() OVER ({whole} clock_ms, seq) AS n, max(clock_ms) FILTER (WHERE measured)
    OVER ({whole} clock_ms, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS came FROM seen),
framed AS (
  SELECT *, {between}
  FROM placed)"""


def _groups(rows: Sequence[Trait]) -> Iterator[list[Trait]]:
    """Traits that one query gives."""
    plain = [row for row in rows if row.aggregate not in OF_DAYS]
    for plan in ("window", "days", "life"):
        group = [row for row in plain if row.plan == plan]
        for first in range(0, len(group), TOGETHER):
            yield group[first : first + TOGETHER]
    ranked = [row for row in rows if row.aggregate in OF_DAYS]
    for key in dict.fromkeys((row.of, row.by) for row in ranked):
        yield [row for row in ranked if (row.of, row.by) == key]


@dataclass
class _Query:
    """Builds one query: what is worked out of each row, then sums over frames, then the values made of them."""

    measures: RowTable[Measure]
    windows: dict[str, str] = field(default_factory=dict)  # name -> frame
    marks: dict[str, str] = field(default_factory=dict)  # column -> SQL over the life so far
    steps: dict[str, str] = field(default_factory=dict)  # column -> SQL over the marks
    sums: dict[str, str] = field(default_factory=dict)  # SQL over a window -> column

    def sql(self, rows: Sequence[Trait], base: str) -> str:
        """The query of the traits of one party, behind the tables of `framed_sql`."""
        values = [f'{self._value(row)} AS "{row.name}"' for row in rows]
        self._window("life", "back_life")
        return f"""{base},
marked AS (
  SELECT {", ".join(["*", *(f"{sql} AS {name}" for name, sql in self.marks.items())])} FROM framed
  WINDOW life AS ({self.windows["life"]})),
stepped AS (
  SELECT {", ".join(["*", *(f"{sql} AS {name}" for name, sql in self.steps.items())])} FROM marked),
summed AS (
  SELECT {_lines(["*", *(f"{sql} AS {name}" for sql, name in self.sums.items())])}
  FROM stepped WINDOW {_lines([f"{name} AS ({frame})" for name, frame in self.windows.items()])})
SELECT clock_ms, seq, {_lines(values)}
FROM summed"""

    def _value(self, row: Trait) -> str:
        within = self._within(row)
        belongs = f"m_{row.of}"
        match row.aggregate:
            case "count":
                return f"{self._sum('count(*)', belongs, within)}::DOUBLE"
            case "sum" | "balance":
                return f"coalesce({self._total(row.of, within)}, 0)"
            case "mean":
                return self._mean(row.of, within)
            case "min" | "max":
                return f"{self._sum(f'{row.aggregate}(v_{row.of})', belongs, within)}::DOUBLE"
            case "std":
                return self._deviation(f"v_{row.of}", belongs, within)
            case "distinct":
                return f"{self._sum(f'count(DISTINCT {name_column(row.by)})', belongs, within)}::DOUBLE"
            case "ratio":
                return self._ratio(row, within)
            case "versus":
                whole = self._total(row.of, within)
                return (
                    f"CASE WHEN {belongs} AND {whole} <> 0 THEN v_{row.of}::DOUBLE / {self._mean(row.of, within)} END"
                )
            case "after":
                came = self._mark(f"came_{row.after}", "max(clock_ms)", f"m_{row.after}")
                follows = f"{belongs} AND clock_ms - {came} <= {length_ms(row.within)}"
                return f"{self._sum('count(*)', follows, within)}::DOUBLE"
            case "gap_mean" | "gap_std":
                gap = f"(clock_ms - {self._mark(f'came_{row.of}', 'max(clock_ms)', belongs)})"
                if row.aggregate == "gap_std":
                    return self._deviation(gap, belongs, within)
                total, count = (self._sum(f"{of}({gap})", belongs, within) for of in ("sum", "count"))
                return f"{_double(total)} / {count}::DOUBLE"
            case _:
                return self._of_life(row, belongs, within)

    def _of_life(self, row: Trait, belongs: str, within: str) -> str:
        match row.aggregate:
            case "first" | "last":
                pick = "arg_min" if row.aggregate == "first" else "arg_max"
                return f"{self._sum(f'{pick}(v_{row.of}, n)', f'{belongs} AND v_{row.of} IS NOT NULL', within)}::DOUBLE"
            case "since_first" | "since_last":
                pick = "min" if row.aggregate == "since_first" else "max"
                return f"(clock_ms - {self._sum(f'{pick}(clock_ms)', belongs, within)})::DOUBLE"
            case "streak":
                return self._streak(row.of, within)
            case _:
                return self._decayed(row)

    def _within(self, row: Trait) -> str:
        """The name of the window of a trait: the rows of it that precede."""
        if row.window == LIFE:
            return self._window("life", "back_life")
        return self._window(f"w{row.window}", f"back_{row.window}" if row.plan == "window" else
                            f"least(back_{row.window}, back_life)")  # fmt: skip

    def _window(self, name: str, back: str, until: str = "1") -> str:
        self.windows[name] = f"PARTITION BY party ORDER BY n ROWS BETWEEN {back} PRECEDING AND {until} PRECEDING"
        return name

    def _mark(self, name: str, aggregate: str, where: str) -> str:
        """A column over the life before each row, there before the sums."""
        self.marks[name] = f"{aggregate} FILTER (WHERE {where}) OVER life"
        return name

    def _sum(self, aggregate: str, where: str, within: str) -> str:
        """The column of an aggregate over a window; the same one for all that ask for it."""
        return self.sums.setdefault(f"{aggregate} FILTER (WHERE {where}) OVER {within}", f"s{len(self.sums)}")

    def _total(self, measure: str, within: str) -> str:
        return _double(self._sum(f"sum(v_{measure})", f"m_{measure}", within))

    def _mean(self, measure: str, within: str) -> str:
        count = self._sum(f"count(v_{measure})", f"m_{measure}", within)
        return f"({self._total(measure, within)} / {count}::DOUBLE)"

    def _ratio(self, row: Trait, within: str) -> str:
        if source_of(self.measures[row.of]) and source_of(self.measures[row.over]):
            over = self._total(row.over, within)
            return f"coalesce({self._total(row.of, within)}, 0) / nullif({over}, 0)"
        count, over = (self._sum("count(*)", f"m_{name}", within) for name in (row.of, row.over))
        return f"{count}::DOUBLE / nullif({over}, 0)::DOUBLE"

    def _deviation(self, value: str, where: str, within: str) -> str:
        """The root of count * squares - sum ** 2, a whole number of 128 bits turned into a double word by word."""
        count = self._sum(f"count({value})", where, within)
        total = self._sum(f"sum({value})", where, within)
        squares = self._sum(f"sum({value}::HUGEINT * {value}::HUGEINT)", where, within)
        square = f"({count}::HUGEINT * {squares} - {total} * {total})"
        high = f"({square} // 18446744073709551616::HUGEINT)::BIGINT::DOUBLE"
        low = f"({square} % 18446744073709551616::HUGEINT)::UBIGINT::DOUBLE"
        return f"sqrt({high} * 18446744073709551616e0 + {low}) / nullif({count}, 0)::DOUBLE"

    def _streak(self, measure: str, within: str) -> str:
        """Days in a row: from the last event's day back to the latest day whose day before had none."""
        latest = self._mark(f"day_{measure}", "max(day)", f"m_{measure}")
        begins = f"m_{measure} AND coalesce({latest} < day - 1, TRUE)"
        since = self._sum("max(day)", begins, within)
        return f"CASE WHEN {latest} >= day - 1 THEN {latest} - {since} + 1 ELSE 0 END::DOUBLE"

    def _decayed(self, row: Trait) -> str:
        """Weights that grow from a landmark, so that each row's stays the same; two landmarks back, none is left."""
        half = length_ms(row.half_life)
        block, belongs = f"block_{row.half_life}", f"m_{row.of}"
        length = half * _HALF_LIVES
        self.steps[block] = f"clock_ms // {length}"
        for name, back in ((f"near_{row.half_life}", 0), (f"far_{row.half_life}", 1)):
            self.steps[name] = (
                f"least(back_life, n - min(n) OVER (PARTITION BY party ORDER BY clock_ms // {length}"
                f" RANGE BETWEEN {back} PRECEDING AND CURRENT ROW))"
            )
        near = self._window(f"near{row.half_life}", f"near_{row.half_life}")
        far = self._window(f"far{row.half_life}", f"far_{row.half_life}", f"(near_{row.half_life} + 1)")
        weight = f"pow(2::DOUBLE, (clock_ms - {block} * {length})::DOUBLE / {half}::DOUBLE)"
        added = f"sum(v_{row.of}::DOUBLE * {weight})" if self.measures[row.of].value else f"sum({weight})"
        late, early = self._sum(added, belongs, near), self._sum(added, belongs, far)
        whole = f"(coalesce({late}, 0) + coalesce({early}, 0) * pow(2::DOUBLE, -{_HALF_LIVES}))"
        return f"{whole} / {weight}"


def _double(whole: str) -> str:
    """A whole number that fits 64 bits, rounded once."""
    return f"{whole}::BIGINT::DOUBLE"


def _lines(parts: Sequence[str]) -> str:
    return ",\n  ".join(parts)
