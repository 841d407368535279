"""A model server, connected in the browser: the same app answers with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.support.browser import Visit
from tests.support.furnish import Furnished
from tests.support.model_server import ModelServer, model_server

PROVIDER = "OpenAI-compatible"


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    """A model server on loopback that wants a key."""
    with model_server(api_key="sk-right", delay=0.05) as server:
        yield server


def test_a_model_server_is_connected_and_answers_with_citations(
    member: Visit, furnished: Furnished, models: ModelServer
) -> None:
    page = member.page
    member.expect_refusals(r"^400 /console/api/model-providers/")
    member.go("/settings/models")
    member.button(f"Configure {PROVIDER}").click()
    page.get_by_label("Base URL").fill(models.url)
    page.get_by_label("API key").fill("sk-wrong")
    page.get_by_label("API key").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("key")
    member.picture("models-refused")
    page.get_by_label("API key").fill("sk-right")
    page.get_by_text("Model names").click()
    page.get_by_label("Chat models").fill("cite\nslow")
    member.button("Test and save").click()
    expect(page.get_by_text(f"answers at {models.url}")).to_be_visible()
    member.button("Done").click()
    page.get_by_label("Chat model", exact=True).select_option(label="cite (OpenAI-compatible)")
    member.was_told("The default model is saved.")
    member.picture("models")

    member.go(f"/apps/{furnished.app}/chat")
    page.get_by_label("Message").fill("When does the harbour open?")
    page.get_by_label("Message").press("Enter")
    answer = page.get_by_test_id("answer")
    expect(answer).to_have_text("According to the knowledge base 1.")
    answer.get_by_role("button", name="Source 1: handbook.md").click()
    passage = page.get_by_role("complementary", name="Source 1").get_by_text("six in the morning")
    # Lines of a passage stay lines, also before any other page has been opened.
    expect(passage).to_have_css("white-space", "pre-wrap")


def test_a_slow_answer_is_stopped_and_what_was_said_is_kept(
    member: Visit, furnished: Furnished, models: ModelServer
) -> None:
    page = member.page
    member.go(f"/apps/{furnished.app}/configure")
    page.get_by_label("Model", exact=True).select_option(label="slow (OpenAI-compatible)")
    member.button("Save configuration").click()
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    member.picture("app-configure")

    member.link("Chat").click()
    page.get_by_label("Message").fill("Tell me everything.")
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_test_id("answer")).to_contain_text("word3")
    member.picture("chat-streaming")
    for _ in range(200):
        growing = [text for text in member.seen("answers") if text]
        if len(growing) > 2:
            break
        page.wait_for_timeout(20)
    assert len(growing) > 2, f"The answer did not stream: {growing}"
    assert all(len(before) <= len(after) for before, after in pairwise(growing)), growing
    member.button("Stop").click()
    expect(member.button("Send")).to_be_visible()
    models.wait_until(lambda: any(call.closed_early for call in models.calls_to("/chat/completions")))
    said = page.get_by_test_id("answer").inner_text()
    assert "word199" not in said

    page.reload()
    # What had come to the server when the word to stop arrived is kept, too.
    expect(page.get_by_test_id("answer")).to_have_text(re.compile(f"^{re.escape(said)}"))
    expect(page.get_by_test_id("answer")).not_to_contain_text("word199")
    member.picture("chat-stopped")
