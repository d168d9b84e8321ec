"""What a vote does: with the vote or not at all, once, and what can be taken back afterwards."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from guanxi.actions import Ended, Outcome
from guanxi.actions import Verdict as SendVerdict
from guanxi.app import Workspace, approving
from guanxi.core import NotFound, Refused
from guanxi.decisions import Ballot
from guanxi.engines.control import Control
from guanxi.engines.log import now_ms

from .conftest import COST, HOUR, T, budget, propose, run_state


def states(control: Control) -> dict[str, int]:
    return {state: count for state, count in control.outbox.counts().items() if count}


def test_approved_rows_may_be_sent_and_the_reservation_stays(workspace: Workspace) -> None:
    control, approval = workspace.control, propose(workspace)
    assert (states(control), run_state(control)) == ({"waiting": 3}, "waiting")
    done = approving.vote(control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 5)
    assert (done.freed, done.missing, done.approval.state, done.approval.ended_by) == (3, 0, "approved", "lin")
    assert (states(control), run_state(control)) == ({"ready": 3}, "sending")
    assert (budget(control).balance, budget(control).coming) == (0, 3 * COST)


def test_above_the_line_a_second_person_is_needed(workspace: Workspace) -> None:
    control, approval = workspace.control, propose(workspace, people=1_001)
    one = approving.vote(control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 5)
    assert (one.missing, one.freed, one.approval.state, states(control)) == (1, 0, "open", {"waiting": 1_001})
    with pytest.raises(Refused, match="already"):
        approving.vote(control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 6)
    two = approving.vote(control, approval.id, ballot="approve", who="he", content=approval.content, now_ms=T + 7)
    assert (two.freed, two.approval.state, states(control)) == (1_001, "approved", {"ready": 1_001})
    assert [one.who for one in control.approvals.votes(approval.id)] == ["lin", "he"]


@pytest.mark.parametrize("way", ["refuse", "withdraw", "lapse"])
def test_what_is_not_approved_is_taken_back_with_its_reservations(workspace: Workspace, way: str) -> None:
    control, approval = workspace.control, propose(workspace)
    if way == "refuse":
        done = approving.vote(control, approval.id, ballot="refuse", who="lin", content=approval.content,
                              reason="先问客服", now_ms=T + 5)  # fmt: skip
    elif way == "withdraw":
        with pytest.raises(Refused, match="only who proposed it"):
            approving.withdraw(control, approval.id, who="lin", now_ms=T + 5)
        done = approving.withdraw(control, approval.id, who="zhou.ning", now_ms=T + 5)
    else:
        assert approving.lapse(control, now_ms=approval.until_ms - 1) == []
        (done,) = approving.lapse(control, now_ms=approval.until_ms)
    ended = {"refuse": "refused", "withdraw": "withdrawn", "lapse": "lapsed"}[way]
    assert (done.approval.state, done.withdrawn, done.sent) == (ended, 3, 0)
    assert (states(control), run_state(control)) == ({"withdrawn": 3}, "refused" if way == "refuse" else "withdrawn")
    assert (budget(control).balance, budget(control).coming) == (0, 0)
    assert control.approvals.get(approval.id) == done.approval
    with pytest.raises(Refused, match=ended):
        approving.vote(control, approval.id, ballot="approve", who="he", content=approval.content, now_ms=T + 9)
    assert states(control) == {"withdrawn": 3}


def test_the_keeper_ends_what_nobody_decided(workspace: Workspace) -> None:
    control, late = workspace.control, propose(workspace, now_ms=T)  # of a day long ago
    fresh = propose(workspace, run="b" * 32, now_ms=now_ms())
    assert (approving.approval_round(workspace), approving.approval_round(workspace)) == (1, 0)
    assert [control.approvals.get(one.id).state for one in (late, fresh)] == ["lapsed", "open"]
    assert states(control) == {"withdrawn": 3, "waiting": 3}
    (line,) = control.operations(limit=9, verb="approval.lapse")
    assert (line.who, line.object, line.detail["withdrawn"]) == ("guanxi", late.id, 3)


def test_undo_takes_back_what_was_not_sent_and_says_what_was(workspace: Workspace) -> None:
    control, approval = workspace.control, propose(workspace)
    with pytest.raises(Refused, match="open"):
        approving.undo(control, approval.id, who="lin", now_ms=T + 4)
    approving.vote(control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 5)
    first, second = control.outbox.take(now_ms=T + 10, lease_ms=1_000, limit=2)
    sent = Ended(id=first.row.id, attempt=1, outcome=Outcome(kind="accepted"), verdict=SendVerdict(state="sent"))
    control.outbox.record([sent], now_ms=T + 11)
    done = approving.undo(control, approval.id, who="he", reason="文案有错", now_ms=T + 12)
    assert (done.sent, done.withdrawn, done.sending) == (1, 1, 1)  # one is under way: it cannot be called back
    assert (done.approval.state, run_state(control)) == ("undone", "withdrawn")
    assert (budget(control).balance, budget(control).coming) == (COST, COST)
    again = Ended(id=second.row.id, attempt=1, outcome=Outcome(kind="accepted"), verdict=SendVerdict(state="sent"))
    control.outbox.record([again], now_ms=T + 13)
    assert (budget(control).balance, budget(control).coming) == (2 * COST, 0)
    with pytest.raises(Refused, match="undone"):
        approving.undo(control, approval.id, who="he", now_ms=T + 14)


def test_two_voters_at_once_decide_once(workspace: Workspace) -> None:
    control = workspace.control
    for turn in range(8):
        approval = propose(workspace, run=f"{turn:032x}", now_ms=T + turn)
        gate, outcomes = threading.Barrier(4), []

        def cast(who: str, ballot: Ballot, id_: str = approval.id, content: str = approval.content,
                 gate: threading.Barrier = gate, outcomes: list[str] = outcomes) -> None:  # fmt: skip
            gate.wait()
            try:
                done = approving.vote(control, id_, ballot=ballot, who=who, content=content, reason="否", now_ms=T + 99)
                outcomes.append(done.approval.state)
            except Refused:
                outcomes.append("too late")

        ballots: list[tuple[str, Ballot]] = [("a", "approve"), ("b", "refuse"), ("c", "approve"), ("d", "refuse")]
        threads = [threading.Thread(target=cast, args=one) for one in ballots]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        ended = control.approvals.get(approval.id).state
        assert sorted(outcomes) == sorted([ended, "too late", "too late", "too late"])
        assert len(control.approvals.votes(approval.id)) == 1
        counts = control.outbox.counts(run=approval.object)
        assert counts["ready" if ended == "approved" else "withdrawn"] == 3


@pytest.mark.parametrize("when", ["before", "after", "answer"])
def test_killed_between_the_vote_and_what_it_does(workspace: Workspace, when: str) -> None:
    approval = propose(workspace)
    workspace.close()
    worker = Path(__file__).with_name("kill_worker.py")
    done = subprocess.run([sys.executable, str(worker), str(workspace.folder), approval.id, approval.content, when],
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == -9, done.stderr
    control = workspace.control
    whole = when == "answer"
    assert control.approvals.get(approval.id).state == ("approved" if whole else "open")
    assert [one.who for one in control.approvals.votes(approval.id)] == (["lin"] if whole else [])
    assert (states(control), run_state(control)) == (
        ({"ready": 3}, "sending") if whole else ({"waiting": 3}, "waiting")
    )
    assert control.ledger.audit().is_sound
    if not whole:  # the same person votes again, and it counts
        done_now = approving.vote(
            control, approval.id, ballot="approve", who="lin", content=approval.content, now_ms=T + 9
        )
        assert done_now.freed == 3


def test_the_same_proposal_twice_is_one(workspace: Workspace) -> None:
    control, approval = workspace.control, propose(workspace)
    with control.transaction() as connection:
        control.approvals.open_in(connection, approval)
    with control.transaction() as connection, pytest.raises(Refused, match="in other words"):
        control.approvals.open_in(connection, replace(approval, people=9))
    assert [one.id for one in control.approvals.page()] == [approval.id]
    assert control.approvals.of(approval.object) == approval


def test_pages_begin_with_the_latest(workspace: Workspace) -> None:
    control = workspace.control
    made = [propose(workspace, run=f"{turn:032x}", people=1, now_ms=T + turn // 2) for turn in range(5)]
    first = control.approvals.page(limit=2)
    rest = control.approvals.page(after=first[-1].id, limit=10)
    assert sorted(one.id for one in [*first, *rest]) == sorted(one.id for one in made)
    assert [one.asked_ms for one in [*first, *rest]] == sorted((one.asked_ms for one in made), reverse=True)
    assert control.approvals.page(state="approved") == []
    with pytest.raises(NotFound):
        control.approvals.get("0" * 32)


@pytest.mark.parametrize(
    ("settings", "channels"),
    [
        pytest.param("", [], id="nobody"),
        pytest.param('[approvals]\nnotices = ["wecom"]\n', ["wecom"], id="as-set"),
        pytest.param(
            '[[senders]]\nname = "group"\nkind = "feishu"\nchannels = ["feishu"]\nurl = "https://example.com/hook/"\n'
            'token_env = "GUANXI_SECRET_GROUP"\n'
            '[[senders]]\nname = "out"\nkind = "file"\nchannels = ["sms"]\npath = "out.jsonl"\n',
            ["feishu"], id="every-robot",
        ),
    ],
)  # fmt: skip
def test_operators_are_told_where_a_channel_is_set(workspace: Workspace, settings: str, channels: list[str]) -> None:
    (workspace.folder / "guanxi.toml").write_text(settings, "utf-8")
    with Workspace.open(workspace.folder) as told:
        approval = propose(told)
        notices = [row for _, row in told.control.outbox.page() if row.kind == "notice"]
    assert [one.channel for one in notices] == channels
    for notice in notices:
        assert (notice.state, notice.party, notice.dry) == ("ready", "", False)
        assert dict(notice.body)["approval"] == approval.id
        assert dict(notice.body)["text"] == "补货提醒：3 人，15.00 元。需 1 人批准，72 小时内有效。"


def test_rules_come_from_the_settings(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_APPROVALS__MOST_PEOPLE", "2")
    monkeypatch.setenv("GUANXI_APPROVALS__LAPSE_HOURS", "1.5")
    with Workspace.open(workspace.folder) as strict:
        rules = approving.rules_of(strict.settings)
        assert (rules.most_people, rules.lapse_ms, rules.four_eyes_fen) == (2, 1.5 * HOUR, 1_000_000)
        with pytest.raises(Refused, match="2 is the most"):
            propose(strict)
        assert states(strict.control) == {}
