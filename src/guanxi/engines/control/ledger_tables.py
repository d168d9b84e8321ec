"""The tables of the ledger. Entries, keys and heads are only added to; triggers of the migration see to it."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, String, Table, text

from guanxi.engines.control.tables import metadata

#: One row: where the chain and the tree end.
ledger_ends: Final = Table(
    "ledger_ends",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("ledger", String(32), nullable=False),  # random id, which heads name
    Column("size", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("edge", LargeBinary, nullable=False),  # right edge of the tree: 32 bytes for each 1 in the binary size
    Column("clock_ms", BigInteger, nullable=False),
    Column("nodes", BigInteger, nullable=False, server_default="0"),  # entries whose whole subtrees are in ledger_nodes
)

ledger_accounts: Final = Table(
    "ledger_accounts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("unit", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("cap", BigInteger),
    Column("balance", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("coming", BigInteger, nullable=False),
    CheckConstraint("held >= 0 AND coming >= 0", name="held"),
    CheckConstraint("floor <= 0 AND (cap IS NULL OR (cap >= 0 AND kind <> 'issuer'))", name="limits"),
)

ledger_entries: Final = Table(
    "ledger_entries",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("giver", BigInteger, nullable=False),  # numbers of accounts
    Column("taker", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),  # canonical bytes
    Column("chain", LargeBinary, nullable=False),  # hash of the chain after it
    Index("ix_ledger_entries_giver_number", "giver", "number"),
    Index("ix_ledger_entries_taker_number", "taker", "number"),
    Index(
        "ix_ledger_entries_limits",
        "giver",
        "number",
        sqlite_where=text("giver = taker"),
        postgresql_where=text("giver = taker"),
    ),
)

#: Hashes of whole subtrees, from the level on at which a proof can read the leaves below instead.
ledger_nodes: Final = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

ledger_keys: Final = Table(
    "ledger_keys",
    metadata,
    Column("first", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    # Keys are random, so an index over them is written all over: numbers of 60 bits take a quarter of their room.
    Column("mark", BigInteger, nullable=False, index=True),  # the last 15 digits of the key
    Column("id", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),  # hash of the request
    Column("entries", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

ledger_holds: Final = Table(
    "ledger_holds",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("giver", String(64), nullable=False),
    Column("taker", String(64), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("expires_ms", BigInteger),  # date of what will be settled
    Index(
        "ix_ledger_holds_until_ms",
        "until_ms",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

ledger_lots: Final = Table(
    "ledger_lots",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("account", String(64), nullable=False, index=True),
    Column("expires_ms", BigInteger, nullable=False, index=True),
    Column("remaining", BigInteger, nullable=False),
    Column("issuer", String(64), nullable=False),
    Column("transfer", String(64), nullable=False),
    CheckConstraint("remaining > 0", name="remaining"),
)

ledger_heads: Final = Table(
    "ledger_heads",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("size", BigInteger, nullable=False),
    Column("line", LargeBinary, nullable=False),  # the signed head as JSON
)
