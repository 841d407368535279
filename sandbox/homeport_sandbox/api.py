"""The HTTP contract: addresses, key, envelope, codes."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from homeport_sandbox.dependencies import Dependencies
from homeport_sandbox.errors import BadRequest, SandboxError
from homeport_sandbox.execute import LANGUAGES, PYTHON, Executor, Task
from homeport_sandbox.serve_runs import Runs
from homeport_sandbox.settings import Settings

log = logging.getLogger("homeport_sandbox")

Endpoint = Callable[[Request], Awaitable[Response]]
_TRUE = {"true", "1", "t"}


def make_app(settings: Settings, executor: Executor | None = None) -> Starlette:
    """The ASGI application. `executor`: one that is already made, for tests."""
    runs = Runs(settings, executor or Executor(settings))
    dependencies = Dependencies(settings, runs.executor.use_packages)
    surface = _Surface(settings, runs, dependencies)

    @contextlib.asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        await runs.open()
        dependencies.paths = runs.package_paths
        keeping = asyncio.create_task(dependencies.keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await runs.close()
            dependencies.close()

    guarded = surface.guarded
    routes = [
        Route("/health", surface.health),
        Route("/metrics", guarded(surface.metrics)),
        Route("/v1/sandbox/run", guarded(surface.run), methods=["POST"]),
        Route("/v1/sandbox/status", guarded(surface.status)),
        Route("/v1/sandbox/dependencies", guarded(surface.listed)),
        Route("/v1/sandbox/dependencies/refresh", guarded(surface.listed)),
        Route("/v1/sandbox/dependencies/update", guarded(surface.update), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=living, exception_handlers={HTTPException: _not_found})


class _Surface:
    """One method per address."""

    def __init__(self, settings: Settings, runs: Runs, dependencies: Dependencies) -> None:
        self._settings = settings
        self._runs = runs
        self._dependencies = dependencies

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint` for callers with the key, its errors in the envelope."""

        async def answer(request: Request) -> Response:
            if not self._knows_key(request):
                return Response(status_code=401)
            try:
                return await endpoint(request)
            except SandboxError as error:
                self._runs.counts.refused(error.code)
                return _envelope(error.code, str(error), None, error.status)

        return answer

    async def health(self, _: Request) -> Response:
        """Whether this process answers; what it is able to do says `status`."""
        return JSONResponse("ok")

    async def metrics(self, _: Request) -> Response:
        return PlainTextResponse(self._runs.metrics(), media_type="text/plain; version=0.0.4")

    async def status(self, _: Request) -> Response:
        return _envelope(0, "success", self._runs.status())

    async def run(self, request: Request) -> Response:
        with self._runs.admitted():
            task = await self._read_task(request)
            started = time.monotonic()
            verdict = await self._runs.run(task)
            self._log(request, task, verdict.reason, time.monotonic() - started)
        data = {name: getattr(verdict, name) for name in ("stdout", "stderr", "error", "exit_code")}
        return _envelope(0, "success", data)

    async def listed(self, request: Request) -> Response:
        _require_python(request.query_params.get("language"))
        found = await asyncio.to_thread(self._dependencies.listed)
        return _envelope(0, "success", {"dependencies": found})

    async def update(self, request: Request) -> Response:
        values = await self._read_values(request)
        _require_python(request.query_params.get("language") or values.get("language"))
        await self._dependencies.update()
        return _envelope(0, "success", {})

    async def _read_task(self, request: Request) -> Task:
        values = await self._read_values(request)
        language, code = values.get("language"), values.get("code")
        preload, network = values.get("preload"), values.get("enable_network")
        wrong = None
        if not isinstance(language, str) or not language:
            wrong = "language is missing: accepted is python3 or nodejs"
        elif not isinstance(code, str) or not code:
            wrong = "code is missing: accepted is a text that is not empty"
        elif preload is not None and not isinstance(preload, str):
            wrong = "preload is not a text"
        elif network is not None and not isinstance(network, bool):
            wrong = "enable_network is neither true nor false"
        if wrong:
            raise _Unbound(request, wrong)
        assert isinstance(language, str)
        assert isinstance(code, str)
        if language not in LANGUAGES:
            raise BadRequest("unsupported language")
        if preload and self._settings.enable_preload:
            code = f"{preload}\n{code}"
        try:
            return Task(language, code.encode(), bool(network))
        except UnicodeEncodeError as error:
            raise _Unbound(request, "code is not a text in Unicode") from error

    async def _read_values(self, request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await self._read_body(request)
        if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return await _read_form(request)
        if not body and request.url.path.endswith("/update"):
            return {}
        try:
            values = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _Unbound(request, "the body is not JSON") from error
        if not isinstance(values, dict):
            raise _Unbound(request, "the body is not an object")
        return values

    async def _read_body(self, request: Request) -> bytes:
        """The whole body, which the request keeps for a form to be read from."""
        most = self._settings.largest_request
        pieces, size = [], 0
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise _TooLarge(f"the request is larger than {most} bytes")
                pieces.append(piece)
        except ClientDisconnect as error:
            raise BadRequest("the request ended before it was whole") from error
        request._body = b"".join(pieces)  # noqa: SLF001  where starlette itself keeps what was read
        return request._body  # noqa: SLF001

    def _knows_key(self, request: Request) -> bool:
        given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._settings.key.encode())

    def _log(self, request: Request, task: Task, reason: str, seconds: float) -> None:
        named = {name: request.headers.get(name, "")[:200] for name in ("traceparent", "x-user-id", "x-user-type")}
        shown = "".join(f" {name}={value!r}" for name, value in named.items() if value)
        log.info("run language=%s ended=%s ms=%.1f%s", task.language, reason, seconds * 1e3, shown)


class _TooLarge(BadRequest):
    """The request is too large."""

    status = 413


class _Unbound(BadRequest):
    """The request could not be read; only of plain JSON does the status say so, as the established service has it."""

    def __init__(self, request: Request, message: str) -> None:
        super().__init__(message)
        self.status = 400 if request.headers.get("content-type") == "application/json" else 200


async def _read_form(request: Request) -> dict[str, Any]:
    try:
        form: FormData = await request.form(max_part_size=1 << 30)
    except (MultiPartException, HTTPException) as error:
        raise _Unbound(request, "the form cannot be read") from error
    values: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    if "enable_network" in values:
        values["enable_network"] = values["enable_network"].lower() in _TRUE
    return values


def _require_python(language: Any) -> None:
    if language != PYTHON:
        raise BadRequest("unsupported language")


def _envelope(code: int, message: str, data: Any, status: int = 200) -> JSONResponse:
    return JSONResponse({"code": code, "message": message, "data": data}, status)


async def _not_found(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Response(status_code=status)
