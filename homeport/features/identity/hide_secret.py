"""What may be shown of a secret."""

from __future__ import annotations

_SHORT = 12


def hide_secret(secret: str) -> str:
    """Its ends, by which a person knows it again; of a short one nothing."""
    if not secret:
        return ""
    return f"{secret[:3]}…{secret[-4:]}" if len(secret) > _SHORT else "…"
