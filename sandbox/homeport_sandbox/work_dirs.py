"""A place where code may write when no file system of its own can be mounted: only one that cannot fill the machine."""

from __future__ import annotations

import os
from pathlib import Path

from homeport_sandbox.errors import WrongSettings

_LARGEST = 512 << 20
_MOUNTS = "/proc/self/mounts"
#: A container may be given one there: `--tmpfs /sandbox-work:size=64m,nr_inodes=2048`.
_USUAL = "/sandbox-work"


def bounded(named: str) -> str | None:
    """The directory for runs, or None: then code has no place to write. Raises `WrongSettings` for an unfit `named`.

    Limits on a process bound one file, not how many there are; so the file system must be small, and in memory.
    """
    folder = named or _USUAL
    if not named and not Path(folder).is_dir():
        return None
    reason = _unfit(folder)
    if reason and named:
        raise WrongSettings(f"SANDBOX_WORK_DIR is {named!r}: accepted is a file system in memory of its own; {reason}.")
    return None if reason else folder


def _unfit(folder: str) -> str:
    if not Path(folder).is_dir():
        return "there is no such directory"
    if not os.access(folder, os.W_OK):
        return "it cannot be written"
    mounts = [line.split() for line in Path(_MOUNTS).read_text(encoding="utf-8").splitlines()]
    kinds = [fields[2] for fields in mounts if fields[1] == folder]
    if kinds[-1:] != ["tmpfs"]:
        return "it is none"
    size = os.statvfs(folder)
    if size.f_blocks == 0 or size.f_blocks * size.f_frsize > _LARGEST:
        return f"it may take more than {_LARGEST >> 20} MB"
    return ""
