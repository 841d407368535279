"""The console from its own server, the API on another: what the image of the console is for."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from homeport.entry.console_files import BUILT
from tests.support.browser import open_visit
from tests.support.furnish import FIRST, furnish
from tests.support.processes import installation
from tests.support.servers import free_port
from tests.support.web_image import web_image


def test_a_person_works_with_a_console_that_another_server_serves(
    browser: Browser, tmp_path: Path, pictures: Path
) -> None:
    web_port, api_port = free_port(), free_port()
    addresses = {
        "CONSOLE_WEB_URL": f"http://127.0.0.1:{web_port}",
        "CONSOLE_API_URL": f"http://127.0.0.1:{api_port}",
    }
    with installation(tmp_path, **addresses) as found:
        process = found.start("up", "--port", str(api_port))
        process.says("Homeport is ready: ")
        api = addresses["CONSOLE_API_URL"]
        with web_image(BUILT, tmp_path, port=str(web_port), **addresses) as web:
            furnished = furnish(api, {"handbook.md": b"# Harbour\n\nThe harbour opens at six in the morning.\n"})
            with open_visit(browser, web, pictures) as visit:
                page = visit.page
                visit.expect_refusals(rf"^401 {api}/console/api/account/profile$")
                visit.go("/knowledge")
                page.get_by_label("Email").fill(FIRST["email"])
                page.get_by_label("Password").fill(FIRST["password"])
                page.keyboard.press("Enter")
                expect(visit.link("Harbour")).to_be_visible()

                visit.go(f"/apps/{furnished.app}/chat")
                page.get_by_label("Message").fill("When does the harbour open?")
                page.keyboard.press("Enter")
                expect(page.get_by_test_id("answer")).to_contain_text("six in the morning")
                visit.go(f"/apps/{furnished.app}/api")
                expect(page.get_by_text(f"{api}/v1").first).to_be_visible()

                visit.go(f"/knowledge/{furnished.dataset}/documents")
                expect(page.get_by_role("link", name="handbook.md")).to_be_visible()
                chooser = page.locator("input[type=file]").first
                chooser.set_input_files(
                    {"name": "rules.txt", "mimeType": "text/plain", "buffer": b"Boats keep to the right."}
                )
                expect(page.get_by_role("link", name="rules.txt")).to_be_visible()
                visit.assert_content()
        assert process.terminate() == 0, process.text
