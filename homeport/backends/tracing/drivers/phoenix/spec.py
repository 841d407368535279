"""Arize Phoenix: what it needs to know."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from homeport.backends.tracing.config import Address, Name, OptionalSecret, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec


class PhoenixConfig(ServiceConfig):
    """Where it runs, and a key where it asks for one."""

    address_field: ClassVar[str] = "endpoint"

    endpoint: Address = Field(title="Endpoint")
    api_key: OptionalSecret = Field(None, title="API key")
    project: Name = Field("default", title="Project")


SPEC = DriverSpec("phoenix", "Arize Phoenix", PhoenixConfig)
