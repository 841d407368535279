"""Alembic: environment and revisions."""
