"""What a driver says of itself without loading its SDK."""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """The constant `SPEC` in a driver's `spec.py`."""

    #: The `driver` of the accounts it serves; its folder.
    name: str
    #: Its own settings; `open_driver` gets an instance of it.
    settings: type[LlmChoice]
    capabilities: Capabilities
    #: The optional dependency that brings its SDK (`pip install homeport[extra]`); None when always installed.
    extra: str | None = None
    #: Modules outside the base installation without which it cannot work; they are looked for, not imported.
    packages: tuple[str, ...] = ()
    #: The command that installs what the extra cannot bring.
    install_also: str | None = None
