"""The addresses of health: for people and for probes."""

from __future__ import annotations

import os
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport.entry.version import VERSION
from homeport.runtime.ops.health import Checks


def routes(commit: str) -> list[Route]:
    """The addresses of health; `commit` is the one this was built from, empty when it is not known."""

    async def health(_request: Request) -> Response:
        """The established answer: the process answers, nothing else is looked at."""
        return JSONResponse({"pid": os.getpid(), "status": "ok", "version": VERSION, "commit": commit or None})

    return [
        Route("/health", health),
        Route("/health/live", health),
        Route("/health/startup", started),
        Route("/health/ready", ready),
    ]


async def started(request: Request) -> Response:
    """200 once everything is open and jobs are taken; 503 before."""
    if _checks(request) is None:
        return JSONResponse({"status": "starting"}, 503)
    return JSONResponse({"status": "started"})


async def ready(request: Request) -> Response:
    """200 when everything that is needed answers; else 503 with the reasons."""
    checks = _checks(request)
    if checks is None:
        return JSONResponse({"status": "starting"}, 503)
    faults = await checks.faults()
    good = all(fault is None for fault in faults.values())
    body: dict[str, Any] = {"status": "ready" if good else "not ready"}
    body["checks"] = {name: fault or "ok" for name, fault in faults.items()}
    return JSONResponse(body, 200 if good else 503)


def _checks(request: Request) -> Checks | None:
    return getattr(request.app.state, "checks", None)
