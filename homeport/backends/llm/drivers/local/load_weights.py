"""Load the small embedding model that the wordllama package carries, without importing that package.

Importing it would change the logging of the whole process, load an HTTP client and keep the weights twice as large; its
two files are all that is needed. The weights stay on disk and are mapped, so processes share them.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from homeport.backends.llm.errors import Misconfigured

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class Weights:
    """A vector per token, as half floats of shape (tokens, dimension), and what makes tokens of texts."""

    vectors: NDArray[np.float16]
    tokenizer: Any

    @property
    def dimension(self) -> int:
        """Numbers per vector."""
        return int(self.vectors.shape[1])

    def embed(self, texts: list[str]) -> list[list[float]]:
        """The mean of each text's token vectors, brought to length 1; an empty text counts as a blank."""
        means = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = self.tokenizer.encode_batch_fast([text or " " for text in texts], add_special_tokens=False)
        for row, tokens in enumerate(encoded):
            means[row] = self.vectors[tokens.ids].mean(axis=0, dtype=np.float32)
        unit: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return unit


def load_weights() -> Weights:
    """Map the weights and read the tokenizer, about 0.2 s. Raises `Misconfigured` for an unexpected package."""
    folder = _package_folder()
    try:
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        vectors = _map_vectors(folder / _WEIGHTS)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise Misconfigured(
            f"The local embedding model in {folder} cannot be read: {error}.", hint="Reinstall the package wordllama."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return Weights(vectors, tokenizer)


def _package_folder() -> Path:
    found = importlib.util.find_spec("wordllama")
    if found is None or found.origin is None:
        raise Misconfigured(
            "The local embedding model needs the package 'wordllama', which is not installed.",
            hint="Install it: pip install wordllama.",
        )
    return Path(found.origin).parent


def _map_vectors(path: Path) -> NDArray[np.float16]:
    """The one tensor in a safetensors file: a little-endian length, a JSON header of that length, the numbers."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    tensor = next(entry for name, entry in header.items() if name != "__metadata__")
    if tensor["dtype"] != "F16" or len(tensor["shape"]) != 2:
        raise ValueError(f"expected one matrix of half floats, found {tensor['dtype']} {tensor['shape']}")
    offset = 8 + length + tensor["data_offsets"][0]
    return np.asarray(np.memmap(path, dtype=np.float16, mode="r", offset=offset, shape=tuple(tensor["shape"])))
