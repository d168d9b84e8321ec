"""Metrics of a workspace: values, series and parts, each from one query, with the reasons where a value is missing."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Final, cast, get_args

import polars as pl

from guanxi.app.identity import identities
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, Window
from guanxi.engines.lake import aggregate
from guanxi.parties import RESOLVED, Resolution
from guanxi.traits.metrics import (
    SAME,
    Bucket,
    Metric,
    MetricAnswer,
    MetricChange,
    Reading,
    Series,
    Table,
    answer,
    bucket_starts,
    contributions,
    default_bucket,
    metric_query,
    metrics,
    points,
)

PARTS: Final = 30  # parts of a split that an answer shows


def measure(
    workspace: Workspace, scope: Scope, chosen: Sequence[Metric], *, by: str = "", bucket: Bucket | None = None
) -> Table:
    """Return the values of metrics in the scope's window and in the one it is compared with, from one query.

    by      also part by part
    bucket  cut into buckets instead of whole windows
    raises  DataError when a metric cannot be split so
    """
    windows = [window for window in (scope.window, scope.compared) if window is not None]
    people = same_party(workspace, scope.known)
    made = partial(
        metric_query, chosen, windows, by=by, bucket=bucket, platforms=scope.platforms, currency=scope.currency,
        resolved=people.height > 0, occurred=workspace.reader.counts().keys(),
    )  # fmt: skip
    query = made()
    frames = {SAME: people} if people.height else {}
    frame = aggregate(
        workspace.reader, lambda numbers: made(numbers=numbers).sql, kinds=query.kinds, known=scope.known, frames=frames
    )
    return Table(query, frame.iter_rows(named=True), now_ms=scope.now_ms, currency=scope.currency)


def read_metric(workspace: Workspace, scope: Scope, name: str) -> MetricAnswer:
    """Return one metric now beside what it is compared with.

    raises  NotFound when no metric has this name
    """
    metric = metrics()[name]
    return answer(metric, *readings(measure(workspace, scope, [metric]), metric, scope), scope.currency)


def read_parts(workspace: Workspace, scope: Scope, name: str, by: str) -> list[MetricChange]:
    """Return a metric part by part with what each adds to the change; at most PARTS, the largest first.

    raises  DataError when the metric cannot be split so
    """
    metric = metrics()[name]
    metric.check_split(by)
    table = measure(workspace, scope, [metric], by=by)
    rows = split(workspace, table, metric, scope, by)
    return sorted(rows, key=lambda row: -abs(row.current or 0.0))[:PARTS]


def split(
    workspace: Workspace, table: Table, metric: Metric, scope: Scope, by: str, *, stale: frozenset[str] = frozenset()
) -> list[MetricChange]:
    """Return what every part of a dimension adds to the change of a metric, the largest first."""
    none = Reading(value=None, n=0)
    parts = {
        part: (
            table.reading(metric, 0, scope.window, part=part),
            table.reading(metric, 1, scope.compared, part=part) if scope.compared else none,
        )
        for part in table.parts(metric)
    }
    current, compared = readings(table, metric, scope)
    labels = {one.id: one.zh for one in workspace.platforms.values()} if by == "platform" else {}
    return contributions(metric, by, parts, (current, compared or none), labels=labels, stale=stale)


def read_series(workspace: Workspace, scope: Scope, name: str, *, by: str = "", bucket: str = "") -> tuple[Series, ...]:
    """Return a metric over time: the whole first ("" and, when compared, "compared"), then its parts.

    bucket  hour, day, week or month; "" = what fits the window
    raises  DataError when the metric cannot be split so
    """
    metric = metrics()[name]
    chosen = cut(scope.window, bucket)
    table = measure(workspace, scope, [metric], by=by, bucket=chosen)
    return (*trend(table, metric, scope, chosen), *multiples(workspace, table, metric, scope, chosen, by))


def cut(window: Window, bucket: str) -> Bucket:
    """Return the bucket of a series.

    raises  DataError for an unknown one
    """
    if bucket and bucket not in get_args(Bucket):
        raise DataError(f"the bucket is {bucket[:20]!r}", f"Use one of {', '.join(get_args(Bucket))}", "bucket")
    return cast(Bucket, bucket) if bucket else default_bucket(window)


def trend(table: Table, metric: Metric, scope: Scope, bucket: Bucket) -> tuple[Series, ...]:
    """Return a metric over the window and over the compared one, bucket by bucket."""
    starts = bucket_starts(scope.window, bucket)
    partial = scope.period.partial
    rows = [Series(key="", zh=metric.zh, points=points(table, metric, 0, scope.window, starts, partial=partial))]
    if scope.compared is not None:
        before = bucket_starts(scope.compared, bucket)
        made = points(table, metric, 1, scope.compared, before, partial=partial)
        rows.append(Series(key="compared", zh=f"{metric.zh}（对比）", points=made))
    return tuple(rows)


def multiples(
    workspace: Workspace, table: Table, metric: Metric, scope: Scope, bucket: Bucket, by: str
) -> tuple[Series, ...]:
    """Return a metric over the window for every part of a dimension, the largest first."""
    if not by:
        return ()
    starts = bucket_starts(scope.window, bucket)
    labels = {one.id: one.zh for one in workspace.platforms.values()} if by == "platform" else {}
    rows = [
        Series(
            key=part, zh=labels.get(part, part or "未写明"),
            points=points(table, metric, 0, scope.window, starts, part=part, partial=scope.period.partial),
        )
        for part in table.parts(metric)
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: -sum(point.value or 0.0 for point in row.points))[:PARTS])


def readings(table: Table, metric: Metric, scope: Scope) -> tuple[Reading, Reading | None]:
    """Return a metric's reading in the window and in the compared one."""
    compared = table.reading(metric, 1, scope.compared) if scope.compared else None
    return table.reading(metric, 0, scope.window), compared


def same_party(workspace: Workspace, known: int) -> pl.DataFrame:
    """Return (ref, person) of the references that are another's, as known at a sequence number."""
    if not workspace.reader.counts().get(RESOLVED):
        return _EMPTY
    names = identities(workspace)
    return _mapping(names, min(known, names.last_seq))


@lru_cache(maxsize=4)
def _mapping(names: Resolution, known: int) -> pl.DataFrame:
    return _frame(names.mapping(known))


def _frame(names: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"ref": list(names), "person": list(names.values())}, schema={"ref": pl.String, "person": pl.String}
    )


_EMPTY: Final = _frame({})
