"""The tasks of the chat slice, each with something to do."""

from __future__ import annotations

from homeport.features.chat.tables import Message
from homeport.features.chat.tasks import END_ABANDONED
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World


async def _abandoned(stage: Stage) -> None:
    app = await stage.app()
    answer = await stage.console.post(f"/apps/{app}/chat-messages", json={"query": "Who?", "response_mode": "blocking"})
    assert answer.status_code == 200, answer.text
    await stage.change(Message, status="running")
    await stage.age(Message, 1, "created_at")
    await stage.enqueue(END_ABANDONED)


def _ended(world: World) -> None:
    [message] = world.rows["messages"]
    assert "('status', 'error')" in message


CASES = [Case(END_ABANDONED, _abandoned, "", _ended)]
