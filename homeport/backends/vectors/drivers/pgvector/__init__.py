"""Points in PostgreSQL with the extension pgvector."""
