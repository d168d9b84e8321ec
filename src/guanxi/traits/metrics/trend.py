"""Event trend (事件分析): events, people or amount of a kind over time, split when asked."""

from typing import Final, Literal, get_args

import polars as pl

from guanxi.core import DataError
from guanxi.traits.metrics.acts import (
    OTHER,
    PARTS,
    Query,
    Slice,
    acts,
    main_currency,
    split_column,
    unit_number,
    unit_sql,
)
from guanxi.traits.metrics.answers import Point
from guanxi.traits.metrics.distribution import check_amount
from guanxi.traits.metrics.period import Bucket, bucket_start, bucket_starts

Measure = Literal["events", "people", "amount"]
MEASURES: Final[tuple[str, ...]] = get_args(Measure)
_HOUR_MS: Final = 3_600_000


def trend_query(kind: str, of: Slice, *, measure: str = "events", bucket: Bucket = "day", by: str = "") -> Query:
    """Return the query of a trend: part, bucket (number of the hour, day, week or month), value, currency.

    measure  "events": of people, by a person each · "people": different ones · "amount": in the currency of most
    by       "" or what `split_column` allows; parts beyond the eight largest are "other"
    raises   DataError for another measure or split
    """
    if measure not in MEASURES:
        raise DataError(f"the measure is {measure[:40]!r}", f"Use one of {', '.join(MEASURES)}", "measure")
    if measure == "amount":
        check_amount(kind, of)
    column = split_column(kind, by, of.catalogue) if by else ""
    extra = [column] if column not in ("", "platform") else []
    part = f"coalesce({column}::VARCHAR, '')" if column else "''"
    number = f"at_ms // {_HOUR_MS}" if bucket == "hour" else unit_sql("at_ms", bucket)
    value = {"events": "count(*)", "people": "count(DISTINCT person)", "amount": "coalesce(sum(amount), 0)::BIGINT"}
    rows = acts(kind, of, *extra, "amount", "currency")
    only = " WHERE currency = (SELECT currency FROM main)" if measure == "amount" else ""
    shown = f"CASE WHEN part IN (SELECT part FROM top) THEN part ELSE '{OTHER}' END" if by else "''"
    sql = f"""
WITH every AS MATERIALIZED (SELECT person, {number} AS bucket, {part} AS part, amount, currency FROM ({rows})),
main AS (SELECT {main_currency("every", of)} AS currency),
top AS (SELECT part FROM every GROUP BY part ORDER BY count(*) DESC, part LIMIT {PARTS})
SELECT {shown} AS shown, bucket, {value[measure]} AS value, any_value(currency) AS currency
FROM every{only} GROUP BY shown, bucket ORDER BY shown, bucket"""
    return of.query(sql, [kind])


def trend_series(
    found: pl.DataFrame, of: Slice, *, bucket: Bucket, whole_end_ms: int, by: str = ""
) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    """Return a series for the whole (key "") or each part, the largest first; a part without a name is "—".

    whole_end_ms  where the asked range ends; a bucket that is not over at the window's end is partial
    """
    starts = bucket_starts(of.window, bucket)
    values: dict[str, dict[int, int]] = {}
    for part, number, value, _ in found.iter_rows():
        values.setdefault(part, {})[number] = value
    if not values and not by:
        values[""] = {}
    ordered = sorted(values, key=lambda part: (part == OTHER, -sum(values[part].values()), part))
    ends = [*starts[1:], _end(starts[-1], bucket)] if starts else []
    running = of.window.end_ms < whole_end_ms
    return tuple(
        (
            (part or "—") if by else "",
            tuple(
                Point(
                    start_ms=start, value=values[part].get(_number(start, bucket), 0),
                    partial=running and end > of.window.end_ms,
                )
                for start, end in zip(starts, ends, strict=True)
            ),
        )
        for part in ordered
    )  # fmt: skip


def _number(start_ms: int, bucket: Bucket) -> int:
    return start_ms // _HOUR_MS if bucket == "hour" else unit_number(start_ms, bucket)


def _end(start_ms: int, bucket: Bucket) -> int:
    day = 86_400_000
    ahead = {"hour": _HOUR_MS, "day": day, "week": 7 * day, "month": 32 * day}[bucket]
    return bucket_start(start_ms + ahead, bucket)
