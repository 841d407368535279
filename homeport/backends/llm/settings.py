"""All settings of the model providers: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.discover import find_specs
from homeport.runtime.drivers.find import every_section

if TYPE_CHECKING:
    _EveryDriver = LlmChoice
else:
    _EveryDriver = every_section(LlmChoice, (spec.settings for spec in find_specs().values()))


class LlmSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the driver as that."""
