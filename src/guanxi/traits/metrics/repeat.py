"""Repeat purchase (复购): who bought again within how many days, honest about those watched too shortly."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import DAY_MS, DataError
from guanxi.traits.metrics.acts import ORDER, Query, Slice, order_rows
from guanxi.traits.metrics.shapes import RepeatPoint

DAYS: Final = (7, 14, 30, 60, 90, 180, 365)
MAX_DAYS: Final = 3_660


def repeat_query(of: Slice) -> Query:
    """Return the query of everybody who first bought in the window: person, first_ms, second_ms (null: not yet).

    The first order is the first ever, not the first of the window; a second one may lie past the window, not past now.
    """
    sql = f"""
WITH paid AS ({order_rows(of)}),
numbered AS (SELECT person, at_ms, row_number() OVER (PARTITION BY person ORDER BY at_ms, seq) AS place FROM paid)
SELECT person, min(at_ms) FILTER (place = 1) AS first_ms, min(at_ms) FILTER (place = 2) AS second_ms
FROM numbered WHERE place <= 2 GROUP BY person HAVING min(at_ms) >= $start_ms ORDER BY person"""
    return of.query(sql, [ORDER])


def gaps_query(of: Slice) -> Query:
    """Return the query of the gaps between one order and the next of the same buyer, before the window's end.

    returns  one row: gaps, p10, median, p90 in milliseconds
    """
    sql = f"""
WITH paid AS ({order_rows(of)}),
gaps AS (SELECT at_ms - lag(at_ms) OVER (PARTITION BY person ORDER BY at_ms, seq) AS gap FROM paid)
SELECT count(gap) AS gaps, quantile_cont(gap, 0.1) AS p10, quantile_cont(gap, 0.5) AS median,
  quantile_cont(gap, 0.9) AS p90
FROM gaps"""
    return of.query(sql, [ORDER])


def repeat_curve(
    first_ms: NDArray[np.int64], second_ms: NDArray[np.float64], end_ms: int, *, days: Sequence[int] = DAYS
) -> tuple[RepeatPoint, ...]:
    """Return the share of buyers with a second order within each of so many days.

    first_ms   (n,) first order
    second_ms  (n,) second order, NaN when there is none before `end_ms`
    end_ms     until when orders are known
    days       within how many times 24 hours, ascending; 1..3,660
    returns    a buyer is at risk on a day (24 hours from the first order on) when that whole day lies before the end
               and no second order came earlier; the day's hazard is its second orders over those at risk, the share
               1 - the product of (1 - hazard). None when nobody was watched that long.
    raises     DataError for days out of range
    source     Kaplan and Meier, JASA 1958, in whole days
    """
    if not days or list(days) != sorted(set(days)) or not 1 <= days[0] <= days[-1] <= MAX_DAYS:
        raise DataError(f"the days are {list(days)[:10]}", f"Give numbers of 1..{MAX_DAYS:,}, ascending", "days")
    last = days[-1]
    watched = np.minimum((end_ms - first_ms) // DAY_MS, last).astype(np.int64)  # whole days
    longest = int(watched.max(initial=0))
    none = np.isnan(second_ms)
    when = np.where(none, last, (np.where(none, 0, second_ms) - first_ms) // DAY_MS).astype(np.int64)
    bought = when < watched  # in a day that was watched whole
    left = np.where(bought, when + 1, watched)  # days at risk
    risk = np.bincount(left, minlength=last + 1)[::-1].cumsum()[::-1][1:]  # those at risk on day 0, 1, …
    events = np.bincount(when[bought], minlength=last)[:last]
    kept = np.cumprod(np.where(risk > 0, 1 - events / np.maximum(risk, 1), 1.0))
    return tuple(
        RepeatPoint(days=k, share=float(1 - kept[k - 1]) if longest >= k else None, at_risk=int(risk[k - 1]))
        for k in days
    )
