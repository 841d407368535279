"""LangSmith: what it needs to know."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from homeport.backends.tracing.config import Address, Name, Secret, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec


class LangSmithConfig(ServiceConfig):
    """A key, and the project that runs are filed under."""

    address_field: ClassVar[str] = "endpoint"

    api_key: Secret = Field(title="API key")
    project: Name = Field("default", title="Project")
    endpoint: Address = Field("https://api.smith.langchain.com", title="Endpoint")


SPEC = DriverSpec("langsmith", "LangSmith", LangSmithConfig)
