"""The cockpit (多平台驾驶舱): is it well, where did it change, how fresh is it, what waits for a person."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from guanxi.app.inbox import Viewer, inbox
from guanxi.app.metrics import cut, measure, multiples, readings, split, trend
from guanxi.app.notes import notes
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.core import Window
from guanxi.engines.lake import PlatformFreshness, freshness
from guanxi.traits.metrics import (
    EARLIER,
    Cockpit,
    Freshness,
    FreshState,
    Metric,
    MetricAnswer,
    MetricChange,
    Period,
    Reading,
    Table,
    answer,
    effect,
    metrics,
    rank,
    unusual,
)

#: Metrics of the first cards, in order; those whose kinds never occurred are left out.
CARDS: Final = (
    "gmv_paid", "orders_paid", "buyers", "new_buyers", "basket_value", "refund_rate", "visitors", "conversion", "roi",
    "unread", "gmv_created", "orders_created",
)  # fmt: skip
MOST_CARDS: Final = 10
HOUR_MS: Final = 3_600_000
STOPPED: Final = 4  # times its promise: a platform that is later than this has stopped


def cockpit(workspace: Workspace, scope: Scope, *, metric: str = "", viewer: Viewer | None = None) -> Cockpit:
    """Return the many platforms at a glance.

    metric  of trend and small multiples; "" = the first card
    viewer  for whom it says what waits; None = for somebody who may do everything
    raises  NotFound when no metric has this name
    """
    begin = time.perf_counter()
    chosen = metrics()[metric] if metric else None
    rows = [metrics()[name] for name in CARDS]
    table = measure(workspace, scope, rows, by="platform")
    shown = _shown(rows, table, scope)
    chosen = chosen or (shown[0][0] if shown else metrics()[CARDS[0]])
    fresh = platform_freshness(workspace, scope)
    late = frozenset(one.platform for one in fresh if one.state in ("late", "stopped"))
    by = "platform" if "platform" in chosen.dimensions else ""
    bucket = cut(scope.window, "")
    lines = measure(workspace, scope, [chosen], by=by, bucket=bucket)
    return Cockpit(
        known=scope.known, as_of_ms=scope.now_ms, window=scope.span, compared=scope.compared_span,
        cards=tuple(one for _, one in shown), freshness=fresh,
        changes=_changes(workspace, table, [row for row, _ in shown], scope, late), metric=chosen.name,
        trend=trend(lines, chosen, scope, bucket),
        multiples=multiples(workspace, lines, chosen, scope, bucket, by), notes=notes(workspace, scope.period.whole),
        todo=inbox(workspace, fresh=fresh, now_ms=scope.now_ms, viewer=viewer),
        newest_at_ms=max((one.newest_at_ms or 0 for one in fresh), default=0) or None,
        rows=table.rows(0), took_ms=round((time.perf_counter() - begin) * 1000, 1),
    )  # fmt: skip


def platform_freshness(workspace: Workspace, scope: Scope) -> tuple[Freshness, ...]:
    """Return how fresh every platform's data is against its promise, those asked for alone, most events first.

    A platform of the setting [freshness] that never sent anything is "never"; others without data are left out.
    """
    have = {one.platform: one for one in freshness(workspace.reader, known=scope.known)}
    promised = workspace.settings.freshness.hours
    names = [name for name in dict.fromkeys([*have, *promised]) if not scope.platforms or name in scope.platforms]
    rows = [_freshness(workspace, name, have.get(name), scope.now_ms) for name in names]
    return tuple(sorted(rows, key=lambda row: (-row.events, row.platform)))


def _shown(rows: Sequence[Metric], table: Table, scope: Scope) -> list[tuple[Metric, MetricAnswer]]:
    """The cards whose kinds have occurred; without any, the first one with what is missing."""
    cards = [(row, answer(row, *readings(table, row, scope), scope.currency)) for row in rows if table.known(row)]
    if not cards:
        first = rows[0]
        return [(first, answer(first, *readings(table, first, scope), scope.currency))]
    return cards[:MOST_CARDS]


def _changes(
    workspace: Workspace, table: Table, rows: Sequence[Metric], scope: Scope, late: frozenset[str]
) -> tuple[MetricChange, ...]:
    """The parts that moved most, by the rule that every one of them carries in its evidence."""
    if scope.compared is None:
        return ()
    windows = (scope.window, scope.compared)
    found = [one for row in rows for one in split(workspace, table, row, scope, "platform", stale=late)]
    parts = {part: {row.name: _pair(table, row, windows, part) for row in rows} for part in {one.part for one in found}}
    worth = [replace(one, effect=effect(one.metric, parts[one.part])) for one in found]
    silent = {one.metric for one in worth if one.effect is None and one.change is not None}
    usual = _usual(workspace, scope, [row for row in rows if row.name in silent])
    return rank(
        one if one.effect is not None
        else replace(one, unusual=unusual(one.current, one.compared, usual(one.metric, one.part), one.unit))
        for one in worth
    )  # fmt: skip


def _pair(table: Table, row: Metric, windows: tuple[Window, Window], part: str) -> tuple[Reading, Reading]:
    now, then = (table.reading(row, place, window, part=part) for place, window in enumerate(windows))
    return now, then


def _usual(workspace: Workspace, scope: Scope, rows: Sequence[Metric]) -> Callable[[str, str], list[float | None]]:
    """The values of metrics by platform in the equal windows before the compared one."""
    then = scope.compared
    if then is None or not rows:
        return lambda metric, part: []
    step = max(scope.period.whole.length_ms, 1)
    earlier = [Window(then.start_ms - back * step, then.end_ms - back * step) for back in range(1, EARLIER + 1)]
    values: dict[tuple[str, str], list[float | None]] = {}
    for first, second in zip(earlier[::2], earlier[1::2], strict=True):
        past = replace(scope, period=Period(whole=first, window=first, compared=second))
        table = measure(workspace, past, rows, by="platform")
        for row in rows:
            for part in table.parts(row):
                pair = _pair(table, row, (first, second), part)
                values.setdefault((row.name, part), []).extend(reading.value for reading in pair)
    return lambda metric, part: values.get((metric, part), [])


def _freshness(workspace: Workspace, name: str, have: PlatformFreshness | None, now_ms: int) -> Freshness:
    row = workspace.platforms.get(name)
    setting = workspace.settings.freshness
    promise = round(setting.hours.get(name, setting.default_hours) * HOUR_MS)
    state: FreshState = "never"
    if have is not None:
        lag = now_ms - have.newest_at_ms
        state = "fresh" if lag <= promise else "late" if lag <= STOPPED * promise else "stopped"
    return Freshness(
        platform=name, zh=row.zh if row else name, en=row.en if row else name, disc=row.disc if row else name[:1],
        state=state, newest_at_ms=have.newest_at_ms if have else None, learnt_ms=have.learnt_ms if have else None,
        promise_ms=promise, events=have.events if have else 0,
    )  # fmt: skip
