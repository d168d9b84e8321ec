"""Fairness: what may not decide about a price, the same offer for the same behaviour, and an audit of it."""

import random
from fnmatch import fnmatchcase
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import SettingError
from guanxi.decisions import (
    NOTHING,
    PROTECTED,
    Context,
    Record,
    compile_policy,
    families,
    parity,
    read_policy,
    unfair,
    variable_of,
)
from guanxi.decisions.expressions import sort_of
from guanxi.traits import shipped_traits

T = 1_700_020_800_000
CATALOGUE = shipped_traits()
FAIR = [one for one in CATALOGUE.rows if unfair(one) is None and one.startswith("person.")]
UNFAIR = [one for one in CATALOGUE.rows if unfair(one) is not None and one.startswith("person.")]
HEAD = """
zh = "试"
en = "A trial"
holdout = 0
holdout_reason = "x"
explore = 0
[[offers]]
id = "hello"
zh = "问候"
en = "Hello"
kind = "message"
channel = "app"
content = "c"
value = 0.5
value_band = 0.5
[[offers]]
id = "five"
zh = "5 元券"
en = "5 yuan"
kind = "coupon"
params = { amount = 500, threshold = 0, days = 7 }
cost_yuan = 1
value = VALUE
value_band = 0.5
value_unknown = 3.0
"""


def text(when: str = "true", *, value: str = "3", effect: str = "require", offers: str = "") -> str:
    rule = f'[[rules]]\nname = "r"\nwhen = "{when}"\neffect = "{effect}"\noffers = [{offers}]\nzh = "则"\nen = "rule"\n'
    return HEAD.replace("VALUE", value) + rule


def read(*given: Any, **stated: Any) -> Any:
    return read_policy(text(*given, **stated), CATALOGUE, name="trial")


FAMILIES = {
    "person.spend.since_first.life": "tenure", "person.spend.sum.365d": "custom", "person.orders.count.life": "custom",
    "person.points.balance.life": "custom", "person.spend.mean.90d": "price", "person.dear_orders.count.365d": "price",
    "person.redemptions.ratio_orders.365d": "sensitivity", "person.discounts.ratio_spend.90d": "sensitivity",
    "person.sessions.distinct_device.90d": "device", "device.orders.count.1d": "device",
    "person.spend.since_last.life": None, "person.complaints.count.180d": None, "person.product_views.count.7d": None,
    "person.cart_adds.count.30d": None, "person.refunds.count.30d": None,
}  # fmt: skip


@pytest.mark.parametrize(("trait", "family"), FAMILIES.items())
def test_what_may_not_decide_about_a_price(trait: str, family: str | None) -> None:
    assert trait in CATALOGUE.rows
    found = unfair(trait)
    assert (found.name if found else None) == family


def test_every_pattern_is_about_some_trait_and_every_reason_is_told() -> None:
    dead = {one for row in families() for one in row.traits
            if not any(fnmatchcase(name, one) for name in CATALOGUE.rows)}  # fmt: skip
    assert dead == {"*.payments.count.*", "*_os.*", "*_network.*"}  # of traits that a workspace may define
    assert all(row.zh and row.en and row.why_zh and row.why_en and row.facts for row in families())
    assert len(FAIR) > 100


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        pytest.param({"when": "person_spend_since_first_life > 365 * DAY"}, ["rules 1", "person.spend.since_first"],
                     id="rule"),
        pytest.param({"when": "known_person_spend_sum_365d"}, ["person.spend.sum.365d"], id="whether-it-is-known"),
        pytest.param({"when": "fact_vip == true"}, ["the fact vip"], id="fact"),
        pytest.param({"when": "fact_is_new_member == true"}, ["the fact is_new_member"], id="word-of-a-fact"),
        pytest.param({"value": '"person_spend_mean_90d * 0.001"'}, ["offers 2", "five lets person.spend.mean.90d"],
                     id="value"),
        pytest.param({"when": "person_spend_since_first_life > DAY", "effect": "exclude", "offers": '"five"'},
                     ["decide about five"], id="exclude"),
    ],
)  # fmt: skip
def test_a_price_by_what_it_may_not_depend_on_is_refused(stated: dict[str, str], named: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        read(**stated)
    assert all(one in caught.value.what for one in named)
    assert "Use other behaviour" in caught.value.mend


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"when": "person_spend_since_first_life > DAY", "offers": '"hello"'}, id="a-message-alone"),
        pytest.param({"when": "person_spend_since_first_life > DAY", "effect": "warn"}, id="a-note"),
        pytest.param({"when": "person_spend_since_last_life > DAY"}, id="behaviour"),
        pytest.param({"when": "fact_weather == 'rain'"}, id="another-fact"),
    ],
)
def test_what_does_not_touch_a_price_may_depend_on_it(stated: dict[str, str]) -> None:
    assert read(**stated).offers


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_loyal_and_new_people_who_behave_the_same_get_the_same(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(FAIR), min_size=1, max_size=3, unique=True))
    whens = []
    for name in names:
        row = CATALOGUE.rows[name]
        least = {"int": "2", "double": "2.0", "string": "'jd'"}[sort_of(row)]
        whens.append(f"{variable_of(name)} {'==' if sort_of(row) == 'string' else '>'} {least}")
    compiled = compile_policy(read(" || ".join(whens), effect=data.draw(st.sampled_from(["require", "exclude"]))))

    def value(name: str, number: int) -> Any:
        return {"int": number, "double": number / 2, "string": "jd"}[sort_of(CATALOGUE.rows[name])]

    behaviour = {name: value(name, data.draw(st.integers(0, 6))) for name in names}
    loyalty = st.dictionaries(st.sampled_from(UNFAIR), st.integers(0, 10**6), max_size=8)
    people = [
        Context(party="person::p", at_ms=T, consents={"message": True}, traits=behaviour | {
            name: value(name, number) for name, number in data.draw(loyalty).items()})
        for _ in range(2)
    ]  # fmt: skip
    loyal, new = (compiled.weigh(one, {}, []) for one in people)
    assert loyal == new
    assert compiled.cell(people[0]) == compiled.cell(people[1])


@pytest.mark.parametrize("name", list(PROTECTED))
def test_nothing_is_pressed_on_who_is_protected_but_a_service_reaches_them(name: str) -> None:
    service = text().replace('content = "c"', 'content = "c"\npurpose = "service"')
    compiled = compile_policy(read_policy(service, CATALOGUE, name="trial"))
    context = Context(party="person::p", at_ms=T, consents={"message": True}, facts=((name, True),))
    weighed = {one.id: one for one in compiled.weigh(context, {}, [])}
    assert [(why.by, why.name) for why in weighed["five"].refusals] == [("fairness", name)]
    assert weighed["hello"].verdict == "possible"


def records(dice: random.Random, *, gap: float, count: int = 400) -> list[tuple[int, Record]]:
    """Records of two cells with other base rates; loyal people, more of whom are in the first, get `gap` more."""
    compiled = compile_policy(read())
    context = Context(party="person::p", at_ms=T, consents={"message": True})
    weighed = compiled.weigh(context, {}, [])
    both = {one: compiled.conclude(context, {}, weighed, one, arm="treated") for one in ("five", NOTHING)}
    found = []
    for _ in range(count):
        cell = dice.random() < 0.5
        loyal = dice.random() < (0.8 if cell else 0.2)
        rate = (0.6 if cell else 0.2) + (gap if loyal else 0.0)
        name = "loyal" if loyal else "new"
        found.append((int(cell), replaced(both["five" if dice.random() < rate else NOTHING], name)))
    return found


def replaced(record: Record, name: str) -> Record:
    return msgspec.structs.replace(record, run=name)


def is_loyal(record: Record) -> bool:
    return record.run == "loyal"


def test_parity_compares_within_the_same_behaviour() -> None:
    found = parity(records(random.Random(3), gap=0.0, count=4_000), is_loyal)
    assert found.difference is not None
    assert found.difference.low <= 0 <= found.difference.high
    assert (
        found.loyal_with / found.loyal - found.others_with / found.others > 0.15
    )  # what a comparison of all would say
    assert (found.cells, found.compared, found.loyal + found.others) == (2, 2, 4_000)


@pytest.mark.parametrize("gap", [-0.15, 0.15])
def test_parity_finds_a_breach(gap: float) -> None:
    found = parity(records(random.Random(3), gap=gap, count=3_000), is_loyal).difference
    assert found is not None
    assert found.is_clear_of_zero
    assert found.low <= gap <= found.high


def test_the_interval_of_parity_holds_the_truth_as_often_as_it_says() -> None:
    dice, held = random.Random(7), 0
    for _ in range(200):
        found = parity(records(dice, gap=0.1, count=150), is_loyal).difference
        assert found is not None
        held += found.low <= 0.1 <= found.high
    assert held >= 200 * 0.95 - 4 * np.sqrt(200 * 0.95 * 0.05)


def test_without_anybody_to_compare_nothing_is_said() -> None:
    assert parity([], is_loyal).difference is None
    alone = [(1, one) for _, one in records(random.Random(1), gap=0.0, count=30) if is_loyal(one)]
    assert parity(alone, is_loyal).difference is None
    few = parity(records(random.Random(1), gap=0.0, count=6), is_loyal).difference
    assert few is None or few.high - few.low > 0.3
