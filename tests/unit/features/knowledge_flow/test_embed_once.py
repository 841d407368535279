"""A remote model is asked once for a text; a built-in one is asked every time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from homeport.backends.llm.choose_account import account_for
from homeport.backends.llm.guards import GuardedEmbedder
from homeport.features.knowledge.clean_embeddings import CLEAN_EMBEDDINGS
from homeport.features.knowledge.embed_once import embed_once
from homeport.features.knowledge.repository import embeddings
from homeport.features.knowledge.tables import Embedding
from homeport.runtime.db.columns import utc_now
from homeport.runtime.tasks.task import NoPayload
from tests.support.knowledge_app import open_knowledge_app
from tests.support.model_server import ModelServer, model_server
from tests.unit.features.knowledge_flow.conftest import make_knowledge

TEXTS = ("Cats sleep for most of the day.", "The harbour opens at seven.", "Bread needs flour.")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Where the remote model is."""
    with model_server() as server:
        yield server


@asynccontextmanager
async def _opened(url: str, tmp_path: Path, server: ModelServer, **settings: Any) -> AsyncIterator[Any]:
    llm = {"openai_api_base": server.url, "openai_api_key": "k", "homeport_default_embedding": "embed-a"}
    async with open_knowledge_app(url, tmp_path, llm=llm, **settings) as app:
        yield await make_knowledge(app)


def _asked(server: ModelServer) -> list[str]:
    """Every text the server was asked for, in order."""
    return [text for call in server.calls_to("/embeddings") for text in call.body["input"]]


async def _embedder(knowledge: Any, server: ModelServer, model: str = "embed-a") -> GuardedEmbedder:
    account = account_for("openai", {"base_url": server.url, "api_key": "k"})
    embedder: GuardedEmbedder = (await knowledge.app.room.providers.models.open_llm(account)).embedder(model)
    return embedder


async def test_a_second_copy_of_a_page_costs_nothing(database_url: str, tmp_path: Path, server: ModelServer) -> None:
    async with _opened(database_url, tmp_path, server) as knowledge:
        one, two = [await knowledge.dataset(name, indexing_technique="high_quality") for name in ("One", "Two")]
        for dataset in (one, two):
            for text in TEXTS:
                await knowledge.add(dataset, text)
                await knowledge.app.settle()
        assert _asked(server) == list(TEXTS)
        for dataset in (one, two):
            assert await knowledge.ask(dataset, "harbour", search_method="semantic_search", top_k=1) == [TEXTS[1]]


async def test_a_text_that_comes_twice_in_a_batch_is_sent_once_and_has_two_vectors(
    sqlite_url: str, tmp_path: Path, server: ModelServer
) -> None:
    async with _opened(sqlite_url, tmp_path, server) as knowledge:
        embedder = await _embedder(knowledge, server)
        first = await embed_once(knowledge.app.database, embedder, ["a", "b", "a"], None)
        assert (_asked(server), first[0] == first[2], first[0] == first[1]) == (["a", "b"], True, False)
        again = await embed_once(knowledge.app.database, embedder, ["b", "c", "a"], None)
        assert _asked(server) == ["a", "b", "c"]
        assert list(again[2]) == pytest.approx(list(first[0]), abs=1e-6)
        assert list(again[0]) == pytest.approx(list(first[1]), abs=1e-6)


async def test_what_another_server_or_model_answered_is_not_used(
    sqlite_url: str, tmp_path: Path, server: ModelServer
) -> None:
    with model_server() as other:
        async with _opened(sqlite_url, tmp_path, server) as knowledge:
            for where, model in ((server, "embed-a"), (server, "embed-b"), (other, "embed-a")):
                await embed_once(knowledge.app.database, await _embedder(knowledge, where, model), ["a"], None)
        assert (_asked(server), _asked(other)) == (["a", "a"], ["a"])


async def test_vectors_of_another_length_are_made_anew(database_url: str, tmp_path: Path, server: ModelServer) -> None:
    async with _opened(database_url, tmp_path, server) as knowledge:
        database, embedder = knowledge.app.database, await _embedder(knowledge, server)
        [right] = await embed_once(database, embedder, ["a"], None)
        async with database.begin() as session:
            await session.execute(update(Embedding).values(vector=embeddings.pack([1.0, 2.0])))
        # The dataset knows better.
        [vector] = await embed_once(database, embedder, ["a"], len(right))
        assert len(vector) == len(right)
        async with database.begin() as session:
            await session.execute(update(Embedding).values(vector=embeddings.pack([1.0, 2.0])))
        # Nobody knows better, but what is new beside it does.
        both = await embed_once(database, embedder, ["a", "b"], None)
        assert [len(vector) for vector in both] == [len(right)] * 2
        async with database.read() as session:
            kept = [len(embeddings.unpack(one)) for one in (await session.execute(select(Embedding.vector))).scalars()]
        assert kept == [len(right)] * 2


async def test_a_built_in_model_keeps_nothing(knowledge: Any) -> None:
    dataset = await knowledge.dataset(indexing_technique="high_quality")
    await knowledge.add(dataset, TEXTS[0])
    await knowledge.app.settle()
    async with knowledge.app.database.read() as session:
        assert (await session.execute(select(Embedding.id))).all() == []


async def test_vectors_in_use_stay_and_those_nobody_needs_go(
    database_url: str, tmp_path: Path, server: ModelServer
) -> None:
    async with _opened(database_url, tmp_path, server, plan_sandbox_clean_day_setting=10) as knowledge:
        database, embedder = knowledge.app.database, await _embedder(knowledge, server)
        await embed_once(database, embedder, ["in use", "forgotten"], None)
        async with database.begin() as session:
            await session.execute(update(Embedding).values(used_at=utc_now() - timedelta(days=11)))
        await embed_once(database, embedder, ["in use"], None)
        async with database.begin() as session:
            await knowledge.app.room.jobs.enqueue(session, CLEAN_EMBEDDINGS, NoPayload())
        await knowledge.app.settle()
        await embed_once(database, embedder, ["in use", "forgotten"], None)
        assert _asked(server) == ["in use", "forgotten", "forgotten"]
