"""Langfuse: what it needs to know."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from homeport.backends.tracing.config import Address, Secret, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec


class LangfuseConfig(ServiceConfig):
    """The keys of a project."""

    address_field: ClassVar[str] = "host"

    public_key: Secret = Field(title="Public key")
    secret_key: Secret = Field(title="Secret key")
    host: Address = Field("https://cloud.langfuse.com", title="Host")


SPEC = DriverSpec("langfuse", "Langfuse", LangfuseConfig)
