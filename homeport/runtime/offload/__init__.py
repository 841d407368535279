"""Runs CPU work, and work on files nobody trusts, in child processes with limits."""
