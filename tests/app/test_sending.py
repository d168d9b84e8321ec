"""Sending for a workspace: who may no longer be touched is not, addresses come from the vault, one process sends."""

import base64
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from guanxi.actions import Outgoing, Pace
from guanxi.app import Workspace, sending
from guanxi.app.approving import undo, vote
from guanxi.app.deciding import run_policy
from guanxi.bench.send_receiver import ReceiverThread
from guanxi.core import Busy
from guanxi.decisions import Limit
from guanxi.engines.locks import SENDER, Lock
from guanxi.events import event_id

from .conftest import ANN, BUYERS, NOW, look, said, told

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
HOUR = 3_600_000
BEN = BUYERS[1]


class Clock:
    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


def configure(workspace: Workspace, url: str, monkeypatch: pytest.MonkeyPatch, channels: str = '["app"]') -> Workspace:
    monkeypatch.setenv("GUANXI_SECRET_HOOK", SECRET)
    (workspace.folder / "guanxi.toml").write_text(
        f'[[senders]]\nname = "hook"\nkind = "adapter"\nchannels = {channels}\nurl = "{url}"\nkeys = true\n'
        'secret_env = "GUANXI_SECRET_HOOK"\nallow_private = true\n',
        "utf-8",
    )
    return Workspace.open(workspace.folder)


def put(workspace: Workspace, party: str, channel: str = "app", **fields: Any) -> str:
    id_ = event_id("put", party, channel)
    row = Outgoing(
        **{"id": id_, "decision": event_id("d", id_), "party": party, "kind": "message", "channel": channel,
           "body": (("channel", channel), ("content", "好久不见"), ("purpose", "message")), "dry": False,
           "not_before_ms": NOW, "not_after_ms": NOW + 48 * HOUR, **fields}
    )  # fmt: skip
    with workspace.control.transaction() as connection:
        workspace.control.outbox.put_in(connection, [row], now_ms=NOW)
    return id_


def test_a_run_is_sent_once_and_the_log_hears_of_it(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True)
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch) as opened:
        rows = [row for _, row in opened.control.outbox.page(run=run.id)]
        # A change of mind between the decision and the sending.
        gone = rows[0].party
        told(opened, said(gone, "Consent Withdrawn", 40.5, purpose="message"))
        done = sending.send_once(opened, now=clock)
        again = sending.send_once(opened, now=clock)
    assert Counter(receiver.did) == {row.id: 1 for row in rows if row.party != gone}
    assert (done.states["sent"], done.states["refused"], done.left) == (len(rows) - 1, 1, 0)
    assert again.handled == 0
    refused = buyers.control.outbox.row(rows[0].id)
    assert (refused.state, "consent" in refused.error_text) == ("refused", True)
    assert {json.loads(body)["address"] for _, _, body in receiver.receiver.requests} <= {
        who.rpartition(":")[2] for who in BUYERS
    }
    told_of = Counter(
        event.kind for event in buyers.control.relay.take() if event.kind in ("Message Sent", "Coupon Issued")
    )
    assert told_of.total() == len(rows) - 1
    assert buyers.control.ledger.audit().is_sound


def test_what_is_sent_late_counts_on_the_day_on_which_it_is_sent(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True, mode="propose")
    [approval] = buyers.control.approvals.page(limit=10)
    clock.ms = late = NOW + 48 * HOUR
    vote(buyers.control, approval.id, ballot="approve", who="ben", content=approval.content, now_ms=late)
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch) as opened:
        sending.send_once(opened, now=clock)
        told(opened, *(look(who, 41.5) for who in BUYERS))
        again = run_policy(opened, "winback", BUYERS, audience="全部", who="ann", now_ms=late + HOUR, send=True)
        sending.send_once(opened, now=clock)
        next_day = run_policy(
            opened, "winback", BUYERS, audience="全部", who="ann", now_ms=late + 24 * HOUR, send=True, mode="shadow"
        )
    sent, more = ({row.party for _, row in buyers.control.outbox.page(run=one.id, limit=100)} for one in (run, again))
    assert sent
    assert not sent & more
    assert next_day.counts["acting"] > 0
    assert buyers.control.ledger.audit().is_sound


def test_what_was_refused_is_not_tried_again_after_its_approval_was_undone(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True, mode="propose")
    [approval] = buyers.control.approvals.page(limit=10)
    vote(buyers.control, approval.id, ballot="approve", who="ben", content=approval.content, now_ms=NOW)
    row = buyers.control.outbox.page(run=run.id)[0][1]
    told(buyers, said(row.party, "Consent Withdrawn", 40.41, purpose="message"))
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch) as opened:
        sending.send_once(opened, now=clock)
    assert buyers.control.outbox.row(row.id).state == "refused"
    assert undo(buyers.control, approval.id, who="ben", now_ms=NOW + HOUR).withdrawn == 0
    with buyers.control.transaction() as connection:
        why = buyers.control.outbox.retry_in(connection, [row.id], now_ms=NOW + HOUR, pace=Pace())
    assert "taken back" in why[row.id]
    assert buyers.control.outbox.row(row.id).state == "refused"


def test_an_erased_person_is_not_touched(buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = put(buyers, ANN)
    buyers.vault.forget([ANN])
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch) as opened:
        sending.send_once(opened, now=clock)
    assert receiver.receiver.requests == []
    assert buyers.control.outbox.row(id_).state == "refused"


def test_quiet_hours_delay_until_they_are_over(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = put(buyers, ANN)
    quiet = Limit(name="siesta", zh="午休", en="Siesta", unit="contacts", cap=0, hours=(600, 720))
    buyers.control.limits.set(quiet, who="test", reason="test", now_ms=NOW)
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch) as opened:
        sending.send_once(opened, now=clock)
        row = opened.control.outbox.row(id_)
        assert (row.state, row.next_ms, receiver.did) == ("ready", NOW + 2 * HOUR, [])
        clock.ms = row.next_ms
        sending.send_once(opened, now=clock)
    assert receiver.did == [id_]


def test_a_phone_number_is_read_from_the_vault_when_it_is_needed(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(buyers, said(ANN, "Profile Updated", 39, phone="13800138000", email="ann@example.com"))
    ids = [put(buyers, ANN, "sms"), put(buyers, ANN, "mail"), put(buyers, BEN, "sms")]
    channels = '["sms", "mail"]'
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch, channels) as opened:
        sending.send_once(opened, now=clock)
    sent = {one["channel"]: one["address"] for one in (json.loads(body) for _, _, body in receiver.receiver.requests)}
    assert sent == {"sms": "13800138000", "mail": "ann@example.com"}
    states = [buyers.control.outbox.row(id_) for id_ in ids]
    assert [row.state for row in states] == ["sent", "sent", "dead"]
    assert states[2].error_text.startswith("no address of this person is known for sms")
    looks = [look.purpose for _, look in buyers.vault.reveals()]
    assert sorted(looks) == ["send mail", "send sms"]
    kept = b"".join(path.read_bytes() for path in buyers.folder.glob("control.sqlite*"))
    assert b"13800138000" not in kept


def test_one_person_by_two_senders_at_once(buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    told(buyers, said(ANN, "Profile Updated", 39, phone="13800138000"))
    told(buyers, said(BEN, "Profile Updated", 39, phone="13900139000"))
    ids = [put(buyers, who, channel) for who in (ANN, BEN) for channel in ("sms", "app")]
    monkeypatch.setenv("GUANXI_SECRET_HOOK", SECRET)
    with ReceiverThread(keys=True) as receiver:
        rows = (
            f'[[senders]]\nname = "{name}"\nkind = "adapter"\nchannels = ["{name}"]\nurl = "{receiver.url}"\n'
            'keys = true\nsecret_env = "GUANXI_SECRET_HOOK"\nallow_private = true\n'
            for name in ("sms", "app")
        )
        (buyers.folder / "guanxi.toml").write_text("".join(rows), "utf-8")
        with Workspace.open(buyers.folder) as opened:
            sending.send_once(opened, now=clock)
    assert {buyers.control.outbox.row(id_).state for id_ in ids} == {"sent"}
    addresses = {json.loads(body)["address"] for _, _, body in receiver.receiver.requests}
    assert addresses == {"13800138000", "13900139000", "u000", "u001"}
    assert len(buyers.vault.reveals()) == 2  # each looked up once


def test_a_silent_coupon_needs_no_consent_to_messages(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (("amount", 500), ("days", 7), ("threshold", 3000))
    ids = [
        put(buyers, ANN, "coupon", kind="coupon", body=body),
        put(buyers, BEN, "app", kind="coupon", body=(("amount", 500), ("channel", "app"), *body[1:])),
    ]
    told(buyers, *(said(who, "Consent Withdrawn", 38, purpose="message") for who in (ANN, BEN)))
    channels = '["app", "coupon"]'
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch, channels) as opened:
        sending.send_once(opened, now=clock)
    assert [buyers.control.outbox.row(id_).state for id_ in ids] == ["sent", "refused"]


def test_a_dry_run_changes_nothing_and_names_nobody(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(buyers, said(ANN, "Profile Updated", 39, phone="13800138000"))
    real, dry = put(buyers, ANN, "sms"), put(buyers, BEN, "sms", dry=True)
    with ReceiverThread(keys=True) as receiver, configure(buyers, receiver.url, monkeypatch, '["sms"]') as opened:
        assert sending.send_dry(opened, now=clock).handled == 1
        assert opened.control.outbox.row(real).state == "ready"
        sending.send_once(opened, now=clock)
        assert receiver.did == [real]
        assert opened.control.outbox.row(dry).state == "dry"
    (path,) = (buyers.folder / sending.FOLDER).glob("dry-*.jsonl")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(line["id"], line["sender"], line["to"]) for line in lines] == [
        (real, "hook", "phone ***"), (dry, "hook", "phone ***"),
    ]  # fmt: skip
    assert "13800138000" not in path.read_text("utf-8")
    assert ANN not in path.read_text("utf-8")


def test_one_process_sends(buyers: Workspace) -> None:
    with Lock(buyers.folder, SENDER, doing="guanxi serve"), pytest.raises(Busy, match="guanxi serve"):
        sending.send_once(buyers)


def test_a_sender_that_cannot_be_used_says_why_and_its_rows_wait(
    buyers: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = put(buyers, ANN)
    with configure(buyers, "https://a.example/", monkeypatch) as opened:
        monkeypatch.setenv("GUANXI_SECRET_HOOK", "")
        (fact,) = sending.sender_facts(opened)
        assert fact.problem == "the environment variable GUANXI_SECRET_HOOK is not set"
        sending.send_once(opened, now=clock)
        row = opened.control.outbox.row(id_)
    assert (row.state, row.error) == ("ready", "unreachable")


def test_the_thread_of_the_keeper_sends_and_stops(
    buyers: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns() // 1_000_000
    id_ = put(buyers, ANN, not_before_ms=real - 1_000, not_after_ms=real + HOUR)
    with ReceiverThread(keys=True) as receiver:
        configure(buyers, receiver.url, monkeypatch).close()
        thread = sending.SendingThread(buyers.folder)
        give_up = time.monotonic() + 30
        while buyers.control.outbox.row(id_).state != "sent":
            assert time.monotonic() < give_up
            time.sleep(0.05)
        thread.close()
    assert receiver.did == [id_]
    Lock(buyers.folder, SENDER, doing="test").release()


def test_what_ends_the_thread_ends_the_keeper(buyers: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(sending.Courier, "round", broken)
    thread = sending.SendingThread(buyers.folder)
    thread._thread.join(30)
    with pytest.raises(ZeroDivisionError):
        thread.check()
    thread.close()
