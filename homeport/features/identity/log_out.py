"""End a session of the console."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.identity import repository
from homeport.features.identity.tokens import hash_of


async def log_out(session: AsyncSession, token: str) -> None:
    """The session with this token opens nothing from the commit on."""
    await repository.delete_session(session, hash_of(token))
