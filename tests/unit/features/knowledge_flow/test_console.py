"""Knowledge bases as the browser console uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gated_vectors import GatedVectors
from tests.support.knowledge_app import KnowledgeApp, open_knowledge_app

Desk = tuple[KnowledgeApp, httpx.AsyncClient, GatedVectors]


@pytest.fixture
async def desk(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """`(application, a browser in which the administrator is logged in, the vector store)`."""
    vectors = GatedVectors()
    async with open_knowledge_app(sqlite_url, tmp_path, vectors=vectors, embedding_batch_size=2) as app:
        yield app, await app.browser(), vectors
        vectors.gate.set()


async def _dataset(browser: httpx.AsyncClient, technique: str = "high_quality", **more: Any) -> dict[str, Any]:
    answer = await browser.post("/datasets", json={"name": "Docs", "indexing_technique": technique} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_files_are_added_each_for_itself(desk: Desk) -> None:
    app, browser, _ = desk
    dataset = await _dataset(browser)
    files = [
        ("file", ("good.md", b"# Harbour\n\nIt opens at seven.")),
        ("file", ("program.exe", b"MZ")),
        ("file", ("empty.txt", b"")),
        ("file", ("also-good.csv", b"name,age\nAda,36\n")),
    ]
    answer = await browser.post(f"/datasets/{dataset['id']}/documents/upload", files=files, data={"data": "{}"})
    assert answer.status_code == 201
    body = answer.json()
    assert [one["name"] for one in body["documents"]] == ["good.md", "also-good.csv"]
    assert [(one["name"], one["code"]) for one in body["rejected"]] == [
        ("program.exe", "unsupported_file_type"),
        ("empty.txt", "invalid_param"),
    ]
    assert all(one["message"] for one in body["rejected"])
    assert len(body["batch"]) == 20
    await app.settle()
    page = (await browser.get(f"/datasets/{dataset['id']}/documents")).json()
    assert [one["display_status"] for one in page["data"]] == ["available", "available"]
    assert [one["progress"] for one in page["data"]] == [1.0, 1.0]
    assert page["data"][0]["file"]["name"] == "also-good.csv"
    assert len(await app.stored_keys()) == 2


async def test_an_upload_of_nothing_good_is_answered_all_the_same(desk: Desk) -> None:
    app, browser, _ = desk
    dataset = await _dataset(browser)
    path = f"/datasets/{dataset['id']}/documents/upload"
    answer = await browser.post(path, files={"file": ("a.exe", b"MZ")})
    assert (answer.status_code, answer.json()["documents"], len(answer.json()["rejected"])) == (201, [], 1)
    bad = await browser.post(path, files={"file": ("a.txt", b"text")}, data={"data": "{broken"})
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_param")
    assert await app.stored_keys() == []


async def test_more_files_than_a_request_may_have_are_left_out(sqlite_url: str, tmp_path: Path) -> None:
    async with open_knowledge_app(sqlite_url, tmp_path, batch_upload_limit=2) as app:
        browser = await app.browser()
        dataset = await _dataset(browser, "economy")
        files = [("file", (f"{at}.txt", b"text")) for at in range(3)]
        answer = (await browser.post(f"/datasets/{dataset['id']}/documents/upload", files=files)).json()
        assert [one["name"] for one in answer["documents"]] == ["0.txt", "1.txt"]
        assert [(one["name"], one["code"]) for one in answer["rejected"]] == [("2.txt", "too_many_files")]
        assert "BATCH_UPLOAD_LIMIT" in answer["rejected"][0]["message"]


async def test_progress_moves_and_can_be_paused(desk: Desk) -> None:
    app, browser, vectors = desk
    rule = {
        "mode": "custom",
        "rules": {"segmentation": {"separator": "\n\n", "max_tokens": 100}, "pre_processing_rules": []},
    }
    dataset = await _dataset(browser, process_rule=rule)
    vectors.stop_at = 2
    text = "\n\n".join(f"Paragraph {at}." for at in range(6))
    path = f"/datasets/{dataset['id']}/documents"
    added = await browser.post(f"{path}/text", json={"name": "Long", "text": text})
    assert added.status_code == 201
    document = f"{path}/{added.json()['document']['id']}"
    await vectors.reached.wait()
    shown = (await browser.get(document)).json()
    assert (shown["display_status"], shown["completed_segments"], shown["total_segments"]) == ("indexing", 2, 6)
    assert shown["progress"] == pytest.approx(0.2 + 0.8 / 3, abs=0.001)
    paused = await browser.post(f"{document}/pause")
    assert (paused.status_code, paused.json()["display_status"]) == (200, "paused")
    assert (await browser.post(f"{document}/pause")).json()["code"] == "invalid_action"
    vectors.gate.set()
    await app.settle()
    resumed = await browser.post(f"{document}/resume")
    assert resumed.json()["display_status"] == "queuing"
    await app.settle()
    done = (await browser.get(document)).json()
    assert (done["progress"], done["segment_count"]) == (1.0, 6)
    assert (await browser.post(f"{document}/pause")).json()["code"] == "document_already_finished"
    assert (await browser.post(f"{document}/retry")).json()["code"] == "invalid_action"


async def test_documents_are_renamed_disabled_and_deleted(desk: Desk) -> None:
    app, browser, _ = desk
    dataset = await _dataset(browser)
    path = f"/datasets/{dataset['id']}/documents"
    made = (await browser.post(f"{path}/text", json={"name": "A", "text": "Words."})).json()
    document = f"{path}/{made['document']['id']}"
    await app.settle()
    assert (await browser.patch(document, json={"name": "B"})).json()["name"] == "B"
    assert (await browser.post(f"{document}/disable")).json()["display_status"] == "disabled"
    assert (await browser.get(path, params={"status": "disabled"})).json()["total"] == 1
    assert (await browser.post(f"{document}/enable")).json()["display_status"] == "available"
    assert (await browser.delete(document)).status_code == 204
    assert (await browser.get(document)).status_code == 404


async def test_segments_and_the_retrieval_test(desk: Desk) -> None:
    app, browser, _ = desk
    dataset = await _dataset(browser)
    base = f"/datasets/{dataset['id']}"
    made = (
        await browser.post(f"{base}/documents/text", json={"name": "A", "text": "The ferry leaves at noon."})
    ).json()
    document = made["document"]["id"]
    await app.settle()
    added = await browser.post(f"{base}/documents/{document}/segments", json={"content": "Tugs are blue."})
    assert (added.status_code, added.json()["position"]) == (201, 2)
    page = (await browser.get(f"{base}/documents/{document}/segments", params={"keyword": "ferry"})).json()
    [segment] = page["data"]
    shown = (await browser.get(f"{base}/segments/{segment['id']}")).json()
    assert shown["document"] == {"id": document, "name": "A"}
    found = (await browser.post(f"{base}/retrieve", json={"query": "when does the ferry leave"})).json()
    best = found["records"][0]
    assert best["segment"]["id"] == segment["id"]
    assert best["document"]["name"] == "A"
    marked = [best["segment"]["content"][start:end] for start, end in best["highlights"]]
    assert marked == ["ferry", "leaves"]
    assert found["took_ms"] >= 0
    off = await browser.patch(f"{base}/segments/{segment['id']}", json={"enabled": False})
    assert off.json()["enabled"] is False
    listed = await browser.get(f"{base}/documents/{document}/segments", params={"status": "disabled"})
    assert listed.json()["total"] == 1
    assert (await browser.delete(f"{base}/segments/{segment['id']}")).status_code == 204


async def test_a_new_knowledge_base_searches_both_ways_and_remembers_its_rule(desk: Desk) -> None:
    app, browser, _ = desk
    rule = {
        "mode": "custom",
        "rules": {"segmentation": {"separator": ";", "max_tokens": 100}, "pre_processing_rules": []},
    }
    dataset = await _dataset(browser, process_rule=rule)
    assert dataset["retrieval_model"]["search_method"] == "hybrid_search"
    made = await browser.post(f"/datasets/{dataset['id']}/documents/text", json={"name": "A", "text": "one;two"})
    await app.settle()
    assert [one.content for one in await app.segments(made.json()["document"]["id"])] == ["one", "two"]
    page = (await browser.get("/datasets", params={"keyword": "doc"})).json()
    assert (page["total"], page["data"][0]["id"]) == (1, dataset["id"])
    model = dataset["retrieval_model"] | {"top_k": 7}
    changed = (await browser.patch(f"/datasets/{dataset['id']}", json={"retrieval_model": model})).json()
    assert changed["retrieval_model"]["top_k"] == 7
    assert (await browser.delete(f"/datasets/{dataset['id']}")).status_code == 204


async def test_writing_needs_the_csrf_token_and_a_login(desk: Desk) -> None:
    _, browser, _ = desk
    dataset = await _dataset(browser)
    forged = await browser.post("/datasets", json={"name": "X"}, headers={"X-CSRF-Token": "wrong"})
    assert forged.status_code in {401, 403}
    browser.cookies.clear()
    assert (await browser.get(f"/datasets/{dataset['id']}")).status_code == 401
