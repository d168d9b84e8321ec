"""Decisions made again from the log: bit for bit the same, whatever has happened since."""

from dataclasses import replace

import msgspec
import pytest

from guanxi.app import Workspace
from guanxi.app.care import erase
from guanxi.app.deciding import decide_one, run_policy
from guanxi.app.decision_replay import replay_decision, replay_run
from guanxi.app.policies import save_policy
from guanxi.core import DAY_MS, NotFound
from guanxi.decisions import Limit, record_bytes
from guanxi.engines.control import Run

from .conftest import ANN, BUYERS, NOW, POLICY, limit, look, said, told


def run(workspace: Workspace) -> Run:
    return run_policy(workspace, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True)


@pytest.fixture
def decided(buyers: Workspace) -> Run:
    limit(buyers, "test_budget", cap=3_100, uses="cost")
    return run(buyers)


def test_all_of_a_run_comes_out_again_bit_for_bit(buyers: Workspace, decided: Run) -> None:
    found = replay_run(buyers, decided.id)
    assert (found.decisions, found.same, found.erased, found.differ) == (len(BUYERS), len(BUYERS), 0, {})


def test_what_came_later_changes_nothing(buyers: Workspace, decided: Run) -> None:
    told(buyers, look(ANN, 38), said(ANN, "Consent Withdrawn", 38.5, purpose="message"))
    told(buyers, said(BUYERS[1], "Tag Deleted", 39, tag="person.product_views.count.7d"))
    limit(buyers, "test_budget", cap=10, uses="cost")
    buyers.control.limits.remove("contacts_day", who="test", reason="test", now_ms=NOW + 1)
    save_policy(buyers, "winback", POLICY.replace("holdout = 0.2", "holdout = 0.5"), who="test", replace=True)
    run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW + DAY_MS, send=True)
    assert replay_run(buyers, decided.id).is_same


def test_one_decision_alone(buyers: Workspace) -> None:
    made = decide_one(buyers, "winback", ANN, who="key:1", now_ms=NOW, facts=(("hour", 3),))
    told(buyers, look(ANN, 38))
    assert replay_decision(buyers, made.decision.id).is_same
    with pytest.raises(NotFound):
        replay_decision(buyers, "f" * 32)


def test_a_record_that_was_changed_is_told_from_a_log_that_was(buyers: Workspace, decided: Run) -> None:
    [(_, one), (_, two), *_] = buyers.control.decisions.records(run=decided.id)
    saw = msgspec.structs.replace(one.context, traits={"person.product_views.count.7d": 7})
    chose = replace(two.decision, propensity=0.123)
    with buyers.control.transaction() as connection:
        for record, changed in (
            (one, msgspec.structs.replace(one, context=saw)),
            (two, msgspec.structs.replace(two, decision=chose)),
        ):
            row = record_bytes(changed), record.decision.id
            connection.exec_driver_sql("UPDATE decisions SET record = ? WHERE id = ?", row)
    found = replay_run(buyers, decided.id)
    assert (found.differ, found.decisions - found.same) == ({"log": 1, "choice": 1}, 2)
    assert set(found.ids) == {one.decision.id, two.decision.id}
    assert not buyers.control.decisions.kept(one.decision.id).is_proved


def test_whoever_was_erased_is_counted_apart(buyers: Workspace, decided: Run) -> None:
    erase(buyers, [ANN], reason="asked", send=True, who="test")
    found = replay_run(buyers, decided.id)
    assert (found.erased, found.decisions, found.is_same) == (1, len(BUYERS) - 1, True)


def test_limits_as_they_held(buyers: Workspace) -> None:
    store = buyers.control.limits
    first, shipped = store.last(), store.all()
    row = Limit(name="own", zh="自定", en="own", unit="fen", cap=5)
    store.set(row, who="test", reason="test", now_ms=NOW)
    then = store.last()
    store.remove("own", who="test", reason="test", now_ms=NOW)
    assert store.at(first) == shipped
    assert store.at(then) == shipped | {"own": row}
    assert store.at(store.last()) == store.all() == shipped
