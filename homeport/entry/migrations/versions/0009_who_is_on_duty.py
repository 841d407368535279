"""Which process keeps the timetable.

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from homeport.runtime.db.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "duties",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("moves", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("duties", schema=None) as batch_op:
        batch_op.create_index("uq_duties_name", ["name"], unique=True)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("duties", schema=None) as batch_op:
        batch_op.drop_index("uq_duties_name")

    op.drop_table("duties")
