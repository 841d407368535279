"""Opik: what it needs to know."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from homeport.backends.tracing.config import Address, HeaderName, Name, OptionalSecret, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec


class OpikConfig(ServiceConfig):
    """A key, which an installation of one's own may not ask for, and where traces are filed."""

    address_field: ClassVar[str] = "url"

    api_key: OptionalSecret = Field(None, title="API key")
    project: Name = Field("Default Project", title="Project")
    workspace: HeaderName = Field("default", title="Workspace")
    url: Address = Field("https://www.comet.com/opik/api", title="URL")


SPEC = DriverSpec("opik", "Opik", OpikConfig)
