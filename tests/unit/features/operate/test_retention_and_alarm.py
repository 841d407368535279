"""Ended jobs go after a while; somebody is told when documents wait in a long line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from homeport.backends.mail.settings import MailSettings
from homeport.features.mail.room import MailRoom
from homeport.features.mail.send import TASKS, Letter, send
from homeport.features.operate.jobs import retention, watch_queue
from homeport.features.operate.room import OperateRoom
from homeport.features.operate.settings import OperateSettings
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.tables import JobState
from homeport.runtime.tasks.task import NoPayload
from tests.support.job_bench import Bench
from tests.support.mail_server import SmtpServer, smtp_server


def room_of(bench: Bench, server: SmtpServer | None = None, **settings: Any) -> OperateRoom:
    """A room whose letters go to `server`."""
    way = {} if server is None else {"mail_type": "smtp", "smtp_server": "127.0.0.1", "smtp_port": server.port}
    mail = MailSettings.model_validate({**way, "mail_default_send_from": "homeport@example.org"})
    jobs = Jobs(bench.hints)
    letters = MailRoom(bench.database, jobs, mail)
    bench.registry.add(TASKS, letters)
    room = OperateRoom(bench.database, OperateSettings.model_validate(settings), letters, bench.hints, jobs)
    bench.registry.add((retention.REMOVE_ENDED, watch_queue.WATCH), room)
    return room


@pytest.mark.parametrize(
    ("state", "days", "kept"),
    [
        (JobState.SUCCEEDED, 6, True),
        (JobState.SUCCEEDED, 8, False),
        (JobState.CANCELLED, 8, False),
        (JobState.FAILED, 8, True),
        (JobState.FAILED, 31, False),
        (JobState.QUEUED, 400, True),
        (JobState.RUNNING, 400, True),
    ],
)
async def test_ended_jobs_are_kept_as_long_as_they_are_of_use(
    bench: Bench, state: JobState, days: int, kept: bool
) -> None:
    room, task = room_of(bench), bench.task()
    job_id = await bench.enqueue(task)
    ended = state in (JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED)
    long_ago = utc_now() - timedelta(days=days)
    await bench.change(job_id, state=state, created_at=long_ago, finished_at=long_ago if ended else None)
    assert await retention.remove_batch(room) == (0 if kept else 1)
    assert await retention.remove_batch(room) == 0


async def test_a_long_line_is_told_once_with_its_length(bench: Bench) -> None:
    async with smtp_server() as server:
        to = "ann@example.org, bob@example.org"
        room = room_of(bench, server, queue_monitor_threshold=2, queue_monitor_alert_emails=to)
        task = bench.task()
        for _ in range(3):
            await bench.enqueue(task)
        async with bench.database.begin() as session:
            watch = await Jobs(bench.hints).enqueue(session, watch_queue.WATCH, NoPayload())
        runner = bench.worker()
        assert await runner.run(watch, Queue.RETENTION)
        assert await runner.run("any", Queue.MAIL)
        assert not await runner.run("any", Queue.MAIL)
        await room.mail.close()
        [(recipients, letter)] = server.received
    assert recipients == ["ann@example.org", "bob@example.org"]
    assert letter["Subject"] == "3 documents wait to be indexed"


async def test_a_short_line_is_nobodys_concern(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    async with smtp_server() as server:
        room_of(bench, server, queue_monitor_threshold=2, queue_monitor_alert_emails="ann@example.org")
        await bench.enqueue(bench.task())
        async with bench.database.begin() as session:
            watch = await Jobs(bench.hints).enqueue(session, watch_queue.WATCH, NoPayload())
        assert await bench.worker().run(watch, Queue.RETENTION)
    assert not await bench.worker().run("any", Queue.MAIL)


async def test_a_letter_waits_for_a_busy_server_and_says_why(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    async with smtp_server() as server:
        room = room_of(bench, server)
        server.refuse_data = "451 come again"
        async with bench.database.begin() as session:
            job_id = await send(session, room.mail, Letter(to=("ann@example.org",), subject="Hello", text="Text"))
        assert job_id is not None
        runner = bench.worker()
        await runner.run(job_id, Queue.MAIL)
        row = await bench.row(job_id)
        assert (row.state, "451 come again" in str(row.last_error)) == (JobState.QUEUED, True)
        server.refuse_data = None
        await bench.make_due(job_id)
        await bench.sweep().once()
        assert await runner.run(job_id, Queue.MAIL)
        assert len(server.received) == 1


async def test_a_refused_address_is_a_dead_letter(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    async with smtp_server() as server:
        room = room_of(bench, server)
        server.refuse["nobody@example.org"] = "550 nobody here"
        async with bench.database.begin() as session:
            job_id = await send(session, room.mail, Letter(to=("nobody@example.org",), subject="Hello", text="Text"))
        assert job_id is not None
        await bench.worker().run(job_id, Queue.MAIL)
    assert (await bench.row(job_id)).state == JobState.FAILED


async def test_without_a_way_to_send_nothing_is_queued(sqlite_bench: Bench) -> None:
    room = room_of(sqlite_bench)
    async with sqlite_bench.database.begin() as session:
        assert await send(session, room.mail, Letter(to=("a@example.org",), subject="Hello", text="Text")) is None
