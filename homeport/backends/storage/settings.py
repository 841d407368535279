"""All settings of the storage: the choice, and the sections of every driver found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import create_model

from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.discover import find_specs

if TYPE_CHECKING:
    _EveryDriver = StorageChoice
else:
    # A set: drivers without settings of their own share the choice, and no class may inherit one base twice.
    _sections = {spec.settings for spec in find_specs().values()} - {StorageChoice}
    _EveryDriver = create_model(
        "_EveryDriver", __base__=(*sorted(_sections, key=lambda section: section.__name__), StorageChoice)
    )


class StorageSettings(_EveryDriver):
    """An instance is also an instance of each driver's own section, and is handed to the chosen driver as that."""
