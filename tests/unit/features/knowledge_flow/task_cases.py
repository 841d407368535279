"""The tasks of the knowledge slice, each with something to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache

from homeport.features.knowledge import clean_embeddings, clean_up, ingest, rebuild, switch_off, tell_owners
from homeport.features.knowledge.tables import Dataset, Document, Embedding
from tests.support.model_server import model_server
from tests.support.servers import free_port
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World

PAGES = "\n\n".join(f"Ship {at} brings coal on day {at}." for at in range(1, 6))
#: Five segments make three batches.
_SMALL = {"EMBEDDING_BATCH_SIZE": "2"}
_ONE_TRANSACTION = "The document is completed and the job ended in one transaction."


@cache
def _model_port() -> int:
    """The same in each run: vectors are kept under the address of their model."""
    return free_port()


@asynccontextmanager
async def _remote_models() -> AsyncIterator[Mapping[str, str]]:
    with model_server(port=_model_port()) as server:
        yield {"OPENAI_API_BASE": server.url, "OPENAI_API_KEY": "sk-test", "HOMEPORT_DEFAULT_EMBEDDING": "embed-a"}


def _points(count: int) -> Callable[[World], None]:
    def expect(world: World) -> None:
        assert len(world.points) == len({point[1] for point in world.points}) == count
        assert len(world.rows["document_segments"]) == count

    return expect


def _empty(world: World) -> None:
    left = {name: world.rows[name] for name in ("documents", "document_segments", "upload_files")}
    assert (world.points, world.files, left) == ([], {}, {name: [] for name in left})


def _nothing(world: World) -> None:
    _empty(world)
    assert (world.rows["datasets"], world.rows["dataset_process_rules"]) == ([], [])


async def _new(stage: Stage) -> None:
    await stage.document(await stage.dataset(), PAGES)


async def _new_by_words(stage: Stage) -> None:
    await stage.document(await stage.dataset(technique="economy"), "One ship.")


async def _updated(stage: Stage) -> tuple[str, str]:
    dataset = await stage.dataset()
    document = await stage.document(dataset, PAGES)
    await stage.settle()
    client = await stage.visitor.dataset_client()
    body = {"name": "page.txt", "text": "Only one ship is left."}
    answer = await client.post(f"/datasets/{dataset}/documents/{document}/update-by-text", json=body)
    assert answer.status_code == 200, answer.text
    return dataset, document


async def _update(stage: Stage) -> None:
    await _updated(stage)


async def _retired(stage: Stage) -> None:
    await _updated(stage)
    await stage.do(ingest.TASK)


async def _another_model(stage: Stage) -> None:
    dataset = await stage.dataset()
    await stage.document(dataset, PAGES)
    await stage.settle()
    client = await stage.visitor.dataset_client()
    body = {"embedding_model": "embed-b", "embedding_model_provider": "openai"}
    answer = await client.patch(f"/datasets/{dataset}", json=body)
    assert answer.status_code == 200, answer.text


async def _first_model(stage: Stage) -> None:
    dataset = await stage.dataset(technique="economy")
    await stage.document(dataset, PAGES)
    await stage.settle()
    answer = await stage.console.patch(f"/datasets/{dataset}", json={"indexing_technique": "high_quality"})
    assert answer.status_code == 200, answer.text


async def _document_gone(stage: Stage) -> None:
    dataset = await stage.dataset()
    document = await stage.document(dataset, PAGES)
    await stage.settle()
    answer = await stage.console.delete(f"/datasets/{dataset}/documents/{document}")
    assert answer.status_code == 204, answer.text


async def _dataset_gone(stage: Stage) -> None:
    dataset = await stage.dataset()
    await stage.document(dataset, PAGES)
    await stage.document(dataset, "Another page.", "other.txt")
    await stage.settle()
    answer = await stage.console.delete(f"/datasets/{dataset}")
    assert answer.status_code == 204, answer.text


async def _embedded_long_ago(stage: Stage) -> None:
    await stage.document(await stage.dataset(), PAGES)
    await stage.settle()
    await stage.age(Embedding, 40, "used_at")
    await stage.enqueue(clean_embeddings.CLEAN_EMBEDDINGS)


def _no_embeddings(world: World) -> None:
    assert (world.rows["embeddings"], len(world.points)) == ([], 5)


async def _unused(stage: Stage) -> None:
    for name in ("Harbour", "Lighthouse"):
        dataset = await stage.dataset(name)
        await stage.document(dataset, PAGES)
        await stage.document(dataset, "Another page.", "other.txt")
    await stage.settle()
    await stage.age(Document, 40, "updated_at")
    await stage.age(Dataset, 40, "created_at", "updated_at")
    await stage.enqueue(switch_off.CLEAN_UNUSED)


async def _switched_off(stage: Stage) -> None:
    await _unused(stage)
    await stage.do(switch_off.CLEAN_UNUSED)


async def _one_dropped(stage: Stage) -> None:
    await _switched_off(stage)
    for job_id in (await stage.unfinished(switch_off.DROP_COLLECTION))[1:]:
        await stage.house.runner.run(job_id)


async def _again(stage: Stage) -> None:
    dataset = await stage.dataset()
    document = await stage.document(dataset, PAGES)
    await stage.settle()
    await stage.age(Document, 40, "updated_at")
    await stage.age(Dataset, 40, "created_at", "updated_at")
    await stage.enqueue(switch_off.CLEAN_UNUSED)
    await stage.settle()
    answer = await stage.console.post(f"/datasets/{dataset}/documents/{document}/enable")
    assert answer.status_code == 200, answer.text


async def _to_be_told(stage: Stage) -> None:
    await _switched_off(stage)
    await stage.settle()
    await stage.enqueue(tell_owners.MAIL_SWITCHED_OFF)


def _all_off(world: World) -> None:
    assert (world.points, len(world.rows["dataset_auto_disable_logs"])) == ([], 4)
    assert len(world.rows["document_segments"]) == 12
    assert all("('enabled', False)" in document for document in world.rows["documents"])


def _told(world: World) -> None:
    [(to, subject, text)] = world.letters
    assert (to, subject) == ("['ada@example.org']", "4 documents switched off in knowledge bases that nobody used")
    assert "- Harbour: 2 documents\r\n- Lighthouse: 2 documents\r\n" in text


_NEW_IDS = frozenset({"datasets.collection", "dataset_auto_disable_logs.id", "embeddings.id"})

CASES = [
    Case(ingest.TASK, _new, "in batches", _points(5), _SMALL, once=_ONE_TRANSACTION),
    Case(ingest.TASK, _new, "at once", _points(5), once=_ONE_TRANSACTION),
    Case(ingest.TASK, _new_by_words, "by words", _points(1), once=_ONE_TRANSACTION),
    Case(ingest.TASK, _update, "of an update", _points(1), once=_ONE_TRANSACTION),
    Case(rebuild.REBUILD, _first_model, "with the first model", _points(5), _SMALL),
    Case(rebuild.REBUILD, _another_model, "with another model", _points(5), _SMALL, _remote_models, _NEW_IDS),
    Case(clean_up.RETIRE, _retired, "", _points(1)),
    Case(clean_up.REMOVE_REPLACED, _update, "", _points(1)),
    Case(clean_up.REMOVE_DOCUMENT, _document_gone, "", _empty),
    Case(clean_up.REMOVE_DATASET, _dataset_gone, "", _nothing),
    Case(ingest.TASK, _again, "of what was switched off", _points(5), _SMALL, once=_ONE_TRANSACTION),
    Case(clean_embeddings.CLEAN_EMBEDDINGS, _embedded_long_ago, "", _no_embeddings, {}, _remote_models),
    Case(switch_off.CLEAN_UNUSED, _unused, "", _all_off, volatile=_NEW_IDS),
    Case(switch_off.DROP_COLLECTION, _one_dropped, "", _all_off),
    Case(tell_owners.MAIL_SWITCHED_OFF, _to_be_told, "", _told),
]
