"""Where the answers of an app are traced, and how long the search for passages took.

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from homeport.runtime.db.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "trace_app_configs",
        sa.Column("app_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("tracing_provider", sa.String(length=40), nullable=False),
        sa.Column(
            "tracing_config",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_trace_app_configs_app_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("trace_app_configs", schema=None) as batch_op:
        batch_op.create_index(
            "uq_trace_app_configs_app_id_tracing_provider", ["app_id", "tracing_provider"], unique=True
        )

    # No table is copied for these: another process may be using it.
    op.add_column("apps", sa.Column("tracing_enabled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("apps", sa.Column("tracing_provider", sa.String(length=40), nullable=True))
    op.add_column("messages", sa.Column("retrieval_latency", sa.Float(), nullable=True))


def downgrade() -> None:
    """Back."""
    # Not as a batch: SQLite would make the tables anew, and dropping the old ones take along what refers to them.
    op.drop_column("messages", "retrieval_latency")
    op.drop_column("apps", "tracing_provider")
    op.drop_column("apps", "tracing_enabled")

    op.drop_table("trace_app_configs")
