"""The ledger as people read it: pages, entries, flows and movements, the same on SQLite and on Postgres."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from guanxi.engines.control import LedgerStore
from guanxi.engines.control.accounting import Accounting
from guanxi.engines.control.database import Database
from guanxi.ledger import ISSUER, LARGEST, Account, Move, Release, Reserve, Settle, Transfer, opaque_id

DAY = 86_400_000
NOW = 1_790_000_000_000


def name(word: str) -> str:
    return opaque_id(b"0123456789abcdef", word)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pgserver", reason="no Postgres here: pgserver is not installed")
    pytest.importorskip("psycopg", reason="no Postgres here: psycopg is not installed")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = Database(tmp_path / "control.sqlite")
    else:
        url, new = request.getfixturevalue("postgres"), f"db{secrets.token_hex(6)}"
        server = create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {new}")
        server.dispose()
        opened = Database(make_url(url).set(database=new).render_as_string(hide_password=False))
    yield opened
    opened.close()


def fill(database: Database) -> tuple[LedgerStore, Accounting]:
    """One who earns on two days, spends part, lets part expire; a limit that is half used."""
    ledger, read = LedgerStore(database), Accounting(database)
    ledger.open_many([
        Account(id=name("issuer"), unit="coins", kind=ISSUER, floor=-LARGEST), Account(id=name("ann"), unit="coins"),
        Account(id=name("spent"), unit="coins", kind="spent"),
        Account(id=name("source"), unit="contacts", kind=ISSUER, floor=-LARGEST),
        Account(id=name("used"), unit="contacts", kind="used", cap=4),
    ])  # fmt: skip
    for day, amount in ((0, 10), (1, 20)):
        move = Move(name("issuer"), name("ann"), "coins", amount, NOW + (day + 5) * DAY)
        ledger.post(Transfer(name(f"earn{day}"), (move,), "earn"), now_ms=NOW + day * DAY)
    spend = (Move(name("ann"), name("spent"), "coins", 7),)
    ledger.post(Reserve(name("hold"), spend, NOW + 9 * DAY), now_ms=NOW + 2 * DAY)
    ledger.post(Settle(name("settle"), name("hold")), now_ms=NOW + 2 * DAY)
    ledger.post(Reserve(name("other"), spend, NOW + 9 * DAY), now_ms=NOW + 2 * DAY)
    ledger.post(Release(name("release"), name("other")), now_ms=NOW + 3 * DAY)
    ledger.expire(now_ms=NOW + 5 * DAY)
    ledger.post(
        Transfer(name("use"), (Move(name("source"), name("used"), "contacts", 2),), "use"), now_ms=NOW + 5 * DAY
    )
    with database.write() as connection:
        read.name_in(connection, [(name("ann"), "bank", "coins", "account:app:ann")])
        read.name_in(connection, [(name("ann"), "bank", "coins", "account:app:other")])  # a name stays
    return ledger, read


def test_what_is_read_is_what_was_posted(database: Database) -> None:
    _, read = fill(database)
    total, rows = read.page(unit="coins")
    assert (total, [row.id for row in rows]) == (3, [name("issuer"), name("ann"), name("spent")])
    assert read.page(people=["account:app:ann"])[0] == 1
    assert [row.number for row in read.page(after=2, limit=2)[1]] == [3, 4]
    ann = rows[1]
    assert (ann.balance, ann.person, ann.next_ms) == (20, "account:app:ann", NOW + 6 * DAY)
    entries = read.entries(ann)
    assert [(one.entry.kind, one.moved, one.balance) for one in entries if one.entry.kind != "limit"] == [
        ("expire", -3, 20), ("release", 0, 23), ("reserve", 0, 23), ("settle", -7, 23), ("reserve", 0, 30),
        ("earn", 20, 30), ("earn", 10, 10),
    ]  # fmt: skip
    assert [one.entry.number for one in read.entries(ann, limit=2)] == [one.entry.number for one in entries[:2]]
    assert read.entries(ann, before=entries[1].entry.number, limit=1)[0].balance == 23
    assert read.entries(ann, before_ms=NOW + DAY, limit=1)[0].balance == 10
    assert [(lot.left, lot.expires_ms) for lot in read.lots(ann.id)] == [(20, NOW + 6 * DAY)]
    assert [(row.id, row.cap) for row in read.tightest()] == [(name("used"), 4)]
    assert {row.unit: (row.balance, row.kinds) for row in read.units()} == {
        "coins": (27, {"issuer": 1, "member": 1, "spent": 1}), "contacts": (2, {"issuer": 1, "used": 1}),
    }  # fmt: skip
    assert len(read.ledger_id()) == 32


def test_flows_add_up_in_any_window(database: Database) -> None:
    ledger, read = fill(database)
    for first in range(7):
        for last in range(first + 1, 8):
            opening, rows = read.flows("coins", since_ms=NOW + first * DAY, until_ms=NOW + last * DAY)
            closing = opening + sum(row.came - row.left for row in rows)
            assert opening == ledger.standing(name("ann"), before_ms=NOW + first * DAY).balance
            assert closing == ledger.standing(name("ann"), before_ms=NOW + last * DAY).balance
    assert {row.kind for row in rows} <= {"earn", "settle", "expire"}


def test_movements_say_what_became_of_what_was_issued(database: Database) -> None:
    _, read = fill(database)
    found = list(read.moves("coins", before_ms=NOW + 9 * DAY))
    assert [(one.kind, one.amount, one.issued) for one in found] == [
        ("earn", 10, True), ("earn", 20, True), ("settle", -7, False), ("expire", -3, False),
    ]  # fmt: skip
    assert found[1].due_ms == NOW + 6 * DAY
    assert read.held("coins", before_ms=NOW + 2 * DAY + 1) == 7
    assert read.held("coins", before_ms=NOW + 9 * DAY) == 0
