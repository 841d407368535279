"""Alembic runs this: the connection is handed over by `migrate`."""

from __future__ import annotations

from alembic import context

from homeport.entry.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    compare_type=True,
    user_module_prefix="",
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
