"""Settings that are recognised and change nothing in this version: one table per group."""
