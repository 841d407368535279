"""A self-hosted platform for LLM applications."""
