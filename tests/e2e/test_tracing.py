"""An app is traced in the browser: keys are tried out, answers arrive, what fails is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Visit, open_visit
from tests.support.furnish import furnish
from tests.support.processes import installation
from tests.support.tracing_services import KEY, Langfuse, Reply, running


@pytest.fixture
def langfuse() -> Iterator[Langfuse]:
    """A service on loopback."""
    service = Langfuse()
    with running(service):
        yield service


@pytest.fixture
def traced(browser: Browser, tmp_path: Path, pictures: Path) -> Iterator[tuple[Visit, str]]:
    """The administrator of an installation whose operator has opened loopback, and an app there."""
    with installation(tmp_path, OUTBOUND_ALLOW_PRIVATE="127.0.0.1") as found:
        _, address = found.up()
        app = furnish(address, {"handbook.md": b"The harbour opens at six in the morning."}).app
        with open_visit(browser, address, pictures) as visit:
            visit.log_in()
            yield visit, app
            visit.assert_content()


def test_an_app_is_traced_with_the_keys_of_a_service(traced: tuple[Visit, str], langfuse: Langfuse) -> None:
    member, app = traced
    page = member.page
    member.expect_refusals(r"^400 /console/api/apps/.*/trace-config$")
    member.go(f"/apps/{app}/tracing")
    switch = page.get_by_role("switch", name="Hand answers to Langfuse")
    expect(switch).to_be_disabled()
    expect(member.button("Test and save")).to_be_disabled()
    page.get_by_label("Public key").fill("pk-lf-tests-1234")
    page.get_by_label("Secret key").fill("sk-wrong")
    page.get_by_label("Host").fill(langfuse.url)
    member.button("Test and save").click()
    expect(page.get_by_role("alert")).to_contain_text("langfuse: 401 Invalid credentials.")
    member.picture("tracing-refused")
    page.get_by_label("Secret key").fill(KEY)
    member.button("Test and save").click()
    member.was_told("Langfuse answers. Switch tracing on to hand answers over.")
    expect(page.get_by_label("Secret key")).to_have_attribute("placeholder", "sk-…3456")
    expect(page.get_by_label("Secret key")).to_have_value("")
    switch.click()
    expect(page.get_by_role("option", name="Langfuse (in use)")).to_be_attached()
    expect(switch).to_be_checked()
    member.picture("tracing-on")

    member.link("Chat").click()
    page.get_by_label("Message").fill("When does the harbour open?")
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_test_id("answer")).not_to_be_empty()
    expect(member.button("Send")).to_be_visible()
    for _ in range(200):
        if langfuse.traces():
            break
        page.wait_for_timeout(50)
    [seen] = langfuse.traces()
    assert seen.query == "When does the harbour open?"

    langfuse.instead = Reply(401, {"message": "Invalid credentials"})
    page.get_by_label("Message").fill("And when does it close?")
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_test_id("answer")).to_have_count(2)
    expect(member.button("Send")).to_be_visible()
    member.go(f"/apps/{app}/tracing")
    for _ in range(40):
        if page.get_by_text("could not be handed over").is_visible():
            break
        page.wait_for_timeout(200)
        page.reload()
        page.wait_for_load_state("networkidle")
    expect(page.get_by_text("The last answer that could not be handed over")).to_be_visible()
    expect(page.get_by_text("langfuse: 401 Invalid credentials.")).to_be_visible()
    member.picture("tracing-failed")

    langfuse.instead = None
    member.button("Remove").click()
    member.picture("tracing-remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    member.was_told("The keys of Langfuse are removed.")
    expect(switch).to_be_disabled()
    expect(switch).not_to_be_checked()
