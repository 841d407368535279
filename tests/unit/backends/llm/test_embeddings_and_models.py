"""Embeddings in batches, addresses in every form, lists of models, requests made to fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.drivers.openai_compatible.adapt_request import adapt
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiProvider, complete_address
from homeport.backends.llm.drivers.openai_compatible.read_models import read_models
from homeport.backends.llm.port import ModelInfo
from tests.support.model_scripts import DIMENSION, hashed_vector
from tests.support.model_server import ModelServer

Connect = Callable[..., OpenAiProvider]


async def test_many_texts_go_in_batches_and_keep_their_order(connect: Connect, server: ModelServer) -> None:
    texts = [f"text {n}" for n in range(8)]
    embedder = connect().embedder("embed-reversed")
    assert embedder.dimension is None
    assert await embedder.embed(texts, "document") == [hashed_vector(text) for text in texts]
    assert [len(call.body["input"]) for call in server.calls_to("/embeddings")] == [3, 3, 2]
    assert embedder.dimension == DIMENSION


async def test_an_empty_text_is_sent_as_a_blank(connect: Connect, server: ModelServer) -> None:
    assert len(await connect().embedder("test-embedding").embed([""], "query")) == 1
    assert server.calls[0].body["input"] == [" "]


async def test_too_few_vectors_are_an_error(connect: Connect) -> None:
    with pytest.raises(errors.LlmError, match="gave 1 vectors for 2 texts"):
        await connect().embedder("embed-short").embed(["a", "b"], "document")


async def test_a_failing_embedding_is_named(connect: Connect) -> None:
    with pytest.raises(errors.NotFound, match=r"\(404\)"):
        await connect().embedder("fail-404").embed(["a"], "query")


@pytest.mark.parametrize(
    ("given", "complete"),
    [
        ("http://host:8000", "http://host:8000/v1"),
        ("http://host:8000/", "http://host:8000/v1"),
        ("http://host:8000/v1", "http://host:8000/v1"),
        (" http://host/v1/ ", "http://host/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("https://host/openai/v1", "https://host/openai/v1"),
        ("https://host/api/paas/v4/", "https://host/api/paas/v4"),
    ],
)
def test_an_address_is_completed(given: str, complete: str) -> None:
    assert complete_address(given) == complete


async def test_an_address_without_path_is_called_under_v1(connect: Connect, server: ModelServer) -> None:
    await connect(server.origin).check()
    assert server.calls[0].path == "/v1/models"


async def test_models_are_listed_with_their_kind(connect: Connect) -> None:
    names = {model.name: model.type for model in await connect().list_models()}
    assert names == {"cite": "llm", "echo": "llm", "test-chat": "llm", "test-embedding": "text-embedding"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"id": "gpt-4o"}, [ModelInfo("gpt-4o", "llm")]),
        ({"id": "text-embedding-3-small"}, [ModelInfo("text-embedding-3-small", "text-embedding")]),
        ({"id": "BAAI/bge-m3"}, [ModelInfo("BAAI/bge-m3", "text-embedding")]),
        ({"id": "mistral:7b", "max_model_len": 32768}, [ModelInfo("mistral:7b", "llm", 32768)]),
        ({"id": "whisper-1"}, []),
        ({"id": "tts-1-hd"}, []),
        ({"name": "no id"}, []),
    ],
)
def test_a_name_tells_what_a_model_does(item: dict[str, Any], expected: list[ModelInfo]) -> None:
    assert read_models({"data": [item]}) == expected
    assert read_models([item]) == expected


@pytest.mark.parametrize("answer", [None, {}, {"data": None}, {"data": "x"}, "x", 3])
def test_a_list_of_something_else_lists_nothing(answer: Any) -> None:
    assert read_models(answer) == []


def test_max_tokens_takes_its_new_name_when_the_model_wants_it() -> None:
    refusal = b"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    adapted = adapt({"model": "m", "max_tokens": 5}, 400, refusal)
    assert adapted == {"model": "m", "max_completion_tokens": 5}
    assert adapt(adapted, 400, refusal) is None


def test_an_ordinary_refusal_is_not_argued_with() -> None:
    assert adapt({"stream_options": {}}, 400, b"bad temperature") is None
    assert adapt({"stream_options": {}}, 500, b"stream_options") is None
