"""An app on a knowledge base answers from its passages and says which ones."""

from __future__ import annotations

import asyncio

import pytest

from homeport.features.chat.describe_answer import Citation, Metadata, Usage, WholeAnswer
from homeport.runtime.db.columns import new_id
from tests.support.chat_app import App, ChatApp, Document, model
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

FERRY = "The ferry to Port Ellis leaves at noon every day.\n\nThe lighthouse was built of granite in 1843."


async def add_knowledge(chat: ChatApp, name: str = "") -> str:
    """A searchable knowledge base with one document of two segments."""
    made = await chat.console.post("/datasets", json={"name": name or new_id(), "indexing_technique": "economy"})
    assert made.status_code == 201, made.text
    dataset = str(made.json()["id"])
    rules = {"segmentation": {"separator": "\n\n", "max_tokens": 100}}
    rule = {"mode": "custom", "rules": rules}
    body = {"name": "harbour.txt", "text": FERRY, "process_rule": rule}
    added = await chat.console.post(f"/datasets/{dataset}/documents/text", json=body)
    assert added.status_code == 201, added.text
    path = f"/datasets/{dataset}/documents/{added.json()['document']['id']}"
    async with asyncio.timeout(20):
        while (await chat.console.get(path)).json()["indexing_status"] != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return dataset


async def add_app(chat: ChatApp, answers: Document, dataset: str, **retrieval: object) -> App:
    datasets = {"datasets": [{"dataset": {"enabled": True, "id": dataset}}]}
    return await chat.add_app(answers | {"dataset_configs": {"datasets": datasets, "top_k": 1, **retrieval}})


async def test_an_answer_carries_the_passages_it_was_made_from(chat: ChatApp, models: ModelServer) -> None:
    dataset = await add_knowledge(chat, "Harbour")
    app = await add_app(chat, model("cite"), dataset)

    events = await app.stream("When does the ferry leave?", retriever_from="api")

    assert "[1]" in events.answer
    [citation] = events.last["metadata"]["retriever_resources"]
    assert list(citation) == list(Citation.model_fields)
    assert citation["content"] == "The ferry to Port Ellis leaves at noon every day."
    assert (citation["position"], citation["dataset_id"], citation["dataset_name"]) == (1, dataset, "Harbour")
    assert (citation["document_name"], citation["segment_position"]) == ("harbour.txt", 1)
    assert (citation["retriever_from"], citation["data_source_type"]) == ("api", "upload_file")
    assert citation["score"] > 0
    [call] = models.calls_to("/chat/completions")
    system = call.body["messages"][0]
    assert system["role"] == "system"
    assert "[1] harbour.txt\nThe ferry to Port Ellis leaves at noon every day." in system["content"]
    assert "granite" not in system["content"]
    asked = {"user": "ann", "conversation_id": events.last["conversation_id"]}
    [message] = (await app.client.get("/messages", params=asked)).json()["data"]
    assert message["retriever_resources"] == [citation]


async def test_citations_may_be_switched_off_and_are_kept_all_the_same(chat: ChatApp) -> None:
    dataset = await add_knowledge(chat)
    app = await add_app(chat, model("cite") | {"retriever_resource": {"enabled": False}}, dataset)

    whole = (await app.ask("When does the ferry leave?")).json()

    assert whole["metadata"]["retriever_resources"] == []


async def test_without_a_model_the_best_passages_are_quoted_with_their_numbers(chat: ChatApp) -> None:
    dataset = await add_knowledge(chat)
    app = await add_app(chat, model("extractive", "homeport/extractive"), dataset)

    whole = (await app.ask("When does the ferry leave?")).json()

    assert "> The ferry to Port Ellis leaves at noon every day. [1]" in whole["answer"]
    assert len(whole["metadata"]["retriever_resources"]) == 1


async def test_a_completion_searches_with_its_query_variable(chat: ChatApp) -> None:
    dataset = await add_knowledge(chat)
    form = [{"text-input": {"variable": "topic"}}]
    datasets = {"datasets": [{"dataset": {"enabled": True, "id": dataset}}]}
    document = model("cite") | {
        "user_input_form": form,
        "pre_prompt": "About {{topic}}.",
        "dataset_query_variable": "topic",
        "dataset_configs": {"datasets": datasets, "top_k": 1},
    }
    app = await chat.add_app(document, mode="completion")

    body = {"inputs": {"topic": "granite lighthouse"}, "user": "ann"}
    whole = (await app.client.post("/completion-messages", json=body)).json()

    [citation] = whole["metadata"]["retriever_resources"]
    assert "granite" in citation["content"]


async def test_a_knowledge_base_that_is_gone_or_disabled_is_not_searched(chat: ChatApp) -> None:
    dataset = await add_knowledge(chat)
    app = await add_app(chat, model("cite"), dataset)

    refused = await chat.console.delete(f"/datasets/{dataset}")
    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_in_use")

    entry = {"dataset": {"enabled": False, "id": dataset}}
    document = {"dataset_configs": {"datasets": {"datasets": [entry]}}}
    await chat.console.patch(f"/apps/{app.id}", json={"model_config": document})
    whole = (await app.ask("When does the ferry leave?")).json()
    assert whole["metadata"]["retriever_resources"] == []
    assert (await chat.console.delete(f"/datasets/{dataset}")).status_code == 204


async def test_the_description_of_an_answer_is_what_is_answered(chat: ChatApp) -> None:
    dataset = await add_knowledge(chat)
    app = await add_app(chat, model("cite"), dataset)

    whole = (await app.ask("When does the ferry leave?")).json()

    assert list(WholeAnswer.model_fields) == list(whole)
    assert list(Metadata.model_fields) == list(whole["metadata"])
    assert list(Usage.model_fields) == list(whole["metadata"]["usage"])
    assert WholeAnswer.model_validate(whole).model_dump() == whole
