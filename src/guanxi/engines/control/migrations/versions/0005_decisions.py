"""Limits, policies, runs, decisions; outbox, receipts, approvals; journeys, schedules, followers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPEN = sa.text("state = 'open'")
AHEAD = sa.text("todo <> ''")
DUE = sa.text("state IN ('ready', 'sending')")
ALIVE = sa.text("state IN ('waiting', 'ready', 'sending')")
PARKED = sa.text("problem <> ''")
TABLES = (
    "limits",
    "account_names",
    "policies",
    "runs",
    "decisions",
    "decision_refusals",
    "decision_batches",
    "outbox",
    "outbox_attempts",
    "receipts",
    "relay",
    "approvals",
    "approval_votes",
    "journeys",
    "schedules",
    "followers",
)


def upgrade() -> None:
    """Apply."""
    _limits()
    _decisions()
    _choices()
    _outbox()
    _answers()
    _approvals()
    _jobs()


def downgrade() -> None:
    """Undo."""
    for table in TABLES:
        op.drop_table(table)


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(240), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_limits"),
    )
    op.create_index("ix_limits_name", "limits", ["name"])
    op.create_table(
        "account_names",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("person", sa.String(1024), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_account_names"),
    )
    op.create_index("ix_account_names_person", "account_names", ["person"])
    op.create_index("ix_account_names_what_name", "account_names", ["what", "name"])


def _decisions() -> None:
    op.create_table(
        "policies",
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_policies"),
        sa.UniqueConstraint("name", "version", name="uq_policies_name_version"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("audience", sa.String(240), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("known", sa.BigInteger, nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("send", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_begun_ms", "runs", ["begun_ms"])
    op.create_index("ix_runs_policy", "runs", ["policy"])


def _choices() -> None:
    op.create_table(
        "decisions",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("party", sa.String(1024), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("arm", sa.String(16), nullable=False),
        sa.Column("chosen", sa.String(512), nullable=False),
        sa.Column("propensity", sa.Float, nullable=False),
        sa.Column("acts", sa.Integer, nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("hold", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_decisions"),
        sa.UniqueConstraint("id", name="uq_decisions_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_batch", "decisions", ["batch"])
    op.create_index("ix_decisions_party_number", "decisions", ["party", "number"])
    op.create_index("ix_decisions_policy_number", "decisions", ["policy", "number"])
    op.create_index("ix_decisions_run_number", "decisions", ["run", "number"])
    op.create_index("ix_decisions_mode_number", "decisions", ["mode", "number"])
    op.create_table(
        "decision_refusals",
        sa.Column("decision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("decision", "by", "name", name="pk_decision_refusals"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decision_refusals_by_name_decision", "decision_refusals", ["by", "name", "decision"])
    op.create_table(
        "decision_batches",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_decision_batches"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("party", sa.String(1024), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("dry", sa.Integer, nullable=False),
        sa.Column("approval", sa.String(32), nullable=False),
        sa.Column("hold", sa.String(64), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger, nullable=False),
        sa.Column("not_after_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("lease_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("earlier", sa.Integer, nullable=False),
        sa.Column("uncertain", sa.Integer, nullable=False),
        sa.Column("stopped", sa.Integer, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("error", sa.String(32), nullable=False),
        sa.Column("error_text", sa.String(480), nullable=False),
        sa.Column("receipt", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_approval", "outbox", ["approval"])
    op.create_index("ix_outbox_decision", "outbox", ["decision"])
    op.create_index("ix_outbox_due", "outbox", ["next_ms"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_outbox_ends", "outbox", ["not_after_ms"], sqlite_where=ALIVE, postgresql_where=ALIVE)
    op.create_index("ix_outbox_party_number", "outbox", ["party", "number"])
    op.create_index("ix_outbox_run_number", "outbox", ["run", "number"])
    op.create_index("ix_outbox_state_number", "outbox", ["state", "number"])
    op.create_table(
        "outbox_attempts",
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("begun_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(480), nullable=False),
        sa.PrimaryKeyConstraint("action", "attempt", name="pk_outbox_attempts"),
    )


def _answers() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.String(480), nullable=False),
        sa.Column("heard_ms", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("problem", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
    )
    op.create_index("ix_receipts_action", "receipts", ["action", "state", "problem"])
    op.create_index("ix_receipts_parked", "receipts", ["heard_ms"], sqlite_where=PARKED, postgresql_where=PARKED)
    op.create_table(
        "relay",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_relay"),
        sa.UniqueConstraint("event", name="uq_relay_event"),
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("object", sa.String(64), nullable=False),
        sa.Column("title_zh", sa.String(240), nullable=False),
        sa.Column("title_en", sa.String(240), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("needs", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("ended_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(240), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_object", "approvals", ["object"])
    op.create_index("ix_approvals_state_asked_ms", "approvals", ["state", "asked_ms"])
    op.create_table(
        "approval_votes",
        sa.Column("approval", sa.String(32), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("content", sa.String(32), nullable=False),
        sa.Column("ballot", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(240), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("approval", "who", "content", name="pk_approval_votes"),
    )


def _jobs() -> None:
    op.create_table(
        "journeys",
        sa.Column("journey", sa.String(64), nullable=False),
        sa.Column("party", sa.String(1024), nullable=False),
        sa.Column("entry", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("entered_ms", sa.BigInteger, nullable=False),
        sa.Column("moved_ms", sa.BigInteger, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("todo", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("journey", "party", "entry", name="pk_journeys"),
    )
    op.create_index("ix_journeys_due", "journeys", ["journey", "due_ms"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_journeys_party", "journeys", ["party"])
    op.create_index("ix_journeys_todo", "journeys", ["journey", "todo"], sqlite_where=AHEAD, postgresql_where=AHEAD)
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("enabled", sa.Integer, nullable=False),
        sa.Column("slot_ms", sa.BigInteger),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("fails", sa.Integer, nullable=False),
        sa.Column("begun_ms", sa.BigInteger),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(240), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
    )
    op.create_table(
        "followers",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_followers"),
    )
