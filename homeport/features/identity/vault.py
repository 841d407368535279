"""Seal secrets that must be read again: AES-256-GCM under a key of the workspace, which the master key seals."""

from __future__ import annotations

import hmac
import os
from base64 import b64decode, b64encode
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.errors import SecretUnreadable
from homeport.runtime.errors import HomeportError, NotFound
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    from cryptography import exceptions
    from cryptography.hazmat.primitives.ciphers import aead
else:
    #: Seven megabytes, for whoever opens or seals something: a worker that waits for its first job does not.
    exceptions = LazyModule("cryptography.exceptions")
    aead = LazyModule("cryptography.hazmat.primitives.ciphers.aead")

_FORMAT = "v1:"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_FINGERPRINT_BYTES = 6


class Vault:
    """Seals texts. Each seal names its context (`model-provider:openai`) and opens under the same one only."""

    def __init__(self, master: bytes) -> None:
        """`master`: a secret of any length. It is never used itself: each use has a key derived from it."""
        self._master = master
        #: Why nothing may be done with this key; None when nothing speaks against it.
        self.refusal: HomeportError | None = None

    @cached_property
    def _cipher(self) -> aead.AESGCM:
        return aead.AESGCM(self._derive("seal"))

    @property
    def fingerprint(self) -> str:
        """48 bits by which people and databases recognise the key: `3f9a-12bc-77d0`."""
        return self._derive("fingerprint")[:_FINGERPRINT_BYTES].hex("-", 2)

    def refuse(self, reason: HomeportError | None) -> None:
        """Raise `reason` at every use from now on; with None, work again."""
        self.refusal = reason

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one `purpose`, always the same."""
        self._check()
        return self._derive(purpose)

    def _derive(self, purpose: str) -> bytes:
        """HKDF (RFC 5869) with SHA-256 and no salt; as long as its output is one block, that is these two lines."""
        extracted = hmac.digest(bytes(_KEY_BYTES), self._master, sha256)
        return hmac.digest(extracted, f"homeport/{purpose}".encode() + b"\x01", sha256)

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal.with_traceback(None)

    def seal(self, text: str, context: str) -> str:
        """A text fit for a column; different each time."""
        return self._seal(text.encode(), context)

    def open(self, sealed: str, context: str) -> str:
        """What was sealed. Raises `SecretUnreadable` when the key or the context is another one."""
        return self._open(sealed, context).decode()

    def new_workspace_key(self, workspace_id: str) -> str:
        """A fresh key for a new workspace, sealed."""
        return self._seal(os.urandom(_KEY_BYTES), _key_context(workspace_id))

    def of_workspace(self, workspace_id: str, sealed_key: str) -> Vault:
        """The workspace's own vault. Raises `SecretUnreadable`."""
        return Vault(self._open(sealed_key, _key_context(workspace_id)))

    def _seal(self, secret: bytes, context: str) -> str:
        self._check()
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + b64encode(nonce + self._cipher.encrypt(nonce, secret, context.encode())).decode()

    def _open(self, sealed: str, context: str) -> bytes:
        self._check()
        try:
            raw = b64decode(sealed.removeprefix(_FORMAT), validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
        except (ValueError, exceptions.InvalidTag) as error:
            raise SecretUnreadable from error


def _key_context(workspace_id: str) -> str:
    return f"workspace-key:{workspace_id}"


async def open_workspace_vault(session: AsyncSession, vault: Vault, workspace_id: str) -> Vault:
    """The vault for the secrets of one workspace. Raises `NotFound` and `SecretUnreadable`."""
    workspace = await repository.find_workspace(session, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return vault.of_workspace(workspace_id, workspace.sealed_key)
