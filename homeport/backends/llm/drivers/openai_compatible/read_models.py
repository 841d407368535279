"""Read a server's list of models, which says little more than names."""

from __future__ import annotations

import re
from typing import Any

from homeport.backends.llm.port import ModelInfo

_EMBEDDING = re.compile(r"embed|(^|[/_-])(bge|e5|gte|minilm|jina-clip)([-_.:]|$)", re.IGNORECASE)
_NEITHER = re.compile(
    r"whisper|tts|dall-e|moderation|rerank|(^|[-_])(image|audio|realtime|transcribe|sora)([-_]|$)", re.IGNORECASE
)


def read_models(answer: Any) -> list[ModelInfo]:
    """The chat and embedding models in the answer, sorted by name; what only draws, hears or speaks is left out."""
    items = answer.get("data") or [] if isinstance(answer, dict) else answer
    found = (
        [_read(item) for item in items if isinstance(item, dict) and item.get("id")] if isinstance(items, list) else []
    )
    return sorted((model for model in found if not _NEITHER.search(model.name)), key=lambda model: model.name)


def _read(item: dict[str, Any]) -> ModelInfo:
    name = str(item["id"])
    size = item.get("max_model_len") or item.get("context_length") or item.get("context_window")
    is_embedding = item.get("type") == "embedding" or _EMBEDDING.search(name) is not None
    return ModelInfo(
        name, "text-embedding" if is_embedding else "llm", int(size) if isinstance(size, int | float) else None
    )
