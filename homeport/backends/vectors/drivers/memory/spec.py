"""What the memory driver is."""

from __future__ import annotations

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.spec import DriverSpec

SPEC = DriverSpec(
    name="memory",
    settings=VectorChoice,
    capabilities=Capabilities(full_text=True, durable=False, shared=False, exact=True, largest_dimension=16_000),
)
