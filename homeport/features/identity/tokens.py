"""Secrets that are shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_KEY_CHARACTERS = 24
_PASSWORD_CHARACTERS = 16


def new_session_token() -> str:
    """256 random bits, fit for a cookie."""
    return secrets.token_urlsafe(32)


def new_key(prefix: str) -> str:
    """`prefix`, a hyphen and 24 random letters and digits (142 bits)."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(_KEY_CHARACTERS))}"


def new_password() -> str:
    """16 random letters and digits, both among them."""
    while True:
        made = "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_CHARACTERS))
        if any(map(str.isalpha, made)) and any(map(str.isdigit, made)):
            return made


def hint_of(key: str) -> str:
    """A key as it may be shown again: its prefix, two and the last four of its characters."""
    prefix, _, secret = key.partition("-")
    return f"{prefix}-{secret[:2]}...{secret[-4:]}"


def hash_of(secret: str) -> str:
    """SHA-256 in hexadecimal. Plain, because the secrets are random: there is nothing to guess from."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
