"""Shipped limits, and limits in words."""

from pathlib import Path
from typing import get_args

import pytest

from guanxi.core import DataError
from guanxi.decisions import Limit, cap_words, guards, limit_words, read_limit_rows, shipped_limits, shipped_rows
from guanxi.decisions.policy import Purpose

HEAD = '[x]\nzh = "甲"\nen = "X"\nunit = "contacts"\ncap = 1\n'


def test_the_shipped_limits_are_those_that_operations_expects() -> None:
    found = shipped_limits()
    assert {name: (one.per, one.window, one.unit, one.cap) for name, one in found.items()} == {
        "contacts_week": (("person",), "7d", "contacts", 2),
        "contacts_day": (("person",), "day", "contacts", 1),
        "sms_month": (("person",), "month", "contacts", 4),
        "quiet_hours": ((), "", "contacts", 0),
        "coupons_person": (("person",), "30d", "coupons", 3),
        "coupon_money_person": (("person",), "month", "fen", 5_000),
        "coupon_budget": ((), "month", "fen", 5_000_000),
        "policy_budget": (("policy",), "day", "fen", 500_000),
        "policy_people": (("policy",), "day", "people", 5_000),
        "compensation_person": (("person",), "90d", "fen", 10_000),
    }
    assert found["quiet_hours"].hours == (22 * 60, 8 * 60)
    for row in shipped_rows().values():
        assert row.why_zh
        assert row.why_en
        assert all(one not in row.why_zh for one in "!！")


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("contacts_week", "每人 · 7 天内 · 用途：营销触达", "a person · in 7 days · purposes: marketing"),
        ("quiet_hours", "22:00 至次日 08:00 · 用途：营销触达", "22:00 to 08:00 · purposes: marketing"),
        (
            "sms_month",
            "每人 · 每月 · 渠道：短信 · 用途：营销触达",
            "a person · each month · channels: SMS · purposes: marketing",
        ),
        (
            "coupon_budget",
            "全店合计 · 每月 · 种类：优惠券 · 按花费计",
            "all together · each month · kinds: coupon · by cost",
        ),
    ],
)
def test_a_limit_in_words(name: str, zh: str, en: str) -> None:
    limit = shipped_limits()[name]
    assert (limit_words(limit, "zh"), limit_words(limit, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("unit", "cap", "zh", "en"),
    [
        ("contacts", 1, "1 次", "1 contact"),
        ("contacts", 12_000, "12,000 次", "12,000 contacts"),
        ("fen", 5_000, "¥50.00", "¥50.00"),
        ("medals", 3, "3 medals", "3 medals"),
    ],
)
def test_a_cap_in_words(unit: str, cap: int, zh: str, en: str) -> None:
    limit = Limit(name="x", zh="甲", en="X", unit=unit, cap=0)
    assert (cap_words(limit, "zh", cap=cap), cap_words(limit, "en", cap=cap)) == (zh, en)


def test_what_a_limit_guards() -> None:
    assert {name: guards(one) for name, one in shipped_limits().items()} == {
        "contacts_week": "attention", "contacts_day": "attention", "sms_month": "attention",
        "quiet_hours": "attention", "coupons_person": "money", "coupon_money_person": "money",
        "coupon_budget": "money", "policy_budget": "money", "policy_people": "reach", "compensation_person": "money",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[x", "is not TOML", id="not-toml"),
        pytest.param("cap = 1", "outside a table", id="no-table"),
        pytest.param(HEAD + "caps = 2", "has the key 'caps'", id="strange-key"),
        pytest.param(HEAD.replace("1\n", '"one"\n'), "is not usable", id="cap-in-words"),
        pytest.param(HEAD + 'hours = ["22:00"]', "the hours are", id="one-hour"),
        pytest.param(HEAD + 'hours = ["22:00", "24:00"]', "the hours are", id="no-such-hour"),
        pytest.param(HEAD + 'hours = ["22:00", "22:00"]', "same minute", id="no-length"),
        pytest.param(HEAD + 'per = ["policy", "person"]', "at most once, in this order", id="order"),
        pytest.param(HEAD.replace('zh = "甲"\n', ""), "is not usable", id="one-language"),
    ],
)
def test_a_row_that_is_no_limit_says_why(text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_limit_rows(text, "limits.toml")


def test_the_document_lists_the_shipped_limits() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text("utf-8")
    for one in shipped_limits().values():
        assert f"| `{one.name}` {one.zh} | {limit_words(one, 'en')} | {cap_words(one, 'en')} |" in text


def test_shipped_limits_count_what_policies_offer() -> None:
    """An offer that reaches somebody is marketing unless its file says service: the caps must count it."""
    at = 1_767_225_600_000  # eight in the morning
    for name in ("contacts_week", "contacts_day"):
        limit = shipped_limits()[name]
        assert limit.counts("message", channel="app", purpose="marketing", at_ms=at)
        assert not limit.counts("message", channel="app", purpose="service", at_ms=at)
    quiet = shipped_limits()["quiet_hours"]
    assert [quiet.counts("coupon", channel="sms", purpose="marketing", at_ms=at + ms) for ms in (-1, 0)] == [
        True,
        False,
    ]
    assert set(get_args(Purpose)) >= {"marketing", "service"}
