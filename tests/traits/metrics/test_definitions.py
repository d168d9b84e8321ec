"""Every definition on a shop small enough to be worked by hand, hot and sealed alike."""

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.app import queries
from guanxi.app.cockpit import cockpit, platform_freshness
from guanxi.app.evidence import evidence
from guanxi.app.metrics import measure, read_metric, read_parts, read_series, readings
from guanxi.app.scope import scope
from guanxi.core import DataError, NotFound, SettingError, Window
from guanxi.engines.lake import aggregate, freshness
from guanxi.events import event_id
from guanxi.traits.metrics import metric_query, metrics, read_metrics

from .conftest import Shop, at

NOVEMBER = "custom:2025-11-03..2025-11-09"


def value(shop: Shop, name: str, **asked: str) -> float | None:
    given_ = {"t": NOVEMBER} | asked
    return read_metric(shop.workspace, scope(shop.workspace, **given_), name).current.value


def values(shop: Shop, names: Iterable[str]) -> dict[str, float | None]:
    asked = scope(shop.workspace, t=NOVEMBER)
    rows = [metrics()[name] for name in names]
    table = measure(shop.workspace, asked, rows)
    return {row.name: readings(table, row, asked)[0].value for row in rows}


def orders(shop: Shop) -> None:
    """Four buyers over three weeks: a and b before the window, a twice in it, c new, d on another platform."""
    shop.tell(
        ("Order Completed", "10-20 09:00", {"who": "a", "order": "1", "amount": 1000}),
        ("Order Completed", "10-28 09:00", {"who": "b", "order": "2", "amount": 500}),
        ("Order Completed", "11-03 00:00", {"who": "a", "order": "3", "amount": 2000}),
        ("Order Completed", "11-05 10:00", {"who": "a", "order": "4", "amount": 3000}),
        ("Order Completed", "11-06 10:00", {"who": "c", "order": "5", "amount": 700}),
        ("Order Completed", "11-09 23:59", {"who": "d", "order": "5", "amount": 300, "platform": "jd"}),
        ("Order Completed", "11-10 00:00", {"who": "d", "order": "6", "amount": 9000, "platform": "jd"}),
        ("Order Created", "11-04 10:00", {"who": "c", "order": "5", "amount": 800}),
        ("Order Created", "11-04 11:00", {"who": "e", "order": "7", "amount": 50}),
        ("Order Refunded", "11-06 12:00", {"who": "a", "order": "1", "amount": 400}),
        ("Order Refunded", "11-12 12:00", {"who": "a", "order": "3", "amount": 2000}),
    )  # fmt: skip


EXPECTED = {
    "gmv_paid": 6000, "gmv_created": 850, "gmv_net": 5600, "orders_paid": 4, "orders_created": 2, "buyers": 3,
    "new_buyers": 2, "old_buyers": 1, "basket_value": 2000, "order_value": 1500, "repeat_rate": 1 / 3,
    "refund_amount": 400, "refunds": 1, "refund_rate": 400 / 6000,
}  # fmt: skip


@pytest.mark.parametrize("sealed", [False, True], ids=["hot", "sealed"])
def test_orders_by_hand(shop: Shop, sealed: bool) -> None:
    orders(shop)
    if sealed:
        shop.seal()
    assert values(shop, EXPECTED) == pytest.approx(EXPECTED)
    # a: again on the 5th, c and d: d again on the 10th, c not: two of three.
    assert value(shop, "repeat_30d") == pytest.approx(2 / 3)
    assert value(shop, "gmv_paid", pf="jd") == 300
    found = read_metric(shop.workspace, scope(shop.workspace, t=NOVEMBER), "gmv_paid")
    assert (found.compared.value, found.change) == (500, 11.0)  # the week of b's order
    net = value(shop, "gmv_net", t="custom:2025-11-12..2025-11-12")
    assert net == -2000  # a refund counts on its own day


def test_an_order_told_twice_is_one_and_a_superseded_one_is_gone(shop: Shop) -> None:
    first = event_id("once")
    shop.tell(
        ("Order Completed", "11-05 10:00", {"who": "a", "order": "1", "amount": 100, "id": first}),
        ("Order Completed", "11-05 10:01", {"who": "a", "order": "1", "amount": 100}),
        ("Order Completed", "11-05 10:02", {"who": "a", "order": "1", "amount": 999, "platform": "jd"}),
    )
    known = shop.workspace.reader.sizes()["last_seq"]
    assert (value(shop, "orders_paid"), value(shop, "gmv_paid")) == (2, 1099)
    shop.tell(
        ("Order Completed", "11-05 10:00", {"who": "a", "order": "1", "amount": 80, "refs": {"supersedes": first}})
    )
    assert value(shop, "gmv_paid") == 80 + 999  # the correction is the first that stands
    past = aggregate(
        shop.workspace.reader, metric_query([metrics()["gmv_paid"]], [Window(0, 2**50)]).sql,
        kinds=["Order Completed"], known=known,
    )  # fmt: skip
    assert past.filter(past["fact"] == "orders")["v0"].to_list() == [1099]


def test_the_past_is_read_as_it_was_known(shop: Shop) -> None:
    shop.tell(("Order Completed", "11-03 10:00", {"who": "a", "order": "1", "amount": 100}))
    shop.tell(  # learnt on the 8th, happened on the 3rd
        ("Order Completed", "11-03 11:00", {"who": "b", "order": "2", "amount": 50, "received_ms": at("11-08 09:00")})
    )
    day = "custom:2025-11-03..2025-11-03"
    assert value(shop, "gmv_paid", t=day) == 150
    assert value(shop, "gmv_paid", t=day, asof="2025-11-05T00:00:00+08:00") == 100
    assert value(shop, "gmv_paid", t=day, asof="2025-11-01T00:00:00+08:00") is None  # nothing was known yet
    assert value(shop, "gmv_paid", t="today", asof="2025-11-03T09:30:00+08:00") is None
    assert value(shop, "gmv_paid", t="today", asof="2025-11-03T11:30:00+08:00") == 100


def test_people_are_counted_after_identities_are_joined(shop: Shop) -> None:
    shop.tell(
        ("Order Completed", "11-01 10:00", {"who": "a", "order": "1", "amount": 100}),
        ("Order Completed", "11-05 10:00", {"who": "b", "order": "2", "amount": 50}),
        ("Order Completed", "11-05 11:00", {"order": "3", "amount": 70, "roles": {"actor": "account:app~masked:张**"}}),
        ("Order Completed", "11-05 12:00", {"order": "4", "amount": 30}),
    )  # fmt: skip
    assert list(values(shop, ("buyers", "new_buyers", "old_buyers")).values()) == [1, 1, 0]
    same = {"roles": {"actor": "account:app:a", "object": "account:app:b"}, "properties": {"operation": "merge"}}
    shop.tell(("Party Resolved", "11-20 10:00", same))
    assert list(values(shop, ("buyers", "new_buyers", "old_buyers")).values()) == [1, 0, 1]
    assert value(shop, "basket_value") == 50  # orders that name nobody are left out of it
    asked = scope(shop.workspace, t=NOVEMBER)
    behind = evidence(shop.workspace, asked, "metric:old_buyers", sees_people=True)
    assert behind.person_refs == ("account:app:a",)
    assert queries.query(shop.workspace, behind.sql)[1][0][0] == 1


def test_two_currencies_are_never_added(shop: Shop) -> None:
    shop.tell(
        ("Order Completed", "11-05 10:00", {"who": "a", "order": "1", "amount": 100, "currency": "USD"}),
        ("Order Completed", "11-05 11:00", {"who": "b", "order": "2", "amount": 70, "currency": "USD"}),
        ("Order Completed", "11-05 12:00", {"who": "c", "order": "3", "amount": 900}),
    )
    assert (value(shop, "gmv_paid"), value(shop, "gmv_paid", currency="CNY")) == (170, 900)
    assert value(shop, "orders_paid") == 3
    with pytest.raises(DataError, match="currency"):
        value(shop, "gmv_paid", currency="X'")
    found = read_metric(shop.workspace, scope(shop.workspace, t=NOVEMBER, currency="EUR"), "gmv_paid")
    assert found.current.value is None
    assert "EUR" in found.current.missing


def test_lines_visits_messages_coupons_ads_and_talks_by_hand(shop: Shop) -> None:
    shop.tell(
        ("Order Completed", "11-05 10:00", {"who": "a", "order": "1", "amount": 1000}),
        ("Order Line Recorded", "11-04 10:00", {"order": "1", "amount": 600, "roles": {"item": "item:app:x"},
                                                "properties": {"quantity": 3, "category": "tea"}}),
        ("Order Line Recorded", "11-05 10:00", {"order": "1", "amount": 400, "roles": {"item": "item:app:y"},
                                                "properties": {"quantity": 1, "category": "cups"}}),
        ("Order Line Recorded", "11-05 10:00", {"order": "unpaid", "amount": 90, "roles": {"item": "item:app:x"},
                                                "properties": {"quantity": 9}}),
        ("Session Started", "11-05 09:00", {"who": "a"}), ("Session Started", "11-06 09:00", {"who": "a"}),
        ("Product Viewed", "11-05 09:00", {"who": "b", "roles": {"item": "item:app:x"}}),
        ("Product Added", "11-05 09:00", {"who": "b", "roles": {"item": "item:app:x"}}),
        ("Product Added", "11-05 09:00", {"who": "z", "roles": {"item": "item:app:x"}}),
        ("Payment Completed", "11-05 09:00", {"amount": 1}), ("Payment Failed", "11-05 09:00", {"amount": 1}),
        ("Message Delivered", "11-05 09:00", {"who": "a", "refs": {"message": "m1"}}),
        ("Message Delivered", "11-05 09:00", {"who": "b", "refs": {"message": "m2"}}),
        ("Message Failed", "11-05 09:00", {"who": "c", "refs": {"message": "m3"}}),
        ("Message Opened", "11-05 09:10", {"who": "a", "refs": {"message": "m1"}}),
        ("Message Opened", "11-05 09:20", {"who": "a", "refs": {"message": "m1"}}),
        ("Message Unsubscribed", "11-05 09:30", {"who": "b"}),
        ("Coupon Issued", "11-05 09:30", {"who": "b"}),
        ("Coupon Issued", "11-05 09:30", {"roles": {"coupon": "coupon::c"}}),
        ("Coupon Claimed", "11-05 09:30", {"who": "c"}), ("Coupon Redeemed", "11-05 09:40", {"who": "c", "amount": 5}),
        ("Ad Spend Recorded", "11-05 00:00", {"amount": 1000, "properties": {
            "impressions": 200, "clicks": 10, "conversions": 4, "revenue": 1570}}),
        ("Ad Spend Recorded", "11-05 00:00", {"amount": 500}),
        ("Conversation Started", "11-05 09:00", {"who": "a", "refs": {"conversation": "t1"}}),
        ("Service Message Sent", "11-05 09:01", {"refs": {"conversation": "t1"},
                                                 "properties": {"role": "agent", "automated": True}}),
        ("Service Message Sent", "11-06 09:01", {"who": "b", "refs": {"conversation": "t2"},
                                                 "properties": {"role": "client"}}),
        ("Service Message Sent", "11-06 09:05", {"refs": {"conversation": "t2"}, "properties": {"role": "agent"}}),
        ("Content Viewed", "11-05 09:00", {"who": "a", "roles": {"content": "content:app:n"}}),
        ("Content Liked", "11-05 09:00", {"who": "a", "roles": {"content": "content:app:n"}}),
        ("Live Room Entered", "11-05 09:00", {"who": "a", "roles": {"room": "room:app:r"}}),
        ("Live Room Entered", "11-05 19:00", {"who": "a", "roles": {"room": "room:app:r"}}),
    )  # fmt: skip
    expected = {
        "line_amount": 1000, "pieces": 4, "piece_price": 250, "pieces_per_order": 4, "visitors": 2, "sessions": 2,
        "views": 1, "cart_adds": 2, "cart_rate": 0.5, "conversion": 0.5, "payment_success": 0.5, "delivery_rate": 2 / 3,
        "messages_delivered": 2, "open_rate": 0.5, "unsubscribe_rate": 0.5, "coupons_given": 2, "coupons_redeemed": 1,
        "redemption_rate": 0.5, "ad_spend": 1500, "ad_click_rate": 0.05, "cost_per_conversion": 250, "roi": 1.57,
        "conversations": 2, "unread": 1, "content_views": 1, "engagement_rate": 1.0, "live_entries": 2,
        "live_viewers": 1,
    }  # fmt: skip
    assert values(shop, expected) == pytest.approx(expected)
    asked = scope(shop.workspace, t=NOVEMBER)
    assert {one.part: one.current for one in read_parts(shop.workspace, asked, "pieces", "category")} == {
        "tea": 3,
        "cups": 1,
    }


def test_an_order_metric_is_not_split_by_what_only_lines_know(shop: Shop) -> None:
    with pytest.raises(DataError) as caught:
        read_parts(shop.workspace, scope(shop.workspace), "gmv_paid", "category")
    assert caught.value.mend == "Use one of platform, shop, channel, city"
    with pytest.raises(NotFound, match="gmv_payd"):
        value(shop, "gmv_payd")


def test_what_is_not_known_is_said_not_shown_as_zero(shop: Shop) -> None:
    shop.tell(("Order Created", "11-05 10:00", {"who": "a", "order": "1", "amount": 100}))
    found = read_metric(shop.workspace, scope(shop.workspace, t=NOVEMBER), "gmv_paid").current
    assert (found.value, found.missing) == (None, "还没有订单付清 · no Order Completed yet")
    shop.tell(("Order Completed", "11-01 10:00", {"order": "1", "amount": 100}))
    assert value(shop, "gmv_paid") == 0  # now it is known that nothing was paid in the window
    assert value(shop, "refund_rate") is None
    nobody = read_metric(shop.workspace, scope(shop.workspace, t="custom:2025-11-01..2025-11-01"), "buyers").current
    assert (nobody.value, nobody.missing) == (None, "来源没有写明是谁 · the rows name nobody")


def test_the_cockpit_says_how_fresh_where_it_changed_and_what_waits(shop: Shop) -> None:
    orders(shop)
    asked = scope(shop.workspace, t=NOVEMBER, asof="2025-11-11T00:00:00+08:00")
    found = cockpit(shop.workspace, asked)
    assert [card.metric for card in found.cards][:3] == ["gmv_paid", "orders_paid", "buyers"]
    assert found.cards[0].current.value == 6000
    fresh = {one.platform: one for one in found.freshness}
    assert (fresh["jd"].state, fresh["app"].state, fresh["jd"].events) == ("fresh", "stopped", 2)
    assert found.newest_at_ms == at("11-10 00:00")
    parts = {(one.metric, one.part): one for one in found.changes}
    assert parts["gmv_paid", "jd"].change is None  # nothing to compare with
    assert parts["gmv_paid", "app"].stale
    total = sum(one.of_total for (name, _), one in parts.items() if name == "gmv_paid" and one.of_total is not None)
    assert total == pytest.approx(1)
    assert [point.value for point in found.trend[0].points][-1] == 300
    assert {one.key for one in found.multiples} >= {"jd"}
    empty = scope(shop.workspace, t="today", asof="2025-01-01T00:00:00+08:00")
    assert cockpit(shop.workspace, empty).cards[0].current.missing


def test_freshness_counted_on_equals_freshness_counted_anew(shop: Shop) -> None:
    orders(shop)
    assert {one.platform: one.events for one in freshness(shop.workspace.reader)} == {"app": 9, "jd": 2}
    half = freshness(shop.workspace.reader, known=4)
    shop.tell(("Page Viewed", "11-15 10:00", {"who": "a", "platform": "jd"}))
    grown = freshness(shop.workspace.reader)
    shop.seal()
    assert freshness(shop.workspace.reader) == grown
    assert freshness(shop.workspace.reader, known=4) == half
    shop.tell(("Page Viewed", "11-16 10:00", {"who": "a", "platform": "app"}))
    newest = {one.platform: one.newest_at_ms for one in platform_freshness(shop.workspace, scope(shop.workspace))}
    assert newest == {"app": at("11-16 10:00"), "jd": at("11-15 10:00")}


ADDITIVE = [metric.name for metric in metrics().values() if metric.additive and "platform" in metric.dimensions]


@pytest.mark.slow
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(4, 9), name=st.sampled_from(["gmv_paid", "gmv_net", "orders_paid", "new_buyers"]))
def test_parts_and_stretches_of_time_add_up(shop: Shop, cut: int, name: str) -> None:
    if not shop.workspace.reader.sizes()["last_seq"]:
        orders(shop)
    whole = value(shop, name)
    asked = scope(shop.workspace, t=NOVEMBER)
    assert sum(one.current or 0 for one in read_parts(shop.workspace, asked, name, "platform")) == whole
    first, last = (f"custom:2025-11-{a:02}..2025-11-{b:02}" for a, b in ((3, cut - 1), (cut, 9)))
    assert (value(shop, name, t=first) or 0) + (value(shop, name, t=last) or 0) == whole
    lines = read_series(shop.workspace, asked, name, by="platform", bucket="day")
    assert sum(point.value or 0 for point in lines[0].points) == whole


def test_a_row_that_is_no_metric_is_refused() -> None:
    row = """
[x]
zh = "x"
en = "x"
unit = "{}"
better = "higher"
of = [{{ fact = "{}", value = "1" }}]
definition_zh = "x"
definition_en = "x"
"""
    for unit, fact in (("count", "ordres"), ("share", "orders"), ("euros", "orders")):
        with pytest.raises(SettingError) as caught:
            read_metrics(row.format(unit, fact), "rows.toml")
        assert "'x'" in caught.value.what
    assert len(ADDITIVE) > 15
