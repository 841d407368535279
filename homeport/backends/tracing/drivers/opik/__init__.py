"""Opik, of Comet or on own machines."""
