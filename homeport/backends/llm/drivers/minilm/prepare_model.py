"""Prepare the model once per machine: from the weights of the package to one file in the cache directory."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
from pathlib import Path

from homeport.backends.llm.drivers.minilm.find_weights import PUBLISHED, WEIGHTS, find_file
from homeport.backends.llm.errors import Misconfigured

#: Raise it with every change of the graph.
_VERSION = 1
FILE_NAME = f"all-minilm-l6-v2-int8-{_VERSION}-{PUBLISHED[WEIGHTS][:12]}.onnx"


def prepare_model(cache_dir: Path | None) -> Path:
    """The path of the prepared model, made when it is not there: some seconds, 25 MB. Raises `Misconfigured`.

    Processes that begin at once may each make it; the last one's file stays, which is the same.
    """
    try:
        path = (cache_dir or usual_cache_dir()) / FILE_NAME
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, _build())
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
        raise Misconfigured(
            f"The embedding model cannot be prepared in the cache directory: {error}.",
            hint="Name a directory that can be written in LLM_MODEL_CACHE_DIR.",
        ) from error
    return path


def usual_cache_dir() -> Path:
    """Where the person's programs keep what they can make anew. `RuntimeError` when there is no home directory."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of these directories has relative paths ignored.
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "homeport"


def _build() -> bytes:
    # Both are needed once per machine and are 60 MB in memory, so they are loaded here and by name.
    safetensors = importlib.import_module("safetensors")
    builder = importlib.import_module("homeport.backends.llm.drivers.minilm.build_graph")
    with safetensors.safe_open(find_file(WEIGHTS), framework="numpy") as weights:
        model: bytes = builder.build_graph(weights.get_tensor).SerializeToString()
        return model


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that others see either whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # others may run the program, and the weights are public
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
