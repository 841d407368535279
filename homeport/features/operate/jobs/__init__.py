"""What waits, runs and has failed, why, and what an operator can do about it."""
