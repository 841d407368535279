"""Any receiver of OTLP over HTTP: what it needs to know."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from homeport.backends.tracing.config import Address, Name, ServiceConfig
from homeport.backends.tracing.spec import DriverSpec

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


def read_headers(text: str) -> dict[str, str]:
    """`name=value,name=value`, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them. Raises ValueError."""
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = pair.partition("=")
        name, value = name.strip(), unquote(value.strip())
        if not sign or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("accepted are pairs name=value, separated by commas")
        found[name] = value
    return found


def _readable(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        read_headers(secret.get_secret_value())
    return secret


class OtlpConfig(ServiceConfig):
    """Where the receiver is, and what lets in."""

    address_field: ClassVar[str] = "endpoint"

    endpoint: Address = Field(title="Endpoint")
    headers: Annotated[SecretStr | None, AfterValidator(_readable)] = Field(None, title="Headers")
    service_name: Name = Field("homeport", title="Service name")


SPEC = DriverSpec("otlp", "OpenTelemetry (OTLP)", OtlpConfig)
