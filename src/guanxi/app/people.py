"""People (人群): a list to page, filter and search, with what they bought and their RFM segment; names masked."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import polars as pl

from guanxi.app.analysis import same_party, slice_of, took
from guanxi.app.everybody import PEOPLE, acting_kinds, everybody, masked, seen
from guanxi.app.identity import identities
from guanxi.app.labels import bearing
from guanxi.app.scope import Scope
from guanxi.app.stated import stated
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.lake import aggregate
from guanxi.events import CUSTOM, ROLE, columns_of, party_ref
from guanxi.traits.metrics import ORDER, People, PersonLine, Variant, segment_name

SORTS: Final = {
    "amount": "amount", "orders": "orders", "recency": "last_ms", "last_order_ms": "last_ms",
    "first_seen": "first_seen_ms", "ref": "person",
}  # fmt: skip
MAX_SIZE: Final = 1_000
#: Personal fields that can be searched for by their exact value -> the role whose keyed hash stands for it.
SEARCHABLE: Final = {"phone": "phone", "address": "address", "card": "card"}
_NAMES: Final = ("name", "receiver_name", "nickname", "buyer_nick")  # the most telling first, as on a person's page


def people(
    workspace: Workspace, asked: Scope, *, segment: str = "", q: str = "", sort: str = "-amount", page: int = 1,
    size: int = 50, variant: Variant | None = None, found: frozenset[str] | None = None, r: int = 0, f: int = 0,
    label: str = "",
) -> People:  # fmt: skip
    """Return a page of everybody whom events name as acting, before the end of the asked time.

    segment  "", a segment of RFM, "buyers" or "no_order"
    q        the beginning of an id ("account:app:u-" or "u-"), or a whole order number
    sort     one of SORTS, with "-" downwards; people without the value come last
    page     from 1; size 1..1,000
    variant  of RFM; None: as `[rfm]` of the settings says
    found    only these people: what `holders` gave
    r, f     only this score of recency, of frequency, 1..5; 0 = any
    label    only who bears all of these labels: "gender:female,age:25-34"; "age:unknown" = nobody said
    raises   DataError naming the parameter
    """
    begin = time.perf_counter()
    column, down = _sort(sort)
    if page < 1 or not 1 <= size <= MAX_SIZE:
        raise DataError(
            f"page {page} of {size} rows was asked for", f"Use pages from 1, of 1..{MAX_SIZE:,} rows", "size"
        )
    rows = everybody(workspace, asked, segment=segment, variant=variant)
    for name, score in (("r", r), ("f", f)):
        if score:
            rows = rows.filter(pl.col(name) == score)
    if label.strip():
        rows = bearing(workspace, asked, rows, label)
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
    kinds = [kind for kind in acting_kinds(workspace) if column in columns_of(workspace.catalogue.own_table(kind))]
    if not kinds:
        return frozenset()
    own = workspace.catalogue.own_table
    tables = dict.fromkeys(row.table if (row := own(kind)) else CUSTOM for kind in kinds)
    sql = " UNION ".join(f"SELECT role_actor AS ref FROM {one} WHERE {column} = $ref" for one in tables)
    refs = aggregate(workspace.reader, sql, {"ref": ref}, kinds=kinds, known=asked.known)["ref"].drop_nulls()
    names = identities(workspace)
    return frozenset(names.resolve(one, asked.known) for one in refs)


def names_of(workspace: Workspace, asked: Scope, persons: Sequence[str]) -> dict[str, str]:
    """Return the masked name of each person who ever gave one."""
    return {person: name for person, (name, _) in _told(workspace, asked, persons).items() if name}


def _sort(sort: str) -> tuple[str, bool]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise DataError(f"the order is {sort[:40]!r}", f"Use one of {', '.join(SORTS)}, with - downwards", "sort")
    return SORTS[name], sort.startswith("-")


def _matching(workspace: Workspace, asked: Scope, text: str) -> list[str]:
    """The people one of whose references begins so, and the buyers of an order of that number."""
    begins = pl.col("ref").str.starts_with(text) | pl.col("ref").str.replace(r"^[^:]*:[^:]*:", "").str.starts_with(text)
    refs = seen(workspace, asked.known).filter(begins)["ref"].unique().to_list()
    of = slice_of(workspace, asked)
    sql = f"SELECT DISTINCT role_actor AS ref FROM {of.catalogue[ORDER].table} WHERE ref_order = $order"
    bought = aggregate(workspace.reader, sql, {"order": text}, kinds=[ORDER], known=asked.known)
    names = identities(workspace)
    return [names.resolve(ref, asked.known) for ref in (*refs, *bought["ref"].drop_nulls())]


def _states(workspace: Workspace, asked: Scope) -> dict[str, int]:
    """How sure we are of who is who, of everybody whom events name as acting."""
    refs = seen(workspace, asked.known).select(pl.col("ref").unique())
    hidden = refs.filter(masked("ref")).height
    plain = refs.filter(~masked("ref"), pl.any_horizontal(pl.col("ref").str.starts_with(one) for one in PEOPLE))
    joined = plain.join(same_party(workspace, asked.known), on="ref", how="left")
    sizes = joined.group_by(pl.coalesce("person", "ref").alias("person")).len()["len"]
    groups = Counter(identities(workspace).mapping(asked.known).values())
    merged = joined.select(pl.coalesce("person", "ref").alias("person").unique())["person"].is_in(list(groups)).sum()
    return {"single": len(sizes) - int(merged), "merged": int(merged), "masked": hidden}


def _lines(workspace: Workspace, asked: Scope, rows: pl.DataFrame) -> tuple[PersonLine, ...]:
    told = _told(workspace, asked, rows["person"].to_list())
    return tuple(
        PersonLine(
            ref=row["person"], name=told.get(row["person"], ("", ""))[0], city=told.get(row["person"], ("", ""))[1],
            platforms=tuple(filter(None, row["platforms"])), orders=row["orders"] or 0, amount=row["amount"] or 0,
            last_order_ms=row["last_ms"], recency_days=row["recency_days"], r=row["r"], f=row["f"], m=row["m"],
            segment=row["segment"] or "", segment_zh=segment_name(row["segment"] or "")[0],
            segment_en=segment_name(row["segment"] or "")[1], first_seen_ms=row["first_seen_ms"],
        )
        for row in rows.to_dicts()
    )  # fmt: skip


def _told(workspace: Workspace, asked: Scope, persons: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Person -> masked name and city: the newest of the most telling property."""
    names = identities(workspace)
    owner = {ref: person for person in persons for ref in names.members(person, asked.known)}
    if not owner:
        return {}
    page = pl.DataFrame({"ref": list(owner), "person": list(owner.values())})
    found = stated(workspace, (*_NAMES, "city", "receiver_city"), page, known=asked.known, only=True).to_dicts()
    tokens = {
        row["person"]: next((row[one] for one in _NAMES if (row[one] or "").startswith("vt_")), "") for row in found
    }
    shown = workspace.vault.masked([token for token in tokens.values() if token])
    return {
        row["person"]: (shown.get(tokens[row["person"]], ""), row["city"] or row["receiver_city"] or "")
        for row in found
    }
