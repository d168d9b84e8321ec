"""The ledger in a database: the contract of the Book, and the same rows as the Book whatever is asked."""

import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import DatabaseError

from guanxi.core import GuanxiError, Refused
from guanxi.engines.control import LedgerStore, ledger
from guanxi.engines.control.database import MIGRATIONS, Database, upgrade
from guanxi.ledger import (
    ISSUER,
    LARGEST,
    NODE_LEVEL,
    Account,
    Book,
    Edge,
    Ledger,
    Move,
    Receipt,
    Release,
    Request,
    Reserve,
    Settle,
    Transfer,
    leaf_hashes,
    verify_head,
    verify_run,
)
from guanxi.ledger.contract import DAY, NOW, TOWN, LedgerContract, name, pay, reserve


class TestSqlite(LedgerContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[None]:
        self.database = Database(tmp_path / "control.sqlite")
        yield
        self.database.close()

    def make_ledger(self) -> LedgerStore:
        return LedgerStore(self.database)


class TestPostgres(LedgerContract):
    @pytest.fixture(autouse=True)
    def server(self, on_postgres: Database) -> None:
        self.database = on_postgres

    def make_ledger(self) -> LedgerStore:
        return LedgerStore(self.database)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "control.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def database(sqlite: Database) -> Database:
    return sqlite


@pytest.fixture(params=["sqlite", "on_postgres"])
def either(request: pytest.FixtureRequest) -> Database:
    opened: Database = request.getfixturevalue(request.param)
    return opened


def requests(dice: random.Random, count: int, holds: list[str]) -> list[Request]:
    """Any requests over four members, some of them twice."""
    made: list[Request] = []
    for _ in range(count):
        key, kind = name(f"key {dice.random()}"), dice.randrange(6)
        giver, taker = (name(f"member {place}") for place in dice.sample(range(4), 2))
        move = Move(giver, taker, "points", dice.randint(1, 30))
        if kind == 0:
            until = NOW + dice.randint(1, 5) * DAY if dice.random() < 0.6 else None
            made.append(Transfer(key, (Move(name("issuer"), taker, "points", dice.randint(1, 30), until),), "grant"))
        elif kind == 1:
            made.append(Transfer(key, (move,)))
        elif kind == 2:
            made.append(Transfer(key, (move, Move(taker, giver, "points", 3))))
        elif kind == 3:
            until = NOW + dice.randint(1, 5) * DAY if dice.random() < 0.6 else None
            second = Move(name("issuer"), name("quota"), "points", 1, until)
            made.append(Reserve(key, (move, second), NOW + dice.randint(1, 5) * DAY))
            holds.append(key)
        elif holds and kind == 4:
            made.append(Settle(key, dice.choice(holds), (dice.randint(0, 20), 1)))
        elif holds:
            made.append(Release(key, dice.choice(holds)))
        if made and dice.random() < 0.1:
            made.append(dice.choice(made))
    return made


def test_the_store_does_what_the_book_does(either: Database) -> None:
    dice, book, store, holds = random.Random(7), Book(), LedgerStore(either), list[str]()
    ledgers: tuple[Ledger, ...] = (book, store)
    accounts = [
        Account(id=name("issuer"), unit="points", kind=ISSUER, floor=-LARGEST),
        Account(id=name("quota"), unit="points", kind="quota", cap=40),
        *(Account(id=name(f"member {place}"), unit="points", floor=-10 * (place == 3)) for place in range(4)),
    ]
    for account in accounts:
        assert book.open(account) == store.open(account)
    seen = []
    for step in range(60):
        now = NOW + dice.randint(-1, step) * DAY // 10
        asked = requests(dice, dice.randint(1, 12), holds)
        told = [[str(one) for one in ledger.post_many(asked, now_ms=now)] for ledger in ledgers]
        assert told[0] == told[1]
        if step % 7 == 0:
            assert book.expire(now_ms=now) == store.expire(now_ms=now)
        if step % 20 == 0:
            assert len({str(one.limit(name("member 1"), floor=-5, cap=50 - step)) for one in ledgers}) == 1
        assert [book.standing(one.id) for one in accounts] == [store.standing(one.id) for one in accounts]
        past = [store.standing(one.id, before_ms=book.clock_ms) for one in accounts]
        seen.append((book.clock_ms, [(one.balance, one.held, one.coming) for one in past]))
    assert list(store.rows()) == [(line.row, chain) for line, chain in zip(book.lines, book.hashes, strict=True)]
    assert len(book.lines) > 200
    assert store.audit().is_sound
    for before_ms, then in seen:
        found = [book.standing(one.id, before_ms=before_ms) for one in accounts]
        assert [(one.balance, one.held, one.coming) for one in found] == then


def town(database: Database) -> LedgerStore:
    class Town(LedgerContract):
        def make_ledger(self) -> LedgerStore:
            return LedgerStore(database)

    made = Town().town()
    assert isinstance(made, LedgerStore)
    return made


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE ledger_entries SET moved = 1", id="entry-changed"),
        pytest.param("DELETE FROM ledger_entries", id="entry-deleted"),
        pytest.param("UPDATE ledger_keys SET first = 9", id="key-changed"),
        pytest.param("DELETE FROM ledger_keys", id="key-deleted"),
        pytest.param("DELETE FROM ledger_accounts", id="account-deleted"),
        pytest.param("UPDATE ledger_nodes SET level = 7", id="node-changed"),
        pytest.param("DELETE FROM ledger_nodes", id="node-deleted"),
        pytest.param("UPDATE ledger_accounts SET balance = balance - 101 WHERE kind = 'member'", id="overdrawn"),
        pytest.param("UPDATE ledger_accounts SET held = held + 101 WHERE kind = 'member'", id="held-too-much"),
        pytest.param("UPDATE ledger_accounts SET held = -1", id="held-below-nothing"),
        pytest.param("UPDATE ledger_accounts SET floor = 5", id="floor-above-zero"),
        pytest.param("UPDATE ledger_accounts SET cap = 5", id="issuer-with-a-cap"),
        pytest.param("INSERT INTO ledger_lots VALUES (9, 'a', 1, 0, 'b', 'c')", id="an-empty-lot"),
        pytest.param("INSERT INTO ledger_entries SELECT * FROM ledger_entries", id="a-number-twice"),
    ],
)
def test_the_database_guards_itself(either: Database, statement: str) -> None:
    town(either).open_many(Account(id=name(f"new {place}"), unit="points") for place in range(1 << NODE_LEVEL))
    with pytest.raises(DatabaseError), either.write() as connection:
        connection.exec_driver_sql(statement)


def test_heads_are_signed_over_what_is_stored(either: Database) -> None:
    store, key = town(either), Ed25519PrivateKey.generate()
    store.post(reserve("h", "ann", "shop", 5), now_ms=NOW)
    signed = store.sign(key, now_ms=NOW)
    rows, hashes = zip(*store.rows(), strict=True)
    edge = Edge()
    edge.extend(leaf_hashes(rows))
    assert verify_run(rows, hashes) is None
    assert (signed.head.size, signed.head.root, signed.head.chain) == (TOWN + 1, edge.root().hex(), hashes[-1].hex())
    assert verify_head(signed, key.public_key())
    assert store.heads() == [signed]


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    store = town(database)

    def decide() -> None:
        with database.write() as connection:
            store.post_in(connection, [pay("k", "ann", "ben", 5)], now_ms=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decide()
    assert (store.size(), store.standing(name("ann")).balance) == (TOWN, 100)
    assert store.post(pay("k", "ann", "ben", 5), now_ms=NOW).first == TOWN


def test_accounts_in_memory_are_true_or_forgotten(either: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = town(either), LedgerStore(either)  # as two processes have them
    for place in range(4):
        for store in (ours, theirs):
            store.post(pay(f"k{place} {store is ours}", "ann", "ben", 10), now_ms=NOW)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    def decide() -> None:
        with either.write() as connection:
            ours.post_in(connection, [pay("undone", "ann", "ben", 20)], now_ms=NOW)
            ours.ensure_in(connection, [Account(id=name("new"), unit="fen")], now_ms=NOW)
            fail()

    with pytest.raises(ZeroDivisionError):
        decide()
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "save_book", fail)
        with pytest.raises(ZeroDivisionError):
            ours.post(pay("unsaved", "ann", "ben", 20), now_ms=NOW)
    theirs.open(Account(id=name("other"), unit="points"))
    ours.open(Account(id=name("new"), unit="points"))
    ours.post_many([pay("last", "ann", "new", 20), pay("short", "ann", "new", 1)], now_ms=NOW)
    balances = [(number, one.balance) for number, one in theirs.standings()]
    assert balances == [(1, -100), (2, 0), (3, 80), (4, 0), (5, 0), (6, 20)]
    assert ours.audit().is_sound


def test_a_key_is_found_among_others_with_the_same_end(either: Database) -> None:
    store, move = town(either), (Move(name("ann"), name("ben"), "points", 1),)
    keys = [f"{place:017x}{'7' * 15}" for place in range(3)]
    done = [store.post(Transfer(key, move), now_ms=NOW) for key in keys]
    assert [store.post(Transfer(key, move), now_ms=NOW) for key in keys] == done
    assert store.standing(name("ben")).balance == 3


def test_a_ledger_from_before_goes_on(either: Database) -> None:
    store = town(either)
    done = store.post(pay("k", "ann", "ben", 30), now_ms=NOW)
    with either.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
        upgrade(connection)
    store = LedgerStore(either)
    assert store.post(pay("k", "ann", "ben", 30), now_ms=NOW) == done
    assert store.audit().is_sound
    with pytest.raises(DatabaseError), either.write() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_keys")


def test_accounts_open_together_or_not_at_all(database: Database) -> None:
    store = town(database)
    with pytest.raises(Refused):
        store.open_many([Account(id=name("new"), unit="fen"), Account(id=name("ann"), unit="fen")])
    assert [standing.account.id for _, standing in store.standings()] == [
        name(word) for word in ("issuer", "ann", "ben", "shop")
    ]
    assert [number for number, _ in store.standings(after=2, limit=1)] == [3]


def test_accounts_are_there_for_whoever_decides(either: Database) -> None:
    store = town(either)
    store.open(Account(id=name("week"), unit="contacts", kind="used", cap=3))
    source = Account(id=name("source"), unit="contacts", kind=ISSUER, floor=-LARGEST)
    ids = [name(f"limit {place}") for place in range(1_200)]
    wanted = [source, *(Account(id=one, unit="contacts", kind="used", cap=2) for one in [*ids, name("week"), ids[0]])]
    with either.write() as connection:
        store.ensure_in(connection, wanted, now_ms=NOW)
        store.ensure_in(connection, wanted, now_ms=NOW)
        uses = [
            Transfer(name(f"use {place} {days}"), (Move(source.id, ids[place], "contacts", 1, NOW + days * DAY),))
            for place, days in ((0, 3), (0, 1), (1, 2))
        ]
        assert all(isinstance(one, Receipt) for one in store.post_in(connection, uses, now_ms=NOW))
        asked = [*ids, name("week"), name("unknown")]
        found = store.standings_in(connection, asked)
        assert store.next_ms_in(connection, asked) == {ids[0]: NOW + DAY, ids[1]: NOW + 2 * DAY}
    assert found.keys() == {*ids, name("week")}
    assert (found[ids[0]].balance, found[ids[0]].room, found[name("week")].account.cap) == (2, 0, 2)
    assert len(store.standings(limit=5_000)) == 4 + 1 + 1 + 1_200
    with pytest.raises(Refused, match="is a used of contacts"), either.write() as connection:
        store.ensure_in(connection, [Account(id=name("week"), unit="minutes", kind="used", cap=2)], now_ms=NOW)


def test_a_byte_that_is_changed_on_the_disk_is_found(database: Database, tmp_path: Path) -> None:
    store = town(database)
    store.post_many([pay(f"k{i}", "ann", "ben", 1) for i in range(20)], now_ms=NOW)
    with sqlite3.connect(tmp_path / "control.sqlite") as raw:
        raw.execute("DROP TRIGGER ledger_entries_no_update")
        (row,) = raw.execute("SELECT entry FROM ledger_entries WHERE number = 7").fetchone()
        raw.execute("UPDATE ledger_entries SET entry = ? WHERE number = 7", (row.replace(b",1,", b",9,", 1),))
    raw.close()
    rows, hashes = zip(*store.rows(), strict=True)
    found = verify_run(rows, hashes)
    assert found is not None
    assert found.number == 7


def test_each_outcome_can_be_raised_or_kept(database: Database) -> None:
    done = town(database).post_many([pay("k", "ann", "ben", 500), pay("l", "ann", "ben", 5)], now_ms=NOW)
    assert [isinstance(one, GuanxiError) for one in done] == [True, False]


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        pytest.param("UPDATE ledger_accounts SET balance = balance + 1 WHERE number = 3", "imbalance", id="balance"),
        pytest.param("UPDATE ledger_accounts SET coming = coming + 1 WHERE number = 4", "imbalance", id="coming"),
        pytest.param("UPDATE ledger_holds SET state = 'open'", "double_settle", id="a-hold-opened-again"),
        pytest.param("UPDATE ledger_holds SET amount = amount + 1", "double_settle", id="a-larger-hold"),
        pytest.param("DELETE FROM ledger_holds", "double_settle", id="a-hold-gone"),
        pytest.param("UPDATE ledger_keys SET first = first + 90", "keys", id="another-receipt"),
        pytest.param("UPDATE ledger_keys SET mark = mark + 1 WHERE first = 4", "keys", id="a-key-that-is-not-found"),
        pytest.param("UPDATE ledger_lots SET remaining = 500", "lots", id="more-dated-than-there-is"),
        pytest.param("UPDATE ledger_ends SET chain = edge", "broken", id="ends"),
        pytest.param("UPDATE ledger_entries SET chain = zeroblob(32) WHERE number = 2", "broken", id="a-hash"),
        pytest.param("DELETE FROM ledger_entries WHERE number = 1", "broken", id="an-entry-gone"),
        pytest.param("UPDATE ledger_accounts SET cap = 7 WHERE number = 3", "limits", id="a-limit"),
        pytest.param("UPDATE ledger_nodes SET hash = zeroblob(32) WHERE place = 1", "nodes", id="a-node"),
        pytest.param("DELETE FROM ledger_nodes WHERE place = 1", "nodes", id="a-node-gone"),
        pytest.param("UPDATE ledger_nodes SET place = 9 WHERE place = 1", "nodes", id="a-node-elsewhere"),
    ],
)
def test_the_audit_finds_what_was_changed(database: Database, change: str, figure: str) -> None:
    store = town(database)
    store.post(pay("soon", "issuer", "ben", 9, expires_ms=NOW + DAY), now_ms=NOW)
    store.post(reserve("h", "ann", "shop", 5), now_ms=NOW)
    store.post(Settle(name("s"), name("h"), (3,)), now_ms=NOW)
    store.open_many(Account(id=name(f"new {place}"), unit="points") for place in range(2 << NODE_LEVEL))
    assert store.audit().is_sound
    with database.write() as connection:
        for table in ("ledger_entries", "ledger_keys", "ledger_nodes"):
            for act in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{act}")
        connection.exec_driver_sql(change)
    found = store.audit()
    assert not found.is_sound
    assert getattr(found, figure)


def test_the_audit_judges_each_entry_by_the_limits_of_then(database: Database) -> None:
    store = town(database)
    store.open(Account(id=name("trusted"), unit="points", floor=-50, cap=5))
    store.post(reserve("h", "trusted", "ben", 40), now_ms=NOW)
    store.post(pay("k", "ann", "trusted", 5), now_ms=NOW)
    store.limit(name("trusted"), floor=0, cap=1)
    store.post(Settle(name("s"), name("h"), (30,)), now_ms=NOW)  # what was held settles below the floor of now
    assert (store.audit().overdraft, store.audit().is_sound) == (0, True)
    with database.write() as connection:  # a ledger that lets through what it should not
        connection.exec_driver_sql("UPDATE ledger_accounts SET floor = -500 WHERE unit = 'points' AND kind = 'member'")
    LedgerStore(database).post(pay("l", "trusted", "ben", 1), now_ms=NOW)
    assert (store.audit().overdraft, store.audit().limits, store.audit().is_sound) == (1, 4, False)


def test_threads_with_connections_of_their_own_race_for_the_last_yuan(either: Database) -> None:
    store = town(either)
    pots = [name(f"pot {place}") for place in range(8)]
    store.open_many(Account(id=pot, unit="points") for pot in pots)
    fill = [Transfer(name(f"fill {pot}"), (Move(name("issuer"), pot, "points", 1),)) for pot in pots]
    store.post_many(fill, now_ms=NOW)

    def take(racer: int) -> int:
        asked = [Transfer(name(f"take {racer} {pot}"), (Move(pot, name("shop"), "points", 1),)) for pot in pots]
        done = [store.post_many([one], now_ms=NOW)[0] for one in asked]
        return sum(isinstance(one, Receipt) for one in done)

    with ThreadPoolExecutor(3) as pool:
        won = sum(pool.map(take, range(3)))
    assert (won, store.standing(name("shop")).balance, store.audit().is_sound) == (8, 8, True)
