"""What the memory driver is."""

from __future__ import annotations

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.spec import DriverSpec

SPEC = DriverSpec(
    name="memory",
    settings=StorageChoice,
    capabilities=Capabilities(
        presign=False, keeps_content_type=True, keeps_modified=False, durable=False, shared=False
    ),
)
