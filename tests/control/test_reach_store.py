"""The outbox and its receipts, counted: the same on SQLite and on Postgres."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanxi.actions import Ended, Outcome, Outgoing, Pace, Receipt, judge
from guanxi.engines.control import ReachFilter
from guanxi.engines.control.database import Database
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.outbox import OutboxStore
from guanxi.engines.control.reach import ReachStore
from guanxi.engines.control.receipts import ReceiptStore
from guanxi.engines.control.relay import Relay
from guanxi.events import event_id

NOW = 1_767_326_400_000
HOUR = 3_600_000
BODY = (("channel", "sms"), ("content", "spring"), ("purpose", "service"))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgres":
        yield request.getfixturevalue("on_postgres")
        return
    opened = Database(tmp_path / "control.sqlite")
    yield opened
    opened.close()


def row(name: str, **fields: object) -> Outgoing:
    given = {"not_before_ms": NOW, "not_after_ms": NOW + HOUR, **fields}
    return Outgoing(
        id=event_id("row", name), decision=event_id("made", name), party=f"account:app:{name}", kind="message",
        channel="sms", body=BODY, dry=False, **given,
    )  # fmt: skip


def test_the_whole_way(database: Database) -> None:
    relay = Relay(database)
    outbox, receipts = OutboxStore(database, LedgerStore(database), relay), ReceiptStore(database, relay)
    reach, ask = ReachStore(database), ReachFilter(since_ms=1)
    with database.write() as connection:
        rows = [row("sent"), row("opened"), row("busy"), row("lost"), row("later", not_before_ms=NOW + 60_000)]
        outbox.put_in(connection, [*rows, row("asks", state="waiting", approval="a1")], now_ms=NOW)
    outcomes = {event_id("row", "busy"): Outcome(kind="busy"), event_id("row", "lost"): Outcome(kind="timeout")}
    for one in outbox.take(now_ms=NOW, lease_ms=HOUR, limit=9):
        outcome = outcomes.get(one.row.id, Outcome(kind="accepted"))
        verdict = judge(one.row, outcome, now_ms=NOW, pace=Pace(attempts=1), tried=one.tried)
        outbox.record([Ended(id=one.row.id, attempt=1, outcome=outcome, verdict=verdict)], now_ms=NOW)
    told = [("opened", "opened"), ("opened", "delivered"), ("lost", "failed"), ("ghost", "opened")]
    for _ in range(2):  # the second time nothing is new
        with database.write() as connection:
            heard = receipts.take_in(
                connection,
                [Receipt(action=event_id("row", name), at_ms=NOW + 9, state=state) for name, state in told],  # type: ignore[arg-type]
                now_ms=NOW,
            )
    assert [one.state for one in heard] == ["repeated", "repeated", "repeated", "parked"]
    assert [one.problem for one in receipts.parked()] == ["unknown"]
    assert [event.kind for event in relay.take()] == [
        "Message Sent", "Message Sent", "Message Opened", "Message Delivered", "Message Failed",
    ]  # fmt: skip
    assert {(one.state, one.rows) for one in reach.counts(ask)} == {
        ("sent", 2), ("dead", 2), ("ready", 1), ("waiting", 1),
    }  # fmt: skip
    (line,) = reach.funnel(ask)
    assert (line.sent, line.heard, line.delivered, line.opened, line.redeemed, line.failed) == (2, 1, 1, 1, 0, 0)
    assert [(one.why, one.rows) for one in reach.waits(now_ms=NOW)] == [("approval", 1), ("time", 1)]
    assert [(one.error, one.rows, one.again, one.uncertain) for one in reach.dead(now_ms=NOW)] == [
        ("busy", 1, 1, 0), ("timeout", 1, 0, 1),
    ]  # fmt: skip
    assert reach.again(ReachFilter(), uncertain=False, now_ms=NOW, limit=9) == [event_id("row", "busy")]
    assert len(reach.page(ReachFilter(policy="x"))) == 0
    assert reach.hold("none") is None
    assert reach.runs() == []
    relay.done(relay.take(limit=4))
    assert relay.waiting() == 1
