"""Documents on their way into the index, on every database engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.knowledge_app import open_knowledge_app
from tests.support.minilm_weights import need_minilm, prepared_models

TEXT = "The harbour opens at seven.\n\nThe ferry leaves at noon from the southern pier."


@pytest.mark.parametrize("technique", ["economy", "high_quality"])
async def test_a_text_becomes_findable(everywhere: Any, technique: str) -> None:
    dataset = await everywhere.dataset(indexing_technique=technique)
    document = await everywhere.add(dataset, TEXT, "Harbour")
    await everywhere.app.settle()
    assert await everywhere.ask(dataset, "when does the ferry leave") == [TEXT]
    shown = (await everywhere.client.get(f"/datasets/{dataset}/documents/{document}")).json()
    assert shown["indexing_status"] == "completed"
    assert shown["display_status"] == "available"
    assert shown["segment_count"] == 1
    assert shown["word_count"] == len(TEXT)
    assert shown["tokens"] > 0
    stages = await everywhere.app.document(document)
    assert stages.processing_started_at is not None
    assert stages.parsing_completed_at is not None
    assert stages.splitting_completed_at is not None
    assert stages.completed_at is not None


async def test_counters_follow_the_documents(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    first = await everywhere.add(dataset, "one two three", "A")
    await everywhere.add(dataset, "four five", "B")
    await everywhere.app.settle()
    row = await everywhere.app.dataset(dataset)
    assert (row.document_count, row.available_document_count, row.word_count) == (2, 2, 22)
    await everywhere.client.patch(f"/datasets/{dataset}/documents/status/disable", json={"document_ids": [first]})
    row = await everywhere.app.dataset(dataset)
    assert (row.document_count, row.available_document_count, row.withheld_document_count) == (2, 1, 1)
    await everywhere.client.delete(f"/datasets/{dataset}/documents/{first}")
    await everywhere.app.settle()
    row = await everywhere.app.dataset(dataset)
    assert (row.document_count, row.available_document_count, row.withheld_document_count) == (1, 1, 0)
    assert row.word_count == 9


async def test_a_deleted_document_leaves_nothing(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    document = await everywhere.add(dataset, TEXT)
    await everywhere.app.settle()
    assert len(await everywhere.app.stored_keys()) == 1
    answer = await everywhere.client.delete(f"/datasets/{dataset}/documents/{document}")
    assert answer.status_code == 204
    assert answer.content == b""
    await everywhere.app.settle()
    assert await everywhere.app.segments(document) == []
    assert await everywhere.app.point_ids(dataset) == []
    assert await everywhere.app.stored_keys() == []
    assert (await everywhere.client.get(f"/datasets/{dataset}/documents/{document}")).status_code == 404


async def test_a_deleted_dataset_leaves_nothing(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    documents = [await everywhere.add(dataset, f"{TEXT} {at}") for at in range(3)]
    await everywhere.app.settle()
    collection = (await everywhere.app.dataset(dataset)).collection
    assert (await everywhere.client.delete(f"/datasets/{dataset}")).status_code == 204
    assert (await everywhere.client.get(f"/datasets/{dataset}")).status_code == 404
    await everywhere.app.settle()
    assert [await everywhere.app.segments(one) for one in documents] == [[], [], []]
    assert collection not in await everywhere.app.room.vectors.datasets()
    assert await everywhere.app.stored_keys() == []


async def test_an_update_replaces_the_text_and_nothing_of_the_old_is_left(everywhere: Any) -> None:
    dataset = await everywhere.dataset(indexing_technique="high_quality")
    document = await everywhere.add(dataset, TEXT, "Harbour")
    await everywhere.app.settle()
    answer = await everywhere.client.post(
        f"/datasets/{dataset}/documents/{document}/update-by-text",
        json={"name": "Harbour, winter", "text": "In winter the harbour is closed."},
    )
    assert answer.status_code == 200
    await everywhere.app.settle()
    [segment] = await everywhere.app.segments(document)
    assert segment.content == "In winter the harbour is closed."
    assert await everywhere.app.point_ids(dataset) == [segment.id]
    assert len(await everywhere.app.stored_keys()) == 1
    row = await everywhere.app.dataset(dataset)
    assert (row.available_document_count, row.word_count) == (1, len(segment.content))
    assert (await everywhere.app.document(document)).name == "Harbour, winter"


async def test_hits_are_counted_after_the_answer(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    document = await everywhere.add(dataset, TEXT)
    await everywhere.app.settle()
    before = await everywhere.app.document(document)
    await everywhere.ask(dataset, "ferry")
    await everywhere.ask(dataset, "harbour")
    await everywhere.app.room.hits.flush()
    [segment] = await everywhere.app.segments(document)
    after = await everywhere.app.document(document)
    assert (segment.hit_count, after.hit_count) == (2, 2)
    assert after.updated_at == before.updated_at


async def test_a_long_document_goes_through_every_stage(sqlite_url: str, tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {at} tells about thing number {at}. " + "word " * 90 for at in range(60))
    rule = {
        "mode": "custom",
        "rules": {
            "pre_processing_rules": [],
            "segmentation": {"separator": "\n\n", "max_tokens": 200, "chunk_overlap": 0},
        },
    }
    async with open_knowledge_app(sqlite_url, tmp_path, embedding_batch_size=10) as app:
        workspace_id, _ = await app.workspace()
        client = await app.client(workspace_id)
        dataset = (await client.post("/datasets", json={"name": "L", "indexing_technique": "high_quality"})).json()[
            "id"
        ]
        answer = await client.post(
            f"/datasets/{dataset}/document/create-by-text", json={"name": "Long", "text": text, "process_rule": rule}
        )
        document = answer.json()["document"]["id"]
        await app.settle()
        segments = await app.segments(document)
        assert [segment.position for segment in segments] == list(range(1, 61))
        assert {segment.status for segment in segments} == {"completed"}
        assert await app.point_ids(dataset) == sorted(segment.id for segment in segments)
        row = await app.document(document)
        assert (row.completed_segments, row.total_segments, row.segment_count) == (60, 60, 60)
        assert row.word_count == sum(segment.word_count for segment in segments)


async def test_a_dataset_keeps_the_model_it_was_first_embedded_with(knowledge: Any) -> None:
    answer = await knowledge.client.post("/datasets", json={"name": "Later decided"})
    dataset = answer.json()["id"]
    assert answer.json()["indexing_technique"] is None
    await knowledge.add(dataset, TEXT)
    await knowledge.app.settle()
    shown = (await knowledge.client.get(f"/datasets/{dataset}")).json()
    assert shown["indexing_technique"] == "high_quality"
    assert shown["embedding_model"] == "wordllama-256"
    assert shown["data_source_type"] == "upload_file"
    assert (await knowledge.app.dataset(dataset)).embedding_dimension == 256


@pytest.mark.parametrize("named", ["in the settings", "by the dataset"])
async def test_a_dataset_is_embedded_with_the_better_local_model_where_it_is_named(
    sqlite_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, named: str
) -> None:
    need_minilm()
    llm: dict[str, Any] = {"llm_model_cache_dir": prepared_models(tmp_path_factory)}
    body = {"name": "Harbour", "indexing_technique": "high_quality"}
    if named == "in the settings":
        llm["homeport_default_embedding"] = "minilm"
    else:
        body["embedding_model"] = "all-minilm-l6-v2"
    async with open_knowledge_app(sqlite_url, tmp_path, llm=llm) as app:
        workspace_id, _ = await app.workspace()
        client = await app.client(workspace_id)
        dataset = (await client.post("/datasets", json=body)).json()["id"]
        await client.post(f"/datasets/{dataset}/document/create-by-text", json={"name": "Page", "text": TEXT})
        await app.settle()
        row = await app.dataset(dataset)
        assert (row.embedding_model_provider, row.embedding_model) == ("minilm", "all-minilm-l6-v2")
        assert row.embedding_dimension == 384
        found = await client.post(f"/datasets/{dataset}/retrieve", json={"query": "departure of the boat"})
        assert [one["segment"]["content"] for one in found.json()["records"]] == [TEXT]


async def test_positions_are_given_once_and_never_again(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    first = await knowledge.add(dataset, "one")
    second = await knowledge.add(dataset, "two")
    await knowledge.app.settle()
    await knowledge.client.delete(f"/datasets/{dataset}/documents/{second}")
    third = await knowledge.add(dataset, "three")
    assert (await knowledge.app.document(first)).position == 1
    assert (await knowledge.app.document(third)).position == 3
