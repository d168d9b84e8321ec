"""The inbox: one list of what waits for a person, what waiting costs first."""

import msgspec
import pytest
from sqlalchemy import insert

from guanxi.actions import Ended, Outcome, Outgoing
from guanxi.actions import Verdict as SendVerdict
from guanxi.app import Workspace, approving
from guanxi.app import inbox as inboxes
from guanxi.app.inbox import Viewer, inbox
from guanxi.decisions import Limit, account_of, source_of
from guanxi.engines.control import ImportJob
from guanxi.engines.control.decision_tables import account_names, runs
from guanxi.events import event_id
from guanxi.ledger import Move, Transfer
from guanxi.traits.metrics import Freshness, Todo

from .conftest import HOUR, SECRET, T, propose


def kinds(found: tuple[Todo, ...]) -> list[str]:
    return [one.kind for one in found]


def look(workspace: Workspace, *, fresh: tuple[Freshness, ...] = (), viewer: Viewer | None = None) -> tuple[Todo, ...]:
    return inbox(workspace, fresh=fresh, now_ms=T + HOUR, viewer=viewer)


def test_an_empty_morning_is_empty(workspace: Workspace) -> None:
    assert look(workspace) == ()


def test_an_approval_waits_for_those_who_may_decide(workspace: Workspace) -> None:
    approval = propose(workspace, people=1_001)
    control = workspace.control
    lin, he = (Viewer(who=name, verbs=frozenset({"view", "approve"})) for name in ("lin", "he"))
    (one,) = look(workspace, viewer=lin)
    assert (one.kind, one.count, one.people, one.until_ms, one.patient) == (
        "approval",
        1,
        1_001,
        approval.until_ms,
        False,
    )
    assert look(workspace, viewer=Viewer(who="zhou.ning", verbs=lin.verbs)) == ()  # the proposer
    assert look(workspace, viewer=Viewer(who="wu", verbs=frozenset({"view"}))) == ()
    approving.vote(control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 5)
    assert look(workspace, viewer=lin) == ()
    (second,) = look(workspace, viewer=he)
    assert second.en.startswith("A second person must approve")
    assert inbox(workspace, fresh=(), now_ms=approval.until_ms, viewer=he) == ()  # lapsed, swept or not


def test_what_could_not_be_sent_waits_with_its_people(workspace: Workspace) -> None:
    control = workspace.control
    rows = [
        Outgoing(id=event_id("action", str(place)), decision=event_id("decision", str(place)), kind="message",
                 dry=False, party=f"account:app:u{place // 2}", channel="app", not_before_ms=T, not_after_ms=T + HOUR,
                 body=(("channel", "app"), ("content", "x"), ("purpose", "message")))
        for place in range(3)
    ]  # fmt: skip
    with control.transaction() as connection:
        control.outbox.put_in(connection, rows, now_ms=T)
    taken = control.outbox.take(now_ms=T + 1, lease_ms=1_000, limit=9)
    control.outbox.record([
        Ended(id=one.row.id, attempt=1, outcome=Outcome(kind="invalid", text="no address"),
              verdict=SendVerdict(state="dead", why="invalid"))
        for one in taken
    ], now_ms=T + 2)  # fmt: skip
    (one,) = look(workspace)
    assert (one.kind, one.count, one.people, one.since_ms) == ("dead", 3, 2, T + 2)
    assert (one.path, one.cost_zh) == ("/reach?state=dead", "2 人没有收到")


@pytest.mark.parametrize(
    ("cap", "waits"), [pytest.param(100, True, id="full"), pytest.param(101, False, id="one-left")]
)
def test_a_full_limit_waits_when_it_refused_somebody(workspace: Workspace, cap: int, waits: bool) -> None:
    control = workspace.control
    limit = Limit(
        name="play_money", zh="玩法预算", en="Money of a play", unit="fen", cap=cap, per=("policy",), uses="cost"
    )
    control.limits.set(limit, who="admin", reason="试", now_ms=T)
    account, source = account_of(limit, {"policy": "refill"}, secret=SECRET), source_of(limit, secret=SECRET)
    with control.transaction() as connection:
        control.ledger.ensure_in(connection, [account, source], now_ms=T)
        control.ledger.post_in(connection, [Transfer("0" * 32, (Move(source.id, account.id, "fen", 100),))], now_ms=T)
        connection.execute(insert(account_names).values(
            account=account.id, what="limit", name=limit.name, person="", subject='{"policy":"refill"}',
        ))  # fmt: skip
    assert look(workspace) == ()  # full, and nothing waits for it
    with control.transaction() as connection:
        connection.execute(insert(runs).values(
            id="1" * 32, policy="refill", hash="0" * 32, mode="auto", state="done", audience="all", who="cli", known=0,
            begun_ms=T, at_ms=T, send=0, counts=msgspec.json.encode({"refused:limit:play_money": 37}).decode(),
        ))  # fmt: skip
    found = look(workspace)
    assert [(one.kind, one.people, one.path) for one in found] == (
        [("limit", 37, "/settings/limits?limit=play_money")] if waits else []
    )
    assert inbox(workspace, fresh=(), now_ms=T + 25 * HOUR) == ()  # that was another day


def test_what_cannot_wait_comes_first(workspace: Workspace) -> None:
    stopped = Freshness(platform="jd", zh="京东", en="JD", disc="东", state="stopped", newest_at_ms=T - HOUR,
                        learnt_ms=T, promise_ms=1, events=1)  # fmt: skip
    workspace.control.save_job(
        ImportJob(id="1", source="x.csv", preset="jd", file_hash="0", state="failed", ended_ms=T - 2 * HOUR)
    )
    propose(workspace, people=5)
    propose(workspace, people=7, run="b" * 32)
    found = look(workspace, fresh=(stopped,))
    assert kinds(found) == ["approval", "approval", "imports", "stale"]
    assert [one.people for one in found[:2]] == [7, 5]
    assert all(one.zh and one.en and one.act_zh and one.act_en and one.cost_zh and one.cost_en for one in found)


def test_a_source_is_one_function(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def appeals(look: inboxes.Inbox) -> list[Todo]:
        return [Todo(kind="appeal", count=2, path="/appeals", since_ms=look.now_ms, people=2)]

    monkeypatch.setattr(inboxes, "SOURCES", (*inboxes.SOURCES, appeals))
    propose(workspace, people=3)
    assert kinds(look(workspace)) == ["approval", "appeal"]
