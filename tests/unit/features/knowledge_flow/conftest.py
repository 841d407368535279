"""A wired knowledge slice on an empty SQLite database, and a client with a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gated_vectors import GatedVectors
from tests.support.knowledge_app import KnowledgeApp, open_knowledge_app


@dataclass(slots=True)
class Knowledge:
    """The application, a client of it, and one workspace."""

    app: KnowledgeApp
    client: httpx.AsyncClient
    workspace_id: str
    account_id: str

    async def dataset(self, name: str = "Docs", **values: Any) -> str:
        """A new dataset, by default one without embeddings."""
        body = {"name": name, "indexing_technique": "economy"} | values
        answer = await self.client.post("/datasets", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def add(self, dataset_id: str, text: str, name: str = "Page", **values: Any) -> str:
        """A new document, waiting to be indexed."""
        body = {"name": name, "text": text} | values
        answer = await self.client.post(f"/datasets/{dataset_id}/document/create-by-text", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["document"]["id"])

    async def ask(self, dataset_id: str, query: str, **model: Any) -> list[str]:
        """Contents of what is found."""
        body = {"query": query} | ({"retrieval_model": model} if model else {})
        answer = await self.client.post(f"/datasets/{dataset_id}/retrieve", json=body)
        assert answer.status_code == 200, answer.text
        return [record["segment"]["content"] for record in answer.json()["records"]]


async def make_knowledge(app: KnowledgeApp) -> Knowledge:
    """A workspace with a client."""
    workspace_id, account_id = await app.workspace()
    return Knowledge(app, await app.client(workspace_id), workspace_id, account_id)


@pytest.fixture
async def knowledge(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Knowledge]:
    """On SQLite with points in memory."""
    async with open_knowledge_app(sqlite_url, tmp_path) as app:
        yield await make_knowledge(app)


@pytest.fixture
async def everywhere(database_url: str, tmp_path: Path) -> AsyncIterator[Knowledge]:
    """On each database engine in turn, with points in an SQLite file."""
    async with open_knowledge_app(database_url, tmp_path, vectors="sqlite") as app:
        yield await make_knowledge(app)


@pytest.fixture
def vectors() -> GatedVectors:
    """A vector store that can be stopped."""
    return GatedVectors()


@pytest.fixture
async def gated(sqlite_url: str, tmp_path: Path, vectors: GatedVectors) -> AsyncIterator[Knowledge]:
    """With a vector store that can be stopped; three segments per batch."""
    async with open_knowledge_app(sqlite_url, tmp_path, vectors=vectors, embedding_batch_size=3) as app:
        yield await make_knowledge(app)
        vectors.gate.set()
