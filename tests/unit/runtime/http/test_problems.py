"""Every error is one envelope; an unknown one is logged once and shows nothing."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Message
from structlog.testing import capture_logs

from homeport.runtime.errors import Conflict, HomeportError, TooManyRequests, Unauthorized
from homeport.runtime.http import problems
from homeport.runtime.http.body import RequestBody, described, json_body, without_unstorable
from homeport.runtime.http.context import BodyLimit, RequestContext

LIMIT = 1024


class Waits(TooManyRequests):
    """Wait."""

    retry_after = 1.2


class Inner(BaseModel):
    """A part."""

    number: int


class Body(RequestBody):
    """A body."""

    name: str
    inner: Inner | None = None
    anything: Any = None


async def _key() -> None:
    raise Unauthorized


app = FastAPI()
problems.install(app)


@app.get("/raise/{kind}")
async def _raise(kind: str) -> None:
    raise {
        "known": Conflict("It is there.", hint="Look."),
        "waits": Waits(),
        "key": Unauthorized(),
        "ours": HomeportError("Broken."),
        "unknown": ZeroDivisionError("a detail"),
        "left": ClientDisconnect(),
    }[kind]


@app.get("/broken-off")
async def _broken_off() -> Response:
    async def pieces() -> Any:
        yield b"begun"
        raise ZeroDivisionError("a detail")

    return StreamingResponse(pieces())


@app.post("/plain/{thing_id}")
async def _plain(thing_id: UUID, body: Body, limit: Annotated[int, Query(ge=1)] = 1) -> Body:
    return body


@app.post("/keyed")
async def _keyed(_k: Annotated[None, Depends(_key)], body: Annotated[Body, Depends(json_body(Body))]) -> Body:
    return body


@app.post("/by-hand", openapi_extra=described(Body))
async def _by_hand(body: Annotated[Body, Depends(json_body(Body))]) -> Body:
    return body


@pytest.fixture
def client() -> httpx.AsyncClient:
    whole = RequestContext(BodyLimit(app, limit=LIMIT), headers={"X-Env": "TESTING"})
    return httpx.AsyncClient(transport=httpx.ASGITransport(whole), base_url="http://test")


ID = "/plain/01900000-0000-7000-8000-000000000000"


async def test_a_known_error_tells_code_sentence_status_and_hint(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/known")

    assert answer.status_code == 409
    assert answer.json() == {"code": "conflict", "message": "It is there.", "status": 409, "hint": "Look."}
    assert answer.headers["x-env"] == "TESTING"


async def test_an_error_that_knows_how_long_to_wait_says_so_in_whole_seconds(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/waits")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert "retry-after" not in (await client.get("/raise/known")).headers


async def test_a_missing_key_is_asked_for(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/key")).headers["www-authenticate"] == 'Bearer realm="api"'


async def test_an_unknown_error_shows_nothing_and_is_logged_once(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        answer = await client.get("/raise/unknown")

    assert answer.status_code == 500
    assert answer.json() == {"code": "internal_server_error", "message": "Internal Server Error", "status": 500}
    assert [(line["event"], line["path"]) for line in logs] == [("request raised", "/raise/unknown")]
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)


async def test_an_error_after_the_answer_has_begun_is_logged_once_and_leaves_it_unfinished() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/broken-off", "headers": [], "query_string": b""}
    with capture_logs() as logs:
        await RequestContext(app, headers={})(scope, receive, send)

    assert [message.get("body") for message in sent] == [None, b"begun"]
    assert sent[-1]["more_body"]
    assert [line["event"] for line in logs] == ["request raised"]


async def test_a_client_that_leaves_is_no_error(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        await client.get("/raise/left")

    assert [line["log_level"] for line in logs] == ["debug"]


async def test_a_fault_that_has_a_sentence_is_logged_as_a_warning(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        answer = await client.get("/raise/ours")

    assert (answer.status_code, answer.json()["message"]) == (500, "Broken.")
    assert [line["log_level"] for line in logs] == ["warning"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"name": 7}', "name: Input should be a valid string."),
        (b"{}", "name is required."),
        (b'{"name": "a", "inner": {"number": "x"}}', None),
        (b'{"name": "a\\u0000"}', "Name has a NUL or half a character, which cannot be stored."),
        (b'{"name": "a", "anything": {"b": ["\\u0000"]}}', None),
        (b'{"name": "a", "anything": {"b\\u0000": 1}}', None),
        (b"[]", "The body must be a JSON object."),
        (b"null", None),
    ],
)
async def test_a_wrong_body_is_told_in_one_sentence(
    client: httpx.AsyncClient, content: bytes, message: str | None
) -> None:
    for path in (ID, "/by-hand"):
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param"), answer.text
        if message and path == ID:
            assert answer.json()["message"] == message


@pytest.mark.parametrize("path", [ID, "/by-hand"])
async def test_a_body_that_is_no_json_is_told_apart(client: httpx.AsyncClient, path: str) -> None:
    broken = await client.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "bad_request")
    other = await client.post(path, content=b"{}", headers={"Content-Type": "text/plain"})
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_read_in_its_turn_comes_after_the_key(client: httpx.AsyncClient) -> None:
    answer = await client.post("/keyed", content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


async def test_places_are_told_apart(client: httpx.AsyncClient) -> None:
    path = await client.post("/plain/x", json={"name": "a"})
    assert (path.status_code, path.json()["code"]) == (404, "not_found")
    assert path.json()["message"] == "There is nothing at this address: thing_id is not a valid id."
    query = await client.post(f"{ID}?limit=0", json={"name": "a"})
    assert query.json()["message"] == "limit: Input should be greater than or equal to 1."
    nothing = await client.get("/nothing")
    assert nothing.json() == {"code": "not_found", "message": "Not Found", "status": 404}
    method = await client.delete("/by-hand")
    assert (method.status_code, method.json()["code"], method.headers["allow"]) == (405, "method_not_allowed", "POST")


async def test_a_body_over_the_limit_is_refused_declared_or_not(client: httpx.AsyncClient) -> None:
    async def blocks() -> Any:
        for _ in range(3):
            yield b" " * 600

    headers = {"Content-Type": "application/json"}
    for content in (b" " * (LIMIT + 1), blocks()):
        answer = await client.post("/by-hand", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert answer.headers["connection"] == "close"
    fits = b'{"name": "' + b"a" * (LIMIT - 12) + b'"}'
    assert (await client.post("/by-hand", content=fits, headers=headers)).status_code == 200


async def test_ids_of_a_request_are_taken_over_when_they_are_plain(client: httpx.AsyncClient) -> None:
    given = await client.get("/raise/known", headers={"X-Request-Id": "r-1", "X-Trace-Id": "t-1"})
    assert (given.headers["x-request-id"], given.headers["x-trace-id"]) == ("r-1", "t-1")
    odd = await client.get("/raise/known", headers=[(b"X-Request-Id", b"a\xff"), (b"X-Trace-Id", b"\t")])
    assert UUID(odd.headers["x-request-id"])
    assert "x-trace-id" not in odd.headers
    long = await client.get("/raise/known", headers={"X-Request-Id": "r" * 500})
    assert long.headers["x-request-id"] == "r" * 128


def test_a_described_body_carries_its_parts_in_itself() -> None:
    schema = described(Body)["requestBody"]["content"]["application/json"]["schema"]

    assert "$ref" not in str(schema)
    assert schema["properties"]["inner"]["anyOf"][0]["properties"]["number"]["type"] == "integer"


def test_texts_are_freed_of_what_cannot_be_stored_at_any_depth() -> None:
    given = {"a\x00": ["b\ud800", {"c": "\x00d"}, 7, None], "e": "ok 🎉"}

    assert without_unstorable(given) == {"a": ["b", {"c": "d"}, 7, None], "e": "ok 🎉"}
