"""How far the timetable has been dealt with.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from homeport.runtime.db.columns import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "beat_entries",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("last_due_at", UtcDateTime(), nullable=False),
        sa.Column("last_job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("beat_entries", schema=None) as batch_op:
        batch_op.create_index("uq_beat_entries_name", ["name"], unique=True)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("beat_entries", schema=None) as batch_op:
        batch_op.drop_index("uq_beat_entries_name")

    op.drop_table("beat_entries")
