"""People, workspaces, roles, sessions, keys."""
