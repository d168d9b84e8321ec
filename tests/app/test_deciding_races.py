"""What happens while a run or a decision is being made: erasures, changed limits, the same key, a log that is busy."""

from typing import Any

import pytest

from guanxi.app import Workspace, deciding
from guanxi.app.care import erase
from guanxi.app.deciding import decide_one, run_policy
from guanxi.core import Busy, Refused
from guanxi.engines.control import Run

from .conftest import ANN, BUYERS, NOW, limit


def run(workspace: Workspace, **fields: Any) -> Run:
    return run_policy(workspace, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True, **fields)


def test_who_is_erased_while_a_run_decides_stands_nowhere_in_it(
    buyers: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "GROUP", 10)
    gone: list[str] = []

    def step(word: str, done: int, of: int) -> None:
        if word == "decide" and not gone:
            have = [record.context.party for _, record in buyers.control.decisions.records()]
            gone.extend((have[0], next(who for who in BUYERS if who not in have)))
            with Workspace.open(buyers.folder) as other:
                erase(other, gone, reason="asked", send=True, who="test")

    one = run(buyers, progress=step)
    left = {record.context.party for _, record in buyers.control.decisions.records(run=one.id)}
    assert left == set(BUYERS) - set(gone)
    assert not {row.party for _, row in buyers.control.outbox.page(run=one.id, limit=100)} & set(gone)
    assert one.counts["people"] == len(BUYERS) - 1  # the first of them was decided about before
    assert buyers.control.ledger.audit().is_sound


def test_a_limit_that_is_changed_while_a_run_decides_takes_the_run_back(
    buyers: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "GROUP", 10)
    limit(buyers, "test_budget", cap=20_000, uses="cost")

    def step(word: str, done: int, of: int) -> None:
        if (word, done) == ("decide", 30):
            limit(buyers, "test_budget", cap=0, uses="cost")

    with pytest.raises(Refused, match="limit was changed"):
        run(buyers, progress=step)
    [failed] = buyers.control.runs.runs()
    rows = [row for _, row in buyers.control.outbox.page(run=failed.id, limit=100)]
    assert failed.state == "failed"
    assert {row.state for row in rows} == {"withdrawn"}
    used = [one for _, one in buyers.control.ledger.standings(limit=1_000) if one.account.kind == "used"]
    assert all((one.balance, one.coming) == (0, 0) for one in used)


def test_a_run_that_is_decided_stays_so_when_the_operation_log_is_busy(
    buyers: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(*_: object, **__: object) -> None:
        raise Busy("the database is busy", "Try again")

    monkeypatch.setattr(type(buyers.control), "record", record)
    with pytest.raises(Busy):
        run(buyers, mode="propose")
    [one], [approval] = buyers.control.runs.runs(), buyers.control.approvals.page(limit=10)
    rows = [row for _, row in buyers.control.outbox.page(run=one.id, limit=100)]
    assert (one.state, approval.state, len(rows)) == ("waiting", "open", approval.people)
    assert {row.state for row in rows} == {"waiting"}


def test_two_who_ask_at_once_under_one_key_hear_the_first_answer(
    buyers: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, first = deciding._answered, []

    def overtaken(*args: Any) -> object:
        found = answered(*args)
        if not first:
            first.append(None)
            first[0] = decide_one(buyers, "winback", ANN, who="key:1", now_ms=NOW, send=True, ask="cart-7")
        return found

    monkeypatch.setattr(deciding, "_answered", overtaken)
    second = decide_one(buyers, "winback", ANN, who="key:1", now_ms=NOW + 1, send=True, ask="cart-7")
    assert second == first[0]
    assert len(buyers.control.decisions.records()) == 1
