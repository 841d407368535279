"""What is found, in which order, and what must not be found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeport.backends.vectors.port import Point
from homeport.features.knowledge.retrieve import RetrievalOptions, SearchMethod, search
from tests.support.knowledge_app import open_knowledge_app
from tests.unit.features.knowledge_flow.conftest import make_knowledge

TEXTS = {
    "Cats": "Cats sleep for most of the day and hunt at night.",
    "Harbour": "The harbour master opens the gate at seven in the morning.",
    "Invoice": "Invoice RX-4711 was paid by bank transfer in March.",
    "Bread": "Sourdough bread needs flour, water, salt and a lot of patience.",
}


@pytest.fixture
async def library(sqlite_url: str, tmp_path: Path) -> AsyncIterator[tuple[Any, str, dict[str, str]]]:
    """Four embedded documents: `(knowledge, dataset id, document ids by name)`."""
    async with open_knowledge_app(sqlite_url, tmp_path, vectors="sqlite") as app:
        knowledge = await make_knowledge(app)
        dataset = await knowledge.dataset(indexing_technique="high_quality")
        ids = {name: await knowledge.add(dataset, text, name) for name, text in TEXTS.items()}
        await app.settle()
        yield knowledge, dataset, ids


async def test_meaning_is_found_without_common_words(library: Any) -> None:
    knowledge, dataset, _ = library
    found = await knowledge.ask(dataset, "feline animals resting", search_method="semantic_search", top_k=1)
    assert found == [TEXTS["Cats"]]


async def test_words_are_found_exactly(library: Any) -> None:
    knowledge, dataset, _ = library
    found = await knowledge.ask(dataset, "RX-4711", search_method="full_text_search")
    assert found == [TEXTS["Invoice"]]


@pytest.mark.parametrize(("query", "first"), [("RX-4711", "Invoice"), ("baking a loaf", "Bread")])
async def test_a_hybrid_search_finds_both(library: Any, query: str, first: str) -> None:
    knowledge, dataset, _ = library
    assert (await knowledge.ask(dataset, query, search_method="hybrid_search"))[0] == TEXTS[first]


async def test_scores_fall_and_the_threshold_holds(library: Any) -> None:
    knowledge, dataset, _ = library
    for method in SearchMethod:
        options = RetrievalOptions(method=method, top_k=10)
        found = await search(knowledge.app.room, knowledge.workspace_id, [dataset], "when do cats sleep", options)
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        options = RetrievalOptions(method=method, top_k=10, score_threshold=scores[0])
        [best] = await search(knowledge.app.room, knowledge.workspace_id, [dataset], "when do cats sleep", options)
        assert best.content == TEXTS["Cats"]
        assert best.document_name == "Cats"


async def test_highlights_mark_the_words_of_the_question(library: Any) -> None:
    knowledge, dataset, _ = library
    [best] = await search(
        knowledge.app.room, knowledge.workspace_id, [dataset], "harbour gate", RetrievalOptions(top_k=1)
    )
    assert [best.content[start:end] for start, end in best.highlights] == ["harbour", "gate"]


@pytest.mark.parametrize(("out", "back"), [("disable", "enable"), ("archive", "un_archive")])
async def test_withheld_documents_are_not_found_until_they_are_let_in_again(library: Any, out: str, back: str) -> None:
    knowledge, dataset, ids = library
    path = f"/datasets/{dataset}/documents/status"
    everything = await knowledge.ask(dataset, "cats sleep", search_method="semantic_search", top_k=3)
    assert everything[0] == TEXTS["Cats"]
    await knowledge.client.patch(f"{path}/{out}", json={"document_ids": [ids["Cats"]]})
    for method in SearchMethod:
        assert TEXTS["Cats"] not in await knowledge.ask(dataset, "cats sleep", search_method=method, top_k=3)
    # The place is taken by others: exactly as many as asked for.
    assert len(await knowledge.ask(dataset, "cats sleep", search_method="semantic_search", top_k=3)) == 3
    await knowledge.client.patch(f"{path}/{back}", json={"document_ids": [ids["Cats"]]})
    assert await knowledge.ask(dataset, "cats sleep", search_method="semantic_search", top_k=3) == everything


async def test_points_without_a_document_take_no_place(library: Any) -> None:
    knowledge, dataset, _ = library
    room = knowledge.app.room
    collection = (await knowledge.app.dataset(dataset)).collection
    leftovers = [
        Point(f"00000000-0000-0000-0000-{at:012}", collection, f"gone-{at}", "Cats sleep, cats sleep.")
        for at in range(30)
    ]
    await room.vectors.add_texts(leftovers)
    assert await knowledge.ask(dataset, "cats sleep", search_method="full_text_search", top_k=2) == [TEXTS["Cats"]]


async def test_several_datasets_are_searched_as_one(library: Any) -> None:
    knowledge, dataset, _ = library
    economy = await knowledge.dataset("Words only")
    await knowledge.add(economy, "The night watchman sleeps by day.", "Watchman")
    await knowledge.app.settle()
    ids = [dataset, economy]
    found = await search(
        knowledge.app.room, knowledge.workspace_id, ids, "who sleeps by day", RetrievalOptions(top_k=5)
    )
    assert {one.dataset_name for one in found} == {"Docs", "Words only"}
    assert len(found) == 5
    assert found[0].score >= found[-1].score


async def test_nothing_is_found_in_foreign_empty_or_unknown_datasets(library: Any) -> None:
    knowledge, dataset, _ = library
    room = knowledge.app.room
    workspace_id, _ = await knowledge.app.workspace("two")
    assert await search(room, workspace_id, [dataset], "cats", RetrievalOptions()) == []
    assert await search(room, knowledge.workspace_id, [], "cats", RetrievalOptions()) == []
    assert await search(room, knowledge.workspace_id, ["no id at all"], "cats", RetrievalOptions()) == []
    assert await search(room, knowledge.workspace_id, [dataset], "  ", RetrievalOptions()) == []
    empty = await knowledge.dataset("Empty", indexing_technique="high_quality")
    for method in SearchMethod:
        assert await knowledge.ask(empty, "cats", search_method=method) == []


async def test_a_datasets_own_search_is_used_when_nothing_is_said(library: Any) -> None:
    knowledge, dataset, _ = library
    body = {"retrieval_model": {"search_method": "full_text_search", "top_k": 1}}
    await knowledge.client.patch(f"/datasets/{dataset}", json=body)
    assert await knowledge.ask(dataset, "patience") == [TEXTS["Bread"]]
    threshold = {"search_method": "full_text_search", "score_threshold_enabled": True, "score_threshold": 1.0}
    await knowledge.client.patch(f"/datasets/{dataset}", json={"retrieval_model": threshold})
    assert await knowledge.ask(dataset, "patience and something else") == []
