"""Model providers in the console: set up after they have answered, their keys sealed, chosen as default, removed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from homeport.backends.llm.check_installed import find_missing
from homeport.backends.llm.discover import find_specs
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.tables import ProviderAccount
from tests.support.chat_app import ChatApp, model, open_chat_app
from tests.support.minilm_weights import need_minilm
from tests.support.model_server import ModelServer, model_server
from tests.support.servers import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-right-abcdefgh1234"


@pytest.fixture(scope="module")
def guarded() -> Iterator[ModelServer]:
    """A model server that wants a key."""
    with model_server(api_key=KEY) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare(tmp_path_factory: pytest.TempPathFactory, lasting_database_url: str) -> AsyncIterator[ChatApp]:
    """An application whose environment names no model, on each database engine."""
    variables = {"MODEL_ENDPOINT_ALLOW_PRIVATE": "true", "LLM_MAX_ATTEMPTS": "1"}
    async with open_chat_app(tmp_path_factory.mktemp("data"), lasting_database_url, set_up=True, **variables) as app:
        yield app


async def providers(chat: ChatApp) -> dict[str, dict[str, Any]]:
    answer = await chat.console.get("/model-providers")
    assert answer.status_code == 200, answer.text
    return {one["provider"]: one for one in answer.json()["data"]}


async def set_up(chat: ChatApp, provider: str = "openai", **body: Any) -> httpx.Response:
    return await chat.console.put(f"/model-providers/{provider}", json=body)


async def account(chat: ChatApp, provider: str) -> ProviderAccount | None:
    async with chat.house.house.database.read() as session:
        found = select(ProviderAccount).where(ProviderAccount.provider == provider)
        return (await session.execute(found)).scalar_one_or_none()


async def forget_all(chat: ChatApp) -> None:
    for name, one in (await providers(chat)).items():
        if one["source"] == "workspace":
            await chat.console.delete(f"/model-providers/{name}")


async def test_at_first_only_what_is_built_in_is_there(bare: ChatApp) -> None:
    await forget_all(bare)
    found = await providers(bare)

    built_in = ["extractive", "local"] + ["minilm"] * (find_missing(find_specs()["minilm"]) is None)
    assert list(found)[: len(built_in)] == built_in
    assert [name for name, one in found.items() if one["configured"]] == built_in
    assert list(found["openai"]) == [
        "provider",
        "label",
        "description",
        "configured",
        "source",
        "base_url",
        "api_key_masked",
        "models",
    ]
    assert (await bare.console.get("/default-models")).json() == {"llm": None, "text-embedding": None}
    listed = (await bare.console.get("/model-providers/models", params={"model_type": "llm"})).json()["data"]
    assert [one["model"] for one in listed] == ["extractive"]


async def test_the_better_local_embeddings_can_be_chosen_where_they_are_installed(bare: ChatApp) -> None:
    need_minilm()
    found = (await providers(bare))["minilm"]
    assert (found["label"], found["configured"], found["source"]) == ("Built-in embeddings, better", True, None)
    embedding = {"provider": "minilm", "model": "all-minilm-l6-v2"}
    listed = (await bare.console.get("/model-providers/models", params={"model_type": "text-embedding"})).json()["data"]
    assert {name: one[name] for one in listed for name in embedding if one["provider"] == "minilm"} == embedding
    chosen = await bare.console.put("/default-models", json={"text-embedding": embedding})
    assert chosen.json()["text-embedding"] == embedding
    await bare.console.put("/default-models", json={"text-embedding": None})


async def test_the_better_local_embeddings_are_not_offered_where_they_are_not_installed(
    bare: ChatApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "minilm" not in await providers(bare)
    listed = (await bare.console.get("/model-providers/models", params={"model_type": "text-embedding"})).json()["data"]
    assert [one["provider"] for one in listed] == ["local"]
    wanted = {"text-embedding": {"provider": "minilm", "model": "all-minilm-l6-v2"}}
    refused = await bare.console.put("/default-models", json=wanted)
    assert refused.status_code == 400
    assert "homeport[minilm]" in refused.text


async def test_a_provider_that_answers_is_saved_with_its_models_and_a_sealed_key(
    bare: ChatApp, guarded: ModelServer
) -> None:
    answer = await set_up(bare, base_url=guarded.url, api_key=KEY)

    assert answer.status_code == 200, answer.text
    item = answer.json()
    assert (item["provider"], item["configured"], item["source"]) == ("openai", True, "workspace")
    assert item["base_url"] == guarded.url
    assert {"model": "echo", "model_type": "llm", "context_size": None} in item["models"]
    assert item["api_key_masked"] == "sk-…1234"
    row = await account(bare, "openai")
    assert row is not None
    assert KEY not in row.sealed_key
    assert row.sealed_key.startswith("v1:")
    assert KEY not in (await bare.console.get("/model-providers")).text
    embedders = (await bare.console.get("/model-providers/models", params={"model_type": "text-embedding"})).json()
    models = {one["model"] for one in embedders["data"]}
    assert models - {"all-minilm-l6-v2"} == {"wordllama-256", "test-embedding"}


async def test_an_app_answers_with_the_workspaces_key(bare: ChatApp, guarded: ModelServer) -> None:
    await set_up(bare, base_url=guarded.url, api_key=KEY)
    app = await bare.add_app(model("echo", "langgenius/openai/openai"))

    assert (await app.ask("Hello?")).json()["answer"] == "Hello?"


@pytest.mark.parametrize("provider", ["openai", "langgenius/openai/openai", "OpenAI"])
async def test_every_form_of_a_name_means_the_same_account(bare: ChatApp, guarded: ModelServer, provider: str) -> None:
    answer = await set_up(bare, provider, base_url=guarded.url, api_key=KEY)

    assert answer.json()["provider"] == "openai"
    assert (await bare.console.delete(f"/model-providers/{provider}")).status_code == 204
    assert (await providers(bare))["openai"]["configured"] is False


async def test_a_wrong_key_and_a_wrong_address_are_told_and_nothing_is_saved(
    bare: ChatApp, guarded: ModelServer
) -> None:
    await forget_all(bare)
    wrong = await set_up(bare, base_url=guarded.url, api_key="sk-wrong-abcdefgh9999")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "credentials_invalid")
    assert "refused the API key" in wrong.json()["message"]
    assert "sk-wrong" not in wrong.text

    nobody = await set_up(bare, base_url=f"http://127.0.0.1:{free_port()}/v1", api_key=KEY)
    assert (nobody.status_code, nobody.json()["code"]) == (400, "credentials_invalid")
    assert "could not be reached" in nobody.json()["message"]

    keyless = await set_up(bare, base_url="https://api.openai.com/v1")
    assert (keyless.status_code, keyless.json()["code"]) == (400, "credentials_invalid")
    assert "needs an API key" in keyless.json()["message"]
    assert await account(bare, "openai") is None


async def test_an_address_must_be_one(bare: ChatApp) -> None:
    for base_url in ("ftp://example.org", "example.org", "http://a b", "x" * 600):
        answer = await set_up(bare, base_url=base_url, api_key=KEY)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param"), base_url
    unknown = await set_up(bare, "nobody/knows", base_url="http://127.0.0.1:1/v1")
    assert unknown.status_code == 400
    assert "accepted are" in unknown.json()["message"]
    built_in = await set_up(bare, "extractive")
    assert (built_in.status_code, built_in.json()["code"]) == (400, "invalid_param")


async def test_a_change_without_a_key_keeps_it_but_never_sends_it_elsewhere(
    bare: ChatApp, guarded: ModelServer
) -> None:
    await set_up(bare, base_url=guarded.url, api_key=KEY)

    kept = await set_up(bare, base_url=guarded.url, models=[{"model": "echo", "model_type": "llm"}])
    assert [one["model"] for one in kept.json()["models"]] == ["echo"]
    assert kept.json()["api_key_masked"] == "sk-…1234"

    with model_server() as elsewhere:
        moved = await set_up(bare, base_url=elsewhere.url)
        assert (moved.status_code, moved.json()["code"]) == (400, "credentials_invalid")
        assert "entered again" in moved.json()["message"]
        assert not elsewhere.calls
    assert (await providers(bare))["openai"]["base_url"] == guarded.url


async def test_a_removed_provider_is_forgotten_with_the_defaults_that_point_to_it(
    bare: ChatApp, guarded: ModelServer
) -> None:
    await set_up(bare, base_url=guarded.url, api_key=KEY)
    app = await bare.add_app()
    chosen = {"llm": {"provider": "langgenius/openai/openai", "model": "echo"}}
    answer = await bare.console.put("/default-models", json=chosen)
    assert answer.json() == {"llm": {"provider": "openai", "model": "echo"}, "text-embedding": None}
    assert (await app.ask("Hello?")).json()["answer"] == "Hello?"

    assert (await bare.console.delete("/model-providers/openai")).status_code == 204

    assert (await bare.console.get("/default-models")).json()["llm"] is None
    assert await account(bare, "openai") is None
    assert "No model is configured" in (await app.ask("Hello?")).json()["answer"]
    again = await bare.console.delete("/model-providers/openai")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_an_app_whose_provider_is_gone_says_so(bare: ChatApp) -> None:
    await forget_all(bare)
    app = await bare.add_app(model("echo", "openai"))

    answer = await app.ask("Hello?")

    assert (answer.status_code, answer.json()["code"]) == (400, "provider_not_initialize")
    assert "not set up" in answer.json()["message"]


async def test_only_a_model_that_can_be_used_becomes_the_default(bare: ChatApp, guarded: ModelServer) -> None:
    await forget_all(bare)
    wrong: list[dict[str, Any]] = [
        {"llm": {"provider": "local", "model": "wordllama-256"}},
        {"text-embedding": {"provider": "extractive", "model": "extractive"}},
        {"llm": {"provider": "openai", "model": "echo"}},
        {"llm": {"provider": "openai", "model": ""}},
        {"llm": {"provider": "openai"}},
        {"llm": "openai/echo"},
    ]
    for body in wrong:
        answer = await bare.console.put("/default-models", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param"), body
    unknown = await bare.console.put("/default-models", json={"llm": {"provider": "nobody", "model": "x"}})
    assert unknown.status_code == 400

    await set_up(bare, base_url=guarded.url, api_key=KEY)
    both = {
        "llm": {"provider": "openai", "model": "echo"},
        "text-embedding": {"provider": "openai", "model": "test-embedding"},
    }
    assert (await bare.console.put("/default-models", json=both)).json() == both
    one = await bare.console.put("/default-models", json={"text-embedding": None})
    assert one.json() == both | {"text-embedding": None}
    assert (await bare.console.put("/default-models", json={})).json() == one.json()


async def test_what_the_environment_gives_is_shown_and_may_be_overridden(
    tmp_path: Path, models: ModelServer, guarded: ModelServer
) -> None:
    variables = {"OPENAI_BASE_URL": models.url, "OPENAI_API_KEY": "sk-environment-5678"}
    async with open_chat_app(tmp_path, set_up=True, **variables) as app:
        item = (await providers(app))["openai"]
        assert (item["configured"], item["source"], item["base_url"]) == (True, "environment", models.url)
        assert item["api_key_masked"] == "sk-…5678"
        listed = (await app.console.get("/model-providers/models", params={"model_type": "llm"})).json()["data"]
        assert {"provider": "openai", "model": "echo", "model_type": "llm", "label": "echo (OpenAI)"} in listed
        chosen = await app.console.put("/default-models", json={"llm": {"provider": "openai", "model": "echo"}})
        assert chosen.status_code == 200
        helper = await app.add_app()
        assert (await helper.ask("Hello?")).json()["answer"] == "Hello?"

        await set_up(app, base_url=guarded.url, api_key=KEY)
        assert (await providers(app))["openai"]["source"] == "workspace"
        await helper.ask("Again?")
        assert guarded.calls_to("/chat/completions")


async def test_an_environment_whose_server_is_silent_is_shown_without_models(tmp_path: Path) -> None:
    async with open_chat_app(tmp_path, OLLAMA_BASE_URL=f"http://127.0.0.1:{free_port()}") as app:
        item = (await providers(app))["ollama"]

    assert (item["configured"], item["source"], item["models"]) == (True, "environment", [])


async def test_private_addresses_are_refused_where_they_are_not_allowed(tmp_path: Path, guarded: ModelServer) -> None:
    guarded.calls.clear()
    async with open_chat_app(tmp_path, MODEL_ENDPOINT_ALLOW_PRIVATE="false") as app:
        for base_url in (guarded.url, "http://localhost:11434/v1", "http://169.254.169.254/v1", "http://[::1]/v1"):
            answer = await set_up(app, base_url=base_url, api_key=KEY)
            assert (answer.status_code, answer.json()["code"]) == (400, "credentials_invalid"), base_url
            assert "MODEL_ENDPOINT_ALLOW_PRIVATE" in answer.json()["hint"]
        assert not guarded.calls


async def test_an_address_that_was_allowed_once_is_not_visited_when_it_no_longer_is(
    tmp_path: Path, guarded: ModelServer
) -> None:
    async with open_chat_app(tmp_path) as app:
        await set_up(app, base_url=guarded.url, api_key=KEY)
        helper = await app.add_app(model("echo"))
        token = helper.client.headers["Authorization"]
    guarded.calls.clear()

    async with open_chat_app(tmp_path, set_up=False, MODEL_ENDPOINT_ALLOW_PRIVATE="false") as app:
        body = {"inputs": {}, "query": "Hello?", "user": "ann"}
        headers = {"Authorization": token}
        async with httpx.AsyncClient(base_url=f"{app.address}/v1", headers=headers, timeout=30) as client:
            answer = await client.post("/chat-messages", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "address_refused")
    assert not guarded.calls


async def test_a_key_sealed_with_another_master_key_says_so(bare: ChatApp, guarded: ModelServer) -> None:
    await set_up(bare, base_url=guarded.url, api_key=KEY)
    room: ProvidersRoom = bare.house.room(ProvidersRoom)
    async with bare.house.house.database.begin() as session:
        await session.execute(update(ProviderAccount).values(sealed_key="v1:" + "A" * 64))
    room.known._kept.clear()

    answer = await bare.console.get("/model-providers")
    assert (answer.status_code, answer.json()["code"]) == (500, "secret_unreadable")
    assert "SECRET_KEY" in answer.json()["message"]

    again = await set_up(bare, base_url=guarded.url, api_key=KEY)
    assert again.status_code == 200
    assert (await providers(bare))["openai"]["configured"] is True
