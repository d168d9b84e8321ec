"""Declarations check themselves: clauses, measures, traits and families, good and bad."""

from typing import Any

import msgspec
import pytest

from guanxi.core import GuanxiError, NotFound, SettingError
from guanxi.traits.clause import Clause, parse
from guanxi.traits.family import Family, expand, read_families, table
from guanxi.traits.measure import Measure, read_measures
from guanxi.traits.trait import check, length_ms, name_of

from .conftest import KNOWN, WHY, trait


def family(**parts: Any) -> Family:
    plain = {"party": ["person"], "of": ["orders"], "aggregate": ["count"], "topic": "velocity", "uses": ["risk"]}
    return msgspec.convert(plain | WHY | parts, Family)


def refusal(act: Any, *values: Any) -> str:
    with pytest.raises(GuanxiError) as caught:
        act(*values)
    return str(caught.value)


# --- clauses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("amount >= 200000", Clause("amount", ">=", (200000,))),
        ("hour < 6", Clause("hour", "<", (6,))),
        ("weekday in 6,7", Clause("weekday", "in", (6, 7))),
        ("live = true", Clause("live", "=", (True,))),
        ("p.discount_rate < 0.5", Clause("p.discount_rate", "<", (0.5,))),
        ("p.method in card,wallet", Clause("p.method", "in", ("card", "wallet"))),
        ("p.method not in card, wallet", Clause("p.method", "not in", ("card", "wallet"))),
        ("p.delivery_type = 上门 自提", Clause("p.delivery_type", "=", ("上门 自提",))),
        ("platform != taobao", Clause("platform", "!=", ("taobao",))),
        ("has role.recipient", Clause("role.recipient", "has")),
        ("lacks ref.coupon", Clause("ref.coupon", "lacks")),
        ("role.recipient != role.actor", Clause("role.recipient", "!=", (), "role.actor")),
        ("p.balance > -5", Clause("p.balance", ">", (-5,))),
    ],
)
def test_a_clause_is_read(text: str, clause: Clause) -> None:
    assert parse(text) == clause
    assert parse(str(clause)) == clause


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("amount", "'amount' is no condition. Write \"FIELD OP VALUE\""),
        ("amount>=5", "'amount>=5' is no condition"),
        ("amount ~ 5", "is no condition"),
        ("has amount 5", "is no condition"),
        ("price > 5", "no event has the field 'price'. Use one of amount, platform, hour, weekday, live, role.NAME"),
        ("role.buyer = x", "no event has the field 'role.buyer'"),
        ("ref.basket = x", "no event has the field 'ref.basket'"),
        ("has p.", "no event has the field 'p.'"),
        ("amount = role.actor", "compares a role. Write role.A = role.B or role.A != role.B"),
        ("role.payer > role.actor", "compares a role"),
        ("role.payer = role.buyer", "no event has the field 'role.buyer'"),
    ],
)
def test_what_is_no_clause_is_refused(text: str, says: str) -> None:
    assert says in refusal(parse, text)


# --- measures --------------------------------------------------------------------------------------------------------


def test_measures_are_read_in_their_order() -> None:
    text = """
[dear]
kinds = ["Order Created"]
where = ["amount >= 200000", "has role.card"]
zh = "大额下单"
en = "dear orders"

[slow]
kinds = ["Payment Completed"]
value = "p.duration_ms"
unit = "ms"
zh = "支付"
en = "payments"
"""
    dear, slow = read_measures(text, "x.toml")
    assert [str(clause) for clause in dear.clauses] == ["amount >= 200000", "has role.card"]
    assert (dear.fields, slow.fields) == (("amount", "role.card"), ("p.duration_ms",))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"name": "Orders"}, "a measure is called 'Orders'. Use lower-case letters, digits and _"),
        ({"kinds": ("Order Maid",)}, "no kind of event is called 'Order Maid'"),
        ({"where": ("amount",)}, "'amount' is no condition"),
        ({"value": "price", "unit": "money"}, "no event has the field 'price'"),
        ({"code": "role.buyer"}, "no event has the field 'role.buyer'"),
        ({"scale": 0}, "has the scale 0. Use 1, 10, 100 …"),
        ({"value": "amount"}, "has a value or a unit alone. Give it both"),
        ({"unit": "money"}, "has a value or a unit alone"),
        (
            {"kinds": ("Order Created",), "code": "p.buyer_note"},
            "reads the personal property 'buyer_note'. Traits read no value of the vault",
        ),
        (
            {"kinds": ("Order Created",), "where": ("p.attempt > 1",)},
            "no kind of the measure 'm' has the property 'attempt'. Use a property of its kinds (docs/events.md)",
        ),
        (
            {"kinds": ("Order Refunded",), "value": "since p.promised_ship_at", "unit": "ms"},
            "no kind of the measure 'm' has the property 'promised_ship_at'",
        ),
    ],
)
def test_a_measure_that_cannot_be_read_is_refused(row: dict[str, Any], says: str) -> None:
    plain = {"name": "m", "zh": "事", "en": "things"}
    assert says in refusal(lambda: Measure(**(plain | row)))


def test_a_file_of_measures_names_the_row_that_is_wrong() -> None:
    said = refusal(read_measures, '[m]\nkind = ["Order Created"]\nzh = "x"\nen = "x"', "measures_x.toml")
    assert said.startswith("measures_x.toml: the measure 'm' is not usable: ")
    assert said.endswith("See docs/traits.md")


# --- traits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "name", "unit", "plan"),
    [
        ({"party": "ip", "window": "10m"}, "ip.orders.count.10m", "count", "window"),
        ({"of": "spend", "aggregate": "sum", "window": "30d"}, "person.spend.sum.30d", "money", "window"),
        ({"of": "spend", "aggregate": "mean", "window": "90d"}, "person.spend.mean.90d", "money", "days"),
        ({"aggregate": "distinct", "by": "role.card"}, "person.orders.distinct_card.1d", "count", "window"),
        ({"aggregate": "distinct", "by": "day", "window": "30d"}, "person.orders.distinct_day.30d", "count", "window"),
        (
            {"aggregate": "after", "after": "moves", "within": "30m"},
            "person.orders.after_moves_30m.1d", "count", "window",
        ),
        (
            {"aggregate": "decayed", "half_life": "7d", "window": "life"},
            "person.orders.decayed_7d.life", "count", "life",
        ),
        (
            {"of": "spend", "aggregate": "decayed", "half_life": "7d", "window": "life"},
            "person.spend.decayed_7d.life", "money", "life",
        ),
        (
            {"aggregate": "top", "by": "p.category", "rank": 2, "window": "90d"},
            "person.orders.top2_category.90d", "name", "days",
        ),
        ({"aggregate": "top", "by": "hour", "window": "life"}, "person.orders.top_hour.life", "name", "days"),
        ({"aggregate": "entropy", "by": "hour", "window": "60d"}, "person.orders.entropy_hour.60d", "bits", "days"),
        (
            {"of": "refunds", "aggregate": "ratio", "over": "spend"},
            "person.refunds.ratio_spend.1d", "ratio", "window",
        ),
        (
            {"of": "invitations", "aggregate": "distinct", "party": "device"},
            "device.invitations.distinct_object.1d", "count", "window",
        ),
        ({"aggregate": "since_first", "window": "life"}, "person.orders.since_first.life", "ms", "life"),
        ({"aggregate": "streak", "window": "life"}, "person.orders.streak.life", "days", "life"),
        ({"aggregate": "gap_std", "window": "7d"}, "person.orders.gap_std.7d", "ms", "window"),
        ({"of": "spend", "aggregate": "versus", "window": "30d"}, "person.spend.versus.30d", "ratio", "window"),
        ({"party": "account", "via": "device"}, "account.orders.count_via_device.1d", "count", "ties"),
    ],
)  # fmt: skip
def test_name_unit_and_plan_follow_from_the_parts(parts: dict[str, Any], name: str, unit: str, plan: str) -> None:
    row = check(trait(**parts), KNOWN)
    assert (row.name, row.unit, row.plan) == (name, unit, plan)
    assert name_of(row) == name


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"party": "robot"}, "no party of traits is called 'robot'"),
        ({"of": "sales"}, "no measure is called 'sales'"),
        ({"window": "3w"}, 'the window is \'3w\'. Use minutes, hours or days, as in "10m", or "life"'),
        ({"window": "0d"}, "the window is '0d'"),
        ({"window": "400d"}, 'person.orders.count.400d looks back over 400d. Use at most 366d, or "life"'),
        ({"window": "721h"}, "cuts a day. Windows above 30d are whole days"),
        ({"aggregate": "streak"}, 'is of the whole life. Give it the window "life"'),
        ({"aggregate": "top", "by": "hour", "window": "7d"}, "counts names in a short window. Take one above 30d"),
        ({"aggregate": "gap_mean", "window": "90d"}, "is kept in sliding windows alone. Use a window of at most 30d"),
        ({"aggregate": "sum"}, "reads a value that orders has not. Give the measure a value"),
        ({"aggregate": "distinct"}, "counts no names. Give it `by`, or the measure a code"),
        ({"aggregate": "distinct", "by": "role.buyer"}, "no event has the field 'role.buyer'"),
        ({"aggregate": "ratio"}, "and its denominator do not fit. Ratios alone take `over`"),
        ({"over": "spend"}, "and its denominator do not fit"),
        ({"aggregate": "ratio", "over": "sales"}, "no measure is called 'sales'"),
        ({"aggregate": "after", "after": "moves"}, "and what came before do not fit. Sequences, and they alone"),
        ({"aggregate": "after", "after": "moves", "within": "31d"}, "looks 31d back. Use at most 30d"),
        ({"aggregate": "decayed", "window": "life"}, "and its half-life do not fit"),
        ({"half_life": "7d"}, "and its half-life do not fit. Decayed sums, and they alone, take `half_life`"),
        ({"rank": 2}, "has the rank 2. Use 1, 2 or 3"),
        ({"aggregate": "top", "by": "hour", "window": "life", "rank": 4}, "has the rank 4"),
        ({"via": "actor"}, "finds neighbours by 'actor'. Use another party's role, such as device or address"),
        ({"via": "moon"}, "finds neighbours by 'moon'"),
        ({"via": "device", "of": "spend", "aggregate": "std"}, "has no mean over neighbours. Use count, sum, ratio"),
        ({"uses": ()}, "is of use to nobody. Give it `uses`: profile or risk"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, Any], says: str) -> None:
    assert says in refusal(check, trait(**parts), KNOWN)


@pytest.mark.parametrize(("window", "ms"), [("10m", 600_000), ("6h", 21_600_000), ("30d", 2_592_000_000)])
def test_a_window_has_a_length(window: str, ms: int) -> None:
    assert length_ms(window) == ms


# --- families --------------------------------------------------------------------------------------------------------


def test_a_family_is_every_combination() -> None:
    rows = expand(
        family(party=["ip", "card"], aggregate=["distinct"], by=["role.device", "day"], window=["1h", "1d"]), KNOWN
    )
    assert [row.name for row in rows] == [
        f"{party}.orders.distinct_{by}.{window}" for party in ("ip", "card") for by in ("device", "day")
        for window in ("1h", "1d")
    ]  # fmt: skip


def test_a_family_may_say_it_in_its_own_words() -> None:
    own = family(window=["7d", "life"], zh="{party}{window}{of}过的次数", en="{party}: {of}, {window}")
    assert [(row.zh, row.en) for row in expand(own, KNOWN)] == [
        ("此人近7天下单过的次数", "this person: orders placed, last 7 days"),
        ("此人至今下单过的次数", "this person: orders placed, so far"),
    ]


def test_a_file_of_families_names_the_one_that_is_wrong() -> None:
    text = '[[family]]\nparty = ["ip"]\nof = ["orders"]\naggregate = ["sums"]\ntopic = "x"\nuses = ["risk"]\n'
    said = refusal(read_families, text, "x.toml", KNOWN)
    assert said.startswith("x.toml: family 1 is not usable: ")
    assert said.endswith("See docs/traits.md")


def test_a_name_stands_once() -> None:
    row = check(trait(), KNOWN)
    assert "the trait 'person.orders.count.1d' is declared twice" in refusal(table, [row, row])
    with pytest.raises(NotFound, match=r"Did you mean 'person.orders.count.1d'"):
        table([row])["person.orders.count.1h"]


def test_a_setting_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="is no condition") as caught:
        parse("nonsense")
    assert isinstance(caught.value, SettingError)
    assert caught.value.field == "where"
