"""The operator says which model providers are shown, and which come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.chat_app import open_chat_app


async def listed(data_dir: Path, **variables: str) -> list[str]:
    async with open_chat_app(data_dir, set_up=True, **variables) as chat:
        answer = await chat.console.get("/model-providers")
        return [one["provider"] for one in answer.json()["data"]]


async def test_pinned_providers_come_first_in_their_order_then_those_in_use(tmp_path: Path) -> None:
    shown = await listed(tmp_path, POSITION_PROVIDER_PINS="langgenius/vllm/vllm, openai,nobody-knows,vllm")

    assert shown[:4] == ["vllm", "openai", "extractive", "local"]


@pytest.mark.parametrize(
    ("includes", "excludes", "shown"),
    [
        ("langgenius/openai/openai,xai,extractive", "", {"extractive", "openai", "x"}),
        ("openai,extractive", "openai", {"extractive"}),
    ],
)
async def test_only_included_providers_are_shown_and_excluded_ones_never(
    tmp_path: Path, includes: str, excludes: str, shown: set[str]
) -> None:
    variables = {"POSITION_PROVIDER_INCLUDES": includes, "POSITION_PROVIDER_EXCLUDES": excludes}
    assert set(await listed(tmp_path, **variables)) == shown
