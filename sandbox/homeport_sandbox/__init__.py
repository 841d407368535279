"""Runs code nobody trusts behind an HTTP contract; knows nothing of the server."""
