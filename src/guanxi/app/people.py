"""People (人群): a list to page, filter and search, with what they bought and their RFM segment; names masked."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import polars as pl

from guanxi.app.analysis import same_party, scored, slice_of, took
from guanxi.app.identity import identities
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.lake import aggregate
from guanxi.events import PROPERTY, ROLE, columns_of, party_ref
from guanxi.traits.metrics import CLASSIC, ORDER, People, PersonLine, Variant, segment_name

SORTS: Final = {
    "amount": "amount", "orders": "orders", "recency": "last_ms", "last_order_ms": "last_ms",
    "first_seen": "first_seen_ms", "ref": "person",
}  # fmt: skip
MAX_SIZE: Final = 1_000
BUYERS, NO_ORDER = "buyers", "no_order"
#: Personal fields that can be searched for by their exact value -> the role whose keyed hash stands for it.
SEARCHABLE: Final = {"phone": "phone", "address": "address", "card": "card"}
_PEOPLE: Final = ("account:", "person:")
_NAMES: Final = ("name", "receiver_name", "nickname", "buyer_nick")  # the most telling first, as on a person's page
_TOLD_BY: Final = ("Profile Updated", "Order Completed", "Order Created")


def people(
    workspace: Workspace, asked: Scope, *, segment: str = "", q: str = "", sort: str = "-amount", page: int = 1,
    size: int = 50, variant: Variant = "quantile", found: frozenset[str] | None = None, r: int = 0, f: int = 0,
) -> People:  # fmt: skip
    """Return a page of everybody whom events name as acting, before the end of the asked time.

    segment  "", a segment of RFM, "buyers" or "no_order"
    q        the beginning of an id ("account:app:u-" or "u-"), or a whole order number
    sort     one of SORTS, with "-" downwards; people without the value come last
    page     from 1; size 1..1,000
    found    only these people: what `holders` gave
    r, f     only this score of recency, of frequency, 1..5; 0 = any
    raises   DataError naming the parameter
    """
    begin = time.perf_counter()
    column, down = _sort(sort)
    if page < 1 or not 1 <= size <= MAX_SIZE:
        raise DataError(
            f"page {page} of {size} rows was asked for", f"Use pages from 1, of 1..{MAX_SIZE:,} rows", "size"
        )
    rows = _all(workspace, asked, variant)
    if segment in (BUYERS, NO_ORDER):
        rows = rows.filter(pl.col("orders").is_not_null() if segment == BUYERS else pl.col("orders").is_null())
    elif segment:
        segment_name(segment)  # raises
        of = "segment" if segment in {one.id for one in CLASSIC} else "named"
        rows = rows.filter(pl.col(of) == segment)
    for name, score in (("r", r), ("f", f)):
        if score:
            rows = rows.filter(pl.col(name) == score)
    if q.strip():
        rows = rows.filter(pl.col("person").is_in(_matching(workspace, asked, q.strip())))
    if found is not None:
        rows = rows.filter(pl.col("person").is_in(found))
    rows = rows.sort([column, "person"], descending=[down, False], nulls_last=True)
    shown = rows.slice((page - 1) * size, size)
    return People(
        known=asked.known, total=rows.height, page=page, size=size, rows=_lines(workspace, asked, shown),
        currency=asked.currency, states=_states(workspace, asked), took_ms=took(begin),
    )  # fmt: skip


def holders(workspace: Workspace, asked: Scope, field: str, value: str) -> frozenset[str]:
    """Return the people who ever gave exactly this phone number, address or card, by its keyed hash.

    raises  DataError for another field
    """
    if field not in SEARCHABLE:
        raise DataError(f"{field[:40]!r} cannot be searched for", f"Use one of {', '.join(SEARCHABLE)}", "field")
    role = SEARCHABLE[field]
    ref = party_ref(role, "", workspace.vault.surrogate(role, value.strip()))
    column = f"{ROLE}{role}"
    kinds = [kind for kind in _kinds(workspace) if column in columns_of(workspace.catalogue.own_table(kind))]
    if not kinds:
        return frozenset()
    tables = (workspace.catalogue[kind].table for kind in kinds)
    sql = " UNION ".join(f"SELECT role_actor AS ref FROM {one} WHERE {column} = $ref" for one in tables)
    refs = aggregate(workspace.reader, sql, {"ref": ref}, kinds=kinds, known=asked.known)["ref"].drop_nulls()
    names = identities(workspace)
    return frozenset(names.resolve(one, asked.known) for one in refs)


@dataclass(frozen=True, slots=True)
class _Seen:
    """When each reference first acted on each platform, as known at one sequence number."""

    reader: Any
    stones: int
    known: int
    superseded: int
    frame: pl.DataFrame  # ref, platform, first_ms


_SEEN: WeakKeyDictionary[Workspace, _Seen] = WeakKeyDictionary()


def _all(workspace: Workspace, asked: Scope, variant: Variant) -> pl.DataFrame:
    """Everybody: person, first_seen_ms, platforms and, of those who bought, the columns of `scored`."""
    seen = _seen(workspace, asked.known)
    if asked.platforms:
        seen = seen.filter(pl.col("platform").is_in(asked.platforms))
    pairs = same_party(workspace, asked.known)
    named = seen.join(pairs, on="ref", how="left").with_columns(pl.coalesce("person", "ref").alias("person"))
    mine = pl.any_horizontal(pl.col("person").str.starts_with(one) for one in _PEOPLE)
    each = named.filter(mine, ~_masked("ref"), pl.col("first_ms") < asked.window.end_ms).group_by("person").agg(
        pl.col("first_ms").min().alias("first_seen_ms"), pl.col("platform").unique().sort().alias("platforms")
    )  # fmt: skip
    return each.join(scored(workspace, asked, variant=variant).drop("first_ms", "currency"), on="person", how="left")


def _seen(workspace: Workspace, known: int) -> pl.DataFrame:
    """Every acting reference; what was counted up to one sequence number is added to, unless something was replaced."""
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
    kinds = _kinds(workspace)
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


def _kinds(workspace: Workspace) -> tuple[str, ...]:
    """The kinds that occurred and that somebody does."""
    return tuple(
        kind for kind in workspace.reader.counts()
        if f"{ROLE}actor" in columns_of(workspace.catalogue.own_table(kind))
    )  # fmt: skip


def _table(workspace: Workspace, kind: str) -> str:
    row = workspace.catalogue.own_table(kind)
    return row.table if row is not None else "custom"


def _masked(column: str) -> pl.Expr:
    return pl.col(column).str.contains(r"^[^:]*:[^:]*~masked:")


def _sort(sort: str) -> tuple[str, bool]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise DataError(f"the order is {sort[:40]!r}", f"Use one of {', '.join(SORTS)}, with - downwards", "sort")
    return SORTS[name], sort.startswith("-")


def _matching(workspace: Workspace, asked: Scope, text: str) -> list[str]:
    """The people one of whose references begins so, and the buyers of an order of that number."""
    begins = pl.col("ref").str.starts_with(text) | pl.col("ref").str.replace(r"^[^:]*:[^:]*:", "").str.starts_with(text)
    refs = _seen(workspace, asked.known).filter(begins)["ref"].unique().to_list()
    of = slice_of(workspace, asked)
    sql = f"SELECT DISTINCT role_actor AS ref FROM {of.catalogue[ORDER].table} WHERE ref_order = $order"
    bought = aggregate(workspace.reader, sql, {"order": text}, kinds=[ORDER], known=asked.known)
    names = identities(workspace)
    return [names.resolve(ref, asked.known) for ref in (*refs, *bought["ref"].drop_nulls())]


def _states(workspace: Workspace, asked: Scope) -> dict[str, int]:
    """How sure we are of who is who, of everybody whom events name as acting."""
    refs = _seen(workspace, asked.known).select(pl.col("ref").unique())
    masked = refs.filter(_masked("ref")).height
    plain = refs.filter(~_masked("ref"), pl.any_horizontal(pl.col("ref").str.starts_with(one) for one in _PEOPLE))
    joined = plain.join(same_party(workspace, asked.known), on="ref", how="left")
    sizes = joined.group_by(pl.coalesce("person", "ref").alias("person")).len()["len"]
    groups = Counter(identities(workspace).mapping(asked.known).values())
    merged = joined.select(pl.coalesce("person", "ref").alias("person").unique())["person"].is_in(list(groups)).sum()
    return {"single": len(sizes) - int(merged), "merged": int(merged), "masked": masked}


def _lines(workspace: Workspace, asked: Scope, rows: pl.DataFrame) -> tuple[PersonLine, ...]:
    told = _told(workspace, asked, rows["person"].to_list())
    return tuple(
        PersonLine(
            ref=row["person"], name=told.get(row["person"], ("", ""))[0], city=told.get(row["person"], ("", ""))[1],
            platforms=tuple(filter(None, row["platforms"])), orders=row["orders"] or 0, amount=row["amount"] or 0,
            last_order_ms=row["last_ms"], recency_days=row["recency_days"], r=row["r"], f=row["f"], m=row["m"],
            segment=row["segment"] or "", segment_zh=segment_name(row["segment"] or "")[0],
            first_seen_ms=row["first_seen_ms"],
        )
        for row in rows.to_dicts()
    )  # fmt: skip


def _told(workspace: Workspace, asked: Scope, persons: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Person -> masked name and city: the newest of the most telling property."""
    names = identities(workspace)
    owner = {ref: person for person in persons for ref in names.members(person, asked.known)}
    counts = workspace.reader.counts()
    kinds = [kind for kind in _TOLD_BY if counts.get(kind)]
    if not owner or not kinds:
        return {}
    wanted = [*_NAMES, "city", "receiver_city"]
    parts = []
    for kind in kinds:
        have = columns_of(workspace.catalogue[kind])
        columns = [
            f"{PROPERTY}{one}" if PROPERTY + one in have else f"NULL::VARCHAR AS {PROPERTY}{one}" for one in wanted
        ]
        parts.append(
            f"SELECT role_actor AS ref, at_ms, seq, {', '.join(columns)} FROM {workspace.catalogue[kind].table}"
            " WHERE role_actor IN (SELECT ref FROM page)"
        )
    page = pl.DataFrame({"ref": list(owner), "person": list(owner.values())})
    newest = ", ".join(f"arg_max({PROPERTY}{one}, (at_ms, seq)) AS {one}" for one in wanted)
    sql = f"SELECT person, {newest} FROM ({' UNION ALL '.join(parts)}) JOIN page USING (ref) GROUP BY person"
    found = aggregate(workspace.reader, sql, {}, kinds=kinds, known=asked.known, frames={"page": page}).to_dicts()
    tokens = {
        row["person"]: next((row[one] for one in _NAMES if (row[one] or "").startswith("vt_")), "") for row in found
    }
    masked = workspace.vault.masked([token for token in tokens.values() if token])
    return {
        row["person"]: (masked.get(tokens[row["person"]], ""), row["city"] or row["receiver_city"] or "")
        for row in found
    }
