"""A real browser before a running installation, and one tab of it as a person uses it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect, sync_playwright

from homeport.entry.console_files import BUILT
from tests.support.furnish import FIRST

#: Milliseconds until something that should appear counts as missing.
PATIENCE = 30_000
_LOOK = 50
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_FAILED_LOAD = "Failed to load resource"
#: Notes down what an answer and every progress bar showed on their way, faster than a test can look.
_RECORD = """
window.seen = {answers: [], progress: {}, stages: [], toasts: []};
const note = (list, value) => { if (list.at(-1) !== value) list.push(value); };
new MutationObserver(() => {
  for (const answer of document.querySelectorAll('[data-testid=answer]')) note(window.seen.answers, answer.textContent);
  for (const bar of document.querySelectorAll('[role=progressbar][aria-label^=Progress]'))
    note(window.seen.progress[bar.ariaLabel] ??= [], Number(bar.ariaValueNow));
  for (const stage of document.querySelectorAll('.status-cell .faint')) note(window.seen.stages, stage.textContent);
  for (const toast of document.querySelectorAll('.toasts .toast .grow')) note(window.seen.toasts, toast.textContent);
}).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
"""
_DROP = """(zone, [name, type, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name, {type}));
  for (const event of ['dragenter', 'dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(event, {dataTransfer, bubbles: true, cancelable: true}));
}"""


@dataclass  # without slots: Playwright keeps its handlers on the object
class Visit:
    """One tab. Whatever the page complains about is kept, to be looked at in the end."""

    page: Page
    address: str
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to listen and to take notes."""
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("console", self._heard)
        self.page.on("response", self._answered)
        self.page.add_init_script(_RECORD)

    def expect_refusals(self, pattern: str) -> None:
        """Answers like `401 /console/api/login` are part of what is tested."""
        self._expected.append(re.compile(pattern))

    def log_in(self) -> None:
        """Have the cookies of the administrator, without filling in the form."""
        credentials = {"email": FIRST["email"], "password": FIRST["password"]}
        answer = self.page.context.request.post(f"{self.address}/console/api/login", data=credentials)
        assert answer.ok, answer.text()

    def go(self, path: str) -> None:
        """Open an address of the console."""
        self.page.goto(f"{self.address}{path}")

    def button(self, name: str, *, exact: bool = True) -> Locator:
        """The button of that name."""
        return self.page.get_by_role("button", name=name, exact=exact)

    def link(self, name: str, *, exact: bool = True) -> Locator:
        """The link of that name."""
        return self.page.get_by_role("link", name=name, exact=exact)

    def heading(self, name: str) -> Locator:
        """The title of the page."""
        return self.page.get_by_role("heading", level=1, name=name, exact=True)

    def seen(self, what: str) -> list[str]:
        """What the tab has noted down since it was loaded: `answers`, `stages`, `toasts`."""
        found: list[str] = self.page.evaluate("what => window.seen[what]", what)
        return found

    def was_told(self, text: str) -> None:
        """Wait until a message that goes away by itself has been shown."""
        for _ in range(PATIENCE // _LOOK):
            if text in self.seen("toasts"):
                return
            self.page.wait_for_timeout(_LOOK)
        pytest.fail(f"{text!r} was not shown: {self.seen('toasts')}")

    def progress_of(self, name: str) -> list[int]:
        """The percentages that the progress bar of a document has shown since the tab was loaded."""
        found: list[int] = self.page.evaluate("name => window.seen.progress[name] ?? []", f"Progress of {name}")
        return found

    def drop_file(self, zone: Locator, name: str, mime_type: str, text: str) -> None:
        """Let go of a dragged file above `zone`."""
        zone.evaluate(_DROP, [name, mime_type, text])

    def picture(self, name: str) -> None:
        """Keep what is visible now."""
        self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    def assert_content(self) -> None:
        """Nothing was complained about."""
        assert not self.complaints, "\n".join(self.complaints)

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused request is told as a response, with its address.
        if message.type in ("error", "warning") and not message.text.startswith(_FAILED_LOAD):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _answered(self, response: Response) -> None:
        told = f"{response.status} {response.url.removeprefix(self.address)}"
        if response.status >= 400 and not any(pattern.search(told) for pattern in self._expected):
            self.complaints.append(f"refused: {told}")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium without a window; where it or the built console is missing, a skip (in CI a failure) that says so."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        _missing(f"there is no browser: none of {', '.join(_PROGRAMS)} is installed")
    if not (BUILT / "index.html").exists():
        _missing("the console is not built: run `make console`")
    expect.set_options(timeout=PATIENCE)  # the default timeout of a page is not for these
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def open_visit(browser: Browser, address: str, pictures: Path, **context: Any) -> Iterator[Visit]:
    """A tab with cookies and storage of its own; `context` as Playwright's `new_context` takes it."""
    opened = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 820}, **context})
    visit = Visit(opened.new_page(), address, pictures)
    visit.watch()
    # Before anybody is logged in, the console asks who is there.
    visit.expect_refusals(r"^401 /console/api/account/profile$")
    yield visit
    opened.close()


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
