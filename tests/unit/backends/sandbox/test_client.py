"""What a service answers, in our words; when it is asked again; what its programs look like."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport.backends.sandbox.client import SandboxClient
from homeport.backends.sandbox.errors import (
    CodeFailed,
    CodeRefused,
    CodeTooSlow,
    InvalidResult,
    Misconfigured,
    RateLimited,
    SandboxError,
    Unavailable,
)
from homeport.backends.sandbox.port import Language, Place
from homeport.backends.sandbox.settings import SandboxSettings
from homeport.backends.sandbox.wrap import unwrap, wrap
from homeport.runtime.drivers.patience import Patience
from tests.support.servers import free_port

QUICK = Patience(attempts=3, first_pause=0.001, longest_pause=0.002)
SETTINGS = SandboxSettings()


def envelope(code: int = 0, message: str = "success", status: int = 200, **data: Any) -> Response:
    filled = {"stdout": "", "stderr": "", "error": "", "exit_code": 0, **data}
    return JSONResponse({"code": code, "message": message, "data": filled if code == 0 else None}, status)


def result(value: Any) -> Response:
    return envelope(stdout=f"<<RESULT>>{json.dumps(value)}<<RESULT>>")


class Service:
    """Answers each request with the next of `answers`; the last one stays."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def app(self) -> Starlette:
        async def run(request: Request) -> Response:
            self.requests.append({**await request.json(), "key": request.headers["x-api-key"]})
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

        return Starlette(routes=[Route("/v1/sandbox/run", run, methods=["POST"])])


@asynccontextmanager
async def _serving(app: Starlette) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


async def _ask(service: Service, language: Language = Language.PYTHON, **more: Any) -> dict[str, Any]:
    async with _serving(service.app()) as address:

        async def find() -> Place:
            return Place(address, "the-key")

        client = SandboxClient(SETTINGS, find, QUICK)
        try:
            return await client.run(language, "def main(): return {}", {}, **more)
        finally:
            await client.close()


async def test_a_result_comes_back_and_the_key_is_sent() -> None:
    service = Service(result({"a": 1}))
    assert await _ask(service, network=True, preload="x = 1") == {"a": 1}
    [request] = service.requests
    assert (request["language"], request["key"]) == ("python3", "the-key")
    assert (request["enable_network"], request["preload"]) == (True, "x = 1")


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (Response(status_code=401), Misconfigured, "CODE_EXECUTION_API_KEY"),
        (Response("<html>", 200), Misconfigured, "envelope"),
        (Response(status_code=502), Unavailable, "502"),
        (envelope(-503, "Too many requests", 503), RateLimited, "too many requests"),
        (
            envelope(-400, "It is disabled: set ENABLE_NETWORK"),
            CodeRefused,
            "ENABLE_NETWORK",
        ),
        (envelope(-500, "Code is not run: no Landlock"), Misconfigured, "no Landlock"),
        (
            envelope(error="process exited\nerror: timeout: ran longer", exit_code=-1),
            CodeTooSlow,
            "timeout",
        ),
        (
            envelope(error="process exited with code 1\nerror: operation not permitted\nTraceback", stderr="Traceback"),
            CodeRefused,
            "does not allow",
        ),
        (
            envelope(error="process exited\nValueError: x", stderr="ValueError: x"),
            CodeFailed,
            "ValueError: x",
        ),
        (envelope(error="process exited with code 1\nerror: memory limit: 512 MB"), CodeFailed, "SANDBOX_MEMORY_MB"),
        (envelope(stdout="no marks"), InvalidResult, "no result"),
        (envelope(stdout="<<RESULT>>{broken<<RESULT>>"), InvalidResult, "not JSON"),
        (result([1]), InvalidResult, "a list"),
        (result(None), InvalidResult, "nothing"),
    ],
)
async def test_what_goes_wrong_is_one_sentence(answer: Response, error: type[SandboxError], said: str) -> None:
    with pytest.raises(error) as caught:
        await _ask(Service(answer))
    assert type(caught.value) is error
    assert said in str(caught.value)
    assert "the-key" not in str(caught.value)


async def test_a_busy_service_is_asked_again() -> None:
    busy = envelope(-503, "Too many requests", 503)
    service = Service(busy, busy, result({"a": 1}))
    assert await _ask(service) == {"a": 1}
    assert len(service.requests) == 3


async def test_code_that_failed_is_not_run_again() -> None:
    service = Service(envelope(error="process exited with code 1\nValueError", stderr="ValueError"))
    with pytest.raises(CodeFailed):
        await _ask(service)
    assert len(service.requests) == 1


async def test_a_service_that_is_not_there_is_said_with_its_setting() -> None:
    async def find() -> Place:
        return Place(f"http://127.0.0.1:{free_port()}", "k")

    client = SandboxClient(SETTINGS, find, QUICK)
    with pytest.raises(Unavailable, match="CODE_EXECUTION_ENDPOINT"):
        await client.run(Language.PYTHON, "", {})
    await client.close()
    await client.close()


async def test_an_answer_that_does_not_come_is_not_waited_for_twice() -> None:
    asked = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(10))
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def find() -> Place:
        return Place(f"http://127.0.0.1:{port}", "k")

    client = SandboxClient(SETTINGS, find, QUICK)
    with pytest.raises(Unavailable, match="ended the connection"):
        await client.run(Language.PYTHON, "", {})
    assert len(asked) == 1
    await client.close()
    server.close()
    await server.wait_closed()


def test_inputs_are_data_and_never_code() -> None:
    program = wrap(Language.PYTHON, "def main(x): return {'x': x}", {"x": '"); import os #'})
    assert "import os" not in program
    assert "import os" not in wrap(Language.JINJA2, "{{ import os }}", {"y": "import os"})
    with pytest.raises(InvalidResult, match="cannot be written as JSON"):
        wrap(Language.PYTHON, "", {"x": object()})


def test_the_last_marks_are_those_of_the_program() -> None:
    assert unwrap('<<RESULT>>{"a": 1}<<RESULT>> printed <<RESULT>>{"a": 2}<<RESULT>>') == {"a": 2}
