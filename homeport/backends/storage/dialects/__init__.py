"""Bodies shared by drivers that are relatives."""
