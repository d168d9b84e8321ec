"""The ledger: nodes of its tree, dates of what is reserved, where limits were changed, keys in order of entries."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
LIMITS = sa.text("giver = taker")
KEY = "id, content, first, entries, at_ms"
ADDED_TO = ("ledger_keys", "ledger_nodes")  # never changed


def upgrade() -> None:
    """Apply."""
    op.add_column("ledger_holds", sa.Column("expires_ms", sa.BigInteger))
    op.add_column("ledger_ends", sa.Column("nodes", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index(
        "ix_ledger_entries_limits", "ledger_entries", ["giver", "number"], sqlite_where=LIMITS, postgresql_where=LIMITS
    )
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_ledger_nodes"),
        sqlite_with_rowid=False,
    )
    _keys_by_entry()
    _guard(ADDED_TO)


def downgrade() -> None:
    """Undo."""
    _put_aside()
    op.create_table(
        "ledger_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_keys"),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO ledger_keys ({KEY}) SELECT {KEY} FROM ledger_keys_before")
    op.drop_table("ledger_keys_before")
    _guard(("ledger_keys",))
    op.drop_table("ledger_nodes")
    op.drop_index("ix_ledger_entries_limits", "ledger_entries")
    op.drop_column("ledger_ends", "nodes")
    op.drop_column("ledger_holds", "expires_ms")


def _keys_by_entry() -> None:
    _put_aside()
    keys = op.create_table(
        "ledger_keys",
        sa.Column("first", NUMBER, autoincrement=False, nullable=False),
        sa.Column("mark", sa.BigInteger, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("first", name="pk_ledger_keys"),
    )
    op.create_index("ix_ledger_keys_mark", "ledger_keys", ["mark"])
    before = op.get_bind().execute(sa.text(f"SELECT {KEY} FROM ledger_keys_before ORDER BY first"))
    for some in before.mappings().partitions(10_000):
        op.bulk_insert(keys, [{**row, "mark": int(row["id"][-15:], 16)} for row in some])
    op.drop_table("ledger_keys_before")


def _put_aside() -> None:
    op.rename_table("ledger_keys", "ledger_keys_before")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE ledger_keys_before RENAME CONSTRAINT pk_ledger_keys TO pk_ledger_keys_before")


def _guard(tables: tuple[str, ...]) -> None:
    for table in tables:
        if op.get_bind().dialect.name != "sqlite":
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
            )
            continue
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
