"""API keys: made in the browser, used by a program."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.support.browser import Visit
from tests.support.furnish import Furnished


def new_key(visit: Visit) -> str:
    """Make a key on the page that is open."""
    page = visit.page
    visit.button("Create API key").click()
    dialog = page.get_by_role("dialog", name="Your new API key")
    expect(dialog.get_by_text("shown only this once")).to_be_visible()
    token = dialog.get_by_label("API key", exact=True).input_value()
    visit.picture("key-new")
    visit.button("Done").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert token not in page.content()
    return token


def test_a_key_of_an_app_asks_the_app_until_it_is_revoked(member: Visit, furnished: Furnished) -> None:
    page = member.page
    member.go(f"/apps/{furnished.app}/api")
    expect(page.get_by_text("No API keys yet")).to_be_visible()
    token = new_key(member)
    assert token.startswith("app-")
    question = {"query": "When does the harbour open?", "inputs": {}, "response_mode": "blocking", "user": "reader-1"}

    def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(f"{furnished.address}/v1/chat-messages", json=question, headers=headers, timeout=30)

    answer = ask()
    assert answer.status_code == 200, answer.text
    assert "six in the morning" in answer.json()["answer"]
    member.picture("app-api")

    page.get_by_role("button", name="Revoke key").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("No API keys yet")).to_be_visible()
    assert ask().status_code == 401


def test_a_dataset_key_reads_the_knowledge_base(member: Visit, furnished: Furnished) -> None:
    member.go(f"/knowledge/{furnished.dataset}/api")
    token = new_key(member)
    assert token.startswith("dataset-")
    url = f"{furnished.address}/v1/datasets/{furnished.dataset}/documents"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert {document["name"] for document in answer.json()["data"]} == set(furnished.documents)
