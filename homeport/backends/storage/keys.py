"""Which keys and prefixes are accepted: what means the same blob in every storage."""

from __future__ import annotations

from homeport.backends.storage.capabilities import Capabilities
from homeport.backends.storage.errors import InvalidKey

_SHOWN = 80


def check_key(key: str, capabilities: Capabilities) -> None:
    """Raise `InvalidKey` with one sentence when `key` cannot name a blob."""
    if not key:
        raise InvalidKey("A storage key is empty; accepted is a relative path such as files/report.pdf.")
    _check_text(key, capabilities)
    if key.endswith("/"):
        raise _refused(key, "ends with a slash, which would name a folder")


def check_prefix(prefix: str, capabilities: Capabilities) -> None:
    """As `check_key`, but it may be empty or end with a slash."""
    _check_text(prefix, capabilities)


def _check_text(text: str, capabilities: Capabilities) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _refused(text, "has half a character (a lone surrogate)") from None
    if any(character < " " or character in "\\\x7f" for character in text):
        raise _refused(text, "has a NUL, another control character or a backslash")
    if text != text.strip():
        raise _refused(text, "begins or ends with a blank")
    if text.startswith("/"):
        raise _refused(text, "begins with a slash; it must be a relative path")
    parts = text.removesuffix("/").split("/") if text else []
    if any(part in {"", ".", ".."} for part in parts):
        raise _refused(text, "has an empty part, '.' or '..' between its slashes")
    # Hidden names at the top belong to the drivers: unfinished writes lie there.
    if text.startswith("."):
        raise _refused(text, "begins with a dot, which is reserved")
    if size > capabilities.longest_key:
        raise _refused(text, f"is {size} bytes long; this storage takes {capabilities.longest_key}")
    if any(len(part.encode()) > capabilities.longest_part for part in parts):
        raise _refused(text, f"has a part of more than {capabilities.longest_part} bytes, the most this storage takes")


def _refused(text: str, why: str) -> InvalidKey:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return InvalidKey(f"The storage key {shown!a} {why}.")
