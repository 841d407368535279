"""All settings of the model providers: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import create_model

from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.discover import find_specs

if TYPE_CHECKING:
    _EveryDriver = LlmChoice
else:
    # A set: drivers without settings of their own share the choice, and no class may inherit one base twice.
    _sections = {spec.settings for spec in find_specs().values()} - {LlmChoice}
    _EveryDriver = create_model(
        "_EveryDriver", __base__=(*sorted(_sections, key=lambda section: section.__name__), LlmChoice)
    )


class LlmSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the driver as that."""
