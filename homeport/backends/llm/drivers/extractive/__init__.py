"""Answers by quoting, when no model is configured."""
