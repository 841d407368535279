"""The HTTP API of Resend."""
