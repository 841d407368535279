"""The first administrator is made once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from homeport.features.identity.tables import Account, Membership, Workspace
from tests.support.identity_app import FIRST, IdentityApp, log_in, open_identity_app

SETUP = "/console/api/setup"


async def test_setup_makes_an_owner_who_can_log_in(empty: IdentityApp) -> None:
    async with empty.browser() as browser:
        assert (await browser.get(SETUP)).json() == {"step": "not_started", "setup_at": None}
        answer = await browser.post(SETUP, json=FIRST | {"email": " Ada@Example.ORG ", "language": "de-DE"})
        assert (answer.status_code, answer.json()) == (201, {"result": "success"})
        state = (await browser.get(SETUP)).json()
        assert state["step"] == "finished"
        assert isinstance(state["setup_at"], int)
        await log_in(browser)
        profile = (await browser.get("/console/api/account/profile")).json()
        assert profile["email"] == "ada@example.org"
        assert profile["interface_language"] == "de-DE"
        assert isinstance(profile["created_at"], int)
        workspace = (await browser.get("/console/api/workspaces/current")).json()
        assert (workspace["name"], workspace["role"], workspace["operates"]) == ("Ada's Workspace", "owner", True)


async def test_a_second_setup_is_refused(empty: IdentityApp) -> None:
    async with empty.browser() as browser:
        await browser.post(SETUP, json=FIRST)
        answer = await browser.post(SETUP, json=FIRST | {"email": "eve@example.org"})
        assert (answer.status_code, answer.json()["code"]) == (403, "already_setup")


async def test_of_simultaneous_setups_exactly_one_succeeds_and_leaves_one_account(empty: IdentityApp) -> None:
    async with empty.browser() as browser:
        answers = await asyncio.gather(
            *(browser.post(SETUP, json=FIRST | {"email": f"person{number}@example.org"}) for number in range(6))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403, 403, 403]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 403} == {"already_setup"}
    async with empty.room.database.read() as session:
        for table in (Account, Workspace, Membership):
            assert await session.scalar(select(func.count()).select_from(table)) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"password": "short1"}, "password"),
        ({"password": "onlyletters"}, "password"),
        ({"password": "1234567890"}, "password"),
        ({"password": "a1" * 300}, "600"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b\x00c.org"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "NUL\x00"}, "name"),
        ({"language": "../../etc"}, "language"),
    ],
)
async def test_setup_refuses_what_it_cannot_use_and_stays_open(
    sqlite_url: str, change: dict[str, str], word: str
) -> None:
    async with open_identity_app(sqlite_url) as app, app.browser() as browser:
        answer = await browser.post(SETUP, json=FIRST | change)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
        assert word in answer.json()["message"]
        assert (await browser.get(SETUP)).json()["step"] == "not_started"


async def test_an_init_password_is_asked_for_and_cannot_be_guessed(sqlite_url: str) -> None:
    async with open_identity_app(sqlite_url, init_password="open sesame") as app, app.browser() as browser:
        without = await browser.post(SETUP, json=FIRST)
        assert (without.status_code, without.json()["code"]) == (401, "init_validate_failed")
        wrong = [await browser.post(SETUP, json=FIRST | {"init_password": f"guess {n}"}) for n in range(6)]
        assert [answer.status_code for answer in wrong] == [401] * 5 + [429]
        assert "open sesame" not in wrong[0].text
    async with (
        open_identity_app(sqlite_url, init_password="open sesame") as app,
        app.browser(ip="192.0.2.9") as browser,
    ):
        assert (await browser.post(SETUP, json=FIRST | {"init_password": "open sesame"})).status_code == 201
