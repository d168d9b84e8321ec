"""Rows that a workspace defines: the same form as the shipped ones, and refused in words that help."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.app.own_traits import as_toml
from guanxi.core import SettingError
from guanxi.traits import measures, read_own, read_rows, shipped_traits, traits
from guanxi.traits.own_checks import check_own_measure, check_own_trait

MEASURE = """
[[measure]]
name = "big_orders"
kinds = ["Order Created"]
where = ["amount >= 100000"]
value = "amount"
unit = "money"
code = "role.shop"
zh = "大额下单"
en = "big orders"
value_zh = "金额"
value_en = "amount"
"""
FAMILY = """
[[family]]
party = ["account", "device"]
of = ["big_orders"]
aggregate = ["sum"]
window = ["1d", "90d"]
topic = "amounts"
uses = ["risk"]
why_zh = "大额先看。"
why_en = "Big ones first."
"""
FILE = MEASURE + FAMILY


def test_every_combination_is_a_trait_beside_the_shipped_ones() -> None:
    found = read_own(FILE, "traits.toml")
    names = {f"{party}.big_orders.sum.{window}" for party in ("account", "device") for window in ("1d", "90d")}
    assert found.own == names
    assert set(found.rows) == set(traits()) | names
    assert set(found.measures) == {*measures(), "big_orders"}
    row = found.rows["device.big_orders.sum.1d"]
    assert (row.zh, row.unit, row.privacy, row.plan) == (
        "此设备近1天的大额下单金额合计",
        "money",
        "behaviour",
        "window",
    )
    assert row.en == "this device: total amount of big orders, last day"
    assert found.rows["account.big_orders.sum.90d"].plan == "days"
    assert found.text == FILE


def test_one_file_behind_another() -> None:
    first = read_own(FILE, "a.toml")
    both = read_own(FAMILY.replace('"sum"', '"mean", "distinct"').replace('"device"', '"ip"'), "b.toml", first)
    assert len(both.own) == 4 + 8
    assert both.text == first.text + FAMILY.replace('"sum"', '"mean", "distinct"').replace('"device"', '"ip"')
    assert both.rows["ip.big_orders.distinct_shop.1d"].unit == "count"


def test_a_sentence_of_ones_own() -> None:
    words = 'zh = "{party}{window}的大单"\nen = "{window}: {of} of {party}"\n'
    row = read_own(FILE + words, "traits.toml").rows["account.big_orders.sum.1d"]
    assert (row.zh, row.en) == ("此账号近1天的大单", "last day: big orders of this account")


@pytest.mark.parametrize(
    ("old", "new", "what", "mend"),
    [
        pytest.param('"sum"', '"average"', "line 14, family 1: aggregate = ['average']", "count, sum, mean", id="enum"),
        pytest.param('"amounts"', '"money"', "the topic is 'money'", "velocity, ages", id="topic"),
        pytest.param('"risk"', '"riks"', "uses = ['riks']", "profile, risk", id="use"),
        pytest.param('["risk"]', "[]", "is of use to nobody", "profile or risk", id="no-use"),
        pytest.param('["1d", "90d"]', '["1d", "1d"]', "'account.big_orders.sum.1d' is defined", "Remove", id="twice"),
        pytest.param('["1d", "90d"]', "[]", "window is empty", "leave it out", id="no-window"),
        pytest.param('"90d"', '"9w"', "the window is '9w'", "minutes, hours or days", id="window"),
        pytest.param('"90d"', '"400d"', "looks back over 400d", "366d", id="too-long"),
        pytest.param('"90d"', '"800h"', "cuts a day", "whole days", id="half-day"),
        pytest.param('["big_orders"]', '["big_order"]', "no measure is called", "big_orders", id="measure"),
        pytest.param('"device"]', '"planet"]', "no party of traits is called 'planet'", "", id="party"),
        pytest.param('"device"]', '"household"]', "no event of big_orders names the household", "account", id="role"),
        pytest.param("why_en", "why_eng", "unknown field `why_eng`", "why_en", id="field"),
        pytest.param('why_en = "Big ones first."', "", "missing required field `why_en`", "own-traits.md", id="none"),
        pytest.param('"Big ones first."', '" "', "why_en = ' '", "one line", id="blank"),
        pytest.param('"Big ones first."', '"a"\nzh = "{party.x}"', "other words in braces", "{window}", id="braces"),
        pytest.param('"Big ones first."', '"a"\nen = "{"', "other words in braces", "{window}", id="brace"),
        pytest.param('"big_orders"\nk', '"orders"\nk', "'orders' ships with Guanxi", "another measure", id="ships"),
        pytest.param('"big_orders"\nk', '"Big"\nk', "a measure is called 'Big'", "lower-case", id="name"),
        pytest.param('"big_orders"\nk', '"a_via_b"\nk', "the measure is called 'a_via_b'", "_via_", id="via"),
        pytest.param("Order Created", "Order Maid", "no kind of event is called 'Order Maid'", "that ship", id="kind"),
        pytest.param("amount >= 100000", "amount > lots", "compares a whole number with 'lots'", "whole", id="clause"),
        pytest.param("amount >= 100000", "p.dwell > 3", "has the property 'dwell'", "docs/events.md", id="property"),
        pytest.param("amount >= 100000", "has role.rival", "has 'role.rival'", "docs/events.md", id="no-role"),
        pytest.param("amount >= 100000", "much", "'much' is no condition", "FIELD OP VALUE", id="words"),
        pytest.param('"role.shop"', '"role.rival"', "has 'role.rival'", "docs/events.md", id="code"),
        pytest.param('unit = "money"', 'unit = "yuan"', "unit = yuan", "money, count", id="unit"),
        pytest.param('unit = "money"', "", "a value or a unit alone", "both", id="no-unit"),
        pytest.param('"大额下单"', "5", "line 2, measure 1: zh = 5", "own-traits.md", id="type"),
        pytest.param('"大额下单"', '"大{额"', "zh holds a brace", "plain words", id="measure-brace"),
        pytest.param("[[family]]", "[family]", "'family' is no list of tables", "[[family]]", id="table"),
        pytest.param("[[family]]", "[[trait]]", "holds 'trait'", "[[measure]] and [[family]]", id="other-table"),
        pytest.param('"1d", ', '"1d" ', "is not TOML", "line", id="toml"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, what: str, mend: str) -> None:
    assert old in FILE
    with pytest.raises(SettingError) as told:
        read_own(FILE.replace(old, new), "traits.toml")
    assert "traits.toml" in told.value.what
    assert what in told.value.what
    assert mend in told.value.mend


def test_nothing_of_the_vault_is_read() -> None:
    text = FILE.replace("Order Created", "Address Changed").replace("role.shop", "p.receiver_name")
    with pytest.raises(SettingError, match="personal property 'receiver_name'"):
        read_own(text, "traits.toml")
    with pytest.raises(SettingError, match="is no name"):
        read_own(FILE.replace('"sum"', '"distinct"') + 'by = ["p.receiver_name"]\n', "traits.toml")


def test_more_than_anybody_reads_is_refused_before_it_is_made() -> None:
    lists = "[" + ", ".join(f'"{number}m"' for number in range(1, 999)) + "]"
    with pytest.raises(SettingError, match="1,996 traits"):
        read_own(FILE.replace('["1d", "90d"]', lists), "traits.toml")


def test_sensitive_events_make_sensitive_traits() -> None:
    text = FAMILY.replace("big_orders", "chargebacks").replace('"sum"', '"count"').replace('"90d"', '"2d"')
    text = text.replace('["account", "device"]', '["account"]')
    with pytest.raises(SettingError, match="sensitive"):
        read_own(text, "traits.toml")
    found = read_own(text + 'privacy = "sensitive"\n', "traits.toml")
    assert "account.chargebacks.count.2d" in found.own


def test_the_shipped_rows_keep_the_same_laws() -> None:
    for measure in measures().values():
        check_own_measure(measure)
    for row in traits().values():
        check_own_trait(row, measures())
    assert shipped_traits().own == frozenset()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_written_is_taken_whole_or_refused_on_purpose(data: st.DataObject) -> None:
    """No value in a wrong place raises anything but the family's own errors."""
    document = read_rows(FILE, "traits.toml")
    kind = data.draw(st.sampled_from(["measure", "family"]))
    row: dict[str, Any] = document[kind][0]
    field = data.draw(st.sampled_from([*row, "by", "rank", "via", "half_life", "scale", "sign", "x y"]))
    odd = st.one_of(st.integers(-2, 70), st.text(max_size=8), st.booleans(), st.lists(st.text(max_size=5), max_size=3))
    row[field] = data.draw(st.one_of(odd, st.sampled_from(["p.category", "role.ip", ["role.ip"], "1d", "-", "{of}"])))
    try:
        found = read_own(as_toml(document), "traits.toml")
    except SettingError as error:
        refused = error
    else:
        assert found.own
        return
    assert refused.what.startswith("traits.toml")
    assert refused.mend
