"""What a driver says of itself without loading its SDK."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """The constant `SPEC` in a driver's `spec.py`."""

    #: The value of the setting that chooses it.
    name: str
    #: Its own settings; `open_driver` gets an instance of it.
    settings: type[VectorChoice]
    capabilities: Capabilities
    #: The optional dependency that brings its SDK (`pip install homeport[extra]`); None when always installed.
    extra: str | None = None
    #: Further values that choose it.
    aliases: tuple[str, ...] = ()
