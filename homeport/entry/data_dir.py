"""The data directory: made when missing, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from homeport.runtime.errors import HomeportError

_CHANGE = "Choose another one with --data-dir or HOMEPORT_DATA_DIR."


class DataDirectoryUnusable(HomeportError):
    """The data directory cannot be used."""

    code = "data_directory_unusable"


class DataDirectoryInUse(HomeportError):
    """Another Homeport works in this data directory."""

    code = "data_directory_in_use"


def prepare(path: Path) -> Path:
    """The absolute data directory, made if it was missing; raises `DataDirectoryUnusable`."""
    path = path.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise DataDirectoryUnusable(
            f"The data directory {path} cannot be written: {error.strerror}.", hint=_CHANGE
        ) from error
    return path


def _open_lock(path: Path) -> TextIO:
    try:
        return (path / "homeport.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise DataDirectoryUnusable(
            f"The file {error.filename} cannot be written: {error.strerror}.", hint=_CHANGE
        ) from error


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold the directory for this process until it ends, however it ends; `what` tells others who holds it."""
    with _open_lock(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise DataDirectoryInUse(f"The data directory {path} is in use by {holder}.", hint=_CHANGE) from error
        file.truncate(0)
        file.write(f"{what} (process {os.getpid()})\n")
        file.flush()
        yield
