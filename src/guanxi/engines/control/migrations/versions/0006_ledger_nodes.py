"""The ledger: nodes of its tree, dates of what is reserved, and where limits were changed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LIMITS = sa.text("giver = taker")


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
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_nodes_no_{act.lower()} BEFORE {act} ON ledger_nodes "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER ledger_nodes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_nodes "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )


def downgrade() -> None:
    """Undo."""
    op.drop_table("ledger_nodes")
    op.drop_index("ix_ledger_entries_limits", "ledger_entries")
    op.drop_column("ledger_ends", "nodes")
    op.drop_column("ledger_holds", "expires_ms")
