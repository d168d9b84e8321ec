"""Proofs from the stored tree: equal to those of a tree that is built again, whoever stored its nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanxi.core import DataError
from guanxi.engines.control import LedgerStore, ledger_nodes
from guanxi.engines.control.database import Database
from guanxi.ledger import (
    NODE_LEVEL,
    Account,
    Tree,
    entry_bytes,
    leaf_hash,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from guanxi.ledger.contract import name

SIZE = (5 << NODE_LEVEL) + 7  # entries: whole subtrees of several levels, and a rest


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "control.sqlite")
    yield opened
    opened.close()


def write(store: LedgerStore, start: int, stop: int) -> None:
    store.open_many(Account(id=name(f"account {place}"), unit="points") for place in range(start, stop))


def check(store: LedgerStore, sizes: list[int]) -> None:
    """Compare proofs with those of a tree over the same rows."""
    tree = Tree(leaf_hashes(row for row, _ in store.rows()))
    for size in sizes:
        assert store.root(size) == tree.root(size)
        for number in {0, size // 2, size - 1, 63, 64, size - 65} & set(range(size)):
            proof = store.inclusion(number, size)
            path = [bytes.fromhex(word) for word in proof.path]
            assert (proof.size, proof.entry.number, path) == (size, number, tree.inclusion(number, size))
            leaf = leaf_hash(entry_bytes(proof.entry))
            assert verify_inclusion(leaf, number, size=size, path=path, root=store.root(size))
        for old in {0, 1, size // 3, 64, size - 1, size} & set(range(size + 1)):
            path = [bytes.fromhex(word) for word in store.consistency(old, size).path]
            assert path == tree.consistency(old, size)
            roots = {"old_root": store.root(old), "new_root": store.root(size)}
            assert verify_consistency(old, size, path=path, **roots)


def test_postings_store_what_proofs_read(database: Database) -> None:
    store, start = LedgerStore(database), 0
    for count in (1, 62, 1, 1, 130, 64, SIZE - 259):  # ends inside a subtree, at its end, over several
        write(store, start, start + count)
        start += count
    check(store, [1, 2, 63, 64, 65, 127, 128, 129, 192, 256, SIZE])
    assert store.inclusion(3).size == store.consistency(7).new == SIZE
    assert store.audit().nodes == 0
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ledger_nodes").scalar_one() == 5 + 2 + 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param((5, 5), "has no entry 5", id="beyond-the-size"),
        pytest.param((0, 11), "the ledger has 10 entries, not 11", id="beyond-the-ledger"),
        pytest.param((-1, 5), "has no entry -1", id="before-the-first"),
        pytest.param((0, -1), "not -1", id="a-size-below-nothing"),
    ],
)
def test_what_cannot_be_proved(database: Database, asked: tuple[int, int], said: str) -> None:
    store = LedgerStore(database)
    write(store, 0, 10)
    with pytest.raises(DataError, match=said):
        store.inclusion(*asked)
    with pytest.raises(DataError, match="holds no older tree of 6"):
        store.consistency(6, 5)


def forget_nodes(database: Database) -> None:
    """A ledger as it was before nodes were stored."""
    with database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_nodes_no_delete")
        connection.exec_driver_sql("DELETE FROM ledger_nodes")
        connection.exec_driver_sql("UPDATE ledger_ends SET nodes = 0")


def test_an_older_ledger_gets_its_nodes_at_the_first_need(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_nodes, "_STEP", 1 << NODE_LEVEL)
    store = LedgerStore(database)
    write(store, 0, 200)
    forget_nodes(database)
    assert store.audit().nodes == 0
    write(store, 200, 300)  # goes on meanwhile, and stores what it completes
    with database.write() as connection:
        ledger_nodes.fill_nodes(connection)  # a fill that was cut off
    assert store.audit().is_sound
    with database.read() as connection:
        assert ledger_nodes.node_ends(connection) == (64, 300)
    check(store, [64, 128, 199, 200, 256, 300])
    write(store, 300, SIZE)
    check(store, [300, SIZE])
    with database.read() as connection:
        assert ledger_nodes.node_ends(connection) == (SIZE, SIZE)


def test_a_stored_node_that_is_gone_is_told(database: Database) -> None:
    store = LedgerStore(database)
    write(store, 0, 200)
    with database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_nodes_no_delete")
        connection.exec_driver_sql("DELETE FROM ledger_nodes WHERE level = 6 AND place = 2")
    with pytest.raises(DataError, match="no node 2 of level 6"):
        store.inclusion(3)
