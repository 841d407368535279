"""One's own account, and what roles allow."""

from __future__ import annotations

import httpx
import pytest

from homeport.features.identity.roles import Role
from tests.support.identity_app import EMAIL, PASSWORD, IdentityApp, log_in

PROFILE = "/console/api/account/profile"
CHANGE = "/console/api/account/password"


async def test_the_name_can_be_changed(ada: httpx.AsyncClient) -> None:
    changed = await ada.patch(PROFILE, json={"name": " Ada Lovelace "})
    assert changed.json()["name"] == "Ada Lovelace"
    assert (await ada.get(PROFILE)).json() == changed.json()
    assert (await ada.patch(PROFILE, json={})).json() == changed.json()
    assert (await ada.patch(PROFILE, json={"name": ""})).status_code == 400


async def test_a_new_password_replaces_the_old_and_ends_other_sessions(
    house: IdentityApp, ada: httpx.AsyncClient
) -> None:
    async with house.browser() as other:
        await log_in(other)
        changed = await ada.post(CHANGE, json={"password": PASSWORD, "new_password": "better than 1"})
        assert changed.json() == {"result": "success"}
        assert (await other.get(PROFILE)).status_code == 401
        assert (await ada.get(PROFILE)).status_code == 200
        old = await other.post("/console/api/login", json={"email": EMAIL, "password": PASSWORD})
        assert old.status_code == 401
        await log_in(other, password="better than 1")


async def test_a_password_is_changed_only_by_who_knows_it(ada: httpx.AsyncClient) -> None:
    wrong = [await ada.post(CHANGE, json={"password": "guess 123", "new_password": "better than 1"}) for _ in range(6)]
    assert [(a.status_code, a.json()["code"]) for a in wrong[:5]] == [(400, "current_password_incorrect")] * 5
    assert wrong[5].status_code == 429


async def test_a_weak_new_password_is_refused_and_the_old_one_stays(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    refused = await ada.post(CHANGE, json={"password": PASSWORD, "new_password": "weak"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    async with house.browser() as browser:
        await log_in(browser)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, {"editing", "editing-datasets", "administering"}),
        (Role.ADMIN, {"editing", "editing-datasets", "administering"}),
        (Role.EDITOR, {"editing", "editing-datasets"}),
        (Role.DATASET_OPERATOR, {"editing-datasets"}),
        (Role.NORMAL, set()),
    ],
)
async def test_roles_open_what_they_should(house: IdentityApp, role: Role, allowed: set[str]) -> None:
    await house.add_person("member@example.org", role)
    async with house.browser() as browser:
        await log_in(browser, "member@example.org")
        for name in ("editing", "editing-datasets", "administering"):
            answer = await browser.get(f"/probe/{name}")
            assert answer.status_code == (200 if name in allowed else 403)
            if name not in allowed:
                assert role in answer.json()["message"]
