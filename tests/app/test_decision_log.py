"""The decision log over real runs: filters, counts, one decision with its proof, what stays after an erasure."""

from collections.abc import Iterator
from datetime import date

import pytest
from msgspec.structs import replace

from guanxi.app import Workspace
from guanxi.app.care import erase
from guanxi.app.deciding import run_policy
from guanxi.app.decision_detail import decision_detail
from guanxi.app.decision_log import decision_list, decision_summary
from guanxi.app.decision_replay import replay_decision
from guanxi.app.policies import save_policy
from guanxi.core import DAY_MS, DataError, NotFound, midnight_ms
from guanxi.decisions import shipped_limits
from guanxi.engines.control import DecisionFilter, Run
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

JAN = midnight_ms(date(2026, 1, 1))
NOW = JAN + 40 * DAY_MS + 10 * 3_600_000  # ten in the morning
PEOPLE = [f"account:app:u{number:02}" for number in range(24)]
ANN, BEN = PEOPLE[:2]

POLICY = """\
zh = "唤回"
en = "Win back"
mode = "auto"
holdout = 0.25
explore = 0.2

[[offers]]
id = "hello"
zh = "问候"
en = "Greeting"
kind = "message"
channel = "app"
content = "好久不见"
value = 2.0
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
value = 6.0
value_band = 0.5

[[rules]]
name = "looked"
when = "person_product_views_count_7d > 0"
effect = "require"
offers = ["coupon"]
zh = "7 天内看过商品"
en = "looked at goods within 7 days"
"""


def told(workspace: Workspace, rows: list[RawEvent]) -> None:
    intake = workspace.intake()
    checked = [intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test") for raw in rows]
    events = [event for event in checked if isinstance(event, Event)]
    assert len(events) == len(rows), [one for one in checked if not isinstance(one, Event)]
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    workspace.reopen()


def said(who: str, kind: str, day: float, **fields: object) -> RawEvent:
    return RawEvent(
        kind=kind, at=JAN + int(day * DAY_MS), message_id=f"{kind}{who}{fields}", historical=True, platform="app",
        **({"roles": {"actor": who}} | fields),
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Run, Run]]:
    """A shop in which one policy ran twice: the second time a limit left little."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("log") / "ws")
    with made:
        rows = [
            said(who, "Consent Given", 1, properties={"purpose": purpose})
            for who in PEOPLE if who != BEN for purpose in ("analyse", "personalise", "message")
        ]  # fmt: skip
        rows += [said(who, "Product Viewed", 39, roles={"actor": who, "item": "item:app:1"}) for who in PEOPLE[:20]]
        rows.append(said(ANN, "Profile Updated", 2, properties={"name": "王小芳"}))
        told(made, rows)
        save_policy(made, "winback", POLICY, who="test")
        ran = {"audience": "全部", "who": "ann", "send": True}
        first = run_policy(made, "winback", PEOPLE, now_ms=NOW, **ran)
        made.control.limits.set(
            replace(shipped_limits()["contacts_day"], cap=0), who="test", reason="停一天", now_ms=NOW + 1
        )  # fmt: skip
        second = run_policy(made, "winback", PEOPLE[:12], now_ms=NOW + 3_600_000, **ran)
        yield made, first, second


def test_the_log_is_paged_and_the_newest_come_first(runs: tuple[Workspace, Run, Run]) -> None:
    workspace, first, second = runs
    page = decision_list(workspace, DecisionFilter(), limit=20)
    numbers = [one.number for one in page.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert {one.run for one in page.rows[:12]} == {second.id}
    rest = decision_list(workspace, DecisionFilter(), limit=20, before=int(page.next or 0))
    assert (len(page.rows), len(rest.rows), rest.next) == (20, 16, None)
    assert {one.number for one in rest.rows}.isdisjoint(numbers)
    row = rest.rows[-1]
    assert (row.policy, row.policy_zh, row.mode, row.written_ms) == ("winback", "唤回", "auto", NOW)
    [ann] = [one for one in decision_list(workspace, DecisionFilter(run=first.id)).rows if one.party == ANN]
    assert ann.person == "王*芳"
    acting = [one for one in rest.rows if one.acts]
    assert acting
    assert {one.out for one in acting} == {"ready"}


def test_filters_and_counts_agree(runs: tuple[Workspace, Run, Run]) -> None:
    workspace, first, second = runs
    whole = decision_summary(workspace, DecisionFilter())
    assert (whole.decisions, whole.is_whole) == (36, True)
    assert {one.id: one.zh for one in whole.policies} == {"winback": "唤回"}
    assert whole.runs == (second.id, first.id)
    assert {one.name: one.zh for one in whole.chosen}["none"] == "不做"
    for field, counts in (("arm", whole.arms), ("chosen", whole.chosen), ("mode", whole.modes)):
        assert sum(one.decisions for one in counts) == 36
        for one in counts:
            found = decision_list(workspace, DecisionFilter(**{field: one.name})).rows
            assert len(found) == one.decisions, (field, one.name)
    assert {(one.by, one.name) for one in whole.refused} >= {
        ("limit", "contacts_day"), ("consent", "message"), ("rule", "looked"),
    }  # fmt: skip
    for one in whole.refused:
        found = decision_list(workspace, DecisionFilter(by=one.by, name=one.name)).rows
        assert len(found) == one.decisions
        assert all((one.by, one.name) in {(why.by, why.name) for why in row.refused} for row in found)
    limited = decision_list(workspace, DecisionFilter(by="limit")).rows
    assert {one.run for one in limited} >= {second.id}
    [label] = [one for one in whole.refused if one.name == "contacts_day"]
    assert (label.zh, label.en) == ("每人每天营销触达", "Marketing contacts a person a day")
    assert decision_summary(workspace, DecisionFilter(policy="nothing_such")).decisions == 0
    assert decision_list(workspace, DecisionFilter(since_ms=NOW + 1)).rows == decision_list(
        workspace, DecisionFilter(run=second.id)
    ).rows  # fmt: skip
    assert len(decision_list(workspace, DecisionFilter(until_ms=NOW + 1)).rows) == 24


def test_decisions_about_one_person(runs: tuple[Workspace, Run, Run]) -> None:
    workspace, *_ = runs
    rows = decision_list(workspace, DecisionFilter(), person=BEN).rows
    assert [one.party for one in rows] == [BEN, BEN]
    assert all(("consent", "message") in {(why.by, why.name) for why in one.refused} for one in rows)


@pytest.mark.parametrize("wanted", [DecisionFilter(name="contacts_day"), DecisionFilter(by="mood", name="bad")])
def test_a_strange_filter_says_so(runs: tuple[Workspace, Run, Run], wanted: DecisionFilter) -> None:
    with pytest.raises(DataError):
        decision_list(runs[0], wanted)


def test_one_decision_tells_what_else_and_what_refused(runs: tuple[Workspace, Run, Run]) -> None:
    workspace, first, second = runs
    [row] = [one for one in decision_list(workspace, DecisionFilter(run=second.id)).rows if one.party == ANN]
    told_ = decision_detail(workspace, row.id)
    assert told_.row == row
    assert [one.id for one in told_.weighed] == ["hello", "coupon", "none"]
    refusals = {one.id: {why.name for why in one.refusals} for one in told_.weighed}
    assert "contacts_day" in refusals["hello"]
    [why] = [one for one in told_.weighed[0].refusals if one.name == "contacts_day"]
    assert (why.unit, why.asked, why.free <= 0) == ("contacts", 1, True)
    assert {one.limit for one in told_.rooms} >= {"contacts_day", "contacts_week"}
    assert told_.traits[0].zh
    assert told_.traits[0].shown_zh
    assert told_.why_zh
    assert told_.chance_en
    assert "上限" in told_.person_zh
    assert (told_.proof.holds, told_.proof.kept, told_.proof.size >= 1) == (True, True, True)
    # What acted is in the outbox, and has reserved what it uses.
    acting = next(one for one in decision_list(workspace, DecisionFilter(run=first.id)).rows if one.acts)
    done = decision_detail(workspace, acting.id)
    assert done.out is not None
    assert done.hold is not None
    assert (done.out.decision, done.hold.state) == (acting.id, "open")
    assert done.hold.amounts["contacts"] >= 2
    assert replay_decision(workspace, acting.id).is_same
    with pytest.raises(NotFound):
        decision_detail(workspace, "0" * 32)


def test_what_stays_after_an_erasure_is_the_proof(runs: tuple[Workspace, Run, Run]) -> None:
    workspace, first, _ = runs
    who = PEOPLE[23]
    [row] = [one for one in decision_list(workspace, DecisionFilter(run=first.id)).rows if one.party == who]
    erase(workspace, [who], reason="本人要求", send=True, who="test")
    told_ = decision_detail(workspace, row.id)
    assert (told_.row.party, told_.row.person, told_.weighed, told_.traits, told_.proof.kept) == ("", "", (), (), False)
    assert told_.proof.holds
    assert decision_list(workspace, DecisionFilter(), person=who).rows == ()
