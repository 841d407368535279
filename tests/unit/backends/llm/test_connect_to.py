"""A checked address is connected to; the name is not asked for again."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from homeport.backends.llm.errors import LlmError
from homeport.backends.llm.port import Account
from homeport.backends.llm.registry import open_models
from homeport.backends.llm.settings import LlmSettings
from tests.support.model_server import model_server


async def test_a_provider_is_reached_at_its_checked_address_and_not_by_its_name() -> None:
    models = await open_models(LlmSettings(llm_max_attempts=1))
    with model_server() as server:
        address = f"http://models.invalid:{urlsplit(server.url).port}/v1"
        bound = await models.open_llm(Account("openai", "openai_compatible", address, "key", connect_to="127.0.0.1"))
        assert await bound.list_models()
        by_name = await models.open_llm(Account("openai", "openai_compatible", address, "key"))
        with pytest.raises(LlmError):  # not even the open connection of the other account is used
            await by_name.list_models()
        await models.close()
