"""What every family of backends shares: finding its drivers, loading one, and patience with it."""
