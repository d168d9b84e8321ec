"""The story of a decision and the word to the person: golden texts in `golden/`, and what they may never hold."""

import os
from pathlib import Path
from typing import Any

import pytest

from guanxi.decisions import (
    Context,
    Limit,
    Record,
    Room,
    compile_policy,
    for_person,
    read_policy,
    shipped_limits,
    story,
)
from guanxi.decisions.story import shown_trait
from guanxi.traits import shipped_traits

HERE = Path(__file__).parent / "golden"
TEXT = (Path(__file__).parents[2] / "examples" / "policies" / "winback.toml").read_text("utf-8")
POOR = (
    TEXT.replace("= 0.8", "= -1").replace("= 3.2", "= 1.1").replace("6.5 : 4.0", "1.0 : 1.0")
)  # worth less than it costs
T = 1_700_020_800_000  # 2023-11-15 12:00 in China
DAY = 86_400_000
SILENT: dict[str, Any] = {
    "person.spend.since_last.life": 40 * DAY, "person.complaints.count.180d": 0, "person.product_views.count.7d": 3,
    "person.refunds.ratio_spend.180d": 0.25,
}  # fmt: skip
LIMITS: dict[str, Limit] = {name: shipped_limits()[name] for name in ("contacts_week", "coupon_money_person")}


def decided(*, used: int = 0, arm: str = "treated", policy: str = TEXT, **changes: Any) -> Record:
    """A record of the example; the party is one that falls into the arm."""
    compiled = compile_policy(read_policy(policy, shipped_traits(), name="winback"))
    rooms = {
        (limit.name, offer.id): Room(limit=limit.name, account="a" * 32, cap=limit.cap, used=used, resets_ms=T + DAY)
        for limit in LIMITS.values() for offer in compiled.policy.offers
        if limit.name == "contacts_week" or offer.kind == "coupon"
    }  # fmt: skip
    for number in range(1_000):
        said: dict[str, Any] = {"party": f"person::p{number}", "at_ms": T, "known": 1_234, "traits": SILENT,
                                "consents": {"message": True}} | changes  # fmt: skip
        record = compiled.decide(Context(**said), rooms, list(LIMITS.values()))
        if record.arm == arm and (arm != "explore" or record.decision.acts):
            return record
    raise AssertionError(f"nobody falls into {arm}")


CASES: list[Any] = [
    pytest.param({}, id="chosen"),
    pytest.param({"arm": "holdout"}, id="holdout"),
    pytest.param({"arm": "explore"}, id="explore"),
    pytest.param({"used": 2}, id="used_up"),
    pytest.param({"consents": {"message": False}}, id="withdrawn"),
    pytest.param({"personalise": False}, id="personalisation_off"),
    pytest.param({"erased": True}, id="erased"),
    pytest.param({"facts": (("minor", True),)}, id="minor"),
]


@pytest.mark.parametrize("changes", CASES)
def test_the_story_reads_as_written_down(changes: dict[str, Any], request: pytest.FixtureRequest) -> None:
    record = decided(**changes)
    parts = []
    for lang in ("zh", "en"):
        parts += [story(record, LIMITS.values(), lang=lang).text(), for_person(record, lang)]  # type: ignore[arg-type]
    told, path = "\n\n---\n\n".join(parts) + "\n", HERE / f"story_{request.node.callspec.id}.txt"
    if os.environ.get("GUANXI_GOLDEN") == "write":
        path.write_text(told, "utf-8")
    assert told == path.read_text("utf-8")


@pytest.mark.parametrize("changes", CASES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_person_hears_no_internals(changes: dict[str, Any], lang: Any) -> None:
    record = decided(**changes)
    told = for_person(record, lang)
    inner = [record.decision.party, record.policy[:12], "winback", "contacts_week", "1.70", "0.0", "%", "分桶",
             "bucket", *(one.name for one in LIMITS.values()), *record.context.traits]  # fmt: skip
    assert not [word for word in inner if word in told]
    assert told.strip()


def test_the_story_says_which_offer_was_refused_by_what_and_how_sure_values_are() -> None:
    record = decided(used=2)
    told = story(record, LIMITS.values(), lang="zh")
    text = told.text()
    assert "7 天内最多 2 次，已用 2 次，11月16日 12:00 恢复" in text
    assert "90% 区间 0.32–1.28" in text
    assert [one.key for one in told.sections] == ["what", "why", "seen", "else", "limits", "chance", "policy"]
    assert text.count("：不能选") == 3


def test_a_limit_that_is_gone_is_told_by_its_name() -> None:
    assert "contacts_week：上限 2，已用 0，待定 0" in story(decided(), [], lang="zh").text()


def test_an_assignment_that_gave_less_than_the_best_says_so() -> None:
    compiled = compile_policy(read_policy(TEXT, shipped_traits(), name="winback"))
    context = Context(party="person::p0", at_ms=T, traits=SILENT, consents={"message": True})
    record = compiled.conclude(context, {}, compiled.weigh(context, {}, []), "greeting", arm="treated", mode="auto")
    assert "按预算分配得到" in story(record, [], lang="zh").text()
    assert "自动选出" in for_person(record, "zh")


@pytest.mark.parametrize(
    ("policy", "chosen", "arm", "why", "word"),
    [
        pytest.param(TEXT, "none", "treated", "这次没有分到", "没有轮到你", id="the-budget-went-to-others"),
        pytest.param(TEXT, "none", "explore", "随机挑的", "随机决定不联系你", id="by-chance"),
        pytest.param(POOR,
                     "none", "treated", "没有一项带来的多于花费", "没有合适的内容", id="nothing-is-worth-it"),
    ],
)  # fmt: skip
def test_why_nothing_was_chosen(policy: str, chosen: str, arm: Any, why: str, word: str) -> None:
    compiled = compile_policy(read_policy(policy, shipped_traits(), name="winback"))
    context = Context(party="person::p0", at_ms=T, traits=SILENT, consents={"message": True})
    record = compiled.conclude(context, {}, compiled.weigh(context, {}, []), chosen, arm=arm)
    assert why in story(record, [], lang="zh").text()
    assert word in for_person(record, "zh")
    assert for_person(record, "en").isascii()


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (None, "count", "未知", "unknown"), (3, "count", "3", "3"), (1250, "money", "12.50 元", "¥12.50"),
        (36 * 3_600_000, "ms", "1.5 天", "1.5 days"), (0.314, "ratio", "31.4%", "31.4%"), ("jd", "name", "jd", "jd"),
        (2.5, "bits", "2.5", "2.5"),
    ],
)  # fmt: skip
def test_a_trait_is_told_in_its_unit(value: Any, unit: str, zh: str, en: str) -> None:
    assert (shown_trait(value, unit, "zh"), shown_trait(value, unit, "en")) == (zh, en)
