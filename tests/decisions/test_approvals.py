"""Approvals: who may vote, how many it takes, when it ends, and what nobody can propose."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guanxi.core import DataError, Refused
from guanxi.decisions import (
    Approval,
    ApprovalDetail,
    ApprovalLimit,
    ApprovalOffer,
    ApprovalRules,
    Vote,
    amended,
    check_vote,
    needs_of,
    outcome,
    proposed,
)

T = 1_767_225_600_000
HOUR = 3_600_000
RULES = ApprovalRules()
DETAIL = ApprovalDetail(
    offers=(ApprovalOffer(id="c5", zh="5 元券", en="5 yuan off", kind="coupon", people=800, cost=400_000),),
    audience_zh="护肤快用完的人", audience_en="people who run out of cream", asked=1_000, from_ms=T, to_ms=T + HOUR,
)  # fmt: skip


def made(*, people: int = 800, cost: int = 400_000, rules: ApprovalRules = RULES, detail: ApprovalDetail = DETAIL,
         who: str = "zhou.ning") -> Approval:  # fmt: skip
    return proposed(kind="run", object="r1", title_zh="补货提醒", title_en="Refill", detail=detail, who=who,
                    people=people, cost=cost, rules=rules, now_ms=T)  # fmt: skip


def vote(approval: Approval, who: str, ballot: Any = "approve", at_ms: int = T + 1) -> Vote:
    reason = "太贵" if ballot == "refuse" else ""
    return Vote(who=who, ballot=ballot, at_ms=at_ms, content=approval.content, reason=reason)


@pytest.mark.parametrize(("people", "cost", "needs"), [
    pytest.param(1_000, 1_000_000, 1, id="at-both-lines"),
    pytest.param(1_001, 0, 2, id="one-person-over"),
    pytest.param(0, 1_000_001, 2, id="one-fen-over"),
])  # fmt: skip
def test_four_eyes_above_a_line_of_people_or_money(people: int, cost: int, needs: int) -> None:
    assert needs_of(people, cost, rules=RULES) == needs
    assert made(people=people, cost=cost).needs == needs


@pytest.mark.parametrize(("needs", "ballots", "state", "missing"), [
    pytest.param(1, [], "open", 1, id="nobody-voted"),
    pytest.param(1, [("lin", "approve")], "approved", 0, id="one-is-enough"),
    pytest.param(2, [("lin", "approve")], "open", 1, id="second-person-needed"),
    pytest.param(2, [("lin", "approve"), ("lin", "approve")], "open", 1, id="one-person-counts-once"),
    pytest.param(2, [("lin", "approve"), ("he", "approve")], "approved", 0, id="two-people"),
    pytest.param(2, [("lin", "approve"), ("he", "refuse")], "refused", 0, id="one-refusal-ends-it"),
    pytest.param(1, [("zhou.ning", "approve")], "open", 1, id="the-proposer-does-not-count"),
    pytest.param(1, [("zhou.ning", "refuse")], "open", 1, id="nor-refuses"),
])  # fmt: skip
def test_what_votes_amount_to(needs: int, ballots: list[tuple[str, str]], state: str, missing: int) -> None:
    approval = replace(made(), needs=needs)
    found = outcome(approval, [vote(approval, *one) for one in ballots], now_ms=T + 2)
    assert (found.state, found.missing) == (state, missing)


VOTES = st.lists(st.tuples(st.sampled_from(["zhou.ning", "lin", "he", "wu"]), st.sampled_from(["approve", "refuse"]),
                           st.integers(T, T + 80 * HOUR), st.booleans()), max_size=6)  # fmt: skip


@given(VOTES, st.integers(1, 2), st.randoms(), st.integers(T, T + 90 * HOUR))
def test_the_order_of_votes_does_not_matter_and_the_proposer_never_decides(
    drawn: list[tuple[str, Any, int, bool]], needs: int, random: Any, now_ms: int
) -> None:
    approval = replace(made(), needs=needs)
    votes = [
        replace(vote(approval, who, ballot, at), content=approval.content if same else "0" * 32)
        for who, ballot, at, same in drawn
    ]
    found = outcome(approval, votes, now_ms=now_ms)
    mixed = votes.copy()
    random.shuffle(mixed)
    assert outcome(approval, mixed, now_ms=now_ms) == found
    assert outcome(approval, [one for one in votes if one.who != approval.who], now_ms=now_ms) == found
    assert (found.state == "approved") <= (len(found.yes) >= needs)
    assert (found.state == "open") == (found.missing > 0)


def test_it_lapses_on_the_millisecond() -> None:
    approval = made()
    assert approval.until_ms == T + RULES.lapse_ms
    assert outcome(approval, [], now_ms=approval.until_ms - 1).state == "open"
    assert outcome(approval, [], now_ms=approval.until_ms).state == "lapsed"
    late = vote(approval, "lin", at_ms=approval.until_ms)
    assert outcome(approval, [late], now_ms=approval.until_ms).state == "lapsed"
    with pytest.raises(Refused, match="lapsed"):
        check_vote(approval, [], late)


def test_a_change_of_what_is_proposed_voids_the_votes() -> None:
    before = made(people=1_500)
    votes = [vote(before, "lin")]
    after = amended(before, detail=DETAIL, people=1_400, cost=before.cost, rules=RULES)
    assert outcome(before, votes, now_ms=T + 2).yes == ("lin",)
    found = outcome(after, votes, now_ms=T + 2)
    assert (found.yes, found.missing, found.void) == ((), 2, ("lin",))
    check_vote(after, votes, vote(after, "lin"))  # who voted on what it was may vote on what it is
    with pytest.raises(Refused, match="changed after you opened it"):
        check_vote(after, votes, vote(before, "he"))


@pytest.mark.parametrize(("change", "words"), [
    pytest.param({"who": "zhou.ning"}, "does not decide", id="own"),
    pytest.param({"who": "lin"}, "already", id="twice"),
    pytest.param({"who": "he", "content": "0" * 32}, "changed", id="saw-something-else"),
])  # fmt: skip
def test_votes_that_may_not_be_cast(change: dict[str, str], words: str) -> None:
    approval = made(people=2_000)
    with pytest.raises(Refused, match=words):
        check_vote(approval, [vote(approval, "lin")], replace(vote(approval, "wu"), **change))


def test_nobody_votes_on_what_has_ended() -> None:
    ended = replace(made(), state="refused")
    assert outcome(ended, [], now_ms=T).state == "refused"
    with pytest.raises(Refused, match="refused"):
        check_vote(ended, [], vote(ended, "lin"))


def test_a_refusal_says_why() -> None:
    with pytest.raises(DataError, match="no reason"):
        Vote(who="lin", ballot="refuse", at_ms=T, content="", reason="  ")


def test_the_blast_radius_is_a_hard_line() -> None:
    assert made(people=RULES.most_people).needs == 2
    with pytest.raises(Refused, match="200,001 people") as refused:
        made(people=RULES.most_people + 1)
    assert "most_people" in refused.value.mend
    with pytest.raises(Refused):
        amended(made(), detail=DETAIL, people=RULES.most_people + 1, cost=0, rules=RULES)


def test_a_limit_that_counts_people_binds_too() -> None:
    limit = ApprovalLimit(name="people_a_day", zh="每日人数", en="people a day", unit="people", cap=1_000, used=150,
                          reserved=50, asked=800)  # fmt: skip
    assert limit.after == 0
    made(detail=replace(DETAIL, limits=(limit,)))
    tight = replace(DETAIL, limits=(replace(limit, reserved=51),))
    with pytest.raises(Refused, match="799 of 1,000 people left"):
        made(detail=tight)
