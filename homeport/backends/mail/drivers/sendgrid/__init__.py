"""The HTTP API of SendGrid."""
