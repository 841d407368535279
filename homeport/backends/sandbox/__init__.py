"""Run code nobody trusts, in a service of its own."""
