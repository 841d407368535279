"""The public API answers with the fields, codes and habits its clients know."""

from __future__ import annotations

from typing import Any


def _fields(names: str) -> set[str]:
    return set(names.split())


DATASET = _fields(
    "id name description provider permission data_source_type indexing_technique app_count document_count word_count "
    "created_by author_name created_at updated_by updated_at embedding_model embedding_model_provider "
    "embedding_available retrieval_model_dict summary_index_setting tags doc_form external_knowledge_info "
    "external_retrieval_model doc_metadata built_in_field_enabled pipeline_id runtime_mode chunk_structure icon_info "
    "is_published total_documents total_available_documents enable_api is_multimodal"
)
DOCUMENT = _fields(
    "id position data_source_type data_source_info data_source_detail_dict dataset_process_rule_id name created_from "
    "created_by created_at tokens indexing_status error enabled disabled_at disabled_by archived display_status "
    "word_count hit_count doc_form doc_metadata summary_index_status need_summary"
)
DETAIL = DOCUMENT | _fields(
    "dataset_process_rule document_process_rule completed_at updated_at indexing_latency doc_type segment_count "
    "average_segment_length doc_language"
)
STATUS = _fields(
    "id indexing_status processing_started_at parsing_completed_at cleaning_completed_at splitting_completed_at "
    "completed_at paused_at error stopped_at completed_segments total_segments"
)
SEGMENT = _fields(
    "id position document_id content sign_content answer word_count tokens keywords index_node_id index_node_hash "
    "hit_count enabled disabled_at disabled_by status created_by created_at updated_at updated_by indexing_at "
    "completed_at error stopped_at child_chunks attachments summary"
)
SEARCH = {
    "search_method": "hybrid_search",
    "reranking_enable": False,
    "reranking_mode": "weighted_score",
    "weights": {
        "weight_type": "customized",
        "vector_setting": {"vector_weight": 0.6, "embedding_provider_name": "local", "embedding_model_name": "x"},
        "keyword_setting": {"keyword_weight": 0.4},
    },
    "top_k": 3,
    "score_threshold_enabled": True,
    "score_threshold": 0.1,
}


async def test_a_dataset_has_every_field(knowledge: Any) -> None:
    body = {"name": "Docs", "description": "All of it", "indexing_technique": "high_quality", "retrieval_model": SEARCH}
    created = await knowledge.client.post("/datasets", json=body | {"permission": "all_team_members"})
    assert created.status_code == 200
    item = created.json()
    assert set(item) == DATASET
    assert item["permission"] == "all_team_members"
    assert item["author_name"] == "Owner of one"
    assert item["retrieval_model_dict"]["search_method"] == "hybrid_search"
    assert item["retrieval_model_dict"]["weights"]["vector_setting"]["vector_weight"] == 0.6
    assert item["retrieval_model_dict"]["top_k"] == 3
    shown = (await knowledge.client.get(f"/datasets/{item['id']}")).json()
    assert set(shown) == DATASET | {"partial_member_list"}
    assert shown["created_at"] == item["created_at"]
    page = (await knowledge.client.get("/datasets")).json()
    assert set(page) == {"data", "has_more", "limit", "total", "page"}
    assert set(page["data"][0]) == DATASET
    changed = await knowledge.client.patch(f"/datasets/{item['id']}", json={"name": "New", "description": None})
    assert (changed.status_code, changed.json()["name"], changed.json()["description"]) == (200, "New", "All of it")
    deleted = await knowledge.client.delete(f"/datasets/{item['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")


async def test_defaults_of_a_dataset_nobody_said_anything_of(knowledge: Any) -> None:
    item = (await knowledge.client.post("/datasets", json={"name": "Plain"})).json()
    assert item["indexing_technique"] is None
    assert item["permission"] == "only_me"
    assert item["provider"] == "vendor"
    assert item["retrieval_model_dict"]["search_method"] == "semantic_search"
    economy = (await knowledge.client.post("/datasets", json={"name": "E", "indexing_technique": "economy"})).json()
    assert economy["retrieval_model_dict"]["search_method"] == "keyword_search"
    assert economy["embedding_model"] is None


async def test_pages_are_cut_not_refused(knowledge: Any) -> None:
    for at in range(3):
        await knowledge.dataset(f"Set {at}")
    page = (await knowledge.client.get("/datasets", params={"page": 1, "limit": 2})).json()
    assert [one["name"] for one in page["data"]] == ["Set 2", "Set 1"]
    assert (page["total"], page["has_more"], page["limit"]) == (3, True, 2)
    rest = (await knowledge.client.get("/datasets", params={"page": 2, "limit": 2})).json()
    assert ([one["name"] for one in rest["data"]], rest["has_more"]) == (["Set 0"], False)
    beyond = (await knowledge.client.get("/datasets", params={"page": 9, "limit": 2})).json()
    assert (beyond["data"], beyond["total"], beyond["has_more"]) == ([], 3, False)
    assert (await knowledge.client.get("/datasets", params={"limit": 500})).json()["limit"] == 100
    found = (await knowledge.client.get("/datasets", params={"keyword": "SET 1"})).json()
    assert [one["name"] for one in found["data"]] == ["Set 1"]
    assert (await knowledge.client.get("/datasets", params={"keyword": "%"})).json()["total"] == 0
    assert (await knowledge.client.get("/datasets", params={"tag_ids": "x"})).json()["total"] == 0


async def test_a_document_has_every_field(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    path = f"/datasets/{dataset}"
    for spelling in ("create-by-text", "create_by_text"):
        made = await knowledge.client.post(f"{path}/document/{spelling}", json={"name": "A", "text": "Some words."})
        assert made.status_code == 200
        assert set(made.json()) == {"document", "batch"}
    item, batch = made.json()["document"], made.json()["batch"]
    assert set(item) == DOCUMENT
    assert (item["position"], item["display_status"], item["created_from"]) == (2, "queuing", "api")
    assert set(item["data_source_detail_dict"]["upload_file"]) == _fields(
        "id name size extension mime_type created_by created_at"
    )
    assert len(batch) == 20
    assert batch.isdigit()
    await knowledge.app.settle()
    [status] = (await knowledge.client.get(f"{path}/documents/{batch}/indexing-status")).json()["data"]
    assert set(status) == STATUS
    assert (status["indexing_status"], status["completed_segments"], status["total_segments"]) == ("completed", 1, 1)
    unknown = await knowledge.client.get(f"{path}/documents/12345678901234567890/indexing-status")
    assert unknown.status_code == 404
    page = (await knowledge.client.get(f"{path}/documents")).json()
    assert set(page) == {"data", "has_more", "limit", "total", "page"}
    assert [one["position"] for one in page["data"]] == [2, 1]
    assert set(page["data"][0]) == DOCUMENT
    assert page["data"][0]["data_source_info"] == {"upload_file_id": item["data_source_info"]["upload_file_id"]}


async def test_a_documents_details_come_in_three_forms(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Some words.")
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents/{document}"
    detail = (await knowledge.client.get(path)).json()
    assert set(detail) == DETAIL
    assert detail["dataset_process_rule"]["mode"] == "automatic"
    assert set(detail["data_source_info"]) == {"upload_file"}
    assert detail["average_segment_length"] == len("Some words.")
    only = (await knowledge.client.get(path, params={"metadata": "only"})).json()
    assert set(only) == {"id", "doc_type", "doc_metadata"}
    without = (await knowledge.client.get(path, params={"metadata": "without"})).json()
    assert set(without) == DETAIL - {"doc_type", "doc_metadata"}
    wrong = await knowledge.client.get(path, params={"metadata": "some"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_metadata")


async def test_a_file_is_added_and_replaced_under_both_spellings(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    path = f"/datasets/{dataset}"
    rule = (
        '{"indexing_technique": "economy", "process_rule": {"mode": "custom", "rules": {"pre_processing_rules": '
        '[{"id": "remove_extra_spaces", "enabled": true}], "segmentation": {"separator": ";;;", "max_tokens": 100}}}}'
    )
    made = await knowledge.client.post(
        f"{path}/document/create_by_file", files={"file": ("notes.md", b"one ;;; two")}, data={"data": rule}
    )
    assert made.status_code == 200
    document = made.json()["document"]["id"]
    assert made.json()["document"]["name"] == "notes.md"
    await knowledge.app.settle()
    assert [one.content for one in await knowledge.app.segments(document)] == ["one", "two"]
    for spelling, text in (("update-by-file", b"three"), ("update_by_file", b"four ;;; five")):
        answer = await knowledge.client.post(
            f"{path}/documents/{document}/{spelling}", files={"file": ("more.md", text)}, data={"data": "{}"}
        )
        assert answer.status_code == 200
        await knowledge.app.settle()
    assert [one.content for one in await knowledge.app.segments(document)] == ["four", "five"]
    patched = await knowledge.client.patch(
        f"{path}/documents/{document}", files={"file": ("last.md", b"six")}, data={"data": '{"name": "Last"}'}
    )
    assert (patched.status_code, patched.json()["document"]["name"]) == (200, "Last")
    # Without a file the same content is indexed by another rule.
    automatic = await knowledge.client.post(
        f"{path}/documents/{document}/update-by-file",
        data={"data": '{"process_rule": {"mode": "automatic"}}'},
        files={"none": b""},
    )
    assert automatic.status_code == 200
    await knowledge.app.settle()
    assert [one.content for one in await knowledge.app.segments(document)] == ["six"]
    assert len(await knowledge.app.stored_keys()) == 1


async def test_a_new_name_alone_does_not_index_again(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Some words.")
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents/{document}/update_by_text"
    answer = await knowledge.client.post(path, json={"name": "Renamed"})
    assert answer.json()["document"]["name"] == "Renamed"
    assert answer.json()["document"]["indexing_status"] == "completed"


async def test_documents_are_listed_by_what_is_shown_of_them(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    names = {name: await knowledge.add(dataset, f"Text of {name}.", name) for name in ("a", "b", "c")}
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents"
    for action, name in (("disable", "a"), ("archive", "b")):
        done = await knowledge.client.patch(f"{path}/status/{action}", json={"document_ids": [names[name]]})
        assert done.json() == {"result": "success"}

    async def listed(**params: str) -> list[str]:
        answer = await knowledge.client.get(path, params=params)
        return sorted(one["name"] for one in answer.json()["data"])

    assert await listed(status="available") == ["c"]
    assert await listed(status="active") == ["c"]
    assert await listed(status="enabled") == ["c"]
    assert await listed(status="disabled") == ["a"]
    assert await listed(status="archived") == ["b"]
    assert await listed(status="error") == []
    assert await listed(keyword="B") == ["b"]
    for action, name in (("enable", "a"), ("un_archive", "b")):
        await knowledge.client.patch(f"{path}/status/{action}", json={"document_ids": [names[name]]})
    assert await listed(status="available") == ["a", "b", "c"]


async def test_segments_have_every_field(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    document = await knowledge.add(dataset, "Some words.")
    await knowledge.app.settle()
    path = f"/datasets/{dataset}/documents/{document}/segments"
    page = (await knowledge.client.get(path)).json()
    assert set(page) == {"data", "doc_form", "total", "has_more", "limit", "page"}
    [item] = page["data"]
    assert set(item) == SEGMENT
    assert item["index_node_id"] == item["id"]
    assert page["doc_form"] == "text_model"
    added = await knowledge.client.post(path, json={"segments": [{"content": "More words.", "keywords": ["extra"]}]})
    assert added.status_code == 200
    assert set(added.json()) == {"data", "doc_form"}
    [new] = added.json()["data"]
    assert set(new) == SEGMENT
    assert (new["position"], new["keywords"], new["status"]) == (2, ["extra"], "completed")
    one = (await knowledge.client.get(f"{path}/{new['id']}")).json()
    assert set(one) == {"data", "doc_form"}
    changed = await knowledge.client.post(f"{path}/{new['id']}", json={"segment": {"content": "Other words."}})
    assert (changed.status_code, changed.json()["data"]["content"]) == (200, "Other words.")
    deleted = await knowledge.client.delete(f"{path}/{new['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    missing = await knowledge.client.post(path, json={})
    assert (missing.status_code, missing.json()["error"]) == (400, "Segments is required")


async def test_what_is_found_has_every_field(knowledge: Any) -> None:
    dataset = await knowledge.dataset()
    await knowledge.add(dataset, "The ferry leaves at noon.", "Ferry")
    await knowledge.app.settle()
    for name in ("retrieve", "hit-testing"):
        answer = (await knowledge.client.post(f"/datasets/{dataset}/{name}", json={"query": "ferry"})).json()
        assert set(answer) == {"query", "records"}
        assert answer["query"] == {"content": "ferry"}
        [record] = answer["records"]
        assert set(record) == {"segment", "child_chunks", "score", "tsne_position", "files", "summary"}
        assert set(record["segment"]) == SEGMENT | {"document"}
        assert set(record["segment"]["document"]) == {"id", "data_source_type", "name", "doc_type", "doc_metadata"}
        assert 0 < record["score"] <= 1


async def test_a_list_of_datasets_takes_four_statements(knowledge: Any) -> None:
    from sqlalchemy import event

    for at in range(5):
        await knowledge.dataset(f"Set {at}")
    await knowledge.client.get("/datasets")
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = knowledge.app.database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await knowledge.client.get("/datasets")
    # The key, the page with its total, the authors; the uses of the test's twin take none.
    assert len([one for one in seen if one.lstrip().startswith("SELECT")]) == 3
