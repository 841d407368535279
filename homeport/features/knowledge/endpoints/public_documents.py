"""Documents in the public API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from homeport.features.files.errors import NoFileUploaded
from homeport.features.identity.access import DatasetKeyHolder, KeyHolder
from homeport.features.knowledge.accept_files import accept_text, check_document_name, discard
from homeport.features.knowledge.add_documents import NewDocument, Wishes
from homeport.features.knowledge.choose_rule import check_process_rule
from homeport.features.knowledge.delete_document import delete_document
from homeport.features.knowledge.endpoints.calling import (
    CappedLimit,
    CappedPage,
    Cleaned,
    ProvidedKnowledge,
    open_dataset,
)
from homeport.features.knowledge.errors import DatasetNotFound, DocumentNotFound, InvalidAction, InvalidMetadata
from homeport.features.knowledge.present import document_detail, document_item, status_item
from homeport.features.knowledge.receive_documents import discard_received, keep_documents, receive_file
from homeport.features.knowledge.repository import datasets, documents
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.schemas.documents import (
    DocumentAnswer,
    DocumentPage,
    DocumentWishes,
    FileWishes,
    ManyDocumentsInput,
    StatusAnswer,
    TextInput,
    TextUpdateInput,
)
from homeport.features.knowledge.tables import Dataset, Document
from homeport.features.knowledge.update_document import rename_document, update_document
from homeport.features.knowledge.withhold import ACTIONS, change_documents
from homeport.runtime.errors import InvalidInput
from homeport.runtime.http.body import described, json_body
from homeport.runtime.http.pages import Done
from homeport.runtime.http.work import Reading, Work

router = APIRouter(tags=["documents"])

# Read after the key is checked.
TextInputBody = Annotated[TextInput, Depends(json_body(TextInput))]
TextUpdateInputBody = Annotated[TextUpdateInput, Depends(json_body(TextUpdateInput))]
ManyDocumentsInputBody = Annotated[ManyDocumentsInput, Depends(json_body(ManyDocumentsInput))]


def _file_body(required: bool) -> dict[str, Any]:
    """What the body of an upload is, for the API description."""
    data = {"type": "string", "description": "JSON: indexing_technique, process_rule, doc_form, doc_language, ..."}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}, "data": data},
    }
    if required:
        schema["required"] = ["file"]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post("/document/create-by-text", summary="Add a text", openapi_extra=described(TextInput))
@router.post("/document/create_by_text", summary="Add a text (other spelling)", openapi_extra=described(TextInput))
async def create_by_text(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, dataset_id: UUID, body: TextInputBody
) -> DocumentAnswer:
    """The text becomes a document and is indexed."""
    wishes = _wishes(room, body)
    dataset = await _dataset_to_add_to(room, holder, dataset_id)
    new = await accept_text(room, holder.workspace_id, body.name, body.text)
    if body.original_document_id:
        return await _updated(room, holder, dataset, body.original_document_id, new, wishes)
    return await _added(room, holder, dataset, new, wishes)


@router.post("/document/create-by-file", summary="Add a file", openapi_extra=_file_body(required=True))
@router.post("/document/create_by_file", summary="Add a file (other spelling)", openapi_extra=_file_body(required=True))
async def create_by_file(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, request: Request, dataset_id: UUID
) -> DocumentAnswer:
    """The file becomes a document and is indexed."""
    dataset = await _dataset_to_add_to(room, holder, dataset_id)
    new, received = await receive_file(room, request, holder.workspace_id)
    if new is None:
        raise NoFileUploaded
    async with discard_received(room, received):
        form = _form(received.fields.get("data", ""))
        wishes = _wishes(room, form)
    if form.original_document_id:
        return await _updated(room, holder, dataset, form.original_document_id, new, wishes)
    return await _added(room, holder, dataset, new, wishes)


@router.post(
    "/documents/{document_id}/update-by-text",
    summary="Replace the text of a document",
    openapi_extra=described(TextUpdateInput),
)
@router.post(
    "/documents/{document_id}/update_by_text",
    summary="Replace the text (other spelling)",
    openapi_extra=described(TextUpdateInput),
)
async def update_by_text(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID, body: TextUpdateInputBody
) -> DocumentAnswer:
    """What the document says now is found until the new text is indexed."""
    wishes = _wishes(room, body)
    async with room.database.read() as session:
        dataset = await open_dataset(session, holder, dataset_id)
        found = await documents.get_document(session, holder.workspace_id, dataset.id, str(document_id))
    if body.text is None:
        if body.name is not None and body.process_rule is None:
            return await _renamed(room, holder, found, body.name)
        return await _updated(room, holder, dataset, document_id, None, wishes)
    new = await accept_text(room, holder.workspace_id, body.name or found.name, body.text)
    return await _updated(room, holder, dataset, document_id, new, wishes)


@router.post(
    "/documents/{document_id}/update-by-file",
    summary="Replace the file of a document",
    openapi_extra=_file_body(required=False),
)
@router.post(
    "/documents/{document_id}/update_by_file",
    summary="Replace the file (other spelling)",
    openapi_extra=_file_body(required=False),
)
@router.patch(
    "/documents/{document_id}", summary="Replace the file (newer form)", openapi_extra=_file_body(required=False)
)
async def update_by_file(
    holder: DatasetKeyHolder, room: ProvidedKnowledge, request: Request, dataset_id: UUID, document_id: UUID
) -> DocumentAnswer:
    """What the document says now is found until the new file is indexed; without a file it is indexed again."""
    async with room.database.read() as session:
        dataset = await open_dataset(session, holder, dataset_id)
        await documents.get_document(session, holder.workspace_id, dataset.id, str(document_id))
    new, received = await receive_file(room, request, holder.workspace_id)
    async with discard_received(room, received):
        form = _form(received.fields.get("data", ""))
        wishes = _wishes(room, form)
        if new is not None and form.name:
            new = NewDocument(check_document_name(form.name), new.content)
    return await _updated(room, holder, dataset, document_id, new, wishes)


@router.get("/documents", summary="List documents")
async def list_all(
    holder: DatasetKeyHolder,
    session: Reading,
    dataset_id: UUID,
    page: CappedPage,
    limit: CappedLimit,
    keyword: Annotated[str | None, Cleaned, Query(max_length=200, description="Part of the name.")] = None,
    status: Annotated[str | None, Cleaned, Query(max_length=20, description="As `display_status`.")] = None,
) -> DocumentPage:
    """The documents of a dataset, newest first."""
    await open_dataset(session, holder, dataset_id)
    found, total = await documents.list_documents(
        session, str(dataset_id), page=page, limit=limit, keyword=keyword or "", status=status or ""
    )
    return DocumentPage(
        data=[document_item(one) for one in found],
        has_more=page * limit < total,
        limit=limit,
        total=total,
        page=page,
    )


@router.get("/documents/{batch}/indexing-status", summary="How far the indexing is")
async def indexing_status(holder: DatasetKeyHolder, session: Reading, dataset_id: UUID, batch: str) -> StatusAnswer:
    """Stage and progress of the documents that were added together."""
    await open_dataset(session, holder, dataset_id)
    found = await documents.documents_of_batch(session, str(dataset_id), batch)
    if not found:
        raise DocumentNotFound("Documents not found.")
    return StatusAnswer(data=[status_item(one) for one in found])


@router.patch(
    "/documents/status/{action}",
    summary="Enable, disable or archive documents",
    openapi_extra=described(ManyDocumentsInput),
)
async def change_status(
    holder: DatasetKeyHolder,
    session: Work,
    room: ProvidedKnowledge,
    dataset_id: UUID,
    action: str,
    body: ManyDocumentsInputBody,
) -> Done:
    """All or none. Counts from the next question on."""
    known = next((one for one in ACTIONS if one == action), None)
    if known is None:
        raise InvalidAction(f"The action is {action[:40]!r}; accepted are {', '.join(ACTIONS)}.")
    await open_dataset(session, holder, dataset_id)
    await change_documents(
        room, session, holder.workspace_id, str(dataset_id), body.document_ids, known, holder.account_id
    )
    return Done()


@router.get("/documents/{document_id}", summary="Show a document")
async def show(
    holder: DatasetKeyHolder,
    session: Reading,
    dataset_id: UUID,
    document_id: UUID,
    metadata: Annotated[str, Query(description="all, only or without.")] = "all",
) -> dict[str, Any]:
    """A document with everything known of it; `metadata=only`: nothing but its metadata."""
    if metadata not in {"all", "only", "without"}:
        raise InvalidMetadata
    await open_dataset(session, holder, dataset_id)
    found = await documents.get_document(session, holder.workspace_id, str(dataset_id), str(document_id))
    if metadata == "only":
        return {"id": found.id, "doc_type": found.doc_type, "doc_metadata": found.doc_metadata}
    detail = document_detail(found, await datasets.get_rule(session, found.process_rule_id))
    if metadata == "without":
        del detail["doc_type"], detail["doc_metadata"]
    return detail


@router.delete("/documents/{document_id}", status_code=204, summary="Delete a document")
async def delete(
    holder: DatasetKeyHolder, session: Work, room: ProvidedKnowledge, dataset_id: UUID, document_id: UUID
) -> Response:
    """With its segments and its file. 403 `archived_document_immutable`."""
    await open_dataset(session, holder, dataset_id)
    await delete_document(room, session, holder.workspace_id, str(dataset_id), str(document_id))
    return Response(status_code=204)


async def _dataset_to_add_to(room: KnowledgeRoom, holder: KeyHolder, dataset_id: UUID) -> Dataset:
    """These routes have always answered 400 for an unknown dataset."""
    try:
        async with room.database.read() as session:
            return await open_dataset(session, holder, dataset_id)
    except DatasetNotFound as error:
        raise InvalidInput("Dataset does not exist.") from error


async def _added(
    room: KnowledgeRoom, holder: KeyHolder, dataset: Dataset, new: NewDocument, wishes: Wishes
) -> DocumentAnswer:
    [document], batch = await keep_documents(
        room, dataset, [new], wishes, created_by=holder.account_id, created_from="api"
    )
    return DocumentAnswer(document=document_item(document), batch=batch)


async def _updated(
    room: KnowledgeRoom,
    holder: KeyHolder,
    dataset: Dataset,
    document_id: UUID | str,
    new: NewDocument | None,
    wishes: Wishes,
) -> DocumentAnswer:
    kept = False
    try:
        if not datasets.only_ids([str(document_id)]):
            raise DocumentNotFound
        async with room.database.begin() as session:
            document = await update_document(
                room,
                session,
                holder.workspace_id,
                dataset.id,
                str(document_id),
                new,
                wishes,
                account_id=holder.account_id,
            )
        kept = True
    finally:
        if not kept and new is not None:
            await discard(room, [new])
    return DocumentAnswer(document=document_item(document), batch=document.batch)


async def _renamed(room: KnowledgeRoom, holder: KeyHolder, document: Document, name: str) -> DocumentAnswer:
    async with room.database.begin() as session:
        renamed = await rename_document(session, holder.workspace_id, document.dataset_id, document.id, name)
    return DocumentAnswer(document=document_item(renamed), batch=renamed.batch)


def _form(data: str) -> FileWishes:
    try:
        return FileWishes.model_validate_json(data or "{}")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"data{'.' if where else ''}{where}: {first['msg']}.") from error


def _wishes(room: KnowledgeRoom, body: DocumentWishes) -> Wishes:
    if body.doc_form != "text_model":
        raise InvalidInput(f"doc_form is {body.doc_form}, which this version does not have; accepted is text_model.")
    rule = body.process_rule
    return Wishes(
        rule=(rule.mode, check_process_rule(rule, room.settings)) if rule else None,
        indexing_technique=body.indexing_technique,
        embedding_model=body.embedding_model,
        embedding_model_provider=body.embedding_model_provider,
        retrieval_model=body.retrieval_model.model_dump() if body.retrieval_model else None,
        doc_language=body.doc_language,
    )
