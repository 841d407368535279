"""A blob is written, read and deleted."""

from __future__ import annotations

import os
from pathlib import Path

from homeport.backends.storage.registry import choose, open_storage
from homeport.backends.storage.settings import StorageSettings
from homeport.features.operate.doctor.findings import Finding, ok, problem
from homeport.runtime.db.columns import new_id

_BYTES = 64 * 1024


async def check_storage(settings: StorageSettings, data_dir: Path) -> list[Finding]:
    """One round trip of 64 KiB through the chosen storage. Nothing is left behind."""
    name = choose(settings)[1].name
    storage = await open_storage(settings, data_dir)
    key, data = f"doctor/{new_id()}", os.urandom(_BYTES)
    try:
        await storage.write(key, data)
        read = await storage.read(key)
        await storage.delete(key)
        still_there = await storage.exists(key)
    finally:
        await storage.close()
    if read != data:
        return [problem(f"The storage {name} gave back other bytes than were written.", cause=f"The blob {key}.")]
    if still_there:
        return [problem(f"The storage {name} still has a blob that was deleted.", cause=f"The blob {key}.")]
    return [ok(f"Wrote, read and deleted 64 KiB in the storage {name}.")]
