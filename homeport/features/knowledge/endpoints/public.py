"""Knowledge bases in the public API: datasets and retrieval. Documents and segments stand beside."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from homeport.features.identity.access import DatasetKeyHolder, KeyHolder
from homeport.features.knowledge.change_dataset import DatasetChange, change_dataset
from homeport.features.knowledge.choose_embedding import choose_embedding
from homeport.features.knowledge.create_dataset import NewDataset, create_dataset
from homeport.features.knowledge.delete_dataset import delete_dataset
from homeport.features.knowledge.endpoints import public_documents, public_segments
from homeport.features.knowledge.endpoints.calling import (
    CappedLimit,
    CappedPage,
    Cleaned,
    ProvidedKnowledge,
    open_dataset,
)
from homeport.features.knowledge.errors import DatasetApiDisabled
from homeport.features.knowledge.present import dataset_item, public_dataset, segment_facts
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.retrieve import Found, search_dataset
from homeport.features.knowledge.retrieve_options import options_of
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.schemas.datasets import (
    DatasetChangeInput,
    DatasetDetail,
    DatasetItem,
    DatasetPage,
    NewDatasetInput,
)
from homeport.features.knowledge.schemas.retrieval import RetrieveAnswer, RetrieveInput
from homeport.features.knowledge.tables import IndexingTechnique
from homeport.features.providers.known_workspaces import ModelRef
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http.body import described, json_body
from homeport.runtime.http.work import Reading, Work

router = APIRouter(prefix="/datasets", tags=["datasets"])

# Read after the key is checked.
NewDatasetInputBody = Annotated[NewDatasetInput, Depends(json_body(NewDatasetInput))]
DatasetChangeInputBody = Annotated[DatasetChangeInput, Depends(json_body(DatasetChangeInput))]
RetrieveInputBody = Annotated[RetrieveInput, Depends(json_body(RetrieveInput))]


@router.get("", summary="List datasets")
async def list_all(
    holder: DatasetKeyHolder,
    session: Reading,
    room: ProvidedKnowledge,
    page: CappedPage,
    limit: CappedLimit,
    keyword: Annotated[str | None, Cleaned, Query(max_length=100, description="Part of the name.")] = None,
    tag_ids: Annotated[list[str] | None, Query(description="Only datasets with all these tags.")] = None,
    include_all: bool = False,  # noqa: ARG001 - a key acts as the owner, who sees all anyway
) -> DatasetPage:
    """The workspace's datasets, newest first."""
    if tag_ids:  # there are no tags yet, so nothing has one
        return DatasetPage(data=[], has_more=False, limit=limit, total=0, page=page)
    found, total = await datasets.list_datasets(
        session, holder.workspace_id, page=page, limit=limit, keyword=keyword or ""
    )
    used = await room.usages.count(session, [dataset.id for dataset in found]) if found else {}
    authors = await datasets.author_names(session, [dataset.created_by for dataset in found]) if found else {}
    data = [public_dataset(one, used.get(one.id, 0), authors.get(one.created_by)) for one in found]
    return DatasetPage(data=data, has_more=page * limit < total, limit=limit, total=total, page=page)


@router.post("", summary="Create a dataset", openapi_extra=described(NewDatasetInput))
async def create(
    holder: DatasetKeyHolder, session: Work, room: ProvidedKnowledge, body: NewDatasetInputBody
) -> DatasetItem:
    """An empty dataset. 409 `dataset_name_duplicate`."""
    if body.provider == "external":
        raise InvalidInput("provider is external, which this version does not have; accepted is vendor.")
    embedding = None
    if body.indexing_technique == IndexingTechnique.HIGH_QUALITY:
        embedding = await choose_embedding(
            room, holder.workspace_id, body.embedding_model, body.embedding_model_provider
        )
    new = NewDataset(
        name=body.name,
        description=body.description or "",
        permission=body.permission or "only_me",
        indexing_technique=body.indexing_technique,
        embedding_model=embedding.model if embedding else None,
        embedding_model_provider=embedding.provider if embedding else None,
        retrieval_model=body.retrieval_model.model_dump() if body.retrieval_model else None,
    )
    dataset = await create_dataset(session, holder.workspace_id, new, holder.account_id)
    authors = await datasets.author_names(session, [holder.account_id])
    return public_dataset(dataset, 0, authors.get(holder.account_id))


@router.get("/{dataset_id}", summary="Show a dataset")
async def show(holder: DatasetKeyHolder, session: Reading, room: ProvidedKnowledge, dataset_id: UUID) -> DatasetDetail:
    """One dataset."""
    dataset = await open_dataset(session, holder, dataset_id)
    used = await room.usages.count(session, [dataset.id])
    authors = await datasets.author_names(session, [dataset.created_by])
    return DatasetDetail.model_validate(dataset_item(dataset, used.get(dataset.id, 0), authors.get(dataset.created_by)))


@router.patch("/{dataset_id}", summary="Change a dataset", openapi_extra=described(DatasetChangeInput))
async def change(
    holder: DatasetKeyHolder, session: Work, room: ProvidedKnowledge, dataset_id: UUID, body: DatasetChangeInputBody
) -> DatasetDetail:
    """Change what is given. Another embedding model or technique indexes everything anew in the background."""
    explicit, default = await _embedding(room, holder, body)
    asked = DatasetChange(
        name=body.name,
        description=body.description,
        permission=body.permission,
        indexing_technique=body.indexing_technique,
        embedding=explicit,
        default_embedding=default,
        retrieval_model=body.retrieval_model.model_dump() if body.retrieval_model else None,
    )
    await open_dataset(session, holder, dataset_id)
    dataset = await change_dataset(room, session, holder.workspace_id, str(dataset_id), asked, holder.account_id)
    used = await room.usages.count(session, [dataset.id])
    authors = await datasets.author_names(session, [dataset.created_by])
    return DatasetDetail.model_validate(dataset_item(dataset, used.get(dataset.id, 0), authors.get(dataset.created_by)))


@router.delete("/{dataset_id}", status_code=204, summary="Delete a dataset")
async def delete(holder: DatasetKeyHolder, session: Work, room: ProvidedKnowledge, dataset_id: UUID) -> Response:
    """With all its documents. 409 `dataset_in_use` while an app uses it."""
    await open_dataset(session, holder, dataset_id)
    await delete_dataset(room, session, holder.workspace_id, str(dataset_id))
    return Response(status_code=204)


@router.post(
    "/{dataset_id}/retrieve",
    summary="Search a dataset",
    response_model=RetrieveAnswer,
    openapi_extra=described(RetrieveInput),
)
@router.post(
    "/{dataset_id}/hit-testing",
    summary="Search a dataset (older name)",
    response_model=RetrieveAnswer,
    openapi_extra=described(RetrieveInput),
)
async def retrieve(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, dataset_id: UUID, body: RetrieveInputBody
) -> Response:
    """The segments that answer a question, best first."""
    if not body.query.strip():
        raise InvalidInput("query is required.")
    options = options_of(body.retrieval_model, highlights=False)
    dataset, found = await search_dataset(room, holder.workspace_id, str(dataset_id), body.query, options)
    if not dataset.enable_api:
        raise DatasetApiDisabled
    answer = {"query": {"content": body.query}, "records": [_record(one) for one in found]}
    # Written directly: the contents are texts of our own, which need no second look.
    return Response(orjson.dumps(answer), media_type="application/json")


def _record(found: Found) -> dict[str, Any]:
    document = found.document
    shown = {
        "id": document.id,
        "data_source_type": document.data_source_type,
        "name": document.name,
        "doc_type": document.doc_type,
        "doc_metadata": document.doc_metadata,
    }
    return {
        "segment": segment_facts(found.segment) | {"document": shown},
        "child_chunks": None,
        "score": found.score,
        "tsne_position": None,
        "files": [],
        "summary": None,
    }


async def _embedding(
    room: KnowledgeRoom, holder: KeyHolder, body: DatasetChangeInputBody
) -> tuple[ModelRef | None, ModelRef | None]:
    """The model that is asked for, and the one for a dataset that becomes high quality without any."""
    if body.embedding_model:
        chosen = await choose_embedding(room, holder.workspace_id, body.embedding_model, body.embedding_model_provider)
        return chosen, None
    if body.indexing_technique == IndexingTechnique.HIGH_QUALITY:
        return None, await choose_embedding(room, holder.workspace_id)
    return None, None


router.include_router(public_documents.router, prefix="/{dataset_id}")
router.include_router(public_segments.router, prefix="/{dataset_id}/documents/{document_id}/segments")
