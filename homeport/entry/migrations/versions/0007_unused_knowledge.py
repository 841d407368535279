"""Kept vectors; when a dataset was last searched; documents without points, and those whose owners are to be told.

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from homeport.runtime.db.columns import UtcDateTime, utc_now

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "embeddings",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("vector", sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("embeddings", schema=None) as batch_op:
        batch_op.create_index("ix_embeddings_used_at", ["used_at"], unique=False)
        batch_op.create_index("uq_embeddings_key", ["key"], unique=True)

    op.create_table(
        "dataset_auto_disable_logs",
        sa.Column("workspace_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("document_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("notified", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("dataset_auto_disable_logs", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_auto_disable_logs_dataset_id", ["dataset_id"], unique=False)
        batch_op.create_index("ix_dataset_auto_disable_logs_notified", ["notified", "workspace_id"], unique=False)

    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("searched_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unindexed", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Nobody knows when these were searched: they have all their days before they count as unused.
    datasets = sa.table("datasets", sa.column("searched_at", UtcDateTime()))
    op.execute(datasets.update().values(searched_at=utc_now()))


def downgrade() -> None:
    """Back. Documents whose points were dropped stay disabled, and are indexed again by an update only."""
    # Not as a batch: SQLite would make the tables anew, and dropping the old ones take along what refers to them.
    op.drop_column("documents", "unindexed")
    op.drop_column("datasets", "searched_at")
    op.drop_table("dataset_auto_disable_logs")
    op.drop_table("embeddings")
