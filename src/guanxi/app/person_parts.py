"""Parts of a person's page, each computed from the person's rows alone."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import polars as pl

from guanxi.app.identity import merges_of
from guanxi.app.workspace import Workspace
from guanxi.core import NotFound, local_day, week_window
from guanxi.engines.lake import events_at
from guanxi.events import CUSTOM, Catalogue, EventBatch, split_ref
from guanxi.parties import RESOLVED, PartyType, Platform, is_masked, party_type
from guanxi.relations import FAMILIES, RELATION_STATED, derive, resolved, shipped_rules

ORDER: Final = "Order Completed"
REFUND: Final = "Order Refunded"
SHOWN: Final = 50  # identities whose evidence is looked up
_HOUR_MS: Final = 3_600_000
_CHINA_HOURS: Final = 8
_MONDAY: Final = 3  # 1970-01-01 was a Thursday: days since then, plus three, count from a Monday
_REACH: Final = {
    "sent": "Message Sent", "delivered": "Message Delivered", "opened": "Message Opened", "clicked": "Message Clicked",
    "failed": "Message Failed", "unsubscribed": "Message Unsubscribed",
}  # fmt: skip

_DONE_TO: Final = frozenset({
    "Message Sent", "Message Delivered", "Message Failed", "Order Shipped", "Order Refunded", "Order Finished",
    "Return Refused", "Return Received", "Coupon Issued", "Coupon Expired", "Compensation Granted",
    "Ad Shown", "Slate Shown", "Promotion Displayed", "Points Posted", "Reward Granted", "Member Level Changed",
})  # fmt: skip
_DONE_BY_SYSTEMS: Final = frozenset({"decision", "system", "logistics", "settlement", "metrics", "risk"})


class PersonField(msgspec.Struct, frozen=True, kw_only=True):
    """A personal value that is kept: masked, when it was said and by which event."""

    field: str
    zh: str
    en: str
    masked: str
    at_ms: int
    event: str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One reference of a person.

    masked     made from a masked value, which several people may share
    canonical  it names the whole person
    events     in which it acts
    since_ms   when it was found to be this person; None for the only or first one
    merge      id of the event that says so, what `split` takes; "" when nothing had to
    method, confidence  as that event says
    with_ref   the reference that it was joined with
    """

    ref: str
    type: str
    type_zh: str
    type_en: str
    platform: str
    platform_zh: str
    masked: bool
    canonical: bool
    events: int
    first_ms: int | None
    last_ms: int | None
    since_ms: int | None = None
    merge: str = ""
    with_ref: str = ""
    method: str = ""
    confidence: float | None = None


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a person bought: paid orders, one for each platform and order; money in minor units of one currency.

    other_currencies  orders in others are counted, their money is not in the sums
    """

    orders: int = 0
    amount: int = 0
    first_order_ms: int | None = None
    last_order_ms: int | None = None
    refunds: int = 0
    refund_amount: int = 0
    other_currencies: tuple[str, ...] = ()


class PersonPlatform(msgspec.Struct, frozen=True, kw_only=True):
    """A person on one platform; money in minor units of the person's currency."""

    platform: str
    zh: str
    disc: str
    events: int
    orders: int
    amount: int
    last_ms: int


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """When a person acts, in China time.

    cells  7 rows, Monday first, of 24 hours: events
    n      events in all
    days   different days with an event
    best   (weekday, hour) of most events; None when no cell has more than one
    """

    cells: tuple[tuple[int, ...], ...]
    n: int
    days: int
    best: tuple[int, int] | None


class PersonTie(msgspec.Struct, frozen=True, kw_only=True):
    """One tie: the other end, the decayed sum of contacts (signed), how many, when, and newest evidence."""

    kind: str
    zh: str
    en: str
    family: str
    family_zh: str
    other: str
    other_type_zh: str
    other_type_en: str
    weight: float
    confidence: float
    count: int
    first_ms: int
    last_ms: int
    evidence: tuple[str, ...]


class Touches(msgspec.Struct, frozen=True, kw_only=True):
    """What we sent this person in the local week, Monday to Sunday."""

    start_ms: int
    end_ms: int
    sent: int
    delivered: int
    opened: int
    clicked: int
    failed: int
    unsubscribed: int


def identity_rows(
    workspace: Workspace, rows: pl.DataFrame, members: Sequence[str], known: int | None
) -> tuple[Identity, ...]:
    """Return every reference of a person with the evidence that ties it."""
    merges = merges_of(workspace, members[0], known)[-SHOWN:]
    said = events_at(workspace.reader, [(RESOLVED, one.seq) for one in merges], known=known)
    counted = rows.group_by("role_actor").agg(
        pl.len().alias("events"), pl.col("at_ms").min().alias("first"), pl.col("at_ms").max().alias("last")
    )
    counts = {row["role_actor"]: row for row in counted.to_dicts()}
    found = []
    for place, ref in enumerate(members):
        kind, scope, _ = split_ref(ref)
        row = type_of(ref)
        here = counts.get(ref, {})
        # The canonical one needs no reason; any other is here because of the first merge that names it.
        why = next((one for one in merges if ref in (one.kept, one.other)), None) if place else None
        event = said.get(why.seq) if why else None
        confidence = event.properties.get("confidence") if event else None
        platform = workspace.platforms.get(scope)
        found.append(
            Identity(
                ref=ref, type=kind, type_zh=row.zh, type_en=row.en, platform=scope,
                platform_zh=platform.zh if platform else "", masked=is_masked(ref), canonical=not place,
                events=here.get("events", 0), first_ms=here.get("first"), last_ms=here.get("last"),
                since_ms=why.at_ms if why else None, merge=why.event_id if why else "",
                with_ref=(why.kept if why.other == ref else why.other) if why else "",
                method=str(event.properties.get("method", "")) if event else "",
                confidence=float(confidence) if isinstance(confidence, int | float) else None,
            )
        )  # fmt: skip
    return tuple(found)


def totals_of(rows: pl.DataFrame) -> tuple[Totals, str]:
    """Return what a person bought, and the currency of most orders."""
    orders, refunds = _orders(rows), rows.filter(pl.col("mine"), pl.col("kind") == REFUND)
    used = orders["currency"].drop_nulls().value_counts(sort=True).sort("count", "currency", descending=[True, False])
    currency = str(used["currency"][0]) if used.height else "CNY"
    ours = pl.col("currency") == currency
    return Totals(
        orders=orders.height, amount=_sum(orders.filter(ours)), first_order_ms=_edge(orders, first=True),
        last_order_ms=_edge(orders, first=False), refunds=refunds.height, refund_amount=_sum(refunds.filter(ours)),
        other_currencies=tuple(sorted(set(used["currency"]) - {currency})),
    ), currency  # fmt: skip


def platform_rows(rows: pl.DataFrame, platforms: Mapping[str, Platform], currency: str) -> tuple[PersonPlatform, ...]:
    """Return a person's platforms, those of most money first."""
    seen = rows.filter(pl.col("platform").is_not_null(), pl.col("platform") != "")
    seen = seen.group_by("platform").agg(pl.len().alias("events"), pl.col("at_ms").max().alias("last_ms"))
    bought = (
        _orders(rows)
        .group_by("platform")
        .agg(pl.len().alias("orders"), pl.col("amount").filter(pl.col("currency") == currency).sum().alias("amount"))
    )
    joined = seen.join(bought, on="platform", how="left").with_columns(pl.col("orders", "amount").fill_null(0))
    joined = joined.sort("amount", "orders", "events", "platform", descending=[True, True, True, False])
    return tuple(
        PersonPlatform(
            zh=platforms[row["platform"]].zh if row["platform"] in platforms else row["platform"],
            disc=platforms[row["platform"]].disc if row["platform"] in platforms else row["platform"][:1], **row,
        )
        for row in joined.select("platform", "events", "last_ms", "orders", "amount").to_dicts()
    )  # fmt: skip


def rhythm_of(rows: pl.DataFrame, catalogue: Catalogue) -> Rhythm | None:
    """Return when a person acts; None when they never did. What is done to them, by us or by a system, is left out."""
    passive = [kind for kind in rows["kind"].unique() if _is_passive(kind, catalogue)]
    own = rows.filter(pl.col("mine"), ~pl.col("kind").is_in(passive))
    if not own.height:
        return None
    hours = own.select((pl.col("at_ms") // _HOUR_MS + _CHINA_HOURS).alias("hour"))
    placed = hours.select((pl.col("hour") // 24).alias("day"), (pl.col("hour") % 24).alias("hour"))
    placed = placed.with_columns(((pl.col("day") + _MONDAY) % 7).alias("weekday"))
    cells = [[0] * 24 for _ in range(7)]
    for weekday, hour, count in placed.group_by("weekday", "hour").len().iter_rows():
        cells[weekday][hour] = count
    most = max(max(row) for row in cells)
    best = next((d, h) for d, row in enumerate(cells) for h, count in enumerate(row) if count == most)
    return Rhythm(
        cells=tuple(map(tuple, cells)), n=own.height, days=placed["day"].n_unique(), best=best if most > 1 else None
    )


def ties_of(
    rows: pl.DataFrame, members: Sequence[str], names: Mapping[str, str], *, until_ms: int, known: int, limit: int
) -> tuple[PersonTie, ...]:
    """Return a person's strongest ties.

    rows  with role_<role> of every rule, and the properties of Relation Stated
    """
    stated = rows.filter(pl.col("kind") == RELATION_STATED)
    batches = [EventBatch(CUSTOM, rows.drop([name for name in rows.columns if name.startswith("p_")]))]
    if stated.height:
        batches.append(EventBatch(RELATION_STATED, stated.drop("kind")))
    view = resolved(derive(batches, until_ms=until_ms + 1, known=known), names)
    rules = {rule.id: rule for rule in shipped_rules()}
    families = {row.id: row.zh for row in FAMILIES}
    found = []
    held = view.rows_of(members[0], "both")
    strongest = held[np.argsort(-np.abs(view.weight[held]), kind="stable")[:limit]]
    for row in view.frame(strongest).iter_rows(named=True):
        other = row["to"] if row["from"] == members[0] else row["from"]
        rule, end = rules.get(row["kind"].removeprefix("stated:")), type_of(other)
        found.append(
            PersonTie(
                kind=row["kind"], zh=rule.zh if rule else row["kind"], en=rule.en if rule else row["kind"],
                family=row["family"], family_zh=families.get(row["family"], ""), other=other, other_type_zh=end.zh,
                other_type_en=end.en, weight=round(row["weight"], 4), confidence=round(row["confidence"], 4),
                count=row["count"], first_ms=row["first_ms"], last_ms=row["last_ms"], evidence=tuple(row["evidence"]),
            )
        )  # fmt: skip
    return tuple(found)


def touches_of(rows: pl.DataFrame, now_ms: int) -> Touches:
    """Return what we sent a person in the local week of an instant."""
    week = week_window(local_day(now_ms))
    inside = rows.filter(pl.col("mine"), pl.col("at_ms").is_between(week.start_ms, week.end_ms, closed="left"))
    counts = dict(inside["kind"].value_counts().iter_rows())
    return Touches(
        start_ms=week.start_ms, end_ms=week.end_ms, **{name: counts.get(kind, 0) for name, kind in _REACH.items()}
    )


def type_of(ref: str) -> PartyType:
    """Return the type of a reference; one that a source made up is shown by its own name."""
    name = split_ref(ref)[0]
    try:
        return party_type(name)
    except NotFound:
        return PartyType(id=name, zh=name, en=name)


def _is_passive(kind: str, catalogue: Catalogue) -> bool:
    row = catalogue.find(kind)
    return kind in _DONE_TO or (row is not None and row.family in _DONE_BY_SYSTEMS)


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    """Return paid orders, each of a platform once, as it was first told: the rule of every metric; newest first."""
    paid = rows.filter(pl.col("mine"), pl.col("kind") == ORDER)
    return paid.unique(["platform", "ref_order"], keep="last", maintain_order=True)


def _sum(rows: pl.DataFrame) -> int:
    return int(rows["amount"].sum() or 0)


def _edge(rows: pl.DataFrame, *, first: bool) -> int | None:
    if not rows.height:
        return None
    return int(str(rows["at_ms"].min() if first else rows["at_ms"].max()))
