"""What is refused, with which status and code, and that nothing half-written is left."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.knowledge_app import open_knowledge_app
from tests.unit.features.knowledge_flow.conftest import make_knowledge

UNKNOWN = str(uuid4())


async def _upload(knowledge: Any, dataset: str, name: str, content: bytes, data: str = "{}") -> Any:
    return await knowledge.client.post(
        f"/datasets/{dataset}/document/create-by-file", files={"file": (name, content)}, data={"data": data}
    )


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"<w>" + b" " * 300_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_param"),
        ({"name": ""}, 400, "invalid_param"),
        ({"name": "x" * 41}, 400, "invalid_param"),
        ({"name": "n", "description": "d" * 401}, 400, "invalid_param"),
        ({"name": "n", "indexing_technique": "magic"}, 400, "invalid_param"),
        ({"name": "n", "permission": "everybody"}, 400, "invalid_param"),
        ({"name": "n", "provider": "external"}, 400, "invalid_param"),
        ({"name": "n", "retrieval_model": {"search_method": "guess"}}, 400, "invalid_param"),
        ({"name": "n", "retrieval_model": {"top_k": 0}}, 400, "invalid_param"),
    ],
)
async def test_a_dataset_that_makes_no_sense_is_refused(
    knowledge: Any, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await knowledge.client.post("/datasets", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await knowledge.client.get("/datasets")).json()["total"] == 0


async def test_a_name_is_given_once_per_workspace(knowledge: Any) -> None:
    first = await knowledge.dataset("Docs")
    second = await knowledge.dataset("docs")
    answer = await knowledge.client.post("/datasets", json={"name": "Docs"})
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_name_duplicate")
    answer = await knowledge.client.patch(f"/datasets/{second}", json={"name": "Docs"})
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_name_duplicate")
    assert (await knowledge.client.patch(f"/datasets/{first}", json={"name": "Docs"})).status_code == 200


async def test_broken_json_is_said(knowledge: Any) -> None:
    answer = await knowledge.client.post(
        "/datasets", content=b"{not json", headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/datasets/{dataset}"),
        ("PATCH", "/datasets/{dataset}"),
        ("DELETE", "/datasets/{dataset}"),
        ("POST", "/datasets/{dataset}/retrieve"),
        ("GET", "/datasets/{dataset}/documents"),
        ("GET", "/datasets/{dataset}/documents/{document}"),
        ("DELETE", "/datasets/{dataset}/documents/{document}"),
        ("POST", "/datasets/{dataset}/documents/{document}/update-by-text"),
        ("GET", "/datasets/{dataset}/documents/{document}/segments"),
        ("POST", "/datasets/{dataset}/documents/{document}/segments"),
        ("GET", "/datasets/{dataset}/documents/{document}/segments/{segment}"),
        ("POST", "/datasets/{dataset}/documents/{document}/segments/{segment}"),
        ("DELETE", "/datasets/{dataset}/documents/{document}/segments/{segment}"),
        ("PATCH", "/datasets/{dataset}/documents/status/disable"),
    ],
)
async def test_another_workspaces_ids_do_not_exist(knowledge: Any, method: str, path: str) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Secret text.")
    await knowledge.app.settle()
    [segment] = await knowledge.app.segments(document)
    workspace_id, _ = await knowledge.app.workspace("two")
    stranger = await knowledge.app.client(workspace_id)
    body = {
        "query": "secret",
        "name": "x",
        "text": "y",
        "segments": [{"content": "z"}],
        "segment": {"content": "z"},
        "document_ids": [document],
    }
    filled = path.format(dataset=dataset, document=document, segment=segment.id)
    answer = await stranger.request(method, filled, json=body if method in {"POST", "PATCH"} else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await knowledge.ask(dataset, "secret") == ["Secret text."]
    # The same ids through a dataset of the stranger's own.
    own = (await stranger.post("/datasets", json={"name": "Own", "indexing_technique": "economy"})).json()["id"]
    if "{document}" in path:
        filled = path.format(dataset=own, document=document, segment=segment.id)
        answer = await stranger.request(method, filled, json=body if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert await knowledge.ask(dataset, "secret") == ["Secret text."]


async def test_ids_that_are_none_do_not_exist(knowledge: Any) -> None:
    answer = await knowledge.client.get("/datasets/not-an-id")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    dataset = await knowledge.dataset()
    answer = await knowledge.client.patch(
        f"/datasets/{dataset}/documents/status/enable", json={"document_ids": ["nonsense", UNKNOWN]}
    )
    assert (answer.status_code, answer.json()) == (200, {"result": "success"})


async def test_the_key_is_asked_for_before_anything_else(knowledge: Any) -> None:
    async with knowledge.app.anonymous() as nobody:
        answer = await nobody.get(f"/datasets/{UNKNOWN}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        wrong = await nobody.get("/datasets", headers={"Authorization": "Bearer app-123456789012345678901234"})
        assert wrong.status_code == 401


async def test_the_key_is_asked_for_before_the_body_is_looked_at(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    async with knowledge.app.anonymous({"Content-Type": "application/json"}) as nobody:
        for path in ("/datasets", f"/datasets/{dataset}/retrieve", f"/datasets/{dataset}/document/create-by-text"):
            assert (await nobody.post(path, content=b"{broken")).status_code == 401
    plain = await knowledge.client.post("/datasets", content=b"name=x", headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (415, "unsupported_media_type")


async def test_documents_for_an_unknown_dataset_are_refused_as_always(knowledge: Any) -> None:
    path = f"/datasets/{UNKNOWN}/document/create-by-text"
    answer = await knowledge.client.post(path, json={"name": "a", "text": "b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
    assert await knowledge.app.stored_keys() == []


@pytest.mark.parametrize(
    "body",
    [
        {"text": "no name"},
        {"name": "no text"},
        {"name": "a", "text": "  \n "},
        {"name": "a", "text": "\x00\x00"},
        {"name": " ", "text": "b"},
        {"name": "n" * 256, "text": "b"},
        {"name": "a", "text": "b", "doc_form": "qa_model"},
        {"name": "a", "text": "b", "process_rule": {"mode": "hierarchical"}},
        {"name": "a", "text": "b", "process_rule": {"mode": "custom"}},
        {"name": "a", "text": "b", "process_rule": {"mode": "custom", "rules": {"segmentation": {"max_tokens": 10}}}},
        {"name": "a", "text": "b", "process_rule": {"mode": "custom", "rules": {"segmentation": {"max_tokens": 4001}}}},
    ],
)
async def test_a_text_that_makes_no_sense_is_refused(knowledge: Any, body: dict[str, Any]) -> None:
    dataset = await knowledge.dataset()
    answer = await knowledge.client.post(f"/datasets/{dataset}/document/create-by-text", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")
    assert answer.json()["message"]
    assert (await knowledge.client.get(f"/datasets/{dataset}/documents")).json()["total"] == 0
    assert await knowledge.app.stored_keys() == []


async def test_what_no_database_keeps_is_dropped(everywhere: Any) -> None:
    dataset = await everywhere.dataset()
    path = f"/datasets/{dataset}/document/create-by-text"
    answer = await everywhere.client.post(path, json={"name": "a\x00b", "text": "x\x00y", "doc_language": "\x00"})
    assert answer.status_code == 200
    await everywhere.app.settle()
    [segment] = await everywhere.app.segments(answer.json()["document"]["id"])
    assert segment.content == "xy"
    headers = {"Content-Type": "application/json"}
    answer = await everywhere.client.post(path, content=b'{"name": "\\ud800", "text": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    for where in ("/datasets", f"/datasets/{dataset}/documents"):
        found = await everywhere.client.get(where, params={"keyword": "\x00nothing", "status": "\x00"})
        assert (found.status_code, found.json()["data"]) == (200, [])


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("program.exe", b"MZ", 415, "unsupported_file_type"),
        ("noextension", b"text", 415, "unsupported_file_type"),
        ("empty.txt", b"", 400, "invalid_param"),
        ("a/b.txt", b"text", 400, "invalid_param"),
        ("large.txt", b"x" * (1024 * 1024 + 1), 413, "file_too_large"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused(
    sqlite_url: str, tmp_path: Path, name: str, content: bytes, status: int, code: str
) -> None:
    async with open_knowledge_app(sqlite_url, tmp_path, files={"upload_file_size_limit": 1}) as app:
        knowledge = await make_knowledge(app)
        dataset = await knowledge.dataset()
        answer = await _upload(knowledge, dataset, name, content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await app.stored_keys() == []
        assert (await knowledge.client.get(f"/datasets/{dataset}/documents")).json()["total"] == 0


@pytest.mark.parametrize(
    ("data", "files", "code"),
    [
        ("{broken", {"file": ("a.txt", b"text")}, "invalid_param"),
        ('{"process_rule": {"mode": "custom"}}', {"file": ("a.txt", b"text")}, "invalid_param"),
        ("{}", {"other": ("a.txt", b"text")}, "no_file_uploaded"),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(knowledge: Any, data: str, files: Any, code: str) -> None:
    dataset = await knowledge.dataset()
    path = f"/datasets/{dataset}/document/create-by-file"
    answer = await knowledge.client.post(path, files=files, data={"data": data})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await knowledge.app.stored_keys() == []


async def test_two_files_are_refused_and_none_is_kept(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    files = [("file", ("a.txt", b"text")), ("file", ("b.txt", b"text"))]
    answer = await knowledge.client.post(f"/datasets/{dataset}/document/create-by-file", files=files)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_files")
    assert await knowledge.app.stored_keys() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.pdf", b"%PDF-1.7\nthis is no PDF at all"),
        ("mistaken.txt", b"%PDF-1.7\n..."),
        ("bomb.docx", _zip_bomb()),
        ("nul.txt", b"\x00\x00\x00\x00"),
        ("blank.md", b"  \n\n "),
    ],
)
async def test_a_file_that_cannot_be_read_says_why_and_the_others_go_on(
    knowledge: Any, name: str, content: bytes
) -> None:
    dataset = await knowledge.dataset()
    bad = (await _upload(knowledge, dataset, name, content)).json()["document"]["id"]
    good = await knowledge.add(dataset, "A good one.")
    await knowledge.app.settle()
    failed = await knowledge.app.document(bad)
    assert failed.indexing_status == "error"
    assert failed.error is not None
    assert name in failed.error
    assert (await knowledge.app.document(good)).indexing_status == "completed"
    counts = await knowledge.app.dataset(dataset)
    assert (counts.document_count, counts.available_document_count) == (2, 1)
    assert await knowledge.app.segments(bad) == []


@pytest.mark.parametrize(
    "body", [{}, {"query": ""}, {"query": "q" * 251}, {"query": "q", "retrieval_model": {"top_k": 101}}]
)
async def test_a_question_that_makes_no_sense_is_refused(knowledge: Any, body: dict[str, Any]) -> None:
    dataset = await knowledge.dataset()
    answer = await knowledge.client.post(f"/datasets/{dataset}/retrieve", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")


async def test_a_dataset_in_use_is_not_deleted(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    knowledge.app.usages.counts[dataset] = 2
    answer = await knowledge.client.delete(f"/datasets/{dataset}")
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_in_use")
    assert (await knowledge.client.get(f"/datasets/{dataset}")).json()["app_count"] == 2


async def test_an_archived_document_is_immutable(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Kept as it is.")
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents"
    await knowledge.client.patch(f"{path}/status/archive", json={"document_ids": [document]})
    for method, where, body in [
        ("DELETE", f"{path}/{document}", None),
        ("POST", f"{path}/{document}/update-by-text", {"name": "a", "text": "b"}),
    ]:
        answer = await knowledge.client.request(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "archived_document_immutable")
    assert len(await knowledge.app.stored_keys()) == 1


async def test_actions_on_documents_are_checked(gated: Any, vectors: Any) -> None:
    dataset = await gated.dataset()
    vectors.stop_at = 1
    document = await gated.add(dataset, "Under way.")
    await vectors.reached.wait()
    path = f"/datasets/{dataset}/documents/status"
    answer = await gated.client.patch(f"{path}/vanish", json={"document_ids": [document]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_action")
    answer = await gated.client.patch(f"{path}/disable", json={"document_ids": [document]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_action")
    vectors.gate.set()
    await gated.app.settle()
    answer = await gated.client.patch(f"{path}/disable", json={"document_ids": [document]})
    assert answer.status_code == 200


async def test_the_api_of_a_dataset_can_be_off(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    async with knowledge.app.database.begin() as session:
        from homeport.features.knowledge.repository.datasets import get_dataset

        (await get_dataset(session, knowledge.workspace_id, dataset)).enable_api = False
    for method, path in [("GET", ""), ("GET", "/documents"), ("POST", "/retrieve"), ("DELETE", "")]:
        answer = await knowledge.client.request(
            method, f"/datasets/{dataset}{path}", json={"query": "q"} if method == "POST" else None
        )
        assert (answer.status_code, answer.json()["message"]) == (403, "Dataset api access is not enabled.")
