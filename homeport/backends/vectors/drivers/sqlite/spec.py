"""What the SQLite driver is."""

from __future__ import annotations

from homeport.backends.vectors.capabilities import Capabilities
from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.spec import DriverSpec

SPEC = DriverSpec(
    name="sqlite",
    settings=VectorChoice,
    # The dimension is a limit of sqlite-vec (as is 4096 for top_k).
    capabilities=Capabilities(full_text=True, durable=True, shared=False, exact=True, largest_dimension=8192),
)
