"""A place where code may write when no file system of its own can be mounted: only one that cannot fill the machine."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from homeport_sandbox.errors import NotStarted, WrongSettings

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


def make(parent: str, uid: int | None) -> str | None:
    """A directory in `parent` for one run, its user's own where it has one. Raises `NotStarted`.

    None while other runs fill `parent`: then this one has no place to write, but is run.
    """
    try:
        folder = tempfile.mkdtemp(prefix="run-", dir=parent)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return None
        raise NotStarted(f"No directory for a run can be made in {parent}: {error.strerror}.") from error
    if uid is not None:
        try:
            os.chown(folder, uid, uid)
        except OSError as error:
            remove(folder)
            raise NotStarted(
                f"A directory in {parent} could not be given to the user of a run ({error.strerror}):"
                " give the container the capability CHOWN, or take the directory away."
            ) from error
    return folder


def remove(folder: str) -> None:
    """Take away what a run has left, which has ended. Whoever owns it, and whatever modes it has given its folders."""
    left = [folder]
    while left:
        current = left.pop()
        # Without the right to pass over modes, which a container's root need not have, it has to be ours and open.
        with contextlib.suppress(OSError):
            os.chown(current, os.getuid(), os.getgid(), follow_symlinks=False)
            Path(current).chmod(0o700)
            left += [entry.path for entry in os.scandir(current) if entry.is_dir(follow_symlinks=False)]
    shutil.rmtree(folder, ignore_errors=True)


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
