"""The better embedding model in this process: its vectors."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.port import Account, ChatRequest, Embedder, Message
from homeport.backends.llm.registry import Models
from homeport.backends.llm.settings import LlmSettings
from tests.support.minilm_weights import need_minilm, prepared_models, read_exact_model

ACCOUNT = Account("minilm", "minilm")
MODEL = "all-minilm-l6-v2"


@pytest.fixture
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Models that keep what they prepare in a directory shared by all tests."""
    need_minilm()
    return Models(LlmSettings.model_validate({"llm_model_cache_dir": prepared_models(tmp_path_factory)}))


@pytest.fixture
async def embedder(models: Models) -> Embedder:
    """The embedder as features get it."""
    return (await models.open_llm(ACCOUNT)).embedder(MODEL)


async def test_the_vectors_are_those_of_the_exact_model(embedder: Embedder) -> None:
    texts = [
        "x",
        "a fast car",
        "How do I reset my password?",
        "Zürich's ferry leaves at 09:40; tickets cost 12.50 €.",
        "SELECT name FROM town WHERE id = 7;",
        "The harbour office is closed on Mondays. Ships that arrive then wait at the outer pier. " * 5,
        "a longer text than the model reads " * 100,
    ]
    exact = read_exact_model()
    alike = [
        float(np.dot(vector, exact.embed(text)))
        for text, vector in zip(texts, await embedder.embed(texts, "document"), strict=True)
    ]
    assert min(alike) >= 0.98, alike


async def test_a_question_is_nearest_to_the_passage_that_answers_it(embedder: Embedder) -> None:
    questions = ["How can I get my money back?", "When does the boat leave?", "Which port does the server listen on?"]
    passages = [
        "Refunds are paid within ten days after a return.",
        "The ferry departs daily at half past nine.",
        "By default it binds to 127.0.0.1:5001.",
        "Tomato soup tastes best with basil.",
    ]
    alike = np.array(await embedder.embed(questions, "query")) @ np.array(await embedder.embed(passages, "document")).T
    assert alike.argmax(axis=1).tolist() == [0, 1, 2]


async def test_paraphrases_are_nearer_than_unrelated_texts(embedder: Embedder) -> None:
    pairs = [
        ("a fast car", "quick automobiles"),
        ("The cat sat outside in the rain.", "A feline was getting wet in the garden."),
        ("He fixed the broken machine.", "The device was repaired by him."),
    ]
    first = np.array(await embedder.embed([pair[0] for pair in pairs], "document"))
    alike = first @ np.array(await embedder.embed([pair[1] for pair in pairs], "document")).T
    assert np.diag(alike).min() > (alike - 2 * np.eye(3)).max() + 0.2


async def test_a_vector_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    texts = [f"text number {n} {'and more ' * n}" for n in range(20)]
    together = await embedder.embed(texts, "document")
    assert len(together) == 20
    for n in (0, 7, 8, 19):
        assert together[n] == (await embedder.embed([texts[n]], "query"))[0]


async def test_any_text_has_a_vector_of_length_one(embedder: Embedder) -> None:
    vectors = await embedder.embed(["", " ", "\x00", "世界", "🎉", "long " * 5000, "x" * 5000], "document")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.shape(vectors) == (7, 384)


async def test_calls_at_once_get_what_they_asked_for(models: Models) -> None:
    provider = await models.open_llm(ACCOUNT)
    texts = ["one", "two", "three", "four"]
    alone = [(await provider.embedder(MODEL).embed([text], "query"))[0] for text in texts]
    at_once = await asyncio.gather(*(provider.embedder(MODEL).embed([text], "query") for text in texts))
    assert [vectors[0] for vectors in at_once] == alone


async def test_first_calls_at_once_load_the_model_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    need_minilm()
    from homeport.backends.llm.drivers.minilm.driver import MiniLmDriver

    driver = MiniLmDriver(prepared_models(tmp_path_factory))
    first, second = await asyncio.gather(driver.model(), driver.model())
    assert first is second


async def test_another_model_is_not_found(models: Models) -> None:
    provider = await models.open_llm(ACCOUNT)
    with pytest.raises(errors.NotFound, match="accepted is all-minilm-l6-v2"):
        provider.embedder("other")


async def test_the_model_of_the_settings_is_opened() -> None:
    need_minilm()
    opened = await Models(LlmSettings(homeport_default_embedding="minilm")).open_default_embedder()
    assert (opened.model, opened.dimension) == (MODEL, 384)


async def test_chatting_is_unsupported(models: Models) -> None:
    provider = await models.open_llm(ACCOUNT)
    with pytest.raises(errors.Unsupported):
        await anext(provider.stream(ChatRequest("any", [Message("user", "Hi")])))
