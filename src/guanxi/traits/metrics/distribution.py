"""Distribution (分布分析): how a count or an amount per person is spread."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DataError
from guanxi.traits.metrics.acts import Query, Slice, acts, main_currency
from guanxi.traits.metrics.shapes import Bin

#: Bounds that do not move with the data, so that two weeks or two platforms can be laid side by side.
COUNT_EDGES: Final[tuple[float, ...]] = (1, 2, 3, 4, 5, 6, 11, 21, 51, 101, 201, 501, 1001, 10_001, 100_001)
_UP: Final = tuple(step * 10**power for power in range(2, 12) for step in (1, 2, 5))  # 1, 2, 5, 10 … yuan in fen
MONEY_EDGES: Final[tuple[float, ...]] = (*(-one for one in reversed(_UP)), 0, *_UP)
MEASURES: Final = ("count", "money")


def spread_query(kind: str, of: Slice, *, measure: str = "count") -> Query:
    """Return the query of one value per person with such an event in the window: value, currency.

    measure  "count": events · "money": sum of their amounts in the currency of most of them, minor units
    raises   DataError for another measure, or an amount that the kind has not
    """
    if measure not in MEASURES:
        raise DataError(f"the measure is {measure[:40]!r}", f"Use one of {', '.join(MEASURES)}", "measure")
    if measure == "count":
        counted = "SELECT count(*) AS value, NULL::VARCHAR AS currency"
        return of.query(f"{counted} FROM ({acts(kind, of)}) GROUP BY person ORDER BY value", [kind])
    check_amount(kind, of)
    sql = f"""
WITH every AS MATERIALIZED ({acts(kind, of, "amount", "currency")}),
main AS (SELECT {main_currency("every", of)} AS currency)
SELECT sum(amount)::BIGINT AS value, any_value(every.currency) AS currency FROM every, main
WHERE every.currency = main.currency AND amount IS NOT NULL GROUP BY person ORDER BY value"""
    return of.query(sql, [kind])


def check_amount(kind: str, of: Slice) -> None:
    """Let a kind pass whose events carry an amount; a custom kind may; raises DataError."""
    row = of.catalogue.own_table(kind)
    if row is not None and not row.amount:
        raise DataError(f"{kind!r} has no amount", "Count events or people, or choose another kind", "measure")


def bins_of(values: NDArray[np.int64], edges: Sequence[float]) -> tuple[Bin, ...]:
    """Return the bins from the first to the last that holds anybody, the empty ones between them too.

    values  (n,) one a person
    edges   ascending; a bin is [edge, next edge), the last is open; what is below the first is in a bin of its own
    """
    if not len(values):
        return ()
    bounds = np.asarray(edges, np.float64)
    place = np.searchsorted(bounds, values, "right") - 1
    counts = np.bincount(place + 1, minlength=len(bounds) + 1)
    return bins_between(counts.tolist(), edges)


def bins_between(counts: Sequence[int], edges: Sequence[float]) -> tuple[Bin, ...]:
    """Return bins of counts: the first count lies below the first edge, the last at or above the last.

    Empty bins at both ends are left out.
    """
    held = [place for place, count in enumerate(counts) if count]
    if not held:
        return ()
    return tuple(
        Bin(
            low=float(edges[place - 1]) if place else 2 * float(edges[0]) - float(edges[-1]),
            high=float(edges[place]) if place < len(edges) else None, people=counts[place],
        )
        for place in range(held[0], held[-1] + 1)
    )  # fmt: skip
