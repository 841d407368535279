"""Points in one SQLite file of the data directory: the default."""
