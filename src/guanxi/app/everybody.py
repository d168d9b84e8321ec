"""Everybody: the people whom events name as acting, with where, since when, and what they bought."""

from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import polars as pl

from guanxi.app.analysis import same_party, scored
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.engines.lake import aggregate
from guanxi.events import ROLE, columns_of
from guanxi.traits.metrics import CLASSIC, Variant, segment_name

BUYERS, NO_ORDER = "buyers", "no_order"
PEOPLE: Final = ("account:", "person:")


def everybody(
    workspace: Workspace, asked: Scope, *, segment: str = "", variant: Variant | None = None
) -> pl.DataFrame:  # fmt: skip
    """Return who acted before the end of the asked time: person, first_seen_ms, platforms and the columns of `scored`.

    segment  "", a segment of RFM, "buyers" or "no_order"
    raises   DataError for another segment
    """
    rows = _all(workspace, asked, variant)
    if segment in (BUYERS, NO_ORDER):
        return rows.filter(pl.col("orders").is_not_null() if segment == BUYERS else pl.col("orders").is_null())
    if segment:
        segment_name(segment)  # raises
        of = "segment" if segment in {one.id for one in CLASSIC} else "named"
        return rows.filter(pl.col(of) == segment)
    return rows


def seen(workspace: Workspace, known: int) -> pl.DataFrame:
    """Return ref, platform, first_ms of every acting reference.

    What was counted up to one sequence number is added to, unless something was replaced since.
    """
    stones = len(workspace.vault.tombstones())
    replaced = len(workspace.reader.state(known)[3])
    held = _SEEN.get(workspace)
    fits = (
        held is not None and held.reader is workspace.reader and held.stones == stones and held.known <= known
        and held.superseded == replaced
    )  # fmt: skip
    after = held.known if held is not None and fits else 0
    if held is not None and fits and after == known:
        return held.frame
    kinds = acting_kinds(workspace)
    parts = [
        f"SELECT role_actor AS ref, coalesce(platform, '') AS platform, min(at_ms) AS first_ms FROM {table}"
        " WHERE role_actor IS NOT NULL AND seq > $after GROUP BY ALL"
        for table in dict.fromkeys(_table(workspace, kind) for kind in kinds)
    ]
    schema = {"ref": pl.String, "platform": pl.String, "first_ms": pl.Int64}
    frame = pl.DataFrame(schema=schema)
    if parts:
        sql = f"SELECT ref, platform, min(first_ms) AS first_ms FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL"
        frame = aggregate(workspace.reader, sql, {"after": after}, kinds=kinds, known=known)
    if held is not None and fits:
        frame = pl.concat([held.frame, frame]).group_by("ref", "platform").agg(pl.col("first_ms").min())
    if held is None or not fits or known >= held.known:
        _SEEN[workspace] = _Seen(workspace.reader, stones, known, replaced, frame)
    return frame


def acting_kinds(workspace: Workspace) -> tuple[str, ...]:
    """Return the kinds that occurred and that somebody does."""
    return tuple(
        kind for kind in workspace.reader.counts()
        if f"{ROLE}actor" in columns_of(workspace.catalogue.own_table(kind))
    )  # fmt: skip


def masked(column: str) -> pl.Expr:
    """Whether a reference was made from a masked value, which several people may share."""
    return pl.col(column).str.contains(r"^[^:]*:[^:]*~masked:")


@dataclass(frozen=True, slots=True)
class _Seen:
    """When each reference first acted on each platform, as known at one sequence number."""

    reader: Any
    stones: int
    known: int
    superseded: int
    frame: pl.DataFrame  # ref, platform, first_ms


_SEEN: WeakKeyDictionary[Workspace, _Seen] = WeakKeyDictionary()


def _all(workspace: Workspace, asked: Scope, variant: Variant | None) -> pl.DataFrame:
    """Everybody: person, first_seen_ms, platforms and, of those who bought, the columns of `scored`."""
    acted = seen(workspace, asked.known)
    if asked.platforms:
        acted = acted.filter(pl.col("platform").is_in(asked.platforms))
    pairs = same_party(workspace, asked.known)
    named = acted.join(pairs, on="ref", how="left").with_columns(pl.coalesce("person", "ref").alias("person"))
    mine = pl.any_horizontal(pl.col("person").str.starts_with(one) for one in PEOPLE)
    each = named.filter(mine, ~masked("ref"), pl.col("first_ms") < asked.window.end_ms).group_by("person").agg(
        pl.col("first_ms").min().alias("first_seen_ms"), pl.col("platform").unique().sort().alias("platforms")
    )  # fmt: skip
    return each.join(scored(workspace, asked, variant=variant).drop("first_ms", "currency"), on="person", how="left")


def _table(workspace: Workspace, kind: str) -> str:
    row = workspace.catalogue.own_table(kind)
    return row.table if row is not None else "custom"
