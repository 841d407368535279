"""Speaks with a sandbox service: one pool of connections, one patience, its words turned into ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from homeport.backends.sandbox.errors import (
    CodeFailed,
    CodeRefused,
    CodeTooSlow,
    Misconfigured,
    RateLimited,
    SandboxError,
    Unavailable,
)
from homeport.backends.sandbox.port import FindPlace, Language, Place, Status
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.backends.sandbox.wrap import RUNS_AS, unwrap, wrap
from homeport.runtime.drivers.patience import Patience
from homeport.runtime.errors import HomeportError
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    import httpx
else:
    httpx = LazyModule("httpx")

_RUN = "/v1/sandbox/run"
_STATUS = "/v1/sandbox/status"
_KEY = "X-Api-Key"
_MOST_SHOWN = 4000
_WHERE = "Look whether it runs; CODE_EXECUTION_ENDPOINT names its address."


class SandboxClient:
    """A `Sandbox` behind HTTP."""

    def __init__(self, settings: SandboxSettings, find: FindPlace, patience: Patience | None = None) -> None:
        """`find` tells the service, each time anew: one of our own may have been started again elsewhere."""
        self._find = find
        self._patience = patience or Patience(attempts=5, first_pause=0.1, longest_pause=2.0)
        self._settings = settings
        self._opened: httpx.AsyncClient | None = None

    async def run(
        self, language: Language, code: str, inputs: Mapping[str, Any], *, preload: str = "", network: bool = False
    ) -> dict[str, Any]:
        """See `Sandbox.run`."""
        body = {
            "language": RUNS_AS[language],
            "code": _sendable(wrap(language, code, inputs)),
            "preload": preload,
            "enable_network": network,
        }
        data = await self._ask_patiently("POST", _RUN, body)
        if data.get("error"):
            raise _of_code(str(data["error"]), str(data.get("stderr", "")))
        return unwrap(str(data.get("stdout", "")))

    async def check(self) -> Status:
        """See `Sandbox.check`."""
        place = await self._find()
        answer = await self._send("GET", place, _STATUS, None)
        if answer.status_code == httpx.codes.NOT_FOUND:  # the established service has no such address
            return Status(level="", problem=None)
        data = _opened(answer)
        return Status(level=str(data.get("level", "")), problem=data.get("problem"))

    async def close(self) -> None:
        """See `Sandbox.close`."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        """Made at the first use: most processes never run code."""
        settings = self._settings
        if self._opened is None:
            self._opened = httpx.AsyncClient(
                verify=settings.code_execution_ssl_verify,
                timeout=httpx.Timeout(
                    connect=settings.code_execution_connect_timeout,
                    read=settings.code_execution_read_timeout,
                    write=settings.code_execution_write_timeout,
                    pool=settings.code_execution_read_timeout,
                ),
                limits=httpx.Limits(
                    max_connections=settings.code_execution_pool_max_connections,
                    max_keepalive_connections=settings.code_execution_pool_max_keepalive_connections,
                    keepalive_expiry=settings.code_execution_pool_keepalive_expiry,
                ),
                trust_env=False,
            )
        return self._opened

    async def _ask_patiently(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask again only while the service says it is busy or is not there: what has begun to run is not run twice."""
        failures = 0
        while True:
            try:
                return _opened(await self._send(method, await self._find(), path, body))
            except _Unanswered:
                raise
            except SandboxError as error:
                failures += 1
                await self._patience.pause_or_raise(error, failures)

    async def _send(self, method: str, place: Place, path: str, body: dict[str, Any] | None) -> httpx.Response:
        address = place.endpoint.rstrip("/")
        try:
            return await self._http.request(method, address + path, json=body, headers={_KEY: place.key})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(f"The sandbox at {address} cannot be reached: {_reason(error)}.", hint=_WHERE) from error
        except httpx.TimeoutException as error:
            raise _Unanswered(
                f"The sandbox at {address} did not answer within {self._settings.code_execution_read_timeout} seconds.",
                hint="CODE_EXECUTION_READ_TIMEOUT has to be longer than WORKER_TIMEOUT of the sandbox.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Unanswered(f"The sandbox at {address} ended the connection: {_reason(error)}.") from error


class _Unanswered(Unavailable):
    """The sandbox took the code and did not answer."""


def _opened(answer: httpx.Response) -> dict[str, Any]:
    """The data of an envelope; raises what it says is wrong."""
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise Misconfigured(
            "The sandbox does not accept our key.",
            hint="CODE_EXECUTION_API_KEY has to be the same as API_KEY of the sandbox (SANDBOX_API_KEY in compose).",
        )
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise RateLimited("The sandbox has too many requests.", hint="Raise its MAX_WORKERS and MAX_REQUESTS.")
    if answer.status_code in (httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT):
        raise Unavailable(f"The way to the sandbox answered {answer.status_code}.", hint=_WHERE)
    try:
        told = answer.json()
        code, message, data = told["code"], str(told["message"]), told["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"What answers as the sandbox is none: it answered {answer.status_code} without the sandbox's envelope.",
            hint=_WHERE,
        ) from error
    if code == 0 and isinstance(data, dict):
        return data
    raise _of_service(int(code), message)


def _of_service(code: int, message: str) -> HomeportError:
    text = message[:_MOST_SHOWN]
    if code in (-503, -429):
        return RateLimited(f"The sandbox has too much to do: {text}.")
    if code == -400:
        return CodeRefused(f"The sandbox did not take the code: {text.rstrip('.')}.")
    return Misconfigured(f"The sandbox cannot run code: {text.rstrip('.')}.")


def _of_code(error: str, stderr: str) -> CodeFailed:
    """What the code's own failure is called, and the sentence for it."""
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    said = lines[0].removeprefix("error: ") if lines else ""
    if said.startswith("timeout"):
        return CodeTooSlow(
            f"The code was ended: {said}.",
            hint="Make it faster, or raise WORKER_TIMEOUT (SANDBOX_WORKER_TIMEOUT in compose).",
        )
    shown = _last_words(stderr or error)
    if "operation not permitted" in error:
        return CodeRefused(
            f"The code tried what the sandbox does not allow: {shown or said}",
            hint="Code may neither start programs nor reach files and addresses outside of the sandbox.",
        )
    if said.startswith(("output limit", "memory limit")):
        name = "SANDBOX_OUTPUT_MB" if said.startswith("output") else "SANDBOX_MEMORY_MB"
        return CodeFailed(f"The code was ended: {said}.", hint=f"{name} of the sandbox is the limit.")
    return CodeFailed(f"The code failed: {shown}")


def _last_words(text: str) -> str:
    """The end of a traceback, where the reason stands."""
    return text.strip()[-_MOST_SHOWN:]


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
