"""Deleted tags: no trait and no label says any more what somebody had deleted, of them and of nobody else."""

from collections.abc import Iterator
from datetime import date

import pytest

from guanxi.app import Workspace, labels
from guanxi.app.deciding_people import Onlookers
from guanxi.app.scope import scope
from guanxi.app.tags import deleted_tags
from guanxi.app.trait_answers import trait_table
from guanxi.app.traits import as_of, everyone
from guanxi.core import DAY_MS, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

JAN = midnight_ms(date(2026, 1, 1))
NOW = JAN + 20 * DAY_MS
ORDERS = "person.orders.count.30d"
ANN, ANN_TAOBAO, BEN = "account:app:u1", "account:taobao:ann", "account:app:ben"  # the first two are one


def one(kind: str, day: float, who: str, **fields: object) -> RawEvent:
    roles = {"actor": who, **fields.pop("roles", {})}  # type: ignore[dict-item]
    return RawEvent(
        kind=kind, at=JAN + int(day * DAY_MS), message_id=f"{kind}{day}{who}", roles=roles, historical=True,
        platform=who.split(":")[1], **fields,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path_factory.mktemp("tags") / "ws")
    rows = [
        *(one("Order Created", 3, who, amount="20.00", refs={"order": who[-3:]}) for who in (ANN, BEN)),
        *(one("Profile Updated", 4, who, properties={"city": "苏州", "gender": "女"}) for who in (ANN, BEN)),
        one("Party Resolved", 8, ANN, roles={"object": ANN_TAOBAO}, properties={"operation": "merge"}),
        one("Tag Deleted", 9, ANN_TAOBAO, properties={"tag": ORDERS}),
        one("Tag Deleted", 9.1, ANN_TAOBAO, properties={"tag": "city"}),
    ]
    with made:
        intake = made.intake()
        checked = [intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test") for raw in rows]
        events = [event for event in checked if isinstance(event, Event)]
        assert len(events) == len(rows)
        made.vault.flush()
        log = SqliteLog(made.folder)
        log.append(events)
        log.close()
        made.reopen()
        yield made


def test_a_tag_that_one_account_of_a_person_deleted_is_deleted_for_the_person(shop: Workspace) -> None:
    assert set(deleted_tags(shop).iter_rows()) == {(ANN, ORDERS), (ANN, "city")}


def test_no_way_of_reading_traits_says_it_any_more(shop: Workspace) -> None:
    names = [ORDERS, "person.orders.count.90d"]
    for who in (ANN, ANN_TAOBAO):
        assert as_of(shop, [who], names, until=NOW, use="profile").row(0)[1:] == (None, 1)
    whole = {
        row[0]: row[1:] for frame in everyone(shop, "person", names, until=NOW, use="profile") for row in frame.rows()
    }
    assert whole == {ANN: (None, 1), BEN: (1, 1)}
    table = trait_table(shop, [ANN, BEN], names, until=NOW, use="profile")
    assert table.rows == ((None, 1), (1, 1))


def test_a_policy_does_not_see_it(shop: Workspace) -> None:
    seen = Onlookers(shop, [ANN_TAOBAO, BEN, ANN], [ORDERS], until_ms=NOW, at_ms=NOW)
    assert [(one.party, one.traits[ORDERS]) for one in seen.contexts()] == [(ANN, None), (BEN, 1)]


def test_before_it_was_deleted_it_was_known(shop: Workspace) -> None:
    before = shop.reader.last_seq() - 2
    assert as_of(shop, [ANN], [ORDERS], until=NOW, known=before, use="profile").row(0)[1] == 1


def test_labels_leave_it_out(shop: Workspace) -> None:
    found = labels.labels(shop, scope(shop, t="custom:2026-01-01..2026-01-31"))
    told = {row.id: row.told for row in found.labels}
    assert told == {"age": 0, "gender": 2, "region": 1, "tier": 1, "city": 1, "job": 0}
