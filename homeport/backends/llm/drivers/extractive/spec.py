"""What the extractive driver is."""

from __future__ import annotations

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.spec import DriverSpec

SPEC = DriverSpec(
    name="extractive",
    settings=LlmChoice,
    capabilities=Capabilities(chat=True, embed=False, generates=False, remote=False),
)
