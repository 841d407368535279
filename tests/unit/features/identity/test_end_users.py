"""Users of an app are told apart exactly as its client names them."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from homeport.features.identity import end_users
from homeport.features.identity.roles import Role
from homeport.runtime.errors import InvalidInput
from tests.support.identity_app import IdentityApp

APP = str(uuid4())


async def _id_of(app: IdentityApp, workspace_id: str, user: str | None, app_id: str = APP) -> str:
    async with app.room.database.begin() as session:
        return (await end_users.find_or_create_end_user(session, workspace_id, app_id, user)).id


async def test_a_name_stands_for_one_person_within_one_app(empty: IdentityApp) -> None:
    workspace_id = await empty.add_person("owner@example.org", Role.OWNER)
    names = ["José", "Jose", "jose", "jose ", "JOSE", "ß", "ss", "日本", "a" * 255]
    ids = [await _id_of(empty, workspace_id, name) for name in names]
    assert len(set(ids)) == len(names)
    assert [await _id_of(empty, workspace_id, name) for name in names] == ids
    assert await _id_of(empty, workspace_id, "José", app_id=str(uuid4())) not in ids


async def test_whoever_is_not_named_is_the_one_anonymous_user(empty: IdentityApp) -> None:
    workspace_id = await empty.add_person("owner@example.org", Role.OWNER)
    assert len({await _id_of(empty, workspace_id, user) for user in (None, "", "DEFAULT-USER")}) == 1
    async with empty.room.database.read() as session:
        found = await end_users.find_end_user(session, APP, None)
        assert await end_users.find_end_user(session, APP, "nobody") is None
    assert found is not None
    assert found.is_anonymous


async def test_a_new_user_seen_many_times_at_once_is_made_once(empty: IdentityApp) -> None:
    workspace_id = await empty.add_person("owner@example.org", Role.OWNER)
    assert len(set(await asyncio.gather(*(_id_of(empty, workspace_id, "new") for _ in range(8))))) == 1


async def test_users_go_with_their_app(empty: IdentityApp) -> None:
    workspace_id = await empty.add_person("owner@example.org", Role.OWNER)
    other = str(uuid4())
    ids = {await _id_of(empty, workspace_id, name) for name in ("ann", "bob", "eve")}
    await _id_of(empty, workspace_id, "ann", other)
    async with empty.room.database.begin() as session:
        some = await end_users.some_end_users(session, APP, 2)
        assert (len(some), set(some) <= ids) == (2, True)
        await end_users.forget_end_users(session, some)
        [last] = await end_users.some_end_users(session, APP, 2)
        await end_users.forget_end_users(session, [last])
        assert await end_users.some_end_users(session, APP, 2) == []
    async with empty.room.database.read() as session:
        assert await end_users.find_end_user(session, APP, "ann") is None
        assert await end_users.find_end_user(session, other, "ann") is not None


@pytest.mark.parametrize("name", ["a" * 256, "NUL\x00"])
async def test_a_name_no_database_could_keep_is_refused(house: IdentityApp, name: str) -> None:
    async with house.room.database.read() as session:
        with pytest.raises(InvalidInput, match="user"):
            await end_users.find_end_user(session, APP, name)
