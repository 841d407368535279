"""An application over each database engine, empty or with its first administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.identity_app import FIRST, IdentityApp, log_in, open_identity_app


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[IdentityApp]:
    """Nobody is there yet; on each engine."""
    async with open_identity_app(database_url) as app:
        yield app


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[IdentityApp]:
    """The first administrator is there; on SQLite."""
    async with open_identity_app(sqlite_url) as app, app.browser() as browser:
        assert (await browser.post("/console/api/setup", json=FIRST)).status_code == 201
        yield app


@pytest.fixture
async def ada(house: IdentityApp) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the administrator, logged in."""
    async with house.browser() as browser:
        await log_in(browser)
        yield browser
