"""The settings that choose the model used where a workspace has chosen none; drivers' own sections build on them."""

from __future__ import annotations

from pydantic import Field, SecretStr

from homeport.runtime.config.section import Section


class LlmChoice(Section):
    """Accounts given by the environment, and how patient to be with every provider."""

    openai_api_key: SecretStr | None = Field(
        None, description="Key for OPENAI_API_BASE. With it the platform answers with a model without any set-up."
    )
    openai_api_base: str | None = Field(
        None,
        description="Address of OpenAI or of anything that speaks its interface; https://api.openai.com/v1 when unset. "
        "Setting only this, without a key, suits a server of your own.",
        pattern="^https?://",
    )
    openai_base_url: str | None = Field(
        None, description="Another name of OPENAI_API_BASE, which wins when both are set.", pattern="^https?://"
    )
    ollama_base_url: str | None = Field(
        None,
        description="Address of an Ollama server, such as http://127.0.0.1:11434; used when no OPENAI_* is set.",
        pattern="^https?://",
    )
    homeport_default_llm: str | None = Field(
        None,
        description="Model that answers where a workspace has chosen none; gpt-4o-mini for OpenAI's own address, the "
        "first model the server lists for any other.",
    )
    homeport_default_embedding: str | None = Field(
        None,
        description="Embedding model of the same account, used where a workspace has chosen none; when unset, the "
        "small local model, which sends nothing anywhere. minilm is a better local one, with the extra minilm.",
    )
    llm_max_attempts: int = Field(
        3, ge=1, le=10, description="How often a model is asked while it fails for a passing reason."
    )
    llm_timeout: float = Field(
        120.0, gt=0, description="Seconds a model may stay silent: before its first token and between two."
    )
