"""A browser, and installations for it to visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support import sample_files
from tests.support.browser import Visit, open_browser, open_visit
from tests.support.furnish import Furnished, furnish
from tests.support.processes import installation

_FILES = {
    "handbook.md": ("# Harbour handbook\n\n" + "\n\n".join(sample_files.SENTENCES)).encode(),
    "ships.csv": sample_files.csv_file(),
    "sealed.pdf": sample_files.pdf(password="secret"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


# Playwright's event loop occupies the thread as long as the browser is open: it must end with the module, or the
# asynchronous tests of other modules could not run after it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; pytest shows the folder with `-s`."""
    folder = tmp_path_factory.mktemp("pictures")
    print(f"\nscreenshots: {folder}")
    return folder


@pytest.fixture
def newcomer(browser: Browser, tmp_path: Path, pictures: Path) -> Iterator[Visit]:
    """A person who opens a fresh installation for the first time; the page must never complain."""
    with installation(tmp_path) as found:
        process, address = found.up()
        with open_visit(browser, address, pictures) as visit:
            yield visit
            visit.assert_content()
        assert process.terminate() == 0, process.text


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """An installation with an administrator, a knowledge base and an app, shared by the tests of this process."""
    with installation(tmp_path_factory.mktemp("furnished")) as found:
        _, address = found.up()
        yield furnish(address, _FILES)


@pytest.fixture
def member(browser: Browser, furnished: Furnished, pictures: Path) -> Iterator[Visit]:
    """The administrator of the furnished installation, logged in; the page must never complain."""
    with open_visit(browser, furnished.address, pictures) as visit:
        visit.log_in()
        yield visit
        visit.assert_content()
