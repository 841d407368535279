"""The master key of a process: made once for a database that has none, never a second one, refused when wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from homeport.entry.serve import serve
from homeport.entry.settings import read_settings
from homeport.entry.settle_key import require_right_key, settle_key
from homeport.features.identity.errors import MasterKeyMissing, MasterKeyWrong
from homeport.features.identity.vault import Vault
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from tests.support.chat_app import database_variables
from tests.support.house import TestHouse, open_test_house
from tests.support.model_server import model_server
from tests.support.servers import free_port

FLEET = {"DB_HOST": "192.0.2.1", "VECTOR_STORE": "pgvector", "CELERY_BROKER_URL": "redis://192.0.2.1:6379/1"}


def fingerprint(key: str) -> str:
    return Vault(key.encode()).fingerprint


async def ready(house: TestHouse) -> httpx.Response:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://homeport.test") as client:
        return await client.get("/health/ready")


@pytest.mark.parametrize("mode", ["api", "worker", "beat"])
def test_a_part_of_a_fleet_without_a_key_does_not_start_and_makes_none(tmp_path: Path, mode: str) -> None:
    settings = read_settings(Sources({**FLEET, "MODE": mode, "HOMEPORT_DATA_DIR": str(tmp_path)}))
    with pytest.raises(MasterKeyMissing, match="every process of a fleet needs the same key") as refused:
        serve(settings)
    assert "openssl rand -base64 42" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


async def test_with_another_key_the_process_starts_is_not_ready_and_seals_nothing(
    tmp_path: Path, database_url: str
) -> None:
    variables: dict[str, Any] = database_variables(database_url) | {"MODEL_ENDPOINT_ALLOW_PRIVATE": "true"}
    async with open_test_house(tmp_path, SECRET_KEY="the first", **variables) as house:
        assert (await ready(house)).json()["checks"]["secret_key"] == "ok"

    async with open_test_house(tmp_path, set_up=False, SECRET_KEY="another", **variables) as house:
        answer = await ready(house)
        assert answer.status_code == 503
        assert answer.json()["checks"]["secret_key"] == (
            f"SECRET_KEY has the fingerprint {fingerprint('another')}, "
            f"but this database was set up with the key of the fingerprint {fingerprint('the first')}. "
            "Put that key in its place and start again; if it is lost, see `homeport reset-encrypt-key-pair`."
        )
        assert answer.json()["checks"]["database"] == "ok"
        assert not await house.house.dispatcher.alive(), "jobs would fail for want of a secret"
        await house.visitor.log_in()
        with model_server() as models:
            body = {"base_url": models.url, "api_key": "sk-secret"}
            saved = await house.console.put("/model-providers/openai", json=body)
        assert (saved.status_code, saved.json()["code"]) == (503, "master_key_wrong")

    async with open_test_house(tmp_path, set_up=False, SECRET_KEY="the first", **variables) as house:
        assert (await ready(house)).status_code == 200


async def test_a_database_that_has_a_key_is_never_given_a_second_one(tmp_path: Path, postgres_url: str) -> None:
    variables = database_variables(postgres_url)
    async with open_test_house(tmp_path / "one", set_up=False, **variables) as house:
        made = house.house.key
    assert made.key.made_in == tmp_path / "one" / "secret_key"

    with pytest.raises(MasterKeyMissing, match=f"set up with the key of the fingerprint {made.vault.fingerprint}"):
        async with open_test_house(tmp_path / "two", set_up=False, **variables):
            pass
    assert not (tmp_path / "two" / "secret_key").exists()

    async with open_test_house(tmp_path / "one", set_up=False, **variables) as house:
        assert house.house.key.key.made_in is None, "it is found again"


async def test_a_key_that_is_made_is_logged_with_its_place_and_fingerprint(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'homeport.db'}")
    with capture_logs() as logs:
        settled = await settle_key(read_settings(Sources({})), tmp_path, database)
    await database.close()
    [line] = logs
    assert (line["path"], line["fingerprint"]) == (str(tmp_path / "secret_key"), settled.vault.fingerprint)
    assert settled.key.secret.decode() not in str(line)


async def test_a_worker_with_the_wrong_key_ends_with_the_sentence(tmp_path: Path) -> None:
    async with open_test_house(tmp_path, set_up=False, SECRET_KEY="the first"):
        pass
    variables = {"HOMEPORT_DATA_DIR": str(tmp_path)}
    with pytest.raises(MasterKeyWrong, match="set up with the key of the fingerprint"):
        await require_right_key(read_settings(Sources({**variables, "SECRET_KEY": "another"})), tmp_path)
    await require_right_key(read_settings(Sources({**variables, "SECRET_KEY": "the first"})), tmp_path)


async def test_a_database_that_does_not_answer_keeps_nobody_from_starting(tmp_path: Path) -> None:
    settings = read_settings(Sources({"SECRET_KEY": "a key", "DB_HOST": "127.0.0.1", "DB_PORT": str(free_port())}))
    database = Database(settings.database.url(tmp_path), settings.database)
    settled = await settle_key(settings, tmp_path, database)
    assert settled.vault.refusal is None
    assert await settled.check(database) is None
    await database.close()
