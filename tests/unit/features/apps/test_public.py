"""What a program is told about an app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_app import ChatApp, model, open_chat_app
from tests.support.house import FIRST

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_parameters_tell_features_form_and_limits(chat: ChatApp) -> None:
    form = [{"select": {"variable": "v", "label": "V", "required": True, "options": ["a", "b"]}}]
    document: dict[str, Any] = {
        "opening_statement": "Welcome!",
        "suggested_questions": ["Why?"],
        "suggested_questions_after_answer": {"enabled": True},
        "user_input_form": form,
        "text_to_speech": {"enabled": True, "voice": "alloy", "language": "en-US", "autoPlay": "off"},
    }
    app = await chat.add_app(model("echo") | document)

    body = (await app.client.get("/parameters")).json()

    assert list(body) == [
        "opening_statement",
        "suggested_questions",
        "suggested_questions_after_answer",
        "speech_to_text",
        "text_to_speech",
        "retriever_resource",
        "annotation_reply",
        "more_like_this",
        "user_input_form",
        "sensitive_word_avoidance",
        "file_upload",
        "system_parameters",
    ]
    assert (body["opening_statement"], body["suggested_questions"]) == ("Welcome!", ["Why?"])
    assert body["suggested_questions_after_answer"] == {"enabled": True}
    assert body["speech_to_text"] == body["annotation_reply"] == {"enabled": False}
    assert body["text_to_speech"] == document["text_to_speech"]
    [field] = body["user_input_form"]
    assert field["select"] | form[0]["select"] == field["select"]
    assert body["file_upload"]["image"]["enabled"] is False
    assert body["system_parameters"] == {
        "image_file_size_limit": 10,
        "video_file_size_limit": 100,
        "audio_file_size_limit": 50,
        "file_size_limit": 15,
        "workflow_file_upload_limit": 10,
    }


async def test_the_operator_says_how_many_files_a_list_has(tmp_path: Path) -> None:
    async with open_chat_app(tmp_path, set_up=True, WORKFLOW_FILE_UPLOAD_LIMIT="3") as chat:
        app = await chat.add_app()
        body = (await app.client.get("/parameters")).json()

    assert body["system_parameters"]["workflow_file_upload_limit"] == 3


async def test_info_meta_and_site_describe_the_app(chat: ChatApp) -> None:
    app = await chat.add_app(mode="completion", description="Helps.", icon="🐙")

    assert (await app.client.get("/info")).json() == {
        "name": "Helper",
        "description": "Helps.",
        "tags": [],
        "mode": "completion",
        "author_name": FIRST["name"],
    }
    assert (await app.client.get("/meta")).json() == {"tool_icons": {}}
    site = (await app.client.get("/site")).json()
    assert list(site) == [
        "title",
        "chat_color_theme",
        "chat_color_theme_inverted",
        "icon_type",
        "icon",
        "icon_background",
        "description",
        "copyright",
        "privacy_policy",
        "custom_disclaimer",
        "default_language",
        "show_workflow_steps",
        "use_icon_as_answer_icon",
        "icon_url",
    ]
    assert (site["title"], site["icon"]) == ("Helper", "🐙")


async def test_a_change_of_the_app_counts_from_the_next_request_on(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo") | {"opening_statement": "A"})
    assert (await app.client.get("/parameters")).json()["opening_statement"] == "A"

    await chat.console.patch(f"/apps/{app.id}", json={"model_config": {"opening_statement": "B"}})

    assert (await app.client.get("/parameters")).json()["opening_statement"] == "B"
