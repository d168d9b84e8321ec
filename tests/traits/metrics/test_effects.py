"""What changes are worth, and which come first: planted cases worked by hand."""

import pytest

from guanxi.app.cockpit import cockpit
from guanxi.app.evidence import evidence
from guanxi.app.metrics import read_series
from guanxi.app.scope import scope
from guanxi.core import DataError
from guanxi.traits.metrics import RULE_ZH, MetricChange, Reading, effect, metrics, rank, unusual

from .conftest import Shop, at


def pair(now: float | None, then: float | None, spend: float | None = None) -> tuple[Reading, Reading]:
    return Reading(value=now, n=1, denominator=spend), Reading(value=then, n=1)


#: 100 visitors of whom 10 buy for 50 each become 200 of whom 10 buy for 60 each.
PART = {
    "gmv_paid": pair(600, 500), "orders_paid": pair(12, 10), "buyers": pair(10, 10), "basket_value": pair(60, 50),
    "visitors": pair(200, 100), "conversion": pair(0.05, 0.1), "refund_rate": pair(0.2, 0.1),
    "gmv_created": pair(900, 1000), "orders_created": pair(15, 20), "new_buyers": pair(4, 1),
    "roi": pair(2, 1.5, spend=300), "unread": pair(9, 1),
}  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "worth"),
    [
        ("gmv_paid", 100), ("orders_paid", 2 * 50), ("buyers", 0), ("basket_value", 10 * 10),
        ("visitors", 100 * 0.1 * 50), ("conversion", -0.05 * 200 * 50), ("refund_rate", -0.1 * 600),
        ("gmv_created", -100 * 500 / 1000), ("orders_created", -5 * 500 / 20), ("new_buyers", 3 * 50),
        ("roi", 0.5 * 300), ("unread", None),
    ],
)  # fmt: skip
def test_a_change_is_carried_to_money(metric: str, worth: float | None) -> None:
    found = effect(metric, PART)
    assert found == (None if worth is None else pytest.approx(worth))


def test_a_factor_that_was_nothing_is_taken_as_it_is_now_and_one_that_cannot_be_said_carries_nothing() -> None:
    opened = {"gmv_paid": pair(900, 0), "orders_paid": pair(3, 0), "visitors": pair(5, 0), "conversion": pair(0, None)}
    assert effect("orders_paid", opened) == pytest.approx(900)
    assert effect("visitors", opened) is None
    assert effect("conversion", opened) is None  # there was none to compare with


def test_a_change_is_measured_by_what_is_usual() -> None:
    assert unusual(30, 10, [10, 20, 30, 20, 10, 30], "ratio") == pytest.approx(20 / 8.944, rel=1e-3)
    assert unusual(14, 10, [16, 16, 16], "count") == 1  # a count of 16 varies by 4 though these did not
    assert unusual(0.5, 0.1, [0.2, 0.2, 0.2], "share") is None
    assert unusual(3, 1, [1, None, 2], "count") is None


def row(metric: str, part: str, effect: float | None = None, unusual: float | None = None) -> MetricChange:
    known = metrics()[metric]
    return MetricChange(
        metric=metric, zh=known.zh, en=known.en, unit=known.unit, better=known.better, dimension="platform", part=part,
        part_zh=part, current=1.0, compared=1.0, change=0.0, of_total=None, stale=False, effect=effect, unusual=unusual,
    )  # fmt: skip


def order(found: list[MetricChange]) -> list[tuple[str, str]]:
    return [(one.metric, one.part) for one in rank(found)]


def test_money_leads_metrics_mix_and_a_platform_says_the_same_purchases_once() -> None:
    found = [row("refund_rate", part, -1.0 - at) for at, part in enumerate("abcde")]
    found += [row("gmv_paid", part, size) for part, size in (("a", 500.0), ("b", -900.0), ("c", 300.0))]
    found += [row("orders_paid", part, size) for part, size in (("a", 600.0), ("b", -800.0), ("c", 290.0))]
    assert order(found) == [
        ("gmv_paid", "b"), ("gmv_paid", "a"), ("orders_paid", "c"), ("refund_rate", "e"), ("refund_rate", "d"),
    ]  # fmt: skip


def test_what_is_no_money_follows_only_when_it_is_unusual() -> None:
    found = [row("unread", "a", unusual=1.9), row("unread", "b", unusual=-2.5), row("unread", "c", unusual=8.0)]
    assert order([*found, row("gmv_paid", "a", 1.0)]) == [("gmv_paid", "a"), ("unread", "c"), ("unread", "b")]
    many = [row(metric, part, 100.0) for part in "abcdef" for metric in ("gmv_paid", "orders_paid", "buyers",
            "visitors", "conversion", "new_buyers")]  # fmt: skip
    ranked = rank([*many, found[2]])
    assert len(ranked) == 8
    assert ranked[-1].metric == "unread"
    parts = [one.part for one in ranked]
    assert max(parts.count(part) for part in parts) <= 3


def test_a_part_fills_at_most_three_rows() -> None:
    found = [row(metric, "a", 100.0) for metric in ("gmv_paid", "visitors", "conversion", "basket_value", "new_buyers")]
    assert len(rank(found)) == 3


def tell_two_weeks(shop: Shop) -> None:
    """Orders of old customers on two platforms in two weeks: jd falls from 40 yuan to 10, app rises from 20 to 25."""
    shop.tell(
        *(("Order Completed", "09-01 09:00", {"who": who, "order": f"o{who}", "amount": 1, "platform": "store"})
          for who in ("j0", "j1", "j2", "j3", "a")),
        *(("Order Completed", f"10-{27 + day} 09:00", {"who": f"j{day}", "order": f"j{day}", "amount": 1000,
           "platform": "jd"}) for day in range(4)),
        ("Order Completed", "10-28 10:00", {"who": "a", "order": "a1", "amount": 2000}),
        ("Order Completed", "11-04 10:00", {"who": "a", "order": "a2", "amount": 2500}),
        ("Order Completed", "11-05 10:00", {"who": "j0", "order": "j9", "amount": 1000, "platform": "jd"}),
    )  # fmt: skip


def test_the_cockpit_ranks_by_money_and_the_evidence_is_of_that_platform(shop: Shop) -> None:
    tell_two_weeks(shop)
    asked = scope(shop.workspace, t="custom:2025-11-03..2025-11-09")
    found = cockpit(shop.workspace, asked).changes
    assert [(one.metric, one.part, one.effect) for one in found][:3] == [
        ("gmv_paid", "jd", -3000), ("gmv_paid", "app", 500), ("basket_value", "app", 500),
    ]  # fmt: skip
    told = evidence(shop.workspace, asked, "change:gmv_paid:jd", sees_people=True)
    assert told.current is not None
    assert told.compared is not None
    assert (told.current.value, told.compared.value, told.rows) == (1000, 4000, 1)
    assert told.zh == "支付GMV · 京东"
    assert told.method_zh.endswith(RULE_ZH)
    assert "--pf jd" in told.command
    with pytest.raises(DataError):
        evidence(shop.workspace, asked, "change:gmv_paid:nowhere", sees_people=True)


def test_a_running_day_without_a_row_is_not_drawn_as_nothing(shop: Shop) -> None:
    tell_two_weeks(shop)
    at_noon = scope(shop.workspace, t="custom:2025-11-03..2025-11-09", asof="2025-11-06T12:00:00+08:00")
    (now, *_) = read_series(shop.workspace, at_noon, "gmv_paid", by="platform")
    assert [(point.value, point.partial) for point in now.points] == [
        (0, False), (2500, False), (1000, False), (None, True),
    ]  # fmt: skip
    today = scope(shop.workspace, t="today", asof="2025-11-05T12:30:00+08:00")
    lines = {one.key: one.points for one in read_series(shop.workspace, today, "gmv_paid", by="platform")}
    for key in ("", "jd"):
        assert [point.value for point in lines[key]][9:] == [0, 1000, None, None]
    assert lines[""][10].start_ms == at("11-05 10:00")
