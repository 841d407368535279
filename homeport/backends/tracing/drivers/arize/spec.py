"""Arize AX: what it needs to know."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from homeport.backends.tracing.config import Address, HeaderName, Name, Secret, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec


class ArizeConfig(ServiceConfig):
    """The key and the id of a space, and the project in it."""

    address_field: ClassVar[str] = "endpoint"

    api_key: Secret = Field(title="API key")
    space_id: HeaderName = Field(title="Space ID")
    project: Name = Field("default", title="Project")
    endpoint: Address = Field("https://otlp.arize.com", title="Endpoint")


SPEC = DriverSpec("arize", "Arize AX", ArizeConfig)
