"""The nodes of the ledger's tree in the database: whole subtrees of 64 entries and more, for proofs without a walk.

A posting stores the nodes that it completes. A ledger that was written before nodes were stored gets the others at the
first need, some at a time, each time durably, so that this may be cut off and goes on where it was.
"""

from typing import Final

from sqlalchemy import Connection

from guanxi.core import DataError
from guanxi.engines.control.ledger_rows import execute, query, save_nodes
from guanxi.ledger import NODE_LEVEL, Edge, Node, leaf_hashes, node_over, whole_parts


def node_ends(connection: Connection) -> tuple[int, int]:
    """How many entries have their nodes stored, and how many there are."""
    (done, size) = next(query(connection, "SELECT nodes, size FROM ledger_ends WHERE id = 1"))
    return int(done), int(size)


def fill_nodes(connection: Connection) -> None:
    """Store nodes of older entries, as many as one transaction should."""
    done, size = node_ends(connection)
    node, stop = node_reader(connection), min(done + _STEP, size)
    edge = Edge(done, [node(level, place) for level, place in whole_parts(done)])
    save_nodes(connection, edge.grow(leaf_hashes(read_rows(connection, done, stop)), level=NODE_LEVEL))
    execute(connection, "UPDATE ledger_ends SET nodes = ? WHERE id = 1", [(stop,)])


def node_reader(connection: Connection) -> Node:
    """What gives the hash of any whole subtree: a stored one, or one over at most 32 entries that are hashed again."""
    blocks: dict[int, list[bytes]] = {}

    def node(level: int, place: int) -> bytes:
        if level >= NODE_LEVEL:
            for row in query(connection, _NODE, level, place):
                return bytes(row[0])
            raise DataError(f"the ledger's tree has no node {place} of level {level}", _MEND)
        low, count = place << level, 1 << level
        block = low // _BLOCK * _BLOCK
        if block not in blocks:
            blocks[block] = leaf_hashes(read_rows(connection, block, block + _BLOCK))
        leaves = blocks[block][low - block : low - block + count]
        if len(leaves) != count:
            raise DataError(f"the ledger has no entries {low} to {low + count - 1}", _MEND)
        return node_over(leaves)

    return node


def read_rows(connection: Connection, start: int, stop: int) -> list[bytes]:
    """Canonical bytes of the entries from `start` to before `stop`."""
    rows = query(
        connection, "SELECT entry FROM ledger_entries WHERE number >= ? AND number < ? ORDER BY number", start, stop
    )
    return [bytes(row[0]) for row in rows]


_BLOCK: Final = 1 << NODE_LEVEL
_STEP: Final = 1024 * _BLOCK  # entries in one transaction of a fill
_NODE: Final = "SELECT hash FROM ledger_nodes WHERE level = ? AND place = ?"
_MEND: Final = "Run: guanxi ledger verify"
