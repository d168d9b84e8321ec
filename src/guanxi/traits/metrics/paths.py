"""Paths (用户路径): what people do next, or did before, within a session."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl

from guanxi.core import DataError
from guanxi.events import Catalogue, columns_of
from guanxi.traits.metrics.acts import ACTOR, OTHER, Query, Slice, acts, label
from guanxi.traits.metrics.shapes import PathLink

GAP_MS: Final = 1_800_000  # a longer silence begins a new session, where the source names none
END: Final = "end"
MAX_STEPS: Final = 8
MAX_KINDS: Final = 200
FAMILIES: Final = (
    "browse",
    "app",
    "trade",
    "coupon",
    "content",
    "video",
    "live",
    "service",
    "loyalty",
    "social",
    "learn",
)
#: Told beside another kind, or by the shop: not a step of anybody's.
_BESIDE: Final = frozenset({
    "Order Line Recorded", "Price Changed", "Stock Recorded", "Order Shipped", "Order Refunded", "Order Finished",
    "Return Refused", "Return Received", "Group Buy Formed", "Group Buy Failed", "Coupon Issued", "Coupon Expired",
})  # fmt: skip


def path_kinds(catalogue: Catalogue, occurred: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds that count as steps when none are named: what people do, of those that occurred."""
    rows = [catalogue.find(kind) for kind in occurred]
    return tuple(
        row.name for row in rows
        if row is not None and not row.custom and row.family in FAMILIES and row.name not in _BESIDE
        and ACTOR in columns_of(row)
    )  # fmt: skip


def paths_query(start: str, kinds: Sequence[str], of: Slice, *, steps: int, backwards: bool = False) -> Query:
    """Return the query of paths: path (list of places in `kinds`, the start first), sessions; most sessions first.

    kinds      what counts as a step; `start` among them
    steps      how many after (or before) the start, 1..8
    A session is what a person did under one session reference, or else without a silence of over 30 minutes; it lies
    inside the window. It counts from its first `start`; the same kind several times in a row is one step.
    raises     DataError for steps out of range or a start that is no step
    """
    if not 1 <= steps <= MAX_STEPS:
        raise DataError(f"{steps} steps were asked for", f"Use 1 to {MAX_STEPS}", "steps")
    if start not in kinds or len(kinds) > MAX_KINDS:
        raise DataError(
            f"{start!r} is not among the {len(kinds)} kinds that count as steps", "Name it with the others", "kinds"
        )
    code = kinds.index(start)
    rows = " UNION ALL ".join(
        f"SELECT person, at_ms, seq, ref_session AS session, {place} AS code FROM ({acts(kind, of, 'ref_session')})"
        for place, kind in enumerate(kinds)
    )
    last = f"list_slice(codes, greatest(hit - {steps}, 1), hit)"
    shown = f"list_reverse({last})" if backwards else f"list_slice(codes, hit, hit + {steps})"
    sql = f"""
WITH starters AS (SELECT DISTINCT person FROM ({acts(start, of)})),
steps AS (SELECT * FROM ({rows}) SEMI JOIN starters USING (person)),
cut AS (
  SELECT *, CASE WHEN session IS NULL
    AND at_ms - lag(at_ms) OVER (PARTITION BY person, session ORDER BY at_ms, seq) > {GAP_MS} THEN 1 ELSE 0 END AS gap
  FROM steps),
numbered AS (
  SELECT *, sum(gap) OVER (PARTITION BY person, session ORDER BY at_ms, seq ROWS UNBOUNDED PRECEDING) AS part FROM cut),
sessions AS (SELECT list(code ORDER BY at_ms, seq) AS every FROM numbered GROUP BY person, session, part
  HAVING bool_or(code = {code})),
runs AS (
  SELECT list_filter(every, lambda one, place: place = 1 OR every[place - 1] != one) AS codes FROM sessions),
hits AS (SELECT codes, list_position(codes, {code}) AS hit FROM runs)
SELECT {shown} AS path, count(*) AS sessions FROM hits GROUP BY path ORDER BY sessions DESC, path"""
    return of.query(sql, kinds)


def path_links(found: pl.DataFrame, kinds: Sequence[str], *, steps: int, top: int = 6) -> tuple[PathLink, ...]:
    """Return the links between places of the path, most sessions first.

    found  what `paths_query` gives
    top    at each place so many kinds keep their name; the rest are "other"
    What leads to "end" stays there: links of one place sum up to the sessions that had not ended before it.
    """
    paths = [(tuple(row[0]), int(row[1])) for row in found.select("path", "sessions").iter_rows()]
    kept = [_frequent(paths, place, top) for place in range(steps + 1)]
    links: Counter[tuple[int, str, str]] = Counter()
    for path, sessions in paths:
        names = [kinds[code] if code in kept[place] else OTHER for place, code in enumerate(path)]
        if len(path) <= steps:
            names.append(END)
        for place in range(len(names) - 1):
            links[place, names[place], names[place + 1]] += sessions
    ordered = sorted(links.items(), key=lambda one: (one[0][0], -one[1], one[0]))
    return tuple(PathLink(place=key[0], source=key[1], target=key[2], sessions=count) for key, count in ordered)


def path_names(links: Sequence[PathLink], catalogue: Catalogue, *, backwards: bool) -> dict[str, str]:
    """Return the Chinese name of everything that links join."""
    own = {OTHER: "其他", END: "进入" if backwards else "离开"}
    every = dict.fromkeys(name for link in links for name in (link.source, link.target))
    return {name: own.get(name) or label(name, catalogue) for name in every}


def _frequent(paths: Sequence[tuple[tuple[int, ...], int]], place: int, top: int) -> frozenset[int]:
    counts: Counter[int] = Counter()
    for path, sessions in paths:
        if place < len(path):
            counts[path[place]] += sessions
    return frozenset(code for code, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:top])
