"""Runs of policies over a workspace: limits bind, consent and rights are obeyed, nothing is half-written."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from guanxi.actions import Outgoing
from guanxi.app import Workspace
from guanxi.app.approving import vote
from guanxi.app.care import erase
from guanxi.app.deciding import decide_one, run_policy
from guanxi.app.policies import load_policy, policy_files, save_policy, template, template_names
from guanxi.core import DAY_MS, DataError, NotFound, Refused, SettingError, midnight_ms
from guanxi.decisions import NOTHING, Limit, Record, arm_of
from guanxi.engines.control import Run
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

JAN = midnight_ms(date(2026, 1, 1))
NOW = JAN + 40 * DAY_MS + 10 * 3_600_000  # ten in the morning
PEOPLE = [f"account:app:u{number:03}" for number in range(60)]
ANN = PEOPLE[0]

POLICY = """\
zh = "唤回"
en = "Win back"
mode = "auto"
holdout = 0.2
explore = 0.1

[[offers]]
id = "hello"
zh = "问候"
en = "Greeting"
kind = "message"
channel = "app"
content = "好久不见"
value = 0.5
value_band = 0.5

[[offers]]
id = "coupon"
zh = "5 元券"
en = "5 yuan off"
kind = "coupon"
channel = "app"
content = "送你一张券"
params = { amount = 500, threshold = 3000, days = 7 }
cost_yuan = 2.0
value = "person_product_views_count_7d > 1 ? 6.0 : 3.0"
value_band = 0.5

[[rules]]
name = "looked"
when = "person_product_views_count_7d > 0"
effect = "require"
zh = "7 天内看过商品"
en = "looked at goods within 7 days"
"""


def look(who: str, day: float) -> RawEvent:
    return RawEvent(
        kind="Product Viewed", at=JAN + int(day * DAY_MS), message_id=f"v{who}{day}", historical=True, platform="app",
        roles={"actor": who, "item": "item:app:1"},
    )  # fmt: skip


def said(who: str, kind: str, day: float, **properties: object) -> RawEvent:
    return RawEvent(
        kind=kind, at=JAN + int(day * DAY_MS), message_id=f"{kind}{who}{day}{properties}", historical=True,
        roles={"actor": who}, platform="app", properties=properties,
    )  # type: ignore[arg-type]  # fmt: skip


def told(workspace: Workspace, *rows: RawEvent) -> None:
    """Put events into the log."""
    intake = workspace.intake()
    checked = [intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test") for raw in rows]
    events = [event for event in checked if isinstance(event, Event)]
    assert len(events) == len(rows), [one for one in checked if not isinstance(one, Event)]
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    workspace.reopen()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        consents = [
            said(who, "Consent Given", 1, purpose=purpose)
            for who in PEOPLE for purpose in ("analyse", "personalise", "message")
        ]  # fmt: skip
        told(made, *(look(who, 36) for who in PEOPLE), *(look(who, 37) for who in PEOPLE[:20]), *consents)
        save_policy(made, "winback", POLICY, who="test")
        yield made


def run(workspace: Workspace, people: list[str] = PEOPLE, **fields: object) -> Run:
    return run_policy(
        workspace,
        "winback",
        people,
        audience="全部",
        who="ann",
        now_ms=NOW,
        **{"send": True, **fields},  # type: ignore[arg-type]
    )


def records(workspace: Workspace, one: Run) -> dict[str, Record]:
    return {record.context.party: record for _, record in workspace.control.decisions.records(run=one.id)}


def sent(workspace: Workspace, one: Run) -> list[Outgoing]:
    return [row for _, row in workspace.control.outbox.page(run=one.id, limit=100)]


def limit(workspace: Workspace, name: str, **fields: object) -> None:
    row = Limit(**{"name": name, "zh": name, "en": name, "unit": "fen", "cap": 0, **fields})  # type: ignore[arg-type]
    workspace.control.limits.set(row, who="test", reason="test", now_ms=NOW)


def test_a_run_decides_about_everybody_once_and_reserves_what_it_uses(shop: Workspace) -> None:
    one = run(shop, [*PEOPLE, *PEOPLE[:5]])
    found = records(shop, one)
    assert set(found) == set(PEOPLE)
    arms = Counter(record.arm for record in found.values())
    assert one.counts["people"] == 60
    assert {arm: one.counts.get(arm, 0) for arm in arms} == arms
    policy, _ = load_policy(shop, "winback")
    assert {who for who, record in found.items() if record.arm == "holdout"} == {
        who for who in PEOPLE if arm_of(policy, who) == "holdout"
    }
    acting = [record for record in found.values() if record.decision.acts]
    assert all(record.decision.chosen == (NOTHING,) for record in found.values() if record.arm == "holdout")
    assert len(acting) == one.counts["acting"] == len(sent(shop, one))
    assert (one.state, one.send) == ("sending", True)
    assert shop.control.ledger.audit().is_sound
    assert all(shop.control.decisions.kept(record.decision.id).is_proved for record in acting[:5])


def test_the_same_again_finds_the_week_full(shop: Workspace) -> None:
    run(shop)
    again = records(shop, run(shop))
    refusals = Counter(why.name for record in again.values() for one in record.weighed for why in one.refusals)
    acted = sum(record.decision.acts for record in again.values())
    assert acted < 20  # only whom the hold-out or chance had left alone... of the first run
    assert refusals["contacts_day"] > 60


def test_a_budget_holds_to_the_fen_and_goes_where_it_brings_most(shop: Workspace) -> None:
    limit(shop, "test_budget", cap=2_000, uses="cost")  # ten coupons
    one = run(shop)
    found = records(shop, one)
    coupons = [record for record in found.values() if record.decision.chosen == ("coupon",)]
    assert one.counts["cost_fen"] == 200 * len(coupons) <= 2_000
    planned = [record for record in coupons if record.arm == "treated"]
    assert planned
    assert all((record.context.traits["person.product_views.count.7d"] or 0) > 1 for record in planned)  # type: ignore[operator]
    bar = next(
        room for record in reversed(list(found.values())) for room in record.rooms if room.limit == "test_budget"
    )
    assert bar.cap == 2_000


def test_a_limit_of_people_that_all_offers_share(shop: Workspace) -> None:
    limit(shop, "reach_day", unit="people", per=("policy",), window="day", cap=7)
    one = run(shop)
    assert one.counts["acting"] <= 7
    assert one.counts["acting"] >= 5


def test_a_dry_run_uses_nothing_and_holds_the_limits_within_itself(shop: Workspace) -> None:
    limit(shop, "test_budget", cap=1_000, uses="cost")
    one = run(shop, send=False)
    assert 0 < one.counts["cost_fen"] <= 1_000
    assert all(row.dry and not row.hold for row in sent(shop, one))
    again = run(shop, send=False)
    assert again.counts["cost_fen"] == one.counts["cost_fen"]


def test_a_proposal_waits_and_goes_when_somebody_else_agrees(shop: Workspace) -> None:
    one = run(shop, mode="propose")
    assert one.state == "waiting"
    [approval] = shop.control.approvals.page(limit=10)
    assert (approval.object, approval.who, approval.people) == (one.id, "ann", one.counts["acting"])
    assert approval.detail.forecast is not None
    assert sum(offer.people for offer in approval.detail.offers) == approval.people
    assert {row.state for row in sent(shop, one)} == {"waiting"}
    with pytest.raises(Refused):
        vote(shop.control, approval.id, ballot="approve", who="ann", content=approval.content, now_ms=NOW)
    effect = vote(shop.control, approval.id, ballot="approve", who="ben", content=approval.content, now_ms=NOW)
    assert effect.freed == approval.people
    assert {row.state for row in sent(shop, one)} == {"ready"}


def test_a_refused_proposal_gives_back_all_that_it_reserved(shop: Workspace) -> None:
    run(shop, mode="propose")
    [approval] = shop.control.approvals.page(limit=10)
    vote(shop.control, approval.id, ballot="refuse", who="ben", content=approval.content, reason="太多", now_ms=NOW)
    standings = [one for _, one in shop.control.ledger.standings(limit=1_000) if one.account.kind == "used"]
    assert standings
    assert all((one.balance, one.coming) == (0, 0) for one in standings)


def test_a_shadow_run_only_says(shop: Workspace) -> None:
    one = run(shop, mode="shadow")
    assert (one.state, sent(shop, one)) == ("done", [])
    assert one.counts["acting"] > 0


@pytest.mark.parametrize(
    ("row", "by"),
    [
        pytest.param(said(ANN, "Consent Withdrawn", 38, purpose="message"), "consent:message", id="withdrawn"),
        pytest.param(said(ANN, "Personalisation Switched", 38, enabled=False), "personalise", id="switched-off"),
        pytest.param(said(ANN, "Tag Deleted", 38, tag="person.product_views.count.7d"), "rule:looked", id="tag"),
    ],
)
def test_what_people_say_is_obeyed_by_the_next_decision(shop: Workspace, row: RawEvent, by: str) -> None:
    before = records(shop, run(shop, [ANN], send=False))[ANN]
    assert not any(one.refusals for one in before.weighed)
    told(shop, row)
    after = records(shop, run(shop, [ANN], send=False))[ANN]
    assert not after.decision.acts
    said_by = {f"{why.by}:{why.name}" for one in after.weighed for why in one.refusals}
    assert any(one.startswith(by) for one in said_by)
    assert after.decision.propensity == 1.0


def test_an_erased_person_is_never_chosen_and_stands_in_no_record(shop: Workspace) -> None:
    one = run(shop)
    who = next(record.context.party for record in records(shop, one).values() if record.decision.acts)
    erase(shop, [who], reason="asked", send=True, who="test")
    assert who not in records(shop, one)
    rows = sent(shop, one)
    assert [row.state for row in rows if row.party == ""] == ["refused"]
    again = records(shop, run(shop, [who, PEOPLE[1]]))
    assert not any(record.decision.acts for party, record in again.items() if party == who)


def test_one_decision_alone(shop: Workspace) -> None:
    made = decide_one(shop, "winback", PEOPLE[3], who="key:1", now_ms=NOW, send=True)
    kept = shop.control.decisions.kept(made.decision.id)
    assert kept.record == made
    assert bool(kept.hold) == made.decision.acts
    with pytest.raises(DataError, match="past"):
        decide_one(shop, "winback", PEOPLE[3], who="key:1", now_ms=NOW, at_ms=NOW - 1)


def test_at_night_it_happens_in_the_morning(shop: Workspace) -> None:
    night = NOW + 13 * 3_600_000  # eleven in the evening
    one = run_policy(shop, "winback", PEOPLE[:5], audience="5", who="ann", now_ms=night, send=True)
    assert one.at_ms == midnight_ms(date(2026, 2, 11)) + 8 * 3_600_000
    at_once = run_policy(shop, "winback", PEOPLE[:5], audience="5", who="ann", now_ms=night, at_ms=night, send=True)
    refused = {why.name for record in records(shop, at_once).values() for one in record.weighed for why in one.refusals}
    assert "quiet_hours" in refused


def test_a_policy_may_do_less_than_its_file_says_and_never_more(shop: Workspace) -> None:
    save_policy(shop, "careful", POLICY.replace('mode = "auto"', 'mode = "propose"'), who="test")
    with pytest.raises(Refused, match="may propose"):
        run_policy(shop, "careful", PEOPLE, audience="x", who="ann", now_ms=NOW, mode="auto")
    with pytest.raises(Refused, match="proposes"):
        decide_one(shop, "careful", PEOPLE[0], who="ann", now_ms=NOW)


def test_policy_files(shop: Workspace) -> None:
    (shop.folder / "policies" / "broken.toml").write_text("zh = 1", "utf-8")
    files = {one.name: one for one in policy_files(shop)}
    assert files["winback"].offers == ("hello", "coupon")
    assert "broken" in files["broken"].wrong
    with pytest.raises(SettingError, match="there already"):
        save_policy(shop, "winback", POLICY, who="test")
    with pytest.raises(NotFound, match="winback"):
        load_policy(shop, "winbak")
    for name in template_names():
        save_policy(shop, f"my_{name}", template(name), who="test")
    with pytest.raises(DataError, match="nobody"):
        run_policy(shop, "winback", [], audience="x", who="ann", now_ms=NOW)
