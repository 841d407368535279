"""Which addresses may be entered for model providers."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import Section


class ProvidersSettings(Section):
    """Rules for what people enter under Settings → Models."""

    model_endpoint_allow_private: bool | None = Field(
        None,
        description="Whether a model provider may have a private address, such as http://127.0.0.1:11434. "
        "When unset: yes with the embedded database, no otherwise. Addresses given by the environment are always "
        "allowed.",
    )
