"""The same built console below a path of a host that serves other things too, behind a real proxy."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import open_visit
from tests.support.furnish import FIRST, furnish
from tests.support.nginx_server import nginx
from tests.support.processes import installation
from tests.support.servers import free_port

_FILES = {"handbook.md": b"# Harbour handbook\n\nThe harbour opens at six in the morning.\n"}
_PROXIES = {
    "the-proxy-cuts-the-path-off": "location /homeport/ {{ proxy_pass {0}/; {1} }}",
    "the-proxy-hands-the-path-on": "location /homeport/ {{ proxy_pass {0}; {1} }}",
}
_COMMON = "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"


@pytest.mark.parametrize("location", _PROXIES.values(), ids=_PROXIES)
def test_a_person_works_below_a_path_and_reloads_a_deep_link(
    browser: Browser, tmp_path: Path, pictures: Path, location: str
) -> None:
    port = free_port()
    public = f"http://127.0.0.1:{port}/homeport"
    with installation(tmp_path, CONSOLE_WEB_URL=public) as found:
        process, address = found.up()
        # Outside of /homeport/ the host is somebody else's.
        server = f"{location.format(address, _COMMON)}\nlocation / {{ return 418; }}"
        with nginx(tmp_path, port, server), open_visit(browser, public, pictures) as visit:
            furnished = furnish(public, _FILES)
            page = visit.page

            visit.go("/knowledge")
            expect(visit.heading("Log in")).to_be_visible()
            page.get_by_label("Email").fill(FIRST["email"])
            page.get_by_label("Password").fill(FIRST["password"])
            page.keyboard.press("Enter")
            visit.link("Harbour").click()
            visit.link("handbook.md").click()
            expect(page.get_by_text("opens at six").first).to_be_visible()
            assert page.url.startswith(f"{public}/knowledge/{furnished.dataset}/")

            visit.go(f"/apps/{furnished.app}/chat")
            page.get_by_label("Message").fill("When does the harbour open?")
            page.keyboard.press("Enter")
            expect(page.get_by_test_id("answer")).to_contain_text("six in the morning")
            page.reload()
            expect(page.get_by_test_id("answer")).to_contain_text("six in the morning")

            visit.go(f"/apps/{furnished.app}/api")
            expect(page.get_by_text(f"{public}/v1").first).to_be_visible()
            assert {cookie.get("path") for cookie in page.context.cookies()} == {"/homeport"}
            visit.button("Log out").click()
            expect(visit.heading("Log in")).to_be_visible()
            assert httpx.get(f"{public}/v1/openapi.json", follow_redirects=True, timeout=30).status_code == 200
            visit.assert_content()
        assert process.terminate() == 0, process.text
