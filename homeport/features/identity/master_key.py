"""The one secret of an installation: SECRET_KEY, or one made at the first start and kept in the data directory."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from homeport.features.identity.errors import MasterKeyMissing, MasterKeyUnusable
from homeport.features.identity.settings import HOW_TO_MAKE_ONE, PUBLISHED_KEYS, IdentitySettings

_FILE = "secret_key"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The secret, and where it was found."""

    secret: bytes = field(repr=False)
    #: In words, to begin a sentence with: `SECRET_KEY`, or `The key in /srv/homeport/secret_key`.
    origin: str
    #: Where this process has kept it, if it made it.
    made_in: Path | None = None


def key_file(data_dir: Path) -> Path:
    """Where the key is kept when SECRET_KEY is not set."""
    return data_dir / _FILE


def find_master_key(settings: IdentitySettings, data_dir: Path) -> MasterKey | None:
    """SECRET_KEY where set; else the one in `<data_dir>/secret_key`; None when there is neither.

    Raises `MasterKeyUnusable` for a file that has no usable key.
    """
    given = settings.secret_key.get_secret_value()
    if given:
        return MasterKey(given.encode(), "SECRET_KEY")
    path = key_file(data_dir)
    kept = _read(path)
    return None if kept is None else MasterKey(kept.encode(), f"The key in {path}")


def make_master_key(data_dir: Path) -> MasterKey:
    """A new key in `<data_dir>/secret_key` (mode 0600); the one that is there when another process was quicker."""
    path = key_file(data_dir)
    try:
        made = _make(path)
    except OSError as error:
        raise MasterKeyUnusable(f"The file {path} cannot be written: {error.strerror or error}.") from error
    kept = _read(path)
    if kept is None:
        raise MasterKeyUnusable(f"The file {path} was removed while it was being written.")
    return MasterKey(kept.encode(), f"The key in {path}", path if made else None)


def require_master_key(settings: IdentitySettings, data_dir: Path) -> None:
    """Raise `MasterKeyMissing` unless there is a key already: replicas that make their own could not work together."""
    if find_master_key(settings, data_dir) is None:
        raise MasterKeyMissing(
            f"SECRET_KEY is not set and there is no {key_file(data_dir)}; every process of a fleet needs the same key.",
            hint=f"Make one with `{HOW_TO_MAKE_ONE}` and set it as SECRET_KEY for all of them.",
        )


def _read(path: Path) -> str | None:
    try:
        kept = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise MasterKeyUnusable(f"The key in {path} cannot be read: {reason}.") from error
    if not kept:
        raise MasterKeyUnusable(
            f"The file {path} is empty; accepted is a key of one line.",
            hint="Bring its former content back, or set SECRET_KEY; remove the file to have a new key made.",
        )
    if kept in PUBLISHED_KEYS:
        raise MasterKeyUnusable(
            f"The key in {path} is printed in public sample files, so everybody knows it.",
            hint=f"Make an own one with: {HOW_TO_MAKE_ONE}",
        )
    return kept


def _make(path: Path) -> bool:
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
        unfinished.unlink()
        return False
    except OSError:  # a file system without links
        unfinished.replace(path)
        return True
    unfinished.unlink()
    return True
