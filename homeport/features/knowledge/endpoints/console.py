"""Knowledge bases in the console."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from homeport.features.identity.access import EditingDatasets, SignedIn
from homeport.features.knowledge.change_dataset import DatasetChange, change_dataset
from homeport.features.knowledge.choose_embedding import choose_embedding
from homeport.features.knowledge.choose_rule import check_process_rule, rule_for
from homeport.features.knowledge.create_dataset import NewDataset, create_dataset
from homeport.features.knowledge.delete_dataset import delete_dataset
from homeport.features.knowledge.endpoints import console_documents, console_segments
from homeport.features.knowledge.endpoints.calling import Cleaned, ProvidedKnowledge
from homeport.features.knowledge.present_console import console_dataset
from homeport.features.knowledge.repository import datasets
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.schemas.console import ConsoleDataset, DatasetForm, NewDatasetForm
from homeport.features.knowledge.schemas.retrieval import RetrievalModel
from homeport.features.knowledge.tables import Dataset, IndexingTechnique
from homeport.runtime.http.pages import Page, PageLimit, PageNumber
from homeport.runtime.http.work import Reading, Work

router = APIRouter(prefix="/datasets", tags=["knowledge"])


#: Both sides find what one would miss; the contract's own default is left to clients of the public API.
_SEARCH = RetrievalModel(search_method="hybrid_search")


@router.get("", summary="List knowledge bases")
async def list_all(
    member: SignedIn,
    session: Reading,
    room: ProvidedKnowledge,
    page: PageNumber = 1,
    limit: PageLimit = 20,
    keyword: Annotated[str, Cleaned, Query(max_length=100, description="Part of the name.")] = "",
) -> Page[ConsoleDataset]:
    """The workspace's knowledge bases, newest first."""
    found, total = await datasets.list_datasets(session, member.workspace_id, page=page, limit=limit, keyword=keyword)
    used = await room.usages.count(session, [dataset.id for dataset in found]) if found else {}
    items = [console_dataset(dataset, used.get(dataset.id, 0)) for dataset in found]
    return Page.of(items, page=page, limit=limit, total=total)


@router.post("", status_code=201, summary="Create a knowledge base")
async def create(
    member: EditingDatasets, session: Work, room: ProvidedKnowledge, body: NewDatasetForm
) -> ConsoleDataset:
    """An empty knowledge base. 409 `dataset_name_duplicate`."""
    rules = check_process_rule(body.process_rule, room.settings) if body.process_rule else None
    meaning = body.indexing_technique == IndexingTechnique.HIGH_QUALITY
    embedding = await choose_embedding(room, member.workspace_id) if meaning else None
    new = NewDataset(
        name=body.name,
        description=body.description or "",
        indexing_technique=body.indexing_technique,
        embedding_model=embedding.model if embedding else None,
        embedding_model_provider=embedding.provider if embedding else None,
        retrieval_model=_SEARCH.model_dump(),
    )
    dataset = await create_dataset(session, member.workspace_id, new, member.account_id)
    if body.process_rule is not None and rules is not None:
        await rule_for(session, dataset.id, (body.process_rule.mode, rules), member.account_id)
    return console_dataset(dataset, 0)


@router.get("/{dataset_id}", summary="Show a knowledge base")
async def show(member: SignedIn, session: Reading, room: ProvidedKnowledge, dataset_id: UUID) -> ConsoleDataset:
    """One knowledge base."""
    dataset = await datasets.get_dataset(session, member.workspace_id, str(dataset_id))
    return await _shown(room, session, dataset)


@router.patch("/{dataset_id}", summary="Change a knowledge base")
async def change(
    member: EditingDatasets, session: Work, room: ProvidedKnowledge, dataset_id: UUID, body: DatasetForm
) -> ConsoleDataset:
    """Change what is given. From economy to high quality embeds everything in the background."""
    meaning = body.indexing_technique == IndexingTechnique.HIGH_QUALITY
    default = await choose_embedding(room, member.workspace_id) if meaning else None
    asked = DatasetChange(
        name=body.name,
        description=body.description,
        indexing_technique=body.indexing_technique,
        default_embedding=default,
        retrieval_model=body.retrieval_model.model_dump() if body.retrieval_model else None,
    )
    dataset = await change_dataset(room, session, member.workspace_id, str(dataset_id), asked, member.account_id)
    return await _shown(room, session, dataset)


@router.delete("/{dataset_id}", status_code=204, summary="Delete a knowledge base")
async def delete(member: EditingDatasets, session: Work, room: ProvidedKnowledge, dataset_id: UUID) -> Response:
    """With all its documents. 409 `dataset_in_use` while an app uses it."""
    await delete_dataset(room, session, member.workspace_id, str(dataset_id))
    return Response(status_code=204)


async def _shown(room: KnowledgeRoom, session: AsyncSession, dataset: Dataset) -> ConsoleDataset:
    used = await room.usages.count(session, [dataset.id])
    return console_dataset(dataset, used.get(dataset.id, 0))


# Segments first: their addresses would else be taken for an action on a document.
router.include_router(console_segments.router, prefix="/{dataset_id}")
router.include_router(console_documents.router, prefix="/{dataset_id}/documents")
