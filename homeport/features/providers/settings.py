"""Which model providers are shown, and which addresses may be entered for them."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import CommaSeparated, Section


class ProvidersSettings(Section):
    """Rules for what people enter under Settings → Models."""

    model_endpoint_allow_private: bool | None = Field(
        None,
        description="Whether a model provider may have a private address, such as http://127.0.0.1:11434. "
        "When unset: yes with the embedded database, no otherwise. Addresses given by the environment are always "
        "allowed.",
    )
    position_provider_pins: CommaSeparated = Field(
        (), description="Model providers listed first, in this order, separated by commas."
    )
    position_provider_includes: CommaSeparated = Field(
        (), description="The only model providers that are shown; all when empty."
    )
    position_provider_excludes: CommaSeparated = Field((), description="Model providers that are not shown.")
