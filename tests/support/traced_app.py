"""Apps that hand their answers to a service on loopback, and the jobs that do it."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import select

from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import Job, JobState
from tests.support.chat_app import App, ChatApp
from tests.support.tracing_services import Service

#: The operator has opened loopback to what users enter.
OPENED = {"OUTBOUND_ALLOW_PRIVATE": "127.0.0.1", "LLM_MAX_ATTEMPTS": "1"}


async def trace(chat: ChatApp, app: App, service: Service) -> None:
    """Set the service up for the app, and switch it on."""
    body = {"tracing_provider": service.name, "tracing_config": service.config()}
    made = await chat.console.post(f"/apps/{app.id}/trace-config", json=body)
    assert made.status_code == 201, made.text
    on = {"enabled": True, "tracing_provider": service.name}
    switched = await chat.console.post(f"/apps/{app.id}/trace", json=on)
    assert switched.status_code == 200, switched.text
    service.requests.clear()  # the check, and nothing else


async def jobs_of(chat: ChatApp, app_id: str) -> list[Job]:
    """The jobs that hand answers of this app over, the oldest first."""
    async with chat.house.house.database.read() as session:
        query = select(Job).where(Job.queue == Queue.OPS_TRACE, Job.subject_id == app_id).order_by(Job.id)
        return list((await session.execute(query)).scalars())


async def settled(chat: ChatApp, app_id: str, count: int = 1) -> list[Job]:
    """The same once there are `count`, and each has ended or waits for another attempt."""
    async with asyncio.timeout(20):
        while True:
            jobs = await jobs_of(chat, app_id)
            unsettled = [
                job for job in jobs if job.state == JobState.RUNNING or (job.state == "queued" and not job.attempt)
            ]
            if len(jobs) >= count and not unsettled:
                return jobs
            await asyncio.sleep(0.02)


async def said(chat: ChatApp, app: App, **body: Any) -> dict[str, Any]:
    """What a question was answered with."""
    answer = await app.ask(**{"auto_generate_name": False, **body})  # no title, which would be a second question
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
