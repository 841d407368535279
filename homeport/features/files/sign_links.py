"""Links by which anybody who holds one may read one file, for a few minutes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from homeport.features.files.errors import FileNotFound
from homeport.features.files.room import FilesRoom

LinkKind = Literal["file-preview", "image-preview"]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a link carries besides the file's id."""

    timestamp: str
    nonce: str
    sign: str


def sign_link(room: FilesRoom, file_id: str, kind: LinkKind = "file-preview", *, internal: bool = False) -> str:
    """A link valid for FILES_ACCESS_TIMEOUT seconds; `internal` for services that do not reach FILES_URL.

    Without FILES_URL and CONSOLE_API_URL it begins with a slash.
    """
    settings = room.settings
    root = settings.files_url or settings.console_api_url
    if internal:
        root = settings.internal_files_url or root
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    query = urlencode({"timestamp": timestamp, "nonce": nonce, "sign": _sign(room, file_id, kind, timestamp, nonce)})
    return f"{root.rstrip('/')}/files/{file_id}/{kind}?{query}"


def check_link(room: FilesRoom, file_id: str, kind: LinkKind, given: Signature) -> None:
    """Raise `FileNotFound` unless the signature is ours, for this file and kind, and not too old."""
    right = _sign(room, file_id, kind, given.timestamp, given.nonce)
    if not hmac.compare_digest(right.encode(), given.sign.encode()):
        raise FileNotFound("The link is not valid; ask for a new one.")
    if time.time() - int(given.timestamp) > room.settings.files_access_timeout:
        raise FileNotFound(
            f"The link has run out: it was valid for {room.settings.files_access_timeout} seconds; ask for a new one."
        )


def _sign(room: FilesRoom, file_id: str, kind: str, timestamp: str, nonce: str) -> str:
    text = f"{kind}|{file_id}|{timestamp}|{nonce}"
    digest = hmac.digest(room.vault.derive("file-links"), text.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).decode()
