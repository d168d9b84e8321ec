"""Runs of policies over a workspace: limits bind, consent and rights are obeyed, nothing is half-written."""

from collections import Counter
from datetime import date

import pytest

from guanxi.actions import Outgoing
from guanxi.app import Workspace
from guanxi.app.approving import vote
from guanxi.app.care import erase
from guanxi.app.deciding import decide_one, run_policy
from guanxi.app.decision_replay import replay_decision
from guanxi.app.fairness_audit import run_parity
from guanxi.app.policies import load_policy, policy_files, save_policy, template, template_names
from guanxi.app.sending_people import Watch
from guanxi.core import DAY_MS, DataError, NotFound, Refused, SettingError, midnight_ms
from guanxi.decisions import NOTHING, Record, arm_of
from guanxi.engines.control import Run
from guanxi.events import RawEvent

from .conftest import ANN, BUYERS, NOW, POLICY, limit, look, paid, said, told


def run(workspace: Workspace, people: list[str] = BUYERS, **fields: object) -> Run:
    asked = {"now_ms": NOW, "send": True, "audience": "全部", "who": "ann", **fields}
    return run_policy(workspace, "winback", people, **asked)  # type: ignore[arg-type]


def records(workspace: Workspace, one: Run) -> dict[str, Record]:
    return {record.context.party: record for _, record in workspace.control.decisions.records(run=one.id)}


def sent(workspace: Workspace, one: Run) -> list[Outgoing]:
    return [row for _, row in workspace.control.outbox.page(run=one.id, limit=100)]


def test_a_run_decides_about_everybody_once_and_reserves_what_it_uses(buyers: Workspace) -> None:
    one = run(buyers, [*BUYERS, *BUYERS[:5]])
    found = records(buyers, one)
    assert set(found) == set(BUYERS)
    arms = Counter(record.arm for record in found.values())
    assert one.counts["people"] == 60
    assert {arm: one.counts.get(arm, 0) for arm in arms} == arms
    policy, _ = load_policy(buyers, "winback")
    assert {who for who, record in found.items() if record.arm == "holdout"} == {
        who for who in BUYERS if arm_of(policy, who) == "holdout"
    }
    acting = [record for record in found.values() if record.decision.acts]
    assert all(record.decision.chosen == (NOTHING,) for record in found.values() if record.arm == "holdout")
    assert len(acting) == one.counts["acting"] == len(sent(buyers, one))
    assert (one.state, one.send) == ("sending", True)
    assert buyers.control.ledger.audit().is_sound
    assert all(buyers.control.decisions.kept(record.decision.id).is_proved for record in acting[:5])


def test_the_same_again_finds_the_week_full(buyers: Workspace) -> None:
    run(buyers)
    again = records(buyers, run(buyers))
    refusals = Counter(why.name for record in again.values() for one in record.weighed for why in one.refusals)
    acted = sum(record.decision.acts for record in again.values())
    assert acted < 20  # only whom the hold-out or chance had left alone... of the first run
    assert refusals["contacts_day"] > 60


def test_a_budget_holds_to_the_fen_and_goes_where_it_brings_most(buyers: Workspace) -> None:
    limit(buyers, "test_budget", cap=2_000, uses="cost")  # ten coupons
    one = run(buyers)
    found = records(buyers, one)
    coupons = [record for record in found.values() if record.decision.chosen == ("coupon",)]
    assert one.counts["cost_fen"] == 200 * len(coupons) <= 2_000
    planned = [record for record in coupons if record.arm == "treated"]
    assert planned
    assert all((record.context.traits["person.product_views.count.7d"] or 0) > 1 for record in planned)  # type: ignore[operator]
    bar = next(
        room for record in reversed(list(found.values())) for room in record.rooms if room.limit == "test_budget"
    )
    assert bar.cap == 2_000


def test_a_limit_of_people_that_all_offers_share(buyers: Workspace) -> None:
    limit(buyers, "reach_day", unit="people", per=("policy",), window="day", cap=7)
    one = run(buyers)
    assert one.counts["acting"] <= 7
    assert one.counts["acting"] >= 5


def test_what_could_have_been_chosen_was_likely_to_one(buyers: Workspace) -> None:
    limit(buyers, "test_budget", cap=1_000, uses="cost")  # five coupons for some twenty who are alike
    found = records(buyers, run(buyers))
    for record in found.values():
        possible = [one for one in record.weighed if one.verdict != "refused"]
        assert sum(one.propensity for one in possible) == pytest.approx(1)
        assert all(one.propensity >= 0 for one in possible)
        assert record.decision.propensity == next(one.propensity for one in possible if one.verdict == "chosen")
    drawn = [record for record in found.values() if record.odds]
    assert {record.planned for record in drawn} >= {"coupon", "hello"}
    shares = Counter(
        record.planned for record in drawn
        if record.context.traits["person.product_views.count.7d"] == 2 and record.arm == "treated"
    )  # fmt: skip
    one = next(record for record in drawn if record.context.traits["person.product_views.count.7d"] == 2)
    assert one.odds["coupon"] == pytest.approx(shares["coupon"] / shares.total())


def test_a_dry_run_uses_nothing_and_holds_the_limits_within_itself(buyers: Workspace) -> None:
    limit(buyers, "test_budget", cap=1_000, uses="cost")
    one = run(buyers, send=False)
    assert 0 < one.counts["cost_fen"] <= 1_000
    assert all(row.dry and not row.hold for row in sent(buyers, one))
    again = run(buyers, send=False)
    assert again.counts["cost_fen"] == one.counts["cost_fen"]


def test_a_proposal_waits_and_goes_when_somebody_else_agrees(buyers: Workspace) -> None:
    one = run(buyers, mode="propose")
    assert one.state == "waiting"
    [approval] = buyers.control.approvals.page(limit=10)
    assert (approval.object, approval.who, approval.people) == (one.id, "ann", one.counts["acting"])
    assert approval.detail.forecast is not None
    assert sum(offer.people for offer in approval.detail.offers) == approval.people
    assert {row.state for row in sent(buyers, one)} == {"waiting"}
    with pytest.raises(Refused):
        vote(buyers.control, approval.id, ballot="approve", who="ann", content=approval.content, now_ms=NOW)
    effect = vote(buyers.control, approval.id, ballot="approve", who="ben", content=approval.content, now_ms=NOW)
    assert effect.freed == approval.people
    assert {row.state for row in sent(buyers, one)} == {"ready"}


def test_loyal_and_new_people_who_behave_alike_get_the_same_offer(buyers: Workspace) -> None:
    loyal = BUYERS[20:40]  # who looked as often as BUYERS[40:]
    told(buyers, *(paid(who, -300) for who in loyal), *(paid(who, 35) for who in BUYERS[40:]))
    found = records(buyers, run(buyers))
    given = {who: found[who].planned for who in BUYERS[20:]}
    assert set(given.values()) == {"coupon"}
    limit(buyers, "half", cap=4_000, uses="cost")
    one = run(buyers, now_ms=NOW + 40 * DAY_MS)  # nobody has looked for weeks: all are alike, none may have it
    assert one.counts["acting"] == 0
    told(buyers, *(look(who, 79) for who in BUYERS[20:]))
    one = run(buyers, now_ms=NOW + 40 * DAY_MS)
    parity = run_parity(buyers, one.id)
    assert (parity.loyal + parity.others, parity.compared) == (len(BUYERS) - one.counts["holdout"], 1)
    assert 0 < parity.loyal_with + parity.others_with <= 20
    assert parity.difference is not None
    assert parity.difference.low <= 0 <= parity.difference.high
    odds = {tuple(sorted(record.odds.items())) for record in records(buyers, one).values() if record.odds}
    assert len(odds) == 1


def test_a_run_is_done_when_nothing_of_it_is_open(buyers: Workspace) -> None:
    one = run(buyers)
    assert buyers.control.runs.close_done(now_ms=NOW) == 0
    with buyers.control.transaction() as connection:
        buyers.control.outbox.withdraw_in(connection, run=one.id, now_ms=NOW)
    assert buyers.control.runs.close_done(now_ms=NOW + 5) == 1
    assert (buyers.control.runs.run(one.id).state, buyers.control.runs.run(one.id).ended_ms) == ("done", NOW + 5)


def test_a_refused_proposal_gives_back_all_that_it_reserved(buyers: Workspace) -> None:
    run(buyers, mode="propose")
    [approval] = buyers.control.approvals.page(limit=10)
    vote(buyers.control, approval.id, ballot="refuse", who="ben", content=approval.content, reason="太多", now_ms=NOW)
    standings = [one for _, one in buyers.control.ledger.standings(limit=1_000) if one.account.kind == "used"]
    assert standings
    assert all((one.balance, one.coming) == (0, 0) for one in standings)


def test_a_shadow_run_only_says(buyers: Workspace) -> None:
    one = run(buyers, mode="shadow")
    assert (one.state, sent(buyers, one)) == ("done", [])
    assert one.counts["acting"] > 0


@pytest.mark.parametrize(
    ("row", "by"),
    [
        pytest.param(said(ANN, "Consent Withdrawn", 38, purpose="message"), "consent:message", id="withdrawn"),
        pytest.param(said(ANN, "Personalisation Switched", 38, enabled=False), "personalise", id="switched-off"),
        pytest.param(said(ANN, "Tag Deleted", 38, tag="person.product_views.count.7d"), "rule:looked", id="tag"),
    ],
)
def test_what_people_say_is_obeyed_by_the_next_decision(buyers: Workspace, row: RawEvent, by: str) -> None:
    before = records(buyers, run(buyers, [ANN], send=False))[ANN]
    assert not any(one.refusals for one in before.weighed)
    told(buyers, row)
    after = records(buyers, run(buyers, [ANN], send=False))[ANN]
    assert not after.decision.acts
    said_by = {f"{why.by}:{why.name}" for one in after.weighed for why in one.refusals}
    assert any(one.startswith(by) for one in said_by)
    assert after.decision.propensity == 1.0


def test_consent_that_the_policy_asked_for_is_looked_at_again_before_sending(buyers: Workspace) -> None:
    text = POLICY.replace('mode = "auto"', 'mode = "auto"\npurposes = ["location"]').replace(
        "holdout = 0.2", "holdout = 0.01"
    )
    save_policy(buyers, "winback", text, who="test", replace=True)
    told(buyers, *(said(who, "Consent Given", 38, purpose="location") for who in BUYERS))
    rows = sent(buyers, run(buyers))
    made = decide_one(buyers, "winback", BUYERS[0], who="key:1", now_ms=NOW + 8 * DAY_MS, send=True)
    rows += [row for _, row in buyers.control.outbox.page() if row.decision == made.decision.id]
    assert all(Watch(buyers).guard(row, NOW) is None for row in rows)
    told(buyers, *(said(who, "Consent Withdrawn", 39, purpose="location") for who in BUYERS))
    assert {why.name for row in rows if (why := Watch(buyers).guard(row, NOW))} == {"location"}
    assert buyers.control.outbox.people("ready") == (len({row.party for row in rows}), None)


def test_an_erased_person_is_never_chosen_and_stands_in_no_record(buyers: Workspace) -> None:
    one = run(buyers)
    who = next(record.context.party for record in records(buyers, one).values() if record.decision.acts)
    erase(buyers, [who], reason="asked", send=True, who="test")
    assert who not in records(buyers, one)
    rows = sent(buyers, one)
    assert [row.state for row in rows if row.party == ""] == ["refused"]
    again = records(buyers, run(buyers, [who, BUYERS[1]]))
    assert not any(record.decision.acts for party, record in again.items() if party == who)


def test_one_decision_alone(buyers: Workspace) -> None:
    made = decide_one(buyers, "winback", BUYERS[3], who="key:1", now_ms=NOW, send=True)
    kept = buyers.control.decisions.kept(made.decision.id)
    assert kept.record == made
    assert bool(kept.hold) == made.decision.acts
    with pytest.raises(DataError, match="past"):
        decide_one(buyers, "winback", BUYERS[3], who="key:1", now_ms=NOW, at_ms=NOW - 1)


def test_asked_again_under_a_key_the_first_answer_comes_again(buyers: Workspace) -> None:
    made = decide_one(buyers, "winback", ANN, who="key:1", now_ms=NOW, send=True, ask="cart-7")
    again = decide_one(buyers, "winback", ANN, who="key:1", now_ms=NOW + 60_000, send=True, ask="cart-7")
    assert again == made
    assert len(buyers.control.decisions.records()) == 1
    assert replay_decision(buyers, made.decision.id).is_same
    with pytest.raises(Refused, match="somebody else"):
        decide_one(buyers, "winback", BUYERS[1], who="key:1", now_ms=NOW, ask="cart-7")


def test_two_questions_in_one_night_are_two_decisions(buyers: Workspace) -> None:
    night = NOW + 13 * 3_600_000
    asked = [decide_one(buyers, "winback", ANN, who="key:1", now_ms=night + at) for at in (0, 5, 5)]
    assert asked[0].decision.at_ms == asked[1].decision.at_ms
    assert asked[0].decision.id != asked[1].decision.id
    assert asked[1] == asked[2]
    assert len(buyers.control.decisions.records()) == 2
    assert all(replay_decision(buyers, one.decision.id).is_same for one in asked)


def test_at_night_it_happens_in_the_morning(buyers: Workspace) -> None:
    night = NOW + 13 * 3_600_000  # eleven in the evening
    one = run_policy(buyers, "winback", BUYERS[:5], audience="5", who="ann", now_ms=night, send=True)
    assert one.at_ms == midnight_ms(date(2026, 2, 11)) + 8 * 3_600_000
    at_once = run_policy(buyers, "winback", BUYERS[:5], audience="5", who="ann", now_ms=night, at_ms=night, send=True)
    refused = {
        why.name for record in records(buyers, at_once).values() for one in record.weighed for why in one.refusals
    }
    assert "quiet_hours" in refused


def test_a_policy_may_do_less_than_its_file_says_and_never_more(buyers: Workspace) -> None:
    save_policy(buyers, "careful", POLICY.replace('mode = "auto"', 'mode = "propose"'), who="test")
    with pytest.raises(Refused, match="may propose"):
        run_policy(buyers, "careful", BUYERS, audience="x", who="ann", now_ms=NOW, mode="auto")
    with pytest.raises(Refused, match="proposes"):
        decide_one(buyers, "careful", BUYERS[0], who="ann", now_ms=NOW)


def test_policy_files(buyers: Workspace) -> None:
    (buyers.folder / "policies" / "broken.toml").write_text("zh = 1", "utf-8")
    files = {one.name: one for one in policy_files(buyers)}
    assert files["winback"].offers == ("hello", "coupon")
    assert "broken" in files["broken"].wrong
    with pytest.raises(SettingError, match="there already"):
        save_policy(buyers, "winback", POLICY, who="test")
    with pytest.raises(NotFound, match="winback"):
        load_policy(buyers, "winbak")
    for name in template_names():
        save_policy(buyers, f"my_{name}", template(name), who="test")
    with pytest.raises(DataError, match="nobody"):
        run_policy(buyers, "winback", [], audience="x", who="ann", now_ms=NOW)
