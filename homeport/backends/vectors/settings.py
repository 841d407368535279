"""All settings of the vector store: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.backends.vectors.choice import VectorChoice
from homeport.backends.vectors.discover import find_specs
from homeport.runtime.drivers.find import every_section

if TYPE_CHECKING:
    _EveryDriver = VectorChoice
else:
    _EveryDriver = every_section(VectorChoice, (spec.settings for spec in find_specs().values()))


class VectorSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the chosen driver as that."""
