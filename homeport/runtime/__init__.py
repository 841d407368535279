"""What it stands on: HTTP, tasks, database, configuration, operations."""
