"""What it plugs into: one folder per kind, one per driver."""
