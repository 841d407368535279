"""A provider of every driver in turn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest

from homeport.backends.llm.discover import find_specs
from homeport.backends.llm.guards import GuardedProvider
from homeport.backends.llm.port import Account
from homeport.backends.llm.registry import open_models
from homeport.backends.llm.settings import LlmSettings
from tests.support.minilm_weights import need_minilm, prepared_models
from tests.support.model_server import ModelServer, model_server


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """The server behind the drivers that need one."""
    with model_server() as running:
        yield running


@pytest.fixture(params=sorted(find_specs()))
async def provider(
    request: pytest.FixtureRequest, server: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[GuardedProvider]:
    """A provider as features get it, guards included."""
    if request.param == "minilm":
        need_minilm()
    models = await open_models(LlmSettings.model_validate({"llm_model_cache_dir": prepared_models(tmp_path_factory)}))
    address = server.url if find_specs()[request.param].capabilities.remote else ""
    yield await models.open_llm(Account(request.param, request.param, address))
    await models.close()
