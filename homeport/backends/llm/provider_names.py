"""The provider names that apps, requests and settings carry, and what they mean here.

Names come as `langgenius/openai/openai` (organization, package, provider), as `langgenius/openai` or as `openai`;
only the last part counts. All but the built-in ones are reached over the OpenAI interface, which these providers offer.
"""

from __future__ import annotations

from dataclasses import dataclass

from homeport.backends.llm.errors import Misconfigured

COMPATIBLE = "openai_compatible"


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """One provider: its short name, how it is shown, and where it is reached when nobody says otherwise."""

    name: str
    label: str
    driver: str = COMPATIBLE
    #: None where every installation has its own address.
    base_url: str | None = None
    needs_key: bool = True


KNOWN = (
    KnownProvider("extractive", "Built-in quoting", "extractive", needs_key=False),
    KnownProvider("local", "Built-in embeddings", "local", needs_key=False),
    KnownProvider("minilm", "Built-in embeddings, better", "minilm", needs_key=False),
    KnownProvider("openai", "OpenAI", base_url="https://api.openai.com/v1"),
    KnownProvider("openai_api_compatible", "OpenAI-compatible", needs_key=False),
    KnownProvider("ollama", "Ollama", base_url="http://127.0.0.1:11434/v1", needs_key=False),
    KnownProvider("lmstudio", "LM Studio", base_url="http://127.0.0.1:1234/v1", needs_key=False),
    KnownProvider("localai", "LocalAI", needs_key=False),
    KnownProvider("vllm", "vLLM", needs_key=False),
    KnownProvider("xinference", "Xorbits Inference", needs_key=False),
    KnownProvider("deepseek", "DeepSeek", base_url="https://api.deepseek.com/v1"),
    KnownProvider("fireworks", "Fireworks", base_url="https://api.fireworks.ai/inference/v1"),
    KnownProvider("gemini", "Google Gemini", base_url="https://generativelanguage.googleapis.com/v1beta/openai"),
    KnownProvider("groq", "Groq", base_url="https://api.groq.com/openai/v1"),
    KnownProvider("mistralai", "Mistral AI", base_url="https://api.mistral.ai/v1"),
    KnownProvider("moonshot", "Moonshot", base_url="https://api.moonshot.cn/v1"),
    KnownProvider("nvidia", "NVIDIA", base_url="https://integrate.api.nvidia.com/v1"),
    KnownProvider("openrouter", "OpenRouter", base_url="https://openrouter.ai/api/v1"),
    KnownProvider("siliconflow", "SiliconFlow", base_url="https://api.siliconflow.cn/v1"),
    KnownProvider("stepfun", "StepFun", base_url="https://api.stepfun.com/v1"),
    KnownProvider("togetherai", "Together AI", base_url="https://api.together.xyz/v1"),
    KnownProvider("tongyi", "Tongyi", base_url="https://dashscope.aliyuncs.com/compatible-mode/v1"),
    KnownProvider("x", "xAI", base_url="https://api.x.ai/v1"),
    KnownProvider("zhipuai", "Zhipu AI", base_url="https://open.bigmodel.cn/api/paas/v4"),
)

#: Other spellings of the names above.
ALIASES = {
    "openai_compatible": "openai_api_compatible",
    "google": "gemini",
    "lm_studio": "lmstudio",
    "mistral": "mistralai",
    "together": "togetherai",
    "xai": "x",
}

_BY_NAME = {provider.name: provider for provider in KNOWN}


def short_name(name: str) -> str:
    """The last part of `name` in the spelling used here; the provider need not be known."""
    short = name.strip().rstrip("/").rpartition("/")[2].lower().replace("-", "_")
    return ALIASES.get(short, short)


def find_provider(name: str) -> KnownProvider:
    """The provider meant by `name` in any of its forms; raises `Misconfigured` with the accepted names."""
    provider = _BY_NAME.get(short_name(name))
    if provider is None:
        raise Misconfigured(
            f"The model provider {name!r} is unknown; accepted are {', '.join(sorted(_BY_NAME))}.",
            hint="A provider that speaks the OpenAI interface can be added as openai_api_compatible with its address.",
        )
    return provider
