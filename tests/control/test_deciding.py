"""Decisions are written with their reservations, their outbox rows and their events, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanxi.actions import Outgoing
from guanxi.core import GuanxiError, NotFound
from guanxi.decisions import (
    NOTHING,
    Context,
    Decision,
    Limit,
    Record,
    Refusal,
    Room,
    Weighed,
    account_of,
    source_of,
    use_of,
)
from guanxi.engines.control import Control
from guanxi.engines.control.deciding import Made
from guanxi.ledger import OverLimit

T = 1_767_225_600_000
DAY = 86_400_000
SECRET = b"s" * 32
WEEK = Limit(name="contacts_week", zh="每人每周", en="a week", unit="contacts", per=("person",), cap=2, window="7d")
MONEY = Limit(name="money", zh="预算", en="budget", unit="fen", cap=1_000, uses="cost")
ANN, BEN = "account:app:ann", "account:app:ben"


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    made = Control(tmp_path / "control.sqlite", now=lambda: T)
    yield made
    made.close()


def made(party: str, *, at_ms: int = T, cost: int = 500, run: str = "") -> Made:
    accounts, moves, named = [], [], {}
    for limit in (WEEK, MONEY):
        account, source = account_of(limit, {"person": party}, secret=SECRET), source_of(limit, secret=SECRET)
        move = use_of(limit, account=account.id, source=source.id, cost=cost, at_ms=at_ms)
        assert move is not None
        accounts += [account, source]
        moves.append(move)
        named[account.id] = (limit.name, party if limit.per else "", {})
    what = Decision.made(
        at_ms=at_ms, kind="message", party=party, chosen=("hello",), policy="p", alternatives=("hello", NOTHING),
        propensity=0.9, params=(("channel", "app"), ("content", "hi"), ("purpose", "message")),
    )  # fmt: skip
    refused = Refusal(by="rule", name="vip", zh="不是会员", en="no member")
    record = Record(
        decision=what, policy="0" * 32, arm="treated", bucket=0.5, context=Context(party=party, at_ms=at_ms), run=run,
        weighed=(
            Weighed(id="hello", kind="message", zh="你好", en="Hello", verdict="chosen"),
            Weighed(id="gift", kind="coupon", zh="券", en="Gift", verdict="refused", refusals=(refused, refused)),
        ),
    )  # fmt: skip
    row = Outgoing(
        id=what.id, decision=what.id, party=party, kind="message", channel="app", body=what.params,
        not_before_ms=at_ms, not_after_ms=at_ms + DAY,
    )  # fmt: skip
    return Made(
        record=record, moves=tuple(moves), until_ms=at_ms + DAY, outgoing=row, accounts=tuple(accounts), named=named
    )


def commit(control: Control, *rows: Made, now_ms: int = T) -> list[int]:
    with control.transaction() as connection:
        return control.decisions.commit_in(connection, rows, now_ms=now_ms, secret=SECRET)


def rooms(control: Control, party: str, now_ms: int = T) -> dict[str, Room]:
    asked = [(limit, {"person": party}) for limit in (WEEK, MONEY)]
    return {one.limit: one for one in control.decisions.rooms(asked, secret=SECRET, now_ms=now_ms)}


def test_all_that_belongs_to_a_decision_is_written_with_it(control: Control) -> None:
    one, two = made(ANN), made(BEN)
    assert commit(control, one, two) == [1, 2]
    kept = control.decisions.kept(one.record.decision.id)
    assert kept.record == one.record
    assert kept.is_proved
    assert (kept.batch, kept.place, kept.size) == (1, 0, 2)
    found = rooms(control, ANN)
    assert [(found[name].used, found[name].reserved, found[name].free) for name in ("contacts_week", "money")] == [
        (0, 1, 1), (0, 1_000, 0),
    ]  # fmt: skip
    row = control.outbox.row(one.record.decision.id)
    assert (row.hold, row.party, row.state) == (kept.hold, ANN, "ready")
    assert [event.kind for event in control.relay.take()] == ["Decision Made"] * 2
    assert control.ledger.audit().is_sound


def test_the_batch_is_an_entry_of_the_ledger(control: Control) -> None:
    one = made(ANN)
    commit(control, one)
    kept = control.decisions.kept(one.record.decision.id)
    entries = [row for row, _ in control.ledger.rows()]
    assert sum(b'"decide"' in row and kept.root.encode() in row for row in entries) == 1


def test_one_that_no_limit_admits_stops_all_of_its_transaction(control: Control) -> None:
    with pytest.raises(OverLimit):
        commit(control, made(ANN, cost=600), made(BEN, cost=600))
    assert control.decisions.records() == []
    assert control.outbox.page() == []
    assert control.relay.take() == []
    assert rooms(control, ANN)["money"].free == 1_000
    commit(control, made(ANN, cost=600))
    assert rooms(control, BEN)["money"].free == 400


def test_what_is_over_leaves_the_room_even_before_it_is_swept(control: Control) -> None:
    one = made(ANN)
    commit(control, one)
    with control.transaction() as connection:
        control.ledger.post_in(connection, [settled(control, one)], now_ms=T)
    assert (rooms(control, ANN)["contacts_week"].used, rooms(control, ANN)["contacts_week"].resets_ms) == (
        1,
        T + 7 * DAY,
    )
    assert rooms(control, ANN, T + 7 * DAY)["contacts_week"].used == 0
    assert rooms(control, ANN, T + 7 * DAY)["money"].used == 500  # for good


def settled(control: Control, one: Made):  # type: ignore[no-untyped-def]
    from guanxi.ledger import Settle

    return Settle("ab" * 16, control.decisions.kept(one.record.decision.id).hold)


def test_an_erased_person_is_in_no_record_any_more_and_the_proof_of_others_stays(control: Control) -> None:
    one, two = made(ANN, cost=100), made(BEN, cost=100)
    commit(control, one, two)
    with control.transaction() as connection:
        assert control.decisions.forget_in(connection, [ANN]) == 1
    gone, kept = (control.decisions.kept(each.record.decision.id) for each in (one, two))
    assert (gone.record, gone.party, gone.salt, gone.is_proved) == (None, "", "", True)
    assert kept.is_proved
    assert kept.record == two.record
    assert [record.context.party for _, record in control.decisions.records()] == [BEN]
    assert ANN.encode() not in (Path(control._database.engine.url.database or "")).read_bytes()


def test_a_changed_record_is_found(control: Control) -> None:
    one = made(ANN)
    commit(control, one)
    with control.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE decisions SET record = CAST(replace(CAST(record AS TEXT), '0.9', '0.8') AS BLOB)"
        )
    assert not control.decisions.kept(one.record.decision.id).is_proved


def test_decisions_are_found_by_what_refused(control: Control) -> None:
    commit(control, made(ANN, cost=10), made(BEN, cost=10))
    with control.snapshot() as connection:
        rows = connection.exec_driver_sql("SELECT decision, by, name FROM decision_refusals").all()
    assert [tuple(row) for row in rows] == [(1, "rule", "vip"), (2, "rule", "vip")]


def test_what_is_not_there(control: Control) -> None:
    with pytest.raises(NotFound, match="no decision"):
        control.decisions.kept("f" * 32)
    with pytest.raises(GuanxiError):
        control.runs.run("x")
