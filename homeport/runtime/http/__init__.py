"""Problem responses, pagination, streaming, request context."""
