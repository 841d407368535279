"""Segments that people write, change, switch off and delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeport.backends.vectors.errors import Misconfigured
from tests.support.knowledge_app import open_knowledge_app
from tests.unit.features.knowledge_flow.conftest import make_knowledge

Shelf = tuple[Any, str, str, str]


@pytest.fixture(params=["economy", "high_quality"])
async def shelf(knowledge: Any, request: pytest.FixtureRequest) -> Shelf:
    """`(knowledge, dataset id, document id, path of its segments)`, one segment in it."""
    dataset = await knowledge.dataset(indexing_technique=request.param)
    document = await knowledge.add(dataset, "The harbour opens at seven.")
    await knowledge.app.settle()
    return knowledge, dataset, document, f"/datasets/{dataset}/documents/{document}/segments"


async def _words(knowledge: Any, dataset: str, document: str) -> tuple[int, int, int]:
    row = await knowledge.app.document(document)
    return row.word_count, row.segment_count, (await knowledge.app.dataset(dataset)).word_count


async def test_an_added_segment_is_found_at_once(shelf: Shelf) -> None:
    knowledge, dataset, document, path = shelf
    new = [{"content": "Ferries leave at noon."}, {"content": "Tugs are blue.", "keywords": ["4711", "4711", " "]}]
    answer = await knowledge.client.post(path, json={"segments": new})
    assert [one["position"] for one in answer.json()["data"]] == [2, 3]
    assert answer.json()["data"][1]["keywords"] == ["4711"]
    found = await knowledge.ask(dataset, "ferries noon", search_method="full_text_search", top_k=1)
    assert found == ["Ferries leave at noon."]
    by_keyword = await knowledge.ask(dataset, "4711", search_method="full_text_search", top_k=1)
    assert by_keyword == ["Tugs are blue."]
    total = len("The harbour opens at seven.") + len("Ferries leave at noon.") + len("Tugs are blue.")
    assert await _words(knowledge, dataset, document) == (total, 3, total)


async def test_a_changed_segment_is_found_by_its_new_words_only(shelf: Shelf) -> None:
    knowledge, dataset, document, path = shelf
    [segment] = await knowledge.app.segments(document)
    body = {"segment": {"content": "The lighthouse is red.", "keywords": ["beacon"]}}
    changed = (await knowledge.client.post(f"{path}/{segment.id}", json=body)).json()["data"]
    assert (changed["content"], changed["word_count"]) == ("The lighthouse is red.", 22)
    assert changed["index_node_hash"] != segment.index_node_hash
    assert changed["updated_by"] == knowledge.account_id
    words = {"search_method": "full_text_search"}
    assert await knowledge.ask(dataset, "harbour", **words) == []
    assert await knowledge.ask(dataset, "beacon", **words) == ["The lighthouse is red."]
    assert await _words(knowledge, dataset, document) == (22, 1, 22)


async def test_a_disabled_segment_is_not_found_until_it_is_enabled(shelf: Shelf) -> None:
    knowledge, dataset, document, path = shelf
    [segment] = await knowledge.app.segments(document)
    off = await knowledge.client.post(f"{path}/{segment.id}", json={"segment": {"enabled": False}})
    assert off.json()["data"]["enabled"] is False
    assert off.json()["data"]["disabled_by"] == knowledge.account_id
    assert await knowledge.ask(dataset, "harbour") == []
    # A change while it is off counts when it is on again.
    await knowledge.client.post(f"{path}/{segment.id}", json={"segment": {"content": "The harbour is closed."}})
    assert await knowledge.ask(dataset, "harbour") == []
    on = await knowledge.client.post(f"{path}/{segment.id}", json={"segment": {"enabled": True}})
    assert on.json()["data"]["disabled_at"] is None
    assert await knowledge.ask(dataset, "harbour") == ["The harbour is closed."]


async def test_a_deleted_segment_leaves_no_point(shelf: Shelf) -> None:
    knowledge, dataset, document, path = shelf
    [segment] = await knowledge.app.segments(document)
    assert (await knowledge.client.delete(f"{path}/{segment.id}")).status_code == 204
    assert await knowledge.app.point_ids(dataset) == []
    assert await _words(knowledge, dataset, document) == (0, 0, 0)
    assert (await knowledge.client.get(f"{path}/{segment.id}")).status_code == 404
    assert (await knowledge.client.delete(f"{path}/{segment.id}")).status_code == 404


async def test_segments_are_listed_by_content_and_status(shelf: Shelf) -> None:
    knowledge, _, _, path = shelf
    await knowledge.client.post(path, json={"segments": [{"content": f"Number {at}."} for at in range(5)]})
    found = (await knowledge.client.get(path, params={"keyword": "number", "limit": 2, "page": 2})).json()
    assert [one["content"] for one in found["data"]] == ["Number 2.", "Number 3."]
    assert (found["total"], found["has_more"]) == (5, True)
    assert (await knowledge.client.get(path, params={"status": ["waiting", "error"]})).json()["total"] == 0
    assert (await knowledge.client.get(path, params={"status": ["waiting", "completed"]})).json()["total"] == 6


@pytest.mark.parametrize(
    "segment", [{}, {"content": " "}, {"content": "w" * 20_000}, {"content": "x", "keywords": ["k" * 201]}]
)
async def test_a_segment_that_makes_no_sense_is_refused(knowledge: Any, segment: dict[str, Any]) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Text.")
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents/{document}/segments"
    answer = await knowledge.client.post(path, json={"segments": [{"content": "Good."}, segment]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
    assert len(await knowledge.app.segments(document)) == 1


@pytest.fixture
async def few(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    """A request may add two segments."""
    async with open_knowledge_app(sqlite_url, tmp_path, dataset_max_segments_per_request=2) as app:
        yield await make_knowledge(app)


async def test_more_segments_than_a_request_may_add_are_refused(few: Any) -> None:
    dataset = await few.dataset()
    document = await few.add(dataset, "Text.")
    await few.app.settle()
    path = f"/datasets/{dataset}/documents/{document}/segments"
    answer = await few.client.post(path, json={"segments": [{"content": "a"}] * 3})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
    assert "DATASET_MAX_SEGMENTS_PER_REQUEST" in answer.text
    assert (await few.client.post(path, json={"segments": [{"content": "a"}] * 2})).status_code == 200


async def test_segments_are_added_to_completed_documents_in_service_only(gated: Any, vectors: Any) -> None:
    dataset = await gated.dataset()
    vectors.stop_at = 1
    document = await gated.add(dataset, "Text.")
    await vectors.reached.wait()
    path = f"/datasets/{dataset}/documents/{document}/segments"
    body = {"segments": [{"content": "More."}]}
    assert (await gated.client.post(path, json=body)).status_code == 404
    vectors.gate.set()
    await gated.app.settle()
    status = f"/datasets/{dataset}/documents/status"
    await gated.client.patch(f"{status}/disable", json={"document_ids": [document]})
    assert (await gated.client.post(path, json=body)).status_code == 404
    await gated.client.patch(f"{status}/enable", json={"document_ids": [document]})
    assert (await gated.client.post(path, json=body)).status_code == 200


async def test_a_segment_that_cannot_be_indexed_is_not_kept(gated: Any, vectors: Any) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "Text.")
    await gated.app.settle()
    vectors.failure = Misconfigured("No room.")
    path = f"/datasets/{dataset}/documents/{document}/segments"
    answer = await gated.client.post(path, json={"segments": [{"content": "More."}]})
    assert answer.json()["code"] == "vectors_misconfigured"
    assert len(await gated.app.segments(document)) == 1
