"""Open each backend that is chosen and ask it one harmless thing: an edge, where whatever fails becomes a sentence."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from homeport.backends.storage.registry import choose as choose_storage
from homeport.backends.storage.registry import open_storage
from homeport.backends.vectors.registry import choose as choose_vectors
from homeport.backends.vectors.registry import open_vectors
from homeport.entry.inspect_config.findings import Finding
from homeport.entry.migrate import current, schema_problem
from homeport.entry.settings import Settings
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError
from homeport.runtime.ops.mask import mask_text


async def connect_all(settings: Settings, seconds: float) -> list[Finding]:
    """One finding per backend; each gets `seconds`."""
    data_dir = settings.deployment.homeport_data_dir.expanduser().absolute()
    wanted: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("database", partial(_database, settings, data_dir)),
        ("storage", partial(_storage, settings, data_dir)),
        ("vectors", partial(_vectors, settings, data_dir)),
    ]
    if settings.redis.kind is not None:
        wanted.append(("redis", partial(_redis, settings)))
    if settings.celery.celery_broker_url is not None:
        wanted.append(("broker", partial(_broker, settings)))
    return [await _ask(name, ask, seconds) for name, ask in wanted]


async def _ask(name: str, ask: Callable[[], Awaitable[str]], seconds: float) -> Finding:
    try:
        async with asyncio.timeout(seconds):
            return Finding("ok", f"connect_{name}", await ask())
    except TimeoutError:
        sentence = f"The {name} did not answer within {seconds:g} s."
    except HomeportError as error:
        sentence = str(error)
    except Exception as error:  # noqa: BLE001 - the edge: a driver's own error, in its own words
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        sentence = f"The {name} cannot be used: {mask_text(reason)}."
    return Finding("problem", f"connect_{name}", sentence)


async def _database(settings: Settings, data_dir: Path) -> str:
    url = settings.database.url(data_dir)
    if settings.database.kind == "sqlite" and not _is_there(str(url.database)):
        return f"The database will be the file {url.database}, which the first start makes."
    database = Database(url, settings.database)
    try:
        await database.ping()
        schema = schema_problem(await current(database))
    finally:
        await database.close()
    where = url.render_as_string(hide_password=True)
    return f"The database {where} answers." + (f" {schema}" if schema else "")


async def _storage(settings: Settings, data_dir: Path) -> str:
    name = choose_storage(settings.storage)[1].name
    if not _is_there(data_dir) and name == "fs":
        return f"Files will be kept below {data_dir}, which the first start makes."
    storage = await open_storage(settings.storage, data_dir)
    try:
        await storage.check()
    finally:
        await storage.close()
    return f"The storage {name} answers."


async def _vectors(settings: Settings, data_dir: Path) -> str:
    spec = choose_vectors(settings.vectors)[1]
    if not _is_there(data_dir) and not spec.capabilities.shared:
        return f"Embeddings will be kept in {data_dir}, which the first start makes."
    vectors = await open_vectors(settings.vectors, data_dir)
    try:
        await vectors.check()
    finally:
        await vectors.close()
    return f"The vector store {spec.name} answers."


async def _redis(settings: Settings) -> str:
    redis = importlib.import_module("homeport.runtime.redis.connect").open_redis(settings.redis)
    try:
        await redis.check()
    finally:
        await redis.close()
    return f"Redis ({settings.redis.kind}) answers."


async def _broker(settings: Settings) -> str:
    celery = importlib.import_module("homeport.runtime.tasks.dispatchers.celery")
    dispatcher = celery.CeleryDispatcher(settings.celery, settings.redis)
    try:
        alive = await dispatcher.alive()
    finally:
        await dispatcher.close()
    secret = settings.celery.celery_broker_url
    where = mask_text(secret.get_secret_value() if secret else "")
    if not alive:
        raise _BrokerSilent(f"The broker {where} does not answer.", hint="Check CELERY_BROKER_URL.")
    return f"The broker {where} answers."


def _is_there(path: str | Path) -> bool:
    return Path(path).exists()


class _BrokerSilent(HomeportError):
    """The broker does not answer."""
