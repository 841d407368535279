"""What the local driver is."""

from __future__ import annotations

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.spec import DriverSpec

SPEC = DriverSpec(
    name="local",
    settings=LlmChoice,
    capabilities=Capabilities(chat=False, embed=True, generates=False, remote=False),
)
