"""Langfuse."""
