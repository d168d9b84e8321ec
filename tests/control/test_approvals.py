"""Approvals as the control database keeps them, on SQLite and on Postgres: one end, votes added to, races in order."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from guanxi.core import Refused
from guanxi.decisions import (
    OF_RUN,
    Approval,
    ApprovalDetail,
    ApprovalOffer,
    ApprovalRules,
    Vote,
    amended,
    proposed,
)
from guanxi.engines.control import Control
from guanxi.engines.control.decision_tables import runs

T = 1_767_225_600_000
HOUR = 3_600_000
RULES = ApprovalRules()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def control(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Control]:
    if request.param == "sqlite":
        opened = Control.open(tmp_path)
    else:
        database = request.getfixturevalue("on_postgres")
        opened = Control(database.engine.url.render_as_string(hide_password=False))
    yield opened
    opened.close()


def put(control: Control, name: str, *, people: int = 5, now_ms: int = T) -> Approval:
    run = (name * 32)[:32]
    approval = proposed(
        kind=OF_RUN, object=run, title_zh="补货提醒", title_en="Refill", who="zhou", people=people, cost=0, rules=RULES,
        now_ms=now_ms,
        detail=ApprovalDetail(
            offers=(ApprovalOffer(id="m1", zh="提醒", en="reminder", kind="message", people=people),),
            audience_zh="全部", audience_en="everybody", asked=people, from_ms=now_ms, to_ms=now_ms + HOUR,
        ),
    )  # fmt: skip
    with control.transaction() as connection:
        connection.execute(insert(runs).values(
            id=run, policy="refill", hash="0" * 32, mode="propose", state="waiting", audience="all", who="zhou",
            known=0, begun_ms=now_ms, at_ms=now_ms, send=1, counts="{}",
        ))  # fmt: skip
        control.approvals.open_in(connection, approval)
    return approval


def cast(control: Control, approval: Approval, who: str, at_ms: int = T + 1) -> Approval:
    vote = Vote(who=who, ballot="approve", at_ms=at_ms, content=approval.content)
    with control.transaction() as connection:
        return control.approvals.vote_in(connection, approval.id, vote)[0]


def test_what_is_kept_comes_back_as_it_was(control: Control) -> None:
    approval = put(control, "a")
    assert control.approvals.get(approval.id) == approval
    assert control.approvals.get(approval.id).content == approval.content
    assert control.approvals.of(approval.object) == approval
    assert control.approvals.of("another") is None
    ended = cast(control, approval, "lin")
    assert (ended.state, ended.ended_by, ended.ended_ms) == ("approved", "lin", T + 1)
    assert control.approvals.get(approval.id) == ended
    assert control.approvals.counts() == {"approved": 1}
    assert control.runs.run(approval.object).state == "sending"


def test_an_amended_proposal_is_voted_on_again(control: Control) -> None:
    before = put(control, "a", people=1_500)
    cast(control, before, "lin")
    after = amended(before, detail=before.detail, people=1_400, cost=0, rules=RULES)
    with control.transaction() as connection:
        control.approvals.amend_in(connection, after, now_ms=T + 2)
    with pytest.raises(Refused, match="changed"):
        cast(control, before, "he", at_ms=T + 3)
    assert cast(control, after, "lin", at_ms=T + 4).state == "open"  # the first vote was on something else
    assert cast(control, after, "he", at_ms=T + 5).state == "approved"
    assert [(one.who, one.content == after.content) for one in control.approvals.votes(after.id)] == [
        ("lin", False), ("lin", True), ("he", True),
    ]  # fmt: skip
    with control.transaction() as connection, pytest.raises(Refused, match="approved"):
        control.approvals.amend_in(connection, after, now_ms=T + 6)


def test_what_failed_after_the_vote_takes_the_vote_with_it(control: Control) -> None:
    approval = put(control, "a")

    def fail() -> None:
        with control.transaction() as connection:
            vote = Vote(who="lin", ballot="approve", at_ms=T + 1, content=approval.content)
            control.approvals.vote_in(connection, approval.id, vote)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (control.approvals.get(approval.id), control.approvals.votes(approval.id)) == (approval, [])
    assert control.runs.run(approval.object).state == "waiting"


def test_late_ones_lapse_the_oldest_first(control: Control) -> None:
    first, second = put(control, "a"), put(control, "b", now_ms=T + 1)
    assert not control.approvals.is_late(now_ms=first.until_ms - 1)
    assert control.approvals.is_late(now_ms=first.until_ms)
    with control.transaction() as connection:
        assert [one.id for one in control.approvals.lapse_in(connection, now_ms=second.until_ms, limit=1)] == [first.id]
    assert [one.state for one in control.approvals.page()] == ["open", "lapsed"]
    assert control.runs.run(first.object).state == "withdrawn"


def test_voters_at_once_are_put_in_order(control: Control) -> None:
    approval = put(control, "a", people=2_000)  # two must approve
    gate, said = threading.Barrier(6), []

    def vote(who: str) -> None:
        gate.wait()
        try:
            said.append(cast(control, approval, who).state)
        except Refused:
            said.append("too late")

    threads = [threading.Thread(target=vote, args=(who,)) for who in ("a", "b", "c", "d", "a", "zhou")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == ["approved", "open", *["too late"] * 4]
    assert len(control.approvals.votes(approval.id)) == 2
    assert control.approvals.get(approval.id).state == "approved"
