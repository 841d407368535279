"""The routes of the slice."""
