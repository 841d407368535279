"""Adds documents to a dataset: each file's row, each document's row and its indexing job in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.files.tables import UploaderRole, UploadFile
from homeport.features.files.upload import StoredContent, keep
from homeport.features.knowledge import ingest
from homeport.features.knowledge.choose_queue import choose_queue
from homeport.features.knowledge.choose_rule import rule_for
from homeport.features.knowledge.errors import DatasetNotFound
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, Document, IndexingTechnique
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.jobs import Order


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document whose content lies in the storage and in no row yet."""

    name: str
    content: StoredContent


@dataclass(frozen=True, slots=True)
class Wishes:
    """What else a request may say about its documents, and about a dataset that has nothing set yet."""

    #: `(mode, rules)`; None: the dataset's latest, else automatic.
    rule: tuple[str, dict[str, Any]] | None = None
    indexing_technique: str | None = None
    embedding_model: str | None = None
    embedding_model_provider: str | None = None
    retrieval_model: dict[str, Any] | None = None
    doc_language: str | None = None
    doc_metadata: dict[str, Any] | None = None


async def add_documents(
    room: KnowledgeRoom,
    session: AsyncSession,
    dataset: Dataset,
    new: Sequence[NewDocument],
    wishes: Wishes,
    *,
    created_by: str,
    created_from: str,
) -> tuple[list[Document], str]:
    """The documents, waiting to be indexed, and the 20-digit id of their batch. Raises `DatasetNotFound`."""
    # Counting first locks the dataset's row, so positions are given once; the new one is read back.
    counted = await datasets.add_counts(
        session,
        dataset.id,
        documents=len(new),
        last_position=Dataset.last_position + len(new),
        updated_at=utc_now(),
        **_first_settings(dataset, wishes),
    )
    if not counted:
        raise DatasetNotFound
    now_there = await datasets.get_dataset(session, dataset.workspace_id, dataset.id)
    rule_id = await rule_for(session, dataset.id, wishes.rule, created_by)
    batch = new_batch()
    documents = []
    for position, one in enumerate(new, now_there.last_position - len(new) + 1):
        file = keep(session, one.content, created_by, UploaderRole.ACCOUNT)
        file.used, file.used_by, file.used_at = True, created_by, file.created_at
        documents.append(
            Document(
                id=new_id(),
                workspace_id=dataset.workspace_id,
                dataset_id=dataset.id,
                position=position,
                batch=batch,
                name=one.name,
                data_source_info=source_info(file),
                upload_file_id=file.id,
                process_rule_id=rule_id,
                created_from=created_from,
                created_by=created_by,
                doc_language=wishes.doc_language,
                doc_metadata=wishes.doc_metadata,
                **_INITIAL,
            )
        )
    session.add_all(documents)
    await queue(room, session, documents, now_there.collection)
    return documents, batch


async def queue(room: KnowledgeRoom, session: AsyncSession, documents: Sequence[Document], collection: str) -> None:
    """Have the current run of each of a workspace's documents indexed; all that one request asks for, in one call."""
    if not documents:
        return
    chosen = await choose_queue(session, documents[0].workspace_id, len(documents))
    orders = [
        Order(
            ingest.IngestPayload(
                document_id=document.id,
                dataset_id=document.dataset_id,
                collection=collection,
                run=document.run,
                edition=document.wanted_edition,
            ),
            document.workspace_id,
            document.id,
        )
        for document in documents
    ]
    await room.jobs.enqueue_all(session, ingest.TASK, orders, queue=chosen)


def source_info(file: UploadFile) -> dict[str, Any]:
    """What a document keeps of its upload, so that lists need not look it up."""
    return {
        "upload_file_id": file.id,
        "storage_key": file.key,
        "upload_file": {
            "id": file.id,
            "name": file.name,
            "size": file.size,
            "extension": file.extension,
            "mime_type": file.mime_type,
            "created_by": file.created_by,
            "created_at": int(file.created_at.timestamp()),
        },
    }


#: Said here because an object that is answered before it is read back has no defaults yet.
_INITIAL: dict[str, Any] = {
    "data_source_type": "upload_file",
    "word_count": 0,
    "tokens": 0,
    "indexing_status": "waiting",
    "run": 1,
    "edition": 0,
    "wanted_edition": 1,
    "enabled": True,
    "archived": False,
    "withheld": False,
    "unindexed": False,
    "doc_form": "text_model",
    "hit_count": 0,
    "segment_count": 0,
    "completed_segments": 0,
    "total_segments": 0,
}


def _first_settings(dataset: Dataset, wishes: Wishes) -> dict[str, Any]:
    """What the first documents may decide for a dataset that has nothing set."""
    values: dict[str, Any] = {}
    if dataset.data_source_type is None:
        values |= {"data_source_type": "upload_file", "doc_form": "text_model"}
    if dataset.indexing_technique is None:
        values["indexing_technique"] = wishes.indexing_technique or IndexingTechnique.HIGH_QUALITY
    technique = dataset.indexing_technique or values["indexing_technique"]
    if technique == IndexingTechnique.HIGH_QUALITY and dataset.embedding_model is None and wishes.embedding_model:
        values["embedding_model"] = wishes.embedding_model
        values["embedding_model_provider"] = wishes.embedding_model_provider
    if dataset.retrieval_model is None and wishes.retrieval_model is not None:
        values["retrieval_model"] = wishes.retrieval_model
    return values


def new_batch() -> str:
    """The id of what is added together: 20 digits, the time first."""
    return utc_now().strftime("%Y%m%d%H%M%S") + f"{secrets.randbelow(900_000) + 100_000}"
