"""What the OpenAI-compatible driver is."""

from __future__ import annotations

from pydantic import Field

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.spec import DriverSpec


class OpenAiCompatibleSettings(LlmChoice):
    """How models are reached over HTTP."""

    llm_connect_timeout: float = Field(10.0, gt=0, description="Seconds to wait for a connection to a model provider.")
    llm_max_connections: int = Field(
        4096, ge=1, description="Connections to model providers at once, per process; further requests wait."
    )
    llm_embedding_batch: int = Field(
        64, ge=1, le=2048, description="Texts per embedding request; lower it for servers that accept fewer."
    )
    llm_proxy: str | None = Field(
        None,
        description="HTTP proxy towards model providers, such as http://proxy:3128. HTTP_PROXY is not read.",
        pattern="^https?://",
    )


SPEC = DriverSpec(
    name="openai_compatible",
    settings=OpenAiCompatibleSettings,
    capabilities=Capabilities(chat=True, embed=True, generates=True, remote=True),
)
