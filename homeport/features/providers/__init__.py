"""Which models a workspace may call: credentials and defaults."""
