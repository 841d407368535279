"""What the commands share: the database, the way to tell workers, filters, times for a person."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from homeport.features.operate.jobs.find_jobs import JobFilter
    from homeport.runtime.broadcast.port import Broadcast
    from homeport.runtime.db.database import Database
    from homeport.runtime.tasks.dispatchers.port import Dispatcher
    from homeport.runtime.tasks.jobs import Jobs

Result = TypeVar("Result")

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Desk:
    """Open while a command works."""

    database: Database
    #: Tells workers through the broker; where jobs are done inside a process, its sweep finds the rows within seconds.
    dispatcher: Dispatcher
    jobs: Jobs


def work(do: Callable[[Desk], Awaitable[Result]]) -> Result:
    """Run `do` at an open desk."""
    return asyncio.run(_work(do))


async def _work(do: Callable[[Desk], Awaitable[Result]]) -> Result:
    async with _open_desk() as desk:
        return await do(desk)


@asynccontextmanager
async def _open_desk() -> AsyncIterator[Desk]:
    from homeport.entry.data_dir import prepare
    from homeport.entry.open_database import open_database
    from homeport.entry.settings import read_settings
    from homeport.runtime.ops.logs import configure_logs
    from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
    from homeport.runtime.tasks.jobs import Jobs

    settings = read_settings()
    quiet = {} if "log_level" in settings.logging.model_fields_set else {"log_level": "WARNING"}
    configure_logs(settings.logging.model_copy(update=quiet))
    async with AsyncExitStack() as stack:
        data_dir = prepare(settings.deployment.homeport_data_dir)
        database = await stack.enter_async_context(open_database(settings, data_dir))
        dispatcher: Dispatcher = LocalDispatcher()
        if settings.celery.celery_broker_url is not None and settings.database.kind != "sqlite":
            from homeport.runtime.tasks.dispatchers.celery import CeleryDispatcher

            dispatcher = CeleryDispatcher(settings.celery, settings.redis)
        stack.push_async_callback(dispatcher.close)
        broadcast: Broadcast | None = None
        if settings.redis.kind is not None:
            from homeport.runtime.redis.broadcast import RedisBroadcast
            from homeport.runtime.redis.connect import open_redis

            redis = open_redis(settings.redis)
            stack.push_async_callback(redis.close)
            broadcast = RedisBroadcast(redis.client)
        yield Desk(database, dispatcher, Jobs(dispatcher, broadcast))


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options by which jobs are chosen; the command gets one `JobFilter` as `wanted`."""

    @click.option("--queue", "queues", multiple=True, help="Of this queue; may be repeated.")
    @click.option("--task", help="Of this task, such as knowledge.ingest_document.")
    @click.option("--workspace", "workspace_id", help="Of the workspace with this id.")
    @click.option("--about", "subject_id", help="About the thing with this id, such as a document.")
    @click.option("--since", callback=_since, help="Made within this time: 30m, 12h, 7d.")
    @click.option("--error", help="Whose error contains this text.")
    @wraps(command)
    def with_filter(
        *,
        queues: tuple[str, ...],
        task: str | None,
        workspace_id: str | None,
        subject_id: str | None,
        since: dt.datetime | None,
        error: str | None,
        **others: Any,
    ) -> None:
        from homeport.features.operate.jobs.find_jobs import JobFilter
        from homeport.features.operate.jobs.switch_queue import known_queue

        wanted = JobFilter(
            queues=tuple(known_queue(queue) for queue in queues),
            task=task,
            workspace_id=workspace_id,
            subject_id=subject_id,
            since=since,
            error=error,
        )
        command(wanted=wanted, **others)

    return with_filter


def change_many(
    wanted: JobFilter,
    step: Callable[[Desk, AsyncSession], Awaitable[int]],
    *,
    what: str,
    question: str,
    dry_run: bool,
    yes: bool,
) -> int:
    """Count what fits, ask, and take `step` until it answers 0; answers how many it changed in all.

    `what`: such as `failed job`; `question`: with `{}` for the number and what they are. Ends the command where
    nothing is to be changed: with status 1 when the person says no.
    """

    async def count(desk: Desk) -> int:
        from homeport.features.operate.jobs.change_jobs import count_jobs

        async with desk.database.read() as session:
            return await count_jobs(session, wanted)

    async def do(desk: Desk) -> int:
        total = 0
        while True:
            async with desk.database.begin() as session:
                changed = await step(desk, session)
            total += changed
            if not changed:
                return total

    found = work(count)
    these = f"{found or 'No'} {what}{'' if found == 1 else 's'}"
    if dry_run or not found:
        click.echo(f"{these} fit.")
        sys.exit(0)
    if not yes and not click.confirm(question.format(these)):
        click.echo("Nothing was changed.")
        sys.exit(1)
    return work(do)


def with_states(wanted: JobFilter, *states: str) -> JobFilter:
    """The same, of these states alone."""
    return dataclasses.replace(wanted, states=states)


def as_json(value: Any) -> str:
    """Dataclasses and times as JSON."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def how_long(seconds: float) -> str:
    """Two digits are enough: 45 s, 12 min, 3 h, 5 d."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _since(_context: click.Context, _parameter: click.Parameter, text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    amount, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not amount.isdecimal():
        raise click.BadParameter(f"{text!r} is no time span; accepted are numbers with a unit: 30s, 45m, 12h, 7d.")
    return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=int(amount) * _UNITS[unit])
