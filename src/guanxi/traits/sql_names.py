"""Names as SQL: which of a party's names was most often seen in whole days, its share, and the entropy of all.

For each event the names before it are counted one by one: the work is the sum of what each event looks back on.
"""

from collections.abc import Sequence

from guanxi.traits.trait import LIFE, Trait


def names_sql(rows: Sequence[Trait], base: str) -> str:
    """Return the query of traits that rank the same names of the same measure.

    base   the tables up to `framed` (see `sql.framed_sql`)
    """
    of, name = rows[0].of, "c_" + rows[0].by.replace(".", "_")
    backs = {row.window: "back_life" if row.window == LIFE else f"least(back_{row.window}, back_life)" for row in rows}
    reach = "back_life" if LIFE in backs else f"greatest({', '.join(backs.values())})"
    counts = ", ".join(
        f"count(*) FILTER (WHERE now.n - past.n <= now.{'back_life' if window == LIFE else f'reach_{window}'})"
        f" AS k_{window}"
        for window in backs
    )
    reaches = "".join(f", {back} AS reach_{window}" for window, back in backs.items() if window != LIFE)
    values = {row.name: _value(row) for row in rows}
    columns = ", ".join(f'{sql} AS "{trait}"' for trait, sql in values.items())
    listed = ", ".join(f'"{trait}"' for trait in values)
    return f"""{base},
past AS (SELECT party, n, {name} AS name FROM framed WHERE m_{of} AND {name} IS NOT NULL),
now AS (SELECT clock_ms, seq, party, n, back_life, {reach} AS furthest{reaches} FROM framed),
counted AS (
  SELECT now.seq, past.name, max(past.n) AS latest, {counts}
  FROM now JOIN past ON past.party = now.party AND past.n < now.n AND past.n >= now.n - now.furthest
  GROUP BY now.seq, past.name),
ranked AS (SELECT seq, {columns} FROM counted GROUP BY seq)
SELECT now.clock_ms, now.seq, {listed} FROM now LEFT JOIN ranked ON ranked.seq = now.seq"""


def _value(row: Trait) -> str:
    count = f"k_{row.window}"
    if row.aggregate == "top":  # more events first; of equals the one seen later
        return f"arg_max(name, ({count}, latest), {row.rank}) FILTER (WHERE {count} > 0)[{row.rank}]"
    if row.aggregate == "top_share":
        return f"max({count})::DOUBLE / nullif(sum({count}), 0)::BIGINT::DOUBLE"
    total = f"nullif(sum({count}), 0)::DOUBLE"  # -sum(k/n log k/n) = log n - sum(k log k) / n
    return f"log2({total}) - sum({count} * log2(greatest({count}, 1)))::DOUBLE / {total}"
