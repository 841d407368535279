"""All settings of the storage: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.discover import find_specs
from homeport.runtime.drivers.find import every_section

if TYPE_CHECKING:
    _EveryDriver = StorageChoice
else:
    _EveryDriver = every_section(StorageChoice, (spec.settings for spec in find_specs().values()))


class StorageSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the chosen driver as that."""
