"""The choice: what refuses an offer and in which order, what is likely, and that nothing else moves it."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.decisions import (
    NOTHING,
    Compiled,
    Context,
    Decision,
    Limit,
    Policy,
    Room,
    Weighed,
    arm_of,
    bucket,
    compile_policy,
    read_policy,
    read_record,
    record_bytes,
)
from guanxi.traits import shipped_traits

T = 1_700_000_000_000  # 2023-11-15 06:13 in China
DAY = 86_400_000
SINCE, COMPLAINTS, VIEWS = (
    "person.spend.since_last.life", "person.complaints.count.180d", "person.product_views.count.7d"
)  # fmt: skip
TEXT = (Path(__file__).parents[2] / "examples" / "policies" / "winback.toml").read_text("utf-8")
SILENT: dict[str, Any] = {SINCE: 40 * DAY, COMPLAINTS: 0, VIEWS: 3}
WEEK = Limit(
    name="contacts_week", zh="每人每周营销触达", en="Marketing contacts a person a week", unit="contacts", cap=2,
    per=("person",), window="7d", purposes=("marketing",),
)  # fmt: skip
NIGHT = Limit(
    name="quiet_hours", zh="夜间不打扰", en="Quiet hours", unit="contacts", cap=0, hours=(22 * 60, 8 * 60),
    purposes=("marketing",),
)  # fmt: skip
MONEY = Limit(
    name="coupon_money", zh="每人每月优惠金额", en="Coupon money a person a month", unit="fen", cap=400,
    per=("person",), window="month", kinds=("coupon",), uses="cost",
)  # fmt: skip


def policy(text: str = TEXT, name: str = "winback") -> Policy:
    return read_policy(text, shipped_traits(), name=name)


def plain(**changes: str) -> Compiled:
    """The example without hold-out and chance, or with others."""
    said = {"holdout": "0\nholdout_reason = 'x'", "explore": "0"} | changes
    text = TEXT.replace("holdout = 0.10", f"holdout = {said['holdout']}")
    return compile_policy(policy(text.replace("explore = 0.05", f"explore = {said['explore']}")))


def context(**changes: Any) -> Context:
    said: dict[str, Any] = {"party": "person::p1", "at_ms": T, "traits": SILENT, "consents": {"message": True}}
    return Context(**(said | changes))


def rooms(limit: Limit, **changes: Any) -> dict[tuple[str, str], Room]:
    room = Room(**({"limit": limit.name, "account": "a" * 32, "cap": limit.cap} | changes))
    return {(limit.name, one.id): room for one in policy().offers}


def refused(weighed: tuple[Weighed, ...]) -> dict[str, list[tuple[str, str]]]:
    return {one.id: [(why.by, why.name) for why in one.refusals] for one in weighed}


def test_the_best_is_chosen_and_all_that_was_weighed_is_kept() -> None:
    record = plain().decide(context(), {}, [])
    made = record.decision
    assert (made.chosen, made.kind, made.mode, made.propensity) == (("coupon5",), "coupon", "propose", 1.0)
    assert made.alternatives == ("greeting", "coupon5", "coupon10", NOTHING)
    assert dict(made.params) == {"amount": 500, "threshold": 3000, "days": 7, "channel": "app", "purpose": "marketing",
                                 "content": "送你一张 5 元券，7 天内可用。"}  # fmt: skip
    assert [(one.id, one.verdict, one.score) for one in record.weighed] == [
        ("greeting", "possible", 0.8), ("coupon5", "chosen", pytest.approx(1.7)), ("coupon10", "possible", 0.5),
        (NOTHING, "possible", 0.0),
    ]  # fmt: skip
    assert record.arm == "treated"
    assert record.policy == plain().policy.hash
    assert [one.zh for one in made.reasons] == ["30 天以上没有下单"]


def test_the_context_keeps_what_was_read_and_no_more() -> None:
    record = plain().decide(context(traits=SILENT | {"person.orders.count.30d": 7}), {}, [])
    assert set(record.context.traits) == set(plain().reads)
    assert record.context.traits["person.refunds.ratio_spend.180d"] is None


CASES: list[Any] = [
    pytest.param({"erased": True}, {"coupon5": [("erased", "erased")]}, id="erased-and-nothing-else-is-said"),
    pytest.param({"consents": {"message": False}}, {"coupon5": [("consent", "message")]}, id="withdrawn"),
    pytest.param({"consents": {}}, {"coupon5": [("consent", "message")]}, id="never-given"),
    pytest.param({"traits": SILENT | {COMPLAINTS: 1}}, {"greeting": [("rule", "open_complaint")],
                 "coupon5": [("rule", "open_complaint")]}, id="excluded"),
    pytest.param({"traits": SILENT | {SINCE: DAY}}, {"greeting": [("rule", "long_silent")]}, id="required"),
    pytest.param({"traits": {COMPLAINTS: 0}}, {"coupon5": [("rule", "long_silent")]}, id="unknown-is-not-required"),
    pytest.param({"traits": {SINCE: 40 * DAY}}, {"greeting": [], "coupon5": []}, id="unknown-does-not-exclude"),
    pytest.param({"traits": SILENT | {VIEWS: 21}}, {"greeting": [], "coupon5": [("rule", "still_looking")]},
                 id="of-some-offers"),
    pytest.param({"personalise": False}, {"coupon5": [("personalise", "long_silent")]}, id="personalisation-off"),
    pytest.param({"consents": {"message": True, "personalise": False}}, {"coupon5": [("personalise", "long_silent")]},
                 id="personalisation-withdrawn"),
    pytest.param({"consents": {"message": True, "analyse": False}}, {"coupon5": [("personalise", "long_silent")]},
                 id="analysis-withdrawn"),
    pytest.param({"facts": (("minor", True),)}, {"greeting": [("fairness", "minor")],
                 "coupon5": [("fairness", "minor")]}, id="a-minor"),
    pytest.param({"facts": (("distress", True), ("minor", False))}, {"coupon5": [("fairness", "distress")]},
                 id="in-distress"),
    pytest.param({"consents": {}, "traits": SILENT | {COMPLAINTS: 1}, "facts": (("minor", True),)},
                 {"coupon5": [("consent", "message"), ("fairness", "minor"), ("rule", "open_complaint")]},
                 id="all-that-refuses-in-order"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_what_refuses(changes: dict[str, Any], expected: dict[str, list[tuple[str, str]]]) -> None:
    weighed = plain().weigh(context(**changes), {}, [])
    assert {name: refused(weighed)[name] for name in expected} == expected
    for one in weighed:
        assert (one.verdict == "refused") == bool(one.refusals) == (one.score is None)
        assert one.propensity == 0 or one.verdict == "possible"
        assert all(why.zh and why.en for why in one.refusals)
    if all(refused(weighed)[one] for one in ("greeting", "coupon5", "coupon10")):
        record = plain().decide(context(**changes), {}, [])
        assert (record.decision.chosen, record.decision.propensity) == ((NOTHING,), 1.0)


LIMITED: list[Any] = [
    pytest.param(WEEK, {"used": 2, "resets_ms": T + DAY},
                 "每人每周营销触达：7 天内最多 2 次，已用 2 次，11月16日 06:13 恢复",
                 "Marketing contacts a person a week: at most 2 contacts in 7 days, 2 contacts used,"
                 " more on 16 Nov 06:13", id="used-up"),
    pytest.param(WEEK, {"used": 1, "reserved": 1}, "每人每周营销触达：7 天内最多 2 次，已用 2 次（其中 1 次待定）",
                 "Marketing contacts a person a week: at most 2 contacts in 7 days, 2 contacts used (1 contact of it"
                 " pending)", id="reserved"),
    pytest.param(WEEK, {"cap": 1, "used": 3}, "每人每周营销触达：7 天内最多 1 次，已用 3 次",
                 "Marketing contacts a person a week: at most 1 contact in 7 days, 3 contacts used", id="lowered"),
    pytest.param(MONEY, {"used": 300}, "每人每月优惠金额：本月最多 4 元，已用 3 元，这次要 1.50 元，只剩 1 元",
                 "Coupon money a person a month: at most ¥4 a month, ¥3 used; this asks ¥1.50, ¥1 is left", id="money"),
    pytest.param(NIGHT, {}, "夜间不打扰：22:00–08:00 不发，11月15日 08:00 恢复",
                 "Quiet hours: nothing from 22:00 to 08:00, more on 15 Nov 08:00", id="hours"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "room", "zh", "en"), LIMITED)
def test_a_limit_says_what_it_had_and_when_it_has_more(limit: Limit, room: dict[str, Any], zh: str, en: str) -> None:
    weighed = {one.id: one for one in plain().weigh(context(), rooms(limit, **room), [limit])}
    (why,) = weighed["coupon5"].refusals
    assert (why.by, why.name, why.account, why.zh, why.en) == ("limit", limit.name, "a" * 32, zh, en)
    assert why.asked == (150 if limit.uses == "cost" else 1)
    assert why.free < why.asked
    assert (weighed["greeting"].verdict == "refused") == (limit is not MONEY)


@pytest.mark.parametrize(
    ("limit", "room", "at_ms"),
    [pytest.param(WEEK, {"used": 1}, T, id="room"), pytest.param(MONEY, {"used": 50}, T, id="exactly-enough"),
     pytest.param(NIGHT, {}, T + 4 * 3_600_000, id="by-day")],
)  # fmt: skip
def test_a_limit_with_room_refuses_nothing(limit: Limit, room: dict[str, Any], at_ms: int) -> None:
    weighed = plain().weigh(context(at_ms=at_ms), rooms(limit, **room), [limit])
    assert not weighed[1].refusals


def test_a_limit_whose_room_nobody_knows_refuses() -> None:
    weighed = plain().weigh(context(), {}, [WEEK])
    assert refused(weighed)["greeting"] == [("limit", "contacts_week")]
    assert "读不到余量" in weighed[0].refusals[0].zh


def test_what_its_value_depends_on_may_be_unknown() -> None:
    ten = {one.id: one for one in plain().weigh(context(traits={COMPLAINTS: 0}), {}, [])}["coupon10"]
    assert ten.value is not None
    assert ten.value.value == 4.0  # as the policy says for the unknown
    lacking = compile_policy(policy(TEXT.replace("value_unknown = 4.0\n", "")))
    weighed = lacking.weigh(context(traits={COMPLAINTS: 0}), {}, [])
    assert ("rule", "value") in refused(weighed)["coupon10"]


def test_an_interval_is_as_the_policy_states() -> None:
    values = {one.id: one.value for one in plain().weigh(context(), {}, []) if one.value}
    assert [(one.low, one.value, one.high, one.unit) for one in (values["coupon5"], values["coupon10"])] == [
        (1.1, 3.2, 5.3, "yuan"), (pytest.approx(1.2), 4.0, pytest.approx(6.8), "yuan"),
    ]  # fmt: skip


def test_doing_nothing_wins_what_brings_nothing_and_ties_go_to_the_cheapest_then_the_first() -> None:
    text = TEXT.replace("value = 0.8", "value = 0")
    ties = text.replace("value = 3.2\n", "value = 1.5\n").replace("cost_yuan = 3.5", "cost_yuan = 9")
    weighed = compile_policy(policy(ties)).weigh(context(), {}, [])
    assert [one.score for one in weighed] == [0.0, 0.0, -5.0, 0.0]
    assert max(weighed, key=lambda one: one.propensity).id == NOTHING
    same = TEXT.replace("value = 0.8", "value = 1.7")
    weighed = compile_policy(policy(same)).weigh(context(), {}, [])
    assert max(weighed, key=lambda one: one.propensity).id == "greeting"


def test_whoever_switched_personalisation_off_is_treated_as_everybody_who_did() -> None:
    text = TEXT.replace('when = "person_spend_since_last_life > 30 * DAY"\neffect = "require"',
                        'when = "person_complaints_count_180d > 5"\neffect = "exclude"')  # fmt: skip
    compiled = compile_policy(policy(text.replace("explore = 0.05", "explore = 0.5")))
    lists, chosen = set(), Counter[str]()
    for number in range(300):
        traits = {SINCE: number * DAY, COMPLAINTS: number % 9, VIEWS: number}
        record = compiled.decide(context(party=f"person::p{number}", traits=traits, personalise=False), {}, [])
        bare = [msgspec.structs.replace(one, verdict="possible") for one in record.weighed]
        lists.add(msgspec.json.encode(bare))
        assert record.context.traits == {}
        if record.arm != "holdout":
            chosen[record.decision.chosen[0]] += 1
    assert len(lists) == len(chosen) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0, 0.9), st.floats(0, 0.5), st.integers(0, 2),
    st.fixed_dictionaries({SINCE: st.sampled_from([None, DAY, 99 * DAY]), VIEWS: st.sampled_from([0, 99])}),
)  # fmt: skip
def test_propensities_are_the_chances_of_all_that_chance_can_do(
    holdout: float, explore: float, used: int, traits: dict[str, Any]
) -> None:
    compiled = plain(holdout=f"{holdout!r}\nholdout_reason = 'x'", explore=repr(explore))
    weighed = compiled.weigh(context(traits=traits), rooms(WEEK, used=used), [WEEK])
    possible = [one for one in weighed if one.verdict != "refused"]
    best = max(possible, key=lambda one: (one.score or 0.0, one.id == NOTHING))
    chance: Counter[str] = Counter()
    chance[NOTHING] += holdout  # type: ignore[assignment]  # kept out
    chance[best.id] += (1 - holdout) * (1 - explore)  # type: ignore[assignment]  # the best
    for one in possible:
        chance[one.id] += (1 - holdout) * explore / len(possible)  # type: ignore[assignment]  # by chance
    assert sum(one.propensity for one in weighed) == pytest.approx(1)
    for one in weighed:
        assert one.propensity == pytest.approx(chance[one.id])


def test_what_is_chosen_is_as_often_as_its_propensity_says() -> None:
    compiled = plain(holdout="0.2", explore="0.3")
    count, chosen, arms = 6_000, Counter[str](), Counter[str]()
    for number in range(count):
        record = compiled.decide(context(party=f"person::p{number}"), {}, [])
        chosen[record.decision.chosen[0]] += 1
        arms[record.arm] += 1
        assert record.decision.propensity == next(one.propensity for one in record.weighed if one.verdict == "chosen")
    for one in record.weighed:
        assert abs(chosen[one.id] - count * one.propensity) < 4 * np.sqrt(count * one.propensity * (1 - one.propensity))
    assert abs(arms["holdout"] / count - 0.2) < 0.02
    assert abs(arms["explore"] / count - 0.8 * 0.3) < 0.022


def test_buckets_are_even_stand_still_and_differ_by_policy() -> None:
    count, bins = 100_000, 50
    drawn = np.array([bucket("winback", f"person::p{number}") for number in range(count)])
    seen = np.bincount((drawn * bins).astype(int), minlength=bins)
    assert ((seen - count / bins) ** 2 / (count / bins)).sum() < 85.35  # chi-square, 49 degrees, 0.001
    assert drawn.min() >= 0
    assert drawn.max() < 1
    other = np.array([bucket("care", f"person::p{number}") for number in range(5_000)])
    assert abs(np.corrcoef(drawn[:5_000], other)[0, 1]) < 0.05
    assert bucket("winback", "person::p1") == 0.5887766189196165


def test_the_arm_follows_from_the_bucket_and_chance_is_drawn_anew_each_day() -> None:
    one = policy(TEXT.replace("explore = 0.05", "explore = 0.5"))
    people = [f"person::p{number}" for number in range(400)]
    assert all((arm_of(one, party) == "holdout") == (bucket("winback", party) < 0.10) for party in people)
    days = [[arm_of(one, party, at_ms=T + day * DAY) for party in people] for day in range(2)]
    assert {arm for day in days for arm in day} == {"holdout", "explore", "treated"}
    assert [arm == "holdout" for arm in days[0]] == [arm == "holdout" for arm in days[1]]
    assert days[0] != days[1]
    assert days[0] == [arm_of(one, party, at_ms=T + 3_600_000) for party in people]


@pytest.mark.parametrize("changes", [{}, {"traits": SILENT | {COMPLAINTS: 1}}, {"erased": True}])
def test_a_decision_is_as_the_class_makes_and_checks_it(changes: dict[str, Any]) -> None:
    made = plain(explore="0.5").decide(context(**changes), {}, []).decision
    fields = {one.name: getattr(made, one.name) for one in dataclasses.fields(made)}
    assert Decision.made(**{name: value for name, value in fields.items() if name != "id"}) == made
    with pytest.raises(DataError, match="at_ms"):
        plain().decide(context(at_ms=1_700_000_000), {}, [])
    with pytest.raises(DataError):
        plain().decide(context(party="somebody"), {}, [])


@pytest.mark.parametrize("changes", [{}, {"erased": True}, {"personalise": False}, {"facts": (("minor", True),)}])
def test_the_same_gives_the_same_bytes(changes: dict[str, Any]) -> None:
    held = rooms(WEEK, used=1) | rooms(MONEY)
    first = record_bytes(plain().decide(context(**changes), held, [WEEK, MONEY]))
    again = context(**(changes | {"traits": dict(reversed(SILENT.items()))}))
    assert record_bytes(plain().decide(again, dict(reversed(held.items())), [WEEK, MONEY])) == first
    assert record_bytes(read_record(first)) == first


def test_an_assignment_concludes_with_another_choice() -> None:
    compiled = plain(holdout="0.1", explore="0.1")
    weighed = compiled.weigh(context(), {}, [])
    record = compiled.conclude(context(), {}, weighed, "greeting", arm="treated", mode="shadow")
    assert (record.decision.chosen, record.decision.mode) == (("greeting",), "shadow")
    assert record.decision.propensity == pytest.approx(0.9 * (0.9 + 0.1 / 4))
    assert sum(one.propensity for one in record.weighed) == pytest.approx(1)
    assert [one.id for one in record.weighed if one.verdict == "chosen"] == ["greeting"]
    kept = compiled.conclude(context(), {}, weighed, NOTHING, arm="holdout", propensity=0.125)
    assert (kept.decision.propensity, kept.decision.params) == (0.125, ())
    with pytest.raises(DataError, match="not possible"):
        compiled.conclude(context(), {}, compiled.weigh(context(erased=True), {}, []), "greeting", arm="treated")


def test_behaviour_makes_the_cell_and_who_it_is_does_not() -> None:
    compiled = plain()
    same = {compiled.cell(context(party=f"person::p{number}", at_ms=T + number)) for number in range(5)}
    assert len(same) == 1
    assert compiled.cell(context(traits=SILENT | {SINCE: 41 * DAY})) in same  # no rule tells them apart
    assert compiled.cell(context(traits=SILENT | {VIEWS: 30})) not in same


def test_what_could_not_be_used_and_what_is_to_be_noted_is_said() -> None:
    traits = SILENT | {"person.refunds.ratio_spend.180d": 0.9}
    said = plain().decide(context(traits={name: traits[name] for name in traits if name != COMPLAINTS}), {}, [])
    assert [(one.evidence[0], one.weight) for one in said.decision.reasons] == [
        ("long_silent", 1.0), ("often_refunded", -1.0), ("open_complaint", 0.0)
    ]  # fmt: skip


def test_threads_that_share_a_policy_decide_as_one_does() -> None:
    compiled = plain(explore="0.2")
    contexts = [context(party=f"person::p{number}", traits=SILENT | {VIEWS: number % 40}) for number in range(300)]

    def decided(some: list[Context]) -> list[bytes]:
        return [record_bytes(compiled.decide(one, {}, [])) for one in some]

    alone = decided(contexts)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(decided, [contexts] * 4)) == [alone] * 4


@pytest.mark.parametrize("effect", ["require", "exclude"])
def test_a_rule_that_fails_lets_nothing_pass(effect: str) -> None:
    text = TEXT.replace('"person_complaints_count_180d > 0"\neffect = "exclude"',
                        f'"10 / person_complaints_count_180d > 99"\neffect = "{effect}"')  # fmt: skip
    weighed = compile_policy(policy(text)).weigh(context(), {}, [])
    assert refused(weighed)["greeting"] == [("rule", "open_complaint")]
    assert "算不出结果" in weighed[0].refusals[0].zh


def test_a_cost_that_is_not_known_or_below_nothing_refuses() -> None:
    text = TEXT.replace("cost_yuan = 3.5", 'cost_yuan = "person_refunds_ratio_spend_180d * 10.0"')
    compiled = compile_policy(policy(text))
    assert refused(compiled.weigh(context(), {}, []))["coupon10"] == [("rule", "cost")]
    for ratio, fen in ((0.25, 250), (0.3333, 333), (-0.1, None)):
        known = context(traits=SILENT | {"person.refunds.ratio_spend.180d": ratio})
        ten = {one.id: one for one in compiled.weigh(known, {}, [])}["coupon10"]
        assert (ten.cost, ten.verdict) == ((fen, "possible") if fen is not None else (0, "refused"))
