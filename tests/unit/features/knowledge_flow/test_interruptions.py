"""Indexing that is killed, paused, overtaken or whose document goes away."""

from __future__ import annotations

from typing import Any

from homeport.backends.vectors.errors import Misconfigured
from homeport.runtime.tasks import repository
from tests.support.gated_vectors import GatedVectors
from tests.support.job_bench import until

RULE = {
    "mode": "custom",
    "rules": {
        "pre_processing_rules": [],
        "segmentation": {"separator": "\n\n", "max_tokens": 200, "chunk_overlap": 0},
    },
}
LONG = "\n\n".join(f"Paragraph {at} is about thing {at}." for at in range(1, 11))


async def _long(gated: Any, technique: str = "high_quality") -> tuple[str, str]:
    dataset = await gated.dataset(indexing_technique=technique)
    return dataset, await gated.add(dataset, LONG, "Long", process_rule=RULE)


async def _exactly_once(gated: Any, dataset: str, document: str) -> None:
    segments = await gated.app.segments(document)
    assert [segment.position for segment in segments] == list(range(1, 11))
    assert {segment.status for segment in segments} == {"completed"}
    assert await gated.app.point_ids(dataset) == sorted(segment.id for segment in segments)
    row = await gated.app.document(document)
    assert (row.indexing_status, row.completed_segments, row.segment_count) == ("completed", 10, 10)
    counts = await gated.app.dataset(dataset)
    assert (counts.document_count, counts.available_document_count) == (1, 1)
    assert counts.word_count == row.word_count == sum(segment.word_count for segment in segments)


async def _crash(gated: Any) -> None:
    """The worker dies without a word, and another process takes over as it does after a crash."""
    [old] = gated.app.runners
    for running in list(old._running.values()):
        running.coroutine.cancel()
    await old.close()
    async with gated.app.database.begin() as session:
        await repository.release_all(session)
    await gated.app.new_runner()


async def test_an_indexing_killed_midway_goes_on_and_doubles_nothing(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 3
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    half = await gated.app.document(document)
    assert (half.indexing_status, half.completed_segments, half.total_segments) == ("indexing", 6, 10)
    await _crash(gated)
    await gated.app.settle()
    await _exactly_once(gated, dataset, document)
    # Two batches of three were kept; the third was begun again.
    assert vectors.writes == 2 + 1 + 2


async def test_a_short_document_killed_between_points_and_rows_is_not_doubled(
    gated: Any, vectors: GatedVectors
) -> None:
    vectors.stop_at = 2
    dataset = await gated.dataset()
    first = await gated.add(dataset, "The first one is complete.")
    await gated.app.settle()
    second = await gated.add(dataset, "The second one is interrupted.")
    await vectors.reached.wait()
    await _crash(gated)
    await gated.app.settle()
    ids = [segment.id for one in (first, second) for segment in await gated.app.segments(one)]
    assert len(ids) == 2
    assert await gated.app.point_ids(dataset) == sorted(ids)
    assert (await gated.app.dataset(dataset)).available_document_count == 2


async def test_a_paused_document_stops_and_goes_on_where_it_was(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 2
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    await _act(gated, dataset, document, "pause")
    vectors.gate.set()
    await gated.app.settle()
    paused = await gated.app.document(document)
    assert (paused.indexing_status, paused.completed_segments) == ("paused", 3)
    assert paused.paused_at is not None
    assert await gated.ask(dataset, "Paragraph 1") == []
    await _act(gated, dataset, document, "resume")
    await gated.app.settle()
    await _exactly_once(gated, dataset, document)
    assert vectors.writes == 2 + 3


async def test_resuming_at_once_does_not_run_twice(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 2
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    await _act(gated, dataset, document, "pause")
    await _act(gated, dataset, document, "resume")
    vectors.gate.set()
    await gated.app.settle()
    await _exactly_once(gated, dataset, document)


async def test_a_document_deleted_while_indexed_leaves_nothing(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 2
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    assert (await gated.client.delete(f"/datasets/{dataset}/documents/{document}")).status_code == 204
    vectors.gate.set()
    await gated.app.settle()
    assert await gated.app.segments(document) == []
    assert await gated.app.point_ids(dataset) == []
    assert await gated.app.stored_keys() == []
    counts = await gated.app.dataset(dataset)
    assert (counts.document_count, counts.available_document_count, counts.word_count) == (0, 0, 0)


async def test_a_dataset_deleted_while_a_document_is_indexed_leaves_nothing(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 2
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    assert (await gated.client.delete(f"/datasets/{dataset}")).status_code == 204
    vectors.gate.set()
    await gated.app.settle()
    assert await gated.app.segments(document) == []
    assert await vectors.datasets() == {}
    assert await gated.app.stored_keys() == []


async def test_the_old_text_is_found_until_the_new_one_is_indexed(gated: Any, vectors: GatedVectors) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await gated.app.settle()
    vectors.stop_at = 2
    path = f"/datasets/{dataset}/documents/{document}/update-by-text"
    await gated.client.post(path, json={"name": "New", "text": "The lighthouse is white."})
    await vectors.reached.wait()
    assert await gated.ask(dataset, "lighthouse") == ["The lighthouse is red."]
    vectors.gate.set()
    await gated.app.settle()
    assert await gated.ask(dataset, "lighthouse") == ["The lighthouse is white."]
    assert len(await gated.app.point_ids(dataset)) == 1


async def test_an_update_overtakes_an_indexing_under_way(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 2
    dataset, document = await _long(gated)
    await vectors.reached.wait()
    path = f"/datasets/{dataset}/documents/{document}/update-by-text"
    assert (await gated.client.post(path, json={"name": "New", "text": "Only this."})).status_code == 200
    vectors.gate.set()
    await gated.app.settle()
    [segment] = await gated.app.segments(document)
    assert segment.content == "Only this."
    assert await gated.ask(dataset, "paragraph thing", search_method="keyword_search") == []


async def test_a_failure_shows_its_sentence_and_can_be_tried_again(gated: Any, vectors: GatedVectors) -> None:
    vectors.failure = Misconfigured("The vector store has no room.", hint="Give it some.")
    dataset, document = await _long(gated, "economy")
    other = await gated.add(dataset, "   Another one.")
    await gated.app.settle()
    failed = await gated.app.document(document)
    assert (failed.indexing_status, failed.error) == ("error", "The vector store has no room. Give it some.")
    vectors.failure = None
    browserless = await gated.client.get(f"/datasets/{dataset}/documents", params={"status": "error"})
    assert {one["id"] for one in browserless.json()["data"]} == {document, other}
    await _act(gated, dataset, document, "retry")
    await gated.app.settle()
    row = await gated.app.document(document)
    assert (row.indexing_status, row.error) == ("completed", None)
    assert (await gated.app.dataset(dataset)).available_document_count == 1


async def test_a_failed_update_keeps_the_old_text_in_service(gated: Any, vectors: GatedVectors) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await gated.app.settle()
    vectors.failure = Misconfigured("No room.")
    path = f"/datasets/{dataset}/documents/{document}/update-by-text"
    await gated.client.post(path, json={"name": "New", "text": "The lighthouse is white."})
    await gated.app.settle()
    assert (await gated.app.document(document)).indexing_status == "error"
    assert await gated.ask(dataset, "lighthouse") == ["The lighthouse is red."]


async def _act(gated: Any, dataset: str, document: str, action: str) -> None:
    """As the console does."""
    from homeport.features.knowledge import pause

    ids = gated.workspace_id, dataset, document
    async with gated.app.database.begin() as session:
        if action == "pause":
            await pause.pause_document(session, *ids, gated.account_id)
        elif action == "resume":
            await pause.resume_document(gated.app.room, session, *ids)
        else:
            await pause.retry_document(gated.app.room, session, *ids)


async def _update(gated: Any, dataset: str, document: str, text: str) -> None:
    path = f"/datasets/{dataset}/documents/{document}/update-by-text"
    answer = await gated.client.post(path, json={"name": "New", "text": text})
    assert answer.status_code == 200, answer.text


async def _wait_for_edition(gated: Any, document: str, edition: int) -> None:
    async def is_there() -> bool:
        row = await gated.app.document(document)
        return bool(row.edition == edition)

    await until(is_there)


async def _only_points_of_segments(gated: Any, dataset: str, document: str) -> None:
    segments = await gated.app.segments(document)
    assert await gated.app.point_ids(dataset) == sorted(segment.id for segment in segments)


async def test_an_indexing_that_was_overtaken_long_ago_takes_its_points_back(gated: Any, vectors: GatedVectors) -> None:
    vectors.stop_at = 1
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await vectors.reached.wait()
    await _update(gated, dataset, document, "The lighthouse is white.")
    await _wait_for_edition(gated, document, 2)
    vectors.gate.set()
    await gated.app.settle()
    await _only_points_of_segments(gated, dataset, document)


async def test_an_update_that_is_updated_at_once_leaves_no_points(gated: Any, vectors: GatedVectors) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await gated.app.settle()
    vectors.stop_at = 2
    await _update(gated, dataset, document, "The lighthouse is white.")
    await vectors.reached.wait()
    await _update(gated, dataset, document, "The lighthouse is green.")
    vectors.gate.set()
    await gated.app.settle()
    await _only_points_of_segments(gated, dataset, document)


async def test_a_long_update_that_is_updated_midway_leaves_no_points(gated: Any, vectors: GatedVectors) -> None:
    dataset, document = await _long(gated)
    await gated.app.settle()
    vectors.stop_at = vectors.writes + 3
    await _update(gated, dataset, document, LONG.replace("about", "not about"))
    await vectors.reached.wait()
    await _update(gated, dataset, document, "It became short.")
    await _wait_for_edition(gated, document, 3)
    vectors.gate.set()
    await gated.app.settle()
    await _only_points_of_segments(gated, dataset, document)


async def test_a_killed_update_that_was_updated_meanwhile_leaves_no_points(gated: Any, vectors: GatedVectors) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await gated.app.settle()
    vectors.stop_after = vectors.writes + 1
    await _update(gated, dataset, document, "The lighthouse is white.")
    await vectors.reached.wait()
    await _update(gated, dataset, document, "The lighthouse is green.")
    await _wait_for_edition(gated, document, 3)
    await _crash(gated)
    await gated.app.settle()
    await _only_points_of_segments(gated, dataset, document)


async def test_an_update_that_was_paused_and_then_updated_leaves_no_points(gated: Any, vectors: GatedVectors) -> None:
    dataset = await gated.dataset()
    document = await gated.add(dataset, "The lighthouse is red.")
    await gated.app.settle()
    vectors.stop_after = vectors.writes + 1
    await _update(gated, dataset, document, "The lighthouse is white.")
    await vectors.reached.wait()
    await _act(gated, dataset, document, "pause")
    vectors.gate.set()
    await gated.app.settle()
    await _update(gated, dataset, document, "The lighthouse is green.")
    await gated.app.settle()
    await _only_points_of_segments(gated, dataset, document)
