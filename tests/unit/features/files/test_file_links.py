"""Files are sent to those who may have them, and cannot act in the name of the site."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from homeport.features.files.sign_links import sign_link
from homeport.features.files.tables import UploadFile
from homeport.features.files.upload import save_upload
from tests.support.files_app import PERSON, FilesApp, open_files_app


async def _saved(files: FilesApp, name: str, content: bytes, mime_type: str) -> UploadFile:
    return await save_upload(files.room, files.workspace_id, name, content, mime_type, PERSON)


async def test_a_link_opens_its_file_only_and_only_as_it_was_signed(files: FilesApp, client: httpx.AsyncClient) -> None:
    image = await _saved(files, "a.png", b"PNG", "image/png")
    other = await _saved(files, "b.png", b"another", "image/png")
    link = sign_link(files.room, image.id, "image-preview")
    assert (await client.get(link)).content == b"PNG"
    for changed in (
        link.replace(image.id, other.id),
        link.replace("image-preview", "file-preview"),
        link.replace("timestamp=", "timestamp=1"),
        link.replace("nonce=", "nonce=0"),
        link[:-4] + "AAA=",
        link.replace("sign=", "sign=%00%C3%A9"),
    ):
        answer = await client.get(changed)
        assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    assert (await client.get(link.partition("?")[0])).status_code == 400
    assert (await client.get(link.replace("timestamp=", "timestamp=soon"))).status_code == 400


async def test_a_link_runs_out(files: FilesApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await _saved(files, "a.txt", b"text", "text/plain")
    link = sign_link(files.room, file.id)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 299)
    assert (await client.get(link)).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 302)
    answer = await client.get(link)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    assert "300 seconds" in answer.json()["message"]


async def test_a_link_to_a_file_that_is_gone_is_answered_404(files: FilesApp, client: httpx.AsyncClient) -> None:
    assert (await client.get(sign_link(files.room, str(uuid4())))).status_code == 404
    file = await _saved(files, "a.txt", b"text", "text/plain")
    await files.room.storage.delete(file.key)
    answer = await client.get(sign_link(files.room, file.id))
    assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")


async def test_the_image_address_serves_images_only(files: FilesApp, client: httpx.AsyncClient) -> None:
    file = await _saved(files, "a.txt", b"text", "text/plain")
    answer = await client.get(sign_link(files.room, file.id, "image-preview"))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_file_type")


async def test_links_begin_with_the_configured_roots(sqlite_url: str, tmp_path: Path) -> None:
    roots = {"console_api_url": "https://console.test/", "internal_files_url": "http://api:5001"}
    async with open_files_app(sqlite_url, tmp_path, **roots) as files:
        assert sign_link(files.room, "x").startswith("https://console.test/files/x/file-preview?")
        assert sign_link(files.room, "x", internal=True).startswith("http://api:5001/files/x/file-preview?")
    async with open_files_app(sqlite_url, tmp_path, files_url="https://files.test", **roots) as files:
        assert sign_link(files.room, "x").startswith("https://files.test/files/x/")


@pytest.mark.parametrize(
    ("name", "mime_type", "sent_as", "saved"),
    [
        ("a.png", "image/png", "image/png", False),
        ("a.pdf", "application/pdf", "application/pdf", False),
        ("page.html", "text/html", "application/octet-stream", True),
        ("page.html", "text/plain", "application/octet-stream", True),
        ("page.png", "application/xhtml+xml", "application/octet-stream", True),
        ("a.docx", "application/msword", "application/msword", True),
        ("a.xml", "text/xml", "text/xml", True),
    ],
)
async def test_nothing_but_harmless_types_is_shown_by_a_browser(
    files: FilesApp, client: httpx.AsyncClient, name: str, mime_type: str, sent_as: str, saved: bool
) -> None:
    file = await _saved(files, name, b"content", mime_type)
    answer = await client.get(f"/v1/files/{file.id}/preview")
    assert answer.content == b"content"
    assert answer.headers["Content-Type"].partition(";")[0] == sent_as
    assert ("Content-Disposition" in answer.headers) == saved
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "public, max-age=3600"


async def test_as_attachment_the_name_survives_in_any_script(files: FilesApp, client: httpx.AsyncClient) -> None:
    file = await _saved(files, "日本 'x';.txt", b"content", "text/plain")
    answer = await client.get(f"/v1/files/{file.id}/preview", params={"as_attachment": True})
    assert answer.headers["Content-Disposition"] == ("attachment; filename*=UTF-8''%E6%97%A5%E6%9C%AC%20%27x%27%3B.txt")


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, None),
        ("bytes=-0", 416, None, None),
        ("bytes=5-3", 416, None, None),
        ("bytes=-", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=" + "9" * 5000 + "-", 200, b"0123456789", None),
        (None, 200, b"0123456789", None),
    ],
)
async def test_media_can_be_asked_for_in_ranges(
    files: FilesApp, client: httpx.AsyncClient, asked: str | None, status: int, content: bytes | None, told: str | None
) -> None:
    file = await _saved(files, "a.mp3", b"0123456789", "audio/mpeg")
    answer = await client.get(f"/v1/files/{file.id}/preview", headers={"Range": asked} if asked else {})
    assert answer.status_code == status
    assert answer.headers.get("Content-Range") == told
    if content is not None:
        assert answer.content == content
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Length"] == str(len(content))


async def test_other_files_come_whole(files: FilesApp, client: httpx.AsyncClient) -> None:
    file = await _saved(files, "a.txt", b"0123456789", "text/plain")
    answer = await client.get(f"/v1/files/{file.id}/preview", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert "Accept-Ranges" not in answer.headers
