"""The line of a queue; what operators set for queues; the workers there are.

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from homeport.runtime.db.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "queue_switches",
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(length=255), nullable=True),
        sa.Column("at_once", sa.Integer(), nullable=True),
        sa.Column("per_workspace", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("queue_switches", schema=None) as batch_op:
        batch_op.create_index("uq_queue_switches_queue", ["queue"], unique=True)

    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("queues", sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.create_index("ix_workers_seen_at", ["seen_at"], unique=False)
        batch_op.create_index("uq_workers_name", ["name"], unique=True)

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("turn", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_jobs_finished_at", ["finished_at"], unique=False)
        batch_op.create_index("ix_jobs_lane", ["queue", "workspace_id", "turn"], unique=False)
        batch_op.create_index("ix_jobs_line", ["queue", "turn"], unique=False)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_jobs_line")
        batch_op.drop_index("ix_jobs_finished_at")
        batch_op.drop_index("ix_jobs_lane")
        batch_op.drop_column("turn")

    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_index("uq_workers_name")
        batch_op.drop_index("ix_workers_seen_at")

    op.drop_table("workers")
    with op.batch_alter_table("queue_switches", schema=None) as batch_op:
        batch_op.drop_index("uq_queue_switches_queue")

    op.drop_table("queue_switches")
