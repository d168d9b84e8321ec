"""What a process remembers answers as the lake does: after every kind of change, and as known at every moment."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl
import pytest
from msgspec import structs

from guanxi.app import Workspace, analysis
from guanxi.app.care import erase
from guanxi.app.cockpit import cockpit
from guanxi.app.metrics import same_party
from guanxi.app.remembering import remembering
from guanxi.app.scope import Scope, scope
from guanxi.core import Window
from guanxi.engines.lake import Memory, aggregate, freshness
from guanxi.events import event_id
from guanxi.traits.metrics import SAME, columns_read, metric_query, metrics

from .conftest import Shop, at

PEOPLE = tuple("abcdefgh")
#: Kinds with what their events may state, beside platform, time and actor.
KINDS = (
    "Order Completed", "Order Created", "Order Line Recorded", "Order Refunded", "Payment Completed", "Payment Failed",
    "Session Started", "Page Viewed", "Product Viewed", "Product Added", "Products Searched", "Message Delivered",
    "Message Failed", "Message Opened", "Message Unsubscribed", "Coupon Issued", "Coupon Claimed", "Coupon Redeemed",
    "Ad Spend Recorded", "Ad Shown", "Ad Clicked", "Conversation Started", "Service Message Sent",
    "Conversation Ended", "Content Viewed", "Content Liked", "Live Room Entered",
)  # fmt: skip
WINDOWS = (Window(at("11-03 00:00"), at("11-10 00:00")), Window(at("10-27 00:00"), at("11-02 13:00")))
WAYS = ((WINDOWS, None), ((WINDOWS[0], Window(at("10-27 00:00"), at("11-05 13:00"))), None), (WINDOWS, "day"))
GROUPS = [list(metrics().values())[place : place + 8] for place in range(0, len(metrics()), 8)]


@pytest.fixture
def memory(shop: Shop) -> Iterator[Memory]:
    made = Memory(shop.workspace.folder, columns_read())
    yield made
    made.close()


def some_events(rng: random.Random, count: int, ids: list[str]) -> list[tuple[str, str, dict]]:
    made = []
    for _ in range(count):
        kind = rng.choice(KINDS)
        fields: dict = {"id": event_id("memory", str(len(ids))), "platform": rng.choice(["app", "jd", "taobao"])}
        roles = {"shop": rng.choice(["shop:app:1", "shop:app:2"])} if rng.random() < 0.5 else {}
        who = rng.choice([*(f"account:app:{one}" for one in PEOPLE), "account:app~masked:张**", ""])
        refs = {"order": str(rng.randrange(30)), "conversation": str(rng.randrange(9)), "message": str(len(ids) % 7)}
        if ids and rng.random() < 0.15:
            refs["supersedes"] = rng.choice(ids)
        fields |= {"roles": roles | ({"actor": who} if who else {}), "refs": refs}
        if rng.random() < 0.8:
            fields |= {"amount": rng.randrange(10_000), "currency": rng.choice(["CNY", "CNY", "USD"])}
        if kind == "Order Line Recorded":
            fields |= {"properties": {"quantity": rng.randrange(4), "category": "tea"}}
        if kind == "Service Message Sent":
            fields |= {"properties": {"role": rng.choice(["agent", "customer"])}}
        ids.append(fields["id"])
        made.append((kind, f"{rng.choice(['10-28', '11-02', '11-04', '11-05'])} {rng.randrange(24):02}:30", fields))
    return made


def identity(operation: str, keep: str, other: str, number: int) -> tuple[str, str, dict]:
    roles = {"actor": f"account:app:{keep}", "object": f"account:app:{other}"}
    told = {"roles": roles, "properties": {"operation": operation}, "id": event_id("identity", str(number))}
    return ("Party Resolved", "11-20 10:00", told)


def check(shop: Shop, memory: Memory, known: int, asked: Iterable[tuple[int, int]]) -> int:
    """Some metrics, by platform, in some windows: memory and lake say the same; return how many rows they gave.

    asked  (place in GROUPS, place in WAYS)
    """
    reader = shop.workspace.reader
    people = same_party(shop.workspace, known)
    frames = {SAME: people} if people.height else {}
    rows = 0
    for group, way in asked:
        windows, bucket = WAYS[way]
        given = {"by": "platform", "bucket": bucket, "resolved": people.height > 0}
        query = metric_query(GROUPS[group], windows, **given)
        numbers = metric_query(GROUPS[group], windows, **given, numbers=True).sql
        kept = memory.run(reader, numbers, {}, kinds=query.kinds, known=known, frames=frames)
        assert kept is not None
        said = aggregate(reader, query.sql, kinds=query.kinds, known=known, frames=frames)
        order = ["fact", "place", "part", "bucket"]
        assert kept.sort(order).rows() == said.select(kept.columns).sort(order).rows()
        rows += said.height
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_memory_says_what_the_lake_says(shop: Shop, memory: Memory, seed: int) -> None:
    rng = random.Random(seed)
    ids: list[str] = []
    shop.tell(*some_events(rng, 120, ids))
    memory.extend(shop.workspace.reader)
    merges: list[tuple[str, str]] = []
    acts = ["tell", "seal", "merge", "erase", rng.choice(["seal", "merge"])]
    rng.shuffle(acts)
    for number, act in enumerate([*acts, "split"]):
        if act == "seal":
            shop.seal()
        elif act == "erase":
            erase(shop.workspace, [f"account:app:{rng.choice(PEOPLE)}"], reason="asked", send=True, who="test")
            memory.extend(shop.workspace.reader)
        elif act == "split" and merges:
            shop.tell(identity("split", *merges.pop(), number))
        elif act == "merge":
            merges.append((rng.choice("abcd"), rng.choice("efgh")))
            shop.tell(identity("merge", *merges[-1], number))
        shop.tell(*some_events(rng, 25, ids))
        last = shop.workspace.reader.last_seq()
        some = [(rng.randrange(len(GROUPS)), rng.randrange(len(WAYS))) for _ in range(2)]
        assert check(shop, memory, last, some[:1])
        check(shop, memory, rng.randrange(last), some[1:])
    kept = freshness(shop.workspace.reader)
    memory.close()
    shop.workspace.reopen()
    assert freshness(shop.workspace.reader) == kept


def test_every_metric_is_answered_from_memory(shop: Shop, memory: Memory) -> None:
    rng = random.Random(7)
    ids: list[str] = []
    shop.tell(*some_events(rng, 80, ids))
    memory.extend(shop.workspace.reader)
    shop.tell(*some_events(rng, 40, ids))  # hot, after the memory was filled
    every = [(group, group % len(WAYS)) for group in range(len(GROUPS))]
    assert check(shop, memory, shop.workspace.reader.last_seq(), every) > 100


def test_what_an_erasure_rewrote_is_forgotten_at_once(shop: Shop, memory: Memory) -> None:
    shop.tell(
        ("Product Viewed", "11-05 10:00", {"who": "a"}), ("Product Viewed", "11-05 11:00", {"who": "b"}),
    )  # fmt: skip
    memory.extend(shop.workspace.reader)
    query = metric_query([metrics()["visitors"]], WINDOWS[:1], numbers=True)

    def remembered() -> pl.DataFrame | None:
        return memory.run(shop.workspace.reader, query.sql, {}, kinds=query.kinds, known=None, frames={})

    assert remembered()["v0"].to_list()[0] == 2
    erase(shop.workspace, ["account:app:a"], reason="asked", send=True, who="test")
    assert remembered() is None  # the lake answers until it is read anew
    memory.extend(shop.workspace.reader)
    assert remembered()["v0"].to_list()[0] == 1


def test_what_is_not_kept_is_left_to_the_lake(shop: Shop) -> None:
    shop.tell(
        ("Product Viewed", "11-05 10:00", {"who": "a"}), ("Product Viewed", "11-05 11:00", {"who": "b"}),
        ("Order Completed", "11-05 12:00", {"who": "a", "order": "1", "amount": 5}),
    )  # fmt: skip
    memory = Memory(shop.workspace.folder, columns_read(), most_rows=2)
    reader = shop.workspace.reader

    def remembered(sql: str, *kinds: str) -> list[tuple[int]] | None:
        found = memory.run(reader, sql, {}, kinds=kinds, known=None, frames={})
        return None if found is None else found.rows()

    count = "SELECT count(*) AS n FROM order_completed"
    try:
        assert remembered(count, "Order Completed") is None  # nothing was read yet
        memory.extend(reader)
        assert remembered(count, "Order Completed") == [(1,)]
        assert remembered(count, "Order Completed", "Product Viewed") is None  # more rows than may be kept
        assert remembered("SELECT p_payment_method FROM order_completed", "Order Completed") is None
        assert remembered("SELECT * FROM parcel_updated", "Parcel Updated") is None
        told = aggregate(reader, lambda numbers: f"{count} WHERE {numbers}", kinds=["Order Completed"])
        assert told.rows() == [(1,)]
    finally:
        memory.close()
    told = aggregate(reader, lambda numbers: f"{count} WHERE {numbers}", kinds=["Order Completed"])
    assert told.rows() == [(0,)]


ANALYSES: dict[str, Callable[[Workspace, Scope], Any]] = {
    "funnel": lambda ws, of: analysis.funnel(ws, of, steps=["Product Viewed", "Product Added", "Order Completed"]),
    "funnel-split": lambda ws, of: analysis.funnel(ws, of, steps=["Product Viewed", "Order Created"], by="platform"),
    "interval": lambda ws, of: analysis.interval(ws, of, start="Product Viewed", back="Order Completed"),
    "retention": lambda ws, of: analysis.retention(ws, of, start="Session Started", period="day"),
    "repeat": analysis.repeat,
    "ltv": lambda ws, of: analysis.ltv(ws, of, period="week"),
    "trend": lambda ws, of: analysis.trend(ws, of, kind="Order Completed", measure="people", by="platform"),
    "spread": lambda ws, of: analysis.distribution(ws, of, of="Order Completed", unit="money"),
    "paths": lambda ws, of: analysis.paths(ws, of, start="Product Viewed"),
    "rfm": analysis.rfm,
}


def test_analyses_are_the_same_from_memory(shop: Shop, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    ids: list[str] = []
    shop.tell(*some_events(rng, 250, ids), identity("merge", "a", "e", 1))
    asked = scope(shop.workspace, t="custom:2025-10-27..2025-11-09")
    lake = {name: structs.replace(ask(shop.workspace, asked), took_ms=0) for name, ask in ANALYSES.items()}
    memory.extend(shop.workspace.reader)
    kept = {name: structs.replace(ask(shop.workspace, asked), took_ms=0) for name, ask in ANALYSES.items()}
    assert kept == lake
    monkeypatch.setattr("guanxi.engines.lake.metrics.Aggregates.run", None)  # the lake cannot be asked
    remembered = set(ANALYSES) - {"paths", "rfm"}  # any kind of event, and people by name: from the lake
    assert {name: structs.replace(ANALYSES[name](shop.workspace, asked), took_ms=0) for name in remembered} == {
        name: lake[name] for name in remembered
    }


def test_a_process_that_remembers_shows_the_same_cockpit(shop: Shop) -> None:
    rng = random.Random(3)
    ids: list[str] = []
    shop.tell(*some_events(rng, 60, ids))
    asked = scope(shop.workspace, t="custom:2025-11-03..2025-11-09")
    before = structs.replace(cockpit(shop.workspace, asked), took_ms=0)
    with remembering(shop.workspace.folder):
        assert structs.replace(cockpit(shop.workspace, asked), took_ms=0) == before
        shop.tell(("Order Completed", "11-05 12:00", {"who": "a", "order": "new", "amount": 77_777}))
        later = scope(shop.workspace, t="custom:2025-11-03..2025-11-09")
        remembered = structs.replace(cockpit(shop.workspace, later), took_ms=0)
        assert remembered.cards != before.cards
    assert structs.replace(cockpit(shop.workspace, later), took_ms=0) == remembered
