"""The one HTTP client that may visit addresses given by users."""
