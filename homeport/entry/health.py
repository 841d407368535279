"""Whether this process is up, and whether it can do its work."""

from __future__ import annotations

import os
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport.entry.migrate import current, head
from homeport.entry.version import VERSION
from homeport.entry.wiring import House
from homeport.runtime.errors import HomeportError


async def health(_request: Request) -> Response:
    """The established answer: the process answers, nothing else is looked at."""
    return JSONResponse({"pid": os.getpid(), "status": "ok", "version": VERSION})


async def ready(request: Request) -> Response:
    """200 when the database has this version's schema and jobs can be sent; else 503 with the reasons."""
    house: House = request.app.state.house
    checks = {"database": await _database(house), "jobs": await _jobs(house)}
    good = all(reason is None for reason in checks.values())
    body: dict[str, Any] = {"status": "ready" if good else "not ready"}
    body["checks"] = {name: reason or "ok" for name, reason in checks.items()}
    return JSONResponse(body, status_code=200 if good else 503)


async def _database(house: House) -> str | None:
    try:
        await house.database.ping()
        found = await current(house.database)
    except HomeportError as error:
        return str(error)
    return None if found == head() else f"The schema has revision {found or 'none'}, this version needs {head()}."


async def _jobs(house: House) -> str | None:
    return None if await house.dispatcher.alive() else "The broker does not answer; jobs wait in the database."


ROUTES = [Route("/health", health), Route("/health/live", health), Route("/health/ready", ready)]
