"""What it does: one folder per thing a user has a word for."""
