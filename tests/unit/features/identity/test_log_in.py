"""Passwords open sessions; guessing is stopped; sessions end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, func, select, update

from homeport.features.identity.passwords import Passwords
from homeport.features.identity.tables import Account, Attempt, LoginSession, Workspace
from homeport.runtime.db.columns import utc_now
from tests.support.identity_app import CHEAP, EMAIL, FIRST, PASSWORD, IdentityApp, log_in, open_identity_app

LOGIN = "/console/api/login"
PROFILE = "/console/api/account/profile"
RIGHT = {"email": EMAIL, "password": PASSWORD}
WRONG = {"email": EMAIL, "password": "something else 2"}


async def _change_sessions(app: IdentityApp, **values: Any) -> None:
    async with app.room.database.begin() as session:
        await session.execute(update(LoginSession).values(**values))


async def test_login_sets_a_cookie_scripts_cannot_read_and_one_they_can(house: IdentityApp) -> None:
    async with house.browser() as browser:
        answer = await browser.post(LOGIN, json=RIGHT | {"email": "ADA@example.org"})
    token, csrf = answer.headers.get_list("set-cookie")
    assert token.startswith("access_token=")
    assert "HttpOnly" in token
    assert "samesite=lax" in token.lower()
    assert f"Max-Age={30 * 24 * 60 * 60}" in token
    assert "Secure" not in token
    assert csrf.startswith("csrf_token=")
    assert "HttpOnly" not in csrf


@pytest.mark.parametrize("how", ["scheme", "setting"])
async def test_over_https_the_session_cookie_is_bound_to_the_host(sqlite_url: str, how: str) -> None:
    settings, base = (
        ({"console_web_url": "https://homeport.test"}, "http://homeport.test")
        if how == "setting"
        else ({}, "https://homeport.test")
    )
    async with open_identity_app(sqlite_url, **settings) as app, app.browser(base) as browser:
        await browser.post("/console/api/setup", json=FIRST)
        answer = await browser.post(LOGIN, json=RIGHT)
        token, csrf = answer.headers.get_list("set-cookie")
        assert token.startswith("__Host-access_token=")
        assert "Secure" in token
        assert "Path=/;" in token
        assert "Domain" not in token
        assert csrf.startswith("csrf_token=")
        assert "Secure" in csrf
        if how == "scheme":  # over plain http no client sends a secure cookie back
            assert (await browser.get(PROFILE)).status_code == 200


async def test_a_session_that_is_not_remembered_ends_with_the_browser_and_after_an_hour(house: IdentityApp) -> None:
    async with house.browser() as browser:
        answer = await browser.post(LOGIN, json=RIGHT | {"remember_me": False})
    assert not any("Max-Age" in cookie for cookie in answer.headers.get_list("set-cookie"))
    async with house.room.database.read() as session:
        kept = (await session.scalars(select(LoginSession))).one()
    assert kept.expires_at - kept.last_seen_at == timedelta(minutes=60)


async def test_secrets_of_a_session_are_not_in_the_database(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    async with house.room.database.read() as session:
        kept = (await session.scalars(select(LoginSession))).one()
    for secret in ada.cookies.values():
        assert secret not in {kept.token_hash, kept.csrf_hash}


async def test_a_wrong_password_and_an_unknown_email_are_answered_alike(house: IdentityApp) -> None:
    async with house.browser() as browser:
        wrong = await browser.post(LOGIN, json=WRONG)
        unknown = await browser.post(LOGIN, json=WRONG | {"email": "nobody@example.org"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "authentication_failed")
    assert unknown.json() == wrong.json()


async def test_an_unknown_email_costs_the_hashing_a_wrong_password_costs() -> None:
    hashed: list[str | bytes] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            hashed.append(hash)
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    kept = await passwords.hash(PASSWORD)
    assert not await passwords.verify(None, PASSWORD)
    assert not await passwords.verify(kept, "another 1")
    assert await passwords.verify(kept, PASSWORD)
    assert len(hashed) == 3


async def test_the_sixth_wrong_password_must_wait_and_so_must_the_right_one(empty: IdentityApp) -> None:
    async with empty.browser() as browser:
        await browser.post("/console/api/setup", json=FIRST)
        answers = [await browser.post(LOGIN, json=WRONG) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        right = await browser.post(LOGIN, json=RIGHT)
        assert (right.status_code, right.json()["code"]) == (429, "too_many_login_attempts")
        assert any(str(seconds) in right.json()["message"] for seconds in range(86_380, 86_401))
    async with empty.browser(ip="192.0.2.77") as elsewhere:
        await log_in(elsewhere)
    async with empty.room.database.begin() as session:
        await session.execute(update(Attempt).values(created_at=utc_now() - timedelta(seconds=86_401)))
    async with empty.browser() as browser:
        await log_in(browser)


async def test_a_burst_of_guesses_gets_no_more_than_five_through(empty: IdentityApp) -> None:
    async with empty.browser() as browser:
        await browser.post("/console/api/setup", json=FIRST)
        answers = await asyncio.gather(*(browser.post(LOGIN, json=WRONG) for _ in range(12)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {401, 429}
    assert codes.count(401) <= 5


async def test_a_right_password_forgives_the_wrong_ones_before(house: IdentityApp) -> None:
    async with house.browser() as browser:
        for _ in range(3):
            for _ in range(4):
                assert (await browser.post(LOGIN, json=WRONG)).status_code == 401
            assert (await browser.post(LOGIN, json=RIGHT)).status_code == 200


async def test_a_banned_account_is_told_so_only_with_the_right_password(house: IdentityApp) -> None:
    async with house.room.database.begin() as session:
        await session.execute(update(Account).values(status="banned"))
    async with house.browser() as browser:
        assert (await browser.post(LOGIN, json=WRONG)).json()["code"] == "authentication_failed"
        banned = await browser.post(LOGIN, json=RIGHT)
    assert (banned.status_code, banned.json()["code"]) == (403, "account_banned")


async def test_a_hash_of_former_costs_is_renewed_at_login(house: IdentityApp) -> None:
    former = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    async with house.room.database.begin() as session:
        await session.execute(update(Account).values(password_hash=former))
    async with house.browser() as browser:
        await log_in(browser)
    async with house.room.database.read() as session:
        account = (await session.scalars(select(Account))).one()
    assert not CHEAP.check_needs_rehash(account.password_hash)
    assert account.last_login_ip == "192.0.2.1"
    assert account.last_login_at is not None


@pytest.mark.parametrize("token", [None, "", "wrong", "é"])
async def test_an_unsafe_method_needs_the_csrf_token_of_the_session(
    house: IdentityApp, ada: httpx.AsyncClient, token: str | None
) -> None:
    ada.headers.pop("X-CSRF-Token")
    headers = [] if token is None else [(b"X-CSRF-Token", token.encode())]
    refused = await ada.post("/probe/signed-in", headers=headers)
    assert refused.status_code == 401
    assert "X-CSRF-Token" in refused.json()["message"]
    assert (await ada.get("/probe/signed-in")).status_code == 200


async def test_the_csrf_token_of_another_session_is_refused(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    async with house.browser() as other:
        await log_in(other)
        crossed = await ada.post("/probe/signed-in", headers={"X-CSRF-Token": other.cookies["csrf_token"]})
    assert crossed.status_code == 401


@pytest.mark.parametrize("cookie", [None, "unknown"])
async def test_without_a_session_the_console_answers_401(house: IdentityApp, cookie: str | None) -> None:
    async with house.browser() as browser:
        if cookie:
            browser.cookies["access_token"] = cookie
        answer = await browser.get(PROFILE)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_an_expired_session_opens_nothing_and_is_forgotten_at_the_next_login(
    house: IdentityApp, ada: httpx.AsyncClient
) -> None:
    await _change_sessions(house, expires_at=utc_now() - timedelta(seconds=1))
    assert (await ada.get(PROFILE)).status_code == 401
    async with house.browser() as browser:
        await log_in(browser)
    async with house.room.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(LoginSession)) == 1


async def test_a_session_in_use_lives_on(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    assert "set-cookie" not in (await ada.get(PROFILE)).headers
    soon = utc_now() + timedelta(seconds=30)
    await _change_sessions(house, expires_at=soon, last_seen_at=utc_now() - timedelta(minutes=6))
    extended = await ada.get(PROFILE)
    assert len(extended.headers.get_list("set-cookie")) == 2
    async with house.room.database.read() as session:
        assert (await session.scalars(select(LoginSession))).one().expires_at > soon + timedelta(days=29)
    assert (await ada.post("/probe/signed-in")).status_code == 200


async def test_logging_out_ends_this_session_only(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    async with house.browser() as other:
        await log_in(other)
        stolen = ada.cookies["access_token"]
        assert (await ada.post("/console/api/logout")).json() == {"result": "success"}
        assert "access_token" not in ada.cookies
        ada.cookies["access_token"] = stolen
        assert (await ada.get(PROFILE)).status_code == 401
        assert (await other.get(PROFILE)).status_code == 200


@pytest.mark.parametrize("gone", ["membership", "workspace", "account"])
async def test_whoever_lost_their_place_is_logged_out(house: IdentityApp, ada: httpx.AsyncClient, gone: str) -> None:
    async with house.room.database.begin() as session:
        if gone == "workspace":
            await session.execute(update(Workspace).values(status="archive"))
        elif gone == "account":
            await session.execute(update(Account).values(status="closed"))
        else:
            await session.execute(delete(Workspace))
    assert (await ada.get("/probe/signed-in")).status_code == 401


async def test_a_signed_in_request_costs_one_statement(house: IdentityApp, ada: httpx.AsyncClient) -> None:
    from sqlalchemy import event

    statements: list[str] = []
    reader = house.room.database._reader.sync_engine
    event.listen(reader, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    event.listen(house.room.database.engine.sync_engine, "begin", lambda _: statements.append("a write"))
    assert (await ada.post("/probe/signed-in")).status_code == 200
    assert len([text for text in statements if text.startswith("SELECT")]) == 1
    assert "a write" not in statements
