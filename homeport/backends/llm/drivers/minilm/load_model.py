"""Load the prepared model and turn texts into vectors with it; everything here takes time and belongs in a thread."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf
from tokenizers import Tokenizer

from homeport.backends.llm.drivers.minilm.find_weights import TOKENIZER, find_file
from homeport.backends.llm.drivers.minilm.prepare_model import prepare_model
from homeport.backends.llm.errors import Misconfigured

#: What the model was made for; the rest of a longer text is not read.
_MAX_TOKENS = 256
_ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class Model:
    """A session that turns token numbers into a vector, and what makes tokens of texts. Threads may share it."""

    session: Any
    tokenizer: Any

    def embed(self, texts: list[str]) -> list[list[float]]:
        """A vector of 384 numbers and length 1 for each text, one by one: none depends on its neighbours."""
        vectors: list[list[float]] = []
        for tokens in self.tokenizer.encode_batch_fast(texts):
            [rows] = self.session.run(None, {"tokens": np.array([tokens.ids], dtype=np.int64)})
            vectors += rows.tolist()
        return vectors


def load_model(cache_dir: Path | None) -> Model:
    """Read tokenizer and model, about 0.2 s once the model is prepared. Raises `Misconfigured`."""
    tokenizer = Tokenizer.from_file(str(find_file(TOKENIZER)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    return Model(_open_session(prepare_model(cache_dir)), tokenizer)


def _open_session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _usable_cores()
    options.log_severity_level = _ERRORS_ONLY
    # Neither keep memory for the longest text ever seen, nor burn the event loop's time while waiting for work.
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, InvalidProtobuf) as error:
        raise Misconfigured(
            f"The prepared embedding model {path} cannot be read.", hint="Delete the file; it is then made anew."
        ) from error


def _usable_cores() -> int:
    """As many as this process may use, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
