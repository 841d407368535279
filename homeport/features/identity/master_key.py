"""The one secret of an installation: SECRET_KEY, or one made at the first start and kept in the data directory."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from homeport.features.identity.settings import IdentitySettings

_FILE = "secret_key"


def read_master_key(settings: IdentitySettings, data_dir: Path) -> bytes:
    """SECRET_KEY where set; else the one in `<data_dir>/secret_key` (mode 0600), made now when there is none."""
    return (settings.secret_key.get_secret_value() or _kept(data_dir / _FILE)).encode()


def _kept(path: Path) -> str:
    if not path.exists():
        _make(path)
    return path.read_text(encoding="ascii").strip()


def _make(path: Path) -> None:
    """Written elsewhere and then linked: of two processes that start at once both read the same whole key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{_FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        unfinished.replace(path)
        return
    unfinished.unlink()
