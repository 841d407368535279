"""Hand runs to an LLM observability service: Langfuse, LangSmith, Opik, and what speaks OTLP."""
