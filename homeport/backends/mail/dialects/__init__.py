"""Bodies shared by relatives."""
