"""`homeport config`: commands that look at the configuration."""
