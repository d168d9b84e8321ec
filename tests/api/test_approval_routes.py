"""Approvals over HTTP: who may vote, what they must have seen, what it does, and what the inbox says of it."""

from typing import Any

import pytest
from sqlalchemy import insert

from guanxi.actions import Ended, Outcome, Outgoing
from guanxi.actions import Verdict as Sent
from guanxi.app import approving
from guanxi.core import Estimate
from guanxi.decisions import Approval, ApprovalDetail, ApprovalOffer, proposed
from guanxi.engines.control.decision_tables import runs
from guanxi.engines.log import now_ms
from guanxi.events import event_id

HOUR = 3_600_000


def propose(served: Any, name: str, *, people: int = 2, who: str = "operator") -> Approval:
    """Open an approval with rows that wait for it, as a run does."""
    control, now, run = served.workspace.control, now_ms(), event_id("run", name)
    worth = Estimate(value=61.5, low=38.0, high=89.0, level=0.9, unit="yuan", n=400, method="replay")
    approval = proposed(
        kind="run", object=run, title_zh=f"补货提醒 {name}", title_en=f"Refill {name}", who=who, people=people,
        cost=500, rules=approving.rules_of(served.workspace.settings), now_ms=now,
        detail=ApprovalDetail(
            offers=(ApprovalOffer(id="m1", zh="提醒", en="reminder", kind="message", people=people, channel="app"),),
            audience_zh="全部", audience_en="everybody", asked=people, from_ms=now, to_ms=now + 9 * HOUR,
            forecast=worth,
        ),
    )  # fmt: skip
    with control.transaction() as connection:
        connection.execute(insert(runs).values(
            id=run, policy="refill", hash="0" * 32, mode="propose", state="waiting", audience="all", who=who, known=0,
            begun_ms=now, at_ms=now, send=1, counts="{}",
        ))  # fmt: skip
        control.outbox.put_in(connection, [
            Outgoing(
                id=event_id("action", name, str(place)), decision=event_id("decision", name, str(place)), run=run,
                party=f"account:app:{name}-{place}", kind="message", channel="app", state="waiting", dry=False,
                approval=approval.id, not_before_ms=now, not_after_ms=now + 9 * HOUR,
                body=(("channel", "app"), ("content", "refill"), ("purpose", "message")),
            )
            for place in range(min(people, 3))
        ], now_ms=now)  # fmt: skip
        approving.open_in(served.workspace, connection, approval, now_ms=now)
    return approval


@pytest.fixture
def lin(served):
    with served.browser("manager") as client:
        yield client


@pytest.fixture
def he(served):
    with served.browser("service") as client:
        yield client


@pytest.fixture
def zhou(served):
    with served.browser("operator") as client:
        yield client


def told(client: Any, path: str, **body: Any) -> Any:
    answer = client.post(path, json=body) if body else client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_one_look_one_vote(served, lin, zhou) -> None:
    path = f"/v1/approvals/{propose(served, 'one').id}"
    seen = told(lin, path)
    assert (seen["line"]["part"], seen["line"]["missing"], seen["counts"]) == ("decide", 1, {"waiting": 2})
    assert sorted(one["ref"] for one in seen["sample"]) == ["account:app:one-0", "account:app:one-1"]
    assert told(zhou, path)["line"]["part"] == "own"
    refused = zhou.post(f"{path}/vote", json={"ballot": "approve", "content": seen["content"]})
    assert (refused.status_code, refused.json()["what"]) == (403, "this needs the right 'approve' (批, approve)")
    done = told(lin, f"{path}/vote", ballot="approve", content=seen["content"])
    assert (done["approval"]["state"], done["freed"]) == ("approved", 2)
    after = told(lin, path)
    assert (after["line"]["part"], after["counts"], after["votes"][0]["who"]) == ("undo", {"ready": 2}, "manager")
    last = served.workspace.control.operations(limit=1, verb="approval.approve")[0]
    assert (last.who, last.object, last.detail["freed"]) == ("manager", done["approval"]["id"], 2)


def test_above_the_line_two_people(served, lin, he) -> None:
    approval = propose(served, "two", people=1_001)
    path = f"/v1/approvals/{approval.id}"
    first = told(lin, f"{path}/vote", ballot="approve", content=approval.content)
    assert (first["missing"], first["approval"]["state"]) == (1, "open")
    assert told(lin, path)["line"]["part"] == "voted"
    twice = lin.post(f"{path}/vote", json={"ballot": "approve", "content": approval.content})
    assert (twice.status_code, twice.json()["field"]) == (403, "who")
    assert told(he, path)["line"]["part"] == "decide"
    second = told(he, f"{path}/vote", ballot="approve", content=approval.content)
    assert second["approval"]["state"] == "approved"


def test_a_refusal_says_why_and_takes_all_back(served, lin, zhou) -> None:
    approval = propose(served, "no")
    path = f"/v1/approvals/{approval.id}"
    silent = lin.post(f"{path}/vote", json={"ballot": "refuse", "content": approval.content})
    assert (silent.status_code, silent.json()["field"]) == (400, "reason")
    done = told(lin, f"{path}/vote", ballot="refuse", content=approval.content, reason="先问客服")
    assert (done["approval"]["state"], done["withdrawn"]) == ("refused", 2)
    seen = told(zhou, path)
    assert (seen["line"]["reason"], seen["line"]["part"], seen["counts"]) == ("先问客服", "ended", {"withdrawn": 2})


def test_who_saw_something_else_votes_again(served, lin) -> None:
    approval = propose(served, "old")
    stale = lin.post(f"/v1/approvals/{approval.id}/vote", json={"ballot": "approve", "content": "0" * 32})
    assert (stale.status_code, stale.json()["field"]) == (403, "content")


def test_withdrawn_by_who_proposed_it_alone(served, lin, zhou) -> None:
    approval = propose(served, "mine")
    other = propose(served, "theirs", who="somebody")
    assert zhou.post(f"/v1/approvals/{other.id}/withdraw", json={}).status_code == 403
    assert told(zhou, f"/v1/approvals/{approval.id}/withdraw", reason="改人群")["withdrawn"] == 2
    assert lin.post(f"/v1/approvals/{approval.id}/undo", json={}).status_code == 403


def test_undo_says_what_was_sent(served, lin) -> None:
    approval = propose(served, "undo")
    told(lin, f"/v1/approvals/{approval.id}/vote", ballot="approve", content=approval.content)
    done = told(lin, f"/v1/approvals/{approval.id}/undo", reason="文案有错")
    assert (done["approval"]["state"], done["withdrawn"], done["sent"]) == ("undone", 2, 0)


def test_what_is_all_sent_cannot_be_undone(served, lin) -> None:
    approval, control = propose(served, "sent"), served.workspace.control
    told(lin, f"/v1/approvals/{approval.id}/vote", ballot="approve", content=approval.content)
    assert told(lin, f"/v1/approvals/{approval.id}")["line"]["part"] == "undo"
    mine = [row.id for _, row in control.outbox.page(run=approval.object)]
    while taken := control.outbox.take(now_ms=now_ms(), lease_ms=1_000, limit=100):
        control.outbox.record([
            Ended(id=one.row.id, attempt=one.row.attempts, outcome=Outcome(kind="accepted"), verdict=Sent(state="sent"))
            for one in taken
        ], now_ms=now_ms())  # fmt: skip
    assert {control.outbox.row(one).state for one in mine} == {"sent"}
    assert told(lin, f"/v1/approvals/{approval.id}")["line"]["part"] == "ended"


def test_the_list_pages_and_exports(served, lin, zhou) -> None:
    made = {propose(served, f"page {place}").id for place in range(3)}
    first = told(lin, "/v1/approvals?state=open&limit=2")
    rest = told(lin, f"/v1/approvals?state=open&cursor={first['next']}")
    assert made <= {row["id"] for row in [*first["rows"], *rest["rows"]]}
    assert len(first["rows"]) == 2
    text = lin.get("/v1/approvals.csv?state=open").text
    assert all(one in text for one in made)
    assert lin.get("/v1/approvals?state=maybe").status_code == 400
    assert lin.get("/v1/approvals/none").status_code == 404


def test_the_inbox_holds_what_is_mine_to_decide(served, lin, he, zhou) -> None:
    approval = propose(served, "inbox", people=1_500)

    def mine(client: Any) -> dict[str, Any]:
        rows = told(client, "/v1/todo")
        assert told(client, "/v1/cockpit")["todo"] == rows
        return next((row for row in rows if row["id"] == approval.id), {})

    here = mine(lin)
    assert (here["people"], here["money"], here["until_ms"]) == (1_500, 6_150, approval.until_ms)
    assert here["path"] == f"/approvals?id={approval.id}"
    assert mine(zhou) == {}  # proposed it, and may not approve
    told(lin, f"/v1/approvals/{approval.id}/vote", ballot="approve", content=approval.content)
    assert mine(lin) == {}
    assert "第二人" in mine(he)["zh"]
