"""The ASGI application: the console API, the Service API, file links, health, and the console's files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from homeport.entry import console_system, health_pages, metrics
from homeport.entry.addresses import Addresses, addresses_of, origin_of
from homeport.entry.console_files import BUILT, ConsoleFiles, not_built
from homeport.entry.describe_api import DescribedApi
from homeport.entry.settings import Settings
from homeport.entry.sub_path import SubPath
from homeport.entry.version import VERSION
from homeport.entry.wiring import jobs_running, open_house
from homeport.features.apps.endpoints import console as apps_console
from homeport.features.apps.endpoints import public as apps_public
from homeport.features.apps.endpoints import tracing as tracing_console
from homeport.features.chat.endpoints import console as chat_console
from homeport.features.chat.endpoints import public as chat_public
from homeport.features.files.endpoints.public import links_router
from homeport.features.identity.endpoints import console as identity_console
from homeport.features.knowledge.endpoints import console as knowledge_console
from homeport.features.knowledge.endpoints import public as knowledge_public
from homeport.features.operate.endpoints import console as operate_console
from homeport.features.providers.endpoints import console as providers_console
from homeport.runtime.http import problems
from homeport.runtime.http.behind_proxy import BehindProxy
from homeport.runtime.http.context import BodyLimit, RequestContext
from homeport.runtime.ops.log_bodies import LogBodies
from homeport.runtime.ops.meters import meters
from homeport.runtime.ops.watch_requests import SeeRoute, WatchRequests

_CONSOLE = (
    identity_console,
    knowledge_console,
    apps_console,
    tracing_console,
    chat_console,
    providers_console,
    operate_console,
    console_system,
)
_PUBLIC = (apps_public, chat_public, knowledge_public)
_OVERHEAD = 1024 * 1024
_WORTH_COMPRESSING = 1024


def console_api(*, described: bool = True) -> DescribedApi:
    """The API of the browser console; `described`: it serves its own description."""
    app = DescribedApi(
        title="Homeport console API",
        version=VERSION,
        description="What the browser console asks. It changes with the console; programs use the Service API.",
        root="/console/api",
        described=described,
    )
    for module in _CONSOLE:
        app.include_router(module.router)
    return app


def service_api(*, described: bool = True) -> DescribedApi:
    """The public API, compatible with established clients; `described`: it serves its own description."""
    app = DescribedApi(
        title="Homeport Service API",
        version=VERSION,
        description="Apps and knowledge bases for programs. Times are unix seconds, ids are UUIDs.",
        root="/v1",
        described=described,
    )
    for module in _PUBLIC:
        app.include_router(module.router)
    return app


def link_api() -> DescribedApi:
    """Signed links to files."""
    app = DescribedApi(title="Homeport file links", version=VERSION, description="Signed links.", root="/files")
    app.include_router(links_router)
    return app


def make_app(settings: Settings, data_dir: Path, *, sole: bool = False) -> Starlette:
    """The whole application; it opens its house when it starts and closes it when it stops."""
    described = settings.http.swagger_ui_enabled
    console, service, links = console_api(described=described), service_api(described=described), link_api()
    addresses = addresses_of(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_house(settings, data_dir, sole=sole) as house, jobs_running(house):
            for one in (app, console, service, links):
                one.state.house = house
                one.state.provided = house.rooms
            app.state.checks, app.state.figures = house.checks, house.figures
            yield

    limits = settings.files
    largest = max(
        limits.upload_file_size_limit, limits.upload_video_file_size_limit, limits.upload_audio_file_size_limit
    )
    whole = Starlette(
        lifespan=lifespan,
        middleware=_middleware(settings, addresses),
        routes=[
            *health_pages.routes(settings.deployment.commit_sha),
            metrics.route(settings.telemetry.metrics_token),
            Mount("/v1", _open_to(("*",), BodyLimit(service, limit=largest * 1024 * 1024 + _OVERHEAD))),
            Mount(
                "/console/api",
                _open_to(
                    _console_origins(settings, addresses),
                    BodyLimit(console, limit=largest * 1024 * 1024 * 5 + _OVERHEAD),
                ),
            ),
            Mount("/files", _open_to(("*",), links)),
            _console_route(addresses, embed=settings.http.allow_embed),
        ],
    )
    problems.install(whole)
    return whole


def _middleware(settings: Settings, addresses: Addresses) -> list[Middleware]:
    """What every request passes, the first outermost."""
    passed = [
        Middleware(WatchRequests, meters=meters(), access_log=settings.logging.access_log_enabled),
        Middleware(RequestContext, headers={"X-Version": VERSION, "X-Env": settings.deployment.deploy_env}),
    ]
    if settings.http.respect_xforward_headers_enabled:
        passed.insert(0, Middleware(BehindProxy))
    if settings.logging.enable_request_logging:
        passed.append(Middleware(LogBodies))
    if addresses.sub_path:
        passed.append(Middleware(SubPath, path=addresses.sub_path))
    if settings.http.api_compression_enabled:
        passed.append(Middleware(GZipMiddleware, minimum_size=_WORTH_COMPRESSING))
    return [*passed, Middleware(SeeRoute)]


def _open_to(origins: tuple[str, ...], app: ASGIApp) -> ASGIApp:
    """`app` for scripts of these origins; named ones may send the session cookie along."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_credentials="*" not in origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["X-Env", "X-Trace-Id", "X-Version"],
    )


def _console_origins(settings: Settings, addresses: Addresses) -> tuple[str, ...]:
    """Those that are set, and the console's own when it is served elsewhere; `*` gives way to named ones."""
    given = settings.deployment.console_cors_allow_origins
    own = (origin_of(addresses.console_web),) if addresses.api_origin else ()
    named = tuple(dict.fromkeys([*(origin for origin in given if origin != "*"), *own]))
    return named or given


def _console_route(addresses: Addresses, *, embed: bool) -> Mount | Route:
    if (BUILT / "index.html").is_file():
        return Mount("/", ConsoleFiles(directory=BUILT, addresses=addresses, embed=embed))
    return Route("/{path:path}", not_built)
