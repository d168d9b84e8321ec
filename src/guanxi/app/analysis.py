"""Analyses of people over the log, each in a scope: RFM, repeat purchase, cohorts, funnels, paths, spreads, trends."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary

import polars as pl

from guanxi.app.metrics import same_party as joined
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.core import DAY_MS, DataError, Window, to_minor
from guanxi.engines.lake import aggregate
from guanxi.traits.metrics import (
    COUNT_EDGES,
    MONEY_EDGES,
    ORDER,
    SAME,
    Cohorts,
    Distribution,
    EventTrend,
    Funnel,
    Intervals,
    Ltv,
    Naming,
    Paths,
    Query,
    Repeat,
    Rfm,
    RfmCuts,
    Slice,
    Span,
    Split,
    Variant,
    bins_of,
    check_unit,
    cohort_query,
    cohort_rows,
    cuts_of,
    default_bucket,
    find_kind,
    funnel_groups,
    funnel_query,
    gaps_query,
    interval_bins,
    interval_query,
    local_cut_off,
    ltv_query,
    ltv_rows,
    path_kinds,
    path_links,
    path_names,
    paths_query,
    repeat_curve,
    repeat_query,
    rfm_cells,
    rfm_query,
    rfm_segments,
    spread_query,
    trend_query,
    trend_series,
)

_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_HELD: Final = 6  # scored tables that are kept between two questions


def rfm(
    workspace: Workspace, asked: Scope, *, variant: Variant | None = None, split: Split = "mean",
    naming: Naming = "classic",
) -> Rfm:  # fmt: skip
    """Return RFM of all who bought before the end of the asked time, counted in whole local days.

    variant  None: as `[rfm]` of the settings says
    naming   "classic": the eight segments · "grid": the ten of R and F
    """
    begin = time.perf_counter()
    variant = variant or workspace.settings.rfm.variant
    people = scored(workspace, asked, variant=variant, split=split)
    cuts = cuts_of(people, variant, rfm_cuts(workspace, asked.currency))
    cut_off = cut_off_of(asked)
    first = int(people["first_ms"].min()) if people.height else cut_off  # type: ignore[arg-type]  # a whole column
    return Rfm(
        known=asked.known, cut_off_ms=cut_off, window=Span(start_ms=first, end_ms=cut_off), variant=variant,
        buyers=people.height, cuts_recency=cuts.recency_days, cuts_frequency=cuts.orders,
        cuts_monetary=cuts.amount or (), cells=rfm_cells(people),
        segments=rfm_segments(people, split=split, naming=naming), currency=asked.currency, split=split, naming=naming,
        took_ms=took(begin),
    )  # fmt: skip


def rfm_cuts(workspace: Workspace, currency: str) -> RfmCuts:
    """Return the bounds of the variant "rule" as `[rfm]` of the settings names them, money in minor units."""
    rows = workspace.settings.rfm
    amount = tuple(to_minor(yuan, currency) for yuan in rows.amount_yuan)
    return RfmCuts(recency_days=rows.recency_days, orders=rows.orders, amount=amount or None)


def scored(
    workspace: Workspace, asked: Scope, *, variant: Variant | None = None, split: Split = "mean"
) -> pl.DataFrame:  # fmt: skip
    """Return every buyer with scores, as `rfm_query` gives them; the last few are kept until the log grows.

    variant  None: as `[rfm]` of the settings says
    """
    variant = variant or workspace.settings.rfm.variant
    held = _SCORED.setdefault(workspace, OrderedDict())
    stones = len(workspace.vault.tombstones())
    scope = (asked.known, cut_off_of(asked), asked.platforms, asked.currency)
    key = (id(workspace.reader), *scope, variant, split, stones)
    if key not in held:
        of = slice_of(workspace, asked, Window(0, cut_off_of(asked)))
        held[key] = run(
            workspace, rfm_query(of, variant=variant, cuts=rfm_cuts(workspace, asked.currency), split=split), of, asked
        )
        while len(held) > _HELD:
            held.popitem(last=False)
    held.move_to_end(key)
    return held[key]


def repeat(workspace: Workspace, asked: Scope, *, days: Sequence[int] = (7, 14, 30, 60, 90, 180, 365)) -> Repeat:
    """Return who of those who first bought in the window bought again, as far as is known now."""
    begin = time.perf_counter()
    of = slice_of(workspace, asked, Window(asked.window.start_ms, asked.window.end_ms))
    found = run(workspace, repeat_query, of, asked)
    second = found["second_ms"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    points = repeat_curve(found["first_ms"].to_numpy(), second, asked.window.end_ms, days=days)
    gaps = run(workspace, gaps_query, of, asked).row(0, named=True)
    return Repeat(
        known=asked.known, window=asked.span, buyers=found.height,
        again=found.height - found["second_ms"].null_count(), points=points, gaps=gaps["gaps"],
        gap_p10_days=_days(gaps["p10"]), gap_median_days=_days(gaps["median"]), gap_p90_days=_days(gaps["p90"]),
        took_ms=took(begin),
    )  # fmt: skip


def retention(
    workspace: Workspace, asked: Scope, *, start: str = "", back: str = "", period: str = "week", ages: int = 0
) -> Cohorts:
    """Return who came back in later periods; `start` "" = the first purchase, `back` "" = the same kind."""
    begin = time.perf_counter()
    check_unit(period)
    first = kind_of(workspace, start or ORDER, "start")
    later = kind_of(workspace, back, "back") if back else first
    of = slice_of(workspace, asked)
    found = run(workspace, lambda of: cohort_query(first, later, of, period=period), of, asked)
    rows, overall = cohort_rows(found, of, period=period, ages=ages)
    return Cohorts(
        known=asked.known, start=first, back=later, period=period, window=asked.span, rows=rows, overall=overall,
        took_ms=took(begin),
    )  # fmt: skip


def ltv(workspace: Workspace, asked: Scope, *, period: str = "month", ages: int = 0) -> Ltv:
    """Return what buyers of the window brought by the age of their cohort."""
    begin = time.perf_counter()
    check_unit(period)
    of = slice_of(workspace, asked)
    found = run(workspace, lambda of: ltv_query(of, period=period), of, asked)
    rows, overall, _ = ltv_rows(found, of, period=period, ages=ages)
    return Ltv(
        known=asked.known, period=period, window=asked.span, rows=rows, overall=overall, currency=asked.currency,
        took_ms=took(begin),
    )  # fmt: skip


def funnel(workspace: Workspace, asked: Scope, *, steps: Sequence[str], within: str = "7d", by: str = "") -> Funnel:
    """Return how many did the steps in order; `within` as 30m, 12h or 7d."""
    begin = time.perf_counter()
    kinds = [kind_of(workspace, step, "steps") for step in steps]
    within_ms = duration_ms(within)
    of = slice_of(workspace, asked)
    found = run(workspace, lambda of: funnel_query(kinds, of, within_ms=within_ms, by=by), of, asked)
    return Funnel(
        known=asked.known, window=asked.span, within_ms=within_ms, by=by, groups=funnel_groups(found, kinds, of),
        took_ms=took(begin),
    )  # fmt: skip


def paths(
    workspace: Workspace, asked: Scope, *, start: str, backwards: bool = False, depth: int = 4, top: int = 6,
    kinds: Sequence[str] = (),
) -> Paths:  # fmt: skip
    """Return what people do after (or before) a kind; `kinds` that count as steps, empty = what people do."""
    begin = time.perf_counter()
    first = kind_of(workspace, start, "start")
    named = [kind_of(workspace, one, "kinds") for one in kinds] or path_kinds(workspace.catalogue, _occurred(workspace))
    counted = tuple(dict.fromkeys((first, *named)))
    of = slice_of(workspace, asked)
    found = run(
        workspace, lambda of: paths_query(first, counted, of, steps=depth, backwards=backwards), of, asked
    )  # fmt: skip
    links = path_links(found, counted, steps=depth, top=top)
    return Paths(
        known=asked.known, window=asked.span, start=first, backwards=backwards, sessions=int(found["sessions"].sum()),
        links=links, names=path_names(links, workspace.catalogue, backwards=backwards), took_ms=took(begin),
    )  # fmt: skip


def distribution(workspace: Workspace, asked: Scope, *, of: str = ORDER, unit: str = "count") -> Distribution:
    """Return how events ("count") or their amounts ("money") are spread over people."""
    begin = time.perf_counter()
    kind = kind_of(workspace, of, "of")
    part = slice_of(workspace, asked)
    values = run(workspace, lambda of: spread_query(kind, of, measure=unit), part, asked)["value"]
    edges = COUNT_EDGES if unit == "count" else MONEY_EDGES
    return Distribution(
        known=asked.known, window=asked.span, of=kind, unit=unit, people=len(values), mean=_number(values.mean()),
        median=_number(values.median()), p90=_number(values.quantile(0.9, "linear")),
        bins=bins_of(values.to_numpy(), edges), currency=asked.currency, took_ms=took(begin),
    )  # fmt: skip


def interval(workspace: Workspace, asked: Scope, *, start: str = ORDER, back: str = "") -> Intervals:
    """Return how long it takes from `start` to the next `back`; "" = the same kind."""
    begin = time.perf_counter()
    first = kind_of(workspace, start, "start")
    later = kind_of(workspace, back, "back") if back else first
    of = slice_of(workspace, asked)
    found = run(workspace, lambda of: interval_query(first, later, of), of, asked)
    spread = found.row(0, named=True) if found.height else {"p10": None, "median": None, "p90": None}
    return Intervals(
        known=asked.known, window=asked.span, start=first, back=later, pairs=int(found["pairs"].sum()),
        median_days=_days(spread["median"]), p10_days=_days(spread["p10"]), p90_days=_days(spread["p90"]),
        bins=interval_bins(found), took_ms=took(begin),
    )  # fmt: skip


def trend(
    workspace: Workspace, asked: Scope, *, kind: str = ORDER, measure: str = "events", by: str = "", bucket: str = ""
) -> EventTrend:
    """Return how often a kind occurred over time; `bucket` "" = what shows the window best."""
    begin = time.perf_counter()
    name = kind_of(workspace, kind, "kind")
    if bucket not in ("", "hour", "day", "week", "month"):
        raise DataError(f"the bucket is {bucket[:40]!r}", "Use one of hour, day, week, month", "bucket")
    size: Any = bucket or default_bucket(asked.window)
    of = slice_of(workspace, asked)
    found = run(workspace, lambda of: trend_query(name, of, measure=measure, bucket=size, by=by), of, asked)
    series = trend_series(found, of, bucket=size, whole_end_ms=asked.period.whole.end_ms, by=by)
    return EventTrend(
        known=asked.known,
        window=asked.span,
        kind=name,
        measure=measure,
        by=by,
        series=series,
        currency=asked.currency,
        took_ms=took(begin),
    )


def slice_of(workspace: Workspace, asked: Scope, window: Window | None = None) -> Slice:
    """Return the part of the log that a scope names; identities as known then."""
    return Slice(
        catalogue=workspace.catalogue, window=window or asked.window, platforms=asked.platforms,
        currency=asked.currency, resolved=same_party(workspace, asked.known).height > 0,
    )  # fmt: skip


def run(workspace: Workspace, query: Query | Callable[[Slice], Query], of: Slice, asked: Scope) -> pl.DataFrame:
    """Return what a query gives as known then, references of one person taken together.

    query  or what makes it of a slice: then references may be numbers, so that what it gives may name nobody
    """
    frames = {SAME: same_party(workspace, asked.known)} if of.resolved else {}
    given: dict[str, Any] = {"known": asked.known, "frames": frames}
    if isinstance(query, Query):
        return aggregate(workspace.reader, query.sql, query.values, kinds=query.kinds, **given)
    made, numbered = query(of), query(replace(of, numbers=True))
    return aggregate(
        workspace.reader, lambda numbers: (numbered if numbers else made).sql, made.values, kinds=made.kinds, **given
    )


def same_party(workspace: Workspace, known: int) -> pl.DataFrame:
    """Return ref and person of the references that are another's."""
    return joined(workspace, known)


def kind_of(workspace: Workspace, text: str, field: str) -> str:
    """Return the kind that a text names; raises DataError with the nearest."""
    return find_kind(text, workspace.catalogue, _occurred(workspace), field=field)


def duration_ms(text: str) -> int:
    """Return a duration such as 90s, 30m, 12h or 7d in milliseconds; raises DataError."""
    found = re.fullmatch(r"(\d{1,7})([smhd])", text.strip().lower())
    if found is None:
        raise DataError(f"the limit is {text[:40]!r}", "Write a number and s, m, h or d, such as 30m or 7d", "within")
    return int(found[1]) * _UNITS[found[2]]


def cut_off_of(asked: Scope) -> int:
    """Return the instant before which orders count for RFM."""
    return local_cut_off(asked.period.whole.end_ms, asked.now_ms)


def took(begin: float) -> float:
    """Return the milliseconds since a moment of `time.perf_counter`."""
    return round((time.perf_counter() - begin) * 1000, 1)


#: Scored buyers by what was asked; a reader serves one thread at a time.
_SCORED: WeakKeyDictionary[Workspace, "OrderedDict[tuple[Any, ...], pl.DataFrame]"] = WeakKeyDictionary()


def _occurred(workspace: Workspace) -> tuple[str, ...]:
    return tuple(workspace.reader.counts())


def _days(ms: float | None) -> float | None:
    return None if ms is None else float(ms) / DAY_MS


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
