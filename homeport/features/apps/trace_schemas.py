"""What goes over the wire about tracing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from homeport.backends.tracing.spec import DriverSpec
from homeport.features.apps.tables import App, TraceAppConfig
from homeport.runtime.http.body import RequestBody

Provider = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class ServiceField(BaseModel):
    """One thing to enter for an observability service."""

    name: str
    label: str
    secret: bool
    required: bool
    default: str


class TraceProvider(BaseModel):
    """An observability service that may be chosen."""

    provider: str
    label: str
    fields: list[ServiceField]

    @classmethod
    def of(cls, spec: DriverSpec) -> TraceProvider:
        """From what the driver says of itself."""
        secret = spec.config.secret_fields()
        fields = [
            ServiceField(
                name=name,
                label=field.title or name,
                secret=name in secret,
                required=field.is_required(),
                default="" if field.is_required() or field.default is None else str(field.default),
            )
            for name, field in spec.config.model_fields.items()
        ]
        return cls(provider=spec.name, label=spec.label, fields=fields)


class TraceProviders(BaseModel):
    """All of them, by name."""

    data: list[TraceProvider]


class LastFailure(BaseModel):
    """The last answer that could not be handed over, for good."""

    at: int
    error: str


class TraceSwitch(BaseModel):
    """Whether answers are handed over, and to whom."""

    enabled: bool
    tracing_provider: str | None
    last_failure: LastFailure | None

    @classmethod
    def of(cls, app: App, failure: tuple[datetime, str] | None) -> TraceSwitch:
        """From an app's row."""
        last = None if failure is None else LastFailure(at=int(failure[0].timestamp()), error=failure[1])
        return cls(enabled=app.tracing_enabled, tracing_provider=app.tracing_provider, last_failure=last)


class TraceSwitchChange(RequestBody):
    """The wish to hand answers over, or not."""

    enabled: bool
    tracing_provider: Provider | None = None


class TraceConfigBody(RequestBody):
    """What is entered for a service; its fields are those of `GET /trace-providers`."""

    tracing_provider: Provider
    tracing_config: dict[str, Any] = Field(max_length=20)


class TraceConfigItem(BaseModel):
    """A stored configuration. Of secrets only the ends are shown."""

    id: str
    app_id: str
    tracing_provider: str
    tracing_config: dict[str, Any]
    #: Whether answers are handed to this service now.
    is_active: bool
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, row: TraceAppConfig, shown: dict[str, Any], *, is_active: bool) -> TraceConfigItem:
        """From a row and its fields as they may be shown."""
        return cls(
            id=row.id,
            app_id=row.app_id,
            tracing_provider=row.tracing_provider,
            tracing_config=shown,
            is_active=is_active,
            created_at=int(row.created_at.timestamp()),
            updated_at=int(row.updated_at.timestamp()),
        )


class NoTraceConfig(BaseModel):
    """There is no configuration for this service."""

    has_not_configured: Literal[True] = True
