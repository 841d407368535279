"""Open everything this process works with, connect it, and close it in reverse order."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeport.backends.llm.registry import Models, open_models
from homeport.backends.storage.port import Storage
from homeport.backends.storage.registry import open_storage
from homeport.backends.vectors.port import VectorStore
from homeport.backends.vectors.registry import open_vectors
from homeport.entry.addresses import at_public_addresses
from homeport.entry.embedded_sandbox import OpenSandbox
from homeport.entry.fleet import require_extra
from homeport.entry.health import standard_checks
from homeport.entry.sample_figures import Figures
from homeport.entry.settings import Settings
from homeport.entry.settle_key import HouseKey, settle_key
from homeport.entry.telemetry import watched
from homeport.entry.timetable import entries
from homeport.entry.version import VERSION
from homeport.features.apps import tasks as apps_tasks
from homeport.features.apps.room import AppsRoom
from homeport.features.apps.usages import AppUsages
from homeport.features.chat import tasks as chat_tasks
from homeport.features.chat.end_interrupted import end_interrupted
from homeport.features.chat.remove import RemainsOfApp
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.stop import Stops
from homeport.features.files import tasks as files_tasks
from homeport.features.files.room import FilesRoom
from homeport.features.identity.passwords import Passwords
from homeport.features.identity.room import IdentityRoom
from homeport.features.identity.vault import Vault
from homeport.features.knowledge import tasks as knowledge_tasks
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.mail import send as mail_tasks
from homeport.features.mail.room import MailRoom
from homeport.features.operate import tasks as operate_tasks
from homeport.features.operate.room import OperateRoom
from homeport.features.providers.room import ProvidersRoom
from homeport.runtime.broadcast.local import LocalBroadcast
from homeport.runtime.broadcast.port import Broadcast
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database
from homeport.runtime.offload.pool import Offload
from homeport.runtime.ops.health import Check, Checks
from homeport.runtime.ops.meters import is_shared
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.redis.port import Redis
from homeport.runtime.tasks import repository
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import LIMITS_CHANGED, STOP_JOB, Jobs
from homeport.runtime.tasks.presence import Presence, forget_workers
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.sweep import Sweep
from homeport.runtime.tasks.task import Registry
from homeport.runtime.tasks.timetable import Timetable, kept
from homeport.runtime.tasks.watch_stops import StopWatch


@dataclass(frozen=True, slots=True)
class House:
    """A wired process."""

    settings: Settings
    data_dir: Path
    database: Database
    key: HouseKey
    dispatcher: Dispatcher
    #: Only where one is named.
    redis: Redis | None
    broadcast: Broadcast
    runner: Runner
    sweep: Sweep
    registry: Registry
    #: What /health/ready asks; a room adds its own.
    checks: Checks
    #: What /metrics shows beside what is counted.
    figures: Figures
    #: What endpoints and commands ask for, by type.
    rooms: dict[type[Any], Any]


@dataclass(frozen=True, slots=True)
class Backends:
    """What this process plugs into, open."""

    storage: Storage
    vectors: VectorStore
    models: Models
    offload: Offload
    outbound: Outbound
    sandbox: OpenSandbox


@asynccontextmanager
async def open_house(settings: Settings, data_dir: Path, *, sole: bool = False) -> AsyncIterator[House]:
    """Wire everything; jobs do not run before `jobs_running`. `sole`: no other process uses this database."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database.url(data_dir), settings.database)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(watched(settings, database))
        key = await settle_key(settings, data_dir, database)
        redis = await _open_redis(stack, settings)
        registry = Registry()
        dispatcher = _dispatcher(settings)
        runner = Runner(database, registry, dispatcher=dispatcher, per_workspace=settings.celery.per_workspace)
        if isinstance(dispatcher, LocalDispatcher):
            dispatcher.connect(runner.run)
        stack.push_async_callback(dispatcher.close)
        stack.push_async_callback(runner.close)
        backends = await _open_backends(stack, settings, data_dir)
        broadcast = _broadcast(redis, alone=sole)
        broadcast.listen(STOP_JOB, runner.stop)
        broadcast.listen(LIMITS_CHANGED, runner.forget_limits)
        jobs = Jobs(dispatcher, broadcast)
        mail = MailRoom(database, jobs, settings.mail)
        stack.push_async_callback(mail.close)
        rooms = _make_rooms(
            at_public_addresses(settings), key.vault, database, backends, jobs, mail, broadcast, sole=sole
        )
        stack.push_async_callback(rooms[KnowledgeRoom].hits.close)
        stack.push_async_callback(rooms[ChatRoom].stops.close)
        rooms[OperateRoom] = OperateRoom(database, settings.operate, mail, dispatcher, jobs)
        _offer_tasks(registry, rooms)
        checks = standard_checks(database, dispatcher)
        checks.add(key.as_check(database))
        if redis is not None:
            checks.add(Check("redis", redis.check))
        stack.push_async_callback(checks.close)
        figures = Figures(database, runner, commit=settings.deployment.commit_sha)
        stack.push_async_callback(figures.close)
        if is_shared() or settings.telemetry.enable_otel:
            figures.start()
        if sole:
            await _tidy_up(database, jobs)
        await broadcast.start()
        stack.push_async_callback(broadcast.close)
        yield House(
            settings=settings,
            data_dir=data_dir,
            database=database,
            key=key,
            dispatcher=dispatcher,
            redis=redis,
            broadcast=broadcast,
            runner=runner,
            sweep=Sweep(database, dispatcher),
            registry=registry,
            checks=checks,
            figures=figures,
            rooms=rooms,
        )


def _offer_tasks(registry: Registry, rooms: dict[type[Any], Any]) -> None:
    """The tasks of every slice, each with the room it works in."""
    for tasks, room in (
        (mail_tasks.TASKS, MailRoom),
        (files_tasks.TASKS, FilesRoom),
        (knowledge_tasks.TASKS, KnowledgeRoom),
        (apps_tasks.TASKS, AppsRoom),
        (chat_tasks.TASKS, ChatRoom),
        (operate_tasks.TASKS, OperateRoom),
    ):
        registry.add(tasks, rooms[room])


async def _open_redis(stack: AsyncExitStack, settings: Settings) -> Redis | None:
    """A Redis that does not answer yet hinders no start: readiness says so until it does."""
    if settings.redis.kind is None:
        return None
    require_extra("redis", "REDIS_HOST")
    module = importlib.import_module("homeport.runtime.redis.connect")  # an extra, loaded only when it is named
    redis: Redis = module.open_redis(settings.redis)
    stack.push_async_callback(redis.close)
    return redis


def _broadcast(redis: Redis | None, *, alone: bool) -> Broadcast:
    if redis is None:
        return LocalBroadcast(alone=alone)
    module = importlib.import_module("homeport.runtime.redis.broadcast")
    broadcast: Broadcast = module.RedisBroadcast(redis.client)
    return broadcast


async def _open_backends(stack: AsyncExitStack, settings: Settings, data_dir: Path) -> Backends:
    """Each is closed by `stack`, also when a later one cannot be opened."""
    storage = await open_storage(settings.storage, data_dir)
    stack.push_async_callback(storage.close)
    vectors = await open_vectors(settings.vectors, data_dir)
    stack.push_async_callback(vectors.close)
    models = await open_models(settings.llm)
    stack.push_async_callback(models.close)
    offload = Offload(settings.offload)
    stack.push_async_callback(offload.close)
    outbound = Outbound(settings.outbound)
    stack.push_async_callback(outbound.close)
    sandbox = OpenSandbox(settings.sandbox)
    stack.push_async_callback(sandbox.close)
    return Backends(storage, vectors, models, offload, outbound, sandbox)


def _make_rooms(
    settings: Settings,
    vault: Vault,
    database: Database,
    backends: Backends,
    jobs: Jobs,
    mail: MailRoom,
    broadcast: Broadcast,
    *,
    sole: bool,
) -> dict[type[Any], Any]:
    """The slices' rooms by their type, from the bottom of the stack to its top."""
    identity = IdentityRoom(database, settings.identity, vault, Passwords())
    files = FilesRoom(database, backends.storage, settings.files, vault)
    allow_private = settings.providers.model_endpoint_allow_private
    providers = ProvidersRoom(
        database=database,
        models=backends.models,
        vault=vault,
        outbound=backends.outbound,
        settings=settings.providers,
        allow_private=sole if allow_private is None else allow_private,
    )
    knowledge = KnowledgeRoom(
        database=database,
        storage=backends.storage,
        vectors=backends.vectors,
        providers=providers,
        files=files,
        jobs=jobs,
        offload=backends.offload,
        outbound=backends.outbound,
        settings=settings.knowledge,
        usages=AppUsages(),
        mail=mail,
    )
    apps = AppsRoom(
        database=database,
        knowledge=knowledge,
        files=files,
        providers=providers,
        jobs=jobs,
        remains=(RemainsOfApp(),),
    )
    stops = Stops(database, broadcast, replicas=not sole)
    chat = ChatRoom(
        database=database,
        apps=apps,
        knowledge=knowledge,
        providers=providers,
        stops=stops,
        jobs=jobs,
        settings=settings.chat,
    )
    rooms = (database, backends.sandbox, mail, identity, files, providers, knowledge, apps, chat)
    return {type(room): room for room in rooms}


async def _tidy_up(database: Database, jobs: Jobs) -> None:
    """What the process before this one left when it was killed: jobs it held, answers it was writing."""
    async with database.begin() as session:
        await repository.release_all(session)
        await forget_workers(session)
        await end_interrupted(session, jobs, before=utc_now())


@asynccontextmanager
async def jobs_running(house: House, *, worker: bool = False) -> AsyncIterator[None]:
    """Take and, with the local dispatcher or as a `worker` of the broker, run jobs while the block lasts.

    Forgotten ones are swept up, and a process that runs jobs says that it lives.

    At the end the jobs that run are handed back, while everything they work with is still open. With a wrong master
    key none is taken: it would fail for want of a secret.
    """
    if house.key.vault.refusal is not None:
        yield
        return
    async with AsyncExitStack() as stack:
        presence = _presence(house, worker=worker)
        if presence is not None:
            presence.start()
            stack.push_async_callback(presence.close)
            stops = StopWatch(house.database, house.runner, house.broadcast)
            stops.start()
            stack.push_async_callback(stops.close)
        await house.dispatcher.start()
        stack.push_async_callback(house.runner.close)
        if isinstance(house.dispatcher, LocalDispatcher):
            keeper = kept(Timetable(house.database, Jobs(house.dispatcher), entries(house.settings)).tick)
            keeper.start()
            stack.push_async_callback(keeper.close)
        house.sweep.start()
        stack.push_async_callback(house.sweep.close)
        yield


def _presence(house: House, *, worker: bool) -> Presence | None:
    """None for a process that leaves its jobs to the workers."""
    if worker:
        kind, queues = "worker", house.settings.celery.queues
    elif isinstance(house.dispatcher, LocalDispatcher):
        kind, queues = house.settings.deployment.mode or "up", tuple(Queue)
    else:
        return None
    hears = house.dispatcher.alive if worker else None
    return Presence(house.database, house.runner, kind=kind, version=VERSION, queues=queues, hears=hears)


def _dispatcher(settings: Settings) -> Dispatcher:
    # SQLite is for one process, which then does its jobs itself, whatever an .env from elsewhere says of a broker.
    if settings.celery.celery_broker_url is None or settings.database.kind == "sqlite":
        return LocalDispatcher()
    require_extra("celery", "CELERY_BROKER_URL")
    # Celery is an extra and a tenth of the start-up time: loaded only when a broker is set.
    module = importlib.import_module("homeport.runtime.tasks.dispatchers.celery")
    dispatcher: Dispatcher = module.CeleryDispatcher(settings.celery, settings.redis)
    return dispatcher
