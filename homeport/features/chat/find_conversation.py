"""Finds a person's conversation. Apart from what answers requests, so that jobs load no web framework for it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.chat import repository
from homeport.features.chat.errors import ConversationNotFound
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Conversation


async def get_conversation(session: AsyncSession, app_id: str, speaker: Speaker, conversation_id: str) -> Conversation:
    """A person's conversation; raises `ConversationNotFound`."""
    found = await repository.find_conversation(session, app_id, speaker, conversation_id)
    if found is None:
        raise ConversationNotFound
    return found
