"""The list of people and the analyses over a workspace: the same numbers as the pure functions, as known then."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from guanxi.app import Workspace, analysis, people, seal_now
from guanxi.app.scope import Scope, scope
from guanxi.core import DataError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent
from guanxi.traits.metrics import rfm

DAY = 86_400_000
JAN = midnight_ms(date(2026, 1, 1))
WHEN = "custom:2026-01-01..2026-01-31"
ANN, ANN_APP, BEN, CARL, DORA = (
    "account:taobao:ann", "account:app:u1", "account:app:ben", "account:jd:carl", "account:app:dora",
)  # fmt: skip
PHONES = {ANN_APP: "13800000001", BEN: "13800000002"}
MASKED = "account:taobao~masked:t**1"


def tell(workspace: Workspace, *raws: RawEvent) -> None:
    intake, events = workspace.intake(), []
    for raw in raws:
        event = intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test")  # type: ignore[arg-type]
        assert isinstance(event, Event), event
        events.append(event)
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()


def one(kind: str, day: float, who: str, *, roles: dict[str, str] | None = None, **fields: object) -> RawEvent:
    at = JAN + int(day * DAY)
    return RawEvent(
        kind=kind, at=at, message_id=f"{kind}{at}{who}{fields}", roles={"actor": who, **(roles or {})}, historical=True,
        platform=who.split(":")[1].removesuffix("~masked"), **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def bought(day: float, who: str, order: str, yuan: str) -> RawEvent:
    phone = {"phone": f"phone::{PHONES[who]}"} if who in PHONES else {}
    return one("Order Completed", day, who, amount=yuan, refs={"order": order}, roles=phone)


def life() -> list[RawEvent]:
    item = {"item": "item:app:7"}
    views = [one("Product Viewed", 0.1 * n, who, roles=item) for n, who in enumerate((ANN, BEN, CARL, DORA, DORA, ANN))]
    return [
        one("Profile Updated", 0, ANN, properties={"name": "王小芳", "city": "苏州"}),
        *views,
        bought(1, ANN, "A1", "10.00"), bought(9, ANN_APP, "A2", "30.00"), bought(2, BEN, "B1", "500.00"),
        bought(3, BEN, "B2", "5.50"), bought(20, BEN, "B3", "1.00"), bought(5, CARL, "C1", "70.00"),
        bought(6, MASKED, "M1", "99.00"),
        one("Order Refunded", 4, BEN, amount="5.50", refs={"order": "B2"}),
        one("Party Resolved", 8, ANN, roles={"object": ANN_APP}, properties={"operation": "merge"}),
    ]  # fmt: skip


@pytest.fixture(scope="module", params=["hot", "sealed"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path_factory.mktemp("shop") / "ws")
    with made:
        tell(made, *life())
        if request.param == "sealed":
            seal_now(made, hot=True)
        yield made


@pytest.fixture
def asked(shop: Workspace) -> Scope:
    return scope(shop, t=WHEN)


def test_everybody_once_with_what_they_bought(shop: Workspace, asked: Scope) -> None:
    found = people.people(shop, asked)
    rows = [(row.ref, row.orders, row.amount, row.platforms, row.recency_days) for row in found.rows]
    assert rows == [
        (BEN, 3, 50_650, ("app",), 10), (CARL, 1, 7_000, ("jd",), 25), (ANN_APP, 2, 4_000, ("app", "taobao"), 21),
        (DORA, 0, 0, ("app",), None),
    ]  # fmt: skip
    assert (found.total, found.states) == (4, {"single": 3, "merged": 1, "masked": 1})
    ann = found.rows[2]
    assert (ann.name, ann.city, ann.first_seen_ms) == ("王*芳", "苏州", JAN)
    assert found.rows[3].segment == ""


@pytest.mark.parametrize(
    ("given", "refs"),
    [
        pytest.param({"segment": "buyers"}, [BEN, CARL, ANN_APP], id="buyers"),
        pytest.param({"segment": "no_order"}, [DORA], id="no-order"),
        pytest.param({"sort": "orders", "segment": "buyers"}, [CARL, ANN_APP, BEN], id="upwards"),
        pytest.param({"sort": "-recency"}, [BEN, ANN_APP, CARL, DORA], id="nobody-without-an-order-first"),
        pytest.param({"sort": "ref"}, [BEN, DORA, ANN_APP, CARL], id="by-id"),
        pytest.param({"sort": "ref", "page": 2, "size": 3}, [CARL], id="second-page"),
        pytest.param({"page": 9}, [], id="past-the-end"),
        pytest.param({"r": 5, "f": 4}, [], id="empty-cell"),
        pytest.param({"r": 4, "f": 4}, [BEN], id="cell"),
        pytest.param({"q": "account:taobao:a"}, [ANN_APP], id="another-id-of-the-person"),
        pytest.param({"q": "be"}, [BEN], id="beginning-of-the-key"),
        pytest.param({"q": "C1"}, [CARL], id="order-number"),
        pytest.param({"q": "%"}, [], id="no-pattern"),
    ],
)
def test_a_page(shop: Workspace, asked: Scope, given: dict[str, object], refs: list[str]) -> None:
    found = people.people(shop, asked, **given)  # type: ignore[arg-type]
    assert [row.ref for row in found.rows] == refs


def test_pages_make_the_whole_list_and_segments_share_it_out(shop: Workspace, asked: Scope) -> None:
    whole = [row.ref for row in people.people(shop, asked).rows]
    assert [row.ref for page in (1, 2, 3, 4) for row in people.people(shop, asked, page=page, size=1).rows] == whole
    table = analysis.rfm(shop, asked)
    counts = {one.id: people.people(shop, asked, segment=one.id).total for one in table.segments}
    assert counts == {one.id: one.people for one in table.segments}
    assert sum(counts.values()) == table.buyers == 3


def test_only_some_platforms(shop: Workspace) -> None:
    found = people.people(shop, scope(shop, t=WHEN, pf="taobao"))
    assert [(row.ref, row.orders, row.amount) for row in found.rows] == [(ANN_APP, 1, 1_000)]


def test_a_phone_is_found_by_its_whole_value_alone(shop: Workspace, asked: Scope) -> None:
    assert people.holders(shop, asked, "phone", " 13800000001") == {ANN_APP}
    assert people.holders(shop, asked, "phone", "1380000000") == frozenset()
    found = people.people(shop, asked, found=people.holders(shop, asked, "phone", "13800000002"))
    assert [row.ref for row in found.rows] == [BEN]
    with pytest.raises(DataError, match="Use one of phone"):
        people.holders(shop, asked, "name", "王小芳")


def test_events_that_nobody_defined_are_searched_too(tmp_path: Path) -> None:
    workspace, _ = Workspace.create(tmp_path / "shop")
    with workspace:
        phone = {"phone": f"phone::{PHONES[BEN]}"}
        tell(workspace, bought(1, CARL, "C1", "1.00"), one("Sofa Sat On", 2, BEN, roles=phone))
        asked = scope(workspace, t=WHEN)
        assert people.holders(workspace, asked, "phone", PHONES[BEN]) == {BEN}
        assert people.holders(workspace, asked, "phone", "13800000009") == frozenset()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"segment": "vip"}, "segment"), ({"sort": "height"}, "sort"), ({"page": 0}, "size"), ({"size": 1001}, "size")],
)
def test_a_list_that_cannot_be(shop: Workspace, asked: Scope, given: dict[str, object], field: str) -> None:
    with pytest.raises(DataError) as told:
        people.people(shop, asked, **given)  # type: ignore[arg-type]
    assert told.value.field == field


@pytest.mark.parametrize("variant", ["quantile", "rule"])
def test_rfm_of_the_workspace_is_that_of_the_function(shop: Workspace, asked: Scope, variant) -> None:
    orders = [(ANN_APP, 1, 1000), (ANN_APP, 9, 3000), (BEN, 2, 50_000), (BEN, 3, 550), (BEN, 20, 100), (CARL, 5, 7000)]
    frame = pl.DataFrame(
        [(who, JAN + day * DAY, amount) for who, day, amount in orders],
        schema={"person": pl.String, "at_ms": pl.Int64, "amount": pl.Int64}, orient="row",
    )  # fmt: skip
    by_hand = rfm(frame, midnight_ms(date(2026, 2, 1)), variant=variant)
    told = analysis.scored(shop, asked, variant=variant)
    assert told.select(by_hand.frame.columns).rows() == by_hand.frame.rows()
    table = analysis.rfm(shop, asked, variant=variant)
    assert (table.cuts_recency, table.cuts_frequency, table.cuts_monetary) == (
        by_hand.cuts.recency_days, by_hand.cuts.orders, by_hand.cuts.amount,
    )  # fmt: skip


def test_a_merge_is_known_from_its_event_on(shop: Workspace) -> None:
    before = scope(shop, t=WHEN, asof=str(JAN + 7 * DAY))
    found = people.people(shop, before)
    assert {row.ref for row in found.rows} == {ANN, BEN, CARL, DORA}
    assert found.states["merged"] == 0
    after = people.people(shop, scope(shop, t=WHEN))  # the kept rows of the later picture are not spoilt
    assert {row.ref for row in after.rows} == {ANN_APP, BEN, CARL, DORA}


def test_what_comes_later_is_added(tmp_path: Path) -> None:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        assert people.people(made, scope(made, t=WHEN)).total == 0
        tell(made, *life())
        assert people.people(made, scope(made, t=WHEN)).total == 4
        tell(
            made,
            bought(3, "account:jd:eve", "E1", "3.00"),
            one("Product Viewed", 0.01, DORA, roles={"item": "item:app:7"}),
        )
        found = people.people(made, scope(made, t=WHEN), sort="ref")
        assert {row.ref: row.first_seen_ms for row in found.rows}[DORA] == JAN + int(0.01 * DAY)
        assert found.total == 5


def test_every_analysis_by_hand(shop: Workspace, asked: Scope) -> None:
    table = analysis.funnel(shop, asked, steps=("Product Viewed", "order_completed"), within="3d")
    assert [step.people for step in table.groups[0][1]] == [4, 2]
    kept = analysis.retention(shop, asked, period="week")
    assert [(row.people, row.kept) for row in kept.rows] == [
        (2, (2, 1, 0, 1, None)), (1, (1, 0, 0, None, None)), (0, (0, 0, None, None, None)),
        (0, (0, None, None, None, None)), (0, (None,) * 5),
    ]  # fmt: skip
    value = analysis.ltv(shop, asked, period="month")
    assert value.overall == ((61_650 - 550) / 3,)
    again = analysis.repeat(shop, asked, days=(5, 10))
    assert (again.buyers, again.again, again.gaps) == (3, 2, 3)
    assert [point.share for point in again.points] == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    spread = analysis.distribution(shop, asked)
    assert [(one.low, one.people) for one in spread.bins] == [(1, 1), (2, 1), (3, 1)]
    assert analysis.distribution(shop, asked, unit="money").mean == (50_650 + 7_000 + 4_000) / 3
    gaps = analysis.interval(shop, asked)
    assert (gaps.pairs, gaps.median_days) == (3, 8.0)
    series = analysis.trend(shop, asked, by="platform").series
    assert {key: sum(point.value or 0 for point in points) for key, points in series} == {
        "app": 4,
        "jd": 1,
        "taobao": 1,
    }
    ways = analysis.paths(shop, asked, start="Product Viewed", depth=2)
    assert ways.sessions == 6
    assert {link.target for link in ways.links} == {"end"}


@pytest.mark.parametrize("text", ["", "7", "d", "7w", "-1d", "7 d x"])
def test_a_limit_that_is_none(text: str) -> None:
    with pytest.raises(DataError, match="such as 30m or 7d"):
        analysis.duration_ms(text)
