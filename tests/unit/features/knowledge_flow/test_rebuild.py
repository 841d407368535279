"""A dataset that is given embeddings, or other ones, after its documents were indexed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.knowledge_app import open_knowledge_app
from tests.support.model_server import model_server
from tests.unit.features.knowledge_flow.conftest import make_knowledge

TEXTS = ("Cats sleep for most of the day.", "The harbour opens at seven.", "Bread needs flour.")


async def test_from_economy_to_high_quality_every_segment_gets_a_vector(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    documents = [await everywhere.add(dataset, text) for text in TEXTS]
    await everywhere.app.settle()
    changed = await everywhere.client.patch(f"/datasets/{dataset}", json={"indexing_technique": "high_quality"})
    assert changed.json()["embedding_model"] == "wordllama-256"
    await everywhere.app.settle()
    found = await everywhere.ask(dataset, "feline animals resting", search_method="semantic_search", top_k=1)
    assert found == [TEXTS[0]]
    ids = [segment.id for one in documents for segment in await everywhere.app.segments(one)]
    assert await everywhere.app.point_ids(dataset) == sorted(ids)
    row = await everywhere.app.dataset(dataset)
    assert (row.embedding_dimension, row.available_document_count) == (256, 3)


async def test_from_high_quality_to_economy_words_are_found_as_before(knowledge: Any) -> None:
    dataset = await knowledge.dataset(indexing_technique="high_quality")
    await knowledge.add(dataset, TEXTS[0])
    await knowledge.app.settle()
    await knowledge.client.patch(f"/datasets/{dataset}", json={"indexing_technique": "economy"})
    await knowledge.add(dataset, TEXTS[1])
    await knowledge.app.settle()
    assert await knowledge.ask(dataset, "harbour") == [TEXTS[1]]
    assert await knowledge.ask(dataset, "cats") == [TEXTS[0]]
    # And back: what was added meanwhile is embedded too.
    await knowledge.client.patch(f"/datasets/{dataset}", json={"indexing_technique": "high_quality"})
    await knowledge.app.settle()
    assert len(await knowledge.ask(dataset, "harbour", search_method="semantic_search", top_k=5)) == 2


async def test_another_model_gets_a_collection_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    with model_server() as server:
        llm = {"openai_api_base": server.url, "openai_api_key": "k"}
        async with open_knowledge_app(sqlite_url, tmp_path, llm=llm) as app:
            knowledge = await make_knowledge(app)
            dataset = await knowledge.dataset(
                indexing_technique="high_quality", embedding_model="wordllama-256", embedding_model_provider="local"
            )
            documents = [await knowledge.add(dataset, text) for text in TEXTS]
            await app.settle()
            before = await app.dataset(dataset)
            body = {"embedding_model": "text-embedding-3-small", "embedding_model_provider": "langgenius/openai/openai"}
            assert (await knowledge.client.patch(f"/datasets/{dataset}", json=body)).status_code == 200
            await app.settle()
            after = await app.dataset(dataset)
            assert after.collection != before.collection
            assert after.embedding_dimension not in (None, before.embedding_dimension)
            assert await app.room.vectors.datasets() == {after.collection: after.embedding_dimension}
            ids = [segment.id for one in documents for segment in await app.segments(one)]
            assert await app.point_ids(dataset) == sorted(ids)
            assert len(await knowledge.ask(dataset, "cats", search_method="semantic_search")) == 3


async def test_a_dataset_changed_while_a_document_is_indexed_is_complete_in_the_end(gated: Any, vectors: Any) -> None:
    dataset = await gated.dataset()
    vectors.stop_at = 1
    document = await gated.add(dataset, TEXTS[0])
    await vectors.reached.wait()
    await gated.client.patch(f"/datasets/{dataset}", json={"indexing_technique": "high_quality"})
    vectors.gate.set()
    await gated.app.settle()
    [segment] = await gated.app.segments(document)
    assert await gated.app.point_ids(dataset) == [segment.id]
    assert await gated.ask(dataset, "feline", search_method="semantic_search") == [TEXTS[0]]
    assert (await gated.app.dataset(dataset)).available_document_count == 1
