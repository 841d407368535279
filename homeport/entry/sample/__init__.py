"""What the demo loads: the pages of docs/start, and the papers of a small ferry company that does not exist."""
