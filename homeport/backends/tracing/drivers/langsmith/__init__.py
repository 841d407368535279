"""LangSmith."""
