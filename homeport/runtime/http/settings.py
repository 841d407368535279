"""How requests come in, and in what form answers leave."""

from __future__ import annotations

from pydantic import Field

from homeport.runtime.config.section import Section


class HttpSettings(Section):
    """The proxy in front, the form of answers, and who may show them."""

    respect_xforward_headers_enabled: bool = Field(
        False,
        description="Believe the last entry of X-Forwarded-For and X-Forwarded-Proto. Only behind a reverse proxy that "
        "sets them; without it, callers could give themselves any address.",
    )
    api_compression_enabled: bool = Field(
        False, description="Compress answers with gzip; streamed answers, images and parts of files are left alone."
    )
    allow_embed: bool = Field(
        False,
        description="Let pages of other sites show the console in a frame; browsers send logins of the same site only.",
    )
    swagger_ui_enabled: bool = Field(True, description="Serve the description of each API under its openapi.json.")
