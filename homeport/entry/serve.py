"""One part of a fleet: what MODE names, after the checks and the migration that come before each."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

import structlog

from homeport.entry.data_dir import held, prepare
from homeport.entry.fleet import check, for_one_process
from homeport.entry.migrate import head, migrate_once
from homeport.entry.settings import Settings
from homeport.entry.settle_key import require_shared_key

log = structlog.get_logger(__name__)

#: Loaded when chosen: gunicorn and Celery are an extra, and a worker needs no web server.
_PARTS = {
    "api": "homeport.entry.gunicorn_api",
    "worker": "homeport.entry.worker",
    "beat": "homeport.entry.beat",
}


class Part(Protocol):
    """What each module of `_PARTS` offers."""

    def run(self, settings: Settings, data_dir: Path) -> int:
        """Work until a signal comes; answers the exit status."""
        ...


def serve(settings: Settings) -> int:
    """Do what MODE says, `api` when it says nothing; answers the exit status, raises a sentence."""
    mode = settings.deployment.mode or "api"
    check(settings, mode)
    data_dir = prepare(settings.deployment.homeport_data_dir)
    if mode != "migration":
        require_shared_key(settings, data_dir)
    with ExitStack() as stack:
        # A migration touches nothing but the database.
        if settings.database.kind == "sqlite" or (mode != "migration" and for_one_process(settings) is not None):
            stack.enter_context(held(data_dir, f"Homeport as MODE={mode}"))
        if mode == "migration" or settings.deployment.migration_enabled:
            changed = asyncio.run(migrate_once(settings, data_dir))
            log.info("database migrated" if changed else "database is up to date", revision=head())
        if mode == "migration":
            return 0
        part = cast("Part", importlib.import_module(_PARTS[mode]))
        return part.run(settings, data_dir)
