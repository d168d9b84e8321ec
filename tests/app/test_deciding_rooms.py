"""What limits leave to people: what was used under one name of a person counts under every other."""

from guanxi.app import Workspace
from guanxi.app.deciding import decide_one, run_policy
from guanxi.app.decision_replay import replay_decision
from guanxi.app.identity import merge

from .conftest import BUYERS, NOW, look, said, told

OTHER = "account:app:a00"  # before all others by text, so it names the person when two are one


def test_who_gets_another_name_has_not_more_left(buyers: Workspace) -> None:
    run = run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True)
    who = buyers.control.outbox.page(run=run.id)[0][1].party
    told(buyers, look(OTHER, 39.5), said(OTHER, "Consent Given", 39.4, purpose="message"))
    alone = decide_one(buyers, "winback", OTHER, who="test", now_ms=NOW, mode="shadow")
    assert not any(why.by == "limit" for one in alone.weighed for why in one.refusals)
    merge(buyers, who, OTHER, reason="一个人", who="test")
    again = decide_one(buyers, "winback", who, who="test", now_ms=NOW + 3_600_000, send=True)
    assert again.context.party == OTHER
    assert {room.limit: room.reserved for room in again.rooms}["contacts_day"] == 1
    assert {why.name for one in again.weighed for why in one.refusals} >= {"contacts_day"}
    assert not again.decision.acts
    assert replay_decision(buyers, again.decision.id).is_same
