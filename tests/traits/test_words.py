"""Traits say themselves in Chinese and English."""

from typing import Any

import pytest

from guanxi.traits.trait import check
from guanxi.traits.words import name_code, sentence, span

from .conftest import KNOWN, trait


@pytest.mark.parametrize(
    ("parts", "zh", "en"),
    [
        (
            {"party": "ip", "window": "10m"},
            "此IP近10分钟的下单次数",
            "this IP address: number of orders placed, last 10 minutes",
        ),
        (
            {"of": "spend", "aggregate": "max", "window": "90d"},
            "此人近90天的付款金额的最大值",
            "this person: largest amount of orders paid, last 90 whole days",
        ),
        (
            {"of": "spend", "aggregate": "versus", "window": "30d"},
            "此人本次付款金额与近30天平均值之比",
            "this person: amount of this one over the mean amount of orders paid, last 30 days",
        ),
        (
            {"aggregate": "distinct", "by": "role.card"},
            "此人近1天下单涉及的支付卡数",
            "this person: number of different payment cards among orders placed, last day",
        ),
        (
            {"of": "events", "aggregate": "distinct", "by": "role.device", "window": "life"},
            "此人至今关联的设备数",
            "this person: number of different devices seen with it, so far",
        ),
        (
            {"of": "invitations", "aggregate": "distinct"},
            "此人近1天接受邀请涉及的邀请人数",
            "this person: number of different inviters among invitations accepted, last day",
        ),
        (
            {"aggregate": "distinct", "by": "day", "window": "30d"},
            "此人近30天有下单的天数",
            "this person: number of days with orders placed, last 30 days",
        ),
        (
            {"of": "night_orders", "aggregate": "ratio", "over": "orders"},
            "此人近1天的夜间下单在下单中的占比",
            "this person: share of night orders among orders placed, last day",
        ),
        (
            {"aggregate": "ratio", "over": "night_orders"},
            "此人近1天的下单次数与夜间下单次数之比",
            "this person: number of orders placed per number of night orders, last day",
        ),
        (
            {"of": "refunds", "aggregate": "ratio", "over": "spend"},
            "此人近1天的退款金额与付款金额之比",
            "this person: amount of refunds per amount of orders paid, last day",
        ),
        (
            {"aggregate": "after", "after": "moves", "within": "30m"},
            "此人近1天改地址后30分钟内的下单次数",
            "this person: number of orders placed within 30 minutes after address changes, last day",
        ),
        (
            {"aggregate": "decayed", "half_life": "1h", "window": "life"},
            "此人下单次数的衰减累计（每小时减半）",
            "this person: number of orders placed, decayed by half every hour",
        ),
        (
            {"of": "spend", "aggregate": "decayed", "half_life": "10d", "window": "life"},
            "此人付款金额的衰减累计（每10天减半）",
            "this person: amount of orders paid, decayed by half every 10 days",
        ),
        (
            {"of": "events", "aggregate": "since_first", "window": "life"},
            "此人距首次出现的时间",
            "this person: time since the first appearance",
        ),
        (
            {"of": "spend", "aggregate": "last", "window": "life"},
            "此人最近一次付款的金额",
            "this person: amount of the latest of the orders paid",
        ),
        (
            {"aggregate": "streak", "window": "life"},
            "此人连续下单的天数",
            "this person: days in a row with orders placed",
        ),
        (
            {"aggregate": "gap_std"},
            "此人近1天的下单间隔的标准差",
            "this person: standard deviation of the time between orders placed, last day",
        ),
        (
            {"aggregate": "top", "by": "p.category", "rank": 2, "window": "life"},
            "此人至今下单第二多的品类",
            "this person: second most frequent category of orders placed, so far",
        ),
        (
            {"via": "ip"},
            "与此人共用IP的其他人近1天下单次数的均值",
            "mean over other people that shared an IP address with this person: number of orders placed, last day",
        ),
        (
            {"via": "household"},
            "与此人同家庭的其他人近1天下单次数的均值",
            "mean over other people that shared a household with this person: number of orders placed, last day",
        ),
    ],
)  # fmt: skip
def test_a_trait_says_itself(parts: dict[str, Any], zh: str, en: str) -> None:
    assert sentence(check(trait(**parts), KNOWN), KNOWN) == (zh, en)


def test_windows_and_codes_in_words() -> None:
    assert [span(window) for window in ("1h", "7d", "90d", "life", "")] == [
        ("近1小时", "1 hour"), ("近7天", "7 days"), ("近90天", "90 whole days"), ("", ""), ("", ""),
    ]  # fmt: skip
    assert name_code("role.actor") == ("账号", "account", "accounts")
    assert name_code("p.shoe_size") == ("shoe_size", "shoe size", "shoe size values")
