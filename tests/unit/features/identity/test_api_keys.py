"""Keys of the public API: shown once, for one purpose, until revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from homeport.features.identity import keys
from homeport.features.identity.errors import TooManyKeys
from homeport.features.identity.roles import Role
from homeport.features.identity.tables import ApiKey, Membership, Workspace
from homeport.runtime.db.columns import utc_now
from homeport.runtime.errors import NotFound
from tests.support.identity_app import IdentityApp, log_in

KEYS = "/console/api/datasets/api-keys"


async def _probe(app: IdentityApp, authorization: str | None) -> httpx.Response:
    async with app.browser() as client:
        return await client.get("/v1/probe", headers={"Authorization": authorization} if authorization else {})


async def test_a_key_is_shown_once_in_full_and_masked_afterwards(ada: httpx.AsyncClient) -> None:
    made = await ada.post(KEYS, json={})
    assert made.status_code == 201
    token = made.json()["token"]
    assert token.startswith("dataset-")
    assert len(token) == len("dataset-") + 24
    listed = (await ada.get(KEYS)).json()["data"]
    assert [key["id"] for key in listed] == [made.json()["id"]]
    assert listed[0]["token"] == f"{token[:10]}...{token[-4:]}"
    assert (listed[0]["type"], listed[0]["last_used_at"]) == ("dataset", None)


async def test_the_database_does_not_know_the_key(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    token = (await ada.post(KEYS, json={})).json()["token"]
    async with house.room.database.read() as session:
        row = (await session.scalars(select(ApiKey))).one()
    assert token not in {str(value) for value in vars(row).values()}


async def test_a_dataset_key_acts_as_the_owner_of_its_workspace(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    made = (await ada.post(KEYS, json={})).json()
    await house.add_person(
        "colleague@example.org", Role.EDITOR, (await ada.get("/probe/signed-in")).json()["workspace_id"]
    )
    async with house.room.database.read() as session:
        owner = (await session.scalars(select(Membership).where(Membership.role == Role.OWNER))).one()
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await _probe(house, f"{scheme} {made['token']}")
        assert answer.json() == {
            "workspace_id": owner.workspace_id,
            "account_id": owner.account_id,
            "key_id": made["id"],
        }


@pytest.mark.parametrize(
    ("authorization", "sentence"),
    [
        (None, "Authorization header must be provided and start with 'Bearer'"),
        ("Bearer", "Authorization header must be provided and start with 'Bearer'"),
        ("Basic abc", "Authorization scheme must be 'Bearer'"),
        ("Bearer dataset-unknown", "Access token is invalid"),
    ],
)
async def test_a_missing_or_unknown_key_is_answered_with_the_established_sentence(
    house: IdentityApp, authorization: str | None, sentence: str
) -> None:
    answer = await _probe(house, authorization)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.json()["message"].rstrip(".") == sentence
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


async def test_a_key_of_the_other_type_opens_nothing(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    workspace_id, app_id = (await ada.get("/probe/signed-in")).json()["workspace_id"], str(uuid4())
    async with house.room.database.begin() as session:
        issued = await keys.issue_key(session, "app", workspace_id, app_id)
    assert issued.token.startswith("app-")
    assert (await _probe(house, f"Bearer {issued.token}")).status_code == 401
    async with house.room.database.read() as session:
        assert await keys.verify_key(session, issued.token, "dataset") is None
        found = await keys.verify_key(session, issued.token)
    assert found is not None
    assert (found.app_id, found.workspace_id) == (app_id, workspace_id)


async def test_a_revoked_key_opens_nothing(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    made = (await ada.post(KEYS, json={})).json()
    assert (await ada.delete(f"{KEYS}/{made['id']}")).status_code == 204
    assert (await _probe(house, f"Bearer {made['token']}")).status_code == 401
    assert (await ada.delete(f"{KEYS}/{made['id']}")).status_code == 404


async def test_keys_of_another_workspace_are_neither_seen_nor_revoked(
    house: IdentityApp, ada: httpx.AsyncClient
) -> None:
    made = (await ada.post(KEYS, json={})).json()
    await house.add_person("foreign@example.org", Role.OWNER)
    async with house.browser() as foreign:
        await log_in(foreign, "foreign@example.org")
        assert (await foreign.get(KEYS)).json() == {"data": []}
        assert (await foreign.delete(f"{KEYS}/{made['id']}")).status_code == 404
        assert (await foreign.delete(f"{KEYS}/not-a-uuid")).status_code == 404
    assert (await _probe(house, f"Bearer {made['token']}")).status_code == 200


async def test_an_app_key_is_revoked_only_through_its_own_app(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    workspace_id, app_id = (await ada.get("/probe/signed-in")).json()["workspace_id"], str(uuid4())
    async with house.room.database.begin() as session:
        issued = await keys.issue_key(session, "app", workspace_id, app_id)
    for owner in (str(uuid4()), None):
        with pytest.raises(NotFound):
            async with house.room.database.begin() as session:
                await keys.revoke_key(session, issued.id, "app", workspace_id, owner)
    async with house.room.database.begin() as session:
        await keys.revoke_keys_of_app(session, app_id)
    async with house.room.database.read() as session:
        assert await keys.verify_key(session, issued.token) is None


async def test_an_editor_sees_keys_but_makes_and_revokes_none(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    made = (await ada.post(KEYS, json={})).json()
    await house.add_person("ed@example.org", Role.EDITOR, (await ada.get("/probe/signed-in")).json()["workspace_id"])
    async with house.browser() as editor:
        await log_in(editor, "ed@example.org")
        assert len((await editor.get(KEYS)).json()["data"]) == 1
        assert (await editor.post(KEYS, json={})).status_code == 403
        assert (await editor.delete(f"{KEYS}/{made['id']}")).status_code == 403


async def test_an_archived_workspace_answers_403_to_its_keys(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    made = (await ada.post(KEYS, json={})).json()
    async with house.room.database.begin() as session:
        await session.execute(update(Workspace).values(status="archive"))
    assert (await _probe(house, f"Bearer {made['token']}")).status_code == 403


async def test_the_last_use_is_noted_at_most_once_a_minute(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    made = (await ada.post(KEYS, json={})).json()

    async def noted() -> object:
        async with house.room.database.read() as session:
            return (await session.scalars(select(ApiKey.last_used_at))).one()

    await _probe(house, f"Bearer {made['token']}")
    first = await noted()
    assert first is not None
    await _probe(house, f"Bearer {made['token']}")
    assert await noted() == first
    earlier = utc_now() - timedelta(seconds=61)
    async with house.room.database.begin() as session:
        await session.execute(update(ApiKey).values(last_used_at=earlier))
    await _probe(house, f"Bearer {made['token']}")
    assert await noted() not in {first, earlier}


async def test_of_many_keys_made_at_once_ten_are_issued(empty: IdentityApp) -> None:
    workspace_id = await empty.add_person("owner@example.org", Role.OWNER)

    async def issue() -> bool:
        try:
            async with empty.room.database.begin() as session:
                await keys.issue_key(session, "dataset", workspace_id)
        except TooManyKeys:
            return False
        return True

    issued = await asyncio.gather(*(issue() for _ in range(14)))
    assert issued.count(True) == 10
    async with empty.room.database.begin() as session:
        assert len(await keys.list_keys(session, "dataset", workspace_id)) == 10
        await keys.issue_key(session, "app", workspace_id, str(uuid4()))  # other keys are counted by themselves
