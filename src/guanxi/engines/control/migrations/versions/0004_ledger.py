"""The ledger: accounts, entries, keys, holds, dated amounts, heads."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ADDED_TO = ("ledger_entries", "ledger_keys", "ledger_heads")  # never changed
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Apply."""
    _accounts()
    _entries()
    _holds()
    op.create_table(
        "ledger_heads",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("line", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_heads"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guards_of_sqlite()
    else:
        _guards_of_postgres()


def downgrade() -> None:
    """Undo."""
    for table in ("heads", "lots", "holds", "keys", "entries", "accounts", "ends"):
        op.drop_table(f"ledger_{table}")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION ledger_refuse")
        op.execute("DROP FUNCTION ledger_floor")


def _accounts() -> None:
    ends = op.create_table(
        "ledger_ends",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("ledger", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("edge", sa.LargeBinary, nullable=False),
        sa.Column("clock_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_ends"),
    )
    empty = {"id": 1, "ledger": secrets.token_hex(16), "size": 0, "chain": bytes(32), "edge": b"", "clock_ms": 0}
    op.bulk_insert(ends, [empty])
    op.create_table(
        "ledger_accounts",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("cap", sa.BigInteger),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("coming", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_accounts"),
        sa.UniqueConstraint("id", name="uq_ledger_accounts_id"),
        sa.CheckConstraint("held >= 0 AND coming >= 0", name="ck_ledger_accounts_held"),
        sa.CheckConstraint(
            "floor <= 0 AND (cap IS NULL OR (cap >= 0 AND kind <> 'issuer'))", name="ck_ledger_accounts_limits"
        ),
    )


def _entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("giver", sa.BigInteger, nullable=False),
        sa.Column("taker", sa.BigInteger, nullable=False),
        sa.Column("moved", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_giver_number", "ledger_entries", ["giver", "number"])
    op.create_index("ix_ledger_entries_taker_number", "ledger_entries", ["taker", "number"])
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


def _holds() -> None:
    op.create_table(
        "ledger_holds",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("giver", sa.String(64), nullable=False),
        sa.Column("taker", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", "place", name="pk_ledger_holds"),
    )
    op.create_index("ix_ledger_holds_until_ms", "ledger_holds", ["until_ms"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "ledger_lots",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("transfer", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ledger_lots"),
        sa.CheckConstraint("remaining > 0", name="ck_ledger_lots_remaining"),
    )
    op.create_index("ix_ledger_lots_account", "ledger_lots", ["account"])
    op.create_index("ix_ledger_lots_expires_ms", "ledger_lots", ["expires_ms"])


def _guards_of_sqlite() -> None:
    for table in ADDED_TO:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    # A lowered limit leaves an account below its floor; what makes that worse is refused.
    op.execute(
        "CREATE TRIGGER ledger_accounts_floor BEFORE UPDATE OF balance, held ON ledger_accounts "
        "WHEN new.balance - new.held < new.floor AND new.balance - new.held < old.balance - old.held "
        "BEGIN SELECT RAISE(ABORT, 'the account would be overdrawn'); END"
    )
    op.execute(
        "CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE ON ledger_accounts "
        "BEGIN SELECT RAISE(ABORT, 'accounts of the ledger stay'); END"
    )


def _guards_of_postgres() -> None:
    op.execute(
        "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    for table in ADDED_TO:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
    op.execute(
        "CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE OR TRUNCATE ON ledger_accounts "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
    )
    op.execute(
        "CREATE FUNCTION ledger_floor() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the account would be overdrawn'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_accounts_floor BEFORE UPDATE OF balance, held ON ledger_accounts FOR EACH ROW "
        "WHEN (new.balance - new.held < new.floor AND new.balance - new.held < old.balance - old.held) "
        "EXECUTE FUNCTION ledger_floor()"
    )
