"""Conversations that are hidden until a job has removed them; files of a person are found without reading all files.

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("conversations", sa.Column("is_deleted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_upload_files_created_by", "upload_files", ["created_by"])


def downgrade() -> None:
    """Back. What is hidden goes now: nobody would hide it any more. Its messages go with it by their foreign key."""
    op.drop_index("ix_upload_files_created_by", "upload_files")
    op.execute("DELETE FROM conversations WHERE is_deleted")
    # Not as a batch: SQLite would make the table anew and drop the old one, and with its rows all messages.
    op.drop_column("conversations", "is_deleted")
