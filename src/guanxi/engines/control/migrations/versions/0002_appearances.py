"""How each person wants the page to look, and how far they are in the tour."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "appearances",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("colours", sa.String(16), nullable=False),
        sa.Column("density", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("theme", sa.String(16), nullable=False),
        sa.Column("shortcuts", sa.Boolean, nullable=False),
        sa.Column("tour_ms", sa.BigInteger),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_appearances"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_appearances_user_id", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("appearances")
