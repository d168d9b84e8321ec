"""Rules in CEL: what they may say, what is unknown, what is refused, and that all together equal each alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError, SettingError
from guanxi.decisions import variable_of
from guanxi.decisions.expressions import Expression, sort_of, trait_variables
from guanxi.decisions.rules import MOST_TOGETHER, RuleSet
from guanxi.traits import shipped_traits

CATALOGUE = shipped_traits()
TRAITS = trait_variables(CATALOGUE)
ORDERS, SINCE, RATIO = "person.orders.count.30d", "person.spend.since_last.life", "person.discounts.ratio_spend.90d"
TOP = "person.acts.top_platform.90d"
DAY = 86_400_000


def judged(text: str, traits: dict[str, Any], facts: dict[str, Any] | None = None) -> str:
    """What a rule says: yes, no, unknown or failed."""
    outcome = RuleSet([Expression(text, TRAITS)]).judge(traits, facts or {})
    return "yes" if outcome.holds else "unknown" if outcome.unknown else "failed" if outcome.failed else "no"


def test_every_trait_has_a_variable_of_its_own() -> None:
    assert len(TRAITS) == len(CATALOGUE.rows)
    assert variable_of(ORDERS) == "person_orders_count_30d"


@pytest.mark.parametrize(
    ("trait", "sort"),
    [(ORDERS, "int"), (SINCE, "int"), ("person.spend.sum.30d", "int"), (RATIO, "double"), (TOP, "string"),
     ("person.spend.mean.90d", "double"), ("person.content_views.sum.30d", "double")],
)  # fmt: skip
def test_a_variable_has_the_type_of_what_it_counts(trait: str, sort: str) -> None:
    assert sort_of(CATALOGUE.rows[trait]) == sort


@pytest.mark.parametrize(
    ("text", "traits", "facts", "says"),
    [
        pytest.param("person_orders_count_30d > 2", {ORDERS: 3}, {}, "yes", id="holds"),
        pytest.param("person_orders_count_30d > 2", {ORDERS: 2}, {}, "no", id="does-not"),
        pytest.param("person_orders_count_30d > 2", {ORDERS: 3.0}, {}, "yes", id="whole-float"),
        pytest.param("person_orders_count_30d > 2", {}, {}, "unknown", id="absent"),
        pytest.param("person_orders_count_30d > 2", {ORDERS: None}, {}, "unknown", id="null"),
        pytest.param("person_discounts_ratio_spend_90d > 0.5", {RATIO: float("nan")}, {}, "unknown", id="nan"),
        pytest.param("person_discounts_ratio_spend_90d > 0.5", {RATIO: 1}, {}, "yes", id="int-for-double"),
        pytest.param("person_spend_since_last_life > 30 * DAY", {SINCE: 31 * DAY}, {}, "yes", id="constant"),
        pytest.param("person_orders_count_30d == 0 || person_spend_since_last_life > DAY", {ORDERS: 0}, {}, "yes",
                     id="or-needs-one-side"),
        pytest.param("person_spend_since_last_life > DAY || person_orders_count_30d == 0", {ORDERS: 0}, {}, "yes",
                     id="or-either-side"),
        pytest.param("person_spend_since_last_life > DAY && person_orders_count_30d > 0", {ORDERS: 0}, {}, "no",
                     id="and-needs-one-side"),
        pytest.param("person_spend_since_last_life > DAY && person_orders_count_30d > 0", {ORDERS: 1}, {}, "unknown",
                     id="and-undecided"),
        pytest.param("known_person_spend_since_last_life", {}, {}, "no", id="known-not"),
        pytest.param("known_person_spend_since_last_life", {SINCE: 0}, {}, "yes", id="known"),
        pytest.param("!known_fact_hour || fact_hour < 22", {}, {}, "yes", id="known-fact"),
        pytest.param("fact_hour < 22", {}, {"hour": 21}, "yes", id="fact"),
        pytest.param("fact_hour < 22.5", {}, {"hour": 21}, "yes", id="fact-of-either-number"),
        pytest.param("fact_hour < 22", {}, {"hour": "nine"}, "failed", id="fact-of-another-type"),
        pytest.param("fact_hour < 22", {}, {}, "unknown", id="no-fact"),
        pytest.param("person_acts_top_platform_90d in ['jd', 'taobao']", {TOP: "jd"}, {}, "yes", id="text"),
        pytest.param("['a', 'b'].exists(x, x == person_acts_top_platform_90d)", {TOP: "b"}, {}, "yes", id="loop"),
        pytest.param("10 / person_orders_count_30d > 3", {ORDERS: 0}, {}, "failed", id="divides-by-nothing"),
        pytest.param("person_orders_count_30d > 2 // more than two", {ORDERS: 3}, {}, "yes", id="comment"),
        pytest.param("person_acts_top_platform_90d == 'person_orders_count_30d'", {TOP: "x"}, {}, "no", id="in-quotes"),
    ],
)  # fmt: skip
def test_a_rule_holds_or_not_or_is_unknown(text: str, traits: dict[str, Any], facts: dict[str, Any], says: str) -> None:
    assert judged(text, traits, facts) == says


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "0 characters", id="empty"),
        pytest.param(" ", "characters", id="blank"),
        pytest.param("true || " * 300 + "true", "2,404 characters", id="huge"),
        pytest.param("(" * 40 + "true" + ")" * 40, "nested too deep", id="nested"),
        pytest.param("(" * 26 + "true" + ")" * 26, "nested too deep", id="nested-among-others"),
        pytest.param("[1].all(x, [2].all(y, true))", "a loop inside a loop", id="exponential"),
        pytest.param("[1].map(x, [2] . filter ( y, true)).size() > 0", "a loop inside a loop", id="spaced-loops"),
        pytest.param("[[1].all(x, true)].exists(y, [y].all(z, z))", "a loop inside a loop", id="second-is-nested"),
        pytest.param("person_order_count_30d > 1", "no trait is called 'person_order_count_30d'", id="mistyped"),
        pytest.param("whatever > 1", "nothing is called whatever", id="unknown"),
        pytest.param("person_orders_count_30d > 1.5", "does not take ((int, double))", id="number-of-another-type"),
        pytest.param("person_acts_top_platform_90d > 1", "does not take", id="text-as-number"),
        pytest.param("person_orders_count_30d", "gives INT", id="no-truth"),
        pytest.param("fact_vip", "gives DYN", id="fact-alone"),
        pytest.param("person_orders_count_30d >", "Syntax error", id="broken"),
        pytest.param("true) || (true", "Syntax error", id="breaks-out"),
        pytest.param("1 / 0 > 1", "divide by zero", id="always-fails"),
        pytest.param("true \0", "characters", id="nul"),
    ],
)
def test_what_is_refused_says_so(text: str, what: str) -> None:
    with pytest.raises(SettingError) as caught:
        Expression(text, TRAITS)
    assert what in caught.value.what
    assert caught.value.mend


def test_a_loop_that_was_let_in_is_stopped_by_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    ten = "[1,2,3,4,5,6,7,8,9,10]"
    text = "true"
    for name in "abcdefg":
        text = f"{ten}.all({name}, {text})"
    monkeypatch.setattr("guanxi.decisions.expressions._check_bounds", lambda text, bare: None)
    with pytest.raises(SettingError, match="budget"):
        Expression(text, TRAITS)
    late = Expression(f"person_orders_count_30d < 2 || {text}", TRAITS)  # not when it was looked at: later
    outcome = RuleSet([late, Expression("true", TRAITS)]).judge({ORDERS: 5}, {})
    assert (outcome.holds, outcome.failed) == (0b10, 0b01)


def test_rules_together_are_bounded() -> None:
    one = Expression(" || ".join(["person_orders_count_30d > 1"] * 60), TRAITS)
    with pytest.raises(SettingError, match="characters together"):
        RuleSet([one] * (MOST_TOGETHER // len(one.text) + 1))


@pytest.mark.parametrize(("trait", "value"), [(ORDERS, "3"), (ORDERS, 2.5), (RATIO, "x"), (TOP, 3), (ORDERS, 2.0**70)])
def test_a_value_of_another_type_is_refused(trait: str, value: Any) -> None:
    compared = {ORDERS: "person_orders_count_30d > 1", RATIO: "person_discounts_ratio_spend_90d > 0.1",
                TOP: "person_acts_top_platform_90d == 'jd'"}  # fmt: skip
    with pytest.raises(DataError, match=trait):
        judged(compared[trait], {trait: value})


def test_numbers_are_known_unknown_or_failed() -> None:
    number = Expression("double(person_orders_count_30d) * 0.5", TRAITS, number=True)
    infinite = Expression("1.0 / person_discounts_ratio_spend_90d", TRAITS, number=True)
    whole = Expression("person_orders_count_30d + 1", TRAITS, number=True)
    together = RuleSet([], [number, infinite, whole])
    assert together.judge({ORDERS: 3, RATIO: 0.0}, {}).numbers == (1.5, None, 4.0)
    assert together.judge({ORDERS: None, RATIO: 0.5}, {}).numbers == (None, 2.0, None)


ATOMS = ["person_orders_count_30d > 2", "person_spend_since_last_life > 5", "person_discounts_ratio_spend_90d > 0.5",
         "person_acts_top_platform_90d == 'jd'", "fact_hour < 3", "10 / person_orders_count_30d > 3",
         "known_person_spend_since_last_life", "[1, 2].exists(x, x == person_orders_count_30d)"]  # fmt: skip
TEXTS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=4,
)
VALUES = st.fixed_dictionaries(
    {ORDERS: st.none() | st.integers(0, 4), SINCE: st.none() | st.integers(0, 9), RATIO: st.none() | st.floats(0, 1),
     TOP: st.none() | st.sampled_from(["jd", "taobao"])}
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), VALUES, st.none() | st.integers(0, 5) | st.just("x"))
def test_together_they_say_what_each_says_alone(texts: list[str], traits: dict[str, Any], hour: Any) -> None:
    facts = {} if hour is None else {"hour": hour}
    rules = [Expression(text, TRAITS) for text in texts]
    outcome = RuleSet(rules, [Expression("double(person_orders_count_30d)", TRAITS, number=True)]).judge(traits, facts)
    for at, text in enumerate(texts):
        said = {"yes": 1, "no": 0, "unknown": 2, "failed": 4}[judged(text, traits, facts)]
        assert (outcome.holds >> at & 1) + 2 * (outcome.unknown >> at & 1) + 4 * (outcome.failed >> at & 1) == said
    assert outcome.numbers == (None if traits[ORDERS] is None else float(traits[ORDERS]),)


def test_a_hundred_rules_fit_into_one_expression() -> None:
    rules = [Expression(f"person_orders_count_30d == {number}", TRAITS) for number in range(100)]
    for value in (0, 59, 60, 99):
        assert RuleSet(rules).judge({ORDERS: value}, {}).holds == 1 << value
