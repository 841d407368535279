"""Engine, unit of work, table base, locks."""
