"""Deletes a conversation: gone at once for everybody, its messages by a job."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.chat import repository
from homeport.features.chat.find_conversation import get_conversation
from homeport.features.chat.remove import remove_messages
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.speaker import Speaker
from homeport.features.chat.tables import Message
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task


class DeletedConversation(BaseModel):
    """A conversation that is hidden."""

    conversation_id: str


async def delete_conversation(
    room: ChatRoom, session: AsyncSession, workspace_id: str, app_id: str, speaker: Speaker, conversation_id: str
) -> None:
    """Delete a person's conversation; raises `ConversationNotFound`."""
    await get_conversation(session, app_id, speaker, conversation_id)
    await repository.hide_conversation(session, conversation_id)
    payload = DeletedConversation(conversation_id=conversation_id)
    await room.jobs.enqueue(session, DELETE, payload, workspace_id=workspace_id, subject_id=conversation_id)


async def _delete(room: ChatRoom, payload: DeletedConversation, job: RunningJob) -> None:
    which = Message.conversation_id == payload.conversation_id
    async with room.database.read() as session:
        total = await repository.count_of_hidden(session, payload.conversation_id)
    removed = 0
    if total is not None:
        async for count in remove_messages(room.database, which):
            removed += count
            await job.progress(removed, max(removed, total))
    async with room.database.begin() as session:
        await repository.remove_hidden(session, payload.conversation_id)
        await job.complete(session)


DELETE = Task("chat.delete_conversation_data", Queue.CONVERSATION, DeletedConversation, _delete)
