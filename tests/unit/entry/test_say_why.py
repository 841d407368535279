"""Why an application does not start: one sentence for what we know, the traceback for what we do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from homeport.entry.say_why import SayWhy
from homeport.runtime.errors import Conflict


async def start(error: Exception | None) -> tuple[list[Message], BaseException | None]:
    """What a server is told when the application starts (and stops), and what it raised."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if error is not None:
            raise error
        yield

    said: list[Message] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        said.append(message)

    app = SayWhy(Starlette(lifespan=lifespan))
    try:
        await app({"type": "lifespan", "asgi": {}, "state": {}}, receive, send)
    except RuntimeError as raised:
        return said, raised
    return said, None


async def test_a_known_error_is_its_sentence() -> None:
    said, _ = await start(Conflict("VECTOR_STORE is 'nope'.", hint="Change VECTOR_STORE."))
    assert said == [{"type": "lifespan.startup.failed", "message": "VECTOR_STORE is 'nope'. Change VECTOR_STORE."}]


async def test_an_unknown_error_keeps_its_traceback() -> None:
    [failed], raised = await start(RuntimeError("a fault"))
    assert failed["type"] == "lifespan.startup.failed"
    assert "Traceback" in failed["message"]
    assert "a fault" in failed["message"]
    assert str(raised) == "a fault"


async def test_a_good_start_and_stop_pass_unchanged() -> None:
    said, raised = await start(None)
    assert [message["type"] for message in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert raised is None


@pytest.mark.parametrize("kind", ["http"])
async def test_everything_else_reaches_the_application(kind: str) -> None:
    seen: list[str] = []

    async def app(scope: object, _receive: object, _send: object) -> None:
        assert isinstance(scope, dict)
        seen.append(scope["type"])

    await SayWhy(app)({"type": kind}, None, None)  # type: ignore[arg-type]
    assert seen == [kind]
