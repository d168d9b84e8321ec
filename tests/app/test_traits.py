"""Traits over a workspace: by hand, as of any instant, across merges, corrections, erasure; tables and explanations."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from guanxi.app import Workspace, care, identity, seal_now
from guanxi.app.trait_explain import explain
from guanxi.app.trait_spread import distribution, spread
from guanxi.app.trait_table import table, write
from guanxi.app.traits import as_of, everyone
from guanxi.core import DAY_MS, DataError, NotFound, Refused, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent
from guanxi.traits import traits

JAN = midnight_ms(date(2026, 1, 1))
HOUR = DAY_MS // 24
ANN, ANN_APP, BEN, CARL, DORA = (
    f"account:{one}" for one in ("taobao:ann", "app:ann", "app:ben", "jd:carl", "app:dora")
)
PHONE, TABLET = "device::d1", "device::d2"


def at(day: float) -> int:
    return JAN + round(day * DAY_MS)


def one(kind: str, day: float, who: str, *, live: bool = False, **fields: object) -> RawEvent:
    roles = {"actor": who, **fields.pop("roles", {})}  # type: ignore[dict-item]
    return RawEvent(
        kind=kind, at=at(day), message_id=f"{kind}{day}{who}{fields}", roles=roles, historical=not live,
        platform=who.split(":")[1], **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def order(day: float, who: str, amount: str, **fields: object) -> list[RawEvent]:
    number = {"order": f"{who}{day}"}
    return [one("Order Created", day, who, amount=amount, refs=number, **fields),
            one("Order Completed", day, who, amount=amount, refs=number, **fields)]  # type: ignore[arg-type]  # fmt: skip


def line(day: float, who: str, price: str, category: str) -> RawEvent:
    return one("Order Line Recorded", day, who, properties={"unit_price": price, "category": category},
               roles={"item": f"item::{category}"}, refs={"order": f"{who}{day}"})  # fmt: skip


def fail(day: float, who: str, device: str) -> RawEvent:
    return one("Payment Failed", day, who, roles={"device": device})


def life() -> list[RawEvent]:
    return [
        *order(1, ANN, "10.00", roles={"device": PHONE}), *order(8, ANN, "30.00"), *order(10, ANN_APP, "5.00"),
        line(8, ANN, "15.50", "茶"), line(8.1, ANN, "14.50", "茶"), line(10, ANN_APP, "5.00", "杯"),
        one("Content Viewed", 9, ANN, properties={"dwell_s": 2.5}, roles={"content": "content::c"}),
        one("Content Viewed", 9.5, ANN, properties={"dwell_s": 0.5}, roles={"content": "content::c"}),
        *order(2, BEN, "7.00", roles={"device": PHONE}), fail(9, BEN, PHONE), fail(9.2, BEN, TABLET),
        one("Payment Completed", 9.3, BEN, roles={"device": TABLET}),
        fail(10.1, BEN, PHONE),  # after midnight of the 11th: no neighbour's value holds it
        *order(3, CARL, "9.00", roles={"device": TABLET}),
        one("Consent Withdrawn", 9, CARL, properties={"purpose": "analyse"}),
        one("Product Viewed", 10.6, DORA, roles={"device": TABLET, "item": "item::x"}),
    ]  # fmt: skip


def take(workspace: Workspace, raws: list[RawEvent], received_ms: int) -> list[Event]:
    intake, events = workspace.intake(), []
    for raw in raws:
        event = intake.check(raw, "server", received_ms=received_ms, source="test")
        assert isinstance(event, Event), event
        events.append(event)
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    return events


def make(folder: Path, raws: list[RawEvent]) -> Workspace:
    made, _ = Workspace.create(folder)
    take(made, raws, at(11))
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Half of it sealed, half of it hot."""
    with make(tmp_path_factory.mktemp("shop") / "ws", life()[::2]) as made:
        seal_now(made, hot=True)
        take(made, life()[1::2], at(11))
        yield made


def read(workspace: Workspace, ref: str, name: str, until: int = at(11), known: int | None = None) -> object:
    return as_of(workspace, [ref], [name], until=until, known=known)[name][0]


CELLS: tuple[tuple[str, str, object], ...] = (
    (ANN, "person.spend.sum.30d", 4_000), (ANN_APP, "person.spend.sum.30d", 500), (BEN, "person.spend.sum.30d", 700),
    (ANN, "person.orders.count.7d", 1), (ANN, "person.orders.count.365d", 2), (ANN, "person.orders.count.1d", 0),
    (ANN, "person.spend.since_last.life", 3 * DAY_MS), (ANN, "person.spend.since_first.life", 10 * DAY_MS),
    (ANN, "person.spend.first.life", 1_000), (ANN, "person.spend.gap_mean.30d", 7.0 * DAY_MS),
    (ANN, "person.spend.mean.90d", 2_000.0), (ANN, "person.spend.std.365d", 1_000.0),
    (ANN, "person.spend.decayed_7d.life", 1_000 * 2 ** (-10 / 7) + 3_000 * 2 ** (-3 / 7)),
    (ANN, "person.purchases.top_category.365d", "茶"), (ANN, "person.purchases.max.365d", 1_550),
    (ANN, "person.purchases.top2_category.365d", None), (ANN, "person.content_views.mean.30d", 1.5),
    (BEN, "person.orders.count.7d", 0), (BEN, "account.payment_failures.ratio_payment_tries.1d", 1.0),
    (PHONE, "device.payment_failures.count.1d", 1), (TABLET, "device.payment_failures.count.1d", 0),
    (DORA, "person.spend.mean.90d", None), (DORA, "person.orders.count.30d", 0),
    ("account:app:nobody", "person.orders.count.30d", 0), (PHONE, "person.orders.count.30d", None),
    ("account:taobao~masked:a**", "person.orders.count.30d", None),
)  # fmt: skip


@pytest.fixture(scope="module")
def told(shop: Workspace) -> pl.DataFrame:
    refs, names = (list(dict.fromkeys(cell[at] for cell in CELLS)) for at in (0, 1))
    return as_of(shop, refs, names, until=at(11))


@pytest.mark.parametrize(("ref", "name", "value"), CELLS)
def test_values_by_hand(told: pl.DataFrame, ref: str, name: str, value: object) -> None:
    found = told.filter(pl.col("party") == ref)[name][0]
    assert found == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
    assert type(found) is type(value)


@pytest.fixture(scope="module")
def among(shop: Workspace) -> pl.DataFrame:
    return as_of(shop, [ANN, ANN_APP, BEN], [row.name for row in traits().values() if not row.via], until=at(11))


VIA = "account.payment_failures.ratio_payment_tries_via_device.7d"


def test_neighbours_as_they_stood_at_midnight(shop: Workspace) -> None:
    # Dora came to the tablet of Ben and Carl at noon; at midnight Ben had failed twice in three tries, Carl never.
    told = as_of(shop, [DORA, ANN, BEN, CARL, PHONE], [VIA], until=at(10.9))[VIA].to_list()
    assert told == [pytest.approx(2 / 3), pytest.approx(2 / 3), None, pytest.approx(2 / 3), None]
    assert read(shop, DORA, VIA, at(10.5)) is None
    why = explain(shop, DORA, VIA, until=at(10.9))
    assert [(one.ref, one.value) for one in why.neighbours] == [(BEN, pytest.approx(2 / 3)), (CARL, None)]


@pytest.mark.parametrize("day", [2, 9.5])
def test_the_past_is_what_was_read_then(tmp_path: Path, shop: Workspace, day: float) -> None:
    names = ["purchase", "price", "taste", "velocity", "life"]
    with make(tmp_path / "ws", [raw for raw in life() if int(raw.at) < at(day)]) as then:
        refs = [ANN, ANN_APP, BEN, PHONE]  # Carl's consent is asked as of now, whatever day is looked at
        assert as_of(shop, refs, names, until=at(day)).equals(as_of(then, refs, names, until=at(day)))


@pytest.mark.parametrize(
    "name",
    ["person.orders.count.1d", "person.spend.mean.90d", "person.purchases.entropy_category.365d",
     "person.spend.gap_mean.30d", "person.orders.after_content_views_1d.30d"],
)  # fmt: skip
def test_a_trait_alone_is_what_it_is_among_all(shop: Workspace, among: pl.DataFrame, name: str) -> None:
    # Alone it reads the events of its own window and measure, among all every event of its party.
    assert as_of(shop, among["party"].to_list(), [name], until=at(11)).equals(among.select("party", name))


def test_two_become_one_and_part_again(tmp_path: Path) -> None:
    with make(tmp_path / "ws", life()) as shop:
        before = shop.reader.last_seq()
        said = identity.merge(shop, ANN, ANN_APP, reason="one phone", who="t")
        both, one_of = read(shop, ANN, "person.spend.sum.30d"), read(shop, ANN_APP, "person.spend.sum.30d")
        assert (both, one_of) == (4_500, 4_500)
        assert read(shop, ANN_APP, "person.purchases.top2_category.365d") == "杯"
        assert read(shop, ANN_APP, "account.orders.count.1d", at(10.5)) == 1
        assert read(shop, ANN, "account.orders.count.1d", at(10.5)) == 0
        assert read(shop, ANN, "person.spend.sum.30d", known=before) == 4_000
        merged = shop.reader.last_seq()
        take(shop, order(10.5, ANN, "1.00"), at(12))
        identity.split(shop, said.event, reason="two people", who="t")
        take(shop, order(10.7, ANN, "2.00"), at(12))
        assert read(shop, ANN, "person.spend.sum.30d") == 4_300
        assert read(shop, ANN, "person.spend.sum.30d", known=merged) == 4_500
        # What each event saw: who is who as known at its own place in the log.
        seen = pl.concat(table(shop, "spend", ["person.spend.sum.30d", "person.spend.count.life"], cut_off=at(11)))
        mine = seen.filter(pl.col("person").is_in([ANN, ANN_APP]))
        assert mine["person.spend.sum.30d"].to_list() == [0, 1_000, 0, 4_500, 4_100]
        assert mine["person.spend.count.life"].to_list() == [0, 1, 0, 3, 3]
        assert mine["person"].to_list() == [ANN, ANN, ANN_APP, ANN_APP if ANN_APP < ANN else ANN, ANN]


def test_a_corrected_event_counts_once(tmp_path: Path) -> None:
    with make(tmp_path / "ws", life()) as shop:
        known = shop.reader.last_seq()
        old = next(event for event in shop.reader.read(kind="Order Completed") if event.amount == 3_000)
        raw = one("Order Completed", 8, ANN, amount="31.00", refs={"order": "x", "supersedes": old.id})
        take(shop, [raw], at(12))
        assert read(shop, ANN, "person.spend.sum.30d") == 4_100
        assert read(shop, ANN, "person.spend.sum.30d", known=known) == 4_000
        assert [event.value for event in explain(shop, ANN, "person.spend.sum.30d", until=at(11)).events] == [
            3_100,
            1_000,
        ]


def test_live_events_count_when_they_were_learnt(tmp_path: Path) -> None:
    raws = [one("Order Completed", 1, ANN, amount="10.00", live=True, refs={"order": "1"}), *order(2, ANN, "1.00")]
    with make(tmp_path / "ws", raws) as shop:
        assert read(shop, ANN, "person.spend.sum.30d", at(11)) == 100
        assert read(shop, ANN, "person.spend.sum.30d", at(11) + 1) == 1_100


def test_who_is_silent_for_400_days_begins_anew(tmp_path: Path) -> None:
    name, whole = "person.spend.sum.life", "person.spend.since_first.life"
    old = [event for who in (ANN, BEN) for event in order(-900, who, "9.00")]
    viewed = [one("Product Viewed", -day, ANN, roles={"item": "item::x"}) for day in (600, 300)]  # Ann looked around
    with make(tmp_path / "ws", [*life(), *old, *viewed]) as shop:
        told = as_of(shop, [ANN, BEN, CARL], [name, whole], until=at(11))
        assert told[name].to_list()[:2] == [4_900, 700]
        assert told[whole].to_list()[:2] == [911 * DAY_MS, 9 * DAY_MS]
        assert read(shop, BEN, name, at(500)) == 0
        assert explain(shop, BEN, name, until=at(11)).start_ms == at(2)


def test_erasure_leaves_nothing(tmp_path: Path) -> None:
    with make(tmp_path / "ws", life()) as shop:
        care.erase(shop, [BEN], reason="asked", send=True, who="t")
        assert read(shop, BEN, "person.orders.count.7d", at(3)) == 0
        assert read(shop, PHONE, "device.payment_failures.count.1d", at(11)) == 0
        assert BEN not in pl.concat(everyone(shop, "person", ["person.orders.count.7d"], until=at(11)))["party"]
        with pytest.raises(NotFound, match="erased"):
            explain(shop, BEN, "person.orders.count.7d", until=at(11))


def test_profiles_need_consent_and_risk_does_not(shop: Workspace) -> None:
    assert read(shop, CARL, "person.spend.sum.30d") is None
    assert read(shop, CARL, "person.orders.count.30d") is None
    assert read(shop, CARL, "person.orders.since_first.life") == 8 * DAY_MS
    with pytest.raises(Refused, match="does not allow"):
        explain(shop, CARL, "person.spend.sum.30d", until=at(11))
    with pytest.raises(Refused, match="not meant for profile"):
        as_of(shop, [ANN], ["person.orders.count.7d"], until=at(11), use="profile")
    rows = pl.concat(table(shop, "orders", ["purchase"], cut_off=at(11)))
    assert CARL not in rows["person"]
    assert CARL in pl.concat(table(shop, "orders", ["velocity"], cut_off=at(11)))["person"]


def test_why_a_value_is_what_it_is(shop: Workspace) -> None:
    why = explain(shop, ANN, "person.content_views.mean.30d", until=at(11), limit=1)
    assert (why.value, why.unit, why.start_ms, why.total) == (1.5, "s", at(-19), 2)
    assert [(one.kind, one.value, one.clock_ms) for one in why.events] == [("Content Viewed", 0.5, at(9.5))]
    assert shop.reader.find(why.events[0].id).seq == why.events[0].seq
    assert [(one.name, one.events, one.valued, one.total) for one in why.measures] == [("content_views", 2, 2, 3.0)]
    assert why.lineage == ("Content Viewed (2) → content_views → person.content_views.mean.30d",)
    top = explain(shop, ANN, "person.purchases.top_category.365d", until=at(11))
    assert (top.value, top.names, {one.code for one in top.events}) == ("茶", 1, {"茶"})
    ratio = explain(shop, BEN, "account.payment_failures.ratio_payment_tries.1d", until=at(10))
    assert [(one.role, one.events) for one in ratio.measures] == [("of", 2), ("over", 3)]
    assert [one.role for one in ratio.events] == ["over", "of", "of"]


@pytest.mark.parametrize(
    ("ref", "name", "error"),
    [(PHONE, "person.orders.count.30d", DataError), (ANN, "person.orders.cuont.30d", NotFound)],
)
def test_what_cannot_be_explained(shop: Workspace, ref: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        explain(shop, ref, name, until=at(11))


def test_a_table_sees_only_what_was_before(shop: Workspace) -> None:
    names = ["person.orders.count.365d", "device.payment_failures.count.1d", "person.product_views.count.7d"]
    found = pl.concat(table(shop, "payment_failures", names, cut_off=at(11)))
    assert found.columns == ["event", "seq", "kind", "clock_ms", "at_ms", "person", "device", *names]
    assert found["clock_ms"].to_list() == [at(9), at(9.2), at(10.1)]
    assert found[names[0]].to_list() == [1, 1, 1]
    assert found[names[1]].to_list() == [0, 0, 0]
    assert found["device"].to_list() == [PHONE, TABLET, PHONE]
    late = pl.concat(table(shop, "Payment Failed", names, cut_off=at(11), since=at(10)))
    assert late.equals(found[2:])
    orders = pl.concat(table(shop, "orders", names, cut_off=at(9)))
    for row in orders.iter_rows(named=True):
        if row["person"] != CARL:  # whose profile is not made
            assert row[names[0]] == read(shop, row["person"], names[0], row["clock_ms"])


def test_files_of_tables(shop: Workspace, tmp_path: Path) -> None:
    told: list[int] = []
    done = write(table(shop, "orders", ["velocity"], cut_off=at(11)), tmp_path / "t.parquet", progress=told.append)
    whole = pl.concat(table(shop, "orders", ["velocity"], cut_off=at(11)))
    assert pl.read_parquet(tmp_path / "t.parquet").equals(whole)
    assert (done.rows, done.columns, told[-1]) == (5, whole.width, 5)
    write(everyone(shop, "person", ["person.orders.count.30d"], until=at(11)), tmp_path / "p.csv")
    people = dict(pl.read_csv(tmp_path / "p.csv").iter_rows())
    assert people == {ANN: 2, ANN_APP: 1, BEN: 1, CARL: None}
    with pytest.raises(DataError, match="nothing to write"):
        write(table(shop, "orders", ["velocity"], cut_off=at(0)), tmp_path / "none.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv", "t.parquet"]


def test_all_of_a_type_now_and_a_month_before(shop: Workspace) -> None:
    found = distribution(shop, "person.spend.sum.30d", until=at(33))
    assert (found.parties, found.parties_before) == (3, 2)  # named within 30 days: not Ben any more; Carl not yet
    assert (found.mean, found.most, found.unknown) == (4_400 / 3, 3_000.0, 0.0)
    assert [(one.low, one.parties) for one in found.bins] == [(None, 2), (1_000.0, 1)]
    assert found.psi is not None
    tops = distribution(shop, "person.purchases.top_category.365d", until=at(11))
    assert {(one.text, one.parties) for one in tops.bins} == {("茶", 1), ("杯", 1)}
    with pytest.raises(DataError):
        distribution(shop, VIA, until=at(11))


def test_drift_by_hand() -> None:
    before = pl.Series([1.0] * 50 + [2.0] * 50)
    assert spread(before, before)[1] == pytest.approx(0.0)
    bins, psi = spread(pl.Series([1.0] * 25 + [2.0] * 75), before)
    assert psi == pytest.approx(0.25 * 0.6931471805599453 + 0.25 * 0.4054651081081644)
    assert [(one.share, one.before) for one in bins] == [(0.25, 0.5), (0.75, 0.5)]
    assert spread(before, pl.Series(dtype=pl.Float64))[1] is None
