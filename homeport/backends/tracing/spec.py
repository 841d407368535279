"""What a driver says of itself without being loaded."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.tracing.config import ServiceConfig


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """The constant `SPEC` in a driver's `spec.py`."""

    #: The value of `tracing_provider` that chooses it; stands before each of its errors.
    name: str
    #: For people.
    label: str
    #: Its own fields; `open_driver` gets an instance of it.
    config: type[ServiceConfig]
