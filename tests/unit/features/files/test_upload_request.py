"""Uploads by request: read as they come, stored whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select
from starlette.types import Message

from homeport.features.files.tables import UploadFile
from tests.support.files_app import PERSON, FilesApp, open_files_app

UPLOAD = "/v1/files/upload"
MEGABYTE = 1024 * 1024
HEAD = b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n\r\n'
MULTIPART = "multipart/form-data; boundary=frontier"


async def _rows(files: FilesApp) -> int:
    async with files.room.database.read() as session:
        return await session.scalar(select(func.count()).select_from(UploadFile)) or 0


async def _refused(files: FilesApp, answer: httpx.Response, status: int, code: str) -> str:
    """The sentence of a refusal that left nothing behind."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await files.stored_keys() == []
    assert await _rows(files) == 0
    return str(answer.json()["message"])


async def test_an_upload_is_kept_as_it_was_sent(database_url: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    async with open_files_app(database_url, tmp_path) as files, files.client() as client:
        answer = await client.post(
            UPLOAD, files={"file": ("Übersicht 1.PDF", content, "application/pdf")}, data={"user": "ann"}
        )
        assert answer.status_code == 201
        body = answer.json()
        assert (body["name"], body["extension"], body["size"]) == ("Übersicht 1.PDF", "pdf", len(content))
        assert (body["mime_type"], body["created_by"]) == ("application/pdf", PERSON)
        assert isinstance(body["created_at"], int)
        assert set(body) >= {
            "preview_url",
            "source_url",
            "original_url",
            "user_id",
            "tenant_id",
            "conversation_id",
            "file_key",
        }
        async with files.room.database.read() as session:
            row = (await session.scalars(select(UploadFile))).one()
        assert row.hash == hashlib.sha256(content).hexdigest()
        assert row.key.startswith(f"upload_files/{files.workspace_id}/")
        assert row.key.endswith(".pdf")
        assert await files.stored_keys() == [row.key]
        assert (await client.get(f"/v1/files/{body['id']}/preview")).content == content
        assert (await client.get(body["source_url"])).content == content


@pytest.mark.parametrize("declared", [True, False])
async def test_an_upload_of_200_megabytes_is_refused_long_before_its_end(
    files: FilesApp, client: httpx.AsyncClient, declared: bool
) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield HEAD
        for _ in range(200):
            sent += 1
            yield bytes(MEGABYTE)

    headers = {"Content-Type": MULTIPART} | ({"Content-Length": str(200 * MEGABYTE)} if declared else {})
    answer = await client.post(UPLOAD, content=body(), headers=headers)
    assert "MB" in await _refused(files, answer, 413, "file_too_large")
    assert sent <= (0 if declared else 17)


@pytest.mark.parametrize(
    ("name", "megabytes"), [("a.txt", 15), ("a.png", 10), ("a.mp3", 50), ("noextension", 15), ("a.unheard-of", 15)]
)
async def test_each_kind_of_file_has_its_limit(
    files: FilesApp, client: httpx.AsyncClient, name: str, megabytes: int
) -> None:
    over = await client.post(UPLOAD, files={"file": (name, bytes(megabytes * MEGABYTE + 1))})
    assert f"{megabytes} MB" in await _refused(files, over, 413, "file_too_large")
    assert (await client.post(UPLOAD, files={"file": (name, bytes(megabytes * MEGABYTE))})).status_code == 201


@pytest.mark.parametrize("name", ["virus.exe", "VIRUS.EXE", "run.bat"])
async def test_a_blacklisted_extension_is_refused(files: FilesApp, client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post(UPLOAD, files={"file": (name, b"MZ")})
    await _refused(files, answer, 400, "file_extension_blocked")


@pytest.mark.parametrize("character", [*'/\\:*?<>|"', "\x00", "\t", "\x7f"])
async def test_a_name_that_could_be_a_path_or_a_pattern_is_refused(
    files: FilesApp, client: httpx.AsyncClient, character: str
) -> None:
    disposition = f'form-data; name="file"; filename="ab{character}c.txt"'.replace('b"c', 'b\\"c')
    head = f"--frontier\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    answer = await client.post(UPLOAD, content=head + b"text\r\n--frontier--\r\n", headers={"Content-Type": MULTIPART})
    assert "file name" in await _refused(files, answer, 400, "invalid_param")


@pytest.mark.parametrize("name", ["", "   "])
async def test_a_file_without_a_name_is_refused(files: FilesApp, client: httpx.AsyncClient, name: str) -> None:
    body = f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nx\r\n--frontier--\r\n'
    answer = await client.post(UPLOAD, content=body, headers={"Content-Type": MULTIPART})
    await _refused(files, answer, 400, "filename_not_exists_error")


async def test_long_names_are_cut_to_200_characters_and_keep_their_extension(client: httpx.AsyncClient) -> None:
    answer = await client.post(UPLOAD, files={"file": ("ä" * 300 + ".Markdown", b"# text")})
    assert answer.json()["name"] == "ä" * 191 + ".Markdown"
    assert answer.json()["extension"] == "markdown"


async def test_an_empty_file_is_refused(files: FilesApp, client: httpx.AsyncClient) -> None:
    answer = await client.post(UPLOAD, files={"file": ("empty.txt", b"")})
    assert "empty.txt" in await _refused(files, answer, 400, "invalid_param")


async def test_a_second_file_is_refused_and_the_first_not_kept(files: FilesApp, client: httpx.AsyncClient) -> None:
    answer = await client.post(UPLOAD, files=[("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))])
    await _refused(files, answer, 400, "too_many_files")


async def test_a_refused_user_leaves_no_file(files: FilesApp, client: httpx.AsyncClient) -> None:
    answer = await client.post(UPLOAD, files={"file": ("a.txt", b"a")}, data={"user": "refused"})
    await _refused(files, answer, 400, "invalid_param")


async def test_a_client_that_goes_away_leaves_no_file(files: FilesApp) -> None:
    coming: list[Message] = [
        {"type": "http.request", "body": HEAD + b"half of it", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": UPLOAD, "query_string": b"", "http_version": "1.1"}
    await files.app(scope | {"headers": [(b"content-type", MULTIPART.encode())]}, receive, send)
    assert coming == []
    assert sent[0]["status"] == 400
    assert await files.stored_keys() == []
    assert await _rows(files) == 0


async def test_a_request_without_a_file_says_so(files: FilesApp, client: httpx.AsyncClient) -> None:
    for answer in (
        await client.post(UPLOAD),
        await client.post(UPLOAD, json={"file": "a"}),
        await client.post(UPLOAD, data={"user": "ann"}),
        await client.post(UPLOAD, files={"other": ("a.txt", b"a")}),
        await client.post(UPLOAD, content=b"--frontier--\r\n", headers={"Content-Type": MULTIPART}),
    ):
        await _refused(files, answer, 400, "no_file_uploaded")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        HEAD + b"the connection broke here",
        HEAD[:-2],
        b"--frontier\r\nContent-Disposition form-data\r\n\r\n\r\n--frontier--\r\n",
        b"--frontier\r\nX: " + b"y" * 100_000,
        b"".join(b'--frontier\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(60)),
        b'--frontier\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + bytes(100_000) + b"\r\n--frontier--\r\n",
    ],
)
async def test_a_broken_body_is_a_bad_request(files: FilesApp, client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(UPLOAD, content=body, headers={"Content-Type": MULTIPART})
    await _refused(files, answer, 400, "bad_request")


async def test_a_body_in_the_smallest_pieces_reads_the_same(files: FilesApp, client: httpx.AsyncClient) -> None:
    content = b"\r\n--frontie\r\n--\r\n\r\n" * 7
    whole = b'--frontier\r\nContent-Disposition: form-data; name="user"\r\n\r\nann\r\n' + HEAD + content
    whole += b"\r\n--frontier--\r\nan epilogue"

    async def body() -> AsyncIterator[bytes]:
        for byte in whole:
            yield bytes([byte])

    answer = await client.post(UPLOAD, content=body(), headers={"Content-Type": MULTIPART})
    assert answer.status_code == 201
    assert (await client.get(answer.json()["source_url"])).content == content


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("a.md", "application/octet-stream", "text/markdown"),
        ("a.docx", "", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.bin", "", "application/octet-stream"),
        ("a.txt", "Text/Plain; charset=utf-8", "text/plain"),
        ("a.txt", "nonsense\tof a kind", "text/plain"),
    ],
)
async def test_the_type_is_the_given_one_or_guessed_from_the_name(
    client: httpx.AsyncClient, name: str, given: str, kept: str
) -> None:
    head = (
        f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {given}\r\n\r\n'
    )
    answer = await client.post(UPLOAD, content=head + "x\r\n--frontier--\r\n", headers={"Content-Type": MULTIPART})
    assert answer.json()["mime_type"] == kept
