"""The outbox: taken by one worker at a time, ended once, with what was reserved and what the log will hear."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guanxi.actions import Ended, Outcome, Outgoing, Pace, Route, Taken, judge
from guanxi.core import DataError, NotFound
from guanxi.engines.control import Control
from guanxi.events import Event, event_id
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Reserve

NOW = 1_767_326_400_000
HOUR = 3_600_000
PACE = Pace()
LEASE = 60_000
ISSUE, USED = event_id("issuer"), event_id("used")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def control(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Control]:
    if request.param == "sqlite":
        opened = Control.open(tmp_path)
    else:
        database = request.getfixturevalue("on_postgres")
        opened = Control(database.engine.url.render_as_string(hide_password=False))
    opened.ledger.open(Account(id=ISSUE, unit="contacts", kind=ISSUER, floor=-LARGEST))
    opened.ledger.open(Account(id=USED, unit="contacts", kind="used", cap=5))
    yield opened
    opened.close()


def make_row(name: str, **fields: Any) -> Outgoing:
    body = (("channel", "sms"), ("content", "spring"), ("purpose", "message"))
    given: dict[str, Any] = {
        "id": event_id("row", name), "decision": event_id("decision", name), "run": "r1",
        "party": "account:app:u1", "kind": "message", "channel": "sms", "body": body, "dry": False,
        "not_before_ms": NOW, "not_after_ms": NOW + 24 * HOUR, **fields,
    }  # fmt: skip
    return Outgoing(**given)


def put(control: Control, *rows: Outgoing, reserve: bool = False) -> list[Outgoing]:
    held = [
        msgspec.structs.replace(row, hold=event_id("hold", row.id)) if reserve else row for row in rows
    ]  # fmt: skip
    with control.transaction() as connection:
        asked = [Reserve(row.hold, (Move(ISSUE, USED, "contacts", 1),), NOW + 48 * HOUR) for row in held if row.hold]
        assert not [one for one in control.ledger.post_in(connection, asked, now_ms=NOW) if isinstance(one, Exception)]
        control.outbox.put_in(connection, held, now_ms=NOW)
    return held


def take(control: Control, now_ms: int = NOW, **fields: Any) -> list[Taken]:
    return control.outbox.take(now_ms=now_ms, lease_ms=LEASE, limit=fields.pop("limit", 100), **fields)


def end(control: Control, taken: Taken, now_ms: int = NOW, **outcome: Any) -> Outgoing:
    told = Outcome(**{"kind": "accepted", **outcome})
    verdict = judge(taken.row, told, now_ms=now_ms, pace=PACE, tried=taken.tried)
    ended = Ended(id=taken.row.id, attempt=taken.row.attempts, outcome=told, verdict=verdict)
    control.outbox.record([ended], now_ms=now_ms)
    return control.outbox.row(taken.row.id)


def withdraw(control: Control, now_ms: int = NOW, **named: Any) -> Any:
    with control.transaction() as connection:
        return control.outbox.withdraw_in(connection, **named, now_ms=now_ms)


def used(control: Control) -> tuple[int, int]:
    standing = control.ledger.standing(USED)
    return standing.balance, standing.coming


def relayed(control: Control) -> list[Event]:
    with control.snapshot() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM relay ORDER BY number").fetchall()
    return [msgspec.json.decode(body, type=Event) for (body,) in rows]


def test_what_was_sent_settles_and_is_told(control: Control) -> None:
    (row,) = put(control, make_row("a"), reserve=True)
    assert used(control) == (0, 1)
    (taken,) = take(control)
    assert taken.row.state == "sending"
    done = end(control, taken, NOW + 5, receipt="r-1")
    assert (done.state, done.receipt, done.ended_ms, done.uncertain) == ("sent", "r-1", NOW + 5, False)
    assert used(control) == (1, 0)
    (event,) = relayed(control)
    assert (event.kind, event.at_ms, event.refs["action"]) == ("Message Sent", NOW + 5, row.id)
    assert take(control, NOW + 2 * HOUR) == []
    assert [(one.attempt, one.outcome) for one in control.outbox.attempts(row.id)] == [(1, "accepted")]


def test_the_same_id_twice_stays_as_it_was(control: Control) -> None:
    put(control, make_row("a"), make_row("a", channel="mail"))
    put(control, make_row("a", channel="app"))
    assert [row.channel for _, row in control.outbox.page()] == ["sms"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"state": "sent"}, "state", id="a-row-that-was-sent"),
        pytest.param({"not_after_ms": NOW}, "not_after_ms", id="no-time-to-be-sent-in"),
        pytest.param({"body": ()}, "channel", id="a-message-without-a-channel"),
    ],
)
def test_rows_that_cannot_be_sent_are_refused(control: Control, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(DataError) as caught, control.transaction() as connection:
        control.outbox.put_in(connection, [make_row("a", **fields)], now_ms=NOW)
    assert caught.value.field == field
    assert control.outbox.page() == []


def test_two_workers_never_take_one_row(control: Control) -> None:
    put(control, *(make_row(str(number)) for number in range(60)))
    found: list[str] = []

    def work() -> None:
        while rows := take(control, limit=7):
            found.extend(one.row.id for one in rows)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 60


def test_what_was_cut_off_is_taken_again_when_its_lease_is_over(control: Control) -> None:
    (row,) = put(control, make_row("a"), reserve=True)
    (first,) = take(control)
    assert take(control, NOW + LEASE - 1) == []
    (second,) = take(control, NOW + LEASE)
    assert (second.row.id, second.row.attempts, second.row.uncertain) == (row.id, 2, True)
    assert [one.ended_ms for one in control.outbox.attempts(row.id)] == [None, None]
    end(control, second, NOW + LEASE + 1)
    assert end(control, first, NOW + LEASE + 2).state == "sent"  # heard late: it changes nothing
    assert used(control) == (1, 0)
    assert len(relayed(control)) == 1


def test_an_acceptance_heard_late_counts_over_a_newer_attempt(control: Control) -> None:
    put(control, make_row("a"), reserve=True)
    (first,) = take(control)
    (second,) = take(control, NOW + LEASE)
    assert end(control, first, NOW + LEASE, kind="server").state == "sending"  # an old failure says nothing
    assert end(control, first, NOW + LEASE).state == "sent"
    assert end(control, second, NOW + LEASE, kind="refused").state == "sent"
    assert used(control) == (1, 0)


def test_a_worker_that_knows_itself_alone_takes_what_was_left_behind(control: Control) -> None:
    put(control, make_row("a"))
    take(control)
    assert control.outbox.left_behind(now_ms=NOW + 1) == 1
    (again,) = take(control, NOW + 1)
    assert again.row.uncertain


def test_what_was_not_begun_is_put_back(control: Control) -> None:
    (row,) = put(control, make_row("a"))
    control.outbox.put_back(take(control))
    (again,) = take(control)
    assert (again.row.attempts, again.row.uncertain) == (2, False)
    assert [one.outcome for one in control.outbox.attempts(row.id)] == ["put back", ""]


@pytest.mark.parametrize(
    ("kind", "state", "standing"),
    [
        pytest.param("server", "ready", (0, 1), id="tried-again"),
        pytest.param("refused", "dead", (0, 0), id="given-up-and-released"),
        pytest.param("invalid", "dead", (0, 0), id="cannot-be-sent"),
    ],
)
def test_failures(control: Control, kind: str, state: str, standing: tuple[int, int]) -> None:
    put(control, make_row("a"), reserve=True)
    done = end(control, take(control)[0], kind=kind, text="HTTP 500")
    assert (done.state, done.error, used(control)) == (state, kind, standing)
    assert done.error_text.startswith("HTTP 500")
    assert relayed(control) == []


def test_what_may_have_acted_counts_as_used(control: Control) -> None:
    put(control, make_row("a", not_after_ms=NOW + 1_500), reserve=True)
    done = end(control, take(control)[0], NOW + 1_000, kind="timeout")
    assert (done.state, done.uncertain, used(control)) == ("dead", True, (1, 0))


def test_what_waits_is_sent_only_when_freed(control: Control) -> None:
    put(control, make_row("a", state="waiting", approval="p"), make_row("b", state="waiting", approval="q"))
    assert take(control) == []
    with control.transaction() as connection:
        assert control.outbox.free_in(connection, "p", now_ms=NOW) == 1
    assert [one.row.approval for one in take(control)] == ["p"]


def test_what_was_not_sent_is_taken_back(control: Control) -> None:
    rows = put(control, *(make_row(str(number)) for number in range(4)), reserve=True)
    first, second, *_ = take(control, limit=2)
    end(control, first)
    done = withdraw(control, run="r1")
    assert (done.rows, done.sent, done.sending, len(done.holds)) == (2, 1, 1, 2)
    assert used(control) == (1, 1)
    assert end(control, second, kind="server").state == "withdrawn"  # no other attempt follows
    assert used(control) == (1, 0)
    assert control.outbox.counts(run="r1") | {} == dict.fromkeys(control.outbox.counts(), 0) | {
        "sent": 1, "withdrawn": 3,
    }  # fmt: skip
    assert withdraw(control, ids=[row.id for row in rows]).rows == 0
    with pytest.raises(DataError):
        withdraw(control)


def test_taken_back_and_cut_off_is_not_sent_again(control: Control) -> None:
    (row,) = put(control, make_row("a"), reserve=True)
    take(control)
    assert withdraw(control, ids=[row.id]).sending == 1
    assert take(control, NOW + LEASE) == []
    ended = control.outbox.row(row.id)
    assert (ended.state, ended.uncertain, used(control)) == ("withdrawn", True, (1, 0))


def test_what_is_late_expires(control: Control) -> None:
    put(control, make_row("a", not_after_ms=NOW + 10), make_row("b", state="waiting", not_after_ms=NOW + 10),
        make_row("c"), reserve=True)  # fmt: skip
    assert len(take(control, limit=1)) == 1
    assert take(control, NOW + 10) != []  # c; what is late is not taken
    assert control.outbox.expire(now_ms=NOW + 10) == 1  # b; a is being sent
    assert control.outbox.expire(now_ms=NOW + LEASE) == 1
    states = {row.id: (row.state, row.uncertain) for _, row in control.outbox.page()}
    assert states == {event_id("row", "a"): ("expired", True), event_id("row", "b"): ("expired", False),
                      event_id("row", "c"): ("sending", False)}  # fmt: skip
    assert used(control) == (1, 1)


def test_a_row_whose_reservation_lapsed_is_not_sent(control: Control) -> None:
    (row,) = put(control, make_row("a", not_after_ms=NOW + 99 * HOUR), reserve=True)
    assert take(control, NOW + 49 * HOUR) == []
    assert control.outbox.row(row.id).state == "refused"


class TestRetry:
    def retry(self, control: Control, *ids: str, now_ms: int = NOW) -> dict[str, str]:
        with control.transaction() as connection:
            return control.outbox.retry_in(connection, ids, now_ms=now_ms, pace=PACE)

    def dead(self, control: Control, name: str = "a", kind: str = "refused", **fields: Any) -> Outgoing:
        put(control, make_row(name, **fields), reserve=True)
        return end(control, take(control)[0], kind=kind)

    def test_a_dead_letter_reserves_again(self, control: Control) -> None:
        row = self.dead(control)
        assert used(control) == (0, 0)
        assert self.retry(control, row.id) == {}
        assert used(control) == (0, 1)
        (taken,) = take(control)
        assert (taken.row.attempts, taken.tried) == (2, 1)
        assert end(control, taken).state == "sent"
        assert used(control) == (1, 0)

    def test_no_room_is_left_in_the_limit(self, control: Control) -> None:
        row = self.dead(control)
        put(control, *(make_row(f"other {number}") for number in range(5)), reserve=True)
        assert "room for 0 contacts" in self.retry(control, row.id)[row.id]
        assert control.outbox.row(row.id).state == "dead"

    def test_after_its_time_it_is_refused(self, control: Control) -> None:
        row = self.dead(control)
        assert self.retry(control, row.id, now_ms=NOW + 24 * HOUR) == {row.id: "its time has passed: decide again"}

    def test_what_may_have_acted_is_not_counted_twice(self, control: Control) -> None:
        put(control, make_row("a", not_after_ms=NOW + 2_500), reserve=True)
        row = end(control, take(control)[0], NOW + 2_000, kind="timeout")
        assert (row.state, used(control)) == ("dead", (1, 0))
        assert self.retry(control, row.id, now_ms=NOW + 2_100) == {}
        assert end(control, take(control, NOW + 2_100)[0], NOW + 2_200).state == "sent"
        assert used(control) == (1, 0)

    def test_only_what_was_given_up(self, control: Control) -> None:
        (row,) = put(control, make_row("a"))
        found = self.retry(control, row.id, "none")
        assert found == {row.id: "it is ready: only what was given up is tried again", "none": "there is no such row"}


def test_a_clock_that_was_set_back_delays_nothing(control: Control) -> None:
    put(control, make_row("a"), make_row("b", not_before_ms=NOW + 20 * HOUR))
    (taken,) = take(control, NOW + 10 * HOUR)  # the clock had jumped ahead
    end(control, taken, NOW + 10 * HOUR, kind="server")
    assert take(control) == []
    assert control.outbox.set_back(now_ms=NOW, pace=PACE, lease_ms=LEASE) == 1
    assert [one.row.id for one in take(control)] == [taken.row.id]


def test_erasure_refuses_what_is_left_and_forgets_the_name(control: Control) -> None:
    sent, left, under_way = put(control, make_row("a"), make_row("b"), make_row("c"), reserve=True)
    taken = {one.row.id: one for one in take(control, limit=2)}
    end(control, taken[sent.id])
    with control.transaction() as connection:
        assert control.outbox.forget_in(connection, sent.party, now_ms=NOW) == 3
    assert {row.party for _, row in control.outbox.page()} == {""}
    other = next(one for key, one in taken.items() if key != sent.id)
    assert end(control, other, kind="server").state == "withdrawn"
    assert sorted(row.state for _, row in control.outbox.page()) == ["refused", "sent", "withdrawn"]
    assert used(control) == (1, 0)
    assert left.id != under_way.id


def test_pages_go_from_the_newest_on(control: Control) -> None:
    rows = [make_row(str(number)) for number in range(5)]
    rows[1::2] = [msgspec.structs.replace(row, channel="mail") for row in rows[1::2]]
    put(control, *rows)
    first = control.outbox.page(limit=2)
    assert [number for number, _ in first] == [5, 4]
    assert [number for number, _ in control.outbox.page(after=4, limit=9)] == [3, 2, 1]
    assert [number for number, _ in control.outbox.page(channel="mail", state="ready", run="r1")] == [4, 2]
    assert control.outbox.page(party="account:app:u2") == []
    with pytest.raises(NotFound):
        control.outbox.row("none")


def test_rows_are_taken_by_their_route(control: Control) -> None:
    put(control, make_row("a"), make_row("b", sender="x"), make_row("c", channel="app"), make_row("d", dry=True))
    known = Route(senders=("x",), channels=("sms",))
    assert [one.row.channel for one in take(control, but=known)] == ["app"]
    assert take(control, only=Route(senders=("y",))) == []
    assert [one.row.sender for one in take(control, only=Route(senders=("x",)))] == ["x"]
    assert [one.row.id for one in take(control, only=known)] == [event_id("row", "a")]
    assert [one.row.id for one in take(control, dry=True)] == [event_id("row", "d")]
