"""Arize AX."""
