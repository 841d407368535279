"""Blobs in memory."""

from __future__ import annotations

from pathlib import Path

from homeport.backends.storage.choice import StorageChoice
from homeport.backends.storage.dialects.opendal import OpendalStorage
from homeport.backends.storage.drivers.memory.spec import SPEC
from homeport.backends.storage.port import Storage


async def open_driver(settings: StorageChoice, data_dir: Path) -> Storage:  # noqa: ARG001 - all drivers open alike
    """An empty storage of its own; two openings share nothing."""
    hint = "Check the OPENDAL_MEMORY_* settings."
    storage = OpendalStorage("memory", settings.options_of("memory"), SPEC.name, SPEC.capabilities, hint)
    storage.require_options()
    return storage
