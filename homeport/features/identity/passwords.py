"""Hash and check passwords (argon2id), away from the event loop."""

from __future__ import annotations

import asyncio
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from homeport.features.identity.errors import PasswordNotAccepted
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    import argon2
else:
    argon2 = LazyModule("argon2")

_SHORTEST = 8
_LONGEST = 512


class Passwords:
    """Each hash takes tens of milliseconds and megabytes on purpose, so only a few are made at once."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None, at_once: int = 2) -> None:
        """`hasher` sets the cost; the library's recommendation by default."""
        self._given = hasher
        self._places = asyncio.Semaphore(at_once)
        self._decoy: str | None = None

    @cached_property
    def _hasher(self) -> argon2.PasswordHasher:
        return self._given or argon2.PasswordHasher()

    async def hash(self, password: str) -> str:
        """The hash to keep. Raises `PasswordNotAccepted`."""
        check_rules(password)
        return await self.rehash(password)

    async def rehash(self, password: str) -> str:
        """The hash to keep of a password that is in use already, whatever the rules are now."""
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one whose hash was kept; as slow for nobody's (None) as for somebody's."""
        async with self._places:
            return await asyncio.to_thread(self._verify, kept, password[:_LONGEST])

    def is_outdated(self, kept: str) -> bool:
        """Whether the hash was made with other costs than the present ones."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str | None, password: str) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash(secrets.token_urlsafe(16))
        try:
            return self._hasher.verify(kept or self._decoy, _bytes(password)) and kept is not None
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")


def check_rules(password: str) -> None:
    """Raise `PasswordNotAccepted` unless it has 8 to 512 characters, letters and digits among them."""
    if len(password) > _LONGEST:
        raise PasswordNotAccepted(f"A password of {len(password)} characters was given; accepted are up to {_LONGEST}.")
    long_enough = len(password) >= _SHORTEST
    if not (long_enough and any(map(str.isalpha, password)) and any(map(str.isdigit, password))):
        raise PasswordNotAccepted
