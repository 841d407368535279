"""Provider names in every form, credentials under every field name, and what the settings mean."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, SecretStr

from homeport.backends.llm import errors
from homeport.backends.llm.choose_account import account_for, default_chat, default_embedding
from homeport.backends.llm.discover import find_specs
from homeport.backends.llm.port import Account
from homeport.backends.llm.provider_names import ALIASES, KNOWN, find_provider
from homeport.backends.llm.registry import Models, open_models
from homeport.backends.llm.settings import LlmSettings
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from tests.support.model_server import model_server


@pytest.mark.parametrize(
    ("name", "driver", "address"),
    [
        ("langgenius/openai/openai", "openai_compatible", "https://api.openai.com/v1"),
        ("openai", "openai_compatible", "https://api.openai.com/v1"),
        ("langgenius/openai", "openai_compatible", "https://api.openai.com/v1"),
        ("langgenius/ollama/ollama", "openai_compatible", "http://127.0.0.1:11434/v1"),
        ("langgenius/openai_api_compatible/openai_api_compatible", "openai_compatible", None),
        ("OpenAI-API-compatible", "openai_compatible", None),
        ("langgenius/deepseek/deepseek", "openai_compatible", "https://api.deepseek.com/v1"),
        ("local", "local", None),
        ("homeport/minilm", "minilm", None),
        ("extractive", "extractive", None),
    ],
)
def test_a_provider_is_found_by_any_form_of_its_name(name: str, driver: str, address: str | None) -> None:
    found = find_provider(name)
    assert (found.driver, found.base_url) == (driver, address)


def test_every_known_provider_has_a_driver_and_every_alias_a_provider() -> None:
    assert {provider.driver for provider in KNOWN} == set(find_specs())
    assert set(ALIASES.values()) <= {provider.name for provider in KNOWN}
    assert len({provider.name for provider in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize("name", ["", "langgenius/nobody/nobody", "open ai"])
def test_an_unknown_provider_is_said_with_the_known_ones(name: str) -> None:
    with pytest.raises(errors.Misconfigured, match=r"accepted are .*ollama.*openai") as caught:
        find_provider(name)
    assert repr(name) in caught.value.message


@pytest.mark.parametrize(
    ("provider", "credentials", "account"),
    [
        (
            "langgenius/openai/openai",
            {"openai_api_key": " sk-1\n", "openai_organization": "org"},
            Account("openai", "openai_compatible", "https://api.openai.com/v1", "sk-1", {"OpenAI-Organization": "org"}),
        ),
        (
            "openai",
            {"openai_api_key": "sk-1", "openai_api_base": "https://proxy.example"},
            Account("openai", "openai_compatible", "https://proxy.example", "sk-1"),
        ),
        (
            "openai_api_compatible",
            {"endpoint_url": "http://host:8000/v1", "api_key": ""},
            Account("openai_api_compatible", "openai_compatible", "http://host:8000/v1"),
        ),
        ("ollama", {}, Account("ollama", "openai_compatible", "http://127.0.0.1:11434/v1")),
        ("ollama", {"base_url": "http://gpu:11434"}, Account("ollama", "openai_compatible", "http://gpu:11434")),
        (
            "tongyi",
            {"dashscope_api_key": "sk-2"},
            Account("tongyi", "openai_compatible", "https://dashscope.aliyuncs.com/compatible-mode/v1", "sk-2"),
        ),
        ("extractive", {}, Account("extractive", "extractive")),
    ],
)
def test_credentials_become_an_account(provider: str, credentials: dict[str, str], account: Account) -> None:
    assert account_for(provider, credentials) == account


@pytest.mark.parametrize(
    ("provider", "missing"), [("openai", "an API key"), ("openai_api_compatible", "an address"), ("vllm", "an address")]
)
def test_missing_credentials_are_named(provider: str, missing: str) -> None:
    with pytest.raises(errors.Misconfigured, match=f"{provider} needs {missing}"):
        account_for(provider, {})


def test_without_settings_the_machine_quotes_and_embeds_by_itself() -> None:
    settings = LlmSettings()
    assert default_chat(settings).account.driver == "extractive"
    assert default_embedding(settings).model == "wordllama-256"


def test_a_key_alone_means_openai() -> None:
    choice = default_chat(LlmSettings(openai_api_key=SecretStr("sk-1")))
    assert choice.account == Account("openai", "openai_compatible", "https://api.openai.com/v1", "sk-1")
    assert choice.model == "gpt-4o-mini"
    assert default_embedding(LlmSettings(openai_api_key=SecretStr("sk-1"))).account.driver == "local"


@pytest.mark.parametrize("name", ["minilm", "all-minilm-l6-v2"])
@pytest.mark.parametrize("address", [None, "http://host:8000/v1"])
def test_the_better_local_embeddings_are_chosen_by_name_with_and_without_an_account(
    name: str, address: str | None
) -> None:
    choice = default_embedding(LlmSettings(homeport_default_embedding=name, openai_api_base=address))
    assert (choice.account, choice.model) == (Account("minilm", "minilm"), "all-minilm-l6-v2")


def test_an_address_alone_means_a_server_of_ones_own() -> None:
    settings = LlmSettings(openai_base_url="http://host:8000/v1", homeport_default_embedding="bge-m3")
    assert default_chat(settings).account.base_url == "http://host:8000/v1"
    assert default_chat(settings).model == ""
    assert default_embedding(settings).model == "bge-m3"
    both = LlmSettings(openai_base_url="http://b/v1", openai_api_base="http://a/v1")
    assert default_chat(both).account.base_url == "http://a/v1"


def test_ollama_is_used_when_nothing_else_is_set() -> None:
    settings = LlmSettings(ollama_base_url="http://127.0.0.1:11434", homeport_default_llm="qwen3")
    assert (default_chat(settings).account.provider, default_chat(settings).model) == ("ollama", "qwen3")


def test_the_settings_are_read_under_the_established_names() -> None:
    class Tree(BaseModel):
        llm: LlmSettings = LlmSettings()

    sources = Sources({"OPENAI_API_KEY": "sk-1", "OPENAI_API_BASE": "http://a/v1", "LLM_EMBEDDING_BATCH": "5"})
    settings = load(Tree, sources).llm
    assert default_chat(settings).account == Account("openai", "openai_compatible", "http://a/v1", "sk-1")
    assert "sk-1" not in repr(settings)


async def test_a_server_without_a_named_model_answers_with_its_first() -> None:
    with model_server() as server:
        models = await open_models(LlmSettings(openai_api_base=server.url))
        assert (await models.open_default_chat()).model == "cite"
        assert (await models.open_default_chat()).model == "cite"
        assert len(server.calls_to("/models")) == 1
        await models.close()


async def test_an_unknown_driver_is_said() -> None:
    models = Models(LlmSettings())
    with pytest.raises(errors.Misconfigured, match="extractive, local, minilm, openai_compatible"):
        await models.open_llm(Account("x", "nothing"))


async def test_a_compatible_account_without_an_address_is_said() -> None:
    models = Models(LlmSettings())
    with pytest.raises(errors.Misconfigured, match="needs an address"):
        await models.open_llm(Account("openai", "openai_compatible"))
    await models.close()
