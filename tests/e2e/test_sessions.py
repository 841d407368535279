"""Logging in and out, the keyboard, and light and dark."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.browser import Visit, open_visit
from tests.support.furnish import FIRST, Furnished


def test_logging_out_and_in_again_leads_back(member: Visit, furnished: Furnished) -> None:
    page = member.page
    member.expect_refusals(r"^401 /console/api/login$")
    member.go("/knowledge")
    expect(member.link("Harbour")).to_be_visible()
    member.button("Log out").click()
    expect(member.heading("Log in")).to_be_visible()

    member.go(f"/apps/{furnished.app}/configure")
    expect(member.heading("Log in")).to_be_visible()
    page.get_by_label("Email").fill(FIRST["email"])
    page.get_by_label("Password").fill("wrong horse 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("password")
    member.picture("login-refused")
    page.get_by_label("Password").fill(FIRST["password"])
    page.keyboard.press("Enter")
    expect(member.heading("Harbour guide")).to_be_visible()
    expect(page.get_by_text("Everything is saved.")).to_be_visible()


def test_a_session_that_ended_elsewhere_leads_to_the_log_in_page(member: Visit) -> None:
    member.go("/knowledge")
    expect(member.heading("Knowledge")).to_be_visible()
    member.expect_refusals(r"^401 /console/api/")
    member.page.context.clear_cookies()
    member.link("Apps").click()
    expect(member.heading("Log in")).to_be_visible()


def test_the_theme_is_chosen_and_remembered(member: Visit) -> None:
    page = member.page
    member.go("/knowledge")
    expect(member.heading("Knowledge")).to_be_visible()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    member.button("Theme: system. Switch to light").click()
    member.button("Theme: light. Switch to dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(member.heading("Knowledge")).to_be_visible()
    assert page.evaluate(ground) == dark
    member.button("Theme: dark. Switch to system").click()
    assert page.evaluate(ground) == light


def test_without_a_choice_the_theme_follows_the_system(browser: Browser, furnished: Furnished, member: Visit) -> None:
    member.go("/account")
    with open_visit(browser, furnished.address, member.pictures, color_scheme="dark") as other:
        other.log_in()
        other.go("/account")
        ground = "getComputedStyle(document.body).backgroundColor"
        assert other.page.evaluate(ground) != member.page.evaluate(ground)
        other.assert_content()


def test_the_keyboard_alone_reaches_the_content(member: Visit) -> None:
    page = member.page
    member.go("/knowledge")
    expect(member.button("Create knowledge base")).to_be_visible()  # it comes with the list
    page.keyboard.press("Tab")
    expect(member.link("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Create knowledge base")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
