"""Every page of the console: named for those who do not see it, in one piece in the dark and on a small screen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import Visit
from tests.support.furnish import Furnished

#: Address and title of each page; `{…}` are fields of what the installation holds.
PAGES = {
    "knowledge-list": ("/knowledge", "Knowledge"),
    "documents": ("/knowledge/{dataset}/documents", "Harbour"),
    "retrieval": ("/knowledge/{dataset}/retrieval", "Harbour"),
    "knowledge-settings": ("/knowledge/{dataset}/settings", "Harbour"),
    "knowledge-api": ("/knowledge/{dataset}/api", "Harbour"),
    "document": ("/knowledge/{dataset}/documents/{documents[handbook.md]}", "handbook.md"),
    "document-failed": ("/knowledge/{dataset}/documents/{documents[sealed.pdf]}", "sealed.pdf"),
    "apps": ("/apps", "Apps"),
    "chat": ("/apps/{app}/chat", "Harbour guide"),
    "configure": ("/apps/{app}/configure", "Harbour guide"),
    "app-tracing": ("/apps/{app}/tracing", "Harbour guide"),
    "app-api": ("/apps/{app}/api", "Harbour guide"),
    "completion": ("/apps/{completion}", "Letter writer"),
    "jobs": ("/operations/jobs", "Jobs"),
    "models": ("/settings/models", "Models"),
    "account": ("/account", "Account"),
    "nowhere": ("/no/such/page", "Page not found"),
}
CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "switch", "spinbutton"}
#: The widest thing that sticks out of the window, and nothing when all fit.
STICKING_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? null :
  [...document.querySelectorAll('body *')].map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 120)])
    .sort((a, b) => b[0] - a[0])[0].join(' px: ')"""
FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const look = e => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor,
    s.backgroundColor, s.color, s.transform].join(); };
  const boxes = [element, element.parentElement, element.parentElement.parentElement];
  const focused = boxes.map(look);
  element.blur();
  const plain = boxes.map(look);
  element.focus();
  return {what: element.outerHTML.slice(0, 160), visible: focused.some((one, index) => one !== plain[index])};
}"""


def controls_of(page: Page) -> list[dict[str, Any]]:
    """Every control as assistive technology is told of it: role and name."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")
    session.detach()
    return [
        {"role": node["role"]["value"], "name": node.get("name", {}).get("value", "").strip()}
        for node in tree["nodes"]
        if not node["ignored"] and node["role"]["value"] in CONTROLS
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_named_and_whole_in_every_light_and_width(member: Visit, furnished: Furnished, name: str) -> None:
    page = member.page
    path, title = PAGES[name]
    member.expect_refusals("^404 /no/such/page$")
    page.emulate_media(reduced_motion="reduce")
    member.go(path.format(**furnished.known))
    expect(member.heading(title)).to_be_visible()
    expect(page).to_have_title(re.compile(f"^{re.escape(title)}.* · Homeport$"))
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    member.picture(f"{name}-light")

    found = controls_of(page)
    assert len(found) > 3, found
    assert [one for one in found if not one["name"]] == []

    page.emulate_media(color_scheme="dark")
    member.picture(f"{name}-dark")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(STICKING_OUT) is None
    member.picture(f"{name}-small")


@pytest.mark.parametrize("name", ["documents", "configure", "app-tracing", "jobs", "models"])
def test_the_focus_is_visible_wherever_tab_leads(member: Visit, furnished: Furnished, name: str) -> None:
    page = member.page
    path, title = PAGES[name]
    page.emulate_media(reduced_motion="reduce")
    member.go(path.format(**furnished.known))
    expect(member.heading(title)).to_be_visible()
    page.wait_for_load_state("networkidle")
    for _ in range(25):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused is None or focused["visible"], f"No sign of the focus on {focused['what']}"
