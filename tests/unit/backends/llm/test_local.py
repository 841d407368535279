"""The embedding model in this process."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import numpy as np
import pytest

from homeport.backends.llm import errors
from homeport.backends.llm.drivers.local.driver import LocalDriver
from homeport.backends.llm.drivers.local.load_weights import load_weights
from homeport.backends.llm.port import Account, ChatRequest, Message

ACCOUNT = Account("local", "local")


async def test_texts_of_like_meaning_are_near() -> None:
    embedder = LocalDriver().connect(ACCOUNT).embedder("wordllama-256")
    car, automobile, soup = np.array(
        await embedder.embed(["a fast car", "quick automobiles", "tomato soup"], "document")
    )
    assert car @ automobile > car @ soup + 0.1


async def test_more_texts_than_one_step_keep_their_order() -> None:
    embedder = LocalDriver().connect(ACCOUNT).embedder("wordllama-256")
    texts = [f"text number {n}" for n in range(600)]
    vectors = await embedder.embed(texts, "document")
    assert len(vectors) == 600
    assert vectors[599] == (await embedder.embed([texts[599]], "query"))[0]


async def test_any_text_has_a_vector_of_length_one() -> None:
    embedder = LocalDriver().connect(ACCOUNT).embedder("wordllama-256")
    vectors = await embedder.embed(["", " ", "\x00", "世界", "🎉", "long " * 5000], "document")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_first_calls_at_once_load_the_model_once() -> None:
    driver = LocalDriver()
    first, second = await asyncio.gather(driver.weights(), driver.weights())
    assert first is second


async def test_another_model_is_not_found() -> None:
    with pytest.raises(errors.NotFound, match="accepted is wordllama-256"):
        LocalDriver().connect(ACCOUNT).embedder("other")


async def test_chatting_is_unsupported() -> None:
    with pytest.raises(errors.Unsupported):
        LocalDriver().connect(ACCOUNT).stream(ChatRequest("any", [Message("user", "Hi")]))


def test_the_vectors_are_those_of_the_package_itself() -> None:
    # In a process of its own: importing the package changes the logging of the whole process.
    texts = ["How do I configure it?", "世界 hello"]
    program = (
        "import json, sys, pathlib, importlib.util, wordllama\n"
        "folder = pathlib.Path(importlib.util.find_spec('wordllama').origin).parent\n"
        "model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)\n"
        "print(json.dumps(model.embed(json.loads(sys.argv[1]), norm=True).tolist()))\n"
    )
    import json

    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(texts)], capture_output=True, text=True, check=True
    )
    assert np.allclose(load_weights().embed(texts), json.loads(done.stdout), atol=1e-5)
