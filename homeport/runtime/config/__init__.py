"""Sources of settings, secret files, readable errors."""
