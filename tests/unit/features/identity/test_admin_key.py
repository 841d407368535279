"""A program with the administrator's key works in the console API as the owner of the workspace it names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from homeport.entry.settings import read_settings
from homeport.features.identity.tables import Workspace, WorkspaceStatus
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources
from tests.support.chat_app import database_variables
from tests.support.house import FIRST, TestHouse, open_test_house

KEY = "an-administrators-key"
NOWHERE = "01900000-0000-7000-8000-000000000000"


@pytest_asyncio.fixture
async def guarded(tmp_path: Path, database_url: str) -> AsyncIterator[TestHouse]:
    """An installation that knows such a key, on each database engine."""
    variables = database_variables(database_url) | {"ADMIN_API_KEY_ENABLE": "true", "ADMIN_API_KEY": KEY}
    async with open_test_house(tmp_path, set_up=True, **variables) as house:
        yield house


async def workspace_of(house: TestHouse) -> str:
    async with house.house.database.read() as session:
        return (await session.execute(select(Workspace.id))).scalar_one()


async def call(
    house: TestHouse, path: str, *, key: str = KEY, workspace: str | None = None, method: str = "GET"
) -> httpx.Response:
    """What a program with this key is answered; it has no cookies and no CSRF token."""
    headers = {"Authorization": f"Bearer {key}"} | ({"X-WORKSPACE-ID": workspace} if workspace else {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://homeport.test") as client:
        return await client.request(method, f"/console/api{path}", headers=headers)


async def test_the_key_opens_the_console_api_as_the_owner(guarded: TestHouse) -> None:
    workspace = await workspace_of(guarded)

    profile = await call(guarded, "/account/profile", workspace=workspace)
    made = await call(guarded, "/datasets/api-keys", workspace=workspace, method="POST")

    assert (profile.status_code, profile.json()["email"]) == (200, FIRST["email"])
    assert made.status_code == 201
    assert (await guarded.console.get("/account/profile")).status_code == 200, "people log in as before"


@pytest.mark.parametrize("key", ["another", "", KEY.upper(), KEY + "x"])
async def test_another_key_opens_nothing(guarded: TestHouse, key: str) -> None:
    answer = await call(guarded, "/account/profile", key=key, workspace=await workspace_of(guarded))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("workspace", [None, "no id", NOWHERE])
async def test_the_workspace_must_be_named(guarded: TestHouse, workspace: str | None) -> None:
    answer = await call(guarded, "/account/profile", workspace=workspace)
    assert answer.status_code == 401
    assert "X-WORKSPACE-ID" in answer.json()["message"]


async def test_an_archived_workspace_stays_closed(guarded: TestHouse) -> None:
    workspace = await workspace_of(guarded)
    async with guarded.house.database.begin() as session:
        await session.execute(update(Workspace).values(status=WorkspaceStatus.ARCHIVE))

    assert (await call(guarded, "/account/profile", workspace=workspace)).status_code == 401


async def test_the_key_opens_nothing_unless_it_is_switched_on(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, ADMIN_API_KEY=KEY) as house:
        answer = await call(house, "/account/profile", workspace=await workspace_of(house))
    assert answer.status_code == 401


def test_switched_on_without_a_key_it_does_not_start() -> None:
    with pytest.raises(ConfigurationError) as wrong:
        read_settings(Sources({"ADMIN_API_KEY_ENABLE": "true"}))
    assert wrong.value.problems == [
        "ADMIN_API_KEY_ENABLE is true, so ADMIN_API_KEY is needed; make one with: openssl rand -base64 42."
    ]
