"""The application as a whole: health, the console's files, what a killed process left, whose scripts may call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from starlette.applications import Starlette
from starlette.routing import Mount

from homeport.entry.console_files import ConsoleFiles
from homeport.entry.migrate import head
from homeport.features.chat.tables import Message
from tests.support.chat_app import database_variables
from tests.support.house import FIRST, TestHouse, open_test_house


def browser(house: TestHouse) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url="http://homeport.test")


async def test_a_healthy_installation_says_so_and_one_with_another_schema_is_not_ready(
    tmp_path: Path, database_url: str
) -> None:
    variables = database_variables(database_url)
    async with open_test_house(tmp_path, set_up=False, **variables) as house, browser(house) as client:
        for path in ("/health", "/health/live"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["status"]) == (200, "ok")
            assert set(answer.json()) == {"pid", "status", "version", "commit"}
        assert (await client.get("/health/startup")).json() == {"status": "started"}
        for path in ("/health", "/health/startup", "/health/ready"):
            assert (await client.head(path)).status_code == 200, path
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json() == {"status": "ready", "checks": {"database": "ok", "jobs": "ok", "secret_key": "ok"}}

        async with house.house.database.begin() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        house.house.checks.forget()
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        sentence = f"The schema has revision 0000, this version needs {head()}."
        assert ready.json() == {
            "status": "not ready",
            "checks": {"database": sentence, "jobs": "ok", "secret_key": "ok"},
        }

        async with house.house.database.begin() as session:
            await session.execute(text("DROP TABLE alembic_version"))
        house.house.checks.forget()
        assert "revision none" in (await client.get("/health/ready")).json()["checks"]["database"]
        assert (await client.get("/health")).status_code == 200


async def test_answers_that_a_killed_process_was_writing_are_ended_at_the_next_start(tmp_path: Path) -> None:
    async with open_test_house(tmp_path) as house:
        app = (await house.console.post("/apps", json={"name": "Helper"})).json()["id"]
        asked = await house.console.post(f"/apps/{app}/chat-messages", json={"query": "Hello?"})
        assert asked.status_code == 200
        async with house.house.database.begin() as session:
            await session.execute(update(Message).values(status="running", answer=""))

    async with open_test_house(tmp_path, set_up=False) as house, house.house.database.read() as session:
        message = (await session.execute(select(Message))).scalar_one()

    assert message.status == "error"
    assert message.error == "The server stopped while this was being answered."


async def test_too_many_wrong_passwords_say_how_long_to_wait(tmp_path: Path) -> None:
    async with open_test_house(tmp_path) as house, browser(house) as client:
        wrong = {"email": FIRST["email"], "password": "wrong horse 1"}
        answers = [await client.post("/console/api/login", json=wrong) for _ in range(7)]

    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "too_many_login_attempts")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 86400


async def test_unknown_addresses_of_every_api_are_answered_in_the_envelope(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, set_up=False) as house, browser(house) as client:
        for path in ("/v1/nothing", "/console/api/nothing", "/files/a/b/c"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        answer = await client.post("/health")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        for path in ("/v1/openapi.json", "/console/api/openapi.json"):
            assert (await client.get(path)).json()["openapi"].startswith("3.")


@pytest.mark.parametrize(
    ("path", "setting", "origin", "credentials"),
    [
        ("/v1/parameters", "", "*", None),
        ("/console/api/system", "", None, None),
        ("/console/api/system", "https://other.example", None, None),
        ("/console/api/system", "https://a.example, https://there.example", "https://there.example", "true"),
        ("/console/api/system", "*", "*", None),
    ],
)
async def test_pages_of_other_origins_call_the_service_api_and_the_console_when_it_is_opened_to_them(
    tmp_path: Path, path: str, setting: str, origin: str | None, credentials: str | None
) -> None:
    variables: dict[str, Any] = {"CONSOLE_CORS_ALLOW_ORIGINS": setting}
    async with open_test_house(tmp_path, set_up=False, **variables) as house, browser(house) as client:
        answer = await client.get(path, headers={"Origin": "https://there.example"})
        asked = {"Origin": "https://there.example", "Access-Control-Request-Method": "POST"}
        preflight = await client.options(path, headers=asked)

    for one in (answer, preflight):
        assert one.headers.get("access-control-allow-origin") == origin
        if origin:
            assert one.headers.get("access-control-allow-credentials") == credentials


async def test_the_console_is_one_page_at_every_address_and_its_assets_are_kept_for_ever(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Homeport</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("1")
    app = Starlette(routes=[Mount("/", ConsoleFiles(directory=tmp_path))])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://homeport.test") as client:
        for path in ("/", "/apps", "/apps/1/chat", "/assets/"):
            page = await client.get(path)
            assert (page.status_code, page.text) == (200, "<title>Homeport</title>"), path
            assert page.headers["cache-control"] == "no-cache"
        asset = await client.get("/assets/app-1a2b.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        for path in ("/assets/gone.js", "/favicon.ico", "/..%2f..%2fetc/passwd.txt"):
            missing = await client.get(path)
            assert missing.status_code == 404, path
            assert "immutable" not in missing.headers.get("cache-control", "")
