"""A process works on as many requests as an operator allows; the next ones wait, and are not left waiting for ever."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from homeport.entry.limit_requests import RequestLimit


class Site:
    """Holds every request until it is let go."""

    def __init__(self, most: int, wait: float) -> None:
        self.working = 0
        self.most_working = 0
        self.let_go = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        routes = [Route("/work", self.work), Route("/health/ready", self.ready)]
        app = RequestLimit(Starlette(routes=routes), most, wait=wait)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site")

    async def work(self, _request: Request) -> Response:
        self.working += 1
        self.most_working = max(self.most_working, self.working)
        self.begun.release()
        await self.let_go.wait()
        self.working -= 1
        return PlainTextResponse("done")

    async def ready(self, _request: Request) -> Response:
        return PlainTextResponse("ready")

    async def fill(self, most: int) -> None:
        for _ in range(most):
            await self.begun.acquire()


async def test_no_more_than_the_limit_are_worked_on_and_the_others_get_their_turn() -> None:
    site = Site(most=2, wait=30)
    requests = [asyncio.create_task(site.client.get("/work")) for _ in range(5)]
    await site.fill(2)
    site.let_go.set()
    assert [answer.text for answer in await asyncio.gather(*requests)] == ["done"] * 5
    assert site.most_working == 2


async def test_who_waits_too_long_is_told_to_come_back() -> None:
    site = Site(most=1, wait=0.01)
    first = asyncio.create_task(site.client.get("/work"))
    await site.fill(1)
    refused = await site.client.get("/work")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert refused.json()["code"] == "too_busy"
    assert "SERVER_WORKER_CONNECTIONS" in refused.json()["hint"]
    site.let_go.set()
    assert (await first).text == "done"


async def test_whoever_watches_is_answered_when_there_is_no_room() -> None:
    site = Site(most=1, wait=0.01)
    first = asyncio.create_task(site.client.get("/work"))
    await site.fill(1)
    assert (await site.client.get("/health/ready")).text == "ready"
    site.let_go.set()
    await first


async def test_a_request_that_fails_leaves_its_place_to_the_next() -> None:
    site = Site(most=1, wait=0.01)
    for _ in range(3):
        assert (await site.client.get("/nothing")).status_code == 404
