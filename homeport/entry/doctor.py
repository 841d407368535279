"""The checks of `homeport doctor`, each opening what it looks at by itself: one broken part hides no other."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from homeport.entry.data_dir import DataDirectoryInUse, held
from homeport.entry.embedded_sandbox import OpenSandbox
from homeport.entry.migrate import current, head
from homeport.entry.settings import Settings
from homeport.features.identity import repository as identity
from homeport.features.identity.master_key import find_master_key
from homeport.features.identity.vault import Vault
from homeport.features.mail.room import MailRoom
from homeport.features.operate import tasks
from homeport.features.operate.doctor.check_clock import check_clock
from homeport.features.operate.doctor.check_database import check_database
from homeport.features.operate.doctor.check_disk import check_disk
from homeport.features.operate.doctor.check_egress import check_egress
from homeport.features.operate.doctor.check_jobs import check_jobs
from homeport.features.operate.doctor.check_mail import check_mail
from homeport.features.operate.doctor.check_models import check_models
from homeport.features.operate.doctor.check_redis import check_redis
from homeport.features.operate.doctor.check_sandbox import check_sandbox
from homeport.features.operate.doctor.check_storage import check_storage
from homeport.features.operate.doctor.check_vectors import check_vectors
from homeport.features.operate.doctor.findings import Check, Finding, ok, problem, skipped, warning
from homeport.features.operate.room import OperateRoom
from homeport.runtime.db.database import Database
from homeport.runtime.ops.mask import mask_text
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.dispatchers.port import Dispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.run import Runner
from homeport.runtime.tasks.task import Registry


@asynccontextmanager
async def open_checks(settings: Settings, data_dir: Path, seconds: float) -> AsyncIterator[dict[str, Check]]:
    """All checks by name; `seconds`: how long queues are given to answer."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database.url(data_dir), settings.database)
        stack.push_async_callback(database.close)
        broker = settings.celery.celery_broker_url if settings.database.kind != "sqlite" else None
        processes = settings.deployment.server_worker_amount + (2 if broker else 0)

        async def schema() -> str | None:
            found = await current(database)
            if found == head():
                return None
            return f"The schema has revision {found or 'none'}, this version needs {head()}."

        async def jobs() -> list[Finding]:
            if await current(database) != head():
                return [skipped("Without this version's schema no job can be queued.")]
            async with _dispatching(settings, data_dir, database) as dispatcher:
                shown = mask_text(str(broker)) if broker else None
                return await check_jobs(database, Jobs(dispatcher), seconds, broker=shown)

        yield {
            "database": partial(check_database, database, settings.database, processes, schema),
            "clock": partial(check_clock, database),
            "secret-key": partial(_check_key, settings, data_dir, database),
            "jobs": jobs,
            "redis": partial(check_redis, settings.redis),
            "storage": partial(check_storage, settings.storage, data_dir),
            "vectors": partial(check_vectors, settings.vectors, data_dir),
            "models": partial(check_models, settings.llm),
            "mail": partial(check_mail, settings.mail),
            "egress": partial(check_egress, settings.outbound),
            "sandbox": partial(check_sandbox, OpenSandbox(settings.sandbox)),
            "disk": partial(check_disk, data_dir),
        }


@asynccontextmanager
async def _dispatching(settings: Settings, data_dir: Path, database: Database) -> AsyncIterator[Dispatcher]:
    """The way jobs travel here. With SQLite and nobody at work in the data directory, they are done in this process."""
    if settings.database.kind != "sqlite" and settings.celery.celery_broker_url:
        module = importlib.import_module("homeport.runtime.tasks.dispatchers.celery")  # an extra, loaded when named
        celery: Dispatcher = module.CeleryDispatcher(settings.celery, settings.redis)
        try:
            yield celery
        finally:
            await celery.close()
        return
    local = LocalDispatcher()  # not started it sends nothing: whoever is at work finds the rows
    with ExitStack() as directory:
        alone = settings.database.kind == "sqlite"
        if alone:
            try:
                directory.enter_context(held(data_dir, "homeport doctor"))
            except DataDirectoryInUse:
                alone = False
        registry = Registry()
        jobs = Jobs(local)
        mail = MailRoom(database, jobs, settings.mail)
        registry.add(tasks.PROBES.values(), OperateRoom(database, settings.operate, mail, local, jobs))
        runner = Runner(database, registry, dispatcher=local)
        if alone:
            local.connect(runner.run)
            await local.start()
        try:
            yield local
        finally:
            await local.close()
            await runner.close()


async def _check_key(settings: Settings, data_dir: Path, database: Database) -> list[Finding]:
    key = find_master_key(settings.identity, data_dir)
    if key is None:
        return [warning("There is no secret key yet.", fix="The first start of `homeport up` makes one.")]
    if await current(database) != head():
        return [skipped("Without this version's schema the key cannot be compared.")]
    have = Vault(key.secret).fingerprint
    async with database.read() as session:
        need = await identity.find_key_fingerprint(session)
    if need is None or need == have:
        return [ok(f"The secret key has the fingerprint {have}{'' if need else ', and the database has none yet'}.")]
    return [
        problem(
            f"The secret key has the fingerprint {have}, the database was set up with {need}.",
            cause="What was sealed with the other key cannot be opened: credentials, file links, sessions.",
            fix="Bring the former SECRET_KEY back; if it is lost, see `homeport reset-encrypt-key-pair`.",
        )
    ]
