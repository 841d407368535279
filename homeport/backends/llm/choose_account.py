"""Find out where and as whom a model is called: from a provider's name and credentials, or from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.errors import Misconfigured
from homeport.backends.llm.port import Account
from homeport.backends.llm.provider_names import COMPATIBLE, find_provider

OPENAI_ADDRESS = "https://api.openai.com/v1"
#: The model of the built-in drivers.
EXTRACTIVE_MODEL = "extractive"
LOCAL_EMBEDDING_MODEL = "wordllama-256"
MINILM_MODEL = "all-minilm-l6-v2"
#: The providers of the built-in embedding models, by model.
BUILT_IN_EMBEDDINGS = {LOCAL_EMBEDDING_MODEL: "local", MINILM_MODEL: "minilm"}

_KEY_FIELDS = ("api_key", "openai_api_key")
_ADDRESS_FIELDS = ("base_url", "endpoint_url", "api_base", "openai_api_base", "server_url")
_ORGANIZATION_FIELDS = ("organization", "openai_organization")


@dataclass(frozen=True, slots=True)
class Choice:
    """A model at an account; an empty `model` stands for the first one the account lists."""

    account: Account
    model: str


def account_for(provider: str, credentials: Mapping[str, str] | None = None) -> Account:
    """The account of a provider by any form of its name.

    `credentials` are taken under the field names the providers' own forms use: a key (`api_key`, `openai_api_key`, or
    any other name that ends in `api_key`), an address (`base_url`, `endpoint_url`, `openai_api_base`, ...), an
    organization. Raises `Misconfigured` for an unknown provider and for a missing key or address.
    """
    known = find_provider(provider)
    given = {name: text.strip() for name, text in (credentials or {}).items() if text and text.strip()}
    key = _first(given, _KEY_FIELDS) or next((text for name, text in given.items() if name.endswith("api_key")), "")
    address = _first(given, _ADDRESS_FIELDS) or known.base_url or ""
    if known.driver == COMPATIBLE and not address:
        raise Misconfigured(
            f"The model provider {known.name} needs an address.", hint="Enter it under Settings → Models."
        )
    if known.needs_key and not key and address == known.base_url:
        raise Misconfigured(
            f"The model provider {known.name} needs an API key.", hint="Enter it under Settings → Models."
        )
    organization = _first(given, _ORGANIZATION_FIELDS)
    headers = {"OpenAI-Organization": organization} if organization else {}
    return Account(known.name, known.driver, address, key, headers)


def default_chat(settings: LlmChoice) -> Choice:
    """The model that answers when a workspace has chosen none; without any account, the one that quotes."""
    account = environment_account(settings)
    if account is None:
        return Choice(Account(EXTRACTIVE_MODEL, "extractive"), EXTRACTIVE_MODEL)
    usual = "gpt-4o-mini" if account.base_url == OPENAI_ADDRESS else ""
    return Choice(account, settings.homeport_default_llm or usual)


def default_embedding(settings: LlmChoice) -> Choice:
    """The embedding model when a workspace has chosen none; the small local one unless a name is set."""
    wanted = settings.homeport_default_embedding or LOCAL_EMBEDDING_MODEL
    account = environment_account(settings)
    if wanted in (MINILM_MODEL, "minilm"):
        return Choice(Account("minilm", "minilm"), MINILM_MODEL)
    if account is None or wanted == LOCAL_EMBEDDING_MODEL:
        return Choice(Account("local", "local"), LOCAL_EMBEDDING_MODEL)
    return Choice(account, wanted)


def environment_account(settings: LlmChoice) -> Account | None:
    """The account the settings give, or None when they give none."""
    key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
    address = settings.openai_api_base or settings.openai_base_url
    if key or address:
        return Account("openai", COMPATIBLE, address or OPENAI_ADDRESS, key)
    if settings.ollama_base_url:
        return Account("ollama", COMPATIBLE, settings.ollama_base_url)
    return None


def _first(given: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((given[name] for name in names if name in given), "")
