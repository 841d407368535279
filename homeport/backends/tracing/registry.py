"""Find the chosen driver, check what was entered for it, load it, put the guards around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic import ValidationError

from homeport.backends.tracing import drivers
from homeport.backends.tracing.config import ServiceConfig
from homeport.backends.tracing.discover import find_specs
from homeport.backends.tracing.errors import Misconfigured
from homeport.backends.tracing.guards import GuardedTracer
from homeport.backends.tracing.port import Tracer
from homeport.backends.tracing.spec import DriverSpec
from homeport.runtime.drivers.find import load_driver

if TYPE_CHECKING:
    import httpx


class DriverModule(Protocol):
    """What the `driver.py` of every driver offers."""

    def open_driver(self, config: ServiceConfig, http: httpx.AsyncClient) -> Tracer:
        """The bare driver. It makes no call before it is used, and leaves `http` open."""
        ...


def find_spec(provider: str) -> DriverSpec:
    """The driver of that name; raises `Misconfigured` with what is accepted."""
    for spec in find_specs().values():
        if spec.name == provider:
            return spec
    accepted = ", ".join(sorted(spec.name for spec in find_specs().values()))
    raise Misconfigured(f"tracing_provider is {provider[:40]!r}; accepted are {accepted}.")


def read_config(provider: str, values: Mapping[str, Any]) -> ServiceConfig:
    """What was entered, checked; raises `Misconfigured` with the first field that is wrong, never with its value."""
    spec = find_spec(provider)
    try:
        return spec.config.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        title = spec.config.model_fields[name].title or name
        said = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        raise Misconfigured(f"{spec.name}: {name} ({title}): {said}.") from error


def open_tracer(provider: str, config: ServiceConfig, http: httpx.AsyncClient) -> GuardedTracer:
    """The service's driver, guarded. `http` must be the guarded client: users give the addresses."""
    for folder, spec in find_specs().items():
        if spec.name == provider:
            assert isinstance(config, spec.config)
            loaded = load_driver(drivers, folder, what=f"Tracing by {spec.name}", extra=None, error=Misconfigured)
            return GuardedTracer(cast("DriverModule", loaded).open_driver(config, http), spec.name)
    raise AssertionError(find_spec(provider))
