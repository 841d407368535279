"""The image of the console answers under real nginx as the server answers with its own files."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.web_image import web_image

PAGE = '<base href="/" />\n<meta name="homeport-base" content="/" />\n<title>Homeport</title>\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "app-1a2b.js").write_text("1")
    return folder


@pytest.mark.parametrize("before", ["", "/home.port"])
def test_pages_files_and_what_is_missing(site: Path, tmp_path: Path, before: str) -> None:
    with (
        web_image(site, tmp_path, CONSOLE_WEB_URL="https://example.org/home.port") as address,
        httpx.Client(base_url=f"{address}{before}") as client,
    ):
        for path in ("/", "/index.html", "/apps", "/apps/1/chat", "/assets/"):
            page = client.get(path)
            assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache"), path
            assert '<base href="/home.port/" />' in page.text
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        asset = client.get("/assets/app-1a2b.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert client.get("/favicon.svg").headers["content-type"] == "image/svg+xml"
        for path in ("/assets/gone.js", "/favicon.ico", "/..%2f..%2fetc/passwd.txt"):
            missing = client.get(path)
            assert missing.status_code in (400, 404), path
            assert "immutable" not in missing.headers.get("cache-control", "")
            assert "Homeport" not in missing.text


def test_the_path_without_its_slash_leads_to_the_page(site: Path, tmp_path: Path) -> None:
    with web_image(site, tmp_path, CONSOLE_WEB_URL="https://example.org/home.port") as address:
        moved = httpx.get(f"{address}/home.port")
        assert (moved.status_code, moved.headers["location"]) == (308, "/home.port/")
        assert httpx.get(f"{address}/homeXport/favicon.svg").status_code == 404
