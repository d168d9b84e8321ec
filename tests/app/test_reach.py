"""Reach: counts, the funnel, dead letters, the story of one action, taking back and trying again."""

import base64
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from guanxi.actions import Ended, Outcome, Outgoing, Pace, Receipt, judge
from guanxi.app import Workspace, reach, reaching
from guanxi.app.approving import vote
from guanxi.app.deciding import run_policy
from guanxi.app.receipts import GivenReceipt, read_receipt, signed_by, take_receipts
from guanxi.app.relaying import relay_now
from guanxi.app.sending import send_once
from guanxi.core import DataError, NotFound, share_of
from guanxi.engines.control import ReachFilter
from guanxi.engines.control.runs import Run
from guanxi.engines.log import now_ms
from guanxi.events import event_id

from .conftest import BUYERS
from .conftest import NOW as DECIDED

HOUR = 3_600_000
NOW = now_ms()
SMS = (("channel", "sms"), ("content", "spring"), ("purpose", "care"))
COUPON = (("amount", 500), ("days", 7), ("threshold", 2000))


def row(name: str, **fields: Any) -> Outgoing:
    coupon = fields.get("kind") == "coupon"
    given: dict[str, Any] = {
        "id": event_id("row", name), "decision": event_id("decision", name), "run": "r1",
        "party": f"account:app:{name}", "kind": "message", "channel": "coupon" if coupon else "sms",
        "body": COUPON if coupon else SMS, "dry": False, "not_before_ms": NOW, "not_after_ms": NOW + 24 * HOUR,
        **fields,
    }  # fmt: skip
    return Outgoing(**given)


def put(workspace: Workspace, *rows: Outgoing) -> None:
    with workspace.control.transaction() as connection:
        workspace.control.outbox.put_in(connection, rows, now_ms=NOW)


def attempt(workspace: Workspace, outcomes: dict[str, Outcome]) -> None:
    """Try the named rows once, each with its outcome."""
    wanted = {event_id("row", name): outcome for name, outcome in outcomes.items()}
    taken = workspace.control.outbox.take(now_ms=NOW, lease_ms=60_000, limit=100)
    pace, ended, back = Pace(attempts=1), [], []
    for one in taken:
        outcome = wanted.get(one.row.id)
        if outcome is None:
            back.append(one)
            continue
        verdict = judge(one.row, outcome, now_ms=NOW, pace=pace, tried=one.tried)
        ended.append(Ended(id=one.row.id, attempt=one.row.attempts, outcome=outcome, verdict=verdict))
    workspace.control.outbox.record(ended, now_ms=NOW)
    workspace.control.outbox.put_back(back)


def hear(workspace: Workspace, *told: tuple[str, str]) -> None:
    with workspace.control.transaction() as connection:
        receipts = [Receipt(action=event_id("row", name), at_ms=NOW + 5, state=state) for name, state in told]  # type: ignore[arg-type]
        workspace.control.receipts.put_in(connection, receipts, now_ms=NOW)


SECRET, OTHER = (f"whsec_{base64.b64encode(bytes([place]) * 32).decode()}" for place in (1, 2))
ACCEPTED = Outcome(kind="accepted", receipt="m-1")
BUSY = Outcome(kind="busy", text="429")
TIMEOUT = Outcome(kind="timeout", text="no answer within 10 s")


@pytest.fixture
def town(workspace: Workspace) -> Workspace:
    """Four messages and two coupons sent, two given up, one waiting, one for tomorrow, one dry."""
    run = Run(
        id="r1", policy="refill", hash="0" * 32, mode="auto", state="sending", audience="all", who="zhou", known=0,
        begun_ms=NOW, at_ms=NOW, send=True,
    )  # fmt: skip
    workspace.control.runs.begin(run)
    put(
        workspace, *(row(f"s{n}") for n in range(4)), row("c0", kind="coupon"), row("c1", kind="coupon"), row("busy"),
        row("lost"), row("asks", state="waiting", approval="a1"), row("later", not_before_ms=NOW + HOUR),
        row("try", dry=True),
    )  # fmt: skip
    attempt(workspace, {**dict.fromkeys(("s0", "s1", "s2", "s3", "c0", "c1"), ACCEPTED),
                        "busy": BUSY, "lost": TIMEOUT})  # fmt: skip
    hear(workspace, ("s0", "opened"), ("s1", "delivered"), ("s2", "failed"), ("c0", "redeemed"))
    return workspace


def test_the_funnel_counts_later_things_as_earlier_ones_too(town: Workspace) -> None:
    found = reach.funnel(town, ReachFilter())
    sms, coupon = sorted(found.channels, key=lambda one: -one.sent)
    assert (sms.channel, sms.sent, sms.heard, sms.delivered, sms.opened, sms.redeemed, sms.failed) == (
        "sms", 4, 3, 2, 1, None, 1,
    )  # fmt: skip
    assert (coupon.sent, coupon.delivered, coupon.opened, coupon.redeemed) == (2, 1, 1, 1)
    assert sms.delivered_share == share_of(2, 4)
    assert sms.redeemed_share is None
    assert {(one.run, one.policy) for one in found.runs} == {("r1", "refill")}


def test_without_any_receipt_nobody_knows(workspace: Workspace) -> None:
    put(workspace, row("one"))
    attempt(workspace, {"one": ACCEPTED})
    (line,) = reach.funnel(workspace, ReachFilter()).channels
    assert (line.sent, line.delivered, line.delivered_share) == (1, 0, None)


def test_what_arrived_counts_as_sent_whatever_the_sender_said(town: Workspace) -> None:
    before = reach.funnel(town, ReachFilter(channel="sms")).channels[0].sent
    hear(town, ("lost", "delivered"))
    assert reach.funnel(town, ReachFilter(channel="sms")).channels[0].sent == before + 1


def test_what_waits_for_what(town: Workspace) -> None:
    waits = {one.why: one for one in reach.reach(town, ReachFilter(), now_ms=NOW).waits}
    assert set(waits) == {"approval", "time", "turn"}
    assert (waits["approval"].rows, waits["approval"].approval) == (1, "a1")
    assert (waits["time"].rows, waits["time"].first_ms) == (1, NOW + HOUR)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param(ReachFilter(state="dead"), {"busy", "lost"}, id="state"),
        pytest.param(ReachFilter(channel="coupon"), {"c0", "c1"}, id="channel"),
        pytest.param(ReachFilter(party="account:app:s0"), {"s0"}, id="person"),
        pytest.param(ReachFilter(policy="refill", state="sent"), {"s0", "s1", "s2", "s3", "c0", "c1"}, id="policy"),
        pytest.param(ReachFilter(policy="another"), set(), id="another-policy"),
        pytest.param(ReachFilter(dry=True), {"try"}, id="dry"),
        pytest.param(ReachFilter(since_ms=NOW + 1), set(), id="since"),
    ],
)
def test_the_outbox_by_filter(town: Workspace, wanted: ReachFilter, names: set[str]) -> None:
    lines = reach.outbox(town, wanted)
    assert {one.party.rpartition(":")[2] for one in lines} == names
    assert sum(one.rows for one in town.control.reach.counts(wanted)) == len(names)


def test_pages_are_the_whole(town: Workspace) -> None:
    whole = [one.id for one in reach.outbox(town, ReachFilter())]
    paged, before = [], 0
    while page := reach.outbox(town, ReachFilter(), before=before, limit=4):
        paged += [one.id for one in page]
        before = page[-1].number
    assert paged == whole
    assert len(whole) == len(set(whole)) == 11


def test_dead_letters_say_what_to_do(town: Workspace) -> None:
    found = {one.error: one for one in reach.dead_letters(town, now_ms=NOW)}
    assert set(found) == {"busy", "timeout"}
    assert (found["busy"].again, found["busy"].uncertain) == (1, 0)
    assert (found["timeout"].again, found["timeout"].uncertain) == (0, 1)
    assert "核对" in found["timeout"].do_zh
    assert set(reach.ADVICE) >= {"refused", "invalid", "unreachable", "timeout", "busy", "server", "unknown"}
    late = reach.dead_letters(town, now_ms=NOW + 48 * HOUR)
    assert {(one.again, one.late) for one in late} == {(0, 1)}


def test_trying_a_group_again_spares_what_may_have_arrived(town: Workspace) -> None:
    group = ReachFilter(error="timeout", channel="sms")
    assert reaching.try_again(town, group=group, who="zhou", now_ms=NOW).rows == 0
    assert reaching.try_again(town, group=group, uncertain=True, who="zhou", now_ms=NOW).rows == 1
    assert town.control.outbox.row(event_id("row", "lost")).state == "ready"
    assert town.control.operations(limit=1)[0].verb == "reach.retry"


def test_what_arrived_is_never_sent_again(town: Workspace) -> None:
    hear(town, ("lost", "delivered"))
    lost, busy = event_id("row", "lost"), event_id("row", "busy")
    done = reaching.try_again(town, ids=[lost, busy, "f" * 32], uncertain=True, who="zhou", now_ms=NOW)
    assert done.rows == 1
    assert {one.why for one in done.refused} == {reaching.ARRIVED, "there is no such row"}
    group = ReachFilter(error="timeout")
    assert reaching.try_again(town, group=group, uncertain=True, who="zhou", now_ms=NOW).rows == 0
    assert town.control.outbox.row(lost).state == "dead"


def test_by_ids_what_may_have_arrived_is_left_out_unless_asked_for(town: Workspace) -> None:
    lost = [event_id("row", "lost")]
    assert reaching.try_again(town, ids=lost, who="zhou", now_ms=NOW).refused[0].why == reaching.DOUBT
    assert reaching.try_again(town, ids=lost, uncertain=True, who="zhou", now_ms=NOW).rows == 1


def test_taking_back_says_what_was_too_late(town: Workspace) -> None:
    done = reaching.withdraw(town, run="r1", who="zhou", now_ms=NOW)
    assert (done.withdrawn, done.sent, done.sending) == (5, 6, 0)  # busy, lost, asks, later, try
    line = town.control.operations(limit=1)[0]
    assert (line.verb, line.detail) == ("reach.withdraw", {"withdrawn": 5, "sent": 6, "sending": 0})
    assert town.control.outbox.take(now_ms=NOW + HOUR, lease_ms=1, limit=9) == []


@pytest.mark.parametrize(
    "named",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"run": "r1", "ids": ["x"]}, id="both"),
        pytest.param({"run": "r2"}, id="unknown"),
    ],
)
def test_taking_back_nothing(town: Workspace, named: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        reaching.withdraw(town, who="zhou", now_ms=NOW, **named)


def test_the_story_of_one_action(town: Workspace) -> None:
    told = reach.story(town, event_id("row", "s0"))
    assert [(one.what, one.state) for one in told.steps] == [
        ("decision", "broken"), ("action", "done"), ("attempt", "done"), ("receipt", "done"),
    ]  # fmt: skip
    assert (told.receipt, told.line.receipts, told.line.policy) == ("m-1", ("opened",), "refill")
    assert told.receipts[0].event == told.steps[-1].id != ""
    waiting = reach.story(town, event_id("row", "asks"))
    assert waiting.steps[-1] == reach.ReachStep(what="receipt", id="", at_ms=None, state="open")
    with pytest.raises(NotFound):
        reach.story(town, "f" * 32)


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        pytest.param({"state": "arrived"}, "state", "Use one of delivered, opened, failed", id="state"),
        pytest.param({"action": 7}, "action", "names no action", id="action"),
        pytest.param({"at": "yesterday"}, "at", "not a time", id="time"),
        pytest.param({"detail": {"phone": 1}}, "detail", "neither text", id="detail"),
    ],
)
def test_a_receipt_that_cannot_be_read(given: dict[str, Any], field: str, words: str) -> None:
    whole = {"action": "a" * 32, "state": "delivered", "at": NOW, **given}
    with pytest.raises(DataError, match=words) as wrong:
        read_receipt(GivenReceipt(**whole), received_ms=NOW)
    assert wrong.value.field == field


def test_receipts_of_a_request_are_answered_one_by_one(town: Workspace) -> None:
    sent, unknown = event_id("row", "s3"), "f" * 32
    given = [
        GivenReceipt(action=sent, state="delivered", at=NOW, detail="to 13812341234 ok"),
        GivenReceipt(action=sent, state="delivered"),
        GivenReceipt(action=unknown, state="opened"),
        GivenReceipt(action=sent, state="redeemed"),
        GivenReceipt(action=sent, state="lost"),
    ]
    waiting = town.control.relay.waiting()
    done = take_receipts(town, given)
    assert (done.accepted, done.repeated) == (1, 1)
    assert [(one.index, one.field) for one in done.parked] == [(2, "action")]
    assert [(one.index, one.field) for one in done.refused] == [(3, "state"), (4, "state")]
    assert town.control.relay.waiting() == waiting + 1
    assert "13812341234" not in town.control.receipts.of(sent)[0].detail
    again = take_receipts(town, given)
    assert (again.accepted, again.repeated) == (0, 2)
    assert town.control.relay.waiting() == waiting + 1


@pytest.mark.parametrize(
    ("seconds", "secret", "tampered", "found"),
    [
        pytest.param(0, SECRET, False, "house", id="signed"),
        pytest.param(-299, SECRET, False, "house", id="some-minutes-ago"),
        pytest.param(-301, SECRET, False, "", id="too-old"),
        pytest.param(301, SECRET, False, "", id="from-the-future"),
        pytest.param(0, OTHER, False, "", id="another-secret"),
        pytest.param(0, SECRET, True, "", id="another-body"),
    ],
)
def test_signed_receipts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, secret: str, tampered: bool, found: str
) -> None:
    monkeypatch.setenv("GUANXI_SECRET_HOUSE", SECRET)
    monkeypatch.setenv("GUANXI_SECRET_OTHER", "of another form")  # which is no other sender's trouble
    Workspace.create(tmp_path / "ws")[0].close()
    (tmp_path / "ws" / "guanxi.toml").write_text(
        '[[senders]]\nname = "other"\nkind = "webhook"\nchannels = ["app"]\nurl = "https://example.com/other"\n'
        'secret_env = "GUANXI_SECRET_OTHER"\n'
        '[[senders]]\nname = "house"\nkind = "webhook"\nchannels = ["sms"]\nurl = "https://example.com/hook"\n'
        'secret_env = "GUANXI_SECRET_HOUSE"\n',
        "utf-8",
    )
    at = datetime.fromtimestamp(NOW // 1000 + seconds, UTC)
    body = '{"receipts": []}'
    headers = {
        "webhook-id": "r1", "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": f"v1,AAAA {Webhook(secret).sign('r1', at, body)}",
    }  # fmt: skip
    with Workspace.open(tmp_path / "ws") as opened:
        assert signed_by(opened, headers, (body + " " * tampered).encode(), now_ms=NOW // 1000 * 1000) == found
        assert signed_by(opened, {**headers, "webhook-timestamp": "soon"}, body.encode(), now_ms=NOW) == ""


def test_too_many_receipts(workspace: Workspace) -> None:
    for number in (0, 1_001):
        with pytest.raises(DataError, match="1 to 1000"):
            take_receipts(workspace, [GivenReceipt()] * number)


@pytest.mark.slow
def test_from_the_decision_to_the_log(buyers: Workspace) -> None:
    """A proposal is agreed to, sent to a file, heard of, and the log has it all, once."""
    (buyers.folder / "guanxi.toml").write_text(
        '[[senders]]\nname = "house"\nkind = "file"\nchannels = ["app", "sms", "coupon", "mail", "wechat"]\n'
        'path = "sent.jsonl"\n',
        "utf-8",
    )
    with Workspace.open(buyers.folder) as shop:
        run = run_policy(
            shop, "winback", BUYERS, audience="all", who="ann", now_ms=DECIDED, send=True, mode="propose"
        )  # fmt: skip
        [approval] = shop.control.approvals.page(limit=1)
        vote(shop.control, approval.id, ballot="approve", who="ben", content=approval.content, now_ms=DECIDED)
        later = max(one.not_before_ms for _, one in shop.control.outbox.page(run=run.id, limit=100))
        send_once(shop, now=lambda: later)
        _, first = shop.control.outbox.page(run=run.id, state="sent", limit=1)[0]
        with shop.control.transaction() as connection:
            receipt = Receipt(action=first.id, at_ms=later + 9, state="delivered")
            assert shop.control.receipts.put_in(connection, [receipt], now_ms=later + 9) == [True]
        assert relay_now(shop, doing="guanxi send") > 0
        told = reach.story(shop, first.id)
        assert [(one.what, one.state) for one in told.steps] == [
            ("facts", "done"), ("decision", "done"), ("approval", "done"), ("action", "done"), ("attempt", "done"),
            ("receipt", "done"),
        ]  # fmt: skip
        assert told.hold is not None
        assert told.hold.state == "settled"
        assert told.decision is not None
        assert (told.decision.policy, told.line.policy) == ("winback", "winback")
        shop.reopen()
        kinds = Counter(event.kind for event in shop.reader.read() if event.source == "control")
        sent = shop.control.outbox.counts(run=run.id)["sent"]
        assert kinds["Message Sent"] + kinds["Coupon Issued"] == sent > 0
        assert kinds["Message Delivered"] + kinds["Receipt Recorded"] == 1
        assert kinds["Decision Made"] == len(BUYERS)
        assert relay_now(shop, doing="guanxi send") == 0
