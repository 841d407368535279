"""The homeport command: one module per command group."""
